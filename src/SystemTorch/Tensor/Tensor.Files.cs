using System.Text;
using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        public static Tensor Load(BinaryReader reader) => TensorFormat.Read(reader);

        public static Tensor Load(Stream stream)
        {
            using var reader = new BinaryReader(stream);
            return Load(reader);
        }

        public static Tensor Load(string location)
        {
            using var stream = File.OpenRead(location);
            return Load(stream);
        }

        /// <summary>Reads a tensor from libtorch's own archive; see <see cref="save"/>.</summary>
        public static Tensor load(string location)
        {
            fixed (byte* path = Encoding.UTF8.GetBytes(location + "\0"))
            {
                Status.Check(NativeMethods.st_archive_load(path, out var result));
                return new Tensor(result);
            }
        }

        /// <summary>Writes libtorch's own archive (a zip), which is another format than that of Save.</summary>
        public void save(string location)
        {
            fixed (byte* path = Encoding.UTF8.GetBytes(location + "\0"))
            {
                Status.Check(NativeMethods.st_archive_save(Handle, path));
                GC.KeepAlive(this);
            }
        }

        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            using var plain = contiguous();
            var data = (byte*)plain.DataPointer();
            var total = plain.NumberOfElements * plain.ElementSize;
            for (var done = 0L; done < total; done += bufferSize)
            {
                stream.Write(new ReadOnlySpan<byte>(data + done, (int)Math.Min(bufferSize, total - done)));
            }
            GC.KeepAlive(plain);
        }

        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            using var plain = torch.empty(shape, dtype, torch.CPU);
            var data = (byte*)plain.DataPointer();
            var total = plain.NumberOfElements * plain.ElementSize;
            for (var done = 0L; done < total; done += bufferSize)
            {
                stream.ReadExactly(new Span<byte>(data + done, (int)Math.Min(bufferSize, total - done)));
            }
            using (no_grad())
            {
                copy_(plain);
            }
        }
    }
}

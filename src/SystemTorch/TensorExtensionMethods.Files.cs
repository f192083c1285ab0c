using TorchSharp.Utils;

namespace TorchSharp;

/// <content>Files in TorchSharp's own format.</content>
public static partial class TensorExtensionMethods
{
    public static void Save(this torch.Tensor tensor, BinaryWriter writer) => TensorFormat.Write(tensor, writer);

    /// <summary>Writes the tensor and closes the stream.</summary>
    public static void Save(this torch.Tensor tensor, Stream stream)
    {
        using var writer = new BinaryWriter(stream);
        tensor.Save(writer);
    }

    public static void Save(this torch.Tensor tensor, string location)
    {
        using var stream = File.Create(location);
        tensor.Save(stream);
    }

    /// <summary>The next tensor of the stream; with <paramref name="skip"/>, one that is only read past (invalid).</summary>
    public static torch.Tensor Load(BinaryReader reader, bool skip = false)
    {
        if (!skip)
        {
            return TensorFormat.Read(reader);
        }
        TensorFormat.Skip(reader);
        return new torch.Tensor(0);
    }

    /// <summary>Reads into this tensor, which must have the stored type and shape.</summary>
    public static void Load(this torch.Tensor tensor, BinaryReader reader, bool skip = false) => Load(ref tensor, reader, skip);

    public static void Load(ref torch.Tensor tensor, BinaryReader reader, bool skip = false)
    {
        if (skip)
        {
            TensorFormat.Skip(reader);
        }
        else
        {
            TensorFormat.ReadInto(tensor, reader);
        }
    }
}

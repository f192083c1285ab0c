using System.Text;

namespace TorchSharp.Interop;

/// <summary>Lays arguments out as the shim reads them: values, and lists behind them.</summary>
internal static unsafe class Layout
{
    /// <summary>Bytes that the lists and texts of these arguments need.</summary>
    public static int SizeOf(ReadOnlySpan<Arg> arguments)
    {
        var size = 0;
        foreach (ref readonly var argument in arguments)
        {
            size += argument.Reference switch
            {
                long[] list => 8 * list.Length,
                double[] list => 8 * list.Length,
                torch.Tensor?[] list => 8 * list.Length,
                string text => (Encoding.UTF8.GetByteCount(text) + 7) & ~7,
                _ => 0,
            };
        }
        return size;
    }

    public static void Write(ReadOnlySpan<Arg> arguments, Value* values, byte* lists)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            ref readonly var argument = ref arguments[i];
            values[i].Tag = argument.Tag;
            values[i].Count = 0;
            values[i].Integer = argument.Bits;
            switch (argument.Reference)
            {
                case null:
                    break;
                case torch.Tensor tensor:
                    values[i].Pointer = tensor.Handle;
                    break;
                case torch.Generator generator:
                    values[i].Pointer = generator.Handle;
                    break;
                default:
                    lists = WriteList(argument.Reference, ref values[i], lists);
                    break;
            }
        }
    }

    private static byte* WriteList(object list, ref Value value, byte* target)
    {
        value.Pointer = (nint)target;
        switch (list)
        {
            case long[] numbers:
                value.Count = numbers.Length;
                numbers.CopyTo(new Span<long>(target, numbers.Length));
                return target + (8 * numbers.Length);
            case double[] numbers:
                value.Count = numbers.Length;
                numbers.CopyTo(new Span<double>(target, numbers.Length));
                return target + (8 * numbers.Length);
            case torch.Tensor?[] tensors:
                value.Count = tensors.Length;
                WriteTensors(tensors, (nint*)target, value.Tag == ValueTag.OptionalTensors);
                return target + (8 * tensors.Length);
            case string text:
                value.Count = Encoding.UTF8.GetBytes(text, new Span<byte>(target, Encoding.UTF8.GetByteCount(text)));
                return target + ((value.Count + 7) & ~7);
            default:
                throw new ArgumentException($"an operator takes no argument of type {list.GetType()}");
        }
    }

    private static void WriteTensors(torch.Tensor?[] tensors, nint* target, bool optional)
    {
        for (var i = 0; i < tensors.Length; i++)
        {
            target[i] = tensors[i] is { } tensor ? tensor.Handle
                : optional ? 0
                : throw new ArgumentNullException(nameof(tensors), $"entry {i} of a list of tensors is null");
        }
    }
}

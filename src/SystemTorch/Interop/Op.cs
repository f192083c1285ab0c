using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;

namespace TorchSharp.Interop;

/// <summary>Operators of libtorch by name: <c>"add.Tensor"</c> is aten::add with the overload Tensor.</summary>
/// <remarks>
/// Arguments follow the operator's schema; those left out at the end take its defaults. A failure becomes an
/// <see cref="System.Runtime.InteropServices.ExternalException"/> that names the operator and the shapes.
/// </remarks>
internal static unsafe partial class Op
{
    private static readonly ConcurrentDictionary<string, nint> Found = new(StringComparer.Ordinal);

    /// <summary>One tensor.</summary>
    public static torch.Tensor Tensor(string name, params ReadOnlySpan<Arg> arguments)
    {
        Value result;
        Call(Find(name), arguments, &result, 1);
        return new torch.Tensor(result.Pointer);
    }

    /// <summary>Two tensors.</summary>
    public static (torch.Tensor, torch.Tensor) Pair(string name, params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc Value[2];
        Call(Find(name), arguments, results, 2);
        return (new torch.Tensor(results[0].Pointer), new torch.Tensor(results[1].Pointer));
    }

    /// <summary>Three tensors.</summary>
    public static (torch.Tensor, torch.Tensor, torch.Tensor) Triple(string name, params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc Value[3];
        Call(Find(name), arguments, results, 3);
        return (new torch.Tensor(results[0].Pointer), new torch.Tensor(results[1].Pointer), new torch.Tensor(results[2].Pointer));
    }

    /// <summary>Four tensors.</summary>
    public static (torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor) Quadruple(string name, params ReadOnlySpan<Arg> arguments)
    {
        var results = stackalloc Value[4];
        Call(Find(name), arguments, results, 4);
        return (new torch.Tensor(results[0].Pointer), new torch.Tensor(results[1].Pointer),
            new torch.Tensor(results[2].Pointer), new torch.Tensor(results[3].Pointer));
    }

    /// <summary>A list of tensors.</summary>
    public static torch.Tensor[] Tensors(string name, params ReadOnlySpan<Arg> arguments)
    {
        Value result;
        Call(Find(name), arguments, &result, 1);
        return Handles.Take((nint*)result.Pointer, result.Count);
    }

    public static bool Bool(string name, params ReadOnlySpan<Arg> arguments)
    {
        Value result;
        Call(Find(name), arguments, &result, 1);
        return result.Integer != 0;
    }

    public static long Long(string name, params ReadOnlySpan<Arg> arguments)
    {
        Value result;
        Call(Find(name), arguments, &result, 1);
        return result.Integer;
    }

    /// <summary>An operator that changes its first argument, which is also what is returned.</summary>
    public static torch.Tensor InPlace(string name, torch.Tensor self, params ReadOnlySpan<Arg> rest)
    {
        var arguments = new Arguments8();
        Span<Arg> all = rest.Length < 8 ? ((Span<Arg>)arguments)[..(rest.Length + 1)] : new Arg[rest.Length + 1];
        all[0] = self;
        rest.CopyTo(all[1..]);
        Call(Find(name), all, null, 0);
        return self;
    }

    /// <summary>An operator that writes into a given tensor, its last argument, which is also what is returned.</summary>
    public static torch.Tensor Into(string name, torch.Tensor target, params ReadOnlySpan<Arg> arguments)
    {
        Arg[] all = [.. arguments, target];
        Call(Find(name), all, null, 0);
        return target;
    }

    private static nint Find(string name) => Found.TryGetValue(name, out var op) ? op : Found.GetOrAdd(name, Look);

    private static nint Look(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var main = dot < 0 ? name : name[..dot];
        var overload = dot < 0 ? "" : name[(dot + 1)..];
        fixed (byte* mainText = Encoding.UTF8.GetBytes("aten::" + main + "\0"), overloadText = Encoding.UTF8.GetBytes(overload + "\0"))
        {
            Status.Check(NativeMethods.st_find_op(mainText, overloadText, out var op));
            return op;
        }
    }

    private static void Call(nint op, ReadOnlySpan<Arg> arguments, Value* results, int capacity)
    {
        var size = Layout.SizeOf(arguments);
        var values = stackalloc Value[arguments.Length];
        var rented = size > 2048 ? new byte[size] : [];
        var local = stackalloc byte[size > 2048 ? 0 : size];
        fixed (byte* pinned = rented)
        {
            Layout.Write(arguments, values, size > 2048 ? pinned : local);
            Status.Check(NativeMethods.st_call(op, values, arguments.Length, results, capacity, out _));
        }
        foreach (ref readonly var argument in arguments)
        {
            GC.KeepAlive(argument.Reference);
        }
    }

    [InlineArray(8)]
    private struct Arguments8
    {
        private Arg _first;
    }
}

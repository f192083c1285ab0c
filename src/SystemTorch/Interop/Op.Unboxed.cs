namespace TorchSharp.Interop;

/// <content>Operators of common signatures, called without boxing their arguments: about twice as fast.</content>
internal static unsafe partial class Op
{
    /// <summary>An operator with the signature (Tensor) -> Tensor, called without boxing.</summary>
    public static torch.Tensor Unary(string name, torch.Tensor a)
    {
        Status.Check(NativeMethods.st_call_unary(Find(name), a.Handle, out var result));
        GC.KeepAlive(a);
        return new torch.Tensor(result);
    }

    /// <summary>An operator with the signature (Tensor, Tensor) -> Tensor, called without boxing.</summary>
    public static torch.Tensor Binary(string name, torch.Tensor a, torch.Tensor b)
    {
        Status.Check(NativeMethods.st_call_binary(Find(name), a.Handle, b.Handle, out var result));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return new torch.Tensor(result);
    }

    /// <summary>An operator with the signature (Tensor, Tensor, Scalar) -> Tensor, called without boxing.</summary>
    public static torch.Tensor BinaryScaled(string name, torch.Tensor a, torch.Tensor b, Scalar scale)
    {
        if (!scale.IsReal)
        {
            return Tensor(name, a, b, scale);
        }
        Status.Check(NativeMethods.st_call_binary_scaled(Find(name), a.Handle, b.Handle, scale.AsDouble(), out var result));
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return new torch.Tensor(result);
    }

    /// <summary>The same with a scale of 1, an integer for integers: libtorch refuses another there.</summary>
    public static torch.Tensor BinaryUnscaled(string name, torch.Tensor a, torch.Tensor b) =>
        torch.is_integral(a.dtype) ? Tensor(name, a, b, (Scalar)1L) : BinaryScaled(name, a, b, 1.0);

    /// <summary>An operator with the signature (Tensor, Scalar) -> Tensor, called without boxing.</summary>
    public static torch.Tensor WithScalar(string name, torch.Tensor a, Scalar scalar)
    {
        if (scalar.IsComplex || scalar.Type == torch.ScalarType.Bool)
        {
            return Tensor(name, a, scalar);
        }
        var value = scalar.IsReal ? new Value { Tag = ValueTag.Double, Real = scalar.AsDouble() } : new Value { Tag = ValueTag.Int, Integer = scalar.AsInt64() };
        Status.Check(NativeMethods.st_call_with_scalar(Find(name), a.Handle, value, out var result));
        GC.KeepAlive(a);
        return new torch.Tensor(result);
    }

    /// <summary>beta · input + alpha · a b.</summary>
    public static torch.Tensor Addmm(torch.Tensor input, torch.Tensor a, torch.Tensor b, double beta, double alpha)
    {
        Status.Check(NativeMethods.st_call_addmm(Find("addmm"), input.Handle, a.Handle, b.Handle, beta, alpha, out var result));
        GC.KeepAlive(input);
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return new torch.Tensor(result);
    }
}

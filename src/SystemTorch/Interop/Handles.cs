namespace TorchSharp.Interop;

/// <summary>Arrays of tensor handles, in both directions.</summary>
internal static unsafe class Handles
{
    /// <summary>Takes over a list that the shim handed out; undefined tensors become invalid ones.</summary>
    public static torch.Tensor[] Take(nint* items, int count)
    {
        var tensors = new torch.Tensor[count];
        for (var i = 0; i < count; i++)
        {
            tensors[i] = TakeOne(items[i]);
        }
        NativeMethods.st_free(items);
        return tensors;
    }

    /// <summary>Takes over one handle; an undefined tensor becomes an invalid one.</summary>
    public static torch.Tensor TakeOne(nint handle)
    {
        if (handle != 0 && NativeMethods.st_tensor_defined(handle) == 0)
        {
            NativeMethods.st_tensor_free(handle);
            handle = 0;
        }
        return new torch.Tensor(handle);
    }

    /// <summary>The handles of tensors, 0 for null and for undefined ones; throws for disposed ones.</summary>
    public static nint[] Of(IEnumerable<torch.Tensor?>? tensors) =>
        tensors?.Select(tensor => tensor is null || tensor.IsUndefined ? 0 : tensor.Handle).ToArray() ?? [];
}

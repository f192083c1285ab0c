using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>Applications of managed functions as nodes of libtorch's graph.</summary>
/// <remarks>
/// The node holds the context through a GC handle that its destructor frees, so a context lives as long as the graph.
/// What backward throws becomes the error of the native backward, and is thrown again around it.
/// </remarks>
internal static unsafe class FunctionNode
{
    static FunctionNode() => NativeMethods.st_function_callbacks(&OnApply, &OnRelease);

    public static List<torch.Tensor> Apply(
        string name,
        object[] arguments,
        Func<torch.autograd.AutogradContext, object[], List<torch.Tensor>> forward,
        FunctionBackward backward)
    {
        var context = new torch.autograd.AutogradContext(backward, arguments.Length);
        var pending = Begin(name, context, arguments);
        try
        {
            List<torch.Tensor> outputs;
            using (torch.no_grad())
            {
                outputs = forward(context, arguments) ?? throw new InvalidOperationException($"forward of {name}: returned null");
            }
            return End(name, pending, context, outputs);
        }
        finally
        {
            context.Release();
            NativeMethods.st_function_drop(pending);
        }
    }

    private static nint Begin(string name, torch.autograd.AutogradContext context, object[] arguments)
    {
        var isTensor = new byte[arguments.Length];
        var inputs = new List<torch.Tensor>();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is torch.Tensor { IsInvalid: false } tensor)
            {
                isTensor[i] = 1;
                inputs.Add(tensor);
            }
        }
        var handles = Handles.Of(inputs);
        var state = GCHandle.ToIntPtr(GCHandle.Alloc(context));
        fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"), flags = isTensor)
        fixed (nint* input = handles)
        {
            Status.Check(NativeMethods.st_function_begin(text, state, flags, isTensor.Length, input, handles.Length, out var pending));
            GC.KeepAlive(inputs);
            return pending;
        }
    }

    private static List<torch.Tensor> End(string name, nint pending, torch.autograd.AutogradContext context, List<torch.Tensor> outputs)
    {
        if (outputs.FindIndex(output => output is null || output.IsInvalid) is var missing and >= 0)
        {
            throw new InvalidOperationException($"forward of {name}: output {missing} is no tensor (null, or disposed)");
        }
        var outputHandles = Handles.Of(outputs);
        var constant = Handles.Of(context.NonDifferentiable);
        var dirty = Handles.Of(context.Dirty);
        var saved = Handles.Of(context.ToSave);
        fixed (nint* output = outputHandles, fixedOutputs = constant, changed = dirty, kept = saved)
        {
            Status.Check(NativeMethods.st_function_end(
                pending, output, outputHandles.Length, fixedOutputs, constant.Length, changed, dirty.Length,
                kept, saved.Length, context.MaterializeGrads ? 1 : 0, out var results));
            GC.KeepAlive(outputs);
            GC.KeepAlive(context);
            return [.. Handles.Take(results, outputHandles.Length)];
        }
    }

    [UnmanagedCallersOnly]
    private static int OnApply(nint state, nint node, nint* gradients, int count, nint** results, int* resultCount, byte** error)
    {
        var wrapped = new List<torch.Tensor>(count);
        try
        {
            for (var i = 0; i < count; i++)
            {
                wrapped.Add(new torch.Tensor(gradients[i]));
            }
            var context = (torch.autograd.AutogradContext)GCHandle.FromIntPtr(state).Target!;
            var returned = context.RunBackward(node, wrapped) ?? throw new InvalidOperationException("returned null, expected a list of gradients");
            HandOut(returned, results, resultCount);
            return 0;
        }
        catch (Exception exception)
        {
            Status.Remember(exception);
            var text = Encoding.UTF8.GetBytes($"{exception.GetType().Name}: {exception.Message}\0");
            *error = NativeMethods.st_allocate(text.Length);
            text.CopyTo(new Span<byte>(*error, text.Length));
            return 1;
        }
    }

    // The native side gets handles of its own, so that what happens to ours does not matter to it.
    private static void HandOut(List<torch.Tensor?> gradients, nint** results, int* count)
    {
        var handles = Handles.Of(gradients);
        *results = (nint*)NativeMethods.st_allocate(sizeof(nint) * (handles.Length + 1));
        for (var i = 0; i < handles.Length; i++)
        {
            (*results)[i] = handles[i] == 0 ? 0 : NativeMethods.st_tensor_alias(handles[i]);
        }
        *count = handles.Length;
        GC.KeepAlive(gradients);
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint state) => GCHandle.FromIntPtr(state).Free();
}

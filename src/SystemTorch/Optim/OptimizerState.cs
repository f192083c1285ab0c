using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

/// <summary>What an optimizer keeps for one parameter. Its tensors belong to no dispose scope.</summary>
public abstract class OptimizerState
{
    protected Parameter _parameter;

    protected OptimizerState(Parameter parameter) => _parameter = parameter;

    // A handle's address may be used again after its tensor is gone; the object tells whose state this is.
    internal Parameter Owner => _parameter;

    /// <summary>Back to the state before the first step.</summary>
    public abstract void Initialize(OptimizerOptions options);

    public abstract void SaveStateDict(BinaryWriter writer);

    public abstract void LoadStateDict(BinaryReader reader);

    /// <summary>Copies another's state.</summary>
    public abstract void LoadStateDict(OptimizerState source);

    public virtual bool ApproximatelyEquals(OptimizerState other) => false;

    public virtual void to(Device device)
    {
    }

    protected static void SaveConditionalStateTensor(BinaryWriter writer, Tensor tensor)
    {
        writer.Write(tensor is not null);
        tensor?.Save(writer);
    }

    /// <summary>Reads a flag and, where it is set, a tensor; without it the old tensor is freed.</summary>
    protected static void LoadConditionalStateTensor(BinaryReader reader, ref Tensor result, Device device)
    {
        Tensor loaded = reader.ReadBoolean() ? TensorExtensionMethods.Load(reader) : null;
        if (loaded is not null && device is not null)
        {
            loaded = loaded.to(device, disposeAfter: true);
        }

        Replace(ref result, loaded);
    }

    internal Tensor ZerosLike() => torch.zeros_like(_parameter).DetachFromDisposeScope();

    /// <summary>As the protected one, and the shape must be the parameter's.</summary>
    internal void LoadOptional(BinaryReader reader, ref Tensor field)
    {
        Tensor loaded = null;
        LoadConditionalStateTensor(reader, ref loaded, _parameter.device);
        if (loaded is not null && !loaded.shape.AsSpan().SequenceEqual(_parameter.shape))
        {
            string got = string.Join(", ", loaded.shape);
            loaded.Dispose();
            throw new ArgumentException($"The saved state has a tensor of shape [{got}] for a parameter of shape [{string.Join(", ", _parameter.shape)}].");
        }

        Replace(ref field, loaded);
    }

    internal static void Replace(ref Tensor field, Tensor value)
    {
        if (ReferenceEquals(field, value))
        {
            return;
        }

        field?.Dispose();
        field = value?.DetachFromDisposeScope();
    }

    /// <summary>A copy for this state's own use, of the parameter's type and on its device.</summary>
    internal void CopyFrom(ref Tensor field, Tensor source)
    {
        if (ReferenceEquals(field, source))
        {
            return;
        }

        using IDisposable grad = no_grad();
        Replace(ref field, source?.to(_parameter.dtype, _parameter.device, copy: true));
    }

    internal static void Move(ref Tensor field, Device device)
    {
        if (field is not null && (field.device_type != device.type || field.device_index != device.index))
        {
            Replace(ref field, field.to(device, copy: true));
        }
    }

    internal static bool Close(Tensor a, Tensor b) => a is null ? b is null : b is not null && a.allclose(b);

    internal static TState As<TState>(OptimizerState source)
        where TState : OptimizerState
        => source as TState
            ?? throw new ArgumentException($"source: expected a state of the type {typeof(TState)}, got {source?.GetType().ToString() ?? "null"}.", nameof(source));
}

using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

public abstract partial class RecurrentModule<TState, TResult>
{
    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        Check.Floating(dtype);
        Convert(module => module.to(dtype, non_blocking));
        return base._to(dtype, non_blocking);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        Convert(module => module.to(deviceType, deviceIndex, non_blocking));
        return base._to(deviceType, deviceIndex, non_blocking);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        Check.Floating(dtype);
        Convert(module => module.to(device, dtype, non_blocking));
        return base._to(device, dtype, non_blocking);
    }

    // What holds the parameters converts them: the native module where there is one (in place or by new objects,
    // as the binding has it), else the cells. What it holds afterwards is registered anew, what it gave up is disposed.
    private void Convert(Action<nn.Module> conversion)
    {
        Tensor[] before = [.. parameters(recurse: false), .. buffers(recurse: false)];
        if (_native is not null)
        {
            _native.Convert(conversion);
            _bindings.Bind(_native);
        }
        else
        {
            _bindings.Convert(conversion);
        }

        Register();
        Tensor[] after = [.. parameters(recurse: false), .. buffers(recurse: false)];
        foreach (var tensor in before.Except(after, ReferenceEqualityComparer.Instance).OfType<Tensor>())
        {
            tensor.Dispose();
        }
    }

    private void Register()
    {
        foreach (var (key, parameter) in _native?.Parameters ?? _bindings.Parameters())
        {
            parameter.DetachFromDisposeScope();
            ConditionallyRegisterParameter(key, parameter);
        }

        foreach (var (key, buffer, isPersistent) in _bindings.Buffers())
        {
            buffer.DetachFromDisposeScope();
            ConditionallyRegisterBuffer(key, buffer, isPersistent);
        }
    }
}

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <content>The parameters: registered, loaded, converted and disposed.</content>
public abstract partial class RecurrentModule<TState, TResult>
{
    /// <summary>Nothing: there are no flat weights to restore. Kept so that code written for torch.nn compiles.</summary>
    public void flatten_parameters()
    {
    }

    /// <summary>Copies a state dict in, after checking that every shape is exactly the module's own.</summary>
    /// <param name="source">Tensors under PyTorch's keys, as from nn.RNN, nn.LSTM or nn.GRU.</param>
    /// <param name="strict">Whether the keys must be exactly the module's own.</param>
    /// <param name="skip">Keys to leave alone.</param>
    /// <returns>The missing and the unexpected keys.</returns>
    /// <exception cref="InvalidOperationException">Strict, and keys differ; the message names them.</exception>
    /// <exception cref="ArgumentException">A shape differs; the message names the key.</exception>
    /// <remarks>A parent's <c>load_state_dict</c> does not come here: it copies by itself, and broadcasts.</remarks>
    public override (IList<string>, IList<string>) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        Check.StateDict(this, source, strict, skip);
        return base.load_state_dict(source, strict: false, skip); // strictly, the base asks for the same order too
    }

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        Check.Floating(dtype);
        Convert(module => module.to(dtype, non_blocking), parameter => parameter.dtype != dtype);
        return this; // all tensors are the cells', and the base would free those of other types under them
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        Convert(module => module.to(deviceType, deviceIndex, non_blocking), parameter => !IsOn(parameter, deviceType, deviceIndex));
        return base._to(deviceType, deviceIndex, non_blocking);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        Check.Floating(dtype);
        Convert(module => module.to(device, dtype, non_blocking), parameter => parameter.dtype != dtype || !IsOn(parameter, device.type, device.index));
        return base._to(device.type, device.index, non_blocking);
    }

    /// <summary>Nothing: the parameters are registered at construction.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>Disposes the parameters, the cells and the native module.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _lengths.Dispose();
            _native?.Dispose();
            _handWritten?.Dispose();
            _bindings.Dispose();
        }

        base.Dispose(disposing);
    }

    // What holds the parameters converts them: the native module where there is one (in place or by new objects,
    // as the binding has it), else the cells. What it holds afterwards is registered anew, what it gave up is disposed.
    private void Convert(Action<nn.Module> conversion, Func<Parameter, bool> isChanged)
    {
        _bindings.CheckUnshared(isChanged);
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

    private static bool IsOn(Parameter parameter, DeviceType type, int index) => parameter.device_type == type && (index < 0 || parameter.device_index < 0 || parameter.device_index == index);

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

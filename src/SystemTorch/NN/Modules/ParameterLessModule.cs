using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Base of modules without state: moving them does nothing, registering something with them is an error.</summary>
public abstract class ParameterLessModule<T1, TResult> : nn.Module<T1, TResult>, IParameterLessModule
{
    protected ParameterLessModule(string name)
        : base(name)
    {
    }

    public override void register_buffer(string name, Tensor tensor, bool persistent = true) => throw Refusal("buffer", name);

    public override void register_parameter(string name, Parameter param) => throw Refusal("parameter", name);

    public override void register_module(string name, nn.Module submodule) => throw Refusal("submodule", name);

    protected internal override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => this;

    protected internal override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => this;

    protected internal override nn.Module _to(ScalarType dtype, bool non_blocking) => this;

    private InvalidOperationException Refusal(string what, string componentName)
        => new($"{GetName()} has no state: the {what} '{componentName}' cannot be registered with it.");
}

namespace TorchSharp.Modules;

/// <summary>Marks modules that hold no parameters, buffers or submodules.</summary>
public interface IParameterLessModule
{
}

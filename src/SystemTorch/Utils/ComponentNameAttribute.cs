namespace TorchSharp.Utils;

/// <summary>Gives a module's field the name under which it is registered, in place of the field's own.</summary>
[AttributeUsage(AttributeTargets.Field, AllowMultiple = false, Inherited = false)]
public class ComponentNameAttribute : Attribute
{
    public string Name { get; set; } = string.Empty;
}

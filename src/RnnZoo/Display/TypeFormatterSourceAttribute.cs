namespace RnnZoo.Display;

/// <summary>
/// Tells a notebook which formatters a type's values are shown with. .NET Interactive finds it by its name and by the names
/// of its properties, so that no reference to a notebook's assemblies is needed; it may be internal.
/// </summary>
/// <param name="formatterSourceType">Has a constructor without parameters and a method <c>CreateTypeFormatters</c>.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>Makes the formatters.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>What a value is shown as, unless asked for otherwise.</summary>
    public string[] PreferredMimeTypes { get; init; } = [MimeTypes.Html];
}

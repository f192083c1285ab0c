using System.Globalization;
using System.Reflection;

namespace RnnZoo.Notebooks;

/// <summary>
/// Shows a value as notebook hosts do, by their conventions alone: an attribute named TypeFormatterSourceAttribute whose
/// source makes objects with a MimeType and a Format method; else a method ToHtml; else text.
/// </summary>
public static class ValueFormatter
{
    /// <summary>The value by form.</summary>
    /// <exception cref="NotebookException">It has no form that reads well, such as a bare object.</exception>
    public static IReadOnlyDictionary<string, string> Format(object value)
    {
        if (value.GetType().GetCustomAttributes(inherit: true).FirstOrDefault(attribute => attribute.GetType().Name == "TypeFormatterSourceAttribute") is { } source)
        {
            return BySource(value, source);
        }

        if (value.GetType().GetMethod("ToHtml", Type.EmptyTypes) is { } toHtml && toHtml.ReturnType == typeof(string))
        {
            return new Dictionary<string, string> { ["text/html"] = (string)Call(value, "ToHtml") };
        }

        return value is string or bool || value.GetType().IsPrimitive
            ? new Dictionary<string, string> { [CellOutput.Plain] = Convert.ToString(value, CultureInfo.InvariantCulture)! }
            : throw new NotebookException($"a value of type {value.GetType()} has no display of its own; print what matters of it.");
    }

    private static Dictionary<string, string> BySource(object value, object attribute)
    {
        var sourceType = (Type)Property(attribute, "FormatterSourceType");
        var preferred = attribute.GetType().GetProperty("PreferredMimeTypes")?.GetValue(attribute) as string[] ?? ["text/html"];
        var source = Activator.CreateInstance(sourceType, nonPublic: true)!;
        var formatters = ((IEnumerable<object>)Call(source, "CreateTypeFormatters")).ToDictionary(formatter => (string)Property(formatter, "MimeType"));
        var shown = new Dictionary<string, string>();
        foreach (var form in preferred)
        {
            var text = new StringWriter();
            if (formatters.TryGetValue(form, out var formatter) && (bool)Call(formatter, "Format", value, text))
            {
                shown[form] = text.ToString();
            }
        }

        return shown.Count > 0
            ? shown
            : throw new NotebookException($"{value.GetType()}: its formatters ({string.Join(", ", formatters.Keys)}) write none of the forms that it prefers ({string.Join(", ", preferred)}).");
    }

    private static object Property(object owner, string name) => owner.GetType().GetProperty(name)?.GetValue(owner)
        ?? throw new NotebookException($"{owner.GetType()}: expected a public property {name}, as notebook hosts look for.");

    private static object Call(object owner, string name, params object[] arguments)
    {
        var method = owner.GetType().GetMethod(name) ?? throw new NotebookException($"{owner.GetType()}: expected a public method {name}, as notebook hosts look for.");
        return method.Invoke(owner, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture)!;
    }
}

using System.Text;
using System.Text.Json;

namespace RnnZoo.Verification;

/// <summary>The comparisons of a verification.</summary>
/// <param name="Checks">One for each tensor of each pair of ways.</param>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record GradientReport(IReadOnlyList<GradientComparison> Checks) : Display.ITable
{
    /// <summary>Whether there is at least one comparison and all passed.</summary>
    public bool Passed => Checks.Count > 0 && Checks.All(check => check.Passed);

    /// <summary>The comparisons that failed.</summary>
    public IEnumerable<GradientComparison> Failures => Checks.Where(check => !check.Passed);

    /// <summary>All comparisons of several reports.</summary>
    /// <param name="reports">The reports.</param>
    public static GradientReport Join(IEnumerable<GradientReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        return new GradientReport([.. reports.SelectMany(report => report.Checks)]);
    }

    /// <summary>
    /// The report as JSON: <c>passed</c> and <c>checks</c>, each with <c>cell</c>, <c>net</c>, <c>path</c>, <c>against</c>,
    /// <c>dtype</c>, <c>tensor</c>, <c>maxAbsolute</c>, <c>maxRelative</c>, <c>index</c> and <c>passed</c>. A number that is
    /// not finite is null.
    /// </summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            Write(json);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The report for a notebook: the worst comparison of each net, path and reference.</summary>
    /// <returns>A table as HTML.</returns>
    public string ToHtml()
    {
        var table = new Display.HtmlTable(Passed ? $"all {Checks.Count} comparisons passed" : $"{Failures.Count()} of {Checks.Count} comparisons failed",
            "cell", "net", "path", "against", "dtype", "worst tensor", "largest relative error", "passed");
        foreach (var group in Checks.GroupBy(check => (check.Cell, check.Net, check.Path, check.Against, check.DType)))
        {
            // One that failed is worse than any that passed, and NaN is no small error.
            var worst = group.OrderBy(check => check.Passed).ThenByDescending(check => double.IsNaN(check.MaxRelative) ? double.PositiveInfinity : check.MaxRelative).First();
            table.Add(worst.Cell, worst.Net, worst.Path, worst.Against, worst.DType, worst.Tensor, worst.MaxRelative, worst.Passed ? "yes" : "no");
        }

        return table.ToString();
    }

    /// <summary>Writes the object that <see cref="ToJson"/> describes.</summary>
    /// <param name="json">Where to write.</param>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteBoolean("passed", Passed);
        json.WriteStartArray("checks");
        foreach (var check in Checks)
        {
            Write(json, check);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, GradientComparison check)
    {
        json.WriteStartObject();
        json.WriteString("cell", check.Cell);
        json.WriteString("net", check.Net);
        json.WriteString("path", check.Path);
        json.WriteString("against", check.Against);
        json.WriteString("dtype", check.DType);
        json.WriteString("tensor", check.Tensor);
        WriteFinite(json, "maxAbsolute", check.MaxAbsolute);
        WriteFinite(json, "maxRelative", check.MaxRelative);
        json.WriteStartArray("index");
        foreach (var position in check.Index)
        {
            json.WriteNumberValue(position);
        }

        json.WriteEndArray();
        json.WriteBoolean("passed", check.Passed);
        json.WriteEndObject();
    }

    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}

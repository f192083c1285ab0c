using System.Globalization;
using System.Text;

namespace TorchSharp.Utils;

/// <summary>Tensors as text: type, shape and device in a line, then the values, row by row and aligned.</summary>
internal sealed class TensorPrinter(string format, int width, string newLine, CultureInfo culture)
{
    public static string Metadata(torch.Tensor tensor) =>
        $"[{string.Join("x", tensor.shape)}], type = {tensor.dtype}, device = {tensor.device}";

    public string Print(torch.Tensor tensor, TensorStringStyle style)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        return style switch
        {
            TensorStringStyle.Metadata => Metadata(tensor),
            TensorStringStyle.Julia => Julia(tensor),
            TensorStringStyle.Numpy => Bracketed(tensor, "[", "]", ""),
            TensorStringStyle.CSharp => CSharp(tensor),
            _ => throw new ArgumentOutOfRangeException(nameof(style), style, "expected Metadata, Julia, Numpy or CSharp"),
        };
    }

    private string Julia(torch.Tensor tensor)
    {
        var head = Metadata(tensor);
        if (tensor.is_meta)
        {
            return head;
        }
        if (tensor.Dimensions == 0)
        {
            return $"{head}, value = {Number(tensor.ToScalar())}";
        }
        var text = new StringBuilder(head);
        foreach (var (place, matrix) in Matrices(tensor, []))
        {
            text.Append(newLine).Append(place.Length > 0 ? $"[{string.Join(",", place)},..,..] ={newLine}" : "").Append(Table(matrix));
        }
        return text.ToString();
    }

    private string CSharp(torch.Tensor tensor) =>
        $"{tensor.dtype.ToString().ToLowerInvariant()}{(tensor.Dimensions > 0 ? $"[{string.Join(",", tensor.shape)}]" : "")} {Bracketed(tensor, "{", "}", ", ")}";

    /// <summary>The matrices of a tensor with the indices before them.</summary>
    private static IEnumerable<(long[] Place, torch.Tensor Matrix)> Matrices(torch.Tensor tensor, long[] place)
    {
        if (tensor.Dimensions <= 2)
        {
            yield return (place, tensor.Dimensions == 1 ? tensor.unsqueeze(0) : tensor);
            yield break;
        }
        for (var i = 0L; i < tensor.shape[0]; i++)
        {
            foreach (var inner in Matrices(tensor.select(0, i), [.. place, i]))
            {
                yield return inner;
            }
        }
    }

    private string Table(torch.Tensor matrix)
    {
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        var shown = Shown(columns, torch.MaxColumns);
        var cells = Shown(rows, torch.MaxRows)
            .Select(row => row < 0 ? ["..."] : shown.Select(column => column < 0 ? "..." : Cell(matrix, row, column)).ToArray())
            .ToArray();
        var widest = cells.SelectMany(row => row).Select(cell => cell.Length).DefaultIfEmpty(0).Max();
        return string.Concat(cells.Select(row => $" {Fit(string.Join(" ", row.Select(cell => cell.PadLeft(widest))))}{newLine}"));
    }

    private string Bracketed(torch.Tensor tensor, string open, string close, string comma)
    {
        if (tensor.Dimensions == 0)
        {
            return Number(tensor.ToScalar());
        }
        var parts = Shown(tensor.shape[0], tensor.Dimensions == 1 ? torch.MaxColumns : torch.MaxRows)
            .Select(i => i < 0 ? "..." : Bracketed(tensor.select(0, i), open, close, comma));
        var between = tensor.Dimensions == 1 ? (comma.Length > 0 ? comma : " ") : comma.TrimEnd() + newLine + " ";
        return open + string.Join(between, parts) + close;
    }

    private string Cell(torch.Tensor matrix, long row, long column) => Number(matrix.select(0, row).select(0, column).ToScalar());

    private string Fit(string line) => line.Length <= width ? line : line[..Math.Max(width - 4, 0)] + " ...";

    private string Number(Scalar value) =>
        value.IsComplex ? $"{value.AsComplex().Real.ToString(format, culture)}{value.AsComplex().Imaginary.ToString("+" + "0.####;-0.####", culture)}i"
        : value.Type == torch.ScalarType.Bool ? value.ToBoolean().ToString(culture)
        : value.IsReal ? value.ToDouble().ToString(format, culture)
        : value.ToInt64().ToString(culture);

    /// <summary>All indices, or the first and last ones with -1 in between where there are too many.</summary>
    private static long[] Shown(long length, int limit)
    {
        if (length <= limit)
        {
            return [.. Enumerable.Range(0, (int)length).Select(i => (long)i)];
        }
        var head = Math.Max(limit / 2, 1);
        return [.. Enumerable.Range(0, head).Select(i => (long)i), -1, .. Enumerable.Range(0, head).Select(i => length - head + i)];
    }
}

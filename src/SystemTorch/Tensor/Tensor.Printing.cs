using System.Globalization;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Type, shape and device.</summary>
        public override string ToString() => ToString(TensorStringStyle.Metadata);

        public string ToString(TensorStringStyle style, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null)
        {
            if (IsInvalid)
            {
                return "invalid tensor (disposed or undefined)";
            }
            var printer = new TensorPrinter(
                fltFormat ?? FloatFormat, width ?? LineWidth, newLine ?? NewLine, cultureInfo ?? CultureInfo.CurrentCulture);
            return printer.Print(this, style == TensorStringStyle.Default ? torch.TensorStringStyle : style);
        }

        /// <summary>With values where <paramref name="disamb"/> is true, else as <see cref="ToString()"/>.</summary>
        public string ToString(bool disamb, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) =>
            ToString(disamb ? TensorStringStyle.Default : TensorStringStyle.Metadata, fltFormat, width, cultureInfo, newLine);
    }
}

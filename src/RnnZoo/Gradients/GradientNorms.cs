using RnnZoo.Plots;

namespace RnnZoo.Gradients;

/// <summary>The size of the gradient at each time step of one forward pass, for every layer and direction. A copy: it does not change.</summary>
/// <param name="Layers">Layer by layer and, in a layer, forwards before backwards.</param>
[Display.TypeFormatterSource(typeof(Display.PictureFormatters), PreferredMimeTypes = [Display.MimeTypes.Svg])]
public sealed record GradientNorms(IReadOnlyList<LayerGradientNorms> Layers) : Display.IPicture
{
    /// <summary>T.</summary>
    public int Steps => Layers[0].Hidden.Count;

    /// <summary>The norms of one direction of one layer.</summary>
    /// <param name="layer">0 is the layer that reads the input.</param>
    /// <param name="direction">0 reads the sequence forwards, 1 backwards.</param>
    /// <exception cref="ArgumentException">There is no such layer or direction.</exception>
    public LayerGradientNorms this[int layer, int direction = 0] =>
        Layers.FirstOrDefault(norms => norms.Layer == layer && norms.Direction == direction)
        ?? throw new ArgumentException($"layer, direction: expected layer up to {Layers[^1].Layer} and direction up to {Layers[^1].Direction}, got {layer} and {direction}.");

    /// <summary>The norms against time steps, on a log scale: one chart for each layer and direction.</summary>
    public Figure ToFigure() => GradientPictures.Of(this);

    /// <summary>The picture for a notebook.</summary>
    /// <returns>The picture as HTML.</returns>
    public string ToHtml() => ToFigure().ToHtml();

    string Display.IPicture.ToSvg() => ToFigure().ToSvg();
}

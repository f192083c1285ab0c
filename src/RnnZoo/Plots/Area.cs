namespace RnnZoo.Plots;

/// <summary>A rectangle in SVG coordinates: y grows downwards.</summary>
internal readonly record struct Area(double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;
}

using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <content>Those of orthogonal cells.</content>
public static partial class Initialisers
{
    /// <summary>
    /// The matrix of an orthogonal cell turns each pair of units by an angle from U(-π, π); the rest is left alone.
    /// Source: M. Henaff, A. Szlam and Y. LeCun, "Recurrent orthogonal networks and long-memory tasks", 2016.
    /// </summary>
    public static Initialiser Henaff() => Angles("henaff", SkewAngles.Uniform);

    /// <summary>
    /// The matrix of an orthogonal cell turns each pair of units by -tan(θ/2), θ from U(0, π/2), which is at most one radian;
    /// the rest is left alone. Source: K. Helfrich, D. Willmott and Q. Ye, 2018, as M. Lezcano-Casado and
    /// D. Martínez-Rubio, 2019, use it.
    /// </summary>
    public static Initialiser Cayley() => Angles("cayley", SkewAngles.Cayley);

    private static FillingInitialiser Angles(string name, Func<long, Generator?, Tensor> draw) => new(name, (cell, generator) =>
    {
        if (cell is not OrthogonalCell orthogonal)
        {
            throw new ArgumentException($"{name}: expected an OrthogonalCell, got {cell.GetType().Name}, whose recurrent weights are not made of angles.");
        }

        SkewAngles.Write(orthogonal.skew_hh, draw(cell.HiddenSize / 2, generator));
    });
}

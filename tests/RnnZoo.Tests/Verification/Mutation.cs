using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Verification;

/// <summary>
/// An error to be planted in one term of a backward equation: the term, or one gate's block or one step of it, dropped or negated.
/// What is 0 in whole, as ∂L/∂h_0 of a net that does not read h, is moved by as much as a 1 would be.
/// </summary>
/// <param name="Term">The term.</param>
/// <param name="Factor">0 to drop it, -1 to negate it.</param>
/// <param name="Axis">What part: -1 for all of it, 2 (or 1 without a time axis) for a gate's block, 0 for one step.</param>
/// <param name="Start">Where the part begins.</param>
/// <param name="Length">How long it is.</param>
internal sealed record Mutation(string Term, double Factor, int Axis = -1, long Start = 0, long Length = 0)
{
    public TermHook Hook => (term, value) => term == Term ? Apply(value) : value;

    /// <summary>Every mutation of a term of this shape in a net with G gates.</summary>
    public static IEnumerable<Mutation> Of(string term, long[] shape, int gates, long hidden)
    {
        foreach (var factor in new[] { 0.0, -1.0 })
        {
            yield return new Mutation(term, factor);
            if (gates > 1 && shape[^1] > hidden && shape[^1] % hidden == 0)
            {
                for (var gate = 0; gate < shape[^1] / hidden; gate++)
                {
                    yield return new Mutation(term, factor, shape.Length - 1, gate * hidden, hidden);
                }
            }

            if (shape.Length == 3)
            {
                yield return new Mutation(term, factor, 0, 0, 1);
                yield return new Mutation(term, factor, 0, shape[0] - 1, 1);
            }
        }
    }

    private Tensor Apply(Tensor value)
    {
        if (Axis < 0)
        {
            return Wrong(value);
        }

        var wrong = value.clone();
        var part = wrong.narrow(Axis, Start, Length);
        part.copy_(Wrong(part));
        return wrong;
    }

    private Tensor Wrong(Tensor value) => value.count_nonzero().item<long>() == 0 ? value.add(Factor - 1) : value.mul(Factor);
}

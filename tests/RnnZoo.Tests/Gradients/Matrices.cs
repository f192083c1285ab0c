using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>Recurrent matrices that products have trouble with: most far from normal, some with entries of very different size.</summary>
internal static class Matrices
{
    public static string[] Kinds { get; } =
        ["random", "triangular", "lower", "jordan", "ascending", "graded-rows", "graded-columns", "similar", "decoupled", "near-singular"];

    public static Tensor Make(string kind)
    {
        manual_seed(31);
        const int Size = 7;
        var normal = randn(Size, Size, dtype: ScalarType.Float64);
        var grades = tensor([1, 1e-3, 1e-12, 1e-6, 1, 1e-9, 1e-2], dtype: ScalarType.Float64);
        double[] ascending = [0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1];
        var identity = eye(Size, dtype: ScalarType.Float64);
        return kind switch
        {
            "random" => normal.div(Math.Sqrt(Size)),
            "triangular" => normal.triu(1).mul(3).add(identity.mul(0.5)),
            "lower" => normal.tril(-1).mul(3).add(identity.mul(0.3)),
            "jordan" => identity.mul(0.1).add(ones(Size - 1, dtype: ScalarType.Float64).diag(1)),
            "ascending" => diag(tensor(ascending)).add(normal.triu(1)),
            "graded-rows" => normal.mul(grades.unsqueeze(1)),
            "graded-columns" => normal.mul(grades),
            "similar" => normal.mm(diag(tensor(ascending))).mm(linalg.inv(normal)).add(normal.triu(1).mul(5)),
            "decoupled" => diag(tensor(ascending)).add(normal.mul(1e-20)),
            "near-singular" => normal.narrow(1, 0, Size - 1).mm(randn(Size - 1, Size, dtype: ScalarType.Float64)).add(identity.mul(1e-11)),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown"),
        };
    }
}

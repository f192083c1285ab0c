using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>Draws and writes the gate blocks of a cell's parameters. The caller holds the dispose scope and no_grad.</summary>
internal static class GateBlocks
{
    /// <summary>The blocks of the recurrent weights [H, H], one for each gate that sees h.</summary>
    /// <exception cref="ArgumentException">The cell has none.</exception>
    public static IEnumerable<Tensor> Recurrent(EquationCell cell, string initialiser) => cell.get_parameter("weight_hh") is { Dimensions: 2 } weight && weight.size(1) == cell.HiddenSize
        ? weight.split(cell.HiddenSize, 0)
        : throw new ArgumentException($"{initialiser}: expected a cell with recurrent weights weight_hh made of blocks [H, H], got {cell.GetType().Name}; fill its parameters yourself.");

    /// <summary>The blocks of all matrices that inputs and states are multiplied with [H, ·].</summary>
    public static IEnumerable<Tensor> Weights(EquationCell cell) =>
        cell.named_parameters().Where(item => item.Item1.StartsWith("weight_", StringComparison.Ordinal) && item.Item2.Dimensions == 2).SelectMany(item => item.Item2.split(cell.HiddenSize, 0));

    public static void ZeroBiases(EquationCell cell)
    {
        foreach (var (_, bias) in cell.named_parameters().Where(item => item.Item1.StartsWith("bias_", StringComparison.Ordinal)))
        {
            bias.zero_();
        }
    }

    /// <summary>Sets a gate's bias; of two biases, b_ih takes the value and b_hh is zero.</summary>
    public static void SetBias(EquationCell cell, string gate, Tensor value, string initialiser)
    {
        if (cell.bias_ih is not { } input)
        {
            throw new ArgumentException($"{initialiser}: expected a cell with bias, got one without; make the net with bias: true.");
        }

        var index = cell.Gates.ToList().IndexOf(gate);
        input.narrow(0, index * cell.HiddenSize, cell.HiddenSize).copy_(value);
        (cell as GatedCell)?.bias_hh?.narrow(0, index * cell.HiddenSize, cell.HiddenSize).zero_();
    }

    public static void Uniform(Tensor target, double bound, Generator? generator) =>
        target.copy_(empty(target.shape, dtype: ScalarType.Float64).uniform_(-bound, bound, generator));

    /// <summary>
    /// A matrix with orthonormal rows or columns, uniform over all such: QR of a normal matrix, with the signs of R's
    /// diagonal moved into Q. Source: A. Saxe, J. McClelland and S. Ganguli, 2014; F. Mezzadri, 2007.
    /// </summary>
    public static Tensor Orthogonal(long size, Generator? generator)
    {
        var normal = randn(size, size, dtype: ScalarType.Float64, generator: generator); // [H, H]
        var (q, r) = linalg.qr(normal); // [H, H] each
        var sign = r.diagonal().sign(); // [H]
        return q.mul(sign); // [H, H]
    }
}

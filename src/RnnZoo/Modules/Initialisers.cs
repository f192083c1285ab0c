using System.Globalization;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// Ways to initialise recurrent nets. They compose: <c>Initialisers.Orthogonal().Then(Initialisers.Chrono(120)).Apply(lstm, generator)</c>.
/// </summary>
public static class Initialisers
{
    private const string ChronoName = "chrono";
    private const double ShortestChrono = 3; // it needs more than 2 steps

    /// <summary>PyTorch's default: weights and biases from U(-1/√H, 1/√H); what a cell has initial values of its own for, as gains, begins as at construction.</summary>
    public static Initialiser Default() => new FillingInitialiser("default", static (cell, generator) =>
    {
        foreach (var (name, parameter) in cell.named_parameters())
        {
            if (!cell.FurtherNames.Contains(name))
            {
                GateBlocks.Uniform(parameter, 1 / Math.Sqrt(cell.HiddenSize), generator);
            }
        }

        cell.ResetOwn(generator);
    });

    /// <summary>
    /// Each gate's blocks of all weights from U(-a, a), a = gain √(6 / (fan in + fan out)); biases zero.
    /// Source: X. Glorot and Y. Bengio, 2010.
    /// </summary>
    /// <param name="gain">The factor, above 0.</param>
    /// <exception cref="ArgumentException">The gain is not a number above 0.</exception>
    public static Initialiser Xavier(double gain = 1)
    {
        Check.AboveZero(gain, nameof(gain));
        return new FillingInitialiser("xavier", (cell, generator) =>
        {
            foreach (var block in GateBlocks.Weights(cell))
            {
                GateBlocks.Uniform(block, gain * Math.Sqrt(6.0 / block.shape.Sum()), generator);
            }

            GateBlocks.ZeroBiases(cell);
        });
    }

    /// <summary>
    /// Each gate's block of the recurrent weights a random orthogonal matrix times a gain; the rest is left alone.
    /// Source: A. Saxe, J. McClelland and S. Ganguli, 2014.
    /// </summary>
    /// <param name="gain">The factor, above 0: every singular value of a block.</param>
    /// <exception cref="ArgumentException">The gain is not a number above 0.</exception>
    public static Initialiser Orthogonal(double gain = 1)
    {
        Check.AboveZero(gain, nameof(gain));
        return new FillingInitialiser("orthogonal", (cell, generator) =>
        {
            foreach (var block in GateBlocks.Recurrent(cell, "orthogonal"))
            {
                block.copy_(GateBlocks.Orthogonal(cell.HiddenSize, generator).mul(Scalars.Of(gain)));
            }
        });
    }

    /// <summary>
    /// Each gate's block of the recurrent weights the identity times a scale, biases zero, input weights left alone. On a
    /// vanilla net with ReLU this is the IRNN of Q. V. Le, N. Jaitly and G. Hinton, 2015; it needs gradient clipping.
    /// </summary>
    /// <param name="scale">The factor, above 0.</param>
    /// <exception cref="ArgumentException">The scale is not a number above 0.</exception>
    public static Initialiser Identity(double scale = 1)
    {
        Check.AboveZero(scale, nameof(scale));
        return new FillingInitialiser("identity", (cell, _) =>
        {
            foreach (var block in GateBlocks.Recurrent(cell, "identity"))
            {
                block.copy_(eye(cell.HiddenSize, dtype: ScalarType.Float64).mul(Scalars.Of(scale)));
            }

            GateBlocks.ZeroBiases(cell);
        });
    }

    /// <summary>
    /// The IRNN's: recurrent weights the identity times a scale, input weights from N(0, 0.001²), biases zero, for vanilla
    /// cells with ReLU. It needs gradient clipping. Source: Q. V. Le, N. Jaitly and G. Hinton, "A simple way to initialize
    /// recurrent networks of rectified linear units", 2015.
    /// </summary>
    /// <param name="scale">The factor of the identity, above 0; below 1 the net forgets.</param>
    /// <exception cref="ArgumentException">The scale is not a number above 0.</exception>
    public static Initialiser Irnn(double scale = 1)
    {
        var identity = Identity(scale);
        return new FillingInitialiser("irnn", (cell, generator) =>
        {
            if (cell is not VanillaRnnCell { Activation: Activation.Relu })
            {
                throw new ArgumentException($"irnn: expected a VanillaRnnCell with ReLU, got {(cell is VanillaRnnCell vanilla ? $"one with {vanilla.Activation}" : cell.GetType().Name)}.");
            }

            identity.Fill(cell, generator);
            cell.weight_ih.copy_(randn(cell.weight_ih.shape, dtype: ScalarType.Float64, generator: generator).mul(Scalars.Of(0.001))); // [H, I]
        });
    }

    /// <summary>
    /// The forget gate's bias of an LSTM or a JANET: b_ih takes the value and b_hh, where there is one, zero, so that their sum is the value.
    /// Source: F. Gers, J. Schmidhuber and F. Cummins, 2000; R. Jozefowicz et al., 2015.
    /// </summary>
    /// <param name="bias">The sum of both biases.</param>
    /// <exception cref="ArgumentException">The bias is not finite.</exception>
    public static Initialiser ForgetBias(double bias = 1)
    {
        Check.That(double.IsFinite(bias), nameof(bias), "a finite number", bias);
        return new FillingInitialiser("forget-bias", (cell, _) =>
        {
            var gate = ForgetGate(cell)
                ?? throw new ArgumentException($"forget-bias: expected an LstmCell, LayerNormLstmCell, PeepholeLstmCell, MinLstmCell or JanetCell, got {cell.GetType().Name}, which has no forget gate.");
            GateBlocks.SetBias(cell, gate, full(cell.HiddenSize, Scalars.Of(bias), dtype: ScalarType.Float64), "forget-bias");
        });
    }

    /// <summary>
    /// Biases for memories of up to T_max steps. LSTM: b_f = log U(1, T_max - 1) and b_i = -b_f. JANET: b_s is b_f.
    /// GRU: the gate that keeps the state, z, takes b_f's place, and 1 - z that of the input gate. Source: C. Tallec and
    /// Y. Ollivier, "Can recurrent neural networks warp time?", 2018, equation 16.
    /// </summary>
    /// <param name="maxSteps">T_max, above 2: the longest dependency, in steps.</param>
    /// <exception cref="ArgumentException">T_max is 2 or less.</exception>
    public static Initialiser Chrono(double maxSteps)
    {
        Check.That(double.IsFinite(maxSteps) && maxSteps > 2, nameof(maxSteps), "a number of steps above 2", maxSteps);
        return new FillingInitialiser("chrono", (cell, generator) =>
        {
            var keepGate = ForgetGate(cell) ?? (cell is GruCell or MinGruCell ? "z" : null)
                ?? throw new ArgumentException($"chrono: expected an LstmCell, LayerNormLstmCell, PeepholeLstmCell, MinLstmCell, JanetCell, GruCell or MinGruCell, got {cell.GetType().Name}, which has no gate that keeps the state.");
            var keep = empty(cell.HiddenSize, dtype: ScalarType.Float64).uniform_(1, maxSteps - 1, generator).log(); // [H]
            GateBlocks.SetBias(cell, keepGate, cell is MinGruCell ? keep.neg() : keep, "chrono"); // its z writes, the GRU's keeps
            if (cell.Gates.Contains("i"))
            {
                GateBlocks.SetBias(cell, "i", keep.neg(), "chrono");
            }
        });
    }

    /// <summary>
    /// The input weights for one-hot inputs: each from N(0, 1), PyTorch's default for the rows of nn.Embedding. A one-hot
    /// input picks one column of weight_ih, so these columns are the symbols' embeddings; the default, made for dense inputs,
    /// leaves them about 1/√(3H) in size. The rest is left alone.
    /// </summary>
    public static Initialiser OneHotInput() => new FillingInitialiser("one-hot", static (cell, generator) =>
        cell.weight_ih.copy_(randn(cell.weight_ih.shape, dtype: ScalarType.Float64, generator: generator))); // [G·H, I]

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

    private static string? ForgetGate(EquationCell cell) => cell switch
    {
        LstmCell or LayerNormLstmCell or PeepholeLstmCell or MinLstmCell => "f",
        JanetCell => "s",
        _ => null,
    };

    /// <summary>
    /// The initialisation of a name: <c>default</c>, <c>xavier</c>, <c>orthogonal</c>, <c>identity</c>, <c>one-hot</c>, <c>irnn</c>,
    /// <c>henaff</c>, <c>cayley</c>, <c>forget-bias</c>, <c>chrono</c> (for memories of one sequence's length) or <c>chrono:F</c>
    /// (of F lengths, at least 1). Of several names joined by +, each fills on top of the one before.
    /// </summary>
    /// <param name="name">The name, as <c>orthogonal+chrono:3+one-hot</c>.</param>
    /// <param name="length">T: the steps of a sequence.</param>
    /// <exception cref="ArgumentOutOfRangeException">A name is none of these.</exception>
    public static Initialiser Named(string name, int length)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split('+').Select(part => OneNamed(part, length)).Aggregate((first, next) => first.Then(next));
    }

    /// <summary>Whether <see cref="Named"/> takes a name, or all names joined by +.</summary>
    /// <param name="name">The name.</param>
    public static bool IsNamed(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split('+').All(part => Make(part) is not null);
    }

    private static Initialiser OneNamed(string name, int length) => Make(name) is { } make
        ? make(length)
        : throw new ArgumentOutOfRangeException(nameof(name), name, $"name: expected a named initialisation, got '{name}'.");

    private static Func<int, Initialiser>? Make(string name) => name switch
    {
        "default" => static _ => Default(),
        "xavier" => static _ => Xavier(),
        "orthogonal" => static _ => Orthogonal(),
        "identity" => static _ => Identity(),
        "one-hot" => static _ => OneHotInput(),
        "irnn" => static _ => Irnn(),
        "henaff" => static _ => Henaff(),
        "cayley" => static _ => Cayley(),
        "forget-bias" => static _ => ForgetBias(),
        _ when ChronoFactor(name) is { } factor => length => Chrono(Math.Max(ShortestChrono, factor * length)),
        _ => null,
    };

    private static double? ChronoFactor(string name)
    {
        if (name == ChronoName)
        {
            return 1;
        }

        const string Prefix = ChronoName + ":";
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && double.TryParse(name.AsSpan(Prefix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor)
            && factor >= 1 && double.IsFinite(factor)
            ? factor
            : null;
    }
}

using System.Numerics;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// A net one step at a time, as in evaluation mode: takes x_t, gives y_t and keeps the state for the next step. The weights are
/// packed when it is made, a step allocates nothing and leaves no trace on the tape.
/// <code>
/// var stepper = model.Stepper(batch: 1);
/// var logits = stepper.Step([token]);
/// </code>
/// </summary>
/// <remarks>
/// It begins with a state of zeros. One stepper belongs to one thread at a time; several on one net, each with its own copy of
/// the weights, run side by side. There is nothing to dispose. y_t is h_t of the last layer, or of a <see cref="SequenceModel"/>
/// its readout.
/// </remarks>
public sealed class Stepper
{
    private readonly IRecurrentModule _net;
    private readonly SequenceModel? _model;
    private readonly float[] _output;
    private StepNet<float> _steps;

    internal Stepper(IRecurrentModule net, SequenceModel? model, int batch)
    {
        (_net, _model, Batch) = (net, model, (int)Check.Positive(batch, nameof(batch)));
        _steps = new StepNet<float>(net, model, batch);
        _output = new float[batch * OutputSize];
    }

    /// <summary>B: how many sequences run side by side.</summary>
    public int Batch { get; }

    /// <summary>I: how many numbers, or token ids, a step reads of each sequence: for token ids 1.</summary>
    public long InputSize => _steps.TakesTokens ? 1 : _net.InputSize;

    /// <summary>How many numbers a step gives for each sequence: H, or O of a <see cref="SequenceModel"/>.</summary>
    public long OutputSize => _steps.Output.Length;

    /// <summary>Makes a step.</summary>
    /// <param name="x">[B, I], row by row.</param>
    /// <returns>[B, O], row by row; it is overwritten by the next step.</returns>
    /// <exception cref="ArgumentException">There are not B·I numbers, or the model reads token ids.</exception>
    public ReadOnlySpan<float> Step(ReadOnlySpan<float> x)
    {
        if (_steps.TakesTokens)
        {
            throw new ArgumentException($"x: expected token ids (Int64), got numbers; the model's input is {_model!.Encoding}.");
        }

        CheckCount(x.Length, nameof(x), "numbers");
        var size = (int)InputSize;
        for (var row = 0; row < Batch; row++)
        {
            x.Slice(row * size, size).CopyTo(StepProgram<float>.RowOf(_steps.Input, row));
        }

        return Run();
    }

    /// <summary>Makes a step.</summary>
    /// <param name="tokens">[B] token ids, each from 0 to below V.</param>
    /// <returns>[B, O], row by row; it is overwritten by the next step.</returns>
    /// <exception cref="ArgumentException">There are not B ids, one is out of its range, or the model reads numbers.</exception>
    public ReadOnlySpan<float> Step(ReadOnlySpan<long> tokens)
    {
        if (!_steps.TakesTokens)
        {
            throw new ArgumentException("tokens: expected numbers (Single), got token ids; only a SequenceModel that encodes its input reads those.");
        }

        CheckCount(tokens.Length, nameof(tokens), "token ids");
        foreach (var token in tokens)
        {
            Check.That(token >= 0 && token < _steps.Classes, nameof(tokens), $"ids from 0 to {_steps.Classes - 1}", token);
        }

        for (var row = 0; row < Batch; row++)
        {
            _steps.Tokens[row] = (int)tokens[row];
        }

        return Run();
    }

    /// <summary>Makes a step, from a tensor to a tensor, which is the caller's.</summary>
    /// <param name="x">[B, I], or token ids [B].</param>
    /// <returns>[B, O].</returns>
    /// <exception cref="ArgumentException">A shape or element type does not fit, or an id is out of its range.</exception>
    public Tensor Step(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        long[] shape = _steps.TakesTokens ? [Batch] : [Batch, InputSize];
        var dtype = _steps.TakesTokens ? ScalarType.Int64 : ScalarType.Float32;
        if (!Check.HasShape(x, shape) || x.dtype != dtype)
        {
            throw new ArgumentException($"x: expected {Check.Show(shape)} of dtype {dtype}, got {Check.Show(x.shape)} of dtype {x.dtype}.");
        }

        var y = _steps.TakesTokens ? Step(ProgramRows<long>.NumbersOf(x)) : Step(ProgramRows<float>.NumbersOf(x));
        return tensor(y.ToArray(), [Batch, OutputSize]); // [B, O]
    }

    /// <summary>Sets the state of every sequence to zeros.</summary>
    public void Reset()
    {
        for (var row = 0; row < Batch; row++)
        {
            Reset(row);
        }
    }

    /// <summary>Sets the state of one sequence to zeros; the others go on.</summary>
    /// <param name="row">Its place in the batch, from 0.</param>
    /// <exception cref="ArgumentException">There is no such sequence.</exception>
    public void Reset(int row)
    {
        Check.That(row >= 0 && row < Batch, nameof(row), $"from 0 to {Batch - 1}", row);
        foreach (var part in _steps.State.SelectMany(parts => parts))
        {
            StepProgram<float>.RowOf(part, row).Clear();
        }
    }

    /// <summary>The state after the last step, as the net's own calls take and give it.</summary>
    /// <returns>Parts [L, B, S], new tensors on the CPU.</returns>
    public RecurrentState Save() => _steps.Save();

    /// <summary>Sets the state.</summary>
    /// <param name="state">Parts [L, B, S], as from <see cref="Save"/> or from a call of the net.</param>
    /// <exception cref="ArgumentException">A shape or element type does not fit; the message names it.</exception>
    public void Restore(RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        using var like = empty([0]);
        var local = state.Map(part => part.cpu());
        local.CheckParts([.. _net.StateSizes.Select(size => new[] { _net.NumLayers, Batch, size })], "[L, B, H]", "", like);
        _steps.Restore(local);
    }

    /// <summary>Reads the net's weights again, after they have changed; the state stays.</summary>
    public void Refresh()
    {
        var fresh = new StepNet<float>(_net, _model, Batch);
        using var state = _steps.Save();
        fresh.Restore(state);
        _steps = fresh;
    }

    private ReadOnlySpan<float> Run()
    {
        _steps.Run();
        var size = _steps.Output.Length;
        for (var row = 0; row < Batch; row++)
        {
            StepProgram<float>.RowOf(_steps.Output, row).CopyTo(_output.AsSpan(row * size, size));
        }

        return _output;
    }

    private void CheckCount(int count, string name, string what)
    {
        if (count != Batch * InputSize)
        {
            throw new ArgumentException($"{name}: expected {Batch * InputSize} {what} ({(_steps.TakesTokens ? "[B]" : "[B, I]")} with B = {Batch}{(_steps.TakesTokens ? "" : $" and I = {InputSize}")}), got {count}.");
        }
    }
}

/// <summary>The program of a net's step: its cells' own <see cref="EquationCell.ForwardStep(StepValue, StepValue[], StepWeights, Func{StepValue, StepValue})"/>, one after the other.</summary>
internal sealed class StepNet<T>
    where T : unmanaged, INumberBase<T>
{
    private readonly StepProgram<T> _program;

    /// <exception cref="NotSupportedException">The net cannot make a step by itself; the message says why.</exception>
    public StepNet(IRecurrentModule net, SequenceModel? model, int batch, VectorWidth? width = null)
    {
        CheckNet(net);
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        _program = StepProgram<T>.Of(batch, width);
        Tokens = new int[batch];
        Classes = model is { Encoding: not InputEncoding.Features } ? (model.Embedding?.size(0) ?? net.InputSize) : 0;
        StepValue x = new TokenRows<T>(_program, Tokens, net.InputSize); // as one-hot vectors
        if (model?.Embedding is { } embedding)
        {
            x = new ProgramRows<T>(_program, _program.Lookup(ProgramRows<T>.NumbersOf(embedding), (int)net.InputSize, Tokens)); // [B, E]
        }
        else if (!TakesTokens)
        {
            Input = _program.Rows((int)net.InputSize);
            x = new ProgramRows<T>(_program, Input); // [B, I]
        }

        State = [.. Enumerable.Range(0, (int)net.NumLayers).Select(_ => net.StateSizes.Select(size => _program.Rows((int)size)).ToArray())];
        for (var layer = 0; layer < State.Length; layer++)
        {
            var (cell, state) = ((EquationCell)net.CellAt(layer), State[layer]);
            var weights = cell.Weights().Values();
            StepValue[] before = [.. state.Select(part => new ProgramRows<T>(_program, part))]; // [B, S]
            var after = StateNoise.Mean(before, cell.ForwardStep(cell.Project(x, weights), before, weights).After, net.Noise?.Rates ?? []); // [B, S]
            foreach (var (part, rows) in state.Index())
            {
                _program.Copy(ProgramRows<T>.RowsOf(after[part]), rows);
            }

            x = before[0]; // [B, H], h_t by now
        }

        Output = ProgramRows<T>.RowsOf(model is null ? x : x.Product(new TensorValue(model.Readout.Weight), new TensorValue(model.Readout.Bias))); // [B, O]
        _program.Ready();
    }

    /// <summary>Whether the input is token ids.</summary>
    public bool TakesTokens => Classes > 0;

    /// <summary>V; 0 for features.</summary>
    public long Classes { get; }

    /// <summary>The token ids of a step [B].</summary>
    public int[] Tokens { get; }

    /// <summary>The features of a step [B, I].</summary>
    public StepRows Input { get; }

    /// <summary>What a step gives [B, O].</summary>
    public StepRows Output { get; }

    /// <summary>Layers × parts × [B, S].</summary>
    public StepRows[][] State { get; }

    public void Run() => _program.Run();

    /// <returns>Parts [L, B, S].</returns>
    public RecurrentState Save()
    {
        using var scope = NewDisposeScope();
        return new RecurrentState([.. State[0].Select((rows, part) =>
        {
            var numbers = State.SelectMany(layer => Enumerable.Range(0, _program.Batch).SelectMany(row => StepProgram<T>.RowOf(layer[part], row).ToArray())).ToArray();
            return from_array(numbers).view(State.Length, _program.Batch, rows.Length); // [L, B, S]
        })]).MoveToOuterDisposeScope();
    }

    /// <param name="state">Parts [L, B, S] on the CPU.</param>
    public void Restore(RecurrentState state)
    {
        for (var part = 0; part < state.Count; part++)
        {
            var (numbers, size) = (ProgramRows<T>.NumbersOf(state[part]), State[0][part].Length);
            for (var at = 0; at < State.Length * _program.Batch; at++)
            {
                numbers.AsSpan(at * size, size).CopyTo(StepProgram<T>.RowOf(State[at / _program.Batch][part], at % _program.Batch));
            }
        }
    }

    private static void CheckNet(IRecurrentModule net)
    {
        var name = net.GetType().Name;
        if (net.NumDirections > 1)
        {
            throw new NotSupportedException($"Stepper: expected a net that reads forwards alone, got a bidirectional {name}, whose other direction begins at the end of the sequence.");
        }

        foreach (var layer in Enumerable.Range(0, (int)net.NumLayers))
        {
            if (net.CellAt(layer) is not EquationCell cell)
            {
                throw new NotSupportedException($"Stepper: expected cells of this library, got {name} with a {net.CellAt(layer).GetType().Name}, of which only its Step in tensors is known; call the cell for each step.");
            }

            ObjectDisposedException.ThrowIf(cell.weight_ih is not { IsInvalid: false }, net);
            var dtype = typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64;
            if (cell.weight_ih.dtype != dtype)
            {
                throw new NotSupportedException($"Stepper: expected weights of {dtype}, got {cell.weight_ih.dtype}; make a clone and convert it by .to(ScalarType.{dtype}).");
            }
        }
    }
}

/// <summary>Token ids as one-hot vectors, of which a step takes nothing but the product: a row of W' that is looked up.</summary>
internal sealed class TokenRows<T>(StepProgram<T> program, int[] tokens, long classes) : StepValue
    where T : unmanaged, INumberBase<T>
{
    public override long Length => classes;

    public override StepValue Product(StepValue weight, StepValue? plus = null)
    {
        var columns = TensorValue.Of(weight).t(); // [V, N]
        var table = plus is null ? columns : columns.Plus(TensorValue.Of(plus)); // [V, N]
        return new ProgramRows<T>(program, program.Lookup(ProgramRows<T>.NumbersOf(table), (int)table.size(1), tokens));
    }

    public override StepValue Normalised(StepValue? gain, StepValue? bias, double epsilon) => throw NoVector();

    public override StepValue[] Split(params long[] sizes) => throw NoVector();

    public override StepValue Join(params StepValue[] others) => throw NoVector();

    protected override StepValue Apply(StepOperation operation, StepValue? other = null) => throw NoVector();

    protected override StepValue Times(double factor) => throw NoVector();

    protected override StepValue From(double number) => throw NoVector();

    private static NotSupportedException NoVector() => new("input: expected a cell that takes nothing of its input but products with weights, got one that does more; embed the tokens.");
}

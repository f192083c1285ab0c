using System.Runtime.CompilerServices;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// One time step of a recurrence. Derive from it, override <see cref="Step"/>, and <see cref="Recurrent"/> unrolls the
/// cell over time, layers and directions.
/// </summary>
/// <remarks>
/// Register parameters as in any module (fields and <c>RegisterComponents()</c>, or <c>register_parameter</c>) in the
/// constructor. A cell is also a module of its own: <c>call(x, state)</c> checks its arguments and makes one step.
/// </remarks>
public abstract class RecurrentCell : nn.Module<Tensor, RecurrentState?, RecurrentState>
{
    /// <summary>Names the cell and fixes its sizes.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="inputSize">I, above zero.</param>
    /// <param name="hiddenSize">H, above zero.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    protected RecurrentCell(string name, long inputSize, long hiddenSize) : base(name)
    {
        InputSize = Check.Positive(inputSize, nameof(inputSize));
        HiddenSize = Check.Positive(hiddenSize, nameof(hiddenSize));
        StateSizes = [hiddenSize];
    }

    /// <summary>I: the last dimension of x.</summary>
    public long InputSize { get; }

    /// <summary>H: the last dimension of h.</summary>
    public long HiddenSize { get; }

    /// <summary>The last dimension of each part of the state; the first is H.</summary>
    public virtual IReadOnlyList<long> StateSizes { get; }

    /// <summary>One step of the recurrence.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="state">h [B, H] and the other parts, if any.</param>
    /// <returns>The next state, of the same shapes.</returns>
    public abstract RecurrentState Step(Tensor x, RecurrentState state);

    /// <summary>
    /// The part of the step that needs no state, for a whole sequence at once. Override it together with
    /// <see cref="StepProjected"/> to make one large product in place of T small ones; as it stands it returns its input.
    /// </summary>
    /// <param name="input">[T, B, I].</param>
    /// <returns>[T, B, P], for a P of the cell's choice.</returns>
    public virtual Tensor ProjectInput(Tensor input) => input;

    /// <summary>The rest of the step; as it stands it is <see cref="Step"/>.</summary>
    /// <param name="projected">[B, P]: one step of what <see cref="ProjectInput"/> returned.</param>
    /// <param name="state">The state before the step.</param>
    /// <returns>The state after the step.</returns>
    public virtual RecurrentState StepProjected(Tensor projected, RecurrentState state) => Step(projected, state);

    /// <summary>A state of zeros.</summary>
    /// <param name="batch">B.</param>
    /// <param name="dtype">The element type; float32 by default.</param>
    /// <param name="device">The device; the default one if null.</param>
    /// <returns>Parts [B, S].</returns>
    public RecurrentState ZeroState(long batch, ScalarType? dtype = null, Device? device = null) =>
        new([.. StateSizes.Select(size => zeros(batch, size, dtype: dtype, device: device))]); // [B, S]

    /// <summary>One checked step; <c>call</c> comes here and runs hooks as well.</summary>
    /// <param name="input">[B, I], or [I] for a single sequence, whose state has parts [S].</param>
    /// <param name="state">The state before the step; zeros if null.</param>
    /// <returns>The state after the step.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public sealed override RecurrentState forward(Tensor input, RecurrentState? state = null)
    {
        CheckStep(input, state, batched: false);
        using var scope = NewDisposeScope();
        return input.Dimensions == 1
            ? forward(input.unsqueeze(0), state?.Map(part => part.unsqueeze(0))).Map(part => part.squeeze(0)).KeepFrom(scope) // a batch of one
            : Step(input, state ?? ZeroState(input.size(0), input.dtype, input.device)).KeepFrom(scope);
    }

    /// <summary>Copies a state dict in, after checking that every shape is exactly the cell's own.</summary>
    /// <param name="source">Tensors under the cell's keys, as from nn.RNNCell, nn.LSTMCell or nn.GRUCell.</param>
    /// <param name="strict">Whether the keys must be exactly the cell's own.</param>
    /// <param name="skip">Keys to leave alone.</param>
    /// <returns>The missing and the unexpected keys.</returns>
    /// <exception cref="InvalidOperationException">Strict, and keys differ; the message names them.</exception>
    /// <exception cref="ArgumentException">A shape differs; the message names the key.</exception>
    public override (IList<string>, IList<string>) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        Check.StateDict(this, source, strict, skip);
        return base.load_state_dict(source, strict: false, skip); // strictly, the base asks for the same order too
    }

    /// <summary>Checks the arguments of a step: [B, I] and parts [B, S], or, where it need not be a batch, [I] and parts [S].</summary>
    internal void CheckStep(Tensor input, RecurrentState? state, bool batched = true, [CallerArgumentExpression(nameof(input))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(input, name);
        var shape = Check.ShapeOf(input);
        if ((shape.Length != 2 && (batched || shape.Length != 1)) || shape[^1] != InputSize)
        {
            var hint = shape.Length == 3 ? "; a cell makes one step, so give it one step of the sequence, or the whole to a module" : "";
            throw new ArgumentException($"{name}: expected [B, I]{(batched ? "" : " or [I]")} with I = {InputSize}, got {Check.Show(shape)}{hint}.");
        }

        Check.Like(this, input, name);
        state?.CheckParts([.. StateSizes.Select(size => (long[])[.. shape[..^1], size])], shape.Length == 1 ? "[H]" : "[B, H]", "0", input);
    }
}

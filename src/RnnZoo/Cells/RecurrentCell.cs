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
    /// <param name="x">[B, I].</param>
    /// <param name="state">The state before the step; zeros if null.</param>
    /// <returns>The state after the step.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public sealed override RecurrentState forward(Tensor x, RecurrentState? state = null)
    {
        CheckStep(x, state);
        using var scope = NewDisposeScope();
        return Step(x, state ?? ZeroState(x.shape[0], x.dtype, x.device)).KeepFrom(scope);
    }

    /// <summary>Checks the arguments of a step.</summary>
    internal void CheckStep(Tensor x, RecurrentState? state)
    {
        ArgumentNullException.ThrowIfNull(x);
        var shape = x.shape;
        if (shape.Length != 2 || shape[1] != InputSize)
        {
            throw new ArgumentException($"x: expected [B, I] with I = {InputSize}, got {Check.Show(shape)}.");
        }

        Check.Like(this, x, nameof(x));
        state?.CheckParts([.. StateSizes.Select(size => new[] { shape[0], size })], "[B, H]", "", x);
    }
}

using System.Runtime.CompilerServices;
using RnnZoo.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Modules;

/// <summary>A module whose state is h alone, with the arguments and results of nn.RNN and nn.GRU.</summary>
public abstract class HiddenStateModule : RecurrentModule<Tensor, (Tensor, Tensor)>
{
    private protected HiddenStateModule(string name, RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, NativeRecurrence? native = null)
        : base(name, layout, cells, native)
    {
    }

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first; [T, I] for a single sequence, which then has no B anywhere.</param>
    /// <param name="h0">[L·D, B, H]; zeros if null.</param>
    /// <returns>Output [T, B, D·H] (or [B, T, D·H]) and h_n [L·D, B, H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    [OverloadResolutionPriority(1)] // so that null is a state
    public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => Call(input, h0!, lengths: null);

    /// <summary>Runs sequences of several lengths, hooks included; the lengths go past them.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="lengths">[B] (int64): how many steps each sequence has, from 1 to T, in any order. What lies beyond is padding, without influence.</param>
    /// <param name="h0">[L·D, B, H]; zeros if null.</param>
    /// <returns>
    /// Output [T, B, D·H] (or [B, T, D·H]), zero in padding, and h_n [L·D, B, H], each sequence's after its own last step; the
    /// backward direction begins there.
    /// </returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, Tensor lengths, Tensor? h0 = null) => Call(input, h0!, lengths ?? throw new ArgumentNullException(nameof(lengths)));

    /// <summary>Runs packed sequences. Hooks, which take tensors, do not run.</summary>
    /// <param name="input">As from pack_padded_sequence; rows of I.</param>
    /// <param name="h0">[L·D, B, H], in the order that the sequences had before they were packed; zeros if null.</param>
    /// <returns>Output, packed as the input, rows of D·H, and h_n [L·D, B, H] in the order of h0.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (PackedSequence, Tensor) call(PackedSequence input, Tensor? h0 = null) => forward(input, h0);

    /// <inheritdoc cref="call(PackedSequence, Tensor?)"/>
    public (PackedSequence, Tensor) forward(PackedSequence input, Tensor? h0 = null)
    {
        var (output, state) = Forward(input, RecurrentState.Of(h0));
        return (output, state.Hidden);
    }

    /// <summary>Runs a sequence without hooks; arguments and results as in <see cref="call(Tensor, Tensor?)"/>.</summary>
    public override (Tensor, Tensor) forward(Tensor input, Tensor? h0 = null)
    {
        if (h0 is { dtype: ScalarType.Int64, Dimensions: 1 })
        {
            throw new ArgumentException($"h0: expected [L·D, B, H], got {Check.Show(h0.shape)} of dtype Int64; if these are lengths, say so: call(input, lengths: …).");
        }

        var (output, state) = Forward(input, RecurrentState.Of(h0));
        return (output, state.Hidden);
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null)
    {
        var (output, h) = call(input, RecurrentState.One(state));
        return new RecurrentResult(output, new RecurrentState(h));
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, Tensor lengths, RecurrentState? state = null)
    {
        var (output, h) = call(input, lengths, RecurrentState.One(state));
        return new RecurrentResult(output, new RecurrentState(h));
    }
}

/// <summary>A module whose state is h and c, with the arguments and results of nn.LSTM.</summary>
public abstract class CellStateModule : RecurrentModule<(Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
{
    private protected CellStateModule(string name, RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, NativeRecurrence? native = null)
        : base(name, layout, cells, native)
    {
    }

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first; [T, I] for a single sequence, which then has no B anywhere.</param>
    /// <param name="h0_c0">h_0 and c_0, each [L·D, B, H]; zeros if null.</param>
    /// <returns>Output [T, B, D·H] (or [B, T, D·H]), h_n and c_n [L·D, B, H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    [OverloadResolutionPriority(1)] // so that null is a state
    public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => Call(input, h0_c0, lengths: null);

    /// <summary>Runs sequences of several lengths, hooks included; the lengths go past them.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="lengths">[B] (int64): how many steps each sequence has, from 1 to T, in any order. What lies beyond is padding, without influence.</param>
    /// <param name="h0_c0">h_0 and c_0, each [L·D, B, H]; zeros if null.</param>
    /// <returns>
    /// Output [T, B, D·H] (or [B, T, D·H]), zero in padding, h_n and c_n [L·D, B, H], each sequence's after its own last step;
    /// the backward direction begins there.
    /// </returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor, Tensor) call(Tensor input, Tensor lengths, (Tensor, Tensor)? h0_c0 = null) => Call(input, h0_c0, lengths ?? throw new ArgumentNullException(nameof(lengths)));

    /// <summary>Runs packed sequences. Hooks, which take tensors, do not run.</summary>
    /// <param name="input">As from pack_padded_sequence; rows of I.</param>
    /// <param name="h0_c0">h_0 and c_0, each [L·D, B, H], in the order that the sequences had before they were packed; zeros if null.</param>
    /// <returns>Output, packed as the input, rows of D·H, h_n and c_n [L·D, B, H] in the order of h0_c0.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (PackedSequence, Tensor, Tensor) call(PackedSequence input, (Tensor, Tensor)? h0_c0 = null) => forward(input, h0_c0);

    /// <inheritdoc cref="call(PackedSequence, ValueTuple{Tensor, Tensor}?)"/>
    public (PackedSequence, Tensor, Tensor) forward(PackedSequence input, (Tensor, Tensor)? h0_c0 = null)
    {
        var (output, state) = Forward(input, RecurrentState.Of(h0_c0));
        return (output, state.Hidden, state.Cell);
    }

    /// <summary>Runs a sequence without hooks; arguments and results as in <see cref="call(Tensor, ValueTuple{Tensor, Tensor}?)"/>.</summary>
    public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
    {
        var (output, state) = Forward(input, RecurrentState.Of(h0_c0));
        return (output, state.Hidden, state.Cell);
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, RecurrentState? state = null)
    {
        var (output, h, c) = call(input, RecurrentState.Two(state));
        return new RecurrentResult(output, new RecurrentState(h, c));
    }

    /// <inheritdoc/>
    public override RecurrentResult Run(Tensor input, Tensor lengths, RecurrentState? state = null)
    {
        var (output, h, c) = call(input, lengths, RecurrentState.Two(state));
        return new RecurrentResult(output, new RecurrentState(h, c));
    }
}

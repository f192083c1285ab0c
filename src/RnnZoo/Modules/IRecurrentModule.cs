using System.Runtime.CompilerServices;
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>What every recurrent module of this library can do, whatever its tuples are.</summary>
public interface IRecurrentModule
{
    /// <summary>I.</summary>
    long InputSize { get; }

    /// <summary>H.</summary>
    long HiddenSize { get; }

    /// <summary>L.</summary>
    long NumLayers { get; }

    /// <summary>D: 2 if the sequence is also read backwards, else 1.</summary>
    int NumDirections { get; }

    /// <summary>Whether input and output are [B, T, ·] rather than [T, B, ·].</summary>
    bool BatchFirst { get; }

    /// <summary>The probability with which an output of a layer below the last is dropped in training.</summary>
    double Dropout { get; }

    /// <summary>The last dimension of each part of the state, h first.</summary>
    IReadOnlyList<long> StateSizes { get; }

    /// <summary>The path that was asked for.</summary>
    BackwardPath Backward { get; set; }

    /// <summary>
    /// The path that runs: <see cref="Backward"/> with Auto resolved for the parameters' device and element type as they are
    /// now. It can change when the module is converted, moved or traced.
    /// </summary>
    BackwardPath EffectiveBackward { get; }

    /// <summary>Whether <see cref="Backward"/> can be set to a path.</summary>
    /// <param name="path">The path.</param>
    bool Supports(BackwardPath path);

    /// <summary>The cell of a layer and direction. It belongs to the module: change values of its parameters only in place.</summary>
    RecurrentCell CellAt(int layer, int direction = 0);

    /// <summary>A state of zeros with the parameters' element type and device; parts [L·D, B, S].</summary>
    RecurrentState ZeroState(long batch);

    /// <summary>
    /// Makes an independent module of the same kind: layout, <see cref="Backward"/>, training mode, element type, device and
    /// <c>requires_grad</c> are the same, parameters and buffers are copied. Gradients, traces and hooks are not. A module made
    /// inside a dispose scope outlives it, and torch's generator stays as it is.
    /// </summary>
    /// <returns>The module, to be disposed by itself.</returns>
    /// <exception cref="InvalidOperationException">The factory of a <see cref="Recurrent"/> gives other cells than it did, or the same objects.</exception>
    IRecurrentModule Clone();

    /// <summary>
    /// Throws what went wrong in a backward pass of this module, where nothing may be thrown, and forgets it. The next
    /// forward pass does so too, and <see cref="RnnZoo.Bptt.Gradient.Backward"/>.
    /// </summary>
    void ThrowIfFailed();

    /// <summary>Runs a sequence, hooks included.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first; [T, I] for a single sequence, which then has no B anywhere.</param>
    /// <param name="state">The initial state; zeros if null.</param>
    /// <returns>The output at every step and the final state.</returns>
    [OverloadResolutionPriority(1)] // so that null is a state
    RecurrentResult Run(Tensor input, RecurrentState? state = null);

    /// <summary>Runs sequences of several lengths, hooks included; the lengths go past them.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="lengths">[B] (int64): how many steps each sequence has, from 1 to T, in any order. What lies beyond is padding, without influence.</param>
    /// <param name="state">The initial state; zeros if null.</param>
    /// <returns>The output at every step, zero in padding, and the final state, each sequence's after its own last step.</returns>
    RecurrentResult Run(Tensor input, Tensor lengths, RecurrentState? state = null);

    /// <summary>Makes steps one by one, in evaluation mode, without autograd.</summary>
    /// <param name="batch">B: how many sequences run side by side.</param>
    /// <returns>A stepper with a state of zeros, and the weights as they are now.</returns>
    /// <exception cref="ArgumentException">The batch is below 1.</exception>
    /// <exception cref="NotSupportedException">The net is bidirectional, is not of float32, or has a user's own cell.</exception>
    Stepper Stepper(int batch = 1) => new(this, model: null, batch);

    /// <summary>Draws recurrent dropout and zoneout for one direction of one layer, whose state has parts [B, S] or [1, B, S].</summary>
    internal StateNoise DrawNoise(BatchSizes sizes, RecurrentState state) => StateNoise.None;

    /// <summary>How much recurrent dropout and zoneout there is; null for a module that is not of this library.</summary>
    internal NoiseOptions? Noise => null;

    /// <summary>The hand-written path; null for a module that has none.</summary>
    internal HandWrittenRecurrence? HandWritten => null;

    /// <summary>Who asks for the norms of gradients; null for a module that shows none.</summary>
    internal NormObservers? Norms => null;
}

using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>A tape, cut into steps of the walk.</summary>
internal sealed class TapeFrames(LayerTape tape)
{
    private readonly Tensor[][] _states = [.. tape.States.Select(part => part.unbind(0))]; // parts × T × [B, H]
    private readonly Tensor[][] _kept = [.. tape.Kept.Select(kind => kind.unbind(0))]; // kinds × T × [B, H]

    public TapeFrame At(long step)
    {
        var t = tape.TimeOf(step);
        return new TapeFrame(StateAfter(step - 1), StateAfter(step), Array.ConvertAll(_kept, kind => kind[t]), tape.Weights);
    }

    private RecurrentState StateAfter(long step) =>
        step < 0 ? tape.Initial : new RecurrentState(Array.ConvertAll(_states, part => part[tape.TimeOf(step)]));
}

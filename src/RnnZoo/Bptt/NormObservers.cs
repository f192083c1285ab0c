using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Who asks a module for norms. Without anyone a forward pass costs one comparison.</summary>
internal sealed class NormObservers
{
    private INormObserver[] _observers = [];

    public bool Any => _observers.Length > 0;

    public void Add(INormObserver observer) => _observers = [.. _observers, observer];

    public void Remove(INormObserver observer) => _observers = [.. _observers.Where(other => !ReferenceEquals(other, observer))];

    /// <summary>The recording of a forward pass that begins; null if nobody wants one or no backward pass can follow.</summary>
    /// <param name="cells">Layer by layer and, in a layer, forwards before backwards.</param>
    /// <param name="steps">T.</param>
    public NormRecording? Begin(IReadOnlyList<RecurrentCell> cells, long steps)
    {
        if (_observers.Length == 0 || !is_grad_enabled())
        {
            return null;
        }

        INormObserver[] wanting = [.. _observers.Where(observer => observer.WantsNext())];
        return wanting.Length == 0 ? null : new NormRecording(cells, steps, wanting);
    }
}

using TorchSharp;

namespace RnnZoo.Tasks;

/// <summary>Sequences and the answers wanted.</summary>
/// <param name="Input">[T, B, I]: what the model reads.</param>
/// <param name="Target">What it should give; the task says in which shape.</param>
public sealed record SequenceBatch(torch.Tensor Input, torch.Tensor Target) : IDisposable
{
    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Input.Dispose();
        Target.Dispose();
    }
}

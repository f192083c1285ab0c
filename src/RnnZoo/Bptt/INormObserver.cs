namespace RnnZoo.Bptt;

/// <summary>Asks a module for the norms of its steps' gradients.</summary>
internal interface INormObserver
{
    /// <summary>Whether it wants each step's share of ∂L/∂W_hh as well.</summary>
    bool WantsShares { get; }

    /// <summary>A forward pass begins that a backward pass may follow.</summary>
    /// <returns>Whether it is to be recorded.</returns>
    bool WantsNext();

    /// <summary>A backward pass has reached a recording for the first time; it is being filled in.</summary>
    void OnReached(NormRecording recording);
}

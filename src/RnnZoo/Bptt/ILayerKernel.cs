namespace RnnZoo.Bptt;

/// <summary>An engine that reads raw CPU memory, and so cannot run on everything.</summary>
internal interface ILayerKernel : ILayerEngine
{
    /// <summary>Whether token ids [T, B] can stand for their one-hot vectors.</summary>
    bool TakesTokens { get; }

    /// <summary>Whether the state's parts, and what comes back of them, can be [1, B, H] too: that spares the tape four nodes in a module of one layer.</summary>
    bool TakesLayerAxis { get; }

    /// <summary>Whether it can run on these arguments; if not, the equations do, or say what is wrong.</summary>
    bool CanRun(LayerArguments arguments);
}

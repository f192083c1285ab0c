namespace RnnZoo.Characters;

/// <summary>Is told what happens in the training of a character model, on the thread that trains. Only a checkpoint's progress comes with its history.</summary>
public interface ICharacterTrainingObserver
{
    /// <summary>A step was taken.</summary>
    /// <param name="progress">How far the training has come.</param>
    /// <param name="loss">The step's mean loss, in nats per character.</param>
    void OnStep(CharacterProgress progress, double loss);

    /// <summary>The held-out text was measured.</summary>
    /// <param name="progress">How far the training has come.</param>
    /// <param name="measurement">What was measured.</param>
    /// <param name="isBest">Whether the weights are the best so far, to be kept.</param>
    void OnMeasurement(CharacterProgress progress, CharacterRecord measurement, bool isBest);

    /// <summary>A checkpoint was written.</summary>
    /// <param name="progress">What it holds.</param>
    void OnCheckpoint(CharacterProgress progress);
}

namespace RnnZoo.Bptt;

/// <summary>The gradients at every step of one direction of one layer, as a module's backward pass found them.</summary>
/// <param name="Layer">0 is the layer that reads the input.</param>
/// <param name="Direction">0 reads the sequence forwards, 1 backwards.</param>
/// <param name="Gradients">∂L/∂h_t, and ∂L/∂c_t of an LSTM, [T, B, H].</param>
public sealed record LayerStepGradients(int Layer, int Direction, StepGradients Gradients);

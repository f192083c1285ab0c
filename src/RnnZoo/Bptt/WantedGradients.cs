namespace RnnZoo.Bptt;

/// <summary>Which gradients a backward pass computes; what is not wanted costs nothing.</summary>
[Flags]
public enum WantedGradients
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>∂L/∂x_t of every step.</summary>
    Input = 1,

    /// <summary>∂L/∂W_ih.</summary>
    InputWeight = 2,

    /// <summary>∂L/∂W_hh.</summary>
    HiddenWeight = 4,

    /// <summary>∂L/∂b_ih.</summary>
    InputBias = 8,

    /// <summary>∂L/∂b_hh.</summary>
    HiddenBias = 16,

    /// <summary>∂L/∂h_0, and ∂L/∂c_0 of an LSTM.</summary>
    InitialState = 32,

    /// <summary>∂L/∂h_t, and ∂L/∂c_t of an LSTM, of every step, each in its two parts.</summary>
    Steps = 64,

    /// <summary>The gradients of what else a cell has besides W_ih, W_hh and their biases.</summary>
    Further = 128,

    /// <summary>All weights and biases.</summary>
    Parameters = InputWeight | HiddenWeight | InputBias | HiddenBias | Further,

    /// <summary>Everything.</summary>
    All = Input | Parameters | InitialState | Steps,
}

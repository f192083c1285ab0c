namespace RnnZoo.Kernels;

/// <summary>The recurrences that have kernels.</summary>
internal enum CellKind
{
    Tanh,
    Relu,
    Linear,
    ModRelu,
    Lstm,
    Gru,
    MinGru,
}

using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>Sees a named term of a backward equation and returns what is to stand in its place: the tests' way to plant errors.</summary>
internal delegate Tensor TermHook(string term, Tensor value);

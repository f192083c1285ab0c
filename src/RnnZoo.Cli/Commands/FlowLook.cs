namespace RnnZoo.Cli.Commands;

/// <summary>The gradient at every timestep of one training step.</summary>
/// <param name="Step">The training step, counted from 1.</param>
/// <param name="Loss">The loss of that step.</param>
/// <param name="Hidden">[T] ‖∂L/∂h_t‖, all of it.</param>
/// <param name="Recurrent">[T] the part of it that came back through time; zero at the last timestep.</param>
/// <param name="Cell">[T] ‖∂L/∂c_t‖ of an LSTM, else null.</param>
internal sealed record FlowLook(int Step, double Loss, IReadOnlyList<double> Hidden, IReadOnlyList<double> Recurrent, IReadOnlyList<double>? Cell);

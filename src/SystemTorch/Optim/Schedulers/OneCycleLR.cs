#nullable disable
namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                /// <summary>Up to max_lr, then down far below the start, the momentum the other way (Smith and Topin, 2018).</summary>
                public class OneCycleLR : LRScheduler
                {
                    private readonly int _totalSteps;
                    private readonly List<Phase> _phases = [];
                    private readonly AnnealStrategy _strategy;
                    private readonly bool _cycleMomentum;
                    private readonly double[] _peaks;
                    private readonly double[] _baseMomenta;
                    private readonly double[] _peakMomenta;
                    private readonly double _divFactor;
                    private readonly double _finalDivFactor;

                    public OneCycleLR(Optimizer optimizer, double max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3, AnnealStrategy anneal_strategy = AnnealStrategy.Cos, bool cycle_momentum = true, double base_momentum = 0.85, double max_momentum = 0.95, double div_factor = 25, double final_div_factor = 1e4, bool three_phase = false, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, Repeat(optimizer, max_lr), total_steps, epochs, steps_per_epoch, pct_start, anneal_strategy, cycle_momentum, Repeat(optimizer, base_momentum), Repeat(optimizer, max_momentum), div_factor, final_div_factor, three_phase, last_epoch, verbose)
                    {
                    }

                    public OneCycleLR(Optimizer optimizer, IEnumerable<double> max_lr, int total_steps = -1, int epochs = -1, int steps_per_epoch = -1, double pct_start = 0.3, AnnealStrategy anneal_strategy = AnnealStrategy.Cos, bool cycle_momentum = true, IEnumerable<double> base_momentum = null, IEnumerable<double> max_momentum = null, double div_factor = 25, double final_div_factor = 1e4, bool three_phase = false, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        _totalSteps = TotalSteps(total_steps, epochs, steps_per_epoch);
                        if (!(pct_start >= 0 && pct_start <= 1))
                        {
                            throw new ArgumentOutOfRangeException(nameof(pct_start), pct_start, $"pct_start: expected a share from 0 to 1, got {pct_start}.");
                        }

                        _strategy = anneal_strategy;
                        _divFactor = div_factor;
                        _finalDivFactor = final_div_factor;
                        _cycleMomentum = cycle_momentum;
                        _peaks = PerGroup(max_lr, nameof(max_lr));
                        _baseMomenta = PerGroup(base_momentum ?? Repeat(optimizer, 0.85), nameof(base_momentum));
                        _peakMomenta = PerGroup(max_momentum ?? Repeat(optimizer, 0.95), nameof(max_momentum));
                        if (cycle_momentum && optimizer.ParamGroups.Any(group => group is not (IMomentum or IBetas)))
                        {
                            throw new ArgumentException("cycle_momentum: expected an optimizer with momentum or betas.", nameof(cycle_momentum));
                        }

                        AddPhases(pct_start, three_phase);
                        if (last_epoch == -1)
                        {
                            SetInitialRates();
                        }

                        step();
                    }

                    /// <summary>How rates go from one value to the next.</summary>
                    public enum AnnealStrategy
                    {
                        Cos = 0,
                        Linear = 1,
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch > _totalSteps)
                        {
                            throw new InvalidOperationException($"OneCycleLR was made for {_totalSteps} steps and was stepped {_last_epoch + 1} times.");
                        }

                        double start = 0;
                        Phase phase = _phases[^1];
                        foreach (Phase candidate in _phases)
                        {
                            if (_last_epoch <= candidate.End || candidate == _phases[^1])
                            {
                                phase = candidate;
                                break;
                            }

                            start = candidate.End;
                        }

                        double share = (_last_epoch - start) / (phase.End - start);
                        if (_cycleMomentum)
                        {
                            SetMomenta(phase, share);
                        }

                        return _peaks.Select(peak => Between(RateAt(peak, phase.From), RateAt(peak, phase.To), share)).ToArray();
                    }

                    private void AddPhases(double pct_start, bool threePhase)
                    {
                        double rise = pct_start * _totalSteps;
                        _phases.Add(new Phase(rise - 1, Level.Start, Level.Peak));
                        if (threePhase)
                        {
                            _phases.Add(new Phase((2 * rise) - 2, Level.Peak, Level.Start));
                            _phases.Add(new Phase(_totalSteps - 1, Level.Start, Level.Floor));
                        }
                        else
                        {
                            _phases.Add(new Phase(_totalSteps - 1, Level.Peak, Level.Floor));
                        }
                    }

                    private void SetInitialRates()
                    {
                        int index = 0;
                        foreach (ILearningRateController group in _optimizer.ParamGroups)
                        {
                            group.InitialLearningRate = group.LearningRate = RateAt(_peaks[index], Level.Start);
                            _base_lrs[index] = group.InitialLearningRate;
                            index++;
                        }
                    }

                    private void SetMomenta(Phase phase, double share)
                    {
                        int index = 0;
                        foreach (ILearningRateController group in _optimizer.ParamGroups)
                        {
                            double momentum = Between(MomentumAt(index, phase.From), MomentumAt(index, phase.To), share);
                            if (group is IMomentum withMomentum)
                            {
                                withMomentum.Momentum = momentum;
                            }
                            else if (group is IBetas withBetas)
                            {
                                withBetas.Betas = (momentum, withBetas.Betas.Item2);
                            }

                            index++;
                        }
                    }

                    private double RateAt(double peak, Level level) => level switch
                    {
                        Level.Peak => peak,
                        Level.Start => peak / _divFactor,
                        _ => peak / _divFactor / _finalDivFactor,
                    };

                    private double MomentumAt(int group, Level level) => level == Level.Peak ? _baseMomenta[group] : _peakMomenta[group];

                    private double Between(double from, double to, double share)
                        => _strategy == AnnealStrategy.Linear
                            ? from + ((to - from) * share)
                            : to + ((from - to) / 2 * (1 + Math.Cos(Math.PI * share)));

                    private double[] PerGroup(IEnumerable<double> values, string name)
                    {
                        double[] all = [.. values];
                        return all.Length == _base_lrs.Count
                            ? all
                            : throw new ArgumentException($"{name}: expected one for each of the {_base_lrs.Count} parameter groups, got {all.Length}.", name);
                    }

                    private static int TotalSteps(int totalSteps, int epochs, int stepsPerEpoch)
                    {
                        int total = totalSteps > 0 ? totalSteps : epochs > 0 && stepsPerEpoch > 0 ? epochs * stepsPerEpoch : 0;
                        return total > 0
                            ? total
                            : throw new ArgumentException("total_steps: expected a positive number, or epochs and steps_per_epoch.", nameof(totalSteps));
                    }

                    private static IEnumerable<double> Repeat(Optimizer optimizer, double value)
                        => Enumerable.Repeat(value, optimizer.ParamGroups.Count());

                    private enum Level
                    {
                        Start,
                        Peak,
                        Floor,
                    }

                    private sealed record Phase(double End, Level From, Level To);
                }
            }
        }
    }
}

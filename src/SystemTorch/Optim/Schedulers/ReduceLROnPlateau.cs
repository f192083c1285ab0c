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
                /// <summary>Times factor when a metric has not improved for more than patience steps.</summary>
                public class ReduceLROnPlateau : LRScheduler
                {
                    private readonly bool _lowerIsBetter;
                    private readonly bool _relative;
                    private readonly double _factor;
                    private readonly double _threshold;
                    private readonly double _epsilon;
                    private readonly int _patience;
                    private readonly int _cooldown;
                    private readonly double[] _floors;
                    private double _best;
                    private int _badSteps;
                    private int _cooldownLeft;

                    public ReduceLROnPlateau(Optimizer optimizer, string mode = "min", double factor = 0.1, int patience = 10, double threshold = 1e-4, string threshold_mode = "rel", int cooldown = 0, IList<double> min_lr = null, double eps = 1e-8, bool verbose = false)
                        : base(optimizer, -1, verbose)
                    {
                        if (!(factor > 0 && factor < 1))
                        {
                            throw new ArgumentOutOfRangeException(nameof(factor), factor, $"factor: expected a number in (0, 1), got {factor}.");
                        }

                        _lowerIsBetter = OneOf(mode, nameof(mode), "min", "max");
                        _relative = OneOf(threshold_mode, nameof(threshold_mode), "rel", "abs");
                        _factor = factor;
                        _patience = patience;
                        _threshold = threshold;
                        _cooldown = cooldown;
                        _epsilon = eps;
                        _floors = FloorsFor(min_lr, _base_lrs.Count);
                        _best = _lowerIsBetter ? double.PositiveInfinity : double.NegativeInfinity;
                    }

                    public override void step() => throw MetricMissing();

                    public override void step(int? epoch) => throw MetricMissing();

                    /// <summary>Takes the metric of one epoch.</summary>
                    public override void step(double current, int? epoch = null)
                    {
                        _step_count++;
                        _last_epoch = epoch ?? (_last_epoch + 1);
                        if (IsBetter(current))
                        {
                            _best = current;
                            _badSteps = 0;
                        }
                        else
                        {
                            _badSteps++;
                        }

                        if (_cooldownLeft > 0)
                        {
                            _cooldownLeft--;
                            _badSteps = 0;
                        }

                        if (_badSteps > _patience)
                        {
                            SetRates([.. CurrentRates().Zip(_floors, Reduced)]);
                            _cooldownLeft = _cooldown;
                            _badSteps = 0;
                        }
                        else
                        {
                            _last_lrs = [.. CurrentRates()];
                        }
                    }

                    private double Reduced(double rate, double floor)
                    {
                        double reduced = Math.Max(rate * _factor, floor);
                        return rate - reduced > _epsilon ? reduced : rate;
                    }

                    private bool IsBetter(double value) => (_lowerIsBetter, _relative) switch
                    {
                        (true, true) => value < _best * (1 - _threshold),
                        (true, false) => value < _best - _threshold,
                        (false, true) => value > _best * (1 + _threshold),
                        (false, false) => value > _best + _threshold,
                    };

                    private static double[] FloorsFor(IList<double> floors, int groups)
                    {
                        if (floors is null)
                        {
                            return new double[groups];
                        }

                        return floors.Count == groups
                            ? [.. floors]
                            : throw new ArgumentException(
                                $"min_lr: expected one for each of the {groups} parameter groups, got {floors.Count}.", nameof(floors));
                    }

                    private static bool OneOf(string value, string name, string first, string second)
                        => value == first || (value == second
                            ? false
                            : throw new ArgumentException($"{name}: expected \"{first}\" or \"{second}\", got \"{value}\".", name));

                    private static InvalidOperationException MetricMissing()
                        => new("ReduceLROnPlateau needs the metric: call step(double current).");
                }
            }
        }
    }
}

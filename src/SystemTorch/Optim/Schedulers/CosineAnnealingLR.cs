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
                /// <summary>Half a cosine from the initial rate to eta_min in T_max epochs, and back (Loshchilov and Hutter, 2017).</summary>
                public class CosineAnnealingLR : LRScheduler
                {
                    private readonly double _period;
                    private readonly double _floor;

                    public CosineAnnealingLR(Optimizer optimizer, double T_max, double eta_min = 0, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        if (!(T_max > 0))
                        {
                            throw new ArgumentOutOfRangeException(nameof(T_max), T_max, $"T_max: expected a positive number, got {T_max}.");
                        }
                        _period = T_max;
                        _floor = eta_min;
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch == 0)
                        {
                            return CurrentRates();
                        }

                        if ((_last_epoch - 1 - _period) % (2 * _period) == 0)
                        {
                            // The rate before was eta_min: there is nothing to scale, so it rises by a difference.
                            double rise = (1 - Math.Cos(Math.PI / _period)) / 2;
                            return CurrentRates().Zip(_base_lrs, (rate, start) => rate + ((start - _floor) * rise));
                        }

                        double factor = (1 + Math.Cos(Math.PI * _last_epoch / _period)) / (1 + Math.Cos(Math.PI * (_last_epoch - 1) / _period));
                        return CurrentRates().Select(rate => (factor * (rate - _floor)) + _floor);
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => _base_lrs.Select(start => _floor + ((start - _floor) * (1 + Math.Cos(Math.PI * _last_epoch / _period)) / 2));
                }
            }
        }
    }
}

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
                /// <summary>Falls to zero as (1 - epoch / total_iters)^power.</summary>
                public class PolynomialLR : LRScheduler
                {
                    private readonly int _totalIters;
                    private readonly double _power;

                    public PolynomialLR(Optimizer optimizer, int total_iters = 5, double power = 1, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        if (total_iters < 1)
                        {
                            throw new ArgumentOutOfRangeException(nameof(total_iters), total_iters, $"total_iters: expected a positive number, got {total_iters}.");
                        }
                        _totalIters = total_iters;
                        _power = power;
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        if (_last_epoch == 0 || _last_epoch > _totalIters)
                        {
                            return CurrentRates();
                        }

                        double before = 1 - ((_last_epoch - 1.0) / _totalIters);
                        double now = 1 - ((double)_last_epoch / _totalIters);
                        return Scaled(Math.Pow(now / before, _power));
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => ScaledBase(Math.Pow(1 - ((double)Math.Min(_totalIters, _last_epoch) / _totalIters), _power));
                }
            }
        }
    }
}

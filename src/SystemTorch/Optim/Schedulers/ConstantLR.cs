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
                /// <summary>Times factor for the first total_iters epochs.</summary>
                public class ConstantLR : LRScheduler
                {
                    private readonly double _factor;
                    private readonly int _totalIters;

                    public ConstantLR(Optimizer optimizer, double factor = 1.0 / 3, int total_iters = 5, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        if (!(factor > 0 && factor <= 1))
                        {
                            throw new ArgumentOutOfRangeException(nameof(factor), factor, $"factor: expected a number in (0, 1], got {factor}.");
                        }
                        _factor = factor;
                        _totalIters = total_iters;
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                        => Scaled(_last_epoch == 0 ? _factor : _last_epoch == _totalIters ? 1 / _factor : 1);

                    protected override IEnumerable<double> get_closed_form_lr()
                        => ScaledBase(_last_epoch >= _totalIters ? 1 : _factor);
                }
            }
        }
    }
}

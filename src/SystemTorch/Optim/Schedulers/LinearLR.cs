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
                /// <summary>The factor goes in a straight line from start_factor to end_factor within total_iters epochs.</summary>
                public class LinearLR : LRScheduler
                {
                    private readonly double _start;
                    private readonly double _end;
                    private readonly int _totalIters;

                    public LinearLR(Optimizer optimizer, double start_factor = 1.0 / 3, double end_factor = 1, int total_iters = 5, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        if (!(start_factor > 0 && start_factor <= 1) || !(end_factor >= 0 && end_factor <= 1))
                        {
                            throw new ArgumentException(
                                $"start_factor, end_factor: expected (0, 1] and [0, 1], got {start_factor} and {end_factor}.");
                        }

                        if (total_iters < 1)
                        {
                            throw new ArgumentOutOfRangeException(nameof(total_iters), total_iters, $"total_iters: expected a positive number, got {total_iters}.");
                        }
                        _start = start_factor;
                        _end = end_factor;
                        _totalIters = total_iters;
                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        double slope = _end - _start;
                        return Scaled(
                            _last_epoch == 0 ? _start
                            : _last_epoch > _totalIters ? 1
                            : 1 + (slope / ((_totalIters * _start) + ((_last_epoch - 1) * slope))));
                    }

                    protected override IEnumerable<double> get_closed_form_lr()
                        => ScaledBase(_start + ((_end - _start) * Math.Min(_totalIters, _last_epoch) / _totalIters));
                }
            }
        }
    }
}

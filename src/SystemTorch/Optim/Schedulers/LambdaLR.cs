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
                /// <summary>The initial rate times a function of the epoch.</summary>
                public class LambdaLR : LRScheduler
                {
                    private readonly Func<int, double>[] _factors;

                    public LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false)
                        : this(optimizer, Enumerable.Repeat(lr_lambda, optimizer.ParamGroups.Count()), last_epoch, verbose)
                    {
                    }

                    public LambdaLR(Optimizer optimizer, IEnumerable<Func<int, double>> lr_lambdas, int last_epoch = -1, bool verbose = false)
                        : base(optimizer, last_epoch, verbose)
                    {
                        _factors = [.. lr_lambdas];
                        if (_factors.Length != _base_lrs.Count)
                        {
                            throw new ArgumentException(
                                $"lr_lambdas: expected one for each of the {_base_lrs.Count} parameter groups, got {_factors.Length}.", nameof(lr_lambdas));
                        }

                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                        => _base_lrs.Zip(_factors, (rate, factor) => rate * factor(_last_epoch));
                }
            }
        }
    }
}

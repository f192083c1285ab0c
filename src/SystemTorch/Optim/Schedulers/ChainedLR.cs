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
                /// <summary>Steps several schedules of the same optimizer together.</summary>
                public class ChainedLR : LRScheduler
                {
                    private readonly LRScheduler[] _schedulers;

                    public ChainedLR(IEnumerable<LRScheduler> schedulers)
                    {
                        _schedulers = [.. schedulers];
                        if (_schedulers.Length == 0 || _schedulers.Any(schedule => schedule._optimizer != _schedulers[0]._optimizer))
                        {
                            throw new ArgumentException("schedulers: expected one or more, all of the same optimizer.", nameof(schedulers));
                        }

                        _optimizer = _schedulers[0]._optimizer;
                        _last_lrs = [.. CurrentRates()];
                    }

                    public override void step()
                    {
                        foreach (LRScheduler schedule in _schedulers)
                        {
                            schedule.step();
                        }

                        _last_lrs = [.. CurrentRates()];
                    }
                }
            }
        }
    }
}

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
                /// <summary>One schedule after another, changing at the milestones; each starts anew at its epoch 0.</summary>
                public class SequentialLR : LRScheduler
                {
                    private readonly LRScheduler[] _schedulers;
                    private readonly int[] _milestones;

                    public SequentialLR(Optimizer optimizer, IEnumerable<LRScheduler> schedulers, IEnumerable<int> milestones, int last_epoch = -1)
                        : base(optimizer, last_epoch)
                    {
                        _schedulers = [.. schedulers];
                        _milestones = [.. milestones];
                        if (_schedulers.Length != _milestones.Length + 1 || _schedulers.Any(schedule => schedule._optimizer != optimizer))
                        {
                            throw new ArgumentException(
                                $"schedulers: expected {_milestones.Length + 1} (one more than milestones), all of this optimizer, got {_schedulers.Length}.",
                                nameof(schedulers));
                        }

                        // Their constructors have stepped: back to the start.
                        SetRates(_base_lrs);
                        foreach (LRScheduler schedule in _schedulers)
                        {
                            schedule._last_epoch--;
                        }

                        step();
                    }

                    protected override IEnumerable<double> get_lr()
                    {
                        int index = _milestones.Count(milestone => milestone <= _last_epoch);
                        if (index > 0 && _milestones[index - 1] == _last_epoch)
                        {
                            _schedulers[index].step(0);
                        }
                        else
                        {
                            _schedulers[index].step();
                        }

                        return CurrentRates();
                    }
                }
            }
        }
    }
}

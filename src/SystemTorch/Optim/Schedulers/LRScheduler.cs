#nullable disable
namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        /// <summary>Learning-rate schedules, one step per epoch or whatever the caller counts.</summary>
        public static partial class lr_scheduler
        {
            /// <summary>Base of the schedules. Making one takes the first step.</summary>
            public abstract class LRScheduler
            {
                protected int _step_count;
                internal Optimizer _optimizer;
                internal int _last_epoch = -1;
                internal bool _verbose;
                internal List<double> _base_lrs = [];
                internal List<double> _last_lrs = [];

                protected LRScheduler()
                {
                }

                protected LRScheduler(Optimizer optimizer, int last_epoch = -1, bool verbose = false)
                {
                    ArgumentNullException.ThrowIfNull(optimizer);
                    _optimizer = optimizer;
                    _last_epoch = last_epoch;
                    _verbose = verbose;
                    _base_lrs = [.. optimizer.ParamGroups.Select(group => group.InitialLearningRate)];
                    _last_lrs = [.. CurrentRates()];
                }

                public virtual void step() => step(null);

                /// <summary>Goes to the next epoch, or to a given one by the closed form.</summary>
                public virtual void step(int? epoch)
                {
                    _step_count++;
                    _last_epoch = epoch ?? (_last_epoch + 1);
                    // Some schedules change the optimizer as they compute: enumerated once.
                    double[] rates = [.. epoch.HasValue ? get_closed_form_lr() : get_lr()];
                    SetRates(rates);
                }

                /// <summary>As <see cref="step(int?)"/>; most schedules ignore the metric.</summary>
                public virtual void step(double current, int? epoch = null) => step(epoch);

                /// <summary>The rates of the last step, one per parameter group.</summary>
                public IEnumerable<double> get_last_lr() => _last_lrs;

                protected virtual IEnumerable<double> get_lr() => CurrentRates();

                protected virtual IEnumerable<double> get_closed_form_lr() => get_lr();

                internal IEnumerable<double> CurrentRates() => _optimizer.ParamGroups.Select(group => group.LearningRate);

                /// <summary>The current rates times a factor.</summary>
                internal IEnumerable<double> Scaled(double factor) => CurrentRates().Select(rate => rate * factor);

                /// <summary>The initial rates times a factor.</summary>
                internal IEnumerable<double> ScaledBase(double factor) => _base_lrs.Select(rate => rate * factor);

                internal void SetRates(IReadOnlyList<double> rates)
                {
                    int index = 0;
                    foreach (ILearningRateController group in _optimizer.ParamGroups.Take(_base_lrs.Count))
                    {
                        group.LearningRate = rates[index];
                        if (_verbose && rates[index] != _last_lrs[index])
                        {
                            Console.WriteLine($"Learning rate of group {index}: {rates[index]}");
                        }

                        _last_lrs[index] = rates[index];
                        index++;
                    }
                }
            }
        }
    }
}

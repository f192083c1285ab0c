using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

public partial class Adagrad
{
    public sealed class State : OptimizerState, IDisposable
    {
        public long step;
        public Tensor sum;

        public State(Parameter parameter)
            : base(parameter)
        {
        }

        public override void Initialize(OptimizerOptions options)
        {
            step = 0;
            Replace(ref sum, torch.full_like(_parameter, OptimizerOptions.As<Options>(options).initial_accumulator_value ?? 0));
        }

        public void Dispose()
        {
            Replace(ref sum, null);
        }

        public override void to(Device device)
        {
            Move(ref sum, device);
        }

        public override void SaveStateDict(BinaryWriter writer)
        {
            writer.Write(step);
            sum.Save(writer);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            step = reader.ReadInt64();
            sum.Load(reader);
        }

        public override void LoadStateDict(OptimizerState source)
        {
            var state = As<State>(source);
            step = state.step;
            CopyFrom(ref sum, state.sum);
        }

        public override bool ApproximatelyEquals(OptimizerState other)
            => other is State state
                && step == state.step
                && Close(sum, state.sum);
    }
}

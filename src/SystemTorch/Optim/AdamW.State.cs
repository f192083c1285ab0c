using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

public partial class AdamW
{
    public sealed class State : OptimizerState, IDisposable
    {
        public long step;
        public Tensor exp_avg;
        public Tensor exp_avg_sq;
        public Tensor max_exp_avg_sq;

        public State(Parameter parameter)
            : base(parameter)
        {
        }

        public override void Initialize(OptimizerOptions options)
        {
            step = 0;
            Replace(ref exp_avg, ZerosLike());
            Replace(ref exp_avg_sq, ZerosLike());
            Replace(ref max_exp_avg_sq, OptimizerOptions.As<Options>(options).amsgrad == true ? ZerosLike() : null);
        }

        public void Dispose()
        {
            Replace(ref exp_avg, null);
            Replace(ref exp_avg_sq, null);
            Replace(ref max_exp_avg_sq, null);
        }

        public override void to(Device device)
        {
            Move(ref exp_avg, device);
            Move(ref exp_avg_sq, device);
            Move(ref max_exp_avg_sq, device);
        }

        public override void SaveStateDict(BinaryWriter writer)
        {
            writer.Write(step);
            exp_avg.Save(writer);
            exp_avg_sq.Save(writer);
            SaveConditionalStateTensor(writer, max_exp_avg_sq);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            step = reader.ReadInt64();
            exp_avg.Load(reader);
            exp_avg_sq.Load(reader);
            LoadOptional(reader, ref max_exp_avg_sq);
        }

        public override void LoadStateDict(OptimizerState source)
        {
            var state = As<State>(source);
            step = state.step;
            CopyFrom(ref exp_avg, state.exp_avg);
            CopyFrom(ref exp_avg_sq, state.exp_avg_sq);
            CopyFrom(ref max_exp_avg_sq, state.max_exp_avg_sq);
        }

        public override bool ApproximatelyEquals(OptimizerState other)
            => other is State state
                && step == state.step
                && Close(exp_avg, state.exp_avg)
                && Close(exp_avg_sq, state.exp_avg_sq)
                && Close(max_exp_avg_sq, state.max_exp_avg_sq);

        /// <summary>The largest mean square so far, this step's included.</summary>
        internal Tensor LargestSecondMoment()
        {
            max_exp_avg_sq ??= ZerosLike();
            return max_exp_avg_sq.copy_(max_exp_avg_sq.maximum(exp_avg_sq));
        }
    }
}

using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

public partial class RMSProp
{
    public sealed class State : OptimizerState, IDisposable
    {
        public long step;
        public Tensor square_avg;
        public Tensor momentum_buffer;
        public Tensor grad_avg;

        public State(Parameter parameter)
            : base(parameter)
        {
        }

        public override void Initialize(OptimizerOptions options)
        {
            step = 0;
            Replace(ref square_avg, ZerosLike());
            Replace(ref momentum_buffer, OptimizerOptions.As<Options>(options).momentum > 0 ? ZerosLike() : null);
            Replace(ref grad_avg, OptimizerOptions.As<Options>(options).centered == true ? ZerosLike() : null);
        }

        public void Dispose()
        {
            Replace(ref square_avg, null);
            Replace(ref momentum_buffer, null);
            Replace(ref grad_avg, null);
        }

        public override void to(Device device)
        {
            Move(ref square_avg, device);
            Move(ref momentum_buffer, device);
            Move(ref grad_avg, device);
        }

        public override void SaveStateDict(BinaryWriter writer)
        {
            writer.Write(step);
            square_avg.Save(writer);
            SaveConditionalStateTensor(writer, momentum_buffer);
            SaveConditionalStateTensor(writer, grad_avg);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            step = reader.ReadInt64();
            square_avg.Load(reader);
            LoadOptional(reader, ref momentum_buffer);
            LoadOptional(reader, ref grad_avg);
        }

        public override void LoadStateDict(OptimizerState source)
        {
            var state = As<State>(source);
            step = state.step;
            CopyFrom(ref square_avg, state.square_avg);
            CopyFrom(ref momentum_buffer, state.momentum_buffer);
            CopyFrom(ref grad_avg, state.grad_avg);
        }

        public override bool ApproximatelyEquals(OptimizerState other)
            => other is State state
                && step == state.step
                && Close(square_avg, state.square_avg)
                && Close(momentum_buffer, state.momentum_buffer)
                && Close(grad_avg, state.grad_avg);
    }
}

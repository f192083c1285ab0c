using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

public partial class SGD
{
    public sealed class State : OptimizerState, IDisposable
    {
        public Tensor momentum_buffer;

        public State(Parameter parameter)
            : base(parameter)
        {
        }

        public override void Initialize(OptimizerOptions options)
        {
            Replace(ref momentum_buffer, null);
        }

        public void Dispose()
        {
            Replace(ref momentum_buffer, null);
        }

        public override void to(Device device)
        {
            Move(ref momentum_buffer, device);
        }

        public override void SaveStateDict(BinaryWriter writer)
        {
            SaveConditionalStateTensor(writer, momentum_buffer);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            LoadOptional(reader, ref momentum_buffer);
        }

        public override void LoadStateDict(OptimizerState source)
        {
            var state = As<State>(source);
            CopyFrom(ref momentum_buffer, state.momentum_buffer);
        }

        public override bool ApproximatelyEquals(OptimizerState other)
            => other is State state
                && Close(momentum_buffer, state.momentum_buffer);
    }
}

#nullable disable
namespace TorchSharp.Modules;

public partial class Adagrad
{
    public class Options : OptimizerOptions
    {
        public double? lr_decay;
        public double? initial_accumulator_value;
        public double? eps;
        public double? weight_decay;

        public Options()
        {
        }

        public override void SaveStateDict(BinaryWriter writer)
        {
            base.SaveStateDict(writer);
            writer.Write(lr_decay.Value);
            writer.Write(initial_accumulator_value.Value);
            writer.Write(eps.Value);
            writer.Write(weight_decay.Value);
        }

        public override void LoadStateDict(BinaryReader reader)
        {
            base.LoadStateDict(reader);
            lr_decay = reader.ReadDouble();
            initial_accumulator_value = reader.ReadDouble();
            eps = reader.ReadDouble();
            weight_decay = reader.ReadDouble();
        }

        public override void LoadStateDict(OptimizerOptions source)
        {
            var options = As<Options>(source);
            base.LoadStateDict(source);
            lr_decay = options.lr_decay;
            initial_accumulator_value = options.initial_accumulator_value;
            eps = options.eps;
            weight_decay = options.weight_decay;
        }
    }
}

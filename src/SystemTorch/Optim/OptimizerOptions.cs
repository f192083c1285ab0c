#nullable disable
namespace TorchSharp.Modules;

/// <summary>Settings of one parameter group; null stands for the optimizer's default.</summary>
public class OptimizerOptions
{
    public double? LearningRate { get; set; }

    public double InitialLearningRate { get; set; }

    public virtual void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(InitialLearningRate);
        writer.Write(LearningRate.Value);
    }

    public virtual void LoadStateDict(BinaryReader reader)
    {
        InitialLearningRate = reader.ReadDouble();
        LearningRate = reader.ReadDouble();
    }

    public virtual void LoadStateDict(OptimizerOptions source)
    {
        InitialLearningRate = source.InitialLearningRate;
        LearningRate = source.LearningRate;
    }

    internal static TOptions As<TOptions>(OptimizerOptions source)
        where TOptions : OptimizerOptions
        => source as TOptions
            ?? throw new ArgumentException($"source: expected options of the type {typeof(TOptions)}, got {source?.GetType().ToString() ?? "null"}.", nameof(source));
}

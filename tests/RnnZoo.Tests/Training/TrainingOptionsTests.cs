using RnnZoo.Training;

namespace RnnZoo.Tests.Training;

public class TrainingOptionsTests
{
    public static TheoryData<string, TrainingOptions> Wrong => new()
    {
        { "Steps: expected at least 0, got -1.", new() { Steps = -1 } },
        { "BatchSize: expected at least 1, got 0.", new() { BatchSize = 0 } },
        { "LearningRate: expected above 0 and finite, got 0.", new() { LearningRate = 0 } },
        { "LearningRate: expected above 0 and finite, got NaN.", new() { LearningRate = double.NaN } },
        { "ClipNorm: expected above 0, or null for no clipping, got -0.5.", new() { ClipNorm = -0.5 } },
        { "Curriculum on parity: expected at least 1 step, got 0.", new() { Curriculum = [new(0, new RnnZoo.Tasks.ParityTask(3))] } },
        { "EvaluateEvery: expected at least 1, got 0.", new() { EvaluateEvery = 0 } },
        { "EvaluationSequences: expected at least 1, got 0.", new() { EvaluationSequences = 0 } },
        { "FinalSequences: expected at least 1, got 0.", new() { FinalSequences = 0 } },
        { "StopAtMetric: expected above 0 and finite, or null, got 0.", new() { StopAtMetric = 0 } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Validate_WrongOption_IsNamed(string expected, TrainingOptions options)
        => Assert.StartsWith(expected, Assert.Throws<ArgumentOutOfRangeException>(options.Validate).Message, StringComparison.Ordinal);

    [Fact]
    public void Validate_Defaults_AreRight() => new TrainingOptions().Validate();
}

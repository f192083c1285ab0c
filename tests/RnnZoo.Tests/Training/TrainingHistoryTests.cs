using RnnZoo.Modules;
using RnnZoo.Notebooks;
using RnnZoo.Tasks;
using RnnZoo.Training;

namespace RnnZoo.Tests.Training;

public class TrainingHistoryTests
{
    [Fact]
    public void History_KeepsEveryStepAndMeasurement_AndShowsThem()
    {
        var history = Train("lstm", new CopyTask(2, 2), steps: 30);

        Assert.Equal(Enumerable.Range(1, 30), history.Steps.Select(step => step.Step));
        Assert.Equal([10, 20, 30, 30], history.Evaluations.Select(look => look.Step));
        Assert.Equal(history.Result!.Final, history.Evaluations[^1]);
        var picture = ValueFormatter.Format(history)["image/svg+xml"];
        Assert.Contains("lstm on the copy task (delay 2, symbols 2)", picture, StringComparison.Ordinal);
        Assert.Contains("lstm: 30 steps, ended by steps", picture, StringComparison.Ordinal);
        Assert.Contains("without memory: 0.693", picture, StringComparison.Ordinal); // 2 ln 8 / 6
    }

    [Fact]
    public void History_OfNothing_StillDraws()
    {
        Assert.Contains("not ended yet", ValueFormatter.Format(new TrainingHistory("none", new CopyTask(1)))["image/svg+xml"], StringComparison.Ordinal);
    }

    private static TrainingHistory Train(string model, ISequenceTask task, int steps)
    {
        using var net = SequenceModel.Create(model, task.InputSize, 8, task.OutputSize);
        var history = new TrainingHistory(model, task);
        new Trainer(net, task, new TrainingOptions { Steps = steps, BatchSize = 4, EvaluateEvery = 10, EvaluationSequences = 8, FinalSequences = 8 }, history).Run();
        return history;
    }
}

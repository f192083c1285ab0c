using RnnZoo.Modules;
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
        var picture = history.ToFigure().ToSvg();
        Assert.Contains("lstm on the copy task (delay 2, symbols 2)", picture, StringComparison.Ordinal);
        Assert.Contains("lstm: 30 steps, ended by steps", picture, StringComparison.Ordinal);
        Assert.Contains("without memory: 0.693", picture, StringComparison.Ordinal); // 2 ln 8 / 6
    }

    [Fact]
    public void History_OfNothing_StillDraws()
    {
        Assert.Contains("not ended yet", new TrainingHistory("none", new CopyTask(1)).ToFigure().ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public void History_OfAText_ShowsBitsPerCharacter()
    {
        var history = new TrainingHistory("kjv");
        history.OnStep(new StepRecord(50, 2.25, 0.5, 0.002, 1));
        history.OnEvaluation(new EvaluationRecord(100, 1.625, 2.345678, 0, 8, 2));
        history.OnStep(new StepRecord(200, 1.75, 0.25, 0.002, 3));
        history.OnEvaluation(new EvaluationRecord(200, 1.9, 2.75, 0, 8, 4));

        var picture = history.ToFigure().ToSvg();

        Assert.Contains("kjv, a text by characters", picture, StringComparison.Ordinal);
        Assert.Contains("loss, nats per character", picture, StringComparison.Ordinal);
        Assert.Contains("bits per character on the held-out text", picture, StringComparison.Ordinal);
        Assert.Contains("kjv: from 2.25 to 1.75.", picture, StringComparison.Ordinal);
        Assert.Contains("kjv: from 2.35 to 2.75.", picture, StringComparison.Ordinal);
        Assert.Contains("kjv: from 0.5 to 0.25.", picture, StringComparison.Ordinal);
    }

    private static TrainingHistory Train(string model, ISequenceTask task, int steps)
    {
        using var net = SequenceModel.Create(model, task.InputSize, 8, task.OutputSize);
        var history = new TrainingHistory(model, task);
        new Trainer(net, task, new TrainingOptions { Steps = steps, BatchSize = 4, EvaluateEvery = 10, EvaluationSequences = 8, FinalSequences = 8 }, history).Run();
        return history;
    }
}

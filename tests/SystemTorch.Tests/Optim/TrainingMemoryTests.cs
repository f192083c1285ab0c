using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Optim;

/// <summary>Training with a scope per step leaves nothing behind.</summary>
public class TrainingMemoryTests
{
    private const int WarmUp = 500;
    private const int Steps = 10_000;
    private const long MostGrowth = 16L << 20;

    [Fact]
    public void TenThousandSteps_OfLstmAndLinearWithAdam_KeepTensorsAndMemoryFlat()
    {
        using LSTM lstm = nn.LSTM(3, 7);
        using Linear readout = nn.Linear(7, 2);
        using Adam optimizer = optim.Adam(lstm.parameters().Concat(readout.parameters()), 1e-3);
        Parameter[] all = [.. optimizer.parameters()];
        for (int i = 0; i < WarmUp; i++)
        {
            TrainStep(lstm, readout, optimizer, all);
        }

        Settle();
        long tensors = Tensor.TotalCount;
        long memory = Environment.WorkingSet;
        for (int i = 0; i < Steps; i++)
        {
            TrainStep(lstm, readout, optimizer, all);
            Assert.Equal(tensors, Tensor.TotalCount);
        }

        Settle();
        long growth = Environment.WorkingSet - memory;
        Assert.True(growth < MostGrowth, $"resident memory grew by {growth >> 20} MiB in {Steps} steps; allowed are {MostGrowth >> 20}");
    }

    [Fact]
    public void OptimizerStep_WithoutAScopeAroundIt_LeavesNoTensorBehind()
    {
        Settle();
        using var parameter = new Parameter(randn(5, 3));
        using (Tensor gradient = randn(5, 3))
        {
            parameter.grad = gradient;
        }

        OptimizerHelper[] optimizers =
        [
            optim.SGD([parameter], 0.1, momentum: 0.9, weight_decay: 0.1, nesterov: true, dampening: 0),
            optim.Adam([parameter], weight_decay: 0.1, amsgrad: true, maximize: true),
            optim.AdamW([parameter], weight_decay: 0.1, amsgrad: true),
            optim.RMSProp([parameter], momentum: 0.9, centered: true, weight_decay: 0.1),
            optim.Adagrad([parameter], weight_decay: 0.1),
        ];
        foreach (OptimizerHelper optimizer in optimizers)
        {
            optimizer.step();
            long before = Tensor.TotalCount;
            for (int i = 0; i < 10; i++)
            {
                optimizer.step();
                optimizer.zero_grad();
                nn.utils.clip_grad_norm_([parameter], 0.1);
            }

            Assert.Equal(before, Tensor.TotalCount);
            optimizer.Dispose();
        }
    }

    [Fact]
    public void Disposal_OfOptimizerAndModules_FreesAllTheirTensors()
    {
        Settle();
        long before = Tensor.TotalCount;
        LSTM lstm = nn.LSTM(3, 7, numLayers: 2, bidirectional: true);
        Sequential head = nn.Sequential(nn.Linear(14, 5), nn.LayerNorm(5), nn.Dropout(), nn.Linear(5, 2));
        Adam optimizer = optim.Adam(lstm.parameters().Concat(head.parameters()), amsgrad: true);
        Assert.Equal(before + ((16 + 6) * 4), Tensor.TotalCount);
        optimizer.Dispose();
        head.Dispose();
        lstm.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    private static void TrainStep(LSTM lstm, Linear readout, Adam optimizer, Parameter[] all)
    {
        using var scope = NewDisposeScope();
        Tensor x = randn([5, 2, 3]); // [T, B, I]
        Tensor target = randn(2, 2);
        optimizer.zero_grad();
        (_, Tensor h, _) = lstm.call(x);
        nn.functional.mse_loss(readout.call(h[0]), target).backward();
        nn.utils.clip_grad_norm_(all, 1);
        optimizer.step();
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}

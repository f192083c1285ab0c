using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SystemTorch.Tests.NN;

/// <summary>Initial values: the same draws as the genuine libraries, and the properties that each function promises.</summary>
public class InitTests
{
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(42)]
    public void Modules_WithOneSeed_DrawTorchSharpsWeights(int seed)
    {
        JsonElement json = Reference.JsonOrSkip("torchsharp", "rng.json");
        Check(json, $"linear_4_3_{seed}", seed, () => nn.Linear(4, 3));
        Check(json, $"rnn_2_3_{seed}", seed, () => nn.RNN(2, 3));
        Check(json, $"lstm_2_3_{seed}", seed, () => nn.LSTM(2, 3));
        Check(json, $"gru_2_3_{seed}", seed, () => nn.GRU(2, 3));
        Check(json, $"embedding_3_4_{seed}", seed, () => nn.Embedding(3, 4));
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(42)]
    public void Functions_WithOneSeed_DrawTorchSharpsValues(int seed)
    {
        using DisposeScope scope = NewDisposeScope();
        JsonElement json = Reference.JsonOrSkip("torchsharp", "rng.json");
        manual_seed(seed);
        Expect.Same(Reference.Tensor(json.GetProperty($"xavier_uniform_{seed}")), nn.init.xavier_uniform_(empty(3, 4)));
        manual_seed(seed);
        Expect.Close(Reference.Tensor(json.GetProperty($"orthogonal_{seed}")), nn.init.orthogonal_(empty(4, 4)), 1e-6);
        manual_seed(seed);
        Expect.Same(Reference.Tensor(json.GetProperty($"dropout_{seed}")), nn.functional.dropout(ones(16), 0.5, training: true));
        manual_seed(seed);
        using Dropout module = nn.Dropout(0.5);
        Expect.Same(Reference.Tensor(json.GetProperty($"dropout_{seed}")), module.call(ones(16)));
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(3, 5)]
    public void Orthogonal_UnevenSizes_HasOrthonormalRowsOrColumns(long rows, long columns)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(7);
        Tensor w = nn.init.orthogonal_(empty(rows, columns, float64), gain: 2);
        Tensor product = rows > columns ? w.t().mm(w) : w.mm(w.t());
        Expect.Close(eye(Math.Min(rows, columns), dtype: float64) * 4, product, 1e-12);
    }

    [Fact]
    public void Eye_Sparse_Dirac_FillAsPromised()
    {
        using DisposeScope scope = NewDisposeScope();
        Expect.Same(eye(3, 5), nn.init.eye_(rand(3, 5)));

        Tensor sparse = nn.init.sparse_(ones(10, 7), 0.33);
        Tensor zeros = sparse.eq(0).sum(dim: 0); // [7]
        Assert.All(zeros.data<long>().ToArray(), count => Assert.Equal(4, count));

        Tensor dirac = nn.init.dirac_(rand(2, 3, 5)); // [out, in, width]
        Assert.Equal(2, dirac.sum().item<float>());
        Assert.Equal(1, dirac[0, 0, 2].item<float>());
        Assert.Equal(1, dirac[1, 1, 2].item<float>());
    }

    [Fact]
    public void TruncNormal_ManyDraws_StaysInsideAndHasTheMomentsOfTheCutNormal()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(11);
        Tensor drawn = nn.init.trunc_normal_(empty(200_000, dtype: float64), mean: 1, std: 2, a: -1, b: 3);
        Assert.True(drawn.min().item<double>() >= -1 && drawn.max().item<double>() <= 3);
        // Standard normal cut to [-1, 1]: variance 0.29112.
        Assert.Equal(1, drawn.mean().item<double>(), 0.01);
        Assert.Equal(4 * 0.29112, drawn.var().item<double>(), 0.01);
    }

    [Fact]
    public void Scaled_ManyDraws_HavePromisedBoundsAndDeviation()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(13);
        double bound = Math.Sqrt(6.0 / (300 + 500));
        Tensor uniform = nn.init.xavier_uniform_(empty(300, 500, float64));
        Assert.InRange(uniform.abs().max().item<double>(), 0.99 * bound, bound);
        Assert.Equal(Math.Sqrt(2.0 / 800), nn.init.xavier_normal_(empty(300, 500, float64)).std().item<double>(), 1e-3);
        Assert.Equal(
            Math.Sqrt(2.0 / 300),
            nn.init.kaiming_normal_(empty(300, 500, float64), mode: nn.init.FanInOut.FanOut, nonlinearity: nn.init.NonlinearityType.ReLU).std().item<double>(),
            1e-3);
        Assert.Equal(5.0 / 3, nn.init.calculate_gain(nn.init.NonlinearityType.Tanh));
        Assert.Equal(Math.Sqrt(2 / 1.04), nn.init.calculate_gain(nn.init.NonlinearityType.LeakyReLU, 0.2), 1e-15);
        Assert.Equal((3 * 5 * 7, 2 * 5 * 7), nn.init.CalculateFanInAndFanOut(empty(2, 3, 5, 7)));
    }

    [Fact]
    public void Functions_OnBadShapes_ThrowAndNameThem()
    {
        using Tensor vector = empty(3);
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => nn.init.xavier_uniform_(vector)).Message);
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => nn.init.orthogonal_(vector)).Message);
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => nn.init.eye_(vector)).Message);
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => nn.init.dirac_(vector)).Message);
    }

    private static void Check(JsonElement json, string key, int seed, Func<nn.Module> make)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(seed);
        using nn.Module module = make();
        Dictionary<string, Tensor> expected = Reference.Tensors(json.GetProperty(key));
        Assert.Equal(expected.Keys, module.state_dict().Keys);
        foreach ((string name, Tensor value) in expected)
        {
            Expect.Same(value, module.state_dict()[name], $"{key}: {name}");
        }
    }
}

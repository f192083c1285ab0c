using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

public class NetSizeTests
{
    public static TheoryData<string> Cells => [.. SequenceModel.Names];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Least_OfEveryCell_IsNeverMoreThanTheNetHas_AndWithinAFactorOfIt(string cell)
    {
        foreach (var (hidden, layers) in new[] { (1, 1), (17, 1), (5, 3), (131, 2) })
        {
            var task = new CopyTask(3);
            using var net = SequenceModel.Create(cell, task.InputSize, hidden, task.OutputSize, layers);
            AssertNear(NetSize.Least(new NetRecipe { Cell = cell, Hidden = hidden, Layers = layers }, task), net);

            foreach (var embedding in new[] { 0, 7 })
            {
                var shape = new CharacterModelShape { Cell = cell, Hidden = hidden, Layers = layers, Embedding = embedding };
                using var characters = new CharacterModel(RnnZoo.Characters.Vocabulary.Bytes, shape);
                AssertNear(NetSize.Least(shape, 256), characters.Net);
            }
        }
    }

    private static void AssertNear(UInt128 least, SequenceModel net)
    {
        var actual = net.parameters().Sum(parameter => parameter.numel());
        Assert.InRange(actual, (long)least, 8 * (long)least);
    }
}

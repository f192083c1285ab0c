using RnnZoo.Tasks;
using RnnZoo.Tests.Modules;

namespace RnnZoo.Tests.Tasks;

public class SequenceTasksTests
{
    public static TheoryData<string, string> SettingsByName => new()
    {
        { "copy", "delay=7 symbols=3" },
        { "copy-variable", "maxDelay=11 minDelay=5 symbols=3 padded=1" },
        { "selective-copy", "delay=7 symbols=3" },
        { "adding", "length=13" },
        { "temporal-order", "length=17" },
        { "parity", "length=5" },
        { "images", "length=17 permutation=3" },
    };

    [Theory]
    [MemberData(nameof(SettingsByName))]
    public void Create_FromASettingsText_TellsTheSameNameAndSettings(string name, string text)
    {
        using var folder = new TemporaryFolder();
        var data = SequenceTasks.ReadsFiles(name) ? TinyImages.Write(folder.Path) : null;
        var task = SequenceTasks.Create(name, Read(text), data);

        Assert.Equal(name, task.Name);
        Assert.Equal(text, string.Join(' ', task.Settings.Select(setting => $"{setting.Key}={setting.Value}")));
        Assert.Equal(SequenceTasks.SettingsOf(name).Select(setting => setting.Name), task.Settings.Keys);
        Assert.Equal(data, task.Data);
        var again = SequenceTasks.Create(task.Name, task.Settings, task.Data);
        Assert.Equal((task.GetType(), task.Length, task.Baseline), (again.GetType(), again.Length, again.Baseline));
    }

    [Fact]
    public void Names_AreAllCoveredByTheseTests()
        => Assert.Equal(SequenceTasks.Names, SettingsByName.Select(row => (string)row[0]));

    [Theory]
    [InlineData("copy", "delay=7", "delay=7 symbols=10")]
    [InlineData("copy-variable", "maxDelay=7", "maxDelay=7 minDelay=1 symbols=10 padded=0")]
    public void Create_WithoutWhatHasADefault_TakesIt(string name, string given, string expected)
        => Assert.Equal(expected, string.Join(' ', SequenceTasks.Create(name, Read(given)).Settings.Select(setting => $"{setting.Key}={setting.Value}")));

    [Theory]
    [InlineData("addition", "length=3", "name: expected a task (copy, copy-variable, selective-copy, adding, temporal-order, parity, images), got 'addition'.")]
    [InlineData("copy", "delay=3 length=5", "settings: expected only delay, symbols for 'copy', got 'length'.")]
    [InlineData("copy", "symbols=5", "settings: expected 'delay' for 'copy', got none; give it a whole number.")]
    [InlineData("copy", "delay=0", "delay: expected at least 1 (steps of delay), got 0.")]
    [InlineData("copy", "delay=5 symbols=-1", "symbols: expected at least 1 (symbols to remember), got -1.")]
    [InlineData("copy", "delay=9223372036854775807", "delay: expected at most 100000000, got 9223372036854775807.")]
    [InlineData("copy", "delay=5 symbols=-9223372036854775808", "symbols: expected at least 1, got -9223372036854775808.")]
    [InlineData("copy-variable", "maxDelay=5 minDelay=7", "maxDelay: expected at least 7 (steps of delay, not below minDelay), got 5.")]
    [InlineData("copy-variable", "maxDelay=5 minDelay=0", "minDelay: expected at least 1 (steps of delay), got 0.")]
    [InlineData("copy-variable", "maxDelay=5 padded=2", "padded: expected 0 to 1, got 2.")]
    [InlineData("adding", "length=1", "length: expected at least 2 (steps, one for each marker), got 1.")]
    [InlineData("temporal-order", "length=9", "length: expected at least 10 (steps), got 9.")]
    [InlineData("images", "length=11", "data: expected the folder with the files for 'images', got none.")]
    [InlineData("selective-copy", "delay=0", "delay: expected at least 1 (blanks among the symbols), got 0.")]
    [InlineData("parity", "length=0", "length: expected at least 1 (steps), got 0.")]
    public void Create_OfWhatIsWrong_NamesIt(string name, string settings, string expected)
        => Assert.StartsWith(expected, Assert.ThrowsAny<ArgumentException>(() => SequenceTasks.Create(name, Read(settings))).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_WithFilesOfATaskThatReadsNone_IsRefused()
        => Expect.Message<ArgumentException>("data: expected none for 'parity', got 'x'.", () => SequenceTasks.Create("parity", Read("length=3"), "x"));

    [Fact]
    public void SettingsOf_AnUnknownTask_IsRefused()
        => Expect.Message<ArgumentException>(
            "name: expected a task (copy, copy-variable, selective-copy, adding, temporal-order, parity, images), got ''.", () => SequenceTasks.SettingsOf(""));

    private static Dictionary<string, long> Read(string text)
        => text.Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => long.Parse(pair[1], System.Globalization.CultureInfo.InvariantCulture));
}

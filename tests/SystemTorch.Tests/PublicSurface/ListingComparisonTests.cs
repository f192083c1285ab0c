namespace SystemTorch.Tests.PublicSurface;

/// <summary>The comparison finds what is planted, and lets pass only what its rules let pass.</summary>
public class ListingComparisonTests
{
    private const string Listing = """
        Zoo.Module<T> :: CTOR protected Module(string name)
        Zoo.Module<T> :: METHOD public (long, T?)/*a,b*/ split<S>(T? input, S? other)
        Zoo.Module<T> :: METHOD public abstract T? forward(T? input)
        Zoo.Module<T> :: METHOD public void train(bool on = true)
        Zoo.Module<T> :: METHOD public IEnumerable<(string, T?)>/*name,value*/ items(bool recurse = true)
        Zoo.Module<T> :: METHOD public void grad(IList<Zoo.Tensor> outputs = null, Zoo.Tensor? seed = null, Zoo.Tensor start)
        Zoo.Module<T> :: PROP public Zoo.Tensor? weight { get; set; }
        Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T> : Zoo.Base<T, (int, int)>, IDisposable, IEnumerable<T> where T : class
        Zoo.Mode :: ENUM Mean = 1 (underlying int)
        Zoo.Mode :: TYPE public enum Zoo.Mode
        """;

    private static readonly ListingComparison s_comparison = new(Lines(Listing));

    [Theory]
    [InlineData("Zoo.Module<T> :: METHOD public abstract T forward(T input)")]
    [InlineData("Zoo.Module<T> :: METHOD public (long, T)/*a,b*/ split<S>(T? input, S other)")]
    [InlineData("Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T> : Zoo.Base<T, (int, int)>, IDisposable where T : class")]
    [InlineData("Zoo.Module<T> :: METHOD public void grad(IList<Zoo.Tensor>? outputs = null, Zoo.Tensor seed = null, Zoo.Tensor start)")]
    [InlineData("Zoo.Mode :: ENUM Mean = 1 (underlying int)")]
    public void Foreign_LineOfTheSubset_Passes(string line) => Assert.Empty(s_comparison.Foreign(Lines(line)));

    [Theory]
    [InlineData("Zoo.Module<T> :: METHOD public void train(bool on = false)", "METHOD public void train(bool on = true)")]
    [InlineData("Zoo.Module<T> :: METHOD public void train(bool mode = true)", "METHOD public void train(bool on = true)")]
    [InlineData("Zoo.Module<T> :: METHOD public virtual void train(bool on = true)", "METHOD public void train(bool on = true)")]
    [InlineData("Zoo.Module<T> :: METHOD public (long, T?)/*a,c*/ split<S>(T? input, S? other)", "split<S>")]
    [InlineData("Zoo.Module<T> :: METHOD public IEnumerable<(string, T)>/*name,value*/ items()", "items(bool recurse = true)")]
    [InlineData("Zoo.Module<T> :: METHOD public void grad(IList<Zoo.Tensor> outputs = null, Zoo.Tensor? seed = null, Zoo.Tensor? start)", "start)")]
    [InlineData("Zoo.Module<T> :: METHOD public void grad(IList<Zoo.Tensor?> outputs = null, Zoo.Tensor? seed = null, Zoo.Tensor start)", "start)")]
    [InlineData("Zoo.Module<T> :: CTOR public Module(string name)", "CTOR protected Module(string name)")]
    [InlineData("Zoo.Module<T> :: PROP public Zoo.Tensor weight { get; set; }", "Zoo.Tensor? weight")]
    [InlineData("Zoo.Module<T> :: PROP public Zoo.Tensor? weight { get; }", "{ get; set; }")]
    [InlineData("Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T> : IDisposable where T : class", "TYPE public abstract")]
    [InlineData("Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T> : Zoo.Base<T, (int, int)>, IList<T> where T : class", "TYPE")]
    [InlineData("Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T> : Zoo.Base<T, (int, int)>", "TYPE public abstract")]
    [InlineData("Zoo.Module<T> :: TYPE public class Zoo.Module<T> : Zoo.Base<T, (int, int)> where T : class", "TYPE public abstract")]
    [InlineData("Zoo.Mode :: ENUM Mean = 2 (underlying int)", "ENUM Mean = 1")]
    [InlineData("Zoo.Extra :: TYPE public class Zoo.Extra", "nothing, the listing has no type Zoo.Extra")]
    public void Foreign_PlantedDifference_IsFoundBesideItsNearest(string line, string nearest)
    {
        string found = Assert.Single(s_comparison.Foreign(Lines(line)));
        string[] parts = found.Split("\n    nearest: ");
        Assert.Equal(line, parts[0]);
        Assert.Contains(nearest, parts[1], StringComparison.Ordinal);
    }

    [Fact]
    public void MissingAbstract_TypeWithoutIt_IsFound()
    {
        const string Type = "Zoo.Module<T> :: TYPE public abstract class Zoo.Module<T>";
        const string Forward = "Zoo.Module<T> :: METHOD public abstract T? forward(T? input)";
        Assert.Equal(Forward, Assert.Single(s_comparison.MissingAbstract([.. Lines(Type)])));
        Assert.Empty(s_comparison.MissingAbstract([.. Lines(Type + "\n" + Forward)]));
        Assert.Empty(s_comparison.MissingAbstract([.. Lines("Zoo.Mode :: TYPE public enum Zoo.Mode")]));
    }

    private static IEnumerable<SurfaceLine> Lines(string text) => text.Split('\n').Select(SurfaceLine.Parse);
}

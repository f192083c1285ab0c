using SystemTorch.Tests.PublicSurface.Samples;

namespace SystemTorch.Tests.PublicSurface;

/// <summary>The renderer writes each kind of member as the listing does, and shows nothing that is not visible.</summary>
public class RendererTests
{
    private const string Space = "SystemTorch.Tests.PublicSurface.Samples.";

    [Fact]
    public void Render_AbstractClass_MatchesTheFormat() => Check(typeof(Shape),
        "TYPE public abstract class ~Shape : IDisposable",
        "CTOR protected Shape(string name = \"g\u00b5\", char upper = 'L', float eps = 1E-08, bool flag = true)",
        "FIELD public const double Tau = 6.25",
        "FIELD public static readonly string? Label",
        "FIELD protected (int, int?)[]/*start,end*/ ranges",
        "PROP public virtual int Count { get; protected set; }",
        "PROP public string this[params long[] indices] { get; }",
        "METHOD public abstract void Draw(~Colour colour = ~Colour.Green, ~Colour? other = ~Colour.Red, ~Colour? none = null)",
        "METHOD protected internal virtual bool TryGet(out List<string?>? value, ref double total, in int step)",
        "METHOD protected virtual void Dispose(bool disposing)",
        "METHOD public void Dispose()",
        "METHOD public override string ToString()",
        "METHOD public static (string, ~Shape?)/*name,shape*/ Named(IEnumerable<(~Shape, long)>/*first,*/ pairs)",
        "METHOD public static ~Shape op_Implicit((float, float) value)",
        "METHOD public static ~Shape op_Addition(~Shape left, ~Shape right)",
        "METHOD public void Paint(ReadOnlySpan<long> dims = default, System.Numerics.Complex[,]? data = null) [Obsolete]");

    [Fact]
    public void Render_GenericClass_MatchesTheFormat() => Check(typeof(Box<,>),
        "TYPE public sealed class ~Box<T, S> : List<Func<T, ValueTuple<T, S>?>>, ~IShape<T> where T : class, new() where S : struct",
        "CTOR public Box()",
        "PROP public double Side { get; set; }",
        "METHOD public T Area(T scale)",
        "METHOD public ValueTuple<T, S> Pair<K>(K key, S? size, ~Box<T, S>.Inner inner) where K : ~IShape<T>");

    [Fact]
    public void Render_NestedTypes_MatchTheFormat()
    {
        Check(typeof(Box<,>.Inner), "TYPE public sealed class ~Box<T, S>.Inner", "CTOR public Inner()", "FIELD public S Size");
        var handle = Assert.Single(SurfaceRenderer.Render(typeof(Shape).Assembly), l => l.Kind == "TYPE" && l.Text.Contains("Handle"));
        Assert.Equal($"protected sealed class {Space}Shape.Handle", handle.Text);
    }

    [Fact]
    public void Render_InterfaceEnumDelegateAndExtension_MatchTheFormat()
    {
        Check(typeof(IShape<>),
            "TYPE public interface ~IShape<T>",
            "PROP public abstract double Side { get; set; }",
            "METHOD public abstract T? Area(T? scale)");
        Check(typeof(Colour),
            "TYPE public enum ~Colour", "ENUM Red = 0 (underlying byte)", "ENUM Green = 5 (underlying byte)");
        Check(typeof(Allocate), "TYPE public delegate nint ~Allocate(int id, nint length)");
        Check(typeof(ShapeExtensions),
            "TYPE public static class ~ShapeExtensions",
            "METHOD public static K? Same<K>(this K? shape, params ~Shape[] others)");
    }

    private static void Check(Type type, params string[] expected) =>
        Assert.Equal(
            expected.Select(line => line.Replace("~", Space)).Order(StringComparer.Ordinal),
            SurfaceRenderer.Render(type).Select(line => $"{line.Kind} {line.Text}").Order(StringComparer.Ordinal));
}

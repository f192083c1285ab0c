namespace SystemTorch.Tests.PublicSurface.Samples;

// One member for each rule of the listing's format. The test of the renderer holds the expected lines.
public interface IShape<T>
{
    T Area(T scale);

    double Side { get; set; }
}

public enum Colour : byte
{
    Red,
    Green = 5,
}

public delegate nint Allocate(int id, nint length);

public abstract class Shape : IDisposable
{
    public const double Tau = 6.25;
    public static readonly string? Label = null;
    protected (int start, int? end)[] ranges = [];

    protected Shape(string name = "g\u00b5", char upper = 'L', float eps = 1e-8f, bool flag = true) =>
        _ = (name, upper, eps, flag);

    private protected Shape(int hidden) => _ = hidden;

    public virtual int Count { get; protected set; }

    public string this[params long[] indices] => string.Concat(indices);

    public abstract void Draw(Colour colour = Colour.Green, Colour? other = Colour.Red, Colour? none = null);

    protected internal virtual bool TryGet(out List<string?>? value, ref double total, in int step)
    {
        value = null;
        return total > step;
    }

    protected virtual void Dispose(bool disposing) => _ = disposing;

    public void Dispose() => Dispose(true);

    public override string ToString() => "";

    public static (string name, Shape? shape) Named(IEnumerable<(Shape first, long)> pairs) => (pairs.ToString()!, null);

    public static implicit operator Shape((float, float) value) => throw new NotSupportedException(value.ToString());

    public static Shape operator +(Shape left, Shape right) => left.Count > right.Count ? left : right;

    [Obsolete("use Draw")]
    public void Paint(ReadOnlySpan<long> dims = default, System.Numerics.Complex[,]? data = null) => _ = (dims.Length, data);

    protected sealed class Handle(nint value)
    {
        public nint Value { get; private set; } = value;
    }
}

public sealed class Box<T, S> : List<Func<T, (T, S)?>>, IShape<T>
    where T : class, new()
    where S : unmanaged
{
    public double Side { get; set; }

    public T Area(T scale) => scale;

    public (T, S) Pair<K>(K key, S? size, Inner inner) where K : IShape<T> => (key.Area(new T()), size ?? inner.Size);

    public sealed class Inner
    {
        public S Size;
    }
}

public static class ShapeExtensions
{
    public static K Same<K>(this K shape, params Shape[] others) => others.Length == 0 ? shape : shape;
}

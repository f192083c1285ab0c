namespace RnnZoo.Gradients;

/// <summary>A floating-point number of some precision, with the two loops in which all time is spent.</summary>
internal interface IReal<T>
    where T : struct, IReal<T>
{
    /// <summary>The distance from 1 to the next number.</summary>
    static abstract double Epsilon { get; }

    static abstract T From(double value);

    /// <summary>The nearest double.</summary>
    static abstract double Round(T value);

    static abstract T operator +(T left, T right);

    static abstract T operator -(T left, T right);

    static abstract T operator *(T left, T right);

    static abstract T operator /(T left, T right);

    static abstract T Sqrt(T value);

    /// <summary>The value times a power of two that is itself a normal double or zero.</summary>
    static abstract T TimesPower(T value, double power);

    static abstract T Dot(ReadOnlySpan<T> left, ReadOnlySpan<T> right);

    static abstract T Dot(ReadOnlySpan<double> left, ReadOnlySpan<T> right);

    /// <summary>target += factor · values.</summary>
    static abstract void AddScaled(Span<T> target, T factor, ReadOnlySpan<T> values);
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace RnnZoo.Gradients;

/// <summary>A double: 53 bits.</summary>
internal readonly record struct Float64(double Value) : IReal<Float64>
{
    public static double Epsilon => 2.220446049250313e-16; // 2^-52

    public static Float64 From(double value) => new(value);

    public static double Round(Float64 value) => value.Value;

    public static Float64 operator +(Float64 left, Float64 right) => new(left.Value + right.Value);

    public static Float64 operator -(Float64 left, Float64 right) => new(left.Value - right.Value);

    public static Float64 operator *(Float64 left, Float64 right) => new(left.Value * right.Value);

    public static Float64 operator /(Float64 left, Float64 right) => new(left.Value / right.Value);

    public static Float64 Sqrt(Float64 value) => new(Math.Sqrt(value.Value));

    public static Float64 TimesPower(Float64 value, double power) => new(value.Value * power);

    public static Float64 Dot(ReadOnlySpan<Float64> left, ReadOnlySpan<Float64> right) => Dot(Doubles(left), right);

    public static Float64 Dot(ReadOnlySpan<double> left, ReadOnlySpan<Float64> right) => new(Dot(left, Doubles(right)));

    public static void AddScaled(Span<Float64> target, Float64 factor, ReadOnlySpan<Float64> values) =>
        AddScaled(MemoryMarshal.Cast<Float64, double>(target), factor.Value, Doubles(values));

    /// <summary>Σ left[i] right[i], summed in several lanes.</summary>
    public static double Dot(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var (first, second) = (Vector<double>.Zero, Vector<double>.Zero);
        var lefts = MemoryMarshal.Cast<double, Vector<double>>(left);
        var rights = MemoryMarshal.Cast<double, Vector<double>>(right);
        var index = 0;
        for (; index + 1 < lefts.Length && index + 1 < rights.Length; index += 2)
        {
            first += lefts[index] * rights[index];
            second += lefts[index + 1] * rights[index + 1];
        }

        var sum = Vector.Sum(first + second);
        for (index *= Vector<double>.Count; index < left.Length; index++)
        {
            sum += left[index] * right[index];
        }

        return sum;
    }

    /// <summary>target += factor · values.</summary>
    public static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> values)
    {
        var targets = MemoryMarshal.Cast<double, Vector<double>>(target);
        var sources = MemoryMarshal.Cast<double, Vector<double>>(values);
        var index = 0;
        for (; index < targets.Length && index < sources.Length; index++)
        {
            targets[index] += factor * sources[index];
        }

        for (index *= Vector<double>.Count; index < target.Length; index++)
        {
            target[index] += factor * values[index];
        }
    }

    private static ReadOnlySpan<double> Doubles(ReadOnlySpan<Float64> values) => MemoryMarshal.Cast<Float64, double>(values);
}

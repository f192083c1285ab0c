using System.Numerics;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>A step as instructions of a program.</summary>
internal sealed class ProgramRows<T>(StepProgram<T> program, StepRows rows) : StepValue
    where T : unmanaged, INumberBase<T>
{
    private StepValue? _mean;
    private StepValue? _scale; // for the ε of the first call: a net has one

    public override long Length => rows.Length;

    public static StepRows RowsOf(StepValue value) => ((ProgramRows<T>)value).Rows;

    /// <summary>A tensor's elements, row by row.</summary>
    public static T[] NumbersOf(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().contiguous().data<T>().ToArray();
    }

    private StepRows Rows => rows;

    public override StepValue Product(StepValue weight, StepValue? plus = null) => Times(TensorValue.Of(weight), plus);

    public override StepValue Through(StepValue weight, StepValue? plus = null) => Times(TensorValue.Of(weight).t(), plus);

    public override StepValue RowMean() => _mean ??= New(program.RowMean(rows));

    public override StepValue RowScale(double epsilon) => _scale ??= New(program.RowScale(rows, RowsOf(RowMean()), epsilon));

    public override StepValue Filled(double number) => New(Constant(number, Length));

    public override StepValue Normalised(StepValue? gain, StepValue? bias, double epsilon)
    {
        var normal = (this - RowMean()) / RowScale(epsilon);
        var scaled = gain is null ? normal : normal * gain;
        return bias is null ? scaled : scaled + bias;
    }

    // By σ(b) / σ(a) = (1 + e^-a) / (1 + e^-b), every term over the largest of them: three powers and no logarithm.
    public override (StepValue A, StepValue B) SigmoidShares(StepValue b)
    {
        var (shutA, shutB) = (this * -1, b * -1);
        var most = New(program.Apply(StepOperation.Max, RowsOf(shutA), RowsOf(shutB))).AtLeast(0) * -1;
        var down = most.AtLeast(typeof(T) == typeof(float) ? -3e38 : -1e308); // ∞ - ∞ is no number, and one gate alone may be shut so far
        var (one, unit) = (Filled(1), down.Exp());
        var (byA, byB) = (unit + (shutA + down).Exp(), unit + (shutB + down).Exp());
        return (one / (one + (byA / byB)), one / (one + (byB / byA)));
    }

    public override StepValue[] Split(params long[] sizes)
    {
        var at = 0L;
        return Array.ConvertAll(sizes, size =>
        {
            var part = New(rows.Part<T>((nint)at, (int)size));
            at += size;
            return part;
        });
    }

    public override StepValue Join(params StepValue[] others) => New(program.Join([rows, .. others.Select(Operand)]));

    protected override StepValue Apply(StepOperation operation, StepValue? other = null) =>
        New(program.Apply(operation, rows, other is null ? null : Operand(other)));

    protected override StepValue Times(double factor) => New(program.Apply(StepOperation.Mul, rows, Constant(factor, Length)));

    protected override StepValue From(double number) => New(program.Apply(StepOperation.Sub, Constant(number, Length), rows));

    private unsafe StepValue Times(Tensor matrix, StepValue? plus) // [N, n]
    {
        using var scope = NewDisposeScope();
        var local = matrix.detach().cpu(); // [N, n]
        local = local.stride(0) == 1 || local.stride(1) == 1 ? local : local.contiguous();
        var made = program.Product(rows, (T*)TensorMemory.Address(local), (nint)local.stride(0), (nint)local.stride(1), plus is null ? Constant(0, local.size(0)) : Operand(plus));
        GC.KeepAlive(local);
        return New(made);
    }

    private StepValue New(StepRows made) => new ProgramRows<T>(program, made);

    private StepRows Operand(StepValue value) => value is TensorValue ? program.Constant(NumbersOf(TensorValue.Of(value))) : RowsOf(value);

    private StepRows Constant(double number, long length)
    {
        var row = new T[length];
        Array.Fill(row, T.CreateChecked(number));
        return program.Constant(row);
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using RnnZoo.Kernels;
using RnnZoo.Tests.Plots;

namespace RnnZoo.Tests.Kernels;

/// <summary>Runs the kernels on a layer's data, with output rows wider than H as a bidirectional layer has them.</summary>
internal sealed unsafe class KernelRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerShape shape;
    private readonly Dictionary<string, GuardedArray<T>> arrays = [];
    private readonly List<GuardedArray<double>> norms = [];
    private readonly int rowStride;
    private readonly VectorWidth width;
    private long* tokens;
    private readonly ForwardArguments<T> forward;

    public KernelRun(LayerShape shape, LayerData data, int threads, VectorWidth width, bool keepTape = true)
    {
        (this.shape, this.width) = (shape, width);
        rowStride = (2 * shape.Hidden) + 3;
        forward = new ForwardArguments<T>
        {
            X = data.Tokens is null ? In("x", data.X) : null,
            Tokens = Tokens(data.Tokens),
            XStepStride = data.Tokens is null ? shape.Batch * shape.Input : 1,
            XBatchStride = data.Tokens is null ? shape.Input : shape.Steps,
            WeightIh = In("weight_ih", data.WeightIh),
            WeightHh = In("weight_hh", data.WeightHh),
            BiasIh = In("bias_ih", data.BiasIh),
            BiasHh = In("bias_hh", data.BiasHh),
            ActivationBias = In("activation_bias", data.ActivationBias),
            H0 = In("h0", data.H0),
            C0 = In("c0", data.C0),
            Output = Out("output", OutputCount),
            OutputStepStride = shape.Batch * rowStride,
            OutputBatchStride = rowStride,
            HN = Out("hN", data.HN.Length),
            CN = Out("cN", data.CN.Length),
            Tape = keepTape ? Out("tape", (int)RecurrentKernel.TapeElements<T>(shape, width)) : null,
        };
        RecurrentKernel.Forward(shape, forward, threads, width);
    }

    private int OutputCount => (((shape.Steps * shape.Batch) - 1) * rowStride) + shape.Hidden;

    public double[] Output => Dense("output");

    public double[] HN => arrays["hN"].ToDoubles();

    public double[] CN => arrays["cN"].ToDoubles();

    /// <summary>What a gap between output rows holds: NaN unless it was written to.</summary>
    public bool GapsUntouched()
    {
        var all = arrays["output"].ToDoubles();
        return Enumerable.Range(0, all.Length).All(i => i % rowStride < shape.Hidden || double.IsNaN(all[i]));
    }

    public KernelGradients Backward(KernelCotangents cotangents, int threads, Wanted wanted)
    {
        var d = new KernelGradients(shape);
        GuardedArray<T>? Target(Wanted what, double[] like) => wanted.HasFlag(what) ? new GuardedArray<T>(like.Length) : null;
        using var dX = Target(Wanted.DX, d.DX);
        using var dWeightIh = Target(Wanted.DWeightIh, d.DWeightIh);
        using var dWeightHh = Target(Wanted.DWeightHh, d.DWeightHh);
        using var dBiasIh = Target(Wanted.DBiasIh, d.DBiasIh);
        using var dBiasHh = Target(Wanted.DBiasHh, d.DBiasHh);
        using var dActivationBias = Target(Wanted.DActivationBias, d.DActivationBias);
        using var dH0 = Target(Wanted.DH0, d.DH0);
        using var dC0 = Target(Wanted.DC0, d.DC0);
        var before = norms.Count;
        var arguments = new BackwardArguments<T>
        {
            Forward = forward,
            DOutput = In("dOutput", cotangents.DOutput),
            DOutputStepStride = shape.Batch * shape.Hidden,
            DOutputBatchStride = shape.Hidden,
            DHN = In("dHN", cotangents.DHN),
            DCN = In("dCN", cotangents.DCN),
            DX = Address(dX),
            DXStepStride = shape.Batch * shape.Input,
            DXBatchStride = shape.Input,
            DWeightIh = Address(dWeightIh),
            DWeightHh = Address(dWeightHh),
            DBiasIh = Address(dBiasIh),
            DBiasHh = Address(dBiasHh),
            DActivationBias = Address(dActivationBias),
            DH0 = Address(dH0),
            DC0 = Address(dC0),
            NormDH = Norms(wanted, Wanted.Norms),
            NormDHFromFuture = Norms(wanted, Wanted.Norms),
            NormDC = Norms(wanted, Wanted.Norms),
            NormDCFromFuture = Norms(wanted, Wanted.Norms),
            NormDWeightHh = Norms(wanted, Wanted.Shares),
        };
        RecurrentKernel.Backward(shape, arguments, threads, width);

        Take(dX, d.DX);
        Take(dWeightIh, d.DWeightIh);
        Take(dWeightHh, d.DWeightHh);
        Take(dBiasIh, d.DBiasIh);
        Take(dBiasHh, d.DBiasHh);
        Take(dActivationBias, d.DActivationBias);
        Take(dH0, d.DH0);
        Take(dC0, d.DC0);
        double[][] targets =
        [
            .. wanted.HasFlag(Wanted.Norms) ? new[] { d.SquaredNormDH, d.SquaredNormDHFromFuture, d.SquaredNormDC, d.SquaredNormDCFromFuture } : [],
            .. wanted.HasFlag(Wanted.Shares) ? new[] { d.SquaredShares } : [],
        ];
        Assert.Equal(targets.Length, norms.Count - before);
        foreach (var (target, array) in targets.Zip(norms.Skip(before)))
        {
            array.ToDoubles().Select(norm => norm * norm).ToArray().CopyTo(target, 0);
        }

        AssertGuards();
        return d;
    }

    public void AssertGuards()
    {
        foreach (var (name, array) in arrays)
        {
            array.AssertGuards(name);
        }

        norms.ForEach(array => array.AssertGuards("norms"));
    }

    public void Dispose()
    {
        foreach (var array in arrays.Values)
        {
            array.Dispose();
        }

        norms.ForEach(array => array.Dispose());
        NativeMemory.Free(tokens);
    }

    private static T* Address(GuardedArray<T>? array) => array is null ? null : array.Pointer;

    private static void Take(GuardedArray<T>? array, double[] target)
    {
        array?.AssertGuards("gradient");
        array?.ToDoubles().CopyTo(target, 0);
    }

    private T* In(string name, double[]? values)
    {
        if (values is null)
        {
            return null;
        }

        if (arrays.Remove(name, out var old))
        {
            old.Dispose();
        }

        return (arrays[name] = new GuardedArray<T>(values)).Pointer;
    }

    // Batch first, so that both strides count.
    private long* Tokens(int[]? ids)
    {
        if (ids is null)
        {
            return null;
        }

        tokens = (long*)NativeMemory.Alloc((nuint)(ids.Length * sizeof(long)));
        for (var i = 0; i < ids.Length; i++)
        {
            tokens[((i % shape.Batch) * shape.Steps) + (i / shape.Batch)] = ids[i];
        }

        return tokens;
    }

    private T* Out(string name, int count) => (arrays[name] = new GuardedArray<T>(count)).Pointer;

    private double* Norms(Wanted wanted, Wanted kind)
    {
        if (!wanted.HasFlag(kind))
        {
            return null;
        }

        norms.Add(new GuardedArray<double>(shape.Steps));
        return norms[^1].Pointer;
    }

    private double[] Dense(string name)
    {
        var all = arrays[name].ToDoubles();
        var rows = Enumerable.Range(0, shape.Steps * shape.Batch);
        return [.. rows.SelectMany(row => all.AsSpan(row * rowStride, shape.Hidden).ToArray())];
    }
}

/// <summary>
/// Native memory of exactly the size asked for, between guards of NaN: a write beyond the ends is found, a read beyond
/// them spoils the result.
/// </summary>
internal sealed unsafe class GuardedArray<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Guard = 32;
    private readonly T* start;

    public GuardedArray(int count)
    {
        Count = count;
        start = (T*)NativeMemory.Alloc((nuint)((count + (2 * Guard)) * sizeof(T)));
        new Span<T>(start, count + (2 * Guard)).Fill(T.NaN);
    }

    public GuardedArray(double[] values)
        : this(values.Length)
    {
        for (var i = 0; i < Count; i++)
        {
            Pointer[i] = T.CreateTruncating(values[i]);
        }
    }

    public int Count { get; }

    public T* Pointer => start + Guard;

    public double[] ToDoubles()
    {
        var values = new double[Count];
        for (var i = 0; i < Count; i++)
        {
            values[i] = double.CreateTruncating(Pointer[i]);
        }

        return values;
    }

    public void AssertGuards(string name)
    {
        for (var i = 0; i < Guard; i++)
        {
            Assert.True(T.IsNaN(start[i]), $"{name}: written before its start");
            Assert.True(T.IsNaN(Pointer[Count + i]), $"{name}: written beyond its end");
        }
    }

    public void Dispose() => NativeMemory.Free(start);
}

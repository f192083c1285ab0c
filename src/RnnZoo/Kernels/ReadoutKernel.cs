using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RnnZoo.Kernels;

/// <summary>
/// A linear readout and the mean cross-entropy of its logits, with all gradients in the same pass, for float and double.
/// Results depend on the arguments, the vector width and the number of threads alone.
/// </summary>
internal static class ReadoutKernel
{
    /// <summary>Finds the mean loss over the rows whose targets count, in nats (NaN if there are none), and its gradients.</summary>
    /// <param name="arguments">Where it is read and written.</param>
    /// <param name="threads">Threads to use at most, the caller's included.</param>
    /// <param name="width">Vector width; the machine's own by default.</param>
    public static double Run<T>(in ReadoutArguments<T> arguments, int threads, VectorWidth? width = null)
        where T : unmanaged, INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(arguments.Rows, 1);
        return (width ?? VectorWidths.Best) switch
        {
            VectorWidth.Bits512 => ReadoutPass<Simd512<T>, Vector512<T>, T>.Run(arguments, threads),
            VectorWidth.Bits256 => ReadoutPass<Simd256<T>, Vector256<T>, T>.Run(arguments, threads),
            _ => ReadoutPass<Simd128<T>, Vector128<T>, T>.Run(arguments, threads),
        };
    }
}

/// <summary>
/// The memory of a linear readout with cross-entropy over N rows of H features and V classes. Arrays are dense, row-major;
/// the caller owns all of them and keeps them in place while the kernel runs. A null gradient is not wanted.
/// </summary>
internal unsafe struct ReadoutArguments<T>
    where T : unmanaged
{
    /// <summary>A target that counts neither for the loss nor for the gradients.</summary>
    public const long Ignored = -100;

    public int Rows;
    public int Hidden;
    public int Classes;

    /// <summary>[N, H] the features. Read.</summary>
    public T* Features;

    /// <summary>[V, H] and [V] (or null for none). Read.</summary>
    public T* Weight;
    public T* Bias;

    /// <summary>[N] classes from 0 to V − 1, or <see cref="Ignored"/>. Read.</summary>
    public long* Targets;

    /// <summary>[N, H], [V, H] and [V] gradients of the mean loss, or null. Written.</summary>
    public T* DFeatures;
    public T* DWeight;
    public T* DBias;

    /// <summary>Whether a gradient of the weights or the biases is wanted.</summary>
    public readonly bool WantsParameters => DWeight != null || DBias != null;
}

/// <summary>
/// The pass of <see cref="ReadoutKernel"/>. With y the targets and N' the rows that count:
/// <code>
/// (1) z = W h + b
/// (2) L = Σ (log Σ_v e^z_v − z_y) / N'
/// (3) dz_v = (e^z_v / Σ e^z − [v = y]) / N'
/// (4) dh = W' dz    dW = Σ dz h'    db = Σ dz
/// </code>
/// Every thread takes its share of the rows through all of it, a chunk that stays in the cache at a time; the sums over rows
/// are the thread's own and are joined at the end in the order of the parts.
/// </summary>
internal sealed unsafe class ReadoutPass<S, V, T> : ParallelWork
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged, INumberBase<T>
{
    private const int ChunkRows = 96;
    private readonly ReadoutArguments<T> a;
    private readonly int parts;
    private readonly int classBlocks;
    private readonly int hiddenBlocks;
    private readonly nint logitStride;
    private readonly nint panelStride;
    private readonly double scale;
    private T* bias;
    private T* zero;
    private T* forwardPanels;
    private T* backwardPanels;
    private T* scratch;
    private nint scratchStride;
    private double* losses;

    private ReadoutPass(in ReadoutArguments<T> arguments, int threads)
    {
        a = arguments;
        parts = Math.Min(threads, Math.Max(1, a.Rows / ChunkRows));
        classBlocks = (a.Classes + S.Lanes - 1) / S.Lanes;
        hiddenBlocks = (a.Hidden + S.Lanes - 1) / S.Lanes;
        logitStride = Stride.OddLines<T>((nint)classBlocks * S.Lanes);
        panelStride = Stride.OddLines<T>((nint)ChunkRows * S.Lanes);
        var counted = 0;
        for (var row = 0; row < a.Rows; row++)
        {
            counted += a.Targets[row] == ReadoutArguments<T>.Ignored ? 0 : 1;
        }

        scale = 1.0 / counted;
    }

    public static double Run(in ReadoutArguments<T> arguments, int threads) => new ReadoutPass<S, V, T>(arguments, threads).Run();

    public override void Run(int part)
    {
        var own = new Scratch(this, scratch + (part * scratchStride));
        if (a.WantsParameters)
        {
            RowBlock<S, V, T>.Clear(own.Sums, SumsSize);
        }

        var last = Partition.Start(a.Rows, part + 1, parts);
        var loss = 0.0;
        for (var first = Partition.Start(a.Rows, part, parts); first < last; first += ChunkRows)
        {
            loss += RunChunk(own, first, Math.Min(ChunkRows, last - first));
        }

        losses[part] = loss;
    }

    private nint SumsSize => ((nint)hiddenBlocks * a.Classes * S.Lanes) + ((nint)classBlocks * S.Lanes);

    private double Run()
    {
        var count = new Arena(null);
        LayOut(ref count);
        using var workspace = NativeBuffer.Rent(count.Used);
        var arena = new Arena(workspace.Pointer);
        LayOut(ref arena);
        RowBlock<S, V, T>.Clear(zero, S.Lanes);
        Pack();
        WorkerPool.Run(this, parts);
        if (a.WantsParameters)
        {
            JoinSums();
        }

        var loss = 0.0;
        for (var part = 0; part < parts; part++)
        {
            loss += losses[part];
        }

        return loss * scale;
    }

    private void LayOut(ref Arena arena)
    {
        nint weights = (nint)classBlocks * S.Lanes * hiddenBlocks * S.Lanes;
        bias = arena.Take<T>(classBlocks * S.Lanes);
        zero = arena.Take<T>(S.Lanes);
        losses = arena.Take<double>(parts);
        forwardPanels = arena.Take<T>(weights);
        backwardPanels = arena.Take<T>(a.DFeatures == null ? 0 : weights);
        scratchStride = Scratch.Elements(this);
        scratch = arena.Take<T>(parts * scratchStride);
    }

    // [class block][H, lanes] for the logits, and [hidden block][V, lanes] for the features' gradient. Classes beyond V get a
    // logit so low that they take no part.
    private void Pack()
    {
        RowBlock<S, V, T>.Clear(forwardPanels, (nint)classBlocks * a.Hidden * S.Lanes);
        for (var v = 0; v < classBlocks * S.Lanes; v++)
        {
            bias[v] = v >= a.Classes ? T.CreateTruncating(-1e30) : a.Bias == null ? default : a.Bias[v];
            var panel = forwardPanels + ((nint)(v / S.Lanes) * a.Hidden * S.Lanes) + (v % S.Lanes);
            for (var j = 0; v < a.Classes && j < a.Hidden; j++)
            {
                panel[(nint)j * S.Lanes] = a.Weight[((nint)v * a.Hidden) + j];
            }
        }

        for (var u = 0; a.DFeatures != null && u < hiddenBlocks; u++)
        {
            var lanes = Math.Min(S.Lanes, a.Hidden - (u * S.Lanes));
            var panel = backwardPanels + ((nint)u * a.Classes * S.Lanes);
            if (lanes < S.Lanes)
            {
                RowBlock<S, V, T>.Clear(panel, (nint)a.Classes * S.Lanes);
            }

            RowBlock<S, V, T>.Copy(panel, S.Lanes, a.Weight + (u * S.Lanes), a.Hidden, a.Classes, lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double RunChunk(in Scratch own, int first, int rows)
    {
        var features = a.Features + ((nint)first * a.Hidden);
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = features,
            AStride = a.Hidden,
            AStep = 1,
            Rows = rows,
            Depth = a.Hidden,
            B = forwardPanels,
            BStride = (nint)a.Hidden * S.Lanes,
            BStep = S.Lanes,
            Vectors = classBlocks,
            Init = bias,
            InitVectorStride = S.Lanes,
            C = own.Logits,
            CStride = logitStride,
            CVectorStride = S.Lanes,
        }); // (1)
        var loss = 0.0;
        for (var row = 0; row < rows; row++)
        {
            loss += RowLoss(own.Logits + (row * logitStride), a.Targets[first + row]);
        }

        if (a.DFeatures != null)
        {
            PropagateToFeatures(own, first, rows);
        }

        if (a.WantsParameters)
        {
            AddToSums(own, features, rows);
        }

        return loss;
    }

    // (2); the row of logits becomes its gradient. (3)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double RowLoss(T* logits, long target)
    {
        if (target == ReadoutArguments<T>.Ignored)
        {
            RowBlock<S, V, T>.Clear(logits, (nint)classBlocks * S.Lanes);
            return 0;
        }

        var highest = Highest(logits);

        var ofTarget = double.CreateTruncating(logits[target]);
        var shift = S.Constant(-highest);
        var sums = S.Zero;
        for (var block = 0; block < classBlocks; block++)
        {
            var at = logits + (block * S.Lanes);
            var power = VectorMath<S, V, T>.Exp(S.Add(S.Load(at), shift));
            sums = S.Add(sums, power);
            S.Store(at, power);
        }

        var sum = S.Sum(sums);
        var factor = S.Constant(scale / sum);
        for (var block = 0; block < classBlocks; block++)
        {
            var at = logits + (block * S.Lanes);
            S.Store(at, S.Multiply(S.Load(at), factor));
        }

        logits[target] -= T.CreateTruncating(scale);
        return Math.Log(sum) + highest - ofTarget;
    }

    private double Highest(T* logits)
    {
        var memory = stackalloc byte[64];
        var lanes = (T*)memory;
        var highest = S.Load(logits);
        for (var block = 1; block < classBlocks; block++)
        {
            highest = S.Max(highest, S.Load(logits + (block * S.Lanes)));
        }

        S.Store(lanes, highest);
        var result = double.CreateTruncating(lanes[0]);
        for (var lane = 1; lane < S.Lanes; lane++)
        {
            result = Math.Max(result, double.CreateTruncating(lanes[lane]));
        }

        return result;
    }

    // (4)
    private void PropagateToFeatures(in Scratch own, int first, int rows)
    {
        var target = a.DFeatures + ((nint)first * a.Hidden);
        var whole = a.Hidden % S.Lanes == 0;
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = own.Logits,
            AStride = logitStride,
            AStep = 1,
            Rows = rows,
            Depth = a.Classes,
            B = backwardPanels,
            BStride = (nint)a.Classes * S.Lanes,
            BStep = S.Lanes,
            Vectors = hiddenBlocks,
            Init = zero,
            C = whole ? target : own.DFeatures,
            CStride = whole ? a.Hidden : (nint)hiddenBlocks * S.Lanes,
            CVectorStride = S.Lanes,
        });
        if (!whole)
        {
            RowBlock<S, V, T>.Copy(target, a.Hidden, own.DFeatures, (nint)hiddenBlocks * S.Lanes, rows, a.Hidden);
        }
    }

    // (4), as [hidden block][V, lanes]; then the biases.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToSums(in Scratch own, T* features, int rows)
    {
        for (var u = 0; a.DWeight != null && u < hiddenBlocks; u++)
        {
            var lanes = Math.Min(S.Lanes, a.Hidden - (u * S.Lanes));
            RowBlock<S, V, T>.Copy(own.Panels + (u * panelStride), S.Lanes, features + (u * S.Lanes), a.Hidden, rows, lanes);
        }

        nint size = (nint)a.Classes * S.Lanes;
        if (a.DWeight != null)
        {
            Gemm<S, V, T>.Run(new GemmArguments<T>
            {
                A = own.Logits,
                AStride = 1,
                AStep = logitStride,
                Rows = a.Classes,
                Depth = rows,
                B = own.Panels,
                BStride = panelStride,
                BStep = S.Lanes,
                Vectors = hiddenBlocks,
                Init = own.Sums,
                InitStride = S.Lanes,
                InitVectorStride = size,
                C = own.Sums,
                CStride = S.Lanes,
                CVectorStride = size,
            });
        }

        var biases = own.Sums + (hiddenBlocks * size);
        for (var block = 0; block < classBlocks; block++)
        {
            var sum = S.Load(biases + (block * S.Lanes));
            for (var row = 0; row < rows; row++)
            {
                sum = S.Add(sum, S.Load(own.Logits + (row * logitStride) + (block * S.Lanes)));
            }

            S.Store(biases + (block * S.Lanes), sum);
        }
    }

    private void JoinSums()
    {
        var sums = new Scratch(this, scratch).Sums;
        for (var part = 1; part < parts; part++)
        {
            RowBlock<S, V, T>.Add(sums, 0, new Scratch(this, scratch + (part * scratchStride)).Sums, 0, 1, (int)SumsSize);
        }

        for (var u = 0; u < hiddenBlocks; u++)
        {
            if (a.DWeight != null)
            {
                var lanes = Math.Min(S.Lanes, a.Hidden - (u * S.Lanes));
                RowBlock<S, V, T>.Copy(a.DWeight + (u * S.Lanes), a.Hidden, sums, S.Lanes, a.Classes, lanes);
            }

            sums += (nint)a.Classes * S.Lanes;
        }

        if (a.DBias != null)
        {
            RowBlock<S, V, T>.Copy(a.DBias, 0, sums, 0, 1, a.Classes);
        }
    }

    /// <summary>What one part works in.</summary>
    private readonly struct Scratch
    {
        public Scratch(ReadoutPass<S, V, T> pass, T* start)
        {
            Logits = start;
            DFeatures = Logits + (ChunkRows * pass.logitStride);
            Panels = DFeatures + ((nint)ChunkRows * pass.hiddenBlocks * S.Lanes);
            Sums = Panels + (pass.hiddenBlocks * pass.panelStride);
        }

        /// <summary>[rows, V padded] logits, then their gradients.</summary>
        public T* Logits { get; }

        /// <summary>[rows, H padded].</summary>
        public T* DFeatures { get; }

        /// <summary>[hidden block][rows, lanes] the features.</summary>
        public T* Panels { get; }

        /// <summary>[hidden block][V, lanes], then [V padded]: sums over the part's rows.</summary>
        public T* Sums { get; }

        public static nint Elements(ReadoutPass<S, V, T> pass) => Stride.Padded<T>(
            (ChunkRows * (pass.logitStride + ((nint)pass.hiddenBlocks * S.Lanes))) + (pass.hiddenBlocks * pass.panelStride) + pass.SumsSize);
    }
}

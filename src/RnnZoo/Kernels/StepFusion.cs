using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <summary>An expression of rows as a type, whose parts are its type arguments: so the compiler makes one loop of all of it.</summary>
internal unsafe interface IStepExpression<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>The vector that begins at an element.</summary>
    /// <param name="rows">The rows that it reads.</param>
    /// <param name="element">Which.</param>
    static abstract V At(T** rows, nint element);
}

/// <summary>An expression, and the loop that it is made into.</summary>
internal abstract class StepLoop<S, V, T>
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    /// <summary>The most rows that an expression can read: more have no place in the registers, and the compiler does not inline all of it.</summary>
    public const int MostLeaves = 8;

    /// <summary>A row.</summary>
    /// <param name="index">Which of those that the expression reads.</param>
    /// <param name="isSpread">Whether its only entry meets every entry of the others.</param>
    public static StepLoop<S, V, T> Row(int index, bool isSpread) => index switch
    {
        0 => Row<N1>(isSpread),
        1 => Row<N2>(isSpread),
        2 => Row<N3>(isSpread),
        3 => Row<N4>(isSpread),
        4 => Row<N5>(isSpread),
        5 => Row<N6>(isSpread),
        6 => Row<N7>(isSpread),
        _ => Row<N8>(isSpread),
    };

    /// <summary>F of this expression.</summary>
    public abstract StepLoop<S, V, T> Into<F>()
        where F : struct, IStepFunction<V>;

    /// <summary>F of this expression and another.</summary>
    public abstract StepLoop<S, V, T> With<F>(StepLoop<S, V, T> right)
        where F : struct, IStepFunction<V>;

    /// <summary>target = the expression, in some rows.</summary>
    public abstract void Run(StepRows target, StepRows[] leaves, int from, int to, StepPlace place);

    /// <summary>F of an expression A and this one.</summary>
    protected abstract StepLoop<S, V, T> After<F, A>()
        where F : struct, IStepFunction<V>
        where A : struct, IStepExpression<V, T>;

    private static StepLoop<S, V, T> Row<N>(bool isSpread)
        where N : struct, ITileSize => isSpread ? new Of<Entry<N>>() : new Of<Entries<N>>();

    private sealed unsafe class Of<E> : StepLoop<S, V, T>
        where E : struct, IStepExpression<V, T>
    {
        public override StepLoop<S, V, T> Into<F>() => new Of<Unary<F, E>>();

        public override StepLoop<S, V, T> With<F>(StepLoop<S, V, T> right) => right.After<F, E>();

        public override void Run(StepRows target, StepRows[] leaves, int from, int to, StepPlace place)
        {
            var rows = stackalloc T*[MostLeaves];
            var strides = stackalloc nint[MostLeaves];
            for (var leaf = 0; leaf < leaves.Length; leaf++)
            {
                rows[leaf] = leaves[leaf].At<T>(from, place);
                strides[leaf] = leaves[leaf].Stride;
            }

            var made = target.At<T>(from, place);
            for (var row = from; row < to; row++, made += target.Stride)
            {
                Run(made, rows, target.Length);
                for (var leaf = 0; leaf < leaves.Length; leaf++)
                {
                    rows[leaf] += strides[leaf];
                }
            }
        }

        protected override StepLoop<S, V, T> After<F, A>() => new Of<Binary<F, A, E>>();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Run(T* target, T** rows, int length)
        {
            for (nint i = 0; i < length; i += S.Lanes)
            {
                S.Store(target + i, E.At(rows, i));
            }
        }
    }

    private readonly unsafe struct Entries<N> : IStepExpression<V, T>
        where N : struct, ITileSize
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(T** rows, nint element) => S.Load(rows[N.Value - 1] + element);
    }

    private readonly unsafe struct Entry<N> : IStepExpression<V, T>
        where N : struct, ITileSize
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(T** rows, nint element) => S.Broadcast(rows[N.Value - 1]);
    }

    private readonly unsafe struct Unary<F, A> : IStepExpression<V, T>
        where F : struct, IStepFunction<V>
        where A : struct, IStepExpression<V, T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(T** rows, nint element)
        {
            var a = A.At(rows, element);
            return F.Of(a, a);
        }
    }

    private readonly unsafe struct Binary<F, A, B> : IStepExpression<V, T>
        where F : struct, IStepFunction<V>
        where A : struct, IStepExpression<V, T>
        where B : struct, IStepExpression<V, T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V At(T** rows, nint element) => F.Of(A.At(rows, element), B.At(rows, element));
    }
}

/// <summary>target = an expression of other rows, element by element; rows of 1 meet every entry of the others.</summary>
internal sealed class ElementwiseInstruction<S, V, T> : StepInstruction
    where S : struct, ISimd<V, T>
    where V : struct
    where T : unmanaged
{
    // The compiler inlines no more.
    private const int Longest = 24;
    private Tree _tree;
    private StepLoop<S, V, T>? _loop;

    public ElementwiseInstruction(StepRows target, StepFunction<S, V, T> function, StepRows a, StepRows? b)
        : base(target, b is { } second ? [a, second] : [a])
    {
        _tree = new Tree(function, Leaf(a), b is { } other ? Leaf(other) : null);

        Tree Leaf(StepRows rows) => new(null, null, null) { IsSpread = rows.Length < target.Length };
    }

    /// <summary>Lets each take into its own loop what it alone reads.</summary>
    /// <param name="instructions">In order.</param>
    /// <param name="own">Rows that the program's user reads.</param>
    public static void Fuse(List<StepInstruction> instructions, List<StepRows> own)
    {
        for (var at = 0; at < instructions.Count; at++)
        {
            if (instructions[at] is ElementwiseInstruction<S, V, T> made && !own.Exists(made.Target.Meets<T>) && made.OnlyReader(instructions, at) is { } reader && reader.Takes(made))
            {
                instructions.RemoveAt(at--);
            }
        }
    }

    public override bool IsElementwise => true;

    public override void Run(int from, int to, StepPlace place) => (_loop ??= Loop()).Run(Target, Operands, from, to, place);

    private StepLoop<S, V, T> Loop()
    {
        var leaf = 0;
        return _tree.Loop(ref leaf);
    }

    // Who alone reads what this makes, once, if it can be made there as well.
    private ElementwiseInstruction<S, V, T>? OnlyReader(List<StepInstruction> instructions, int at)
    {
        ElementwiseInstruction<S, V, T>? reader = null;
        var isChanged = false; // whether something has written on an operand
        for (var later = at + 1; later < instructions.Count; later++)
        {
            var other = instructions[later];
            var readings = other.Operands.Count(Target.Meets<T>);
            if (Target.Moves || Target.Meets<T>(other.Target) || readings > (reader is null ? 1 : 0))
            {
                return null;
            }

            var isReader = readings == 1;
            isChanged |= reader is null && Array.Exists(Operands, operand => other.Target.Meets<T>(operand) && !(isReader && other.Target == operand));
            if (isReader)
            {
                reader = other as ElementwiseInstruction<S, V, T>;
                if (reader is null || isChanged)
                {
                    return null;
                }
            }
        }

        return reader;
    }

    // Whether there is room; if so, it is taken in.
    private bool Takes(ElementwiseInstruction<S, V, T> made)
    {
        var leaf = Array.IndexOf(Operands, made.Target);
        if (leaf < 0 || made.Target.Length != Target.Length || Operands.Length + made.Operands.Length - 1 > StepLoop<S, V, T>.MostLeaves || _tree.Length + made._tree.Length > Longest)
        {
            return false;
        }

        Operands = [.. Operands[..leaf], .. made.Operands, .. Operands[(leaf + 1)..]];
        _tree = _tree.With(made._tree, ref leaf);
        return true;
    }

    private sealed record Tree(StepFunction<S, V, T>? Function, Tree? A, Tree? B)
    {
        public bool IsSpread { get; init; }

        public int Length => Function is null ? 0 : Function.Length + A!.Length + (B?.Length ?? 0);

        /// <param name="leaf">How many leaves stand before it; and with it, then.</param>
        public StepLoop<S, V, T> Loop(ref int leaf)
        {
            if (Function is null)
            {
                return StepLoop<S, V, T>.Row(leaf++, IsSpread);
            }

            var a = A!.Loop(ref leaf);
            return Function.Of(a, B?.Loop(ref leaf));
        }

        /// <summary>The tree with another in place of a leaf.</summary>
        public Tree With(Tree other, ref int leaf) => Function is null ? (leaf-- == 0 ? other : this)
            : this with { A = A!.With(other, ref leaf), B = B?.With(other, ref leaf) };
    }
}

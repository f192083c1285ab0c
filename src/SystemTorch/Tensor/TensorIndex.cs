namespace TorchSharp;

public static partial class torch
{
    /// <summary>One entry between the brackets of an index: a number, a slice, a tensor, a new or a skipped dimension.</summary>
    public struct TensorIndex
    {
        /// <summary>All of a dimension.</summary>
        public static TensorIndex Colon = new(Kind.Slice);

        /// <summary>All dimensions that the other entries do not speak of.</summary>
        public static TensorIndex Ellipsis = new(Kind.Ellipsis);

        /// <summary>A new dimension of size 1.</summary>
        public static TensorIndex None = new(Kind.NewDimension);

        /// <summary>A new dimension of size 1.</summary>
        public static TensorIndex Null = new(Kind.NewDimension);

        private TensorIndex(Kind what, long? first = null, long? stop = null, long? step = null, Tensor? tensor = null)
        {
            What = what;
            First = first;
            Stop = stop;
            Step = step;
            Selection = tensor;
        }

        internal enum Kind
        {
            NewDimension,
            Ellipsis,
            Single,
            Slice,
            Bool,
            Tensor,
        }

        internal Kind What { get; }

        internal long? First { get; }

        internal long? Stop { get; }

        internal long? Step { get; }

        internal Tensor? Selection { get; }

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Index index) => Single(Number(index));

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static TensorIndex Single(long? index) => new(Kind.Single, index);

        public static TensorIndex Bool(bool value) => new(Kind.Bool, value ? 1 : 0);

        public static TensorIndex Tensor(Tensor tensor) => new(Kind.Tensor, tensor: tensor);

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new(Kind.Slice, start, stop, step);

        public static TensorIndex Slice((int? start, int? end) range) => new(Kind.Slice, range.start, range.end);

        public static TensorIndex Slice(Range range) =>
            new(Kind.Slice, Number(range.Start), range.End is { IsFromEnd: true, Value: 0 } ? null : Number(range.End));

        private static long Number(Index index) => index.IsFromEnd ? -index.Value : index.Value;
    }
}

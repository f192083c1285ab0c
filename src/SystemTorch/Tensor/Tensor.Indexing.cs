namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => Indexing.Put(this, value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => Indexing.Put(this, value, Indexing.Of(indices));
        }

        public Tensor this[params long[] indices]
        {
            get => Indexing.Get(this, Indexing.Of(indices));
            set => Indexing.Put(this, value, Indexing.Of(indices));
        }

        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => Indexing.Put(this, value, Indexing.Of(i1));
        }

        public Tensor this[long i1, long i2]
        {
            get => Indexing.Get(this, Indexing.Of(i1, i2));
            set => Indexing.Put(this, value, Indexing.Of(i1, i2));
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => Indexing.Get(this, Indexing.Of(i1, i2, i3));
            set => Indexing.Put(this, value, Indexing.Of(i1, i2, i3));
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => Indexing.Get(this, Indexing.Of(i1, i2, i3, i4));
            set => Indexing.Put(this, value, Indexing.Of(i1, i2, i3, i4));
        }

        public Tensor this[long i1, long i2, long i3, long i4, long i5]
        {
            get => Indexing.Get(this, Indexing.Of(i1, i2, i3, i4, i5));
            set => Indexing.Put(this, value, Indexing.Of(i1, i2, i3, i4, i5));
        }

        public Tensor this[long i1, long i2, long i3, long i4, long i5, long i6]
        {
            get => Indexing.Get(this, Indexing.Of(i1, i2, i3, i4, i5, i6));
            set => Indexing.Put(this, value, Indexing.Of(i1, i2, i3, i4, i5, i6));
        }

        public Tensor index(params TensorIndex[] indices) => Indexing.Get(this, indices);

        public Tensor index(params Tensor[] indices) => Indexing.Get(this, Indexing.Of(indices));

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            Indexing.Put(this, value, indices, accumulate);
            return this;
        }

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            index_put_(value, Indexing.Of(indices), accumulate);

        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => index_put_(value, indices, false);

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, Indexing.Of(indices), false);

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using var full = torch.full(Array.Empty<long>(), value, dtype);
            return index_put_(full, indices, false);
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, Indexing.Of(indices));
    }
}

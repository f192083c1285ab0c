using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor index_select(long dim, Tensor index) => Op.Tensor("index_select", this, dim, index);

        public Tensor gather(long dim, Tensor index) => Op.Tensor("gather", this, dim, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) => Op.Tensor("scatter.src", this, dim, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => Op.InPlace("scatter_.src", this, dim, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Op.Tensor("scatter_add", this, dim, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Op.InPlace("scatter_add_", this, dim, index, src);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => Op.Tensor("index_add", this, dim, index, source, alpha);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Op.InPlace("index_add_", this, dim, index, source, alpha);

        public Tensor index_copy(long dim, Tensor index, Tensor source) => Op.Tensor("index_copy", this, dim, index, source);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Op.InPlace("index_copy_", this, dim, index, source);

        public Tensor index_fill(long dim, Tensor index, Scalar value) => Op.Tensor("index_fill.int_Scalar", this, dim, index, value);

        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Op.InPlace("index_fill_.int_Scalar", this, dim, index, value);

        public Tensor masked_fill(Tensor mask, Scalar value) => Op.Tensor("masked_fill.Scalar", this, mask, value);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Op.InPlace("masked_fill_.Scalar", this, mask, value);

        public Tensor masked_scatter(Tensor mask, Tensor value) => Op.Tensor("masked_scatter", this, mask, value);

        public Tensor masked_scatter_(Tensor mask, Tensor value) => Op.InPlace("masked_scatter_", this, mask, value);

        public Tensor masked_select(Tensor mask) => Op.Binary("masked_select", this, mask);

        public Tensor take(Tensor index) => Op.Binary("take", this, index);

        public Tensor take_along_dim(Tensor indices) => Op.Tensor("take_along_dim", this, indices);

        public Tensor take_along_dim(Tensor indices, long dim) => Op.Tensor("take_along_dim", this, indices, dim);

        public Tensor select_scatter(Tensor src, long dim, long index) => Op.Tensor("select_scatter", this, src, dim, index);

        public Tensor slice_scatter(Tensor src, long dim = 0, long? start = null, long? end = null, long step = 1) =>
            Op.Tensor("slice_scatter", this, src, dim, start, end, step);

        public Tensor diagonal_scatter(Tensor src, long offset = 0, long dim1 = 0, long dim2 = 1) =>
            Op.Tensor("diagonal_scatter", this, src, offset, dim1, dim2);

        public Tensor nonzero() => Op.Unary("nonzero", this);

        public IList<Tensor> nonzero_as_list() => Op.Tensors("nonzero_numpy", this);

        public Tensor argwhere() => Op.Unary("argwhere", this);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            Op.Tensor("repeat_interleave.self_int", this, repeats, dim, output_size);

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) =>
            Op.Tensor("repeat_interleave.self_Tensor", this, repeats, dim, output_size);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Op.Pair("sort.stable", this, stable, dim, descending);

        public Tensor argsort(long dim = -1, bool descending = false) => Op.Tensor("argsort", this, dim, descending);

        public Tensor msort() => Op.Unary("msort", this);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Op.Pair("topk", this, (long)k, (long)dim, largest, sorted);

        public Tensor bincount(Tensor? weights, long minlength = 0) => Op.Tensor("bincount", this, weights, minlength);

        public Tensor histc(long bins = 100, long min = 0, long max = 0) => Op.Tensor("histc", this, bins, min, max);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) =>
            Op.Tensor("isin.Tensor_Tensor", this, test_elements, assumeUnique, invert);

        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) =>
            Op.Tensor("bucketize.Tensor", this, boundaries, outInt32, right);
    }
}

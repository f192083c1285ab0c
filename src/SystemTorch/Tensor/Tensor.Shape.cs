using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor T => Op.Unary("numpy_T", this);

        public Tensor mT => Op.Unary("mT", this);

        public Tensor H => Op.Unary("matrix_H", this);

        public Tensor mH => Op.Unary("mH", this);

        public Tensor t() => Op.Unary("t", this);

        public Tensor view(params long[] shape) => Op.Tensor("view", this, shape);

        public Tensor reshape(params long[] shape) => Op.Tensor("reshape", this, shape);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Op.Tensor("flatten.using_ints", this, start_dim, end_dim);

        public Tensor unflatten(long dim, params long[] sizes) => Op.Tensor("unflatten.int", this, dim, sizes, Arg.None);

        public Tensor ravel() => Op.Unary("ravel", this);

        public Tensor permute(params long[] permutation) => Op.Tensor("permute", this, permutation);

        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());

        public Tensor transpose(long dim0, long dim1) => Op.Tensor("transpose.int", this, dim0, dim1);

        public Tensor transpose_(long dim0, long dim1) => Op.InPlace("transpose_", this, dim0, dim1);

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor swapdims(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor movedim(long[] source, long[] destination) => Op.Tensor("movedim.intlist", this, source, destination);

        public Tensor moveaxis(long[] source, long[] destination) => movedim(source, destination);

        public Tensor squeeze(long? dim = null) => dim is { } one ? Op.Tensor("squeeze.dim", this, one) : Op.Unary("squeeze", this);

        public Tensor squeeze_(long? dim = null) => dim is { } one ? Op.InPlace("squeeze_.dim", this, one) : Op.InPlace("squeeze_", this);

        public Tensor unsqueeze(long dim) => Op.Tensor("unsqueeze", this, dim);

        public Tensor unsqueeze_(long dim) => Op.InPlace("unsqueeze_", this, dim);

        public Tensor expand(params long[] sizes) => Op.Tensor("expand", this, sizes);

        public Tensor expand(long[] sizes, bool isImplicit = false) => Op.Tensor("expand", this, sizes, isImplicit);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => Op.Tensor("expand", this, sizes.ToArray(), isImplicit);

        public Tensor broadcast_to(params long[] shape) => Op.Tensor("broadcast_to", this, shape);

        public Tensor repeat(params long[] sizes) => Op.Tensor("repeat", this, sizes);

        public Tensor tile(long[] reps) => Op.Tensor("tile", this, reps);

        public Tensor narrow(long dim, long start, long length) => Op.Tensor("narrow", this, dim, start, length);

        public Tensor slice(long dim, long start, long finish, long step) => Op.Tensor("slice.Tensor", this, dim, start, finish, step);

        public Tensor select(long dim, long index) => Op.Tensor("select.int", this, dim, index);

        public Tensor unfold(long dimension, long size, long step) => Op.Tensor("unfold", this, dimension, size, step);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => Op.Tensor("as_strided", this, size, strides, storageOffset);

        public Tensor[] split(long size, int dim = 0) => Op.Tensors("split.Tensor", this, size, (long)dim);

        public Tensor[] split(long[] sizes, long dim = 0) => Op.Tensors("split_with_sizes", this, sizes, dim);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => split(sizes.ToArray(), dim);

        public Tensor[] split(params long[] sizes) => split(sizes, 0L);

        public Tensor[] chunk(long chunks, long dim = 0) => Op.Tensors("chunk", this, chunks, dim);

        public Tensor[] tensor_split(long size, long dim = 0) => Op.Tensors("tensor_split.sections", this, size, dim);

        public Tensor[] tensor_split(long[] sizes, long dim = 0) => Op.Tensors("tensor_split.indices", this, sizes, dim);

        public Tensor[] unbind(long dimension = 0) => Op.Tensors("unbind.int", this, dimension);

        public Tensor flip(params long[] dims) => Op.Tensor("flip", this, dims);

        public Tensor fliplr() => Op.Unary("fliplr", this);

        public Tensor flipud() => Op.Unary("flipud", this);

        public Tensor roll(long shifts, long? dims = null) => Op.Tensor("roll", this, new[] { shifts }, dims is { } dim ? new[] { dim } : []);

        public Tensor roll(long[] shifts) => Op.Tensor("roll", this, shifts);

        public Tensor roll(long[] shifts, long[] dims) => Op.Tensor("roll", this, shifts, dims);

        public Tensor contiguous() => Op.Tensor("contiguous", this);

        public Tensor tril(long diagonal = 0) => Op.Tensor("tril", this, diagonal);

        public Tensor tril_(long diagonal = 0) => Op.InPlace("tril_", this, diagonal);

        public Tensor triu(long diagonal = 0) => Op.Tensor("triu", this, diagonal);

        public Tensor triu_(long diagonal = 0) => Op.InPlace("triu_", this, diagonal);

        public Tensor diag(long diagonal = 0) => Op.Tensor("diag", this, diagonal);

        public Tensor diagflat(long offset = 0) => Op.Tensor("diagflat", this, offset);

        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => Op.Tensor("diagonal", this, offset, dim1, dim2);

        public Tensor diag_embed(long offset = 0, long dim1 = -2, long dim2 = -1) => Op.Tensor("diag_embed", this, offset, dim1, dim2);

        public Tensor adjoint() => Op.Unary("adjoint", this);

        public Tensor expand_as(Tensor other) => Op.Binary("expand_as", this, other);

        public Tensor view_as(Tensor other) => Op.Binary("view_as", this, other);

        public Tensor atleast_1d() => Op.Unary("atleast_1d", this);

        public Tensor atleast_2d() => Op.Unary("atleast_2d", this);

        public Tensor atleast_3d() => Op.Unary("atleast_3d", this);
    }
}

using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Op.Tensor("sum", this, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1], keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1, dim2], keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Op.Tensor("sum.dim_IntList", this, dim, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => sum(dim.ToArray(), keepdim, type);

        public Tensor mean() => Op.Tensor("mean", this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Op.Tensor("mean.dim", this, dimensions, keepdim, type);

        public Tensor nansum() => Op.Tensor("nansum", this);

        public Tensor prod(ScalarType? type = null) => Op.Tensor("prod", this, type);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => Op.Tensor("prod.dim_int", this, dim, keepdim, type);

        public Tensor cumsum(long dim, ScalarType? type = null) => Op.Tensor("cumsum", this, dim, type);

        public Tensor cumprod(long dim, ScalarType? type = null) => Op.Tensor("cumprod", this, dim, type);

        public (Tensor values, Tensor indexes) cummax(long dim) => Op.Pair("cummax", this, dim);

        public (Tensor values, Tensor indexes) cummin(long dim) => Op.Pair("cummin", this, dim);

        public Tensor logcumsumexp(long dim) => Op.Tensor("logcumsumexp", this, dim);

        public Tensor logsumexp(long dim, bool keepdim = false) => Op.Tensor("logsumexp", this, new[] { dim }, keepdim);

        public Tensor max() => Op.Unary("max", this);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Op.Pair("max.dim", this, dim, keepdim);

        public Tensor min() => Op.Unary("min", this);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Op.Pair("min.dim", this, dim, keepdim);

        public (Tensor min, Tensor max) aminmax(long? dim = null, bool keepdim = false) => Op.Pair("aminmax", this, dim, keepdim);

        public Tensor amax(params long[] dims) => Op.Tensor("amax", this, dims);

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) =>
            @out is null ? Op.Tensor("amax", this, dims, keepdim) : Op.Into("amax.out", @out, this, dims, keepdim);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => amax(dims.ToArray(), keepdim, @out);

        public Tensor amin(params long[] dims) => Op.Tensor("amin", this, dims);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) =>
            @out is null ? Op.Tensor("amin", this, dims, keepdim) : Op.Into("amin.out", @out, this, dims, keepdim);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => amin(dims.ToArray(), keepdim, @out);

        public Tensor argmax() => Op.Tensor("argmax", this);

        public Tensor argmax(long dim, bool keepdim = false) => Op.Tensor("argmax", this, dim, keepdim);

        public Tensor argmin() => Op.Tensor("argmin", this);

        public Tensor argmin(long dim, bool keepdim = false) => Op.Tensor("argmin", this, dim, keepdim);

        public Tensor all() => Op.Unary("all", this);

        public Tensor all(long dim, bool keepdim = false) => Op.Tensor("all.dim", this, dim, keepdim);

        public Tensor any() => Op.Unary("any", this);

        public Tensor any(long dim, bool keepdim = false) => Op.Tensor("any.dim", this, dim, keepdim);

        public Tensor median() => Op.Unary("median", this);

        public Tensor nanmedian() => Op.Unary("nanmedian", this);

        public (Tensor values, Tensor indices) mode(long dim = -1, bool keepdim = false) => Op.Pair("mode", this, dim, keepdim);

        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => Op.Pair("kthvalue", this, k, dim ?? -1, keepdim);

        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => Op.Tensor("quantile", this, q, dim, keepdim);

        public Tensor nanquantile(Tensor q, long dim = -1, bool keepdim = false) => Op.Tensor("nanquantile", this, q, dim, keepdim);

        public Tensor count_nonzero(long[]? dims = null) =>
            dims is null ? Op.Tensor("count_nonzero", this) : Op.Tensor("count_nonzero.dim_IntList", this, dims);

        public Tensor norm(float p = 2) => Op.Tensor("norm.Scalar", this, (double)p);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => Op.Tensor("norm.ScalarOpt_dim", this, (double)p, new long[] { dim }, keepdim);

        public Tensor dist(Tensor other, float p = 2) => Op.Tensor("dist", this, other, (double)p);

        public Tensor renorm(float p, long dim, float maxnorm) => Op.Tensor("renorm", this, (double)p, dim, (double)maxnorm);

        public Tensor nanmean(int? dim = null, bool keepdim = false, ScalarType? dtype = null) =>
            Op.Tensor("nanmean", this, dim is { } one ? new long[] { one } : Arg.None, keepdim, dtype);

        public Tensor softmax(long dim, ScalarType? dtype = null) => Op.Tensor("softmax.int", this, dim, dtype);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Op.Tensor("log_softmax.int", this, dim, dtype);
    }
}

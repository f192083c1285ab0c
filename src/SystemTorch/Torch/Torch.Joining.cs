using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => Op.Tensor("cat", tensors.ToArray(), dim);

    public static Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => Op.Tensor("cat", tensors.ToArray(), dim);

    public static Tensor cat(Tensor[] tensors, long dim = 0) => Op.Tensor("cat", tensors, dim);

    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concat(Tensor[] tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concatenate(IList<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor concatenate(ReadOnlySpan<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor concatenate(Tensor[] tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => Op.Tensor("stack", tensors.ToArray(), dim);

    public static Tensor hstack(IEnumerable<Tensor> tensors) => Op.Tensor("hstack", tensors.ToArray());

    public static Tensor hstack(IList<Tensor> tensors) => Op.Tensor("hstack", tensors.ToArray());

    public static Tensor hstack(ReadOnlySpan<Tensor> tensors) => Op.Tensor("hstack", tensors.ToArray());

    public static Tensor hstack(params Tensor[] tensors) => Op.Tensor("hstack", tensors);

    public static Tensor vstack(IList<Tensor> tensors) => Op.Tensor("vstack", tensors.ToArray());

    public static Tensor vstack(ReadOnlySpan<Tensor> tensors) => Op.Tensor("vstack", tensors.ToArray());

    public static Tensor vstack(Tensor[] tensors) => Op.Tensor("vstack", tensors);

    public static Tensor dstack(IEnumerable<Tensor> tensors) => Op.Tensor("dstack", tensors.ToArray());

    public static Tensor dstack(IList<Tensor> tensors) => Op.Tensor("dstack", tensors.ToArray());

    public static Tensor dstack(ReadOnlySpan<Tensor> tensors) => Op.Tensor("dstack", tensors.ToArray());

    public static Tensor dstack(params Tensor[] tensors) => Op.Tensor("dstack", tensors);

    public static Tensor column_stack(IList<Tensor> tensors) => Op.Tensor("column_stack", tensors.ToArray());

    public static Tensor column_stack(ReadOnlySpan<Tensor> tensors) => Op.Tensor("column_stack", tensors.ToArray());

    public static Tensor column_stack(params Tensor[] tensors) => Op.Tensor("column_stack", tensors);

    public static Tensor row_stack(IList<Tensor> tensors) => vstack(tensors);

    public static Tensor row_stack(ReadOnlySpan<Tensor> tensors) => vstack(tensors);

    public static Tensor row_stack(params Tensor[] tensors) => vstack(tensors);

    public static Tensor block_diag(params Tensor[] tensors) => Op.Tensor("block_diag", tensors);

    public static Tensor cartesian_prod(params Tensor[] tensors) => Op.Tensor("cartesian_prod", tensors);

    public static Tensor cartesian_prod(IList<Tensor> tensors) => Op.Tensor("cartesian_prod", tensors.ToArray());

    public static Tensor cartesian_prod(ReadOnlySpan<Tensor> tensors) => Op.Tensor("cartesian_prod", tensors.ToArray());

    public static Tensor combinations(Tensor input, int r = 2, bool with_replacement = false) =>
        Op.Tensor("combinations", input, (long)r, with_replacement);

    public static IList<Tensor> broadcast_tensors(params Tensor[] tensors) => Op.Tensors("broadcast_tensors", tensors);

    public static Tensor[] meshgrid(IEnumerable<Tensor> tensors, string indexing = "ij") =>
        Op.Tensors("meshgrid.indexing", tensors.ToArray(), indexing);

    public static Tensor einsum(string equation, params Tensor[] tensors) => Op.Tensor("einsum", equation, tensors);

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => Op.Tensor("where.self", condition, x, y);

    public static Tensor[] where(Tensor condition) => Op.Tensors("where", condition);

    public static Tensor complex(Tensor real, Tensor imag) => Op.Binary("complex", real, imag);

    public static Tensor polar(Tensor abs, Tensor angle) => Op.Binary("polar", abs, angle);

    public static Tensor chain_matmul(params Tensor[] matrices) => Op.Tensor("chain_matmul", matrices);
}

using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class linalg
    {
        public static Tensor norm(Tensor input, long[]? dims = null, bool keepdim = false) => Op.Tensor("linalg_norm", input, Arg.None, dims, keepdim);

        public static Tensor norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) => Op.Tensor("linalg_norm", input, ord, dims, keepdim);

        public static Tensor norm(Tensor input, int ord, long[]? dims = null, bool keepdim = false) => norm(input, (double)ord, dims, keepdim);

        public static Tensor norm(Tensor input, string ord, long[]? dims = null, bool keepdim = false) => Op.Tensor("linalg_norm.ord_str", input, ord, dims, keepdim);

        public static Tensor vector_norm(Tensor input, double ord = 2, long[]? dims = null, bool keepdim = false) =>
            Op.Tensor("linalg_vector_norm", input, ord, dims, keepdim);

        public static Tensor matrix_norm(Tensor input, string ord = "fro", long[]? dims = null, bool keepdim = false) =>
            Op.Tensor("linalg_matrix_norm.str_ord", input, ord, dims ?? [-2, -1], keepdim);

        public static Tensor matrix_norm(Tensor input, double ord, long[]? dims = null, bool keepdim = false) =>
            Op.Tensor("linalg_matrix_norm", input, ord, dims ?? [-2, -1], keepdim);

        public static Tensor cond(Tensor input) => Op.Tensor("linalg_cond", input);

        public static Tensor cond(Tensor input, double p) => Op.Tensor("linalg_cond", input, p);

        public static Tensor cond(Tensor input, int p) => Op.Tensor("linalg_cond", input, (double)p);

        public static Tensor cond(Tensor input, string p) => Op.Tensor("linalg_cond.p_str", input, p);
    }
}

using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor kron(Tensor other) => Op.Binary("kron", this, other);

        public Tensor inner(Tensor vec2) => Op.Binary("inner", this, vec2);

        public Tensor outer(Tensor vec2) => Op.Binary("outer", this, vec2);

        public Tensor ger(Tensor vec2) => Op.Binary("ger", this, vec2);

        public Tensor dot(Tensor target) => Op.Binary("dot", this, target);

        public Tensor vdot(Tensor target) => Op.Binary("vdot", this, target);

        public Tensor mv(Tensor target) => Op.Binary("mv", this, target);

        public Tensor mm(Tensor target) => Op.Binary("mm", this, target);

        public Tensor bmm(Tensor batch2) => Op.Binary("bmm", this, batch2);

        public Tensor matmul(Tensor target) => Op.Binary("matmul", this, target);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Op.Addmm(this, mat1, mat2, beta, alpha);

        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Op.InPlace("addmm_", this, mat1, mat2, (double)beta, (double)alpha);

        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) =>
            Op.Tensor("addmv", this, mat, vec, (double)beta, (double)alpha);

        public Tensor addmv_(Tensor mat, Tensor vec, float beta = 1, float alpha = 1) =>
            Op.InPlace("addmv_", this, mat, vec, (double)beta, (double)alpha);

        public Tensor addr(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) =>
            Op.Tensor("addr", this, vec1, vec2, (double)beta, (double)alpha);

        public Tensor addr_(Tensor vec1, Tensor vec2, float beta = 1, float alpha = 1) =>
            Op.InPlace("addr_", this, vec1, vec2, (double)beta, (double)alpha);

        public Tensor addbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Op.Tensor("addbmm", this, batch1, batch2, (double)beta, (double)alpha);

        public Tensor addbmm_(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Op.InPlace("addbmm_", this, batch1, batch2, (double)beta, (double)alpha);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Op.Tensor("baddbmm", this, batch1, batch2, (double)beta, (double)alpha);

        public Tensor tensordot(Tensor b, long[] dims1, long[] dims2) => Op.Tensor("tensordot", this, b, dims1, dims2);

        /// <summary>Sums over the last dims dimensions of this tensor and the first dims of the other.</summary>
        public Tensor tensordot(Tensor b, long dims = 2)
        {
            var own = new long[dims];
            var others = new long[dims];
            for (var i = 0; i < dims; i++)
            {
                own[i] = Dimensions - dims + i;
                others[i] = i;
            }
            return tensordot(b, own, others);
        }

        public Tensor matrix_exp() => Op.Unary("matrix_exp", this);

        public Tensor matrix_power(int n) => Op.Tensor("matrix_power", this, (long)n);

        public Tensor inverse() => Op.Unary("inverse", this);

        public Tensor pinverse(double rcond = 1e-15, bool hermitian = false) => Op.Tensor("linalg_pinv", this, rcond, hermitian);

        public Tensor det() => Op.Unary("det", this);

        public Tensor logdet() => Op.Unary("logdet", this);

        public Tensor trace() => Op.Unary("trace", this);

        public Tensor cholesky(bool upper = false) => Op.Tensor("cholesky", this, upper);

        public Tensor cholesky_inverse(bool upper = false) => Op.Tensor("cholesky_inverse", this, upper);

        public Tensor cholesky_solve(Tensor input2, bool upper = false) => Op.Tensor("cholesky_solve", this, input2, upper);

        public (Tensor a, Tensor tau) geqrf() => Op.Pair("geqrf", this);

        public Tensor ormqr(Tensor tau, Tensor other, bool left = true, bool transpose = false) => Op.Tensor("ormqr", this, tau, other, left, transpose);
    }
}

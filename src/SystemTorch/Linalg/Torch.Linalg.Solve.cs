using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class linalg
    {
        public static Tensor solve(Tensor A, Tensor B, bool left = true) => Op.Tensor("linalg_solve", A, B, left);

        public static (Tensor result, Tensor info) solve_ex(Tensor A, Tensor B, bool left = true, bool check_errors = false) =>
            Op.Pair("linalg_solve_ex", A, B, left, check_errors);

        public static Tensor solve_triangular(Tensor A, Tensor B, bool upper, bool left = true, bool unitriangular = false, Tensor? @out = null) =>
            @out is null
                ? Op.Tensor("linalg_solve_triangular", A, B, upper, left, unitriangular)
                : Op.Into("linalg_solve_triangular.out", @out, A, B, upper, left, unitriangular);

        public static (Tensor Solution, Tensor Residuals, Tensor Rank, Tensor SingularValues) lstsq(Tensor input, Tensor other) =>
            Op.Quadruple("linalg_lstsq", input, other);

        public static (Tensor Solution, Tensor Residuals, Tensor Rank, Tensor SingularValues) lstsq(Tensor input, Tensor other, double rcond) =>
            Op.Quadruple("linalg_lstsq", input, other, rcond);

        public static (Tensor P, Tensor L, Tensor U) lu(Tensor input, bool pivot = true) => Op.Triple("linalg_lu", input, pivot);

        public static (Tensor LU, Tensor? Pivots) lu_factor(Tensor input, bool pivot = true) => Op.Pair("linalg_lu_factor", input, pivot);

        public static Tensor lu_solve(Tensor LU, Tensor pivots, Tensor B, bool left = true, bool adjoint = false, Tensor? @out = null) =>
            @out is null
                ? Op.Tensor("linalg_lu_solve", LU, pivots, B, left, adjoint)
                : Op.Into("linalg_lu_solve.out", @out, LU, pivots, B, left, adjoint);

        public static (Tensor LU, Tensor? Pivots) ldl_factor(Tensor input, bool hermitian = true) => Op.Pair("linalg_ldl_factor", input, hermitian);

        public static (Tensor LU, Tensor? Pivots, Tensor? Info) ldl_factor_ex(Tensor input, bool hermitian = true, bool check_errors = false) =>
            Op.Triple("linalg_ldl_factor_ex", input, hermitian, check_errors);

        public static Tensor ldl_solve(Tensor LD, Tensor pivots, Tensor B, bool hermitian = false) => Op.Tensor("linalg_ldl_solve", LD, pivots, B, hermitian);

        public static Tensor tensorinv(Tensor input, long ind) => Op.Tensor("linalg_tensorinv", input, ind);

        public static Tensor tensorsolve(Tensor A, Tensor B, long[] dims) => Op.Tensor("linalg_tensorsolve", A, B, dims);
    }
}

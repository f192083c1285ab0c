using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class linalg
    {
        public enum QRMode
        {
            Reduced = 0,
            Complete = 1,
            R = 2,
        }

        public static Tensor svdvals(Tensor input) => Op.Tensor("linalg_svdvals", input);

        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true) => Op.Triple("linalg_svd", input, fullMatrices);

        public static (Tensor Q, Tensor R) qr(Tensor input, QRMode mode = QRMode.Reduced) => Op.Pair("linalg_qr", input, mode switch
        {
            QRMode.Reduced => "reduced",
            QRMode.Complete => "complete",
            QRMode.R => "r",
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "expected Reduced, Complete or R"),
        });

        public static (Tensor, Tensor) eig(Tensor input) => Op.Pair("linalg_eig", input);

        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') => Op.Pair("linalg_eigh", input, UPLO.ToString());

        public static Tensor eigvals(Tensor input) => Op.Tensor("linalg_eigvals", input);

        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') => Op.Tensor("linalg_eigvalsh", input, UPLO.ToString());

        public static Tensor inv(Tensor input) => Op.Tensor("linalg_inv", input);

        public static (Tensor L, Tensor info) inv_ex(Tensor input, bool check_errors = false) => Op.Pair("linalg_inv_ex", input, check_errors);

        public static Tensor pinv(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            Op.Tensor("linalg_pinv.atol_rtol_float", input, atol, rtol, hermitian);

        public static Tensor pinv(Tensor input, Tensor atol, Tensor? rtol = null, bool hermitian = false) =>
            Op.Tensor("linalg_pinv.atol_rtol_tensor", input, atol, rtol, hermitian);

        public static Tensor det(Tensor input) => Op.Tensor("linalg_det", input);

        public static (Tensor, Tensor) slogdet(Tensor input) => Op.Pair("linalg_slogdet", input);

        public static Tensor cholesky(Tensor input) => Op.Tensor("linalg_cholesky", input);

        public static (Tensor L, Tensor info) cholesky_ex(Tensor input, bool check_errors = false) => Op.Pair("linalg_cholesky_ex", input, false, check_errors);

        public static Tensor matrix_exp(Tensor input) => Op.Tensor("linalg_matrix_exp", input);

        public static Tensor matrix_rank(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) =>
            Op.Tensor("linalg_matrix_rank.atol_rtol_float", input, atol, rtol, hermitian);

        public static Tensor matrix_rank(Tensor input, Tensor atol, Tensor? rtol = null, bool hermitian = false) =>
            Op.Tensor("linalg_matrix_rank.atol_rtol_tensor", input, atol, rtol, hermitian);

        public static Tensor multi_dot(IList<Tensor> tensors) => Op.Tensor("linalg_multi_dot", tensors.ToArray());

        public static Tensor diagonal(Tensor input, int offset = 0, int dim1 = -2, int dim2 = -1) =>
            Op.Tensor("linalg_diagonal", input, (long)offset, (long)dim1, (long)dim2);

        public static Tensor cross(Tensor input, Tensor other, long dim = -1) => Op.Tensor("linalg_cross", input, other, dim);

        public static Tensor vander(Tensor input, long? N = null) => Op.Tensor("linalg_vander", input, N);

        public static Tensor vecdot(Tensor x, Tensor y, long dim = -1, Tensor? @out = null) =>
            @out is null ? Op.Tensor("linalg_vecdot", x, y, dim) : Op.Into("linalg_vecdot.out", @out, x, y, dim);

        public static Tensor householder_product(Tensor A, Tensor tau) => Op.Tensor("linalg_householder_product", A, tau);
    }
}

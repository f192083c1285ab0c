using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class LinalgTests
{
    private static Tensor Random(params long[] size)
    {
        manual_seed(7);
        return randn(size, float64);
    }

    private static void Close(Tensor expected, Tensor actual) => Assert.True(expected.allclose(actual, 1e-9, 1e-9), actual.str());

    [Fact]
    public void KnownMatrix_HasItsKnownValues()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new double[,] { { 3, 0 }, { 4, 5 } });
        Close(tensor(new[] { Math.Sqrt(45), Math.Sqrt(5) }), linalg.svdvals(a));
        Assert.Equal(15, linalg.det(a).item<double>(), 1e-12);
        Close(tensor(new[] { 3.0, 5.0 }), linalg.eigvals(a).real.sort().Values);
        Assert.Equal(Math.Sqrt(50), linalg.norm(a).item<double>(), 1e-12);
        Assert.Equal(Math.Sqrt(45), linalg.matrix_norm(a, 2).item<double>(), 1e-12);
        Assert.Equal(9, linalg.matrix_norm(a, double.PositiveInfinity).item<double>(), 1e-12);
        Assert.Equal(12, linalg.vector_norm(a, 1).item<double>(), 1e-12);
        Assert.Equal(2, linalg.matrix_rank(a).item<long>());
        Close(tensor(new double[,] { { 1, 0 }, { -0.8, 0.6 } }) / tensor(new double[,] { { 3, 1 }, { 3, 3 } }), linalg.inv(a));
        Close(tensor(new[] { Math.Log(15.0) }), linalg.slogdet(a).Item2.view(1));
    }

    [Fact]
    public void Qr_Svd_Eigh_Lu_GiveTheMatrixBack()
    {
        using var scope = NewDisposeScope();
        var a = Random(7, 3);
        var (q, r) = linalg.qr(a);
        Close(a, q.mm(r));
        Close(eye(3, dtype: float64), q.t().mm(q));
        Close(zeros([3, 3], float64), r.tril(-1));
        Assert.Equal([7L, 7L], linalg.qr(a, linalg.QRMode.Complete).Q.shape);
        var (u, s, vh) = linalg.svd(a, fullMatrices: false);
        Close(a, (u * s).mm(vh));
        var symmetric = a.t().mm(a);
        var (values, vectors) = linalg.eigh(symmetric);
        Close(symmetric, (vectors * values).mm(vectors.t()));
        Close(values, linalg.eigvalsh(symmetric));
        Close(values.flip(0).sqrt(), linalg.svdvals(a));
        var (p, l, up) = linalg.lu(symmetric);
        Close(symmetric, p.mm(l).mm(up));
        var factor = linalg.cholesky(symmetric);
        Close(symmetric, factor.mm(factor.t()));
    }

    [Fact]
    public void Solvers_Solve()
    {
        using var scope = NewDisposeScope();
        var a = Random(5, 5);
        var x = Random(5, 2);
        Close(x, linalg.solve(a, a.mm(x)));
        Close(x, linalg.lstsq(a, a.mm(x)).Solution);
        Close(x, linalg.solve_triangular(a.triu(), a.triu().mm(x), upper: true));
        Close(a.mm(x).mm(x.t()), linalg.multi_dot([a, x, x.t()]));
        Close(linalg.inv(a), linalg.pinv(a));
    }

    [Fact]
    public void MatrixExp_OfASkewMatrix_IsARotation()
    {
        using var scope = NewDisposeScope();
        var angle = 0.7;
        var turned = matrix_exp(tensor(new double[,] { { 0, -angle }, { angle, 0 } }));
        Close(tensor(new[,] { { Math.Cos(angle), -Math.Sin(angle) }, { Math.Sin(angle), Math.Cos(angle) } }), turned);
        Close(turned, linalg.matrix_exp(tensor(new double[,] { { 0, -angle }, { angle, 0 } })));
    }

    [Fact]
    public void Products_AgreeWithSums()
    {
        using var scope = NewDisposeScope();
        var a = Random(2, 3, 5);
        var b = Random(2, 5, 7);
        var expected = (a.unsqueeze(3) * b.unsqueeze(1)).sum(2);
        Close(expected, a.bmm(b));
        Close(expected, a.matmul(b));
        Close(expected, einsum("bij,bjk->bik", a, b));
        Close(expected + 1, ones([2, 3, 7], float64).baddbmm(a, b));
        var v = Random(5);
        Close((a[0] * v).sum(1), a[0].mv(v));
        Close((a[0] * v).sum(1) * 2 + 3, ones([3], float64).addmv(a[0], v, beta: 3, alpha: 2));
        Close(v.unsqueeze(1) * v, v.outer(v));
        Close((v * v).sum(), v.dot(v));
        Close(einsum("ij,kj->ik", a[0], a[1]), tensordot(a[0], a[1], [1L], [1L]));
        Close(b[0].t().mm(a[0].t()).sum(), tensordot(a[0], b[0], 1).sum());
    }

    [Fact]
    public void SpectralNorm_HasAGradient()
    {
        using var scope = NewDisposeScope();
        var a = Random(3, 5).requires_grad_();
        linalg.svdvals(a)[0].backward();
        var (u, _, vh) = linalg.svd(a.detach(), false);
        Close(u[.., 0].outer(vh[0]), a.grad!);
    }
}

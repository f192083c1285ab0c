using TorchSharp.Interop;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class LoaderTests
{
    [SkippableFact]
    public void OpenMpBuildOfOpenBlas_WhereInstalled_IsTheOneThatIsMapped()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Any(
            folder => Directory.Exists(Path.Combine(folder, "openblas-openmp"))), "libopenblas0-openmp is not installed here");
        using var product = ones(3, 3).mm(ones(3, 3));
        Assert.Equal("openmp", Blas.Kind);
        Assert.NotEmpty(Blas.MappedFiles);
        Assert.All(Blas.MappedFiles, file => Assert.Contains("openblas-openmp", file));
    }

    [Theory]
    [InlineData("pthread", "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so")]
    [InlineData("openmp", "/usr/lib/aarch64-linux-gnu/openblas-openmp/libblas.so.3")]
    [InlineData("reference", "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0")]
    [InlineData("mkl", "/opt/intel/libmkl_core.so.2")]
    public void Kind_IsToldFromThePaths(string kind, string path) => Assert.Equal(kind, Blas.Classify([path]));

    [Theory]
    [InlineData("/x/lib.so: wrong ELF class: ELFCLASS32", "wrong platform")]
    [InlineData("/x/lib.so: undefined symbol: _ZN3c10", "wrong version")]
    public void LoadErrors_AreToldApart(string text, string expected) =>
        Assert.Contains(expected, NativeLoader.Explain("/x/lib.so", new DllNotFoundException(text)).Message);

    [Fact]
    public void Versions_AreKnown()
    {
        Assert.Matches(@"^\d+\.\d+", __version__);
        Assert.Matches(@"^\d+\.\d+", LibtorchVersion);
    }

    [Fact]
    public void Threads_AreSet()
    {
        var former = get_num_threads();
        try
        {
            set_num_threads(1);
            Assert.Equal(1, get_num_threads());
        }
        finally
        {
            set_num_threads(former);
        }
        Assert.True(get_num_interop_threads() > 0);
    }

    [Fact]
    public void Cuda_IsAbsent()
    {
        Assert.False(cuda.is_available());
        Assert.Equal(0, cuda.device_count());
        Assert.False(cuda_is_available());
    }
}

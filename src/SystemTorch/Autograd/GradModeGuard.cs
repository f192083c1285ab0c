using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>Sets this thread's grad mode and puts back the former one when disposed.</summary>
internal sealed class GradModeGuard : IDisposable
{
    private readonly bool _former = NativeMethods.st_grad_mode_get() != 0;

    public GradModeGuard(bool enabled) => NativeMethods.st_grad_mode_set(enabled ? 1 : 0);

    public void Dispose() => NativeMethods.st_grad_mode_set(_former ? 1 : 0);
}

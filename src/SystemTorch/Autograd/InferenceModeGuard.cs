using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>Inference mode of this thread until disposed.</summary>
internal sealed class InferenceModeGuard : IDisposable
{
    private nint _guard;

    public InferenceModeGuard(bool enabled) => Status.Check(NativeMethods.st_inference_mode_enter(enabled ? 1 : 0, out _guard));

    public void Dispose()
    {
        if (_guard != 0)
        {
            NativeMethods.st_inference_mode_leave(_guard);
            _guard = 0;
        }
    }
}

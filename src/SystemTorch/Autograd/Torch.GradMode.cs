using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>No tape on this thread until the result is disposed.</summary>
    public static IDisposable no_grad() => new GradModeGuard(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradModeGuard(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradModeGuard(mode);

    public static bool is_grad_enabled() => NativeMethods.st_grad_mode_get() != 0;

    public static IDisposable inference_mode(bool mode = true) => new InferenceModeGuard(mode);

    public static bool is_inference_mode_enabled() => NativeMethods.st_inference_mode_get() != 0;
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Turns the shim's status codes into exceptions.</summary>
internal static unsafe class Status
{
    /// <summary>The exception that managed code threw inside a native call on this thread, if any.</summary>
    [ThreadStatic]
    private static Exception? t_managed;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(int status)
    {
        if (status != 0)
        {
            Throw();
        }
    }

    public static void Remember(Exception exception) => t_managed = exception;

    public static void Forget() => t_managed = null;

    [DoesNotReturn]
    private static void Throw()
    {
        var text = Marshal.PtrToStringUTF8((nint)NativeMethods.st_last_error()) ?? "libtorch failed without a message";
        var inner = t_managed;
        t_managed = null;
        throw new ExternalException(text, inner);
    }
}

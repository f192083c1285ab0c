using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static int get_num_threads() => NativeMethods.st_threads_get();

    public static void set_num_threads(int num) => Status.Check(NativeMethods.st_threads_set(num));

    public static int get_num_interop_threads() => NativeMethods.st_interop_threads_get();

    public static void set_num_interop_threads(int num) => Status.Check(NativeMethods.st_interop_threads_set(num));
}

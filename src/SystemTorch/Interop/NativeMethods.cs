using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The functions of the shim; see native/systemtorch.h for the contract.</summary>
internal static unsafe class NativeMethods
{
    private const string Library = "systemtorch_native";

    static NativeMethods() =>
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), NativeLoader.Resolve);

    [DllImport(Library)] public static extern byte* st_last_error();
    [DllImport(Library)] public static extern byte* st_compiled_version();
    [DllImport(Library)] public static extern byte* st_running_version();
    [DllImport(Library)] public static extern byte* st_allocate(nint size);
    [DllImport(Library)] public static extern void st_free(void* memory);

    // Operators.
    [DllImport(Library)] public static extern int st_find_op(byte* name, byte* overload, out nint op);
    [DllImport(Library)] public static extern int st_call(nint op, Value* arguments, int count, Value* results, int capacity, out int produced);
    [DllImport(Library)] public static extern int st_call_unary(nint op, nint a, out nint result);
    [DllImport(Library)] public static extern int st_call_binary(nint op, nint a, nint b, out nint result);
    [DllImport(Library)] public static extern int st_call_binary_scaled(nint op, nint a, nint b, double scale, out nint result);
    [DllImport(Library)] public static extern int st_call_with_scalar(nint op, nint a, Value scalar, out nint result);
    [DllImport(Library)] public static extern int st_call_addmm(nint op, nint input, nint a, nint b, double beta, double alpha, out nint result);

    // Tensors.
    [DllImport(Library)] public static extern void st_tensor_free(nint tensor);
    [DllImport(Library)] public static extern nint st_tensor_alias(nint tensor);
    [DllImport(Library), SuppressGCTransition] public static extern int st_tensor_defined(nint tensor);
    [DllImport(Library)] public static extern int st_tensor_from_memory(void* source, long* sizes, int dimensions, sbyte dtype, out nint result);
    [DllImport(Library)] public static extern int st_tensor_over_memory(void* memory, long* sizes, int dimensions, sbyte dtype, delegate* unmanaged<nint, void> release, nint context, out nint result);
    [DllImport(Library), SuppressGCTransition] public static extern long st_tensor_dim(nint tensor);
    [DllImport(Library), SuppressGCTransition] public static extern long st_tensor_numel(nint tensor);
    [DllImport(Library), SuppressGCTransition] public static extern long st_tensor_element_size(nint tensor);
    [DllImport(Library)] public static extern int st_tensor_sizes(nint tensor, long* sizes);
    [DllImport(Library)] public static extern int st_tensor_strides(nint tensor, long* strides);
    [DllImport(Library), SuppressGCTransition] public static extern int st_tensor_dtype(nint tensor);
    [DllImport(Library), SuppressGCTransition] public static extern int st_tensor_device_type(nint tensor);
    [DllImport(Library), SuppressGCTransition] public static extern int st_tensor_device_index(nint tensor);
    [DllImport(Library)] public static extern int st_tensor_data(nint tensor, out void* data);
    [DllImport(Library), SuppressGCTransition] public static extern long st_tensor_storage_offset(nint tensor);
    [DllImport(Library)] public static extern int st_tensor_flags(nint tensor, out TensorFlags flags);

    [DllImport(Library)] public static extern int st_archive_save(nint tensor, byte* path);
    [DllImport(Library)] public static extern int st_archive_load(byte* path, out nint result);

    // Modes, generators, threads.
    [DllImport(Library), SuppressGCTransition] public static extern int st_grad_mode_get();
    [DllImport(Library), SuppressGCTransition] public static extern void st_grad_mode_set(int enabled);
    [DllImport(Library), SuppressGCTransition] public static extern int st_inference_mode_get();
    [DllImport(Library)] public static extern int st_inference_mode_enter(int enabled, out nint guard);
    [DllImport(Library)] public static extern void st_inference_mode_leave(nint guard);
    [DllImport(Library)] public static extern int st_default_dtype_set(sbyte dtype);
    [DllImport(Library)] public static extern int st_generator_default(out nint generator);
    [DllImport(Library)] public static extern int st_generator_new(ulong seed, out nint generator);
    [DllImport(Library)] public static extern void st_generator_free(nint generator);
    [DllImport(Library)] public static extern int st_generator_manual_seed(nint generator, ulong seed);
    [DllImport(Library)] public static extern int st_generator_seed(nint generator, out ulong seed);
    [DllImport(Library)] public static extern int st_generator_initial_seed(nint generator, out ulong seed);
    [DllImport(Library)] public static extern int st_generator_get_state(nint generator, out nint state);
    [DllImport(Library)] public static extern int st_generator_set_state(nint generator, nint state);
    [DllImport(Library)] public static extern int st_threads_get();
    [DllImport(Library)] public static extern int st_threads_set(int count);
    [DllImport(Library)] public static extern int st_interop_threads_get();
    [DllImport(Library)] public static extern int st_interop_threads_set(int count);

    // Gradients.
    [DllImport(Library)] public static extern int st_tensor_set_requires_grad(nint tensor, int value);
    [DllImport(Library)] public static extern int st_tensor_grad(nint tensor, out nint gradient);
    [DllImport(Library)] public static extern int st_tensor_set_grad(nint tensor, nint gradient);
    [DllImport(Library)] public static extern int st_tensor_retain_grad(nint tensor);
    [DllImport(Library)] public static extern int st_backward(nint* tensors, int count, nint* gradients, int gradientCount, int retainGraph, int createGraph, nint* inputs, int inputCount);
    [DllImport(Library)] public static extern int st_grad(nint* outputs, int outputCount, nint* inputs, int inputCount, nint* gradients, int gradientCount, int retainGraph, int createGraph, int allowUnused, out nint* results);
    [DllImport(Library)] public static extern void st_function_callbacks(delegate* unmanaged<nint, nint, nint*, int, nint**, int*, byte**, int> apply, delegate* unmanaged<nint, void> release);
    [DllImport(Library)] public static extern int st_function_begin(byte* name, nint state, byte* isTensor, int argumentCount, nint* inputs, int inputCount, out nint pending);
    [DllImport(Library)] public static extern int st_function_end(nint pending, nint* outputs, int outputCount, nint* constant, int constantCount, nint* dirty, int dirtyCount, nint* toSave, int saveCount, int materialize, out nint* results);
    [DllImport(Library)] public static extern void st_function_drop(nint pending);
    [DllImport(Library)] public static extern int st_function_saved(nint node, out nint* results, out int count);
}

// Tensors themselves: life, facts, data, generators, modes, threads, versions.
#include <cstdlib>
#include <cstring>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Generator.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/api/include/torch/version.h>

#include "internal.h"

using systemtorch::guarded;
using systemtorch::hand_out;

namespace systemtorch {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

void describe_shape(std::ostream& out, const at::Tensor* tensor) {
  if (!tensor) {
    out << "none";
  } else if (!tensor->defined()) {
    out << "undefined";
  } else {
    out << tensor->sizes();
  }
}

}  // namespace systemtorch

ST_API const char* st_last_error() {
  return systemtorch::last_error().c_str();
}

ST_API int32_t st_abi_version() {
  return ST_ABI_VERSION;
}

// The version that the shim was compiled against; the running one is asked for by st_running_version.
ST_API const char* st_compiled_version() {
  return TORCH_VERSION;
}

ST_API const char* st_running_version() {
  static const std::string version = [] {
    const std::string key = "TORCH_VERSION=";
    auto config = at::show_config();
    auto start = config.find(key);
    if (start == std::string::npos) {
      return std::string();
    }
    start += key.size();
    return config.substr(start, config.find_first_not_of("0123456789.", start) - start);
  }();
  return version.c_str();
}

// Memory that either side may free with st_free.
ST_API void* st_allocate(size_t size) {
  return std::malloc(size);
}

ST_API void st_free(void* memory) {
  std::free(memory);
}

ST_API void st_tensor_free(at::Tensor* tensor) {
  delete tensor;
}

ST_API at::Tensor* st_tensor_alias(const at::Tensor* tensor) {
  return new at::Tensor(*tensor);
}

ST_API int32_t st_tensor_defined(const at::Tensor* tensor) {
  return tensor->defined();
}

// A new contiguous CPU tensor filled from memory; a null source leaves it unset.
ST_API int32_t st_tensor_from_memory(const void* source, const int64_t* sizes, int32_t dimensions, int8_t dtype,
                                     at::Tensor** result) {
  return guarded("tensor", [&] {
    auto tensor = at::empty(at::IntArrayRef(sizes, dimensions), at::TensorOptions(static_cast<at::ScalarType>(dtype)));
    if (source && tensor.nbytes() > 0) {
      std::memcpy(tensor.data_ptr(), source, tensor.nbytes());
    }
    *result = hand_out(std::move(tensor));
  });
}

// A tensor over the caller's memory; release(context) is called when the last tensor over it is gone.
ST_API int32_t st_tensor_over_memory(void* memory, const int64_t* sizes, int32_t dimensions, int8_t dtype,
                                     void (*release)(void*), void* context, at::Tensor** result) {
  return guarded("frombuffer", [&] {
    *result = hand_out(at::from_blob(
        memory, at::IntArrayRef(sizes, dimensions), [release, context](void*) { release(context); },
        at::TensorOptions(static_cast<at::ScalarType>(dtype))));
  });
}

ST_API int64_t st_tensor_dim(const at::Tensor* tensor) {
  return tensor->dim();
}

ST_API int64_t st_tensor_numel(const at::Tensor* tensor) {
  return tensor->numel();
}

ST_API int64_t st_tensor_element_size(const at::Tensor* tensor) {
  return static_cast<int64_t>(tensor->itemsize());
}

ST_API int32_t st_tensor_sizes(const at::Tensor* tensor, int64_t* sizes) {
  return guarded("size", [&] {
    auto found = tensor->sizes();
    std::memcpy(sizes, found.data(), found.size() * sizeof(int64_t));
  });
}

ST_API int32_t st_tensor_strides(const at::Tensor* tensor, int64_t* strides) {
  return guarded("stride", [&] {
    auto found = tensor->strides();
    std::memcpy(strides, found.data(), found.size() * sizeof(int64_t));
  });
}

ST_API int32_t st_tensor_dtype(const at::Tensor* tensor) {
  return static_cast<int32_t>(tensor->scalar_type());
}

ST_API int32_t st_tensor_device_type(const at::Tensor* tensor) {
  return static_cast<int32_t>(tensor->device().type());
}

ST_API int32_t st_tensor_device_index(const at::Tensor* tensor) {
  return tensor->device().index();
}

ST_API int32_t st_tensor_data(const at::Tensor* tensor, void** data) {
  return guarded("data", [&] { *data = tensor->data_ptr(); });
}

ST_API int64_t st_tensor_storage_offset(const at::Tensor* tensor) {
  return tensor->storage_offset();
}

// Facts that need no memory: bit 0 contiguous, 1 requires_grad, 2 leaf, 3 sparse, 4 conj, 5 neg, 6 pinned.
ST_API int32_t st_tensor_flags(const at::Tensor* tensor, int32_t* flags) {
  return guarded("tensor", [&] {
    *flags = (tensor->layout() == at::kStrided && tensor->is_contiguous() ? 1 : 0) |
             (tensor->requires_grad() ? 2 : 0) | (tensor->is_leaf() ? 4 : 0) | (tensor->is_sparse() ? 8 : 0) |
             (tensor->is_conj() ? 16 : 0) | (tensor->is_neg() ? 32 : 0);
  });
}

ST_API int32_t st_grad_mode_get() {
  return at::GradMode::is_enabled();
}

ST_API void st_grad_mode_set(int32_t enabled) {
  at::GradMode::set_enabled(enabled != 0);
}

ST_API int32_t st_inference_mode_get() {
  return c10::InferenceMode::is_enabled();
}

ST_API int32_t st_inference_mode_enter(int32_t enabled, void** guard) {
  return guarded("inference_mode", [&] { *guard = new c10::InferenceMode(enabled != 0); });
}

ST_API void st_inference_mode_leave(void* guard) {
  delete static_cast<c10::InferenceMode*>(guard);
}

// libtorch's own default dtype: what Python-like factories without a dtype and integer division give.
ST_API int32_t st_default_dtype_set(int8_t dtype) {
  return guarded("set_default_dtype", [&] {
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(static_cast<at::ScalarType>(dtype)));
  });
}

ST_API int32_t st_generator_default(at::Generator** result) {
  return guarded("Generator", [&] { *result = new at::Generator(at::detail::getDefaultCPUGenerator()); });
}

ST_API int32_t st_generator_new(uint64_t seed, at::Generator** result) {
  return guarded("Generator", [&] { *result = new at::Generator(at::detail::createCPUGenerator(seed)); });
}

ST_API void st_generator_free(at::Generator* generator) {
  delete generator;
}

ST_API int32_t st_generator_manual_seed(at::Generator* generator, uint64_t seed) {
  return guarded("manual_seed", [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_current_seed(seed);
  });
}

ST_API int32_t st_generator_seed(at::Generator* generator, uint64_t* seed) {
  return guarded("seed", [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    *seed = generator->seed();
  });
}

ST_API int32_t st_generator_initial_seed(at::Generator* generator, uint64_t* seed) {
  return guarded("initial_seed", [&] { *seed = generator->current_seed(); });
}

ST_API int32_t st_generator_get_state(at::Generator* generator, at::Tensor** state) {
  return guarded("get_state", [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    *state = hand_out(generator->get_state());
  });
}

ST_API int32_t st_generator_set_state(at::Generator* generator, const at::Tensor* state) {
  return guarded("set_state", [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_state(*state);
  });
}

ST_API int32_t st_threads_get() {
  return at::get_num_threads();
}

ST_API int32_t st_threads_set(int32_t count) {
  return guarded("set_num_threads", [&] { at::set_num_threads(count); });
}

ST_API int32_t st_interop_threads_get() {
  return static_cast<int32_t>(at::get_num_interop_threads());
}

ST_API int32_t st_interop_threads_set(int32_t count) {
  return guarded("set_num_interop_threads", [&] { at::set_num_interop_threads(count); });
}

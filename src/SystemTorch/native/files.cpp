// Tensors in libtorch's own archive (a zip), as torch::save and torch::load of C++ write and read it.
#include <torch/serialize/archive.h>

#include "internal.h"

using systemtorch::guarded;
using systemtorch::hand_out;

ST_API int32_t st_archive_save(const at::Tensor* tensor, const char* path) {
  return guarded("save", [&] {
    torch::serialize::OutputArchive archive(std::make_shared<torch::jit::CompilationUnit>());
    archive.write("0", *tensor);
    archive.save_to(std::string(path));
  });
}

ST_API int32_t st_archive_load(const char* path, at::Tensor** result) {
  return guarded("load", [&] {
    torch::serialize::InputArchive archive;
    archive.load_from(std::string(path));
    at::Tensor tensor;
    archive.read("0", tensor);
    *result = hand_out(std::move(tensor));
  });
}

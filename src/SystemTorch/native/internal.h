// Shared by the shim's sources: error texts.
#pragma once

#include <exception>
#include <sstream>
#include <string>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include "systemtorch.h"

namespace systemtorch {

// The text that st_last_error hands out, one per thread.
std::string& last_error();

// " ([2, 3], [5])": the shapes of the tensors that an operation was given.
void describe_shape(std::ostream& out, const at::Tensor* tensor);

// Runs the body; what it throws becomes last_error(), with describe(stream) before it.
template <typename Describe, typename Body>
int32_t guarded(Describe describe, Body body) noexcept {
  try {
    try {
      body();
      return 0;
    } catch (const c10::Error& error) {
      std::ostringstream text;
      describe(text);
      text << error.what_without_backtrace();
      last_error() = text.str();
    } catch (const std::exception& error) {
      std::ostringstream text;
      describe(text);
      text << error.what();
      last_error() = text.str();
    } catch (...) {
      std::ostringstream text;
      describe(text);
      text << "an exception of unknown type";
      last_error() = text.str();
    }
  } catch (...) {
    // Out of memory while the text was made: the caller still learns that the call failed.
  }
  return 1;
}

template <typename Body>
int32_t guarded(const char* operation, Body body) noexcept {
  return guarded([operation](std::ostream& text) { text << operation << ": "; }, body);
}

inline at::Tensor* hand_out(at::Tensor tensor) {
  return new at::Tensor(std::move(tensor));
}

}  // namespace systemtorch

// The contract between SystemTorch (C#) and libtorch: a C ABI.
//
// - A tensor handle is a heap-allocated at::Tensor*, owned by the caller and freed with st_tensor_free.
// - Every function that can fail returns an int32_t: 0 means done, anything else means that st_last_error()
//   holds the text for this thread. Nothing throws across the boundary.
// - Arrays handed out are freed with st_free, the tensors in them one by one.
#pragma once

#include <cstdint>

#define ST_API extern "C" __attribute__((visibility("default")))

// Counted up with every change of this file; the managed side refuses a library of another number.
#define ST_ABI_VERSION 1

enum st_tag : int32_t {
  ST_NONE = 0,              // no value: None of an optional argument
  ST_TENSOR = 1,            // pointer: at::Tensor*, null for an undefined tensor
  ST_INT = 2,               // integer: also dtype, layout and memory format
  ST_DOUBLE = 3,            // real
  ST_BOOL = 4,              // integer, 0 or 1
  ST_INTS = 5,              // pointer: int64_t[count]
  ST_DOUBLES = 6,           // pointer: double[count]
  ST_TENSORS = 7,           // pointer: at::Tensor*[count]
  ST_OPTIONAL_TENSORS = 8,  // pointer: at::Tensor*[count], null for None
  ST_STRING = 9,            // pointer: char[count], UTF-8
  ST_DEVICE = 10,           // integer: type in the low half, index in the high half
  ST_GENERATOR = 11,        // pointer: at::Generator*
  ST_COMPLEX = 12,          // pointer: double[2]
  ST_DEFAULT = 13,          // the default of the operator's schema
};

// One argument or one result of an operator.
struct st_value {
  int32_t tag;
  int32_t count;
  union {
    int64_t integer;
    double real;
    void* pointer;
  };
};
static_assert(sizeof(st_value) == 16, "st_value is laid out as on the managed side");

// Operators by name, through libtorch's dispatcher.
#include <mutex>
#include <unordered_map>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include "internal.h"

using systemtorch::guarded;
using systemtorch::hand_out;

namespace {

// An operator found by name. The addresses handed out stay valid until the process ends.
struct Operator {
  std::string name;
  c10::OperatorHandle handle;
  Operator(std::string full_name, c10::OperatorHandle found)
      : name(std::move(full_name)), handle(std::move(found)) {}
};

using Unary = at::Tensor(const at::Tensor&);
using Binary = at::Tensor(const at::Tensor&, const at::Tensor&);
using WithScalar = at::Tensor(const at::Tensor&, const at::Scalar&);
using Addmm = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Scalar&, const at::Scalar&);
using BinaryScaled = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Scalar&);

c10::IValue to_ivalue(const st_value& value, const c10::Argument* schema) {
  switch (value.tag) {
    case ST_NONE:
      return c10::IValue();
    case ST_TENSOR:
      return value.pointer ? c10::IValue(*static_cast<at::Tensor*>(value.pointer)) : c10::IValue(at::Tensor());
    case ST_INT:
      return c10::IValue(value.integer);
    case ST_DOUBLE:
      return c10::IValue(value.real);
    case ST_BOOL:
      return c10::IValue(value.integer != 0);
    case ST_INTS: {
      auto* items = static_cast<const int64_t*>(value.pointer);
      return c10::IValue(std::vector<int64_t>(items, items + value.count));
    }
    case ST_DOUBLES: {
      auto* items = static_cast<const double*>(value.pointer);
      return c10::IValue(std::vector<double>(items, items + value.count));
    }
    case ST_TENSORS: {
      auto* items = static_cast<at::Tensor**>(value.pointer);
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) {
        list.push_back(*items[i]);
      }
      return c10::IValue(std::move(list));
    }
    case ST_OPTIONAL_TENSORS: {
      auto* items = static_cast<at::Tensor**>(value.pointer);
      c10::List<c10::optional<at::Tensor>> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) {
        list.push_back(items[i] ? c10::optional<at::Tensor>(*items[i]) : c10::optional<at::Tensor>());
      }
      return c10::IValue(std::move(list));
    }
    case ST_STRING:
      return c10::IValue(std::string(static_cast<const char*>(value.pointer), value.count));
    case ST_DEVICE:
      return c10::IValue(c10::Device(
          static_cast<c10::DeviceType>(static_cast<int32_t>(value.integer)),
          static_cast<c10::DeviceIndex>(value.integer >> 32)));
    case ST_GENERATOR:
      return c10::IValue(*static_cast<at::Generator*>(value.pointer));
    case ST_COMPLEX: {
      auto* parts = static_cast<const double*>(value.pointer);
      return c10::IValue(c10::complex<double>(parts[0], parts[1]));
    }
    case ST_DEFAULT:
      TORCH_CHECK(schema && schema->default_value(), "an argument without a default was left out");
      return *schema->default_value();
    default:
      TORCH_CHECK(false, "unknown argument tag ", value.tag);
  }
}

st_value hand_out_list(const c10::IValue& value) {
  auto tensors = value.toTensorVector();
  auto** items = static_cast<at::Tensor**>(std::malloc(sizeof(at::Tensor*) * (tensors.size() + 1)));
  TORCH_CHECK(items, "out of memory");
  for (size_t i = 0; i < tensors.size(); i++) {
    items[i] = hand_out(std::move(tensors[i]));
  }
  st_value result{ST_TENSORS, static_cast<int32_t>(tensors.size()), {0}};
  result.pointer = items;
  return result;
}

st_value to_value(const c10::IValue& value) {
  st_value result{ST_NONE, 0, {0}};
  if (value.isTensor()) {
    result.tag = ST_TENSOR;
    result.pointer = hand_out(value.toTensor());
  } else if (value.isTensorList()) {
    result = hand_out_list(value);
  } else if (value.isInt()) {
    result.tag = ST_INT;
    result.integer = value.toInt();
  } else if (value.isDouble()) {
    result.tag = ST_DOUBLE;
    result.real = value.toDouble();
  } else if (value.isBool()) {
    result.tag = ST_BOOL;
    result.integer = value.toBool();
  } else {
    TORCH_CHECK(value.isNone(), "a result of type ", value.tagKind(), " has no place in the C ABI");
  }
  return result;
}

void free_values(const st_value* values, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    if (values[i].tag == ST_TENSOR) {
      delete static_cast<at::Tensor*>(values[i].pointer);
    } else if (values[i].tag == ST_TENSORS) {
      auto** items = static_cast<at::Tensor**>(values[i].pointer);
      for (int32_t k = 0; k < values[i].count; k++) {
        delete items[k];
      }
      std::free(items);
    }
  }
}

void describe_call(std::ostream& text, const std::string& name, const st_value* arguments, int32_t count) {
  text << name << "(";
  const char* separator = "";
  for (int32_t i = 0; i < count; i++) {
    if (arguments[i].tag == ST_TENSOR) {
      text << separator;
      systemtorch::describe_shape(text, static_cast<at::Tensor*>(arguments[i].pointer));
      separator = ", ";
    } else if (arguments[i].tag == ST_TENSORS || arguments[i].tag == ST_OPTIONAL_TENSORS) {
      for (int32_t k = 0; k < arguments[i].count; k++) {
        text << separator;
        systemtorch::describe_shape(text, static_cast<at::Tensor**>(arguments[i].pointer)[k]);
        separator = ", ";
      }
    }
  }
  text << "): ";
}

void call_boxed(const Operator& op, const st_value* arguments, int32_t count, st_value* results, int32_t capacity,
                int32_t* produced) {
  const auto& schema = op.handle.schema();
  const auto& parameters = schema.arguments();
  TORCH_CHECK(static_cast<size_t>(count) <= parameters.size(), "takes ", parameters.size(), " arguments, got ", count);
  torch::jit::Stack stack;
  stack.reserve(parameters.size());
  for (int32_t i = 0; i < count; i++) {
    stack.push_back(to_ivalue(arguments[i], &parameters[i]));
  }
  for (size_t i = count; i < parameters.size(); i++) {
    TORCH_CHECK(parameters[i].default_value(), "argument '", parameters[i].name(), "' is missing");
    stack.push_back(*parameters[i].default_value());
  }
  op.handle.callBoxed(&stack);
  if (!results) {
    return;
  }
  TORCH_CHECK(stack.size() <= static_cast<size_t>(capacity), "gives ", stack.size(), " results, expected ", capacity);
  int32_t done = 0;
  try {
    for (; done < static_cast<int32_t>(stack.size()); done++) {
      results[done] = to_value(stack[done]);
    }
  } catch (...) {
    free_values(results, done);
    throw;
  }
  *produced = done;
}

template <typename Signature, typename... Arguments>
int32_t call_unboxed(void* op, at::Tensor** result, const at::Tensor* a, const at::Tensor* b, Arguments&&... rest) {
  auto* found = static_cast<Operator*>(op);
  return guarded(
      [&](std::ostream& text) {
        text << found->name << "(";
        systemtorch::describe_shape(text, a);
        if (b) {
          text << ", ";
          systemtorch::describe_shape(text, b);
        }
        text << "): ";
      },
      [&] { *result = hand_out(found->handle.typed<Signature>().call(std::forward<Arguments>(rest)...)); });
}

}  // namespace

// Finds "aten::name" with its overload ("" for none).
ST_API int32_t st_find_op(const char* name, const char* overload, void** op) {
  return guarded(name, [&] {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(found, "this libtorch has no operator '", name, ".", overload, "'");
    std::string full_name(name);
    if (full_name.rfind("aten::", 0) == 0) {
      full_name = full_name.substr(6);
    }
    *op = new Operator(std::move(full_name), *found);
  });
}

// Calls with arguments in the schema's order; results may be null where only the effect counts.
ST_API int32_t st_call(void* op, const st_value* arguments, int32_t count, st_value* results, int32_t capacity,
                       int32_t* produced) {
  auto* found = static_cast<Operator*>(op);
  return guarded([&](std::ostream& text) { describe_call(text, found->name, arguments, count); },
                 [&] { call_boxed(*found, arguments, count, results, capacity, produced); });
}

// Unboxed calls by signature, about half the cost of a boxed one.
ST_API int32_t st_call_unary(void* op, const at::Tensor* a, at::Tensor** result) {
  return call_unboxed<Unary>(op, result, a, nullptr, *a);
}

ST_API int32_t st_call_binary(void* op, const at::Tensor* a, const at::Tensor* b, at::Tensor** result) {
  return call_unboxed<Binary>(op, result, a, b, *a, *b);
}

ST_API int32_t st_call_binary_scaled(void* op, const at::Tensor* a, const at::Tensor* b, double scale,
                                     at::Tensor** result) {
  return call_unboxed<BinaryScaled>(op, result, a, b, *a, *b, at::Scalar(scale));
}

// For real and integer scalars (ST_DOUBLE, ST_INT).
ST_API int32_t st_call_with_scalar(void* op, const at::Tensor* a, st_value scalar, at::Tensor** result) {
  return call_unboxed<WithScalar>(op, result, a, nullptr, *a,
                                  scalar.tag == ST_DOUBLE ? at::Scalar(scalar.real) : at::Scalar(scalar.integer));
}

ST_API int32_t st_call_addmm(void* op, const at::Tensor* input, const at::Tensor* a, const at::Tensor* b, double beta,
                             double alpha, at::Tensor** result) {
  st_value described[3] = {{ST_TENSOR, 0, {0}}, {ST_TENSOR, 0, {0}}, {ST_TENSOR, 0, {0}}};
  auto* found = static_cast<Operator*>(op);
  return guarded(
      [&](std::ostream& text) {
        described[0].pointer = const_cast<at::Tensor*>(input);
        described[1].pointer = const_cast<at::Tensor*>(a);
        described[2].pointer = const_cast<at::Tensor*>(b);
        describe_call(text, found->name, described, 3);
      },
      [&] {
        *result = hand_out(found->handle.typed<Addmm>().call(*input, *a, *b, at::Scalar(beta), at::Scalar(alpha)));
      });
}

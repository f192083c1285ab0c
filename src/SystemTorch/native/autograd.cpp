// Gradients: backward, grad, and functions whose backward is written in managed code.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <type_traits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include "internal.h"

using systemtorch::guarded;
using systemtorch::hand_out;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

variable_list to_list(at::Tensor* const* tensors, int32_t count) {
  variable_list list;
  list.reserve(count);
  for (int32_t i = 0; i < count; i++) {
    list.push_back(tensors[i] ? *tensors[i] : at::Tensor());
  }
  return list;
}

at::Tensor** hand_out_list(const variable_list& tensors) {
  auto** items = static_cast<at::Tensor**>(std::malloc(sizeof(at::Tensor*) * (tensors.size() + 1)));
  TORCH_CHECK(items, "out of memory");
  for (size_t i = 0; i < tensors.size(); i++) {
    items[i] = hand_out(tensors[i]);
  }
  return items;
}

// Backward of one managed function. Gets count gradients (null where undefined), which become its own, and gives an
// array of handles (null for undefined ones) to be freed here. Not 0: failed, and the text is *error (st_allocate).
using ApplyCallback = int32_t (*)(void* state, void* node, at::Tensor** gradients, int32_t count,
                                  at::Tensor*** results, int32_t* result_count, char** error);
using ReleaseCallback = void (*)(void* state);

struct Callbacks {
  ApplyCallback apply = nullptr;
  ReleaseCallback release = nullptr;
};

Callbacks callbacks;

// The node of the graph that stands for one application of a managed function.
struct ManagedNode : public Node {
  void* state = nullptr;
  std::string function_name;
  bool executable = false;
  bool materialize = true;
  bool released = false;
  std::vector<bool> is_tensor;
  std::vector<torch::autograd::VariableInfo> output_info;
  std::vector<torch::autograd::SavedVariable> saved;
  variable_list inputs;

  ~ManagedNode() override {
    if (state) {
      callbacks.release(state);
    }
  }

  std::string name() const override {
    return function_name;
  }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    saved.clear();
    released = true;
  }

  variable_list apply(variable_list&& gradients) override {
    at::OptionalDeviceGuard device_guard;
    std::vector<at::Tensor*> handed(gradients.size(), nullptr);
    for (size_t i = 0; i < gradients.size(); i++) {
      if (gradients[i].defined()) {
        handed[i] = hand_out(gradients[i]);
      } else if (materialize) {
        handed[i] = hand_out(output_info[i].zeros(device_guard));
      }
    }
    at::Tensor** results = nullptr;
    int32_t count = 0;
    char* error = nullptr;
    // The managed side owns what it is handed, whether it fails or not.
    if (callbacks.apply(state, this, handed.data(), static_cast<int32_t>(handed.size()), &results, &count, &error)) {
      std::string text(error ? error : "failed without a message");
      std::free(error);
      throw std::runtime_error("backward of " + function_name + ": " + text);
    }
    variable_list returned = to_list(results, count);
    for (int32_t i = 0; i < count; i++) {
      delete results[i];
    }
    std::free(results);
    return to_gradients(std::move(returned));
  }

 private:
  // One entry per argument of apply comes in, one per tensor argument goes out.
  variable_list to_gradients(variable_list returned) const {
    const size_t expected = is_tensor.size();
    bool surplus_undefined = true;
    for (size_t i = expected; i < returned.size(); i++) {
      surplus_undefined &= !returned[i].defined();
    }
    TORCH_CHECK(returned.size() == expected || (returned.size() > expected && surplus_undefined), "backward of ",
                function_name, ": returned ", returned.size(), " gradients, expected ", expected,
                ", one for each argument of apply");
    variable_list gradients;
    for (size_t i = 0; i < expected; i++) {
      TORCH_CHECK(is_tensor[i] || !returned[i].defined(), "backward of ", function_name,
                  ": returned a gradient for argument ", i, ", which is no tensor; expected null");
      if (is_tensor[i]) {
        gradients.push_back(std::move(returned[i]));
      }
    }
    return gradients;
  }
};

struct PendingNode {
  std::shared_ptr<ManagedNode> node;
};

// _wrap_outputs grew arguments from libtorch 2.1 on; which form is there is asked of the compiler.
template <typename Wrap, typename Jvp>
auto wrap_outputs(Wrap wrap, const variable_list& inputs, const std::unordered_set<at::TensorImpl*>& constant,
                  const std::unordered_set<at::TensorImpl*>& dirty, const std::vector<c10::optional<at::Tensor>>& raw,
                  const std::shared_ptr<Node>& node, const Jvp& jvp) {
  using Set = std::unordered_set<at::TensorImpl*>;
  using View = std::function<at::Tensor(at::Tensor)>;
  using Raw = const std::vector<c10::optional<at::Tensor>>&;
  View view = [](at::Tensor tensor) { return tensor.view_as(tensor); };
  if constexpr (std::is_invocable_v<Wrap, const variable_list&, const Set&, const Set&, Raw,
                                    const std::shared_ptr<Node>&, const Jvp&>) {
    return wrap(inputs, constant, dirty, raw, node, jvp);
  } else if constexpr (std::is_invocable_v<Wrap, const variable_list&, const Set&, const Set&, Raw,
                                           const std::shared_ptr<Node>&, const Jvp&, const Set&>) {
    return wrap(inputs, constant, dirty, raw, node, jvp, Set());
  } else if constexpr (std::is_invocable_v<Wrap, const variable_list&, const Set&, const Set&, Raw,
                                           const std::shared_ptr<Node>&, const Jvp&, const Set&, const View&>) {
    return wrap(inputs, constant, dirty, raw, node, jvp, Set(), view);
  } else {
    return wrap(inputs, constant, dirty, raw, node, jvp, Set(), view, false);
  }
}

std::unordered_set<at::TensorImpl*> to_set(at::Tensor* const* tensors, int32_t count) {
  std::unordered_set<at::TensorImpl*> set;
  for (int32_t i = 0; i < count; i++) {
    set.insert(tensors[i]->unsafeGetTensorImpl());
  }
  return set;
}

}  // namespace

ST_API int32_t st_tensor_set_requires_grad(at::Tensor* tensor, int32_t value) {
  return guarded("requires_grad", [&] {
    TORCH_CHECK(value || tensor->is_leaf() || !tensor->requires_grad(),
                "you can only change requires_grad of leaf tensors");
    tensor->set_requires_grad(value != 0);
  });
}

ST_API int32_t st_tensor_grad(const at::Tensor* tensor, at::Tensor** result) {
  return guarded("grad", [&] {
    const auto& gradient = tensor->grad();
    *result = gradient.defined() ? hand_out(gradient) : nullptr;
  });
}

ST_API int32_t st_tensor_set_grad(at::Tensor* tensor, const at::Tensor* gradient) {
  return guarded("grad", [&] { tensor->mutable_grad() = gradient ? *gradient : at::Tensor(); });
}

ST_API int32_t st_tensor_retain_grad(at::Tensor* tensor) {
  return guarded("retain_grad", [&] { tensor->retain_grad(); });
}

ST_API int32_t st_backward(at::Tensor* const* tensors, int32_t count, at::Tensor* const* gradients,
                           int32_t gradient_count, int32_t retain_graph, int32_t create_graph,
                           at::Tensor* const* inputs, int32_t input_count) {
  return guarded("backward", [&] {
    torch::autograd::backward(to_list(tensors, count), to_list(gradients, gradient_count), retain_graph != 0,
                              create_graph != 0, to_list(inputs, input_count));
  });
}

ST_API int32_t st_grad(at::Tensor* const* outputs, int32_t output_count, at::Tensor* const* inputs,
                       int32_t input_count, at::Tensor* const* gradients, int32_t gradient_count,
                       int32_t retain_graph, int32_t create_graph, int32_t allow_unused, at::Tensor*** results) {
  return guarded("grad", [&] {
    *results = hand_out_list(torch::autograd::grad(
        to_list(outputs, output_count), to_list(inputs, input_count), to_list(gradients, gradient_count),
        retain_graph != 0, create_graph != 0, allow_unused != 0));
  });
}

ST_API void st_function_callbacks(ApplyCallback apply, ReleaseCallback release) {
  callbacks.apply = apply;
  callbacks.release = release;
}

// Begins an application: is_tensor has one entry per argument, inputs one per tensor among them. The state goes to
// the release callback when the node dies, also when this call fails.
ST_API int32_t st_function_begin(const char* name, void* state, const uint8_t* is_tensor, int32_t argument_count,
                                 at::Tensor* const* inputs, int32_t input_count, void** pending) {
  return guarded(name, [&] {
    std::shared_ptr<ManagedNode> node(new ManagedNode(), torch::autograd::deleteNode);
    node->state = state;
    node->function_name = name;
    node->is_tensor.assign(is_tensor, is_tensor + argument_count);
    node->inputs = to_list(inputs, input_count);
    node->executable =
        at::GradMode::is_enabled() && torch::autograd::any_variable_requires_grad(node->inputs);
    if (node->executable) {
      node->set_next_edges(torch::autograd::collect_next_edges(node->inputs));
    }
    node->clear_input_metadata();
    *pending = new PendingNode{std::move(node)};
  });
}

// Ends it: ties the outputs to the node and saves what backward asked for. Results: one handle per output.
ST_API int32_t st_function_end(void* pending, at::Tensor* const* outputs, int32_t output_count,
                               at::Tensor* const* constant, int32_t constant_count, at::Tensor* const* dirty,
                               int32_t dirty_count, at::Tensor* const* to_save, int32_t save_count,
                               int32_t materialize, at::Tensor*** results) {
  auto node = static_cast<PendingNode*>(pending)->node;
  return guarded(node->function_name.c_str(), [&] {
    std::vector<c10::optional<at::Tensor>> raw;
    for (int32_t i = 0; i < output_count; i++) {
      raw.emplace_back(*outputs[i]);
    }
    for (int32_t i = 0; i < dirty_count; i++) {
      dirty[i]->unsafeGetTensorImpl()->bump_version();
    }
    torch::autograd::_jvp_fn_t jvp = [](variable_list, variable_list) -> variable_list {
      TORCH_CHECK(false, "forward-mode derivatives of managed functions are not supported");
    };
    auto wrapped = wrap_outputs(&torch::autograd::_wrap_outputs, node->inputs, to_set(constant, constant_count),
                                to_set(dirty, dirty_count), raw,
                                node->executable ? std::shared_ptr<Node>(node) : nullptr, jvp);
    variable_list handed;
    for (auto& output : wrapped) {
      handed.push_back(output.has_value() ? *output : at::Tensor());
    }
    if (node->executable) {
      node->materialize = materialize != 0;
      for (size_t i = 0; node->materialize && i < handed.size(); i++) {
        node->output_info.emplace_back(handed[i]);
      }
      for (int32_t i = 0; i < save_count; i++) {
        bool is_output = to_save[i] && to_save[i]->grad_fn().get() == node.get();
        node->saved.emplace_back(to_save[i] ? *to_save[i] : at::Tensor(), is_output);
      }
    }
    node->inputs.clear();
    *results = hand_out_list(handed);
  });
}

ST_API void st_function_drop(void* pending) {
  delete static_cast<PendingNode*>(pending);
}

// What save_for_backward was given; fails where a tensor was changed in place since, or the graph was freed.
ST_API int32_t st_function_saved(void* node, at::Tensor*** results, int32_t* count) {
  auto* managed = static_cast<ManagedNode*>(node);
  return guarded([&](std::ostream& text) { text << "saved tensors of " << managed->function_name << ": "; }, [&] {
    TORCH_CHECK(!managed->released, torch::autograd::ERR_BACKWARD_TWICE);
    auto self = managed->shared_from_this();
    variable_list unpacked;
    for (auto& variable : managed->saved) {
      unpacked.push_back(variable.unpack(self));
    }
    *results = hand_out_list(unpacked);
    *count = static_cast<int32_t>(unpacked.size());
  });
}

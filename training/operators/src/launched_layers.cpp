#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <bit>
#include <string>
#include <utility>

#include "launched.hpp"
#include "pamkit/cuda/execution.hpp"

/// Layers as cuda/plan has them, on the memory of tensors.

namespace pamkit::operators {
namespace {

std::int64_t word(std::uint32_t bits) { return std::bit_cast<std::int32_t>(bits); }

// The memory of one run. Launches and frees of one stream come in order, so that scratch may go
// when everything is started.
class tensor_memory {
 public:
  tensor_memory(const cuda::layer_plan& plan, const std::vector<at::Tensor>& operands,
                const std::vector<at::Tensor>& results) {
    using enum cuda::plan_buffer::role;
    for (const cuda::plan_buffer& b : plan.buffers) {
      const auto options = operands[0].options().dtype(at::kInt);
      buffers_.push_back(b.is == operand   ? operands[b.index]
                         : b.is == result  ? results[b.index]
                         : b.is == scratch ? at::empty({b.words}, options)
                                           : at::full({1}, word(b.value), options));
    }
  }
  const std::uint32_t* read(std::size_t buffer) const { return words_of(buffers_[buffer]); }
  std::uint32_t* write(std::size_t buffer) const { return words_of_result(buffers_[buffer]); }

 private:
  std::vector<at::Tensor> buffers_;
};

std::vector<tensor> shapes_of(const std::vector<at::Tensor>& tensors) {
  std::vector<tensor> shapes;
  for (const at::Tensor& t : tensors) shapes.push_back({t.sizes().vec(), {}});
  return shapes;
}

// Words as kernels read them: masks and classes as integers, of which the ignored one is FFFFFFFF.
at::Tensor words_of_operand(const at::Tensor& t, std::int64_t ignored) {
  if (t.scalar_type() == at::kByte) return t.to(at::kInt).contiguous();
  if (t.scalar_type() != at::kLong) return widened(t).contiguous();
  return t.masked_fill(t == ignored, word(cuda::kIgnoredLabel)).to(at::kInt).contiguous();
}

// A class that is none is told where the stream comes to it, as LibTorch tells of its own losses:
// the host knows no class.
void require_classes(const layer_request& r, const cuda::layer_plan::classes& labels) {
  const at::Tensor& t = r.inputs[labels.operand];
  const at::Tensor is_class = at::logical_and(t >= 0, t < labels.count);
  at::_assert_async(at::logical_or(t == r.ignored, is_class).all(),
                    "pamkit::" + std::string(r.operation) + ": a class is none of " +
                        std::to_string(labels.count) + ", nor the ignored one");
}

}  // namespace

void run_plan(const cuda::layer_plan& plan, const std::vector<at::Tensor>& operands,
              const std::vector<at::Tensor>& results, const launcher& start) {
  tensor_memory memory(plan, operands, results);
  cuda::for_each_launch(plan, memory, start);
}

bool has_layer_launch(const layer_request& r) {
  const cuda::layer_planner* const planner = cuda::find_layer_planner(r.operation);
  return planner != nullptr && cuda::has_kernel(planner->kernel_of(r.rules.arithmetic)) &&
         scalar_backend().layer(r.operation, r.rules.arithmetic) != nullptr;
}

std::vector<at::Tensor> launch_layer(const layer_request& r, const launcher& start) {
  const cuda::layer_plan plan =
      cuda::plan_layer(r.operation, r.rules.arithmetic, contraction_rules(r.rules), r.gradient,
                       shapes_of(r.inputs), r.attributes);
  if (plan.labels) require_classes(r, *plan.labels);
  std::vector<at::Tensor> operands;
  for (const at::Tensor& t : r.inputs) operands.push_back(words_of_operand(t, r.ignored));
  std::vector<at::Tensor> results;
  if (plan.returns_operands) {
    for (const at::Tensor& t : operands) results.push_back(t.clone());
    return results;
  }
  const auto options = operands[0].options().dtype(at::kFloat);
  for (const std::vector<std::int64_t>& shape : plan.results) {
    results.push_back(at::empty(shape, options));
  }
  run_plan(plan, operands, results, start);
  return results;
}

}  // namespace pamkit::operators

#include "pamkit/cuda/planned_layer.hpp"

#include <algorithm>

namespace pamkit::cuda {
namespace {

using words = std::vector<std::uint32_t>;

/// Memory of a GPU that nobody has written holds anything; here a NaN that no operation returns.
constexpr std::uint32_t kUnwritten = 0x7FA5A5A5;

// The memory of one run: results, scratch and constants; operands stay where they are.
class run_memory {
 public:
  run_memory(const layer_plan& plan, std::span<const tensor> operands)
      : plan_(plan), operands_(operands), own_(plan.buffers.size()) {
    for (const std::vector<std::int64_t>& shape : plan.results) {
      results_.push_back(tensor_of_shape(shape));
      std::ranges::fill(results_.back().encodings, kUnwritten);
    }
    for (std::size_t i = 0; i < own_.size(); ++i) {
      const plan_buffer& b = plan.buffers[i];
      if (b.is == plan_buffer::role::scratch) own_[i].resize(static_cast<std::size_t>(b.words), kUnwritten);
      if (b.is == plan_buffer::role::constant) own_[i] = {b.value};
    }
  }

  const std::uint32_t* read(std::size_t buffer) const {
    const plan_buffer& b = plan_.buffers[buffer];
    if (b.is == plan_buffer::role::operand) return operands_[b.index].encodings.data();
    return b.is == plan_buffer::role::result ? results_[b.index].encodings.data()
                                             : own_[buffer].data();
  }
  std::uint32_t* write(std::size_t buffer) {
    const plan_buffer& b = plan_.buffers[buffer];
    return b.is == plan_buffer::role::result ? results_[b.index].encodings.data()
                                             : own_[buffer].data();
  }

  std::vector<tensor> take_results() { return std::move(results_); }

 private:
  const layer_plan& plan_;
  std::span<const tensor> operands_;
  std::vector<tensor> results_;
  std::vector<words> own_;
};

}  // namespace

std::vector<tensor> run_plan(executor execute, const layer_plan& plan,
                             std::span<const tensor> operands) {
  if (plan.returns_operands) return {operands.begin(), operands.end()};
  run_memory memory(plan, operands);
  for_each_launch(plan, memory, execute);
  return memory.take_results();
}

}  // namespace pamkit::cuda

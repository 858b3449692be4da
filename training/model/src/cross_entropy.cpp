#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/lanes.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The smoothed target: one class has `target`, each other `other`. Computed in binary64, rounded once.
struct smoothed_target {
  float target;
  float other;

  smoothed_target(double smoothing, std::int64_t classes)
      : target(static_cast<float>(1 - smoothing)),
        other(static_cast<float>(smoothing / static_cast<double>(classes - 1))) {}
};

// -(sum over the classes of log_probability times target), in lanes; a term whose target is 0 is +0.
float row_loss(const float* log_probabilities, std::int64_t classes, std::int64_t correct,
               const smoothed_target& smooth) {
  lanes sum;
  const std::int64_t block = correct - correct % lanes::count;
  const std::int64_t block_end = std::min(classes, block + lanes::count);
  const auto term = [&](std::int64_t i) {
    return log_probabilities[i] * (i == correct ? smooth.target : smooth.other);
  };
  if (smooth.other == 0) {
    sum.add(block, block_end, [&](std::int64_t i) { return i == correct ? term(i) : 0.0F; });
    return -sum.fold();
  }
  const auto other = [&](std::int64_t i) { return log_probabilities[i] * smooth.other; };
  sum.add(0, block, other);
  sum.add(block, block_end, term);
  sum.add(block_end, classes, other);
  return -sum.fold();
}

class cross_entropy_function : public torch::autograd::Function<cross_entropy_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& targets,
                        double smoothing, std::int64_t ignored) {
    const at::AutoDispatchBelowADInplaceOrView below;
    const Tensor log_probabilities = at::log_softmax(logits, 1);
    const std::int64_t rows = logits.size(0);
    const std::int64_t classes = logits.size(1);
    const smoothed_target smooth(smoothing, classes);
    // Without smoothing one class of a row is multiplied.
    const operators::recorded told("pamkit::ordered_cross_entropy",
                                   smooth.other == 0 ? log_probabilities.select(1, 0)
                                                     : log_probabilities);
    const float* const from = log_probabilities.const_data_ptr<float>();
    const std::int64_t* const correct = targets.const_data_ptr<std::int64_t>();
    std::vector<float> losses(static_cast<std::size_t>(rows), 0.0F);
    at::parallel_for(0, rows, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        if (correct[row] == ignored) continue;
        losses[static_cast<std::size_t>(row)] =
            row_loss(from + row * classes, classes, correct[row], smooth);
      }
    });
    const std::int64_t kept = rows - std::count(correct, correct + rows, ignored);
    context->save_for_backward({log_probabilities, targets});
    context->saved_data["smoothing"] = smoothing;
    context->saved_data["ignored"] = ignored;
    context->saved_data["kept"] = kept;
    return at::scalar_tensor(lane_sum(losses.data(), rows) / static_cast<float>(kept),
                             logits.options());
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& log_probabilities = saved[0];
    const std::int64_t* const correct = saved[1].const_data_ptr<std::int64_t>();
    const std::int64_t ignored = context->saved_data["ignored"].toInt();
    const std::int64_t classes = log_probabilities.size(1);
    const smoothed_target smooth(context->saved_data["smoothing"].toDouble(), classes);
    const float d = outputs[0].item<float>() /
                    static_cast<float>(context->saved_data["kept"].toInt());
    Tensor gradient = at::empty_like(log_probabilities);
    float* const to = gradient.mutable_data_ptr<float>();
    {
      // The target's and the other classes' element of a row.
      const operators::recorded told("pamkit::ordered_cross_entropy_backward",
                                     log_probabilities.select(1, 0));
    }
    at::parallel_for(0, log_probabilities.size(0), 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const bool keep = correct[row] != ignored;
        std::fill_n(to + row * classes, classes, keep ? -d * smooth.other : 0.0F);
        if (keep) to[row * classes + correct[row]] = -d * smooth.target;
      }
    });
    return {at::_log_softmax_backward_data(gradient, log_probabilities, 1, at::kFloat), {}, {}, {}};
  }
};

}  // namespace

at::Tensor ordered_cross_entropy(const at::Tensor& logits, const at::Tensor& targets,
                                 double smoothing, std::int64_t ignored) {
  return cross_entropy_function::apply(logits.contiguous(), targets.contiguous(), smoothing,
                                       ignored);
}

}  // namespace pamkit::training

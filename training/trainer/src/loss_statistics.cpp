#include "loss_statistics.hpp"

#include <cmath>

#include "json_number.hpp"

namespace pamkit::training {

void loss_statistics::sums::add(const at::Tensor& values, const at::Tensor& gradient) {
  const at::Tensor x = values.contiguous();
  const at::Tensor g = gradient.contiguous();
  const std::int64_t classes = x.size(1);
  const float* value = x.const_data_ptr<float>();
  const float* slope = g.const_data_ptr<float>();
  for (std::int64_t row = 0; row < x.size(0); ++row, value += classes, slope += classes) {
    double sum = 0;
    double size = 0;
    double mean = 0;
    for (std::int64_t i = 0; i < classes; ++i) {
      sum += double{slope[i]};
      size += std::abs(double{slope[i]});
      mean += double{value[i]};
    }
    // A NaN is a row.
    if (size == 0) continue;
    mean /= static_cast<double>(classes);
    double squares = 0;
    for (std::int64_t i = 0; i < classes; ++i) {
      squares += (double{value[i]} - mean) * (double{value[i]} - mean);
    }
    ++rows;
    logits += mean;
    variance += squares / static_cast<double>(classes);
    leak += sum;
    leak_size += std::abs(sum);
    mass += size / 2;
  }
}

void loss_statistics::look_at(const operator_event& e) {
  // The logarithm of softmax is nowhere but in the loss.
  if (e.is_backward || (e.name != "pamkit::cross_entropy" && e.name != "aten::_log_softmax")) {
    return;
  }
  const at::Tensor logits = e.tensor(0);
  if (logits.dim() != 2 || !logits.requires_grad()) return;
  logits.register_hook([all = sums_, kept = logits.detach()](const at::Tensor& gradient) {
    all->add(kept, gradient);
  });
}

nlohmann::ordered_json loss_statistics::json() const {
  const auto rows = static_cast<double>(sums_->rows);
  return {{"rows", sums_->rows},
          {"logits_mean", number_or_null(sums_->logits / rows)},
          {"logits_deviation", number_or_null(std::sqrt(sums_->variance / rows))},
          {"leak", number_or_null(sums_->leak / sums_->mass)},
          {"leak_size", number_or_null(sums_->leak_size / sums_->mass)}};
}

}  // namespace pamkit::training

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "operator_record.hpp"

namespace pamkit::training {

/// Statistics of the rows that a loss compares with its targets, of one forward and backward pass,
/// in binary64. Rows without a gradient (of padding) count nowhere.
class loss_statistics {
 public:
  /// To be called at the end of each operator, before the backward pass begins.
  void look_at(const operator_event& e);

  /// "rows"; "logits_mean": of all elements, which the ordinary softmax does not depend on;
  /// "logits_deviation": root of the mean variance of rows; "leak" and "leak_size": of a row's
  /// gradient g the sum, or its absolute value, over half the sum of abs(g), summed over rows before
  /// they are divided. An exact gradient has a leak of 0. Null where a number is none. To be called
  /// after the backward pass.
  nlohmann::ordered_json json() const;

 private:
  struct sums {
    std::int64_t rows = 0;
    double logits = 0;    ///< of row means
    double variance = 0;  ///< of rows
    double leak = 0;
    double leak_size = 0;
    double mass = 0;

    void add(const at::Tensor& values, const at::Tensor& gradient);
  };

  /// Shared with the hooks that wait for gradients.
  std::shared_ptr<sums> sums_ = std::make_shared<sums>();
};

}  // namespace pamkit::training

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/part_sum.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/workers.hpp"

namespace pamkit::training {

/// Those of `parts` parts that this worker computes. Throws input_error where the workers cannot
/// have equally many.
own_parts parts_of_worker(std::int64_t parts, const workers& job);

/// The gradients of an update over the parts of its batch: each part's alone, then their sum by
/// part_sum's tree. Running averages go on from those before the update in each part, and their
/// mean over the parts is kept. With one part this is the pass itself.
class joined_update {
 public:
  joined_update(task& model, const arm& products, std::int64_t parts, workers& job);

  /// Computes this worker's parts of update `step`, and returns what they saw.
  std::vector<part_result> compute(std::uint64_t step);

  /// After all workers have computed: leaves the sum in the parameters' gradients and the means in
  /// the buffers, at every worker.
  void join();

 private:
  part_sum::values values_of_part() const;
  void take(const part_sum::values& sum);
  at::Tensor mean_of(const at::Tensor& sum) const;

  task& task_;
  const arm& products_;
  std::int64_t parts_;
  part_sum sum_;
};

/// The loss of an update from those of its parts in ascending order, each times its share, in
/// binary64.
part_result whole_update(const std::vector<part_result>& parts);

}  // namespace pamkit::training

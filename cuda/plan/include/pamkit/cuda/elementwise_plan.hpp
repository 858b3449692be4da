#pragma once

#include <string>
#include <string_view>

#include "pamkit/backend.hpp"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/cuda/launch.hpp"

namespace pamkit::cuda {

/// One elementwise operation as one launch.
struct elementwise_plan {
  std::string kernel;
  std::uint32_t blocks = 0;  ///< 0: nothing to do
  elementwise_parameters parameters;

  /// Valid as long as the plan is.
  launch as_launch() const;
};

/// Plans out[i] = op(a[i], b[i]) for `count` elements that lie in memory in rules.format, by the
/// kernel "elementwise_ARITHMETIC_OPERATION"; b is a null pointer for operations of one operand.
/// Throws std::length_error where the grid would be too large.
elementwise_plan plan_elementwise(std::string_view operation, const configuration& rules,
                                  std::int64_t count, const void* a, const void* b, void* out);

}  // namespace pamkit::cuda

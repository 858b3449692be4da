#pragma once

#include <bit>
#include <vector>

#include "pamkit/detail/layer_steps.hpp"
#include "pamkit/tensor/contraction.hpp"

/// Matrix products inside layers, by the definition of contractions.

namespace pamkit::detail {

/// Encodings as the floats that contractions read.
inline std::vector<float> as_floats(std::span<const std::uint32_t> x) {
  std::vector<float> floats;
  floats.reserve(x.size());
  for (const std::uint32_t e : x) floats.push_back(std::bit_cast<float>(e));
  return floats;
}

/// Every output of one contraction, row-major; `problem.out` is not read.
template <class A>
std::vector<std::uint32_t> contract(const contraction_definition<A>& definition,
                                    contraction_kind kind, const contraction_problem& problem) {
  std::vector<std::uint32_t> out;
  for (std::int64_t batch = 0; batch < problem.batch; ++batch) {
    for (std::int64_t r = 0; r < output_rows(kind, problem); ++r) {
      for (std::int64_t c = 0; c < output_columns(kind, problem); ++c) {
        out.push_back(definition.element(kind, problem, batch, r, c).bits);
      }
    }
  }
  return out;
}

}  // namespace pamkit::detail

#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "pamkit/tensor/layer.hpp"

/// Layers in binary64, by the textbook formulas.

namespace pamkit::reports::ordinary {

inline std::vector<double> values(const tensor& t) {
  std::vector<double> v;
  v.reserve(t.encodings.size());
  for (const std::uint32_t e : t.encodings) v.push_back(double{std::bit_cast<float>(e)});
  return v;
}

/// a [m, k] times b [k, n].
std::vector<double> matmul(const std::vector<double>& a, const std::vector<double>& b,
                           std::int64_t m, std::int64_t k, std::int64_t n);
/// b [n, k] read as its transpose.
std::vector<double> matmul_transposed(const std::vector<double>& a, const std::vector<double>& b,
                                      std::int64_t m, std::int64_t k, std::int64_t n);
/// log of the sum of exponentials of a run.
double logsumexp(const double* row, std::int64_t n);

}  // namespace pamkit::reports::ordinary

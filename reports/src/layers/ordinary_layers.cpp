#include "layers/ordinary_layers.hpp"

#include <algorithm>
#include <cmath>

namespace pamkit::reports::ordinary {

std::vector<double> matmul(const std::vector<double>& a, const std::vector<double>& b,
                           std::int64_t m, std::int64_t k, std::int64_t n) {
  std::vector<double> out(static_cast<std::size_t>(m * n));
  for (std::int64_t i = 0; i < m; ++i) {
    double* row = &out[static_cast<std::size_t>(i * n)];
    for (std::int64_t t = 0; t < k; ++t) {
      const double x = a[static_cast<std::size_t>(i * k + t)];
      const double* other = &b[static_cast<std::size_t>(t * n)];
      for (std::int64_t j = 0; j < n; ++j) row[j] += x * other[j];
    }
  }
  return out;
}

std::vector<double> matmul_transposed(const std::vector<double>& a, const std::vector<double>& b,
                                      std::int64_t m, std::int64_t k, std::int64_t n) {
  std::vector<double> turned(b.size());
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t t = 0; t < k; ++t) {
      turned[static_cast<std::size_t>(t * n + j)] = b[static_cast<std::size_t>(j * k + t)];
    }
  }
  return matmul(a, turned, m, k, n);
}

double logsumexp(const double* row, std::int64_t n) {
  const double greatest = *std::max_element(row, row + n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += std::exp(row[i] - greatest);
  return greatest + std::log(sum);
}

}  // namespace pamkit::reports::ordinary

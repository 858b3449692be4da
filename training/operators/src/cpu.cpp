#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "pamkit/detail/float_environment.hpp"
#include "pamkit/detail/sum.hpp"
#include "products.hpp"

/// The operators on CPU tensors.

namespace pamkit::operators {
namespace {

float sum_of(float a, float b) {
  return std::bit_cast<float>(
      detail::add({std::bit_cast<std::uint32_t>(a)}, {std::bit_cast<std::uint32_t>(b)}).bits);
}

void add_bias(const at::Tensor& rows, const at::Tensor& bias) {
  const float* const from = bias.const_data_ptr<float>();
  float* const to = at::Tensor(rows).mutable_data_ptr<float>();
  const std::int64_t n = rows.size(1);
  at::parallel_for(0, rows.size(0), 64, [&](std::int64_t begin, std::int64_t end) {
    const detail::default_float_environment environment;
    for (std::int64_t row = begin; row < end; ++row) {
      for (std::int64_t j = 0; j < n; ++j) to[row * n + j] = sum_of(to[row * n + j], from[j]);
    }
  });
}

// Rows of a block of section "reductions over rows".
constexpr std::int64_t kBlockRows = 128;

// Columns [begin, end) of the sum.
void sum_columns(const float* rows, std::int64_t row_count, std::int64_t n, std::int64_t begin,
                 std::int64_t end, float* sum) {
  const detail::default_float_environment environment;
  const auto width = static_cast<std::size_t>(end - begin);
  std::vector<float> block(width);
  std::fill(sum + begin, sum + end, 0.0F);
  for (std::int64_t first = 0; first < row_count; first += kBlockRows) {
    std::fill(block.begin(), block.end(), 0.0F);
    const std::int64_t last = std::min(row_count, first + kBlockRows);
    for (std::int64_t row = first; row < last; ++row) {
      const float* const from = rows + row * n + begin;
      for (std::size_t j = 0; j < width; ++j) block[j] = sum_of(block[j], from[j]);
    }
    for (std::size_t j = 0; j < width; ++j) sum[begin + static_cast<std::int64_t>(j)] =
        sum_of(sum[begin + static_cast<std::int64_t>(j)], block[j]);
  }
}

struct cpu_steps {
  static void contract(const tensor_contraction& c) {
    operators::contract({c.kind, c.gradient, c.rules, problem_of(c)});
    if (c.bias.defined()) add_bias(c.out, c.bias);
  }

  static void sum_columns(const at::Tensor& rows, const at::Tensor& out) {
    const float* const from = rows.const_data_ptr<float>();
    float* const to = at::Tensor(out).mutable_data_ptr<float>();
    const std::int64_t n = rows.size(1);
    at::parallel_for(0, n, 32, [&](std::int64_t begin, std::int64_t end) {
      operators::sum_columns(from, rows.size(0), n, begin, end, to);
    });
  }
};

}  // namespace

TORCH_LIBRARY_IMPL(pamkit, CPU, library) { register_products<cpu_steps>(library); }

}  // namespace pamkit::operators

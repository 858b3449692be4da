/// The last block of the largest grid, in PTX: a block's number is the device's own, and all of its
/// 31 bits count. Of operands and results nothing but that block's part is there.
#include <gtest/gtest.h>

#include <bit>
#include <string_view>
#include <vector>

#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/layer_plan.hpp"
#include "pamkit/cuda/ptx_execution.hpp"

namespace pamkit::cuda {
namespace {

using words = std::vector<std::uint32_t>;

constexpr std::int64_t kLast = 0x7ffffffe;
constexpr std::int64_t kHere = 3;                                // elements of the last block
const words kNumbers = {0x3fc00000U, 0xc0490fdbU, 0x00000000U};  // 1.5, -pi, +0

/// A pointer to element 0 of an array whose element `far` is the first of `there`.
template <class T>
T* before(T* there, std::int64_t far) {
  return std::bit_cast<T*>(std::bit_cast<std::uintptr_t>(there) -
                           static_cast<std::uintptr_t>(far) * sizeof(T));
}

/// What block `block` stores, the last of its grid: `parameters` has those of a launch whose first
/// element that is there is the element `first`, and whose result is at `out`.
template <class Parameters>
words stored_by(std::string_view kernel, std::int64_t block, std::int64_t first,
                const Parameters& parameters) {
  words out(kHere, 0x7fa5a5a5U);
  const auto p = parameters(first, out.data());
  launch l{.kernel = kernel,
           .blocks = static_cast<std::uint32_t>(block + 1),
           .parameters = &p,
           .parameter_bytes = sizeof p,
           .memory = {}};
  l.memory = {{kNumbers.data(), kNumbers.size() * sizeof kNumbers[0], false},
              {out.data(), out.size() * sizeof out[0], true}};
  const ptx_options late({.first_block = static_cast<std::uint32_t>(block)});
  execute_ptx(l);
  return out;
}

/// The last block, of which the first of `each` elements is that of block 0, gives what block 0
/// does.
template <class Parameters>
void expect_last_as_first(std::string_view kernel, std::int64_t each,
                          const Parameters& parameters) {
  const words first = stored_by(kernel, 0, 0, parameters);
  EXPECT_NE(first, words(kHere, 0x7fa5a5a5U)) << kernel;
  EXPECT_EQ(stored_by(kernel, kLast, kLast * each, parameters), first) << kernel;
}

TEST(last_block, of_elementwise_operations_has_its_elements) {
  expect_last_as_first("pamkit_elementwise_pam_mul", kElementThreads,
                       [](std::int64_t first, std::uint32_t* out) {
                         elementwise_parameters p;
                         p.count = first + kHere;
                         p.a = p.b = before(kNumbers.data(), first);
                         p.out = before(out, first);
                         return p;
                       });
}

TEST(last_block, of_kernels_along_rows_has_its_rows) {
  expect_last_as_first("pamkit_sum", row_kernel<sum_step>::rows_per_block,
                       [](std::int64_t first, std::uint32_t* out) {
                         row_parameters p;
                         p.rows = first + kHere;
                         p.length = 1;
                         p.x = before(kNumbers.data(), first);
                         p.y = before(out, first);
                         return p;
                       });
}

TEST(last_block, of_sums_down_columns_has_its_columns) {
  for (const char* kernel : {"pamkit_column_block_sums", "pamkit_column_totals"}) {
    expect_last_as_first(kernel, column_totals::threads,
                         [](std::int64_t first, std::uint32_t* out) {
                           column_parameters p;
                           p.rows = 1;
                           p.columns = first + kHere;
                           p.x = before(kNumbers.data(), first);
                           p.y = before(out, first);
                           return p;
                         });
  }
}

TEST(last_block, of_contractions_has_its_rows) {
  // Each row has one term: three numbers times the first of them.
  const auto parameters = [](std::int64_t first, std::uint32_t* out) {
    contraction_parameters p;
    p.rows = first + kHere;
    p.columns = p.terms = 1;
    p.x = {.data = before(kNumbers.data(), first), .row_stride = 1, .column_stride = 1};
    p.y = {.data = kNumbers.data(), .row_stride = 1, .column_stride = 1};
    p.out = {.data = std::bit_cast<float*>(before(out, first)), .row_stride = 1};
    return plan_full_contraction("pam", contraction_kind::product, p).parameters;
  };
  expect_last_as_first("pamkit_contraction_full_pam_product", small_tile::rows, parameters);
  expect_last_as_first("pamkit_contraction_pam_hybrid_small", small_tile::rows, parameters);
}

}  // namespace
}  // namespace pamkit::cuda

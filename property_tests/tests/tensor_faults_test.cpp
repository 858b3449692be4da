/// Statements about products of matrices and layers have to fail for backends that break them.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

elementwise_function find_scalar(std::string_view operation, std::string_view arithmetic) {
  return scalar_backend().elementwise(operation, arithmetic);
}

// Every output a quarter larger: more than the ninth that pam may miss.
void a_quarter_more(const policy<binary32>& rules, const contraction_problem& c) {
  scalar_backend().contraction("pam", contraction_kind::product, derivative::approx)(rules, c);
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t r = 0; r < c.m; ++r) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        float& x = c.out.data[i * c.out.batch_stride + r * c.out.row_stride +
                              j * c.out.column_stride];
        x += x / 4;
      }
    }
  }
}

std::atomic<int> g_calls{0};

// Now and then another result: what a race looks like.
void sometimes_different(const policy<binary32>& rules, const contraction_problem& c) {
  scalar_backend().contraction("pam", contraction_kind::product, derivative::approx)(rules, c);
  const bool has_output = c.batch > 0 && c.m > 0 && c.n > 0;
  if (has_output && g_calls++ % 7 == 6) *c.out.data += 1;
}

template <auto Product>
constexpr backend kProducts{
    .name = "faulty",
    .description = "wrong on purpose",
    .elementwise = find_scalar,
    .contraction = [](std::string_view arithmetic, contraction_kind kind,
                      derivative gradient) -> contraction_function {
      if (kind == contraction_kind::product) return Product;
      return scalar_backend().contraction(arithmetic, kind, gradient);
    }};

// The last bit depends on the sign of the input.
std::vector<tensor> softmax_by_sign(const policy<binary32>& rules, derivative gradient,
                                    std::span<const tensor> inputs, const layer_attributes& a) {
  auto y = scalar_backend().layer("softmax", "pam")(rules, gradient, inputs, a);
  for (std::size_t i = 0; i < y[0].encodings.size(); ++i) {
    y[0].encodings[i] ^= inputs[0].encodings[i] >> 31;
  }
  return y;
}

// A row whose first element is less than its last comes out larger as a whole.
std::vector<tensor> softmax_by_ends(const policy<binary32>& rules, derivative gradient,
                                    std::span<const tensor> inputs, const layer_attributes& a) {
  auto y = scalar_backend().layer("softmax", "pam")(rules, gradient, inputs, a);
  const auto n = static_cast<std::size_t>(inputs[0].shape.back());
  const auto value = [&](std::size_t i) { return std::bit_cast<float>(inputs[0].encodings[i]); };
  for (std::size_t i = 0; i < y[0].encodings.size(); ++i) {
    const std::size_t first = i / n * n;
    y[0].encodings[i] += value(first) < value(first + n - 1) ? 1000U : 0U;
  }
  return y;
}

template <layer_function Softmax>
constexpr backend kSoftmax{
    .name = "faulty",
    .description = "wrong on purpose",
    .elementwise = find_scalar,
    .contraction = [](std::string_view arithmetic, contraction_kind kind, derivative gradient) {
      return scalar_backend().contraction(arithmetic, kind, gradient);
    },
    .layer = [](std::string_view operation, std::string_view) -> layer_function {
      return operation == "softmax" ? Softmax : nullptr;
    }};

bool is_rejected(const backend& b, const char* statement, const char* operation) {
  suite_options options;
  options.backends = {&b};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {binary32{}};
  options.properties = {statement};
  options.operations = {operation};
  const suite_results results = run_suite(options);
  return std::ranges::any_of(results.rows, [&](const result& r) {
    return r.statement == statement && r.status == run_status::fail && r.counterexample;
  });
}

TEST(tensor_faults, an_inaccurate_dot_product_is_rejected) {
  EXPECT_TRUE(is_rejected(kProducts<a_quarter_more>, "P26", "matmul"));
}

TEST(tensor_faults, a_result_that_changes_is_rejected) {
  EXPECT_TRUE(is_rejected(kProducts<sometimes_different>, "P46.repeat", "matmul"));
}

TEST(tensor_faults, a_softmax_that_a_shift_changes_is_rejected) {
  EXPECT_TRUE(is_rejected(kSoftmax<softmax_by_sign>, "P47.shift", "softmax"));
}

TEST(tensor_faults, a_softmax_whose_rows_move_by_more_than_their_sums_is_rejected) {
  EXPECT_TRUE(is_rejected(kSoftmax<softmax_by_ends>, "P47.permutation", "softmax"));
}

}  // namespace
}  // namespace pamkit::properties

/// The PTX of layers and elementwise operations against the golden model, on the suite's cases: as
/// numbers, and with every sum replaced by a hash of its terms.
#include <gtest/gtest.h>

#include "pamkit/cuda/ptx_backend.hpp"
#include "pamkit/cuda/ptx_execution.hpp"
#include "pamkit/properties/layer_case.hpp"
#include "pamkit/ptx/hashed_sum.hpp"
#include "pamkit/reference/layer.hpp"

namespace pamkit::cuda {
namespace {

using properties::layer_case;

std::vector<tensor> golden(const std::string& name, std::string_view arithmetic,
                           derivative gradient, const layer_case& c, bool is_vjp) {
  std::vector<reference::dense> operands;
  for (const tensor& t : c.inputs) operands.push_back({t.shape, t.encodings});
  if (is_vjp) {
    for (const tensor& t : c.incoming) operands.push_back({t.shape, t.encodings});
  }
  const reference::rules rules{.format = describe(binary32{}),
                               .arithmetic = std::string(arithmetic)};
  const auto kind =
      gradient == derivative::approx ? reference::derivative::approx : reference::derivative::exact;
  std::vector<tensor> results;
  for (reference::dense& d : reference::compute_layer(name, rules, kind, operands, c.attributes)) {
    results.push_back({std::move(d.shape), std::move(d.encodings)});
  }
  return results;
}

/// How many cases of a layer, or its vjp, differ; the first is told.
std::size_t differing(const layer_info& layer, bool is_vjp, std::string_view arithmetic,
                      derivative gradient) {
  const std::string name = std::string(layer.name) + (is_vjp ? "_vjp" : "");
  const layer_function apply = ptx_backend().layer(name, arithmetic);
  if (apply == nullptr) return 0;
  // With the compensation that the arithmetic has of its own.
  const policy<binary32> rules = contraction_rules(
      parse_arithmetic(arithmetic)
          ->configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity));
  std::size_t wrong = 0;
  for (const layer_case& c : properties::make_layer_cases(layer.name, binary32{}, 1, properties::layer_case_size::quick)) {
    std::vector<tensor> inputs = c.inputs;
    if (is_vjp) inputs.insert(inputs.end(), c.incoming.begin(), c.incoming.end());
    const auto got = apply(rules, gradient, inputs, c.attributes);
    if (got == golden(name, arithmetic, gradient, c, is_vjp)) continue;
    if (wrong++ == 0)
      ADD_FAILURE() << name << " over " << arithmetic << ", the first: " << c.shape(is_vjp);
  }
  return wrong;
}

void expect_equal_layers() {
  std::size_t compared = 0;
  for (const layer_info& layer : layers()) {
    if (!properties::has_layer_cases(layer.name)) continue;
    for (const arithmetic_info& a : arithmetics()) {
      for (const bool is_vjp : {false, true}) {
        if (is_vjp && !layer.has_vjp) continue;
        const std::string name = std::string(layer.name) + (is_vjp ? "_vjp" : "");
        if (ptx_backend().layer(name, a.name) == nullptr) continue;
        if (!reference::defines_layer(name, a.name)) continue;
        for (const auto gradient : {derivative::approx, derivative::exact}) {
          if (!is_vjp && gradient == derivative::exact) continue;
          if (is_vjp && !a.has_derivative(gradient)) continue;
          ++compared;
          EXPECT_EQ(differing(layer, is_vjp, a.name, gradient), 0u);
        }
      }
    }
  }
  EXPECT_GT(compared, 20U);
}

TEST(layers, equal_the_golden_model) { expect_equal_layers(); }

/// 128 rows are one block of rows: the threads beyond it have nothing to sum, and nowhere to store
/// it.
TEST(layers, sum_columns_of_whole_blocks_of_rows) {
  for (const std::int64_t rows : {128, 256}) {
    const auto count = static_cast<std::size_t>(rows * 3);
    std::vector<std::uint32_t> numbers(count);
    for (std::size_t i = 0; i < count; ++i)
      numbers[i] = 0x3f800000U + static_cast<std::uint32_t>(i * 5000);
    const tensor x{{rows, 3}, numbers};
    const tensor per_column{{3}, {numbers.begin(), numbers.begin() + 3}};
    const std::vector<tensor> operands = {x, per_column, per_column, x};
    const layer_attributes attributes = {{"eps", 1e-5}};
    const auto of = [&](const backend& b) {
      return b.layer("layer_norm_vjp", "pam")({}, derivative::approx, operands, attributes);
    };
    EXPECT_EQ(of(ptx_backend()), of(scalar_backend())) << rows;
  }
}

TEST(layers, have_every_term_in_its_place) {
  const ptx_options hashed({.hashed_sums = true});
  const reference::planted_addition planted(ptx::hashed_add);
  expect_equal_layers();
}

}  // namespace
}  // namespace pamkit::cuda

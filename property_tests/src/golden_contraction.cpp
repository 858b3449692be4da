#include "golden_contraction.hpp"

#include <algorithm>
#include <bit>

#include "oracle_rules.hpp"
#include "pamkit/reference/tensor.hpp"
#include "pamkit/simd/contraction_blocks.hpp"

namespace pamkit::properties {
namespace {

using reference::dense;

column transposed(const column& x, std::int64_t rows, std::int64_t columns) {
  column result;
  result.reserve(x.size());
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t r = 0; r < rows; ++r) {
      result.push_back(x[static_cast<std::size_t>(r * columns + c)]);
    }
  }
  return result;
}

// Leading axes of a linear layer's input, where the rows allow more than one.
std::vector<std::int64_t> leading(std::int64_t rows, std::int64_t last) {
  if (rows > 0 && rows % 2 == 0) return {2, rows / 2, last};
  return {rows, last};
}

reference::derivative kind_of(derivative gradient) {
  return gradient == derivative::approx ? reference::derivative::approx
                                        : reference::derivative::exact;
}

column narrowed(const subject& s, column sums) {
  if (s.format().storage_bits == 32) return sums;
  std::vector<float> values(sums.size());
  std::ranges::transform(sums, values.begin(),
                         [](std::uint32_t x) { return std::bit_cast<float>(x); });
  narrow(s.rules(), values, sums);
  return sums;
}

}  // namespace

const property_text& golden_contraction_text() {
  static const property_text text = {.id = "P44",
                                     .part = "product",
                                     .sentence =
                                         "the result is the golden model's under the declared "
                                         "order, whatever the layout and split",
                                     .domain = "all operands",
                                     .operation = "",
                                     .promise = "",
                                     .promised = nullptr};
  return text;
}

std::span<const tensor_operation> tensor_operations() {
  static constexpr tensor_operation all[] = {
      {.name = "matmul"},
      {.name = "bmm", .has_batch = true},
      {.name = "linear", .is_linear = true},
      {.name = "matmul_vjp", .is_vjp = true},
      {.name = "bmm_vjp", .is_vjp = true, .has_batch = true},
      {.name = "linear_vjp", .is_vjp = true, .is_linear = true},
  };
  return all;
}

const tensor_operation* find_tensor_operation(std::string_view name) {
  const auto it = std::ranges::find(tensor_operations(), name, &tensor_operation::name);
  return it == tensor_operations().end() ? nullptr : &*it;
}

bool has_golden_results(const tensor_operation& operation, derivative gradient,
                        std::string_view oracle) {
  if (!operation.is_vjp) return reference::find("mul", oracle) != nullptr;
  return reference::find_product_vjp(oracle, kind_of(gradient), reference::wrt::a) != nullptr;
}

std::vector<column> golden_results(const tensor_operation& operation, derivative gradient,
                                   const arithmetic_choice& arithmetic, const any_format& format,
                                   subnormal_policy subnormals, overflow_policy overflow,
                                   const contraction_case& c) {
  const reference::rules rules = oracle_rules(arithmetic, format, subnormals, overflow);
  if (operation.is_linear) {
    const dense x{leading(c.m, c.k), c.a};
    const dense weight{{c.n, c.k}, transposed(c.b, c.k, c.n)};
    if (!operation.is_vjp) return {reference::linear(rules, x, weight, std::nullopt).encodings};
    const dense d{leading(c.m, c.n), c.d};
    reference::linear_gradients g = reference::linear_vjp(rules, kind_of(gradient), d, x, weight);
    return {std::move(g.x.encodings), transposed(g.weight.encodings, c.n, c.k)};
  }
  if (operation.has_batch) {
    const dense a{{c.batch, c.m, c.k}, c.a};
    const dense b{{c.batch, c.k, c.n}, c.b};
    if (!operation.is_vjp) return {reference::bmm(rules, a, b).encodings};
    const dense d{{c.batch, c.m, c.n}, c.d};
    reference::matmul_gradients g = reference::bmm_vjp(rules, kind_of(gradient), d, a, b);
    return {std::move(g.a.encodings), std::move(g.b.encodings)};
  }
  const dense a{{c.m, c.k}, c.a};
  const dense b{{c.k, c.n}, c.b};
  if (!operation.is_vjp) return {reference::matmul(rules, a, b).encodings};
  const dense d{{c.m, c.n}, c.d};
  reference::matmul_gradients g = reference::matmul_vjp(rules, kind_of(gradient), d, a, b);
  return {std::move(g.a.encodings), std::move(g.b.encodings)};
}

std::vector<column> backend_results(const tensor_operation& operation, derivative gradient,
                                    const subject& s, const contraction_case& c,
                                    memory_layout layout) {
  const contraction_case wide = widened(s.rules().format, c);
  const auto run = [&](contraction_kind kind) {
    return narrowed(s, contract(s, kind, gradient, wide, layout));
  };
  if (!operation.is_vjp) return {run(contraction_kind::product)};
  return {run(contraction_kind::vjp_a), run(contraction_kind::vjp_b)};
}

std::optional<contraction_mismatch> compare_contraction(const tensor_operation& operation,
                                                        derivative gradient, const subject& s,
                                                        const contraction_case& c,
                                                        const std::vector<column>& expected,
                                                        std::span<const memory_layout> layouts) {
  for (const memory_layout layout : layouts) {
    if (!is_possible(layout, c)) continue;
    const std::vector<column> got = backend_results(operation, gradient, s, c, layout);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto [g, e] = std::ranges::mismatch(got[i], expected[i]);
      if (g != got[i].end() || e != expected[i].end()) {
        return contraction_mismatch{g == got[i].end() ? 0 : *g, e == expected[i].end() ? 0 : *e};
      }
    }
  }
  return std::nullopt;
}

namespace {

using enum contraction_content;

// Contents by the way a kernel may sort whole matrices: all products in range, some operands zeros,
// some products past an end, anything at all; then shapes around the sizes of vectors, tiles and
// blocks.
std::vector<contraction_plan> matmul_plans() {
  return {{moderate, 1, 3, 5, 7},
          {moderate, 1, 17, 9, 3},
          {moderate, 1, 1, 33, 4},
          {moderate, 1, 5, 1, 31},
          {moderate, 1, 7, 70, 2},
          {moderate, 1, 2, 3, 0},
          {moderate, 1, 0, 3, 2},
          {moderate, 1, 3, 0, 2},
          {moderate, 1, 2, 2, 270},
          {weighted, 1, 7, 6, 2},
          {weighted, 1, 4, 19, 1},
          {cancelling, 1, 4, 5, 6},
          {cancelling, 1, 2, 3, 9},
          {equal_rows, 1, 4, 3, 5},
          {equal_columns, 1, 3, 4, 5},
          {ends, 1, 7, 9, 1},
          {equal_terms, 1, 3, 5, 4},
          {single_terms, 1, 28, 28, 1},
          {zeros_left, 1, 5, 18, 3},
          {zeros_right, 1, 4, 21, 3},
          {zeros, 1, 8, 17, 4},
          {one_special, 1, 5, 9, 4},
          {one_special, 1, 2, 3, 260},
          {underflowing, 1, 7, 19, 1},
          {underflowing, 1, 3, 17, 3},
          {overflowing, 1, 4, 18, 1},
          {least_at_edge, 1, 3, 6, 1, -1},
          {least_at_edge, 1, 3, 6, 1},
          {least_at_edge, 1, 3, 6, 1, 1},
          {zeros_at_edge, 1, 3, 6, 1, -1},
          {zeros_at_edge, 1, 3, 6, 2, -1},
          {greatest_at_edge, 1, 3, 6, 1, -1},
          {greatest_at_edge, 1, 3, 6, 1},
          {greatest_at_edge, 1, 3, 6, 1, 1},
          {training, 1, 6, 20, 12},
          {recorded, 1, 6, 20, 12}};
}

// The derivatives sum over the other two axes.
std::vector<contraction_plan> derivative_plans() {
  return {{single_terms, 1, 20, 1, 20},      {single_terms, 1, 1, 20, 20},
          {moderate, 1, 2, 260, 2},          {moderate, 1, 260, 2, 2},
          {moderate, 1, 7, 2, 40},           {underflowing, 1, 4, 1, 18},
          {underflowing, 1, 1, 18, 4},       {overflowing, 1, 4, 1, 18},
          {overflowing, 1, 1, 18, 4},        {zeros, 1, 3, 4, 19},
          {least_at_edge, 1, 3, 1, 6, 0},    {least_at_edge, 1, 1, 6, 3, -1},
          {least_at_edge, 1, 3, 1, 6, -1},   {least_at_edge, 1, 1, 6, 3, 0},
          {greatest_at_edge, 1, 3, 1, 6, 1}, {greatest_at_edge, 1, 1, 6, 3, 1},
          {greatest_at_edge, 1, 3, 1, 6, 0}, {greatest_at_edge, 1, 1, 6, 3, 0},
          {slopes_at_edge, 1, 3, 1, 6},      {slopes_at_edge, 1, 1, 6, 3},
          {zeros_at_edge, 1, 3, 1, 6, 0},    {zeros_at_edge, 1, 1, 6, 3, 0},
          {zeros_at_edge, 1, 5, 1, 9, 0},    {zeros_at_edge, 1, 1, 9, 5, 0},
          {ends, 1, 7, 1, 9},                {ends, 1, 1, 9, 7}};
}

// At least the terms that any kernel, or sum, takes together.
constexpr std::int64_t kMostTerms = 1024;
static_assert(kMostTerms >= simd::kTermBlock);

std::vector<contraction_plan> more_matmul_plans() {
  return {{moderate, 1, 33, 34, 35},   {single_terms, 1, 64, 64, 1}, {weighted, 1, 16, 16, 2},
          {moderate, 1, 3, 3, 1000},   {moderate, 1, 100, 5, 3},     {moderate, 1, 3, 530, 3},
          {zeros, 1, 13, 66, 5},       {underflowing, 1, 13, 66, 2}, {overflowing, 1, 13, 66, 1},
          {one_special, 1, 20, 40, 6}, {training, 1, 24, 17, 96},   {cancelling, 1, 9, 20, 12},
          {zeros_left, 1, 2, 5, 520},  {recorded, 1, 24, 17, 96},
          // More tiles of columns than one, of operands that do not change along an axis.
          {equal_rows, 1, 5, 200, 6},  {equal_columns, 1, 5, 200, 6}, {equal_terms, 1, 5, 200, 7},
          // The third block of columns and of terms of a kernel that has the largest blocks.
          {weighted, 1, 2, 2 * simd::kColumnBlock + 70, 2},
          {moderate, 1, 2, 2 * simd::kColumnBlock + 70, 1},
          {zeros, 1, 1, 2, 5 * kMostTerms + 60},
          // More than a tile of rows and a block of terms, of which the last element alone is no ordinary one.
          {last_special, 1, 9, 3, simd::kTermBlock + 8}};
}

std::vector<contraction_plan> more_derivative_plans() {
  return {{single_terms, 1, 40, 1, 40}, {single_terms, 1, 1, 40, 40}, {moderate, 1, 3, 700, 3},
          {moderate, 1, 700, 3, 3},     {zeros, 1, 9, 40, 17},        {one_special, 1, 9, 17, 55},
          {zeros, 1, 2 * kMostTerms + 60, 3, 2}, {weighted, 1, 2, 2, 2 * simd::kColumnBlock + 70},
           {last_special, 1, simd::kTermBlock + 8, 9, 3},
          {last_special, 1, 9, simd::kTermBlock + 8, 3}};
}

void append(std::vector<contraction_plan>& plans, const std::vector<contraction_plan>& more) {
  plans.insert(plans.end(), more.begin(), more.end());
}

}  // namespace

std::vector<contraction_plan> contraction_plans(const tensor_operation& operation, bool quick) {
  std::vector<contraction_plan> plans;
  if (operation.has_batch) {
    plans = {{moderate, 2, 3, 4, 5},
             {weighted, 3, 2, 2, 3},
             {single_terms, 2, 4, 3, 1},
             {moderate, 0, 2, 2, 2},
             {moderate, 3, 2, 3, 0},
             {equal_batches, 3, 4, 5, 6},
             {zeros, 3, 2, 5, 2}};
  } else if (operation.is_linear) {
    plans = {{moderate, 1, 4, 6, 5},
             {single_terms, 1, 6, 9, 1},
             {cancelling, 1, 3, 2, 6},
             {weighted, 1, 1, 1, 1},
             {zeros, 1, 3, 18, 4}};
  } else {
    plans = matmul_plans();
    if (operation.is_vjp) append(plans, derivative_plans());
  }
  if (quick) return plans;
  if (operation.has_batch || operation.is_linear) {
    append(plans,
           {{moderate, 1, 19, 18, 17}, {weighted, 1, 9, 9, 4}, {single_terms, 1, 33, 17, 1}});
    // More tiles of rows and of columns than one, in every matrix.
    if (operation.has_batch) append(plans, {{moderate, 2, 70, 140, 1}});
  } else {
    append(plans, more_matmul_plans());
    if (operation.is_vjp) append(plans, more_derivative_plans());
  }
  return plans;
}

std::vector<case_class> required_contraction_classes(const format_description& format) {
  std::vector<case_class> classes = {case_class::cancellation, case_class::training_weights,
                                     case_class::training_activations,
                                     case_class::training_gradients,
                                     case_class::training_recorded};
  // Four exponent bits hold no two numbers so far apart; only eight reach the ends of binary32's
  // range.
  if (format.exponent_bits > 4) classes.push_back(case_class::tiny_term);
  if (format.exponent_bits == 8) classes.push_back(case_class::single_term_at_edge);
  return classes;
}

}  // namespace pamkit::properties

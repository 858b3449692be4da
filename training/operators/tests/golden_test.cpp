#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <array>

#include "pamkit/backend.hpp"
#include "pamkit/operators/operators.hpp"
#include "tensors.hpp"

namespace pamkit::operators::test {
namespace {

// An arithmetic as the operators name it, and its rules for the golden model.
struct named_rules {
  std::string label;
  reference::rules rules;
};

std::vector<named_rules> all_arithmetics(const any_format& format) {
  std::vector<std::string> labels = {"pam:1.0552"};
  for (const arithmetic_info& info : arithmetics()) labels.emplace_back(info.name);
  std::vector<named_rules> all;
  for (const std::string& label : labels) {
    const configuration c = parse_arithmetic(label)->configure(format, subnormal_policy::flush,
                                                               overflow_policy::infinity);
    all.push_back({label,
                   {.format = describe(format),
                    .compensation = c.compensation,
                    .arithmetic = std::string(c.arithmetic)}});
  }
  return all;
}

constexpr std::array kElements = {elements::ordinary, elements::edges, elements::anything};

TEST(Golden, MatmulEqualsTheGoldenModelForEveryArithmetic) {
  for (const named_rules& a : all_arithmetics(binary32{})) {
    for (const elements kind : kElements) {
      const at::Tensor x = drawn(kind, 1, {7, 5});
      const at::Tensor y = drawn(kind, 2, {5, 9});
      EXPECT_EQ(bits_of(operators::matmul(x, y, a.label)),
                reference::matmul(a.rules, dense_of(x), dense_of(y)).encodings)
          << a.label << " on " << name_of(kind);
    }
  }
}

TEST(Golden, BmmAndItsDerivativesEqualTheGoldenModel) {
  for (const named_rules& a : all_arithmetics(binary32{})) {
    for (const elements kind : kElements) {
      const at::Tensor x = drawn(kind, 3, {3, 4, 6});
      const at::Tensor y = drawn(kind, 4, {3, 6, 5});
      const at::Tensor d = drawn(kind, 5, {3, 4, 5});
      EXPECT_EQ(bits_of(operators::bmm(x, y, a.label)),
                reference::bmm(a.rules, dense_of(x), dense_of(y)).encodings)
          << a.label << " on " << name_of(kind);
      for (const auto gradient : {derivative::approx, derivative::exact}) {
        if (!parse_arithmetic(a.label)->info->has_derivative(gradient)) continue;
        const bool exact = gradient == derivative::exact;
        const auto expected = reference::bmm_vjp(
            a.rules, exact ? reference::derivative::exact : reference::derivative::approx,
            dense_of(d), dense_of(x), dense_of(y));
        const char* const name = exact ? "exact" : "approx";
        EXPECT_EQ(bits_of(product_vjp_a(x, y, d, a.label, name)), expected.a.encodings)
            << a.label << " " << name << " on " << name_of(kind);
        EXPECT_EQ(bits_of(product_vjp_b(x, y, d, a.label, name)), expected.b.encodings)
            << a.label << " " << name << " on " << name_of(kind);
      }
    }
  }
}

TEST(Golden, LinearAndItsGradientsEqualTheGoldenModel) {
  for (const named_rules& a : all_arithmetics(binary32{})) {
    for (const elements kind : {elements::ordinary, elements::edges}) {
      // 150 rows: two blocks of the bias gradient.
      at::Tensor x = drawn(kind, 6, {3, 50, 5}).requires_grad_(true);
      at::Tensor weight = drawn(kind, 7, {4, 5}).requires_grad_(true);
      at::Tensor bias = drawn(kind, 8, {4}).requires_grad_(true);
      const at::Tensor d = drawn(elements::ordinary, 9, {3, 50, 4});
      const at::Tensor y = operators::linear(x, weight, bias, a.label);
      y.backward(d);
      EXPECT_EQ(bits_of(y.detach()),
                reference::linear(a.rules, dense_of(x.detach()), dense_of(weight.detach()),
                                  dense_of(bias.detach()))
                    .encodings)
          << a.label << " on " << name_of(kind);
      const auto expected =
          reference::linear_vjp(a.rules, reference::derivative::approx, dense_of(d),
                                dense_of(x.detach()), dense_of(weight.detach()));
      EXPECT_EQ(bits_of(x.grad()), expected.x.encodings) << a.label << " on " << name_of(kind);
      EXPECT_EQ(bits_of(weight.grad()), expected.weight.encodings)
          << a.label << " on " << name_of(kind);
      EXPECT_EQ(bits_of(bias.grad()), expected.bias.encodings)
          << a.label << " on " << name_of(kind);
    }
  }
}

TEST(Golden, ShortFormatsAreWidenedAndEncodedOnce) {
  const std::vector<std::pair<at::ScalarType, any_format>> types = {
      {at::kBFloat16, bfloat16{}},
      {at::kHalf, binary16{}},
      {at::kFloat8_e5m2, e5m2{}},
      {at::kFloat8_e4m3fn, e4m3{}}};
  for (const auto& [type, format] : types) {
    for (const named_rules& a : all_arithmetics(format)) {
      for (const elements kind : {elements::ordinary, elements::edges}) {
        const at::Tensor x = drawn(kind, 10, {6, 5}).to(type);
        const at::Tensor y = drawn(kind, 11, {5, 7}).to(type);
        const at::Tensor d = drawn(kind, 12, {6, 7}).to(type);
        EXPECT_EQ(bits_of(operators::matmul(x, y, a.label)),
                  reference::matmul(a.rules, dense_of(x), dense_of(y)).encodings)
            << a.label << " in " << a.rules.format.name << " on " << name_of(kind);
        const auto expected = reference::matmul_vjp(a.rules, reference::derivative::approx,
                                                    dense_of(d), dense_of(x), dense_of(y));
        EXPECT_EQ(bits_of(product_vjp_a(x, y, d, a.label)), expected.a.encodings)
            << a.label << " in " << a.rules.format.name << " on " << name_of(kind);
        EXPECT_EQ(bits_of(product_vjp_b(x, y, d, a.label)), expected.b.encodings)
            << a.label << " in " << a.rules.format.name << " on " << name_of(kind);
      }
    }
  }
}

TEST(Golden, StridesChangeNoBit) {
  const at::Tensor x = drawn(elements::edges, 13, {2, 9, 8});
  const at::Tensor y = drawn(elements::edges, 14, {2, 8, 11});
  const at::Tensor d = drawn(elements::edges, 15, {2, 9, 11});
  // The same values behind other strides: transposed, every second one, one row for all.
  const at::Tensor tx = x.transpose(1, 2).contiguous().transpose(1, 2);
  const at::Tensor ty = at::stack({y, y}, 3).select(3, 0);
  const at::Tensor td = d.transpose(0, 2).contiguous().transpose(0, 2);
  EXPECT_EQ(bits_of(operators::bmm(x, y)), bits_of(operators::bmm(tx, ty)));
  EXPECT_EQ(bits_of(product_vjp_a(x, y, d)), bits_of(product_vjp_a(tx, ty, td)));
  EXPECT_EQ(bits_of(product_vjp_b(x, y, d)), bits_of(product_vjp_b(tx, ty, td)));
  const at::Tensor row = drawn(elements::ordinary, 16, {1, 8}).expand({9, 8});
  EXPECT_EQ(bits_of(operators::matmul(row, y[0])), bits_of(operators::matmul(row.contiguous(), y[0])));
}

TEST(Golden, ThreadsChangeNoBit) {
  const int before = at::get_num_threads();
  std::vector<std::vector<std::uint32_t>> results;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    std::vector<std::uint32_t> all;
    for (const char* const label : {"exact", "pam", "adder"}) {
      const at::Tensor x = drawn(elements::edges, 17, {2, 257, 67});
      const at::Tensor y = drawn(elements::edges, 18, {2, 67, 130});
      const at::Tensor d = drawn(elements::ordinary, 19, {2, 257, 130});
      for (const at::Tensor& t :
           {operators::bmm(x, y, label), product_vjp_a(x, y, d, label), product_vjp_b(x, y, d, label),
            operators::matmul(x[0], y[0], label), product_vjp_b(x[0], y[0], d[0], label), operators::sum_rows(d)}) {
        const auto bits = bits_of(t);
        all.insert(all.end(), bits.begin(), bits.end());
      }
    }
    results.push_back(std::move(all));
  }
  at::set_num_threads(before);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(Golden, EmptyAxesGivePositiveZeroOrNothing) {
  EXPECT_EQ(bits_of(operators::matmul(at::empty({2, 0}), at::empty({0, 3}))),
            std::vector<std::uint32_t>(6, 0));
  EXPECT_EQ(operators::matmul(at::empty({0, 4}), at::empty({4, 3})).sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(operators::linear(at::empty({2, 0, 4}), at::empty({3, 4}), std::nullopt).sizes(),
            at::IntArrayRef({2, 0, 3}));
}

}  // namespace
}  // namespace pamkit::operators::test

#include "pamkit/operators/layers.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cstring>

#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/reference/golden_model.hpp"
#include "tensors.hpp"

/// The operators against the definitions, bit for bit: layers large enough to be cut into parts.

namespace pamkit::operators::test {
namespace {

std::vector<std::uint32_t> words(const at::Tensor& t) {
  const at::Tensor whole = t.contiguous();
  std::vector<std::uint32_t> result(static_cast<std::size_t>(whole.numel()));
  std::memcpy(result.data(), whole.const_data_ptr<float>(), result.size() * sizeof(float));
  return result;
}

tensor as_operand(const at::Tensor& t) {
  if (t.scalar_type() == at::kFloat) return {t.sizes().vec(), words(t)};
  tensor integers{t.sizes().vec(), {}};
  const at::Tensor whole = t.to(at::kLong).contiguous();
  for (std::int64_t i = 0; i < whole.numel(); ++i) {
    integers.encodings.push_back(
        static_cast<std::uint32_t>(whole.const_data_ptr<std::int64_t>()[i]));
  }
  return integers;
}

// The definition's results.
std::vector<tensor> defined(const char* layer, const char* arithmetic, derivative gradient,
                            const std::vector<at::Tensor>& inputs,
                            const layer_attributes& attributes) {
  const auto chosen = parse_arithmetic(arithmetic);
  const configuration rules =
      chosen->configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity);
  std::vector<tensor> operands;
  for (const at::Tensor& t : inputs) operands.push_back(as_operand(t));
  return scalar_backend().layer(layer, chosen->info->name)(contraction_rules(rules), gradient,
                                                           operands, attributes);
}

at::Tensor leaf(std::uint32_t stream, std::vector<std::int64_t> shape,
                elements kind = elements::edges) {
  return drawn(kind, stream, std::move(shape)).requires_grad_(true);
}

class Layers : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { at::set_num_threads(3); }
  const char* gradient() const { return GetParam(); }
  derivative kind() const {
    return std::string(GetParam()) == "exact" ? derivative::exact : derivative::approx;
  }
};
INSTANTIATE_TEST_SUITE_P(Derivatives, Layers, testing::Values("approx", "exact"));

TEST_P(Layers, SoftmaxAndLogSoftmaxAreTheDefinitionOnEveryRow) {
  const at::Tensor d = drawn(elements::ordinary, 2, {5, 60, 37});
  for (const char* const name : {"softmax", "log_softmax"}) {
    const at::Tensor x = leaf(1, {5, 60, 37});
    const bool is_log = std::string(name) == "log_softmax";
    const at::Tensor y = is_log ? log_softmax(x, "pam", gradient()) : softmax(x, "pam", gradient());
    y.backward(d);
    const std::string vjp = std::string(name) + "_vjp";
    EXPECT_EQ(words(y), defined(name, "pam", kind(), {x.detach()}, {})[0].encodings) << name;
    EXPECT_EQ(words(x.grad()),
              defined(vjp.c_str(), "pam", kind(), {x.detach(), d}, {})[0].encodings)
        << name;
  }
}

TEST_P(Layers, LayerNormIsTheDefinitionAndItsGainsAreSummedInBlocks) {
  const at::Tensor x = leaf(3, {300, 24}, elements::ordinary);
  const at::Tensor gain = leaf(4, {24}, elements::ordinary);
  const at::Tensor bias = leaf(5, {24}, elements::ordinary);
  const at::Tensor d = drawn(elements::ordinary, 6, {300, 24});
  const at::Tensor y = layer_norm(x, gain, bias, 1e-5, "pam", gradient());
  y.backward(d);
  const std::vector<at::Tensor> inputs = {x.detach(), gain.detach(), bias.detach()};
  EXPECT_EQ(words(y), defined("layer_norm", "pam", kind(), inputs, {})[0].encodings);
  const auto expected =
      defined("layer_norm_vjp", "pam", kind(), {inputs[0], inputs[1], inputs[2], d}, {});
  EXPECT_EQ(words(x.grad()), expected[0].encodings);
  EXPECT_EQ(words(gain.grad()), expected[1].encodings);
  EXPECT_EQ(words(bias.grad()), expected[2].encodings);
}

TEST_P(Layers, CrossEntropyIsTheDefinitionWithIgnoredRows) {
  const at::Tensor x = leaf(7, {140, 19}, elements::ordinary);
  at::Tensor classes = at::arange(140, at::kLong).remainder(19);
  classes[3] = -100;
  const at::Tensor loss = cross_entropy(x, classes, 0.1, true, -100, "pam", gradient());
  loss.backward();
  const layer_attributes attributes = {{"smoothing", 0.1}, {"fairseq", 1}};
  // The definition ignores the word FFFFFFFF.
  at::Tensor marked = classes.clone();
  marked[3] = -1;
  EXPECT_EQ(words(loss),
            defined("cross_entropy", "pam", kind(), {x.detach(), marked}, attributes)[0].encodings);
  EXPECT_EQ(words(x.grad()), defined("cross_entropy_vjp", "pam", kind(),
                                     {x.detach(), marked, at::ones({})}, attributes)[0]
                                 .encodings);
}

TEST_P(Layers, DropoutIsTheDefinition) {
  const at::Tensor x = leaf(8, {40000});
  const at::Tensor keep = at::arange(40000, at::kLong).remainder(3).ne(0).to(at::kByte);
  const at::Tensor d = drawn(elements::edges, 9, {40000});
  const at::Tensor y = dropout(x, keep, 0.3, "pam", gradient());
  y.backward(d);
  EXPECT_EQ(words(y),
            defined("dropout", "pam", kind(), {x.detach(), keep}, {{"p", 0.3}})[0].encodings);
  EXPECT_EQ(
      words(x.grad()),
      defined("dropout_vjp", "pam", kind(), {x.detach(), keep, d}, {{"p", 0.3}})[0].encodings);
}

TEST_P(Layers, ConvolutionIsTheDefinitionInGroupsWithStrideAndPadding) {
  for (const char* const arithmetic : {"pam", "pam:1.0552", "exact"}) {
    for (const bool biased : {true, false}) {
      const at::Tensor x = leaf(10, {3, 4, 6, 5}, elements::ordinary);
      const at::Tensor weight = leaf(11, {6, 2, 3, 3}, elements::ordinary);
      const at::Tensor bias = leaf(12, {6}, elements::ordinary);
      const layer_attributes attributes = {{"stride", 2}, {"padding", 1}, {"groups", 2}};
      const at::Tensor y = operators::conv2d(x, weight, biased ? std::optional(bias) : std::nullopt,
                                             2, 1, 1, 2, arithmetic, gradient());
      ASSERT_EQ(y.sizes().vec(), (std::vector<std::int64_t>{3, 6, 3, 3}));
      const at::Tensor d = drawn(elements::ordinary, 13, y.sizes().vec());
      y.backward(d);
      const at::Tensor none = at::empty({0});
      const std::vector<at::Tensor> inputs = {x.detach(), weight.detach(),
                                              biased ? bias.detach() : none};
      EXPECT_EQ(words(y), defined("conv2d", arithmetic, kind(), inputs, attributes)[0].encodings);
      const auto expected = defined("conv2d_vjp", arithmetic, kind(),
                                    {inputs[0], inputs[1], inputs[2], d}, attributes);
      EXPECT_EQ(words(x.grad()), expected[0].encodings);
      EXPECT_EQ(words(weight.grad()), expected[1].encodings);
      if (biased) {
        EXPECT_EQ(words(bias.grad()), expected[2].encodings);
      }
    }
  }
}

TEST(LayersWithoutDerivative, UpdatesOfParametersAreTheDefinition) {
  std::vector<at::Tensor> operands;
  for (std::uint32_t i = 0; i < 4; ++i) operands.push_back(drawn(elements::edges, 20 + i, {50000}));
  for (const bool corrected : {false, true}) {
    const auto [p, m, v] =
        adamw_step(operands[0], operands[1], operands[2], operands[3],
                   {.learning_rate = 2e-3, .beta2 = 0.98, .step = 7, .corrected = corrected});
    const auto expected = defined(
        "adamw_step", "pam", derivative::approx, operands,
        {{"learning_rate", 2e-3}, {"beta2", 0.98}, {"step", 7}, {"corrected", corrected ? 1 : 0}});
    EXPECT_EQ(words(p), expected[0].encodings);
    EXPECT_EQ(words(m), expected[1].encodings);
    EXPECT_EQ(words(v), expected[2].encodings);
  }
  const std::vector<at::Tensor> gradients = {drawn(elements::ordinary, 30, {7, 5}),
                                             drawn(elements::ordinary, 31, {40})};
  const std::vector<at::Tensor> clipped = clip_grad_norm(gradients, 0.5);
  const auto expected =
      defined("clip_grad_norm", "pam", derivative::approx, gradients, {{"limit", 0.5}});
  EXPECT_EQ(words(clipped[0]), expected[0].encodings);
  EXPECT_EQ(words(clipped[1]), expected[1].encodings);
}

TEST(Elementwise, ResultsAreTheGoldenModelsAndDerivativesItsCompositions) {
  const reference::rules rules{.format = describe(binary32{})};
  const auto golden = [&](const char* op, std::initializer_list<std::uint32_t> operands) {
    return reference::golden(op, rules, std::vector<std::uint32_t>(operands));
  };
  const at::Tensor d = drawn(elements::edges, 42, {400});
  const auto dw = words(d);
  for (const char* const gradient : {"approx", "exact"}) {
    const bool exact = std::string(gradient) == "exact";
    const at::Tensor a = leaf(40, {400});
    const at::Tensor b = leaf(41, {400});
    const auto aw = words(a);
    const auto bw = words(b);
    const at::Tensor y = mul(a, b, "pam", gradient);
    y.backward(d);
    const at::Tensor c = leaf(40, {400});
    const at::Tensor e = leaf(41, {400});
    const at::Tensor q = div(c, e, "pam", gradient);
    q.backward(d);
    const at::Tensor x = leaf(40, {400});
    const at::Tensor z = exp2(x, "pam", gradient);
    z.backward(d);
    constexpr std::uint32_t one = 0x3F800000;
    constexpr std::uint32_t ln2 = 0x3F317218;
    const auto yw = words(y);
    const auto da = words(a.grad());
    const auto db = words(b.grad());
    const auto qw = words(q);
    const auto dc = words(c.grad());
    const auto de = words(e.grad());
    const auto zw = words(z);
    const auto dx = words(x.grad());
    for (std::size_t i = 0; i < 400; ++i) {
      ASSERT_EQ(yw[i], golden("mul", {aw[i], bw[i]}));
      ASSERT_EQ(qw[i], golden("div", {aw[i], bw[i]}));
      ASSERT_EQ(zw[i], golden("exp2", {aw[i]}));
      ASSERT_EQ(da[i], exact ? golden("mul", {dw[i], golden("mul_da", {aw[i], bw[i]})})
                             : golden("mul", {dw[i], bw[i]}));
      ASSERT_EQ(db[i], exact ? golden("mul", {dw[i], golden("mul_da", {bw[i], aw[i]})})
                             : golden("mul", {dw[i], aw[i]}));
      ASSERT_EQ(dc[i], exact ? golden("mul", {dw[i], golden("div_da", {aw[i], bw[i]})})
                             : golden("mul", {golden("div", {one, bw[i]}), dw[i]}));
      // Of 0 / 0 too: the one NaN, whose sign is not flipped.
      const std::uint32_t opposite = dw[i] ^ 0x80000000;
      ASSERT_EQ(de[i], exact ? golden("mul", {dw[i], golden("div_db", {aw[i], bw[i]})})
                             : golden("mul", {golden("div", {qw[i], bw[i]}), opposite}));
      ASSERT_EQ(dx[i], exact ? golden("mul", {dw[i], golden("exp2_da", {aw[i]})})
                             : golden("mul", {golden("mul", {zw[i], ln2}), dw[i]}));
    }
  }
}

TEST(Operators, OperandsOfProductsAreCutToTheFormatBehindTheSlash) {
  const at::Tensor a = drawn(elements::ordinary, 50, {3, 5});
  const at::Tensor b = drawn(elements::ordinary, 51, {5, 2});
  const auto cut = [](const at::Tensor& t) {
    at::Tensor shorter = t.clone();
    std::vector<std::uint32_t> encodings(static_cast<std::size_t>(t.numel()));
    narrow({.format = binary32m{3}}, {t.const_data_ptr<float>(), encodings.size()}, encodings);
    std::memcpy(shorter.mutable_data_ptr<float>(), encodings.data(),
                encodings.size() * sizeof(float));
    return shorter;
  };
  EXPECT_EQ(words(operators::matmul(a, b, "pam/binary32m3")),
            words(operators::matmul(cut(a), cut(b), "pam")));
  EXPECT_NE(words(operators::matmul(a, b, "pam/binary32m3")),
            words(operators::matmul(a, b, "pam")));
  const at::Tensor d = drawn(elements::ordinary, 52, {3, 2});
  EXPECT_EQ(words(operators::product_vjp_a(a, b, d, "pam/binary32m3")),
            words(operators::product_vjp_a(cut(a), cut(b), cut(d), "pam")));
  EXPECT_THROW(operators::matmul(a, b, "pam/binary16"), c10::Error);
}

TEST(Operators, WrongCallsNameTheOperator) {
  const auto complaint = [](const auto& call) {
    try {
      call();
    } catch (const c10::Error& error) {
      return std::string(error.what_without_backtrace());
    }
    return std::string();
  };
  const at::Tensor x = at::ones({2, 3});
  EXPECT_NE(complaint([&] { operators::softmax(x, "l_mul"); }).find("pamkit::softmax"),
            std::string::npos);
  EXPECT_NE(
      complaint([&] { operators::mul(x, at::ones({3})); }).find("pamkit::mul: a has shape [2, 3]"),
      std::string::npos);
  EXPECT_NE(complaint([&] {
              operators::layer_norm(x, at::ones({2}), at::ones({3}));
            }).find("pamkit::layer_norm"),
            std::string::npos);
  EXPECT_NE(
      complaint([&] { operators::cross_entropy(x, at::full({2}, 7, at::kLong)); }).find("class 7"),
      std::string::npos);
  EXPECT_NE(complaint([&] { operators::conv2d(x, x, std::nullopt); }).find("pamkit::conv2d"),
            std::string::npos);
}

TEST(Operators, MetaTensorsHaveTheShapesOfResults) {
  const auto meta = [](std::vector<std::int64_t> shape) {
    return at::empty(shape, at::TensorOptions().device(at::kMeta).dtype(at::kFloat));
  };
  EXPECT_EQ(operators::conv2d(meta({2, 4, 9, 9}), meta({6, 2, 3, 3}), std::nullopt, 2, 1, 1, 2)
                .sizes()
                .vec(),
            (std::vector<std::int64_t>{2, 6, 5, 5}));
  EXPECT_EQ(operators::softmax(meta({2, 4})).sizes().vec(), (std::vector<std::int64_t>{2, 4}));
}

}  // namespace
}  // namespace pamkit::operators::test

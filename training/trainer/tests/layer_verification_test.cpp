#include "layer_verification.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "pamkit/operators/contraction.hpp"
#include "pamkit/training/philox.hpp"

namespace pamkit::training::test {
namespace {

using operators::computed_layer;

constexpr std::uint32_t kIgnored = 0xFFFFFFFF;

// Values around 0 of both signs, drawn by `number`.
tensor drawn(std::vector<std::int64_t> shape, std::uint32_t number) {
  tensor t{std::move(shape), {}};
  std::int64_t count = 1;
  for (const std::int64_t n : t.shape) count *= n;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(count); ++i) {
    const auto x = static_cast<float>(random_bits(1, number, 0, 0, i) % 4001) / 1000 - 2;
    t.encodings.push_back(std::bit_cast<std::uint32_t>(x));
  }
  return t;
}

// A call of a layer, as the kernels of the host compute it.
struct call {
  std::string operation;
  derivative gradient;
  configuration rules;
  std::vector<tensor> inputs;
  layer_attributes attributes;
  std::vector<tensor> outputs;

  call(std::string name, std::vector<tensor> operands, layer_attributes given,
       derivative kind = derivative::approx, std::string_view arithmetic = "pam")
      : operation(std::move(name)),
        gradient(kind),
        inputs(std::move(operands)),
        attributes(std::move(given)) {
    rules = parse_arithmetic(arithmetic)
                ->configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity);
    outputs = simd_backend().layer(operation, arithmetic)(contraction_rules(rules), gradient,
                                                          inputs, attributes);
  }

  compared_layer compared_by(const backend& kernels) const {
    compared_layer compared;
    layer_verifier verifier([&](const compared_layer& l) { compared = l; }, kernels);
    verifier.look_at({operation, gradient, rules, inputs, attributes, outputs});
    return compared;
  }

  bool is_found_equal() const {
    const compared_layer compared = compared_by(simd_backend());
    EXPECT_GT(compared.outputs, 0U) << operation;
    return compared.equal;
  }

  // Whether another bit at one place of one result is found.
  bool is_found_at(std::size_t result, std::size_t at) {
    std::uint32_t& word = outputs[result].encodings.at(at);
    word ^= 1;
    const bool found = !is_found_equal();
    word ^= 1;
    return found;
  }
};

// The kernels of the host, which lose a bit in the loss of rows of class 3.
backend with_wrong_losses() {
  backend kernels = simd_backend();
  kernels.layer = [](std::string_view operation, std::string_view arithmetic) -> layer_function {
    if (operation != "cross_entropy") return simd_backend().layer(operation, arithmetic);
    return [](const policy<binary32>& rules, derivative gradient, std::span<const tensor> inputs,
              const layer_attributes& attributes) {
      std::vector<tensor> loss =
          simd_backend().layer("cross_entropy", "pam")(rules, gradient, inputs, attributes);
      if (inputs[1].encodings[0] == 3) loss[0].encodings[0] ^= 1;
      return loss;
    };
  };
  return kernels;
}

// The kernels of the host, which lose a bit in every product.
backend with_wrong_products() {
  backend kernels = simd_backend();
  kernels.elementwise = [](std::string_view, std::string_view) -> elementwise_function {
    return [](const configuration& rules, const std::uint32_t* a, const std::uint32_t* b,
              std::uint32_t* out, std::size_t count) {
      simd_backend().elementwise("mul", "pam")(rules, a, b, out, count);
      for (std::size_t i = 0; i < count; ++i) out[i] ^= 1;
    };
  };
  return kernels;
}

std::size_t last_of(const tensor& t) { return t.encodings.size() - 1; }

TEST(LayerVerification, ConvolutionsAreComparedAtSeveralPlaces) {
  for (const char* const arithmetic : {"pam", "exact", "l_mul"}) {
    for (const auto& attributes :
         {layer_attributes{{"stride", 1}, {"padding", 1}},
          layer_attributes{{"stride", 2}, {"padding", 2}, {"groups", 2}}}) {
      const std::int64_t channels = attributes.contains("groups") ? 2 : 4;
      call forward("conv2d", {drawn({1, 4, 7, 6}, 1), drawn({6, channels, 3, 3}, 2), drawn({6}, 3)},
                   attributes, derivative::approx, arithmetic);
      EXPECT_TRUE(forward.is_found_equal()) << arithmetic;
      const std::size_t count = forward.outputs[0].encodings.size();
      for (const std::size_t at : {std::size_t{0}, count / 2, count - 1}) {
        EXPECT_TRUE(forward.is_found_at(0, at)) << arithmetic << at;
      }
    }
  }
}

TEST(LayerVerification, EveryDerivativeOfAConvolutionIsCompared) {
  for (const derivative kind : {derivative::approx, derivative::exact}) {
    for (const auto& attributes :
         {layer_attributes{{"stride", 1}, {"padding", 1}},
          layer_attributes{{"stride", 2}, {"padding", 2}, {"groups", 2}}}) {
      const bool is_grouped = attributes.contains("groups");
      const call forward(
          "conv2d",
          {drawn({3, 4, 7, 6}, 1), drawn({6, is_grouped ? 2 : 4, 3, 3}, 2), drawn({6}, 3)},
          attributes, kind);
      call c("conv2d_vjp",
             {forward.inputs[0], forward.inputs[1], forward.inputs[2],
              drawn(forward.outputs[0].shape, 4)},
             attributes, kind);
      EXPECT_TRUE(c.is_found_equal());
      for (std::size_t result = 0; result < 3; ++result) {
        EXPECT_TRUE(c.is_found_at(result, 0)) << result;
        EXPECT_TRUE(c.is_found_at(result, last_of(c.outputs[result]))) << result;
      }
      EXPECT_TRUE(c.is_found_at(0, c.outputs[0].encodings.size() / 2));
    }
  }
}

TEST(LayerVerification, TheLossAndItsDerivativeAreThoseOfAllRows) {
  for (const derivative kind : {derivative::approx, derivative::exact}) {
    for (const double smoothing : {0.0, 0.1}) {
      const tensor logits = drawn({37, 11}, 5);
      tensor labels{{37}, {}};
      for (std::uint32_t i = 0; i < 37; ++i)
        labels.encodings.push_back(i % 5 == 3 ? kIgnored : i % 11);
      const layer_attributes attributes = {{"smoothing", smoothing}};
      call forward("cross_entropy", {logits, labels}, attributes, kind);
      EXPECT_TRUE(forward.is_found_equal());
      EXPECT_TRUE(forward.is_found_at(0, 0));
      const tensor incoming{{}, {std::bit_cast<std::uint32_t>(0.7F)}};
      call backward("cross_entropy_vjp", {logits, labels, incoming}, attributes, kind);
      EXPECT_TRUE(backward.is_found_equal());
      EXPECT_TRUE(backward.is_found_at(0, 0));
      EXPECT_TRUE(backward.is_found_at(0, 18 * 11 + 4));
      EXPECT_TRUE(backward.is_found_at(0, 36 * 11 + 10));
    }
  }
}

TEST(LayerVerification, AWrongLossOfARowIsRefusedWhereverItIsUsed) {
  const tensor logits = drawn({37, 11}, 5);
  tensor labels{{37}, {}};
  for (std::uint32_t i = 0; i < 37; ++i) labels.encodings.push_back(i % 11);
  const tensor incoming{{}, {std::bit_cast<std::uint32_t>(0.7F)}};
  const backend wrong = with_wrong_losses();
  for (const derivative kind : {derivative::approx, derivative::exact}) {
    const call forward("cross_entropy", {logits, labels}, {}, kind);
    const call backward("cross_entropy_vjp", {logits, labels, incoming}, {}, kind);
    const compared_layer loss = forward.compared_by(wrong);
    EXPECT_FALSE(loss.equal);
    EXPECT_NE(loss.mismatch.find(": loss of row 36: got "), std::string::npos) << loss.mismatch;
    // Of the derivatives, that of exact slopes alone depends on the losses.
    const compared_layer slopes = backward.compared_by(wrong);
    EXPECT_EQ(slopes.equal, kind == derivative::approx);
    EXPECT_EQ(slopes.mismatch.find(": loss of row 36: got ") != std::string::npos,
              kind == derivative::exact)
        << slopes.mismatch;
  }
}

TEST(LayerVerification, DerivativesOfGainsAndBiasesAreCompared) {
  for (const derivative kind : {derivative::approx, derivative::exact}) {
    call c("layer_norm_vjp", {drawn({70, 9}, 6), drawn({9}, 7), drawn({9}, 8), drawn({70, 9}, 9)},
           {{"eps", 1e-5}}, kind);
    EXPECT_TRUE(c.is_found_equal());
    EXPECT_TRUE(c.is_found_at(0, 0));
    for (const std::size_t column : {0U, 3U, 6U}) {
      EXPECT_TRUE(c.is_found_at(1, column));
      EXPECT_TRUE(c.is_found_at(2, column));
    }
  }
}

TEST(LayerVerification, ClippedGradientsAreThoseOfTheNormOfAll) {
  for (const double limit : {0.5, 1e6}) {
    call c("clip_grad_norm", {drawn({40, 5}, 10), drawn({3}, 11), drawn({130}, 12)},
           {{"limit", limit}});
    EXPECT_TRUE(c.is_found_equal());
    for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(c.is_found_at(k, last_of(c.outputs[k])));
    const compared_layer refused = c.compared_by(with_wrong_products());
    EXPECT_FALSE(refused.equal);
    EXPECT_NE(refused.mismatch.find(": square of "), std::string::npos) << refused.mismatch;
  }
}

TEST(LayerVerification, RowsAndElementsAreThoseOfTheCall) {
  call softmax("softmax", {drawn({20, 7}, 13)}, {});
  EXPECT_TRUE(softmax.is_found_equal());
  EXPECT_TRUE(softmax.is_found_at(0, 10 * 7 + 2));
  call gelu("gelu", {drawn({500}, 14)}, {});
  EXPECT_TRUE(gelu.is_found_equal());
  EXPECT_TRUE(gelu.is_found_at(0, 0));
}

}  // namespace
}  // namespace pamkit::training::test

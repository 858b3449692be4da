#include "launched.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>

#include "encode.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "tensors.hpp"

/// The operators by launches of CUDA kernels, which run on fibers here, on tensors of the host: bit
/// for bit those of the vector kernels.

namespace pamkit::operators::test {
namespace {

using at::Tensor;

// No block is no launch for a driver.
launcher on_fibers(const Tensor&) {
  return [](const cuda::launch& what) {
    ASSERT_NE(what.blocks, 0U) << what.kernel;
    cuda::execute_on_fibers(what, 1);
  };
}
using launched = products<launched_steps<on_fibers>>;

constexpr std::array kElements = {elements::ordinary, elements::edges, elements::anything};
constexpr std::array kTypes = {at::kFloat, at::kBFloat16, at::kHalf, at::kFloat8_e5m2,
                               at::kFloat8_e4m3fn};

std::vector<std::string> labels_of(at::ScalarType type) {
  std::vector<std::string> labels = {"pam:1.0552"};
  for (const arithmetic_info& info : arithmetics()) labels.emplace_back(info.name);
  if (type == at::kFloat) labels.insert(labels.end(), {"pam/binary32m7", "l_mul/binary32m4"});
  return labels;
}

// The same values behind other strides.
struct layout {
  const char* name;
  std::function<Tensor(const Tensor&)> of;
};

std::vector<layout> layouts() {
  return {{"dense", [](const Tensor& t) { return t; }},
          {"transposed",
           [](const Tensor& t) { return t.transpose(-1, -2).contiguous().transpose(-1, -2); }},
          {"every second one", [](const Tensor& t) {
             return at::stack({t, t}, t.dim()).select(t.dim(), 0);
           }}};
}

void expect_equal(const Tensor& got, const Tensor& expected, const std::string& what) {
  EXPECT_EQ(got.scalar_type(), expected.scalar_type()) << what;
  EXPECT_EQ(got.sizes(), expected.sizes()) << what;
  EXPECT_EQ(got.strides(), expected.strides()) << what;
  EXPECT_EQ(bits_of(got), bits_of(expected)) << what;
}

TEST(Launched, ProductsAndTheirDerivativesEqualTheVectorKernels) {
  std::uint32_t stream = 100;
  for (const at::ScalarType type : kTypes) {
    for (const std::string& label : labels_of(type)) {
      for (const elements kind : kElements) {
        for (const layout& l : layouts()) {
          const auto operand = [&](std::vector<std::int64_t> shape) {
            return l.of(drawn(kind, ++stream, std::move(shape)).to(type));
          };
          const std::string what =
              label + " in " + c10::toString(type) + ", " + l.name + ", " + name_of(kind);
          const Tensor a = operand({3, 35, 9});
          const Tensor b = operand({3, 9, 34});
          const Tensor d = operand({3, 35, 34});
          expect_equal(launched::bmm(a, b, label, "approx"), operators::bmm(a, b, label), what);
          expect_equal(launched::matmul(a, b[0], label, "approx"),
                       operators::matmul(a, b[0], label), what);
          for (const auto gradient : {derivative::approx, derivative::exact}) {
            const std::string arithmetic = label.substr(0, label.find('/'));
            if (!parse_arithmetic(arithmetic)->info->has_derivative(gradient)) continue;
            const char* const name = gradient == derivative::exact ? "exact" : "approx";
            expect_equal(launched::product_vjp_a(a, b, d, label, name),
                         product_vjp_a(a, b, d, label, name), what + ", " + name);
            expect_equal(launched::product_vjp_b(a, b, d, label, name),
                         product_vjp_b(a, b, d, label, name), what + ", " + name);
            expect_equal(launched::product_vjp_b(a[0], b[0], d[0], label, name),
                         product_vjp_b(a[0], b[0], d[0], label, name), what + ", " + name);
          }
        }
      }
    }
  }
}

// As many outputs as large tiles are worth.
TEST(Launched, LargeTilesEqualTheVectorKernels) {
  for (const elements kind : kElements) {
    const Tensor a = drawn(kind, 1, {128, 3, 17});
    const Tensor b = drawn(kind, 2, {128, 17, 5});
    const std::uint64_t before = cuda::blocks_run("pamkit_contraction_pam_hybrid");
    expect_equal(launched::bmm(a, b, "pam", "approx"), operators::bmm(a, b), name_of(kind));
    EXPECT_EQ(cuda::blocks_run("pamkit_contraction_pam_hybrid"), before + 128);
  }
}

TEST(Launched, LinearAddsItsBiasLast) {
  std::uint32_t stream = 3000;
  for (const at::ScalarType type : kTypes) {
    for (const std::string& label : labels_of(type)) {
      for (const elements kind : kElements) {
        const Tensor x = drawn(kind, ++stream, {2, 20, 7}).to(type);
        const Tensor weight = drawn(kind, ++stream, {5, 7}).to(type);
        const Tensor bias = drawn(kind, ++stream, {5});
        const std::string what = label + " in " + c10::toString(type) + ", " + name_of(kind);
        for (const std::optional<Tensor>& b :
             {std::optional<Tensor>(), std::optional(bias), std::optional(bias.to(type)),
              std::optional(at::stack({bias, bias}, 1).select(1, 0))}) {
          expect_equal(launched::linear(x, weight, b, label, "approx"),
                       operators::linear(x, weight, b, label), what);
        }
      }
    }
  }
}

TEST(Launched, SumsOverRowsEqualTheVectorKernels) {
  std::uint32_t stream = 5000;
  for (const at::ScalarType type : kTypes) {
    for (const elements kind : kElements) {
      for (const std::int64_t rows : {0, 1, 127, 128, 129, 300}) {
        const Tensor d = drawn(kind, ++stream, {rows, 5}).to(type);
        const std::string what = std::to_string(rows) + " rows of " + c10::toString(type);
        expect_equal(launched::sum_rows(d), sum_rows(d), what);
      }
      const Tensor d = drawn(kind, ++stream, {3, 50, 7}).to(type).transpose(0, 2);
      expect_equal(launched::sum_rows(d), sum_rows(d), "strided");
    }
  }
}

TEST(Launched, ElementwiseOperationsEqualTheVectorKernels) {
  std::uint32_t stream = 7000;
  struct operation {
    const char* name;
    Tensor (*binary)(const Tensor&, const Tensor&, std::string_view, std::string_view);
    Tensor (*unary)(const Tensor&, std::string_view, std::string_view);
  };
  const std::array<operation, 4> operations = {operation{"mul", mul, nullptr},
                                               {"div", div, nullptr},
                                               {"exp2", nullptr, exp2},
                                               {"log2", nullptr, log2}};
  int compared = 0;
  for (const at::ScalarType type : kTypes) {
    for (const std::string& label : labels_of(type)) {
      const std::size_t slash = label.find('/');
      const arithmetic_choice arithmetic = *parse_arithmetic(label.substr(0, slash));
      any_format format = type == at::kFloat         ? any_format(binary32{})
                          : type == at::kBFloat16    ? any_format(bfloat16{})
                          : type == at::kHalf        ? any_format(binary16{})
                          : type == at::kFloat8_e5m2 ? any_format(e5m2{})
                                                     : any_format(e4m3{});
      if (slash != std::string::npos) format = *parse_format(label.substr(slash + 1));
      for (const operation& o : operations) {
        if (!has_elementwise_kernel(o.name, arithmetic.info->name)) continue;
        configuration rules =
            arithmetic.configure(format, subnormal_policy::flush, overflow_policy::infinity);
        if (o.unary != nullptr) rules.compensation = 0;
        for (const elements kind : kElements) {
          for (const layout& l : layouts()) {
            const Tensor a = drawn(kind, ++stream, {9, 61}).to(type).t();
            const Tensor b =
                o.binary != nullptr ? l.of(drawn(kind, ++stream, {61, 9}).to(type)) : Tensor();
            const Tensor expected =
                o.binary != nullptr ? o.binary(a, b, label, "approx") : o.unary(a, label, "approx");
            expect_equal(launch_elementwise(o.name, rules, a, b, on_fibers(a)), expected,
                         label + " " + o.name + " in " + c10::toString(type) + ", " + l.name);
            ++compared;
          }
        }
      }
    }
  }
  EXPECT_GT(compared, 100);
}

TEST(Launched, LayersEqualTheVectorKernels) {
  std::uint32_t stream = 9000;
  int compared = 0;
  const auto compare = [&](const char* operation, const configuration& rules, derivative gradient,
                           const std::vector<Tensor>& inputs, const layer_attributes& attributes) {
    const layer_request r{operation, rules, gradient, inputs, attributes};
    if (!has_layer_launch(r)) return;
    const bool is_vjp = r.operation.ends_with("_vjp");
    if (is_vjp && !parse_arithmetic(rules.arithmetic)->info->has_derivative(gradient)) return;
    const std::vector<Tensor> expected = compute_layer(r);
    const std::vector<Tensor> got = launch_layer(r, on_fibers({}));
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      expect_equal(
          got[i], expected[i],
          std::string(rules.arithmetic) + " " + operation + " result " + std::to_string(i));
    }
    ++compared;
  };
  for (const char* const label : {"pam", "exact", "pam:1.0552", "l_mul", "adder"}) {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      const configuration rules =
          configuration_of("test", parse_choice("test", label, "approx"), type);
      for (const elements kind : kElements) {
        const auto operand = [&](std::vector<std::int64_t> shape) {
          return drawn(kind, ++stream, std::move(shape)).to(type);
        };
        for (const auto gradient : {derivative::approx, derivative::exact}) {
          for (const std::int64_t rows : {0, 7, 131}) {
            const Tensor x = operand({2, rows, 37});
            const Tensor d = operand({37, rows, 2}).transpose(0, 2);
            const Tensor kept =
                at::arange(x.numel(), at::kLong).remainder(3).ne(0).to(at::kByte).view(x.sizes());
            for (const char* const name : {"softmax", "log_softmax"}) {
              compare(name, rules, gradient, {x}, {});
              compare((std::string(name) + "_vjp").c_str(), rules, gradient, {x, d}, {});
            }
            const Tensor gain = operand({37});
            const Tensor bias = operand({37});
            compare("layer_norm", rules, gradient, {x, gain, bias}, {{"eps", 1e-5}});
            compare("layer_norm_vjp", rules, gradient, {x, gain, bias, d}, {{"eps", 1e-5}});
            for (const layout& l : layouts()) {
              const Tensor keep = l.of(kept);
              compare("dropout", rules, gradient, {x, keep}, {{"p", 0.3}});
              compare("dropout_vjp", rules, gradient, {x, keep, d}, {{"p", 0.3}});
            }
            const Tensor logits = operand({rows, 19});
            const Tensor classes = at::arange(rows, at::kLong).remainder(19);
            const Tensor some = classes.masked_fill(classes.remainder(3).eq(0), -100);
            for (const Tensor& labels : {classes, some, at::stack({some, classes}, 1).select(1, 0),
                                         at::full({rows}, -100, at::kLong)}) {
              for (const layer_attributes& smoothing :
                   {layer_attributes{}, layer_attributes{{"smoothing", 0.1}, {"fairseq", 1}}}) {
                compare("cross_entropy", rules, gradient, {logits, labels}, smoothing);
                compare("cross_entropy_vjp", rules, gradient, {logits, labels, operand({})},
                        smoothing);
              }
            }
          }
          for (const std::int64_t images : {0, 3}) {
            for (const std::int64_t biases : {0, 6}) {
              const Tensor image = operand({images, 5, 6, 4}).transpose(2, 3).narrow(1, 1, 4);
              const Tensor weight = operand({6, 2, 2, 3});
              const Tensor bias = operand({biases});
              const layer_attributes attributes = {{"stride", 2}, {"padding", 1}, {"groups", 2}};
              compare("conv2d", rules, gradient, {image, weight, bias}, attributes);
              compare("conv2d_vjp", rules, gradient,
                      {image, weight, bias, operand({images, 6, 3, 3})}, attributes);
            }
          }
          for (const double limit : {0.0, 0.5, 1e30}) {
            compare("clip_grad_norm", rules, gradient,
                    {operand({5, 61}), operand({0}), operand({7, 2}).t()}, {{"limit", limit}});
          }
          compare("adamw_step", rules, gradient,
                  {operand({5, 61}), operand({5, 61}), operand({5, 61}), operand({5, 61}).abs()},
                  {{"step", 3}, {"weight_decay", 0.1}, {"corrected", 1}});
        }
      }
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(Launched, LayersRefuseWhatTheirDefinitionsRefuse) {
  const configuration rules =
      configuration_of("test", parse_choice("test", "pam", "approx"), at::kFloat);
  const auto launch = [&](const char* operation, const std::vector<Tensor>& inputs,
                          const layer_attributes& attributes) {
    launch_layer({operation, rules, derivative::approx, inputs, attributes}, on_fibers({}));
  };
  const Tensor x = at::ones({3, 4});
  EXPECT_THROW(launch("layer_norm", {x, at::ones({3}), at::ones({4})}, {}), std::invalid_argument);
  EXPECT_THROW(launch("softmax_vjp", {x, at::ones({4, 3})}, {}), std::invalid_argument);
  EXPECT_THROW(launch("softmax", {at::scalar_tensor(1.0)}, {}), std::invalid_argument);
  EXPECT_THROW(launch("dropout", {x, at::ones({3, 4}, at::kByte)}, {{"p", 1}}),
               std::invalid_argument);
  EXPECT_THROW(launch("adamw_step", {x, x, x, at::ones({12})}, {}), std::invalid_argument);
  EXPECT_THROW(launch("cross_entropy", {x, at::zeros({4}, at::kLong)}, {}), std::invalid_argument);
  EXPECT_THROW(launch("cross_entropy", {x, at::full({3}, 4, at::kLong)}, {}), c10::Error);
  EXPECT_THROW(launch("conv2d", {x, x, at::empty({0})}, {}), std::invalid_argument);
  EXPECT_THROW(launch("clip_grad_norm", {x}, {{"limit", -1}}), std::invalid_argument);
}

TEST(Launched, EmptyTensorsLaunchNothingThatWrites) {
  expect_equal(launched::matmul(at::empty({2, 0}), at::empty({0, 3}), "pam", "approx"),
               at::zeros({2, 3}), "no terms");
  expect_equal(launched::matmul(at::empty({0, 4}), at::empty({4, 3}), "pam", "approx"),
               at::empty({0, 3}), "no rows");
  expect_equal(launched::sum_rows(at::empty({4, 0})), at::empty({0}), "no columns");
  const configuration rules = parse_arithmetic("pam")->configure(
      binary32{}, subnormal_policy::flush, overflow_policy::infinity);
  expect_equal(launch_elementwise("mul", rules, at::empty({0}), at::empty({0}), on_fibers({})),
               at::empty({0}), "no elements");
}

TEST(Launched, AnObserverSeesTheContractionAndItsBias) {
  const Tensor x = drawn(elements::ordinary, 1, {4, 7});
  const Tensor weight = drawn(elements::ordinary, 2, {5, 7});
  const Tensor bias = drawn(elements::ordinary, 3, {5});
  int calls = 0;
  std::vector<std::uint32_t> seen(20);
  observe_contractions([&](const contraction_call& call) {
    ++calls;
    EXPECT_EQ(call.problem.m, 4);
    EXPECT_EQ(call.problem.n, 5);
    EXPECT_NE(call.bias, nullptr);
    std::memcpy(seen.data(), call.problem.out.data, seen.size() * sizeof(float));
  });
  const Tensor y = launched::linear(x, weight, bias, "pam", "approx");
  observe_contractions({});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, bits_of(y));
}

// Every exponent, with fractions around the ties of every format.
Tensor near_ties() {
  std::vector<std::uint32_t> words;
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (const int kept : {1, 2, 3, 4, 7, 10, 22, 23}) {
      const std::uint32_t unit = std::uint32_t{1} << (23 - kept);
      for (const std::uint32_t of : {0U, 1U, 2U, 3U, (1U << kept) - 2, (1U << kept) - 1}) {
        for (const std::int32_t off : {-1, 0, 1}) {
          const std::uint32_t tie = of * unit + unit / 2 + static_cast<std::uint32_t>(off);
          for (const std::uint32_t sign : {0U, 0x80000000U}) {
            words.push_back(sign | exponent << 23 | (tie & 0x7FFFFF));
          }
        }
      }
    }
  }
  // Numbers that round to the least normal one of bfloat16 and those just below.
  for (std::uint32_t m = 0x007FBFF0; m < 0x00800010; ++m) words.push_back(m);
  Tensor t = at::empty({static_cast<std::int64_t>(words.size())}, at::kFloat);
  std::memcpy(t.mutable_data_ptr(), words.data(), words.size() * sizeof(float));
  return t;
}

TEST(Launched, EncodingByIntegersEqualsTheDefinition) {
  for (const Tensor& sums : {near_ties(), drawn(elements::anything, 1, {100000}),
                             drawn(elements::edges, 2, {1000, 100})}) {
    for (const at::ScalarType type : kTypes) {
      if (type == at::kFloat) continue;
      const configuration rules =
          configuration_of("test", parse_choice("test", "pam", "approx"), type);
      expect_equal(encoded_by_integers(sums, type, rules.format), encoded(sums, type, rules),
                   c10::toString(type));
    }
    for (int kept = 1; kept <= 23; ++kept) {
      const std::string label = "pam/binary32m" + std::to_string(kept);
      const configuration rules =
          configuration_of("test", parse_choice("test", label, "approx"), at::kFloat);
      expect_equal(operand_by_integers(sums, {kept}), operand(sums, rules), label);
    }
  }
}

}  // namespace
}  // namespace pamkit::operators::test

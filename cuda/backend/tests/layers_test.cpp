/// Layers and elementwise operations by CUDA kernels on the host equal the definitions, for
/// operands of every kind.
#include <gtest/gtest.h>

#include <random>

#include "layer_calls.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

using testing::kProfiles;
using testing::layer_operands;

constexpr std::int64_t kLengths[] = {0, 1, 2, 31, 32, 33, 64, 65, 200};
constexpr std::int64_t kRows[] = {1, 3, 4, 5, 130, 257};

TEST(layer_kernels, along_rows_equal_the_definition) {
  std::mt19937 random(1);
  int compared = 0;
  for (const arithmetic_info& info : arithmetics()) {
    testing::for_each_layer_of_rows(info, [&](const std::string& name, const layer_info& layer,
                                              bool is_vjp, derivative gradient) {
      const layer_function function = host_backend().layer(name, info.name);
      if (function == nullptr) return;  // no kernel: `kernels_exist` says which may lack one
      const layer_function expected = scalar_backend().layer(name, info.name);
      testing::for_each_policy([&](const policy<binary32>& rules) {
        for (const auto& profile : kProfiles) {
          const std::int64_t length = kLengths[random() % std::size(kLengths)];
          const std::int64_t rows = kRows[random() % std::size(kRows)];
          layer_operands call =
              testing::draw_operands(layer, is_vjp, rows, length, profile, random);
          testing::mask_rows(call.tensors[0], random);
          ++compared;
          ASSERT_EQ(function(rules, gradient, call.tensors, call.attributes),
                    expected(rules, gradient, call.tensors, call.attributes))
              << name << " " << info.name << " " << profile.name << " " << rows << "x" << length;
        }
      });
    });
  }
  EXPECT_GT(compared, 1000);
}

tensor drawn(std::vector<std::int64_t> shape, const testing::operand_profile& profile,
             std::mt19937& random) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  for (std::uint32_t& e : t.encodings) e = testing::draw(profile, random);
  return t;
}

/// Calls name and name_vjp on both backends.
void compare(const std::string& name, std::string_view arithmetic, derivative gradient,
             const std::vector<tensor>& operands, const layer_attributes& attributes,
             const std::string& what) {
  const policy<binary32> rules{.compensation = arithmetic == "pam" ? 463051 : 0};
  const layer_function expected = scalar_backend().layer(name, arithmetic);
  const layer_function function = host_backend().layer(name, arithmetic);
  ASSERT_EQ(expected == nullptr, function == nullptr) << name << " " << arithmetic;
  if (function == nullptr) return;
  ASSERT_EQ(function(rules, gradient, operands, attributes),
            expected(rules, gradient, operands, attributes))
      << name << " " << arithmetic << " " << what;
}

TEST(layer_kernels, of_convolutions_equal_the_definition) {
  std::mt19937 random(2);
  struct shape {
    std::int64_t images, channels, height, width, outputs, kernel_height, kernel_width;
    double stride, padding, dilation, groups;
    bool has_bias;
  };
  const shape shapes[] = {
      {1, 1, 3, 3, 1, 2, 2, 1, 0, 1, 1, true},  {2, 4, 6, 5, 6, 3, 2, 2, 2, 2, 2, true},
      {1, 2, 5, 7, 3, 3, 3, 1, 1, 1, 1, false}, {0, 2, 3, 3, 1, 2, 2, 1, 0, 1, 1, true},
      {1, 3, 9, 9, 3, 1, 1, 3, 0, 1, 3, true},  {3, 1, 8, 9, 2, 4, 3, 1, 2, 1, 1, true}};
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      for (const auto& profile : kProfiles) {
        const shape& s = shapes[random() % std::size(shapes)];
        const layer_attributes attributes = {{"stride", s.stride},
                                             {"padding", s.padding},
                                             {"dilation", s.dilation},
                                             {"groups", s.groups}};
        std::vector<tensor> operands = {
            drawn({s.images, s.channels, s.height, s.width}, profile, random),
            drawn({s.outputs, s.channels / static_cast<std::int64_t>(s.groups), s.kernel_height,
                   s.kernel_width},
                  profile, random),
            drawn({s.has_bias ? s.outputs : 0}, profile, random)};
        compare("conv2d", info.name, gradient, operands, attributes, std::string(profile.name));
        const auto y =
            scalar_backend().layer("conv2d", info.name)({}, gradient, operands, attributes);
        if (!info.has_derivative(gradient)) continue;
        operands.push_back(drawn(y.front().shape, profile, random));
        compare("conv2d_vjp", info.name, gradient, operands, attributes, std::string(profile.name));
      }
    }
  }
}

TEST(layer_kernels, of_linear_equal_the_definition) {
  std::mt19937 random(3);
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      for (const auto& profile : kProfiles) {
        const auto m = static_cast<std::int64_t>(random() % 140);
        const auto n = static_cast<std::int64_t>(1 + random() % 9);
        const auto k = static_cast<std::int64_t>(random() % 12);
        std::vector<tensor> operands = {drawn({m, k}, profile, random),
                                        drawn({n, k}, profile, random),
                                        drawn({random() % 2 == 0 ? n : 0}, profile, random)};
        compare("linear", info.name, gradient, operands, {}, std::string(profile.name));
        if (!info.has_derivative(gradient)) continue;
        operands.push_back(drawn({m, n}, profile, random));
        compare("linear_vjp", info.name, gradient, operands, {}, std::string(profile.name));
      }
    }
  }
}

TEST(layer_kernels, of_attention_equal_the_definition) {
  std::mt19937 random(5);
  for (const derivative gradient : {derivative::approx, derivative::exact}) {
    for (const auto& profile : kProfiles) {
      const auto size = [&](std::uint32_t most) {
        return static_cast<std::int64_t>(random() % (most + 1));
      };
      const std::int64_t batch = size(2);
      const std::int64_t queries = size(5);
      const std::int64_t keys = size(40);
      const std::int64_t width = 1 + size(6);
      std::vector<tensor> operands = {drawn({batch, queries, width}, profile, random),
                                      drawn({batch, keys, width}, profile, random),
                                      drawn({batch, keys, width}, profile, random),
                                      drawn({batch, queries, keys}, profile, random)};
      for (std::uint32_t& hidden : operands[3].encodings) hidden = random() % 4 == 0 ? 7 : 0;
      compare("attention", "pam", gradient, operands, {}, std::string(profile.name));
      operands.push_back(drawn({batch, queries, width}, profile, random));
      compare("attention_vjp", "pam", gradient, operands, {}, std::string(profile.name));
    }
  }
}

TEST(elementwise_kernels, equal_the_definition_in_every_format) {
  std::mt19937 random(4);
  for (const arithmetic_info& info : arithmetics()) {
    for (const operation_info& op : operations()) {
      const elementwise_function function = host_backend().elementwise(op.name, info.name);
      if (function == nullptr) continue;
      for (const any_format& format : default_formats()) {
        const format_description f = describe(format);
        const auto draw = [&] {
          const auto x = static_cast<std::uint32_t>(random()) & (f.sign_mask | f.magnitude_mask);
          return x & ~((std::uint32_t{1} << f.dropped_bits) - 1);
        };
        for (const std::size_t count : {0U, 1U, 255U, 256U, 257U, 1000U}) {
          std::vector<std::uint32_t> a(count), b(count), got(count, 1), expected(count, 2);
          for (std::uint32_t& x : a) x = draw();
          for (std::uint32_t& x : b) x = draw();
          configuration c{format, info.name,
                          count % 2 == 0 ? subnormal_policy::flush : subnormal_policy::gradual,
                          random() % 2 == 0 ? overflow_policy::infinity : overflow_policy::saturate,
                          0};
          const auto asked = static_cast<std::int32_t>(f.min_normal / 8);
          c.compensation = info.compensation(format, random() % 2 == 0 ? asked : 0);
          function(c, a.data(), b.data(), got.data(), count);
          scalar_backend().elementwise(op.name, info.name)(c, a.data(), b.data(), expected.data(),
                                                           count);
          ASSERT_EQ(got, expected) << op.name << " " << info.name << " " << f.name;
        }
      }
    }
  }
}

/// What has no kernel: operations of `exact` that the C library computes, and activations.
TEST(kernels, exist_for_what_has_a_device_form) {
  for (const arithmetic_info& info : arithmetics()) {
    const bool is_exact = info.name == "exact";
    for (const operation_info& op : operations()) {
      const bool is_hosts = is_exact && op.name != "mul" && op.name != "div" && op.name != "sqrt";
      EXPECT_EQ(host_backend().elementwise(op.name, info.name) != nullptr,
                info.defines(op.name) && !is_hosts)
          << op.name << " " << info.name;
    }
    testing::for_each_layer_of_rows(
        info, [&](const std::string& name, const layer_info& layer, bool, derivative) {
          const bool is_hosts =
              is_exact && (layer.name == "softmax" || layer.name == "logsumexp" ||
                           layer.name == "log_softmax" || layer.name == "cross_entropy");
          const bool is_activation =
              layer.name == "sigmoid" || layer.name == "tanh" || layer.name == "gelu";
          EXPECT_EQ(host_backend().layer(name, info.name) != nullptr, !is_hosts && !is_activation)
              << name << " " << info.name;
        });
  }
}

/// Every kernel was run by the tests above; it is the last test of this file.
TEST(kernels, have_all_been_run_but_contractions) {
  for (const kernel* k : kernels()) {
    if (k->name.starts_with("pamkit_contraction_")) continue;
    EXPECT_GT(blocks_run(k->name), 0U) << k->name;
  }
}

}  // namespace
}  // namespace pamkit::cuda

#include <gtest/gtest.h>

#include "layer_checks.hpp"

// linear and attention, made of vector kernels, against their definitions, encoding by encoding.

namespace pamkit::testing {
namespace {

tensor drawn(std::vector<std::int64_t> shape, const operand_profile& profile,
             std::mt19937& random) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  for (std::uint32_t& x : t.encodings) x = draw(profile, random);
  return t;
}

std::int64_t drawn_length(std::mt19937& random) {
  constexpr std::int64_t lengths[] = {0, 1, 2, 3, 5, 7, 8, 9, 16, 17, 33, 40};
  return lengths[random() % std::size(lengths)];
}

// The layer and every derivative that the arithmetic has, under every policy.
void check_layer(const arithmetic_info& info, const std::string& layer, const layer_operands& call,
                 const tensor& d, const std::string& what) {
  layer_operands back = call;
  back.tensors.push_back(d);
  for_each_policy([&](const policy<binary32>& rules) {
    if (::testing::Test::HasFatalFailure()) return;
    check(layer, info.name, derivative::approx, rules, call, what);
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      if (::testing::Test::HasFatalFailure() || !info.has_derivative(gradient)) continue;
      check(layer + "_vjp", info.name, gradient, rules, back, what);
    }
  });
}

TEST(ComposedLayers, LinearEqualsTheDefinition) {
  std::mt19937 random(1);
  for (const arithmetic_info& info : arithmetics()) {
    for (const operand_profile& profile : kProfiles) {
      for (int i = 0; i < 4; ++i) {
        const std::int64_t rows = drawn_length(random);
        const std::int64_t length = drawn_length(random);
        const std::int64_t outputs = drawn_length(random);
        const bool has_bias = random() % 2 == 0;
        const layer_operands call{{drawn({rows, length}, profile, random),
                                   drawn({outputs, length}, profile, random),
                                   drawn({has_bias ? outputs : 0}, profile, random)},
                                  {}};
        check_layer(info, "linear", call, drawn({rows, outputs}, profile, random),
                    std::string(profile.name) + ' ' + std::to_string(rows) + 'x' +
                        std::to_string(length) + " to " + std::to_string(outputs));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ComposedLayers, AttentionEqualsTheDefinition) {
  std::mt19937 random(2);
  std::size_t compared = 0;
  for (const arithmetic_info& info : arithmetics()) {
    if (scalar_backend().layer("attention", info.name) == nullptr) continue;
    for (const operand_profile& profile : kProfiles) {
      for (int i = 0; i < 3; ++i) {
        const auto batch = static_cast<std::int64_t>(random() % 3);
        const std::int64_t queries = drawn_length(random);
        const std::int64_t keys = drawn_length(random);
        const std::int64_t width = drawn_length(random);
        layer_operands call{{drawn({batch, queries, width}, profile, random),
                             drawn({batch, keys, width}, profile, random),
                             drawn({batch, keys, width}, profile, random),
                             tensor{{batch, queries, keys}, {}}},
                            {}};
        for (std::int64_t n = batch * queries * keys; n > 0; --n) {
          call.tensors[3].encodings.push_back(random() % 4 == 0 ? 1 : 0);
        }
        check_layer(info, "attention", call, drawn({batch, queries, width}, profile, random),
                    std::string(profile.name) + ' ' + std::to_string(queries) + 'x' +
                        std::to_string(keys) + 'x' + std::to_string(width));
        if (HasFatalFailure()) return;
        ++compared;
      }
    }
  }
  EXPECT_GE(compared, 2 * 3 * kProfiles.size());
}

}  // namespace
}  // namespace pamkit::testing

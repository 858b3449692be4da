#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "layer_calls.hpp"
#include "pamkit/simd.hpp"

namespace pamkit::testing {

inline std::string hex(std::uint32_t x) {
  std::ostringstream s;
  s << std::hex << x;
  return s.str();
}

// The first element in which two results differ.
inline std::string difference(const std::vector<tensor>& got, const std::vector<tensor>& expected) {
  if (got.size() != expected.size()) return "another number of outputs";
  for (std::size_t k = 0; k < got.size(); ++k) {
    if (got[k].shape != expected[k].shape) return "another shape";
    const auto [g, e] = std::ranges::mismatch(got[k].encodings, expected[k].encodings);
    if (g == got[k].encodings.end() && e == expected[k].encodings.end()) continue;
    return "output " + std::to_string(k) + " has " + hex(*g) + ", not " + hex(*e) + " at " +
           std::to_string(g - got[k].encodings.begin());
  }
  return {};
}

/// Compares the simd backend on every instruction set with the definition, encoding by encoding.
inline void check(const std::string& operation, std::string_view arithmetic, derivative gradient,
           const policy<binary32>& rules, const layer_operands& call, std::string_view what) {
  const std::vector<tensor> expected =
      scalar_backend().layer(operation, arithmetic)(rules, gradient, call.tensors, call.attributes);
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    ASSERT_TRUE(use_simd_target(target));
    const layer_function f = simd_backend().layer(operation, arithmetic);
    ASSERT_NE(f, nullptr);
    const std::vector<tensor> got = f(rules, gradient, call.tensors, call.attributes);
    ASSERT_EQ(difference(got, expected), "")
        << target << ' ' << arithmetic << ' ' << operation << ' ' << what
        << (gradient == derivative::exact ? " exact" : " approx")
        << (rules.subnormals == subnormal_policy::gradual ? " gradual" : " flush")
        << (rules.overflow == overflow_policy::saturate ? " saturate" : " infinity");
  }
  use_simd_target("");
}

}  // namespace pamkit::testing

/// What is judged through the backends: one kernel that gives another result than the others shows
/// in the result of a call.
#include "pamkit/cuda/execution.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

std::string wrong_kernel;
std::vector<std::string> launched;

/// Runs a launch; what wrong_kernel stores first has another last bit.
void execute(const launch& l) {
  launched.emplace_back(l.kernel);
  execute_on_fibers(l, 1);
  if (l.kernel != wrong_kernel) return;
  float& first = *static_cast<const contraction_parameters*>(l.parameters)->out.data;
  first = std::bit_cast<float>(std::bit_cast<std::uint32_t>(first) ^ 1U);
}

struct call {
  std::string arithmetic;
  contraction_kind kind;
  derivative gradient;
  std::vector<float> numbers;

  std::vector<std::uint32_t> operator()() const {
    const float* const a = numbers.data();
    const contraction_problem c{
        .m = 2, .n = 2, .k = 2, .a = {a, 2}, .b = {a + 4, 2}, .d = {a + 8, 2}, .out = {}};
    return computed_contraction(execute, arithmetic, kind, gradient, {}, c);
  }
};

/// Operands of every class and format: whole numbers that eight bits hold, fractions that they do
/// not, and what is large.
std::vector<call> calls() {
  std::vector<call> all;
  std::mt19937 random(1);
  using enum contraction_kind;
  for (const arithmetic_info& info : arithmetics()) {
    for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
      for (const derivative gradient : {derivative::approx, derivative::exact}) {
        if (kind != product && !info.has_derivative(gradient)) continue;
        // Halves of e4m3, e5m2's range, fractions of binary16 and of bfloat16's range, of binary32,
        // and an infinity.
        for (const float unit : {0.5F, 1024.0F, 0x1.01p0F, 0x1p60F, 0x1.000002p0F, 0x1p127F}) {
          for (int turn = 0; turn < 8; ++turn) {
            std::vector<float> numbers;
            for (int i = 0; i < 12; ++i)
              numbers.push_back(static_cast<float>(1 + random() % 7) * unit);
            all.push_back({std::string(info.name), kind, gradient, numbers});
          }
        }
      }
    }
  }
  return all;
}

TEST(computed_contractions, show_what_any_kernel_does_wrong) {
  std::map<std::string, call> first_call;
  for (const call& c : calls()) {
    launched.clear();
    static_cast<void>(c());
    for (const std::string& kernel : launched) first_call.try_emplace(kernel, c);
  }
  for (const kernel* k : kernels()) {
    if (!k->name.starts_with("pamkit_contraction_")) continue;
    const auto found = first_call.find(std::string(k->name));
    ASSERT_NE(found, first_call.end()) << k->name;
    wrong_kernel.clear();
    const auto right = found->second();
    wrong_kernel = k->name;
    EXPECT_NE(found->second(), right) << k->name;
  }
  wrong_kernel.clear();
}

TEST(computed_contractions, are_of_binary32) {
  const std::uint16_t x = 0x3f80;
  contraction_problem c{.m = 1, .n = 1, .k = 1, .a = {}, .b = {}, .d = {}, .out = {}};
  c.a.narrow = c.b.narrow = &x;
  c.a.format = c.b.format = element_format::bfloat16;
  EXPECT_THROW(
      static_cast<void>(computed_contraction(execute, "pam", contraction_kind::product, {}, {}, c)),
      std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::cuda

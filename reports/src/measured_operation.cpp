#include "measured_operation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

using real = long double;

comparison relative_to(real r, real y) { return {(r - y) / y, y}; }
comparison absolute_to(real r, real y) { return {r - y, y}; }

constexpr std::array kOperations = {
    measured_operation{.name = "mul",
                       .arity = 2,
                       .correctly_rounded = true,
                       .fractions = fraction_domain::pairs,
                       .compare = [](real r, real a, real b) { return relative_to(r, a * b); }},
    measured_operation{.name = "div",
                       .arity = 2,
                       .correctly_rounded = true,
                       .fractions = fraction_domain::pairs,
                       .compare =
                           [](real r, real a, real b) {
                             return comparison{(r * b - a) / a, a / b};
                           }},
    measured_operation{
        .name = "exp2",
        .fractions = fraction_domain::unit_interval,
        .compare = [](real r, real a, real) { return relative_to(r, std::exp2(a)); }},
    measured_operation{
        .name = "log2",
        .absolute = true,
        .fractions = fraction_domain::one_binade,
        .compare = [](real r, real a, real) { return absolute_to(r, std::log2(a)); }},
    measured_operation{.name = "exp",
                       .compare = [](real r, real a, real) { return relative_to(r, std::exp(a)); }},
    measured_operation{.name = "log",
                       .absolute = true,
                       .compare = [](real r, real a, real) { return absolute_to(r, std::log(a)); }},
    measured_operation{
        .name = "pow",
        .arity = 2,
        .compare = [](real r, real a, real b) { return relative_to(r, std::pow(a, b)); }},
    measured_operation{
        .name = "sqrt",
        .correctly_rounded = true,
        .fractions = fraction_domain::two_binades,
        .compare = [](real r, real a, real) { return relative_to(r, std::sqrt(a)); }},
};

}  // namespace

std::span<const measured_operation> measured_operations() { return kOperations; }

const measured_operation* find_measured_operation(std::string_view name) {
  const auto it = std::ranges::find(kOperations, name, &measured_operation::name);
  return it == kOperations.end() ? nullptr : &*it;
}

long double value_of(const format_description& format, std::uint32_t bits,
                     subnormal_policy subnormals) {
  constexpr int kBinary64FractionBits = 52;
  constexpr int kBinary64Bias = 1023;
  const std::uint32_t magnitude = bits & format.magnitude_mask;
  double value = 0;
  if (magnitude >= format.min_normal) {
    const std::uint64_t rebias = static_cast<std::uint64_t>(kBinary64Bias - format.bias);
    value = std::bit_cast<double>(
        (std::uint64_t{magnitude} << (kBinary64FractionBits - format.fraction_bits)) +
        (rebias << kBinary64FractionBits));
  } else if (subnormals == subnormal_policy::gradual) {
    value = std::ldexp(static_cast<double>(magnitude), 1 - format.bias - format.fraction_bits);
  }
  return format.sign(bits) ? -value : value;
}

std::optional<reference::rational> exact_error(const measured_operation& operation,
                                               const format_description& format,
                                               subnormal_policy subnormals, std::uint32_t result,
                                               std::uint32_t a, std::uint32_t b) {
  if (operation.fractions != fraction_domain::pairs) return std::nullopt;
  const reference::rational r = reference::decode(format, result, subnormals).value;
  const reference::rational x = reference::decode(format, a, subnormals).value;
  const reference::rational y = reference::decode(format, b, subnormals).value;
  const reference::rational one = 1;
  return operation.name == "mul" ? r / (x * y) - one : r * y / x - one;
}

std::string fraction_text(const reference::rational& value) {
  std::string text = value.to_string();
  if (value.is_integer()) text.append("/1");
  return text;
}

}  // namespace pamkit::reports

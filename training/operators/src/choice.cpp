#include "choice.hpp"

#include <c10/util/Exception.h>

#include <string>

namespace pamkit::operators {
namespace {

std::string known_arithmetics() {
  std::string names;
  for (const arithmetic_info& info : arithmetics()) {
    names += std::string(info.name) + ", ";
  }
  return names + "or pam:ALPHA with ALPHA a decimal in [1, 2); /binary32mN may follow";
}

std::optional<binary32m> cut_of(std::string_view name) {
  const std::optional<any_format> format = parse_format(name);
  const binary32m* const shorter = format ? std::get_if<binary32m>(&*format) : nullptr;
  return shorter == nullptr ? std::nullopt : std::optional(*shorter);
}

}  // namespace

choice parse_choice(const char* op, std::string_view arithmetic, std::string_view derivative_name) {
  const std::size_t slash = arithmetic.find('/');
  const std::optional<arithmetic_choice> parsed = parse_arithmetic(arithmetic.substr(0, slash));
  std::optional<binary32m> cut;
  if (slash != std::string_view::npos) cut = cut_of(arithmetic.substr(slash + 1));
  const bool is_known = parsed && (slash == std::string_view::npos || cut);
  TORCH_CHECK_VALUE(is_known, op, ": arithmetic '", std::string(arithmetic),
                    "' is not known; give ", known_arithmetics());
  TORCH_CHECK_VALUE(derivative_name == "approx" || derivative_name == "exact", op,
                    ": derivative '", std::string(derivative_name),
                    "' is not known; give approx or exact");
  return {*parsed, derivative_name == "exact" ? derivative::exact : derivative::approx, cut};
}

void check_derivative(const char* op, const choice& chosen) {
  const auto has = chosen.arithmetic.info->has_derivative;
  const bool exact = chosen.gradient == derivative::exact;
  TORCH_CHECK_VALUE(has(chosen.gradient), op, ": arithmetic '", chosen.arithmetic.label,
                    "' has no ", exact ? "exact" : "approx", " derivative",
                    has(exact ? derivative::approx : derivative::exact)
                        ? (exact ? "; give derivative='approx'" : "; give derivative='exact'")
                        : "");
}

any_format format_of(const char* op, at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return binary32{};
    case at::kBFloat16:
      return bfloat16{};
    case at::kHalf:
      return binary16{};
    case at::kFloat8_e5m2:
      return e5m2{};
    case at::kFloat8_e4m3fn:
      return e4m3{};
    default:
      TORCH_CHECK_TYPE(false, op, ": element type ", type,
                       " is not supported; give float32, bfloat16, float16, float8_e5m2 or "
                       "float8_e4m3fn");
  }
}

configuration configuration_of(const char* op, const choice& chosen, at::ScalarType type) {
  any_format format = format_of(op, type);
  if (chosen.cut) {
    TORCH_CHECK_TYPE(type == at::kFloat, op, ": element type ", type,
                     " cannot be cut to another format; give float32");
    format = *chosen.cut;
  }
  return chosen.arithmetic.configure(format, subnormal_policy::flush, overflow_policy::infinity);
}

}  // namespace pamkit::operators

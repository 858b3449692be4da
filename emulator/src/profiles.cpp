#include "pamkit/profiles.hpp"

#include <variant>

#include "pamkit/detail/float_environment.hpp"
#include "pamkit/profile/paper.hpp"
#include "profile_tables.hpp"

namespace pamkit {
namespace {

using profiles::paper;
using paper_function = paper::word (*)(const paper::rules&, paper::word, paper::word);

template <paper_function Function>
void apply(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
           std::uint32_t* out, std::size_t count) {
  const detail::default_float_environment environment;
  const paper::rules rules{.compensation = c.compensation};
  for (std::size_t i = 0; i < count; ++i) out[i] = Function(rules, {a[i]}, {b[i]}).bits;
}

elementwise_function find_paper(std::string_view operation) {
  if (operation == "mul") return apply<paper::mul>;
  if (operation == "div") return apply<paper::div>;
  if (operation == "mul_da") return apply<paper::mul_da>;
  if (operation == "div_da") return apply<paper::div_da>;
  if (operation == "div_db") return apply<paper::div_db>;
  return nullptr;
}

}  // namespace

const arithmetic_info& paper_profile() {
  static const arithmetic_info info{
      .name = paper::name,
      .reference = "code released with arXiv:2305.17190",
      .oracle = paper::name,
      .promise = [](const configuration&) { return promises{}; },
      .compensation = [](const any_format&, std::int32_t requested) { return requested; },
      .has_derivative = paper::has_derivative,
      .defines = [](std::string_view operation) { return find_paper(operation) != nullptr; }};
  return info;
}

std::optional<arithmetic_choice> under_profile(const arithmetic_choice& choice, profile p) {
  if (p == profile::standard) return choice;
  if (choice.info->name != "pam") return std::nullopt;
  return arithmetic_choice{choice.label, &paper_profile(), choice.alpha};
}

bool covers(profile p, const any_format& format, subnormal_policy subnormals,
            overflow_policy overflow) {
  return p == profile::standard || (std::holds_alternative<binary32>(format) &&
                                    subnormals == subnormal_policy::flush &&
                                    overflow == overflow_policy::infinity);
}

const arithmetic_info* find_configured(std::string_view arithmetic) {
  return arithmetic == paper::name ? &paper_profile() : find_arithmetic(arithmetic);
}

elementwise_function detail::profile_elementwise(std::string_view operation,
                                                 std::string_view arithmetic) {
  return arithmetic == paper::name ? find_paper(operation) : nullptr;
}

}  // namespace pamkit

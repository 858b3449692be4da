#include "judge.hpp"

#include <fmt/format.h>

namespace pamkit::properties {

judgement judge(const scalar_property& property, const subject& s,
                const operand_columns& operands) {
  outcome found(case_count(operands));
  property.evaluate(s, operands, found);
  judgement j;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found.state(i) == case_state::outside) continue;
    ++j.cases;
    if (found.state(i) == case_state::violated && !j.failing) {
      j.failing = case_at(operands, i);
      j.got = found.got(i);
      j.expected = found.expected(i);
    }
  }
  return j;
}

judgement judge(std::string_view operation, const subject& s, const operand_columns& operands,
                const std::vector<allowed_results>& expected) {
  const column got = s.apply(operation, operands);
  judgement j{.cases = got.size()};
  for (std::size_t i = 0; i < got.size() && !j.failing; ++i) {
    if (expected[i].contains(got[i])) continue;
    j.failing = case_at(operands, i);
    j.got = got[i];
    j.expected = expected[i].lowest;
  }
  return j;
}

std::string missing_in_arithmetic(const scalar_property& property, const arithmetic_info& info) {
  for (const std::string_view operation : property.needs) {
    if (!info.defines(operation)) return fmt::format("{} defines no {}", info.name, operation);
  }
  if (property.vjp && !info.has_derivative(*property.vjp)) {
    return fmt::format("{} has no {} derivative", info.name, name_of(*property.vjp));
  }
  return {};
}

std::string missing_in_backend(const scalar_property& property, const subject& s) {
  const std::string_view backend = s.implementation().name;
  for (const std::string_view operation : property.needs) {
    if (!s.defines(operation)) return fmt::format("backend {} has no {}", backend, operation);
  }
  if (!property.vjp) return {};
  for (const contraction_kind kind : {contraction_kind::vjp_a, contraction_kind::vjp_b}) {
    if (s.implementation().contraction(s.rules().arithmetic, kind, *property.vjp) == nullptr) {
      return fmt::format("backend {} has no {} vjp of a product", backend, name_of(*property.vjp));
    }
  }
  return {};
}

}  // namespace pamkit::properties

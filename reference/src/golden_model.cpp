#include "pamkit/reference/golden_model.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <stdexcept>

#include "codec.hpp"
#include "definition.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

constexpr int kDecimalDigits = 17;

template <class Definition>
const Definition* by_name(std::span<const Definition* const> registry, std::string_view name) {
  const auto found =
      std::ranges::find_if(registry, [&](const Definition* d) { return d->name == name; });
  return found == registry.end() ? nullptr : *found;
}

const scalar_definition* by_name(std::span<const scalar_definition> definitions,
                                 std::string_view name) {
  const auto found =
      std::ranges::find_if(definitions, [&](const scalar_definition& d) { return d.name == name; });
  return found == definitions.end() ? nullptr : &*found;
}

const arithmetic_definition* find_arithmetic(std::string_view name) {
  const arithmetic_definition* found = by_name(arithmetic_registry(), name);
  return found != nullptr ? found : by_name(profile_registry(), name);
}

// The arithmetic's own file first, then the operation's.
const scalar_definition* find_definition(std::string_view operation, std::string_view arithmetic) {
  const operation_definition* o = by_name(operation_registry(), operation);
  const arithmetic_definition* a = find_arithmetic(arithmetic);
  if (o == nullptr || a == nullptr) return nullptr;
  if (const scalar_definition* own = by_name(a->definitions, operation)) return own;
  return by_name(o->definitions, arithmetic);
}

std::string hex(std::uint32_t bits, const format_description& format) {
  std::ostringstream text;
  text << "0x" << std::hex << std::setfill('0') << std::setw(format.storage_bits / 4) << bits;
  return text.str();
}

const scalar_definition& checked_definition(std::string_view operation, const rules& rules,
                                            operand_list operands) {
  const scalar_definition* definition = find_definition(operation, rules.arithmetic);
  if (definition == nullptr) {
    throw std::invalid_argument("golden model: operation '" + std::string(operation) +
                                "' is not defined for arithmetic '" + rules.arithmetic + "'");
  }
  const int wanted = operand_count(operation);
  if (operands.size() != static_cast<std::size_t>(wanted)) {
    throw std::invalid_argument("golden model: operation '" + std::string(operation) + "' takes " +
                                std::to_string(wanted) + " operands, not " +
                                std::to_string(operands.size()));
  }
  for (const std::uint32_t bits : operands) {
    if (!rules.format.is_well_formed(bits)) {
      throw std::invalid_argument("golden model: " + hex(bits, rules.format) +
                                  " is no encoding of " + rules.format.name);
    }
  }
  return *definition;
}

std::string special_or(const exact_value& value, bool as_decimal) {
  const std::string sign = value.negative ? "-" : "+";
  switch (value.kind) {
    case value_kind::nan:
      return "NaN";
    case value_kind::infinite:
      return sign + "inf";
    case value_kind::zero:
      return sign + "0";
    case value_kind::finite:
      break;
  }
  return as_decimal ? value.value.to_decimal(kDecimalDigits) : value.value.to_string();
}

std::string kind_in_words(const format_description& format, std::uint32_t bits, bool flushed) {
  if (format.is_nan(bits)) return "NaN";
  if (format.is_infinite(bits)) return "infinity";
  if (format.is_zero(bits)) return "zero";
  if (format.is_subnormal(bits)) return flushed ? "flushed subnormal" : "subnormal";
  return "normal";
}

explained_operand explain_operand(const rules& rules, std::uint32_t bits, bool never_flushed) {
  const subnormal_policy subnormals = never_flushed ? subnormal_policy::gradual : rules.subnormals;
  const exact_value value = decode(rules.format, bits, subnormals);
  explained_operand text;
  text.bits = bits;
  text.kind = kind_in_words(rules.format, bits, value.is_zero());
  text.negative = value.negative;
  text.fraction = value.fraction().to_string();
  if (value.kind == value_kind::finite) text.exponent = value.value.exponent();
  text.value = special_or(value, false);
  text.decimal = special_or(value, true);
  return text;
}

// The slopes are the operations NAME_da and NAME_db, where the arithmetic has them. A product's
// slope with respect to b is that with respect to a with the operands exchanged.
std::vector<explained_slope> explain_slopes(std::string_view operation, const rules& rules,
                                            operand_list operands) {
  std::vector<explained_slope> slopes;
  for (const char* suffix : {"_da", "_db"}) {
    const std::string name = std::string(operation) + suffix;
    const scalar_definition* definition = find_definition(name, rules.arithmetic);
    if (definition == nullptr || operand_count(name) != static_cast<int>(operands.size())) continue;
    const std::uint32_t bits = definition->oracle(rules, operands);
    const exact_value value = decode(rules.format, bits, subnormal_policy::gradual);
    slopes.push_back({name, bits, special_or(value, false)});
  }
  return slopes;
}

void explain_error(explanation& text, const ordinary_result& ordinary,
                   const std::optional<rational>& real, const exact_value& result) {
  // A composition has no real result before its rounding; the error is that of what it returns.
  std::optional<rational> computed = real;
  if (!computed && result.kind == value_kind::finite) computed = result.value;
  if (ordinary.exact) {
    text.ordinary = ordinary.exact->to_string();
    text.ordinary_decimal = ordinary.exact->to_decimal(kDecimalDigits);
    if (!computed || ordinary.exact->is_zero()) return;
    const rational error = *computed / *ordinary.exact - 1;
    text.relative_error = error.to_string();
    text.relative_error_decimal = error.to_decimal(kDecimalDigits);
  } else if (ordinary.approximate) {
    text.ordinary_decimal = ordinary.approximate->str(kDecimalDigits);
    if (!computed || ordinary.approximate->is_zero()) return;
    const high_precision error = computed->to_high_precision() / *ordinary.approximate - 1;
    text.relative_error_decimal = error.str(kDecimalDigits);
  }
}

}  // namespace

std::string in_words(const codec& c, std::uint32_t bits) {
  return hex(bits, c.format()) + " (" + special_or(c.decode(bits), true) + ")";
}

std::vector<std::string_view> operations() {
  std::vector<std::string_view> names;
  for (const operation_definition* d : operation_registry()) names.push_back(d->name);
  return names;
}

std::vector<std::string_view> arithmetics() {
  std::vector<std::string_view> names;
  for (const arithmetic_definition* d : arithmetic_registry()) names.push_back(d->name);
  return names;
}

int operand_count(std::string_view operation) {
  const operation_definition* definition = by_name(operation_registry(), operation);
  return definition == nullptr ? 0 : definition->operands;
}

bool defines(std::string_view operation, std::string_view arithmetic) {
  return find_definition(operation, arithmetic) != nullptr;
}

scalar_oracle find(std::string_view operation, std::string_view arithmetic) {
  const scalar_definition* definition = find_definition(operation, arithmetic);
  return definition == nullptr ? nullptr : definition->oracle;
}

admissible_oracle find_admissible(std::string_view operation, std::string_view arithmetic) {
  const scalar_definition* definition = find_definition(operation, arithmetic);
  return definition == nullptr ? nullptr : definition->admissible;
}

std::uint32_t golden(std::string_view operation, const rules& rules, operand_list operands) {
  return checked_definition(operation, rules, operands).oracle(rules, operands);
}

admissible admissible_results(std::string_view operation, const rules& rules,
                              operand_list operands) {
  const scalar_definition& definition = checked_definition(operation, rules, operands);
  if (definition.admissible != nullptr) return definition.admissible(rules, operands);
  const std::uint32_t only = definition.oracle(rules, operands);
  return {only, only};
}

scalar_oracle find_product_vjp(std::string_view arithmetic, derivative kind, wrt operand) {
  const arithmetic_definition* a = find_arithmetic(arithmetic);
  if (a == nullptr) return nullptr;
  if (kind == derivative::approx) return operand == wrt::a ? a->approx_a : a->approx_b;
  return operand == wrt::a ? a->exact_a : a->exact_b;
}

std::optional<rational> real_result(std::string_view operation, const rules& rules,
                                    operand_list operands) {
  const scalar_definition& definition = checked_definition(operation, rules, operands);
  return definition.real == nullptr ? std::nullopt : definition.real(rules, operands);
}

explanation explain(std::string_view operation, const rules& rules, operand_list operands) {
  const scalar_definition& definition = checked_definition(operation, rules, operands);
  const bool never_flushed = find_arithmetic(rules.arithmetic)->never_flushes;
  const subnormal_policy subnormals = never_flushed ? subnormal_policy::gradual : rules.subnormals;

  explanation text;
  std::vector<exact_value> values;
  for (const std::uint32_t bits : operands) {
    text.operands.push_back(explain_operand(rules, bits, never_flushed));
    values.push_back(decode(rules.format, bits, subnormals));
  }
  const auto real = definition.real == nullptr ? std::nullopt : definition.real(rules, operands);
  if (real) {
    text.definition = real->to_string();
    text.definition_decimal = real->to_decimal(kDecimalDigits);
    if (definition.piece != nullptr) text.piece = definition.piece(rules, operands);
  }
  if (definition.steps != nullptr) text.steps = definition.steps(rules, operands);
  text.slopes = explain_slopes(operation, rules, operands);

  text.result = definition.oracle(rules, operands);
  const exact_value result = decode(rules.format, text.result, subnormal_policy::gradual);
  text.result_value = special_or(result, false);
  text.result_decimal = special_or(result, true);
  const operation_definition* o = by_name(operation_registry(), operation);
  if (o->ordinary != nullptr) explain_error(text, o->ordinary(values), real, result);
  return text;
}

}  // namespace pamkit::reference

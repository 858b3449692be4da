#pragma once

#include <cstdint>
#include <string>

#include "codec.hpp"
#include "definition.hpp"

/// The piecewise affine functions on encodings: decode, the real-number definition or the special
/// case, encode. Each is defined in the file of the arithmetic or operation that it is.
namespace pamkit::reference {

std::uint32_t pam(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f = 0);
std::uint32_t pad(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f = 0);
std::uint32_t paexp2(const codec& c, std::uint32_t x);
std::uint32_t palog2(const codec& c, std::uint32_t x);
std::uint32_t papow(const codec& c, std::uint32_t x, std::uint32_t p);

/// The slope of pam(a, b) with respect to a.
std::uint32_t pam_slope(const codec& c, std::uint32_t a, std::uint32_t b, const rational& f = 0);

/// Words for the piece of pam(a, b), both finite and nonzero.
std::string pam_piece(const exact_value& a, const exact_value& b, const rational& f);

/// rules.compensation as a number, f = compensation / 2^fraction_bits.
rational compensation_fraction(const rules& rules);

/// "0x3f800000 (1)", for the steps of a composition.
std::string in_words(const codec& c, std::uint32_t bits);

/// The oracles of a product that is a pam with compensation Offset(rules): its mul, its slope and
/// its vjps.
template <rational (*Offset)(const rules&)>
struct compensated_pam {
  static std::uint32_t product(const rules& rules, operand_list x) {
    return pam(codec(rules), x[0], x[1], Offset(rules));
  }
  static std::optional<rational> real(const rules& rules, operand_list x) {
    const codec c(rules);
    const exact_value a = c.decode(x[0]);
    const exact_value b = c.decode(x[1]);
    if (a.kind != value_kind::finite || b.kind != value_kind::finite) return std::nullopt;
    return real_pam(a.value, b.value, Offset(rules));
  }
  static std::string piece(const rules& rules, operand_list x) {
    const codec c(rules);
    return pam_piece(c.decode(x[0]), c.decode(x[1]), Offset(rules));
  }
  static std::uint32_t slope(const rules& rules, operand_list x) {
    return pam_slope(codec(rules), x[0], x[1], Offset(rules));
  }

  // approx: the analytic derivatives of a b with their products replaced, compensation included.
  static std::uint32_t approx_a(const rules& rules, operand_list x) {
    return pam(codec(rules), x[0], x[2], Offset(rules));
  }
  static std::uint32_t approx_b(const rules& rules, operand_list x) {
    return pam(codec(rules), x[0], x[1], Offset(rules));
  }
  // exact: the compensation takes part in the slope, never in its application.
  static std::uint32_t exact_a(const rules& rules, operand_list x) {
    const codec c(rules);
    return pam(c, x[0], pam_slope(c, x[1], x[2], Offset(rules)));
  }
  static std::uint32_t exact_b(const rules& rules, operand_list x) {
    const codec c(rules);
    return pam(c, x[0], pam_slope(c, x[2], x[1], Offset(rules)));
  }

  static constexpr scalar_definition definitions[] = {
      {.name = "mul", .oracle = product, .real = real, .piece = piece},
      {.name = "mul_da", .oracle = slope},
  };

  static constexpr arithmetic_definition named(std::string_view name) {
    return {.name = name,
            .definitions = definitions,
            .approx_a = approx_a,
            .approx_b = approx_b,
            .exact_a = exact_a,
            .exact_b = exact_b};
  }
};

}  // namespace pamkit::reference

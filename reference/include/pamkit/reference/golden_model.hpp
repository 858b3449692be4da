#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/format/any_format.hpp"
#include "pamkit/format/policy.hpp"
#include "pamkit/reference/exact_value.hpp"

/// The golden model: what every operation must return, from the real-number definitions alone.
///
/// It decodes the operands to exact rationals, computes, and encodes once. It knows nothing of the
/// integer sums on encodings that the kernels use, and shares no code with them beyond the
/// description of a format, so a mistake there cannot repeat itself here.
///
/// Everything here is safe to call from several threads.
namespace pamkit::reference {

/// Under which rules an operation is computed.
struct rules {
  format_description format;
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  /// mag(RN(alpha)) - ONE of `format`; acts in arithmetic pam's mul, div and slopes, nowhere else.
  std::int32_t compensation = 0;
  /// Name of an arithmetic without ":ALPHA"; `golden` and the tensor operations look it up.
  std::string arithmetic = "pam";
  /// Fraction bits of the format that the operands were widened from, 0 if they were not: l_mul's l
  /// is that format's. Set by the tensor operations.
  int widened_from_bits = 0;
};

/// The names of the operations and arithmetics that have a file here, in alphabetical order.
std::vector<std::string_view> operations();
std::vector<std::string_view> arithmetics();

/// How many operands an operation takes; 0 for a name that is none.
int operand_count(std::string_view operation);

/// Whether the oracle defines this operation for this arithmetic.
bool defines(std::string_view operation, std::string_view arithmetic);

/// A resolved scalar oracle. The operands must be as many as the operation takes and well formed in
/// rules.format (not checked); the name in rules.arithmetic is not looked at.
using scalar_oracle = std::uint32_t (*)(const rules&, std::span<const std::uint32_t>);

/// Looks an oracle up once, to be called per case; nullptr where `defines` is false.
scalar_oracle find(std::string_view operation, std::string_view arithmetic);

/// The result encoding. Throws std::invalid_argument for an operation that is not defined, a wrong
/// number of operands or a malformed operand. For the functions of `exact` that a C library
/// computes, this is the correctly rounded result.
std::uint32_t golden(std::string_view operation, const rules& rules,
                     std::span<const std::uint32_t> operands);

/// The encodings a conforming implementation may return: at most two.
struct admissible {
  std::uint32_t lowest = 0;   ///< of the smaller magnitude
  std::uint32_t highest = 0;  ///< of the larger magnitude
  bool contains(std::uint32_t bits) const { return bits == lowest || bits == highest; }
};

/// How far a binary64 C library function may be from the true y, relative to y: 2^-52. A library
/// that keeps its error within one ulp is within 2^-52 * 2^E for y in [2^E, 2^(E+1)), so within
/// 2^-52 y. Below the normal binary64 range the bound does not hold, but every format's least
/// subnormal is far above it.
inline constexpr int kLibraryErrorExponent = -52;

/// One value everywhere, except for the exp2, log2, exp, log and pow of `exact`, which are computed
/// in binary64 by a C library and rounded once: there y (1 - 2^-52) and y (1 + 2^-52), each rounded
/// once. The two are equal or neighbours, since every format's unit is above 2^-25 y. Throws as
/// `golden`.
admissible admissible_results(std::string_view operation, const rules& rules,
                              std::span<const std::uint32_t> operands);

/// Looks `admissible_results` up once; nullptr where `defines` is false. Same preconditions as
/// find's.
using admissible_oracle = admissible (*)(const rules&, std::span<const std::uint32_t>);

/// nullptr where one value is admissible: compare with find's oracle then.
admissible_oracle find_admissible(std::string_view operation, std::string_view arithmetic);

/// Which derivative a vjp uses: the analytic one with its products replaced, or the slope of the
/// piece.
enum class derivative : std::uint8_t { approx, exact };

/// The operand of a product that a vjp is taken with respect to; b is the weight.
enum class wrt : std::uint8_t { a, b };

/// The vjp of an arithmetic's product for an incoming d: an oracle of three operands {d, a, b}.
/// nullptr where the arithmetic has no such derivative: power_of_two and adder have no exact one.
///
///   pam, l_mul    approx: d . b and d . a with the compensation; exact: the slope, formed with the
///                 compensation, applied to d by a pam without it
///   exact         d b and d a, the same under both names
///   power_of_two  approx: mul(d, b) and mul(d, a)
///   adder         approx: a: RN(d clip(RN(b - a), -1, 1)); b: RN(d RN(a - b)); a NaN is kept
scalar_oracle find_product_vjp(std::string_view arithmetic, derivative kind, wrt operand);

/// The exact result of the definition before its one rounding; nothing at a special case, for a
/// composition of several encodings (exp, log, pow, sqrt of pam), and where the result is not
/// rational. Throws as golden.
std::optional<rational> real_result(std::string_view operation, const rules& rules,
                                    std::span<const std::uint32_t> operands);

/// One operand taken apart, as text where it is exact.
struct explained_operand {
  std::uint32_t bits = 0;
  std::string kind;  ///< "zero", "flushed subnormal", "subnormal", "normal", "infinity" or "NaN"
  bool negative = false;
  std::int64_t exponent = 0;  ///< E of 2^E (1 + F); 0 unless finite and nonzero
  std::string fraction;       ///< F as p/q; "0" unless finite and nonzero
  std::string value;          ///< exact, as p/q, or "+0", "-0", "+inf", "-inf", "NaN"
  std::string decimal;        ///< the same to 17 digits
};

struct explained_slope {
  std::string operation;   ///< "mul_da", ...
  std::uint32_t bits = 0;  ///< its encoding
  std::string value;       ///< exact, as p/q, or the special value
};

/// One case step by step. Texts that do not apply are empty.
struct explanation {
  std::vector<explained_operand> operands;
  std::string definition;  ///< exact real result of the definition, p/q
  std::string definition_decimal;
  std::string ordinary;            ///< ordinary result, p/q, where it is rational
  std::string ordinary_decimal;    ///< ordinary result to 17 digits
  std::string piece;               ///< which piece of the function, and why
  std::vector<std::string> steps;  ///< of a composition, each with its encoding
  std::vector<explained_slope> slopes;
  std::string relative_error;  ///< of the definition, before the encoding: exact, p/q
  std::string
      relative_error_decimal;  ///< of the definition, or of the encoded result of a composition
  std::uint32_t result = 0;
  std::string result_value;
  std::string result_decimal;
};

/// Explains one case. Throws as `golden`.
explanation explain(std::string_view operation, const rules& rules,
                    std::span<const std::uint32_t> operands);

}  // namespace pamkit::reference

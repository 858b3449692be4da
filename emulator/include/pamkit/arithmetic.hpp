#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "pamkit/format/encoding.hpp"
#include "pamkit/format/policy.hpp"

namespace pamkit {

/// An exact fraction, for bounds that are promised as such.
struct fraction {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
};

/// Which derivative a backward pass uses: `approx`, the analytic one with its products replaced, or `exact`,
/// the slope of the affine piece.
enum class derivative : std::uint8_t { approx, exact };

/// What an arithmetic promises of its product (and quotient) under a policy. The property suite reads these
/// fields: a promise that is false fails with a counterexample, one not made is reported "not promised".
struct promises {
  bool commutative = false;              ///< a . b = b . a, all operands
  bool associative = false;              ///< in range
  bool identity = false;                 ///< a . 1 = a, a . -1 = -a
  bool negation = false;                 ///< (-a) . b = -(a . b)
  bool sign_is_xor = false;              ///< of every product, zeros included
  bool zero_annihilates = false;         ///< 0 . finite = signed 0
  bool scales_by_powers_of_two = false;  ///< (2^k a) . b = 2^k (a . b), in range
  bool exact_by_powers_of_two = false;   ///< a . 2^k is the correctly rounded product
  bool exact_only_by_powers_of_two = false;  ///< in range, exact implies that a fraction is 0
  bool strictly_increasing = false;      ///< in abs(a), in range
  bool weakly_increasing = false;        ///< in abs(a), clamping included
  bool cancellative = false;             ///< a . b = c . b implies a = c, in range
  bool adds_encodings = false;           ///< bits - ONE add as integers
  bool ulp_for_ulp = false;              ///< one ulp more in a is one ulp more in a . b, in range
  bool slope_within_octave = false;      ///< between two a of a binade the slope is 2^Eb to 2^(Eb+1)
  bool log_linear = false;               ///< paexp2(palog2 a + palog2 b + f) over the rationals
  bool never_above_product = false;      ///< abs(a . b) <= abs of the IEEE product in every rounding direction
  bool distributivity_bound = false;     ///< a . (b + c) over a . b + a . c is in [8/9, 28/25)
  bool quotient_inverts = false;         ///< (a . b) / b = a, (a / b) . b = a
  bool quotient_identities = false;      ///< a / a = 1, a / 1 = a, a / 2^k exact
  bool quotient_is_group = false;        ///< a / b = a . (1 / b), (a / b) / c = a / (b . c)
  bool exp2_log2_powers = false;         ///< exp2(n) = 2^n, log2(2^k) = RN(k)
  bool exp2_log2_pieces = false;         ///< exp2 shifts by integers, both are P36 to P38's
  bool sqrt_inverts_square = false;      ///< sqrt(a . a) = abs(a) near 1, close to it elsewhere
  bool sqrt_scales = false;              ///< sqrt(4^k a) is close to 2^k sqrt(a)
  bool sqrt_is_composed = false;         ///< exp2(log2(a) . 1/2), each step encoded
  bool zero_padding = false;             ///< padding the summed axis with zeros changes no sum
  bool softmax_rows = false;             ///< row sums, order and maximum of softmax are P47's
  bool layer_norm_rows = false;          ///< scaling and ratio of layer norm are P48's
  bool has_error_bounds = false;         ///< the next two fields hold
  fraction min_relative_error{};         ///< of the product, result normal and finite
  fraction max_relative_error{};
  bool has_quotient_bounds = false;      ///< the next two fields hold
  fraction min_quotient_error{};         ///< of the quotient, result normal and finite
  fraction max_quotient_error{};
};

/// The contract of one file in pamkit/arith/: a struct of static functions on encodings.
///   name         what the command line calls it, and the file's stem
///   reference    where it is published
///   oracle       the golden model it is judged by (its own name unless it claims to equal another)
///   compensation(format, requested)  the compensation that its products use, as an integer in `format`
///   promise(policy)                  what holds
///   mul(policy, a, b)                the product
/// Optional, "not defined" where missing: div, exp2, log2, exp, log, pow, sqrt, the slopes mul_da, div_da,
/// div_db, exp2_da, log2_da, and has_derivative(derivative) with
///   mul_vjp_a(policy, derivative, a, b, d), mul_vjp_b(...)   the product's vjp for an incoming d
/// and host_only(operation): whether an operation has no device form.
template <class A, class F>
concept arithmetic = requires(policy<F> p, encoding<F> a, encoding<F> b) {
  { A::name } -> std::convertible_to<std::string_view>;
  { A::reference } -> std::convertible_to<std::string_view>;
  { A::oracle } -> std::convertible_to<std::string_view>;
  { A::compensation(F{}, std::int32_t{}) } -> std::same_as<std::int32_t>;
  { A::promise(p) } -> std::same_as<promises>;
  { A::mul(p, a, b) } -> std::same_as<encoding<F>>;
};

}  // namespace pamkit

#pragma once

#include <cstdint>
#include <optional>

#include "pamkit/format/any_format.hpp"
#include "pamkit/format/policy.hpp"
#include "pamkit/reference/rational.hpp"

namespace pamkit::reference {

enum class value_kind : std::uint8_t { zero, finite, infinite, nan };

/// What an encoding stands for.
struct exact_value {
  value_kind kind = value_kind::zero;
  bool negative = false;  ///< the sign bit; of a NaN always false
  rational value;         ///< with its sign; 0 unless kind is finite (nonzero)

  bool is_nan() const { return kind == value_kind::nan; }
  bool is_infinite() const { return kind == value_kind::infinite; }
  bool is_zero() const { return kind == value_kind::zero; }
  bool is_finite() const { return kind == value_kind::finite || kind == value_kind::zero; }
  /// F of the real-number definitions; 0 at zero and at infinity, as the slopes want it.
  rational fraction() const;
};

/// The value of an encoding. Under flush a subnormal is a zero of its sign. `bits` must be well
/// formed.
exact_value decode(const format_description& format, std::uint32_t bits,
                   subnormal_policy subnormals);

/// Encodes +-magnitude (magnitude >= 0, else std::invalid_argument) with one rounding to nearest,
/// ties to even. Zero keeps the sign `negative`. flush: rounded as if the exponent were unbounded;
/// below the smallest normal a zero of its sign. gradual: rounded at the coarser of the number's
/// own unit and the least subnormal, 2^(1 - bias - kept bits). Past the largest finite value, after
/// rounding: infinity (NaN in e4m3) or the largest finite value.
std::uint32_t encode(const rational& magnitude, bool negative, const format_description& format,
                     subnormal_policy subnormals, overflow_policy overflow);

/// Encodes a number with its own sign; 0 becomes +0.
std::uint32_t encode(const rational& value, const format_description& format,
                     subnormal_policy subnormals, overflow_policy overflow);

/// The infinity of a special case (a division by zero, log2 of zero, ...): infinity whatever the
/// overflow policy, but in e4m3, which has none, NaN, or under saturate the largest finite value of
/// the sign.
std::uint32_t encode_infinity(bool negative, const format_description& format,
                              overflow_policy overflow);

/// RN(log2 e) and RN(ln 2) in a format (binary32: 0x3fb8aa3b and 0x3f317218).
std::uint32_t log2e(const format_description& format);
std::uint32_t ln2(const format_description& format);

/// The piecewise affine functions over the reals, before any encoding. Nonzero arguments.
/// `f` is the compensation as a number: compensation / 2^fraction_bits. Sources: eq. 5-8, 14-17, 9,
/// 10 and section 2.7 of arXiv 2305.17190.
rational real_pam(const rational& x, const rational& y, const rational& f = 0);
rational real_pad(const rational& x, const rational& y, const rational& f = 0);
/// 2^floor(x) (1 + x - floor(x)); abs(x) must be below 2^32 (std::domain_error).
rational real_paexp2(const rational& x);
/// E + F of x = 2^E (1 + F) > 0 (else std::domain_error).
rational real_palog2(const rational& x);

/// The ordinary functions that the piecewise affine ones stand for. Quotients by zero throw
/// std::domain_error. The others have a relative error below 2^-150.
rational ordinary_product(const rational& x, const rational& y);
rational ordinary_quotient(const rational& x, const rational& y);
high_precision ordinary_exp2(const rational& x);                    ///< abs(x) < 2^32
high_precision ordinary_exp(const rational& x);                     ///< abs(x) < 2^31
high_precision ordinary_log2(const rational& x);                    ///< x > 0
high_precision ordinary_log(const rational& x);                     ///< x > 0
high_precision ordinary_pow(const rational& x, const rational& p);  ///< x > 0
high_precision ordinary_sqrt(const rational& x);                    ///< x >= 0

}  // namespace pamkit::reference

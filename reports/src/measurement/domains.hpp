#pragma once

#include "measurement.hpp"

namespace pamkit::reports {

/// Formats with at most this many fraction bits have few enough fraction pairs (2^20) to take them
/// all.
inline constexpr int kExhaustivePairBits = 10;

/// Unary operations take every encoding of formats with at most this many significant bits in all,
/// binary ones of formats with half as many.
inline constexpr int kExhaustiveEncodingBits = 16;

/// A measurement without bounds.
measurement measurement_of(const measurement_request& request, error_domain domain);

/// Over the pairs of fractions of a product or quotient.
measurement measure_pair_fractions(const measurement_request& request);

/// Over the fractions of an operation of one operand.
measurement measure_unary_fractions(const measurement_request& request);

}  // namespace pamkit::reports

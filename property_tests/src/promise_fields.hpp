#pragma once

#include <string_view>

#include "pamkit/arithmetic.hpp"

namespace pamkit::properties {

/// A promise that holds or does not, by its name.
struct promise_field {
  std::string_view name;
  bool promises::*field;
};

inline constexpr promise_field kPromises[] = {
    {"commutative", &promises::commutative},
    {"associative", &promises::associative},
    {"identity", &promises::identity},
    {"negation", &promises::negation},
    {"sign_is_xor", &promises::sign_is_xor},
    {"zero_annihilates", &promises::zero_annihilates},
    {"scales_by_powers_of_two", &promises::scales_by_powers_of_two},
    {"exact_by_powers_of_two", &promises::exact_by_powers_of_two},
    {"exact_only_by_powers_of_two", &promises::exact_only_by_powers_of_two},
    {"strictly_increasing", &promises::strictly_increasing},
    {"weakly_increasing", &promises::weakly_increasing},
    {"cancellative", &promises::cancellative},
    {"adds_encodings", &promises::adds_encodings},
    {"ulp_for_ulp", &promises::ulp_for_ulp},
    {"slope_within_octave", &promises::slope_within_octave},
    {"log_linear", &promises::log_linear},
    {"never_above_product", &promises::never_above_product},
    {"distributivity_bound", &promises::distributivity_bound},
    {"quotient_inverts", &promises::quotient_inverts},
    {"quotient_identities", &promises::quotient_identities},
    {"quotient_is_group", &promises::quotient_is_group},
    {"exp2_log2_powers", &promises::exp2_log2_powers},
    {"exp2_log2_pieces", &promises::exp2_log2_pieces},
    {"sqrt_inverts_square", &promises::sqrt_inverts_square},
    {"sqrt_scales", &promises::sqrt_scales},
    {"sqrt_is_composed", &promises::sqrt_is_composed},
    {"zero_padding", &promises::zero_padding},
    {"softmax_rows", &promises::softmax_rows},
    {"layer_norm_rows", &promises::layer_norm_rows},
    {"has_error_bounds", &promises::has_error_bounds},
    {"has_quotient_bounds", &promises::has_quotient_bounds},
};

}  // namespace pamkit::properties

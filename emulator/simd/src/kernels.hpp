#pragma once

#include <string_view>

#include "pamkit/backend.hpp"

/// What the vector translation units provide, for the instruction set chosen at the time of the
/// call. A function that gives nullptr leaves the scalar definition in charge.

namespace pamkit::simd {

/// pam and l_mul, which differ in the compensation that comes with the rules (0 to MIN).
contraction_function pam_contraction(contraction_kind kind, derivative gradient);
/// Their exact derivatives: vjp_a or vjp_b.
contraction_function pam_slope_contraction(contraction_kind kind);
elementwise_function pam_elementwise(std::string_view operation);
elementwise_function l_mul_elementwise(std::string_view operation);

contraction_function power_of_two_contraction(contraction_kind kind, derivative gradient);
elementwise_function power_of_two_elementwise(std::string_view operation);

contraction_function exact_contraction(contraction_kind kind, derivative gradient);
elementwise_function exact_elementwise(std::string_view operation);

contraction_function adder_contraction(contraction_kind kind, derivative gradient);
elementwise_function adder_elementwise(std::string_view operation);

}  // namespace pamkit::simd

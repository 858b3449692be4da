#pragma once

#include <string_view>

#include "arrangement.hpp"
#include "pamkit/backend.hpp"

/// What the vector translation units provide, for the instruction set chosen at the time of the
/// call. A function that gives nullptr leaves the scalar definition in charge.

namespace pamkit::simd {

/// conv2d and conv2d_vjp of every arithmetic that has vector kernels.
layer_function convolution_layer(std::string_view operation, std::string_view arithmetic);
/// linear and attention, likewise.
layer_function composed_layer(std::string_view operation, std::string_view arithmetic);

/// pam and l_mul, which differ in the compensation that comes with the rules (0 to MIN).
contraction_function pam_contraction(contraction_kind kind, derivative gradient);
/// Their exact derivatives: vjp_a or vjp_b.
contraction_function pam_slope_contraction(contraction_kind kind);
/// One arrangement of terms of this kind (and gradient, of a vjp); not for the scalar target.
void pam_arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                  const arrangement& a);
void pam_slope_arranged(const policy<binary32>& rules, const arrangement& a);
elementwise_function pam_elementwise(std::string_view operation);
/// Layers "NAME" and "NAME_vjp" of pam.
layer_function pam_layer(std::string_view operation);
/// "sum" and "sum_vjp", which are the same of every arithmetic.
layer_function sum_layer(std::string_view operation);
elementwise_function l_mul_elementwise(std::string_view operation);

contraction_function power_of_two_contraction(contraction_kind kind, derivative gradient);
void power_of_two_arranged(contraction_kind kind, derivative gradient,
                           const policy<binary32>& rules, const arrangement& a);
elementwise_function power_of_two_elementwise(std::string_view operation);

contraction_function exact_contraction(contraction_kind kind, derivative gradient);
void exact_arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                    const arrangement& a);
elementwise_function exact_elementwise(std::string_view operation);

contraction_function adder_contraction(contraction_kind kind, derivative gradient);
void adder_arranged(contraction_kind kind, derivative gradient, const policy<binary32>& rules,
                    const arrangement& a);
elementwise_function adder_elementwise(std::string_view operation);

}  // namespace pamkit::simd

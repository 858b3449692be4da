#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/properties/property.hpp"

namespace pamkit::properties {

/// P44 as a statement; its operation is filled in by each row.
const property_text& golden_contraction_text();

/// A tensor operation that a backend's contractions compute.
struct tensor_operation {
  std::string_view name;  ///< "matmul", ..., "linear_vjp"
  bool is_vjp = false;
  bool has_batch = false;  ///< takes batches of matrices
  bool is_linear = false;  ///< its right operand is a weight [N, K]
};

/// All of them, forward ones first.
std::span<const tensor_operation> tensor_operations();
const tensor_operation* find_tensor_operation(std::string_view name);

/// Whether the reference has the products, or the derivatives, that an operation sums.
bool has_golden_results(const tensor_operation& operation, derivative gradient,
                        std::string_view oracle);

/// The encoded results of one operation: the product, or the derivatives with respect to a and b,
/// in this order. All results are in the format of the operands (binary32 sums for the formats that
/// are stored in 32 bits), so that a case is judged after its one final rounding.
std::vector<column> golden_results(const tensor_operation& operation, derivative gradient,
                                   const arithmetic_choice& arithmetic, const any_format& format,
                                   subnormal_policy subnormals, overflow_policy overflow,
                                   const contraction_case& c);

/// The same from a backend.
std::vector<column> backend_results(const tensor_operation& operation, derivative gradient,
                                    const subject& s, const contraction_case& c,
                                    memory_layout layout);

/// The first difference between the two, over those of `layouts` that are possible; nothing when they agree.
std::optional<contraction_mismatch> compare_contraction(const tensor_operation& operation,
                                                        derivative gradient, const subject& s,
                                                        const contraction_case& c,
                                                        const std::vector<column>& expected,
                                                        std::span<const memory_layout> layouts = all_layouts);

/// The cases of an operation at a level: shapes with odd and long sides, single terms, empty axes.
std::vector<contraction_plan> contraction_plans(const tensor_operation& operation, bool quick);

/// The classes that the plans of matmul have to reach in a format.
std::vector<case_class> required_contraction_classes(const format_description& format);

}  // namespace pamkit::properties

#pragma once

#include "pamkit/backend.hpp"

namespace pamkit::detail {

/// The scalar functions of one arithmetic, instantiated in a translation unit of its own.
struct scalar_table {
  arithmetic_info info;
  elementwise_function (*elementwise)(std::string_view operation);
  contraction_function (*contraction)(contraction_kind, derivative);
};

/// Specialised once per arithmetic by a generated file.
template <class A>
const scalar_table& scalar_table_of();

/// The layers of one arithmetic, "softmax" or "softmax_vjp"; specialised like the table above.
template <class A>
layer_function scalar_layer_of(std::string_view operation);

}  // namespace pamkit::detail

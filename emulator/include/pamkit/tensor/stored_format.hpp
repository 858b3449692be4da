#pragma once

#include <type_traits>
#include <variant>

#include "pamkit/format/any_format.hpp"
#include "pamkit/tensor/element.hpp"

namespace pamkit {

/// How memory holds elements of F; those of binary32m lie there as binary32.
template <class F>
constexpr element_format stored_format() {
  if constexpr (std::is_same_v<F, bfloat16>) return element_format::bfloat16;
  if constexpr (std::is_same_v<F, binary16>) return element_format::binary16;
  if constexpr (std::is_same_v<F, e5m2>) return element_format::e5m2;
  if constexpr (std::is_same_v<F, e4m3>) return element_format::e4m3;
  return element_format::binary32;
}

/// The same of a format chosen at run time.
inline element_format stored_format(const any_format& format) {
  return std::visit([]<class F>(const F&) { return stored_format<F>(); }, format);
}

}  // namespace pamkit

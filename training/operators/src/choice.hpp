#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

#include "pamkit/backend.hpp"

namespace pamkit::operators {

/// Arithmetic and derivative as an operator's arguments name them.
struct choice {
  arithmetic_choice arithmetic;
  derivative gradient;
  std::optional<binary32m> cut;  ///< what operands of products are cut to, of "pam/binary32m4"
};

/// Throws c10::Error naming `op` and the value where `arithmetic` or `derivative` is no such name.
choice parse_choice(const char* op, std::string_view arithmetic, std::string_view derivative);

/// Throws c10::Error naming `op` where the arithmetic has no derivative of the chosen kind.
void check_derivative(const char* op, const choice& chosen);

/// The format of a tensor's elements. Throws c10::Error naming `op` for a type that is none.
any_format format_of(const char* op, at::ScalarType type);

/// The default rules for tensors of a type.
configuration configuration_of(const char* op, const choice& chosen, at::ScalarType type);

}  // namespace pamkit::operators

#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/reference/tensor.hpp"

/// The golden model of reductions, layers, loss and optimiser (docs/specification.md, section 13).
///
/// A layer is written as its forward sequence of steps on a tape; each step is a scalar oracle or
/// an IEEE sum in the declared order. Derivatives follow from the tape alone: the vjp of each step,
/// from last to first, the contributions to one value added in reverse order of its uses
/// (section 9.4).
namespace pamkit::reference {

/// Scalars from the host, in binary64.
using layer_attributes = std::map<std::string, double, std::less<>>;

/// The names of the layers that have a file here, and NAME_vjp of those that have a derivative.
std::vector<std::string> layer_names();

/// Whether the oracle defines a layer (or NAME_vjp) for this arithmetic.
bool defines_layer(std::string_view name, std::string_view arithmetic);

/// The results of a layer; for NAME_vjp the operands are followed by a derivative for each result,
/// and there is a result for each differentiable operand. Operands are encodings of rules.format,
/// masks and classes integers. Everything is computed in binary32 on exactly widened operands, and
/// encoded once at the end. For `exact`, exp2 and log2 are correctly rounded, where a C library's
/// need not be. Throws std::invalid_argument for a name that is not defined and for shapes that do
/// not fit.
std::vector<dense> compute_layer(std::string_view name, const rules& rules, derivative kind,
                         std::span<const dense> operands, const layer_attributes& attributes);

}  // namespace pamkit::reference

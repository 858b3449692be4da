/// mul: the product of two operands. Every arithmetic defines its own, in its own file.
#include "definition.hpp"

namespace pamkit::reference::operation {
namespace {

ordinary_result ordinary(std::span<const exact_value> x) {
  if (!x[0].is_finite() || !x[1].is_finite()) return {};
  return {.exact = ordinary_product(x[0].value, x[1].value), .approximate = {}};
}

}  // namespace

extern constinit const operation_definition mul{
    .name = "mul", .operands = 2, .ordinary = ordinary, .definitions = {}};

}  // namespace pamkit::reference::operation

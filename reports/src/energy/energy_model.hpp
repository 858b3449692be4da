#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "energy/constants.hpp"
#include "pamkit/format/any_format.hpp"

/// A model of the energy that one term of a sum of products takes: the "product" of an arithmetic,
/// and a binary32 addition to the accumulator, as every sum of this project has it. It adds
/// published energies of single operations.

namespace pamkit::reports {

/// What one product of an arithmetic costs.
struct product_cost {
  std::string_view arithmetic;  ///< without a parameter
  int integer_adds = 0;         ///< of the encodings' width
  int exponent_adds = 0;        ///< of 8 bits
  int float_adds = 0;
  int float_multiplies = 0;
  std::string_view why;
};

/// nullptr for an arithmetic that the model does not know.
const product_cost* find_product_cost(std::string_view arithmetic);

/// Energy of an integer addition of `bits`: as published for 8 and 32, linear in the width between.
double integer_add(const energy_constants& node, int bits);

struct energy_row {
  std::string node;
  std::string format;
  std::string arithmetic;
  double product = 0;       ///< picojoules
  double accumulation = 0;  ///< picojoules
  bool interpolated = false;
  double total() const { return product + accumulation; }
};

/// Nothing where the source has no constant for an operation of that format.
std::optional<energy_row> energy_of_term(const energy_constants& node,
                                         const format_description& format,
                                         std::string_view arithmetic);

/// What the model leaves out, one sentence each.
std::vector<std::string_view> energy_exclusions();

}  // namespace pamkit::reports

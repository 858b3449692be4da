#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "definition.hpp"
#include "pamkit/reference/tensor.hpp"

/// Operands of any format as binary32, and back: what all tensor operations begin and end with.

namespace pamkit::reference {

/// IEEE binary32: the rules of sums.
const rules& ieee_binary32();

/// The rules of the products: binary32, with the operand format's compensation scaled to it.
rules product_rules(const rules& given);

std::string in_words(const std::vector<std::int64_t>& shape);
std::int64_t element_count(const std::vector<std::int64_t>& shape);

/// std::invalid_argument with the operation's name where it does not hold.
void require(bool holds, const char* operation, const std::string& what);
void require_fits(const char* operation, const char* name, const dense& x,
                  const std::vector<std::int64_t>& wanted);

/// Checks a tensor of encodings and widens them.
std::vector<std::uint32_t> widened(const char* operation, const char* name, const rules& rules,
                                   const dense& x);

/// Binary32 results encoded to the output format.
dense encoded(const rules& rules, std::vector<std::int64_t> shape, std::vector<std::uint32_t> sums);

}  // namespace pamkit::reference

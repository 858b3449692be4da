#include "energy/energy_model.hpp"

#include <algorithm>

namespace pamkit::reports {
namespace {

constexpr std::array kCosts = {
    product_cost{.arithmetic = "exact", .float_multiplies = 1, .why = "one multiplication"},
    product_cost{
        .arithmetic = "pam",
        .integer_adds = 2,
        .why = "the encodings are added, and the encoding of 1 less the compensation is taken off"},
    product_cost{
        .arithmetic = "l_mul",
        .integer_adds = 2,
        .why = "the encodings are added, and the encoding of 1 less its fixed offset is taken off"},
    product_cost{.arithmetic = "adder", .float_adds = 1, .why = "one subtraction; the sign is set"},
    product_cost{
        .arithmetic = "power_of_two",
        .exponent_adds = 1,
        .why = "the exponent of a weight that is a power of two already is added to the exponent"},
};

// 0 where the source has no constant.
double float_add(const energy_constants& node, std::string_view format) {
  if (format == "binary32") return node.float_add_binary32;
  if (format == "bfloat16") return node.float_add_bfloat16;
  return format == "binary16" ? node.float_add_binary16 : 0;
}

double float_multiply(const energy_constants& node, std::string_view format) {
  if (format == "binary32") return node.float_multiply_binary32;
  if (format == "bfloat16") return node.float_multiply_bfloat16;
  return format == "binary16" ? node.float_multiply_binary16 : 0;
}

constexpr int kNarrow = 8;
constexpr int kWide = 32;

}  // namespace

const product_cost* find_product_cost(std::string_view arithmetic) {
  const auto it = std::ranges::find(kCosts, arithmetic.substr(0, arithmetic.find(':')),
                                    &product_cost::arithmetic);
  return it == kCosts.end() ? nullptr : &*it;
}

double integer_add(const energy_constants& node, int bits) {
  const double share = static_cast<double>(bits - kNarrow) / (kWide - kNarrow);
  return node.integer_add_8 + share * (node.integer_add_32 - node.integer_add_8);
}

std::optional<energy_row> energy_of_term(const energy_constants& node,
                                         const format_description& format,
                                         std::string_view arithmetic) {
  const product_cost* cost = find_product_cost(arithmetic);
  if (cost == nullptr || node.float_add_binary32 == 0) return std::nullopt;
  if (cost->float_adds > 0 && float_add(node, format.name) == 0) return std::nullopt;
  if (cost->float_multiplies > 0 && float_multiply(node, format.name) == 0) return std::nullopt;
  const int width = format.storage_bits;
  return energy_row{.node = std::string(node.node),
                    .format = format.name,
                    .arithmetic = std::string(arithmetic),
                    .product = cost->integer_adds * integer_add(node, width) +
                               cost->exponent_adds * node.integer_add_8 +
                               cost->float_adds * float_add(node, format.name) +
                               cost->float_multiplies * float_multiply(node, format.name),
                    .accumulation = node.float_add_binary32,
                    .interpolated = cost->integer_adds > 0 && width != kNarrow && width != kWide};
}

std::vector<std::string_view> energy_exclusions() {
  return {
      "reading operands and writing results: registers, caches, memory and the wires between them, "
      "which outweigh "
      "arithmetic in most machines",
      "fetching and decoding instructions, clocks and leakage",
      "the tests of an approximate product for zero, infinity, NaN and the ends of the range, and "
      "the sign's "
      "exclusive or",
      "widening narrow operands to binary32, and what a product wider than its operands costs",
      "rounding a weight to a power of two, which is done once for a weight and not once for a "
      "term",
      "gains of a multiply-add unit that shares its normalisation and rounding",
      "everything that training adds: whether a network of another arithmetic needs as many terms "
      "is not said here"};
}

}  // namespace pamkit::reports

#include "operand_data.hpp"

#include <array>
#include <bit>
#include <random>
#include <stdexcept>
#include <string>

namespace pamkit::benchmarks {
namespace {

// Signs are random everywhere, so that sums stay near zero as those of layers do; but for the class
// that is there for them, sums stay far above the subnormal range.
constexpr std::array kClasses = {
    // Magnitudes from 2^-4 to 2^4.
    operand_class{.name = "plain", .least = 0x3d800000, .greatest = 0x41800000},
    // Half of the left operand is zero, as after a ReLU.
    operand_class{.name = "zeros", .least = 0x3d800000, .greatest = 0x41800000, .zeros = 50},
    operand_class{.name = "underflow", .least = 0x3d800000, .greatest = 0x41800000, .tiny = 100},
    operand_class{.name = "overflow", .least = 0x3d800000, .greatest = 0x41800000, .huge = 10},
    operand_class{.name = "full",
                  .least = 0x3d800000,
                  .greatest = 0x41800000,
                  .zeros = 5,
                  .tiny = 50,
                  .huge = 5,
                  .special = 5},
    // Magnitudes from 2^-63 to 2^-63 (1 + 2^-7), so that products lie between 2^-126 and 2^-126 (1
    // +
    // 2^-6), and signs in turns: after every second term the sum is one of differences below
    // 2^-132,
    // and stays subnormal for thousands of terms.
    operand_class{
        .name = "subnormal sums", .least = 0x20000000, .greatest = 0x2000ffff, .alternates = true}};

}  // namespace

const operand_class& find_operand_class(std::string_view name) {
  for (const operand_class& c : kClasses) {
    if (c.name == name) return c;
  }
  throw std::logic_error("no class of operands " + std::string(name));
}

void fill(std::span<float> values, const operand_class& c, std::uint32_t seed, bool is_left) {
  std::mt19937 engine(seed);
  const auto random = [&engine] { return static_cast<std::uint32_t>(engine()); };
  const auto draw = [&random](std::int32_t least, std::int32_t greatest) {
    const auto span = static_cast<std::uint32_t>(greatest - least) + 1U;
    return static_cast<std::uint32_t>(least) + random() % span;
  };
  bool is_odd = false;
  for (float& value : values) {
    std::uint32_t sign = random() & 0x80000000U;
    if (c.alternates) sign = is_left && is_odd ? 0x80000000U : 0;
    is_odd = !is_odd;
    std::uint32_t magnitude = draw(c.least, c.greatest);
    const auto choice = static_cast<int>(random() % 1000);
    if (choice < c.tiny) {
      magnitude = draw(0x0d000000, 0x0dffffff);
    } else if (choice < c.tiny + c.huge) {
      magnitude = draw(0x71000000, 0x71ffffff);
    } else if (choice < c.tiny + c.huge + c.special) {
      const std::uint32_t kind = random() % 3;
      magnitude = kind == 0 ? draw(1, 0x007fffff) : kind == 1 ? 0x7f800000U : 0x7fc00001U;
    }
    if (is_left && static_cast<int>(random() % 100) < c.zeros) magnitude = 0;
    value = std::bit_cast<float>(sign | magnitude);
  }
}

}  // namespace pamkit::benchmarks

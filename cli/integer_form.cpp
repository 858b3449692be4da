#include "integer_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "pamkit/profiles.hpp"
#include "pamkit/reference/exact_value.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

// Writes the steps; the result itself comes from the golden model, beside them.
class narrator {
 public:
  narrator(std::string_view operation, const configuration& rules)
      : operation_(operation), rules_(rules), format_(describe(rules.format)) {}

  std::vector<std::string> tell(std::span<const std::uint32_t> operands) {
    if (std::ranges::any_of(operands, [&](std::uint32_t x) { return is_special(x); })) {
      return {
          "an operand is zero, infinite or NaN: the table of special operands decides, no sum is "
          "formed"};
    }
    if (operation_ == "mul" || operation_ == "div") {
      product(operands[0], operands[1]);
    } else if (operation_ == "exp2") {
      exponential(operands[0]);
    } else {
      logarithm(operands[0]);
    }
    return steps_;
  }

 private:
  bool is_special(std::uint32_t x) const {
    const bool zero = format_.is_zero(x) ||
                      (format_.is_subnormal(x) && rules_.subnormals == subnormal_policy::flush);
    return zero || !format_.is_finite(x);
  }

  template <class... Args>
  void step(fmt::format_string<Args...> format, Args&&... args) {
    steps_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  std::string integer(std::int64_t x) const {
    return fmt::format("{}0x{:0{}X}", x < 0 ? "-" : "", x < 0 ? -x : x, digits_of(format_));
  }

  // mag(x), a subnormal's with its leading bit moved to the implicit one: then it is zero or
  // negative.
  std::int64_t magnitude(std::string_view name, std::uint32_t x) {
    const auto mag = static_cast<std::int64_t>(x & format_.magnitude_mask);
    if (!format_.is_subnormal(x)) {
      step("mag({}) = {}", name, integer(mag));
      return mag;
    }
    const int shift = format_.fraction_bits + 1 -
                      static_cast<int>(std::bit_width(static_cast<std::uint32_t>(mag)));
    const auto min = static_cast<std::int64_t>(format_.min_normal);
    const std::int64_t fraction = (mag << shift) - min;
    const std::int64_t normalised = (1 - shift) * min + fraction;
    step("mag({}) = {}, subnormal: normalised to (1 - {}) MIN + {} = {}", name, integer(mag), shift,
         integer(fraction), integer(normalised));
    return normalised;
  }

  void product(std::uint32_t a, std::uint32_t b) {
    const std::int64_t ma = magnitude("a", a);
    const std::int64_t mb = magnitude("b", b);
    const auto one = static_cast<std::int64_t>(format_.one);
    const std::int64_t f = rules_.compensation;
    const bool multiplies = operation_ == "mul";
    const std::int64_t r = multiplies ? ma + mb - one + f : ma - mb + one - f;
    const std::string compensation =
        f == 0 ? "" : fmt::format(" {} compensation {}", multiplies ? "+" : "-", integer(f));
    step("r = mag(a) {} mag(b) {} ONE {}{} = {}", multiplies ? "+" : "-", multiplies ? "-" : "+",
         integer(one), compensation, integer(r));
    range(r);
    step("sign: {} xor {}", format_.sign(a) ? 1 : 0, format_.sign(b) ? 1 : 0);
  }

  void exponential(std::uint32_t x) {
    const reference::rational value = reference::decode(format_, x, rules_.subnormals).value;
    if (!(reference::abs(value) < reference::rational(std::int64_t{1} << 30))) {
      step("x is far outside of the exponent range: {}",
           format_.sign(x) ? "the result is below MIN" : "the result is past MAX");
      return;
    }
    const auto rounded = value.nearest_multiple(-format_.kept_bits).convert_to<std::int64_t>();
    const std::int64_t scaled = rounded * (std::int64_t{1} << format_.dropped_bits);
    step("RN(x 2^{}) = {}{}", format_.fraction_bits, integer(scaled),
         format_.dropped_bits == 0 ? "" : fmt::format(", to {} fraction bits", format_.kept_bits));
    const std::int64_t r = scaled + static_cast<std::int64_t>(format_.one);
    step("r = {} + ONE {} = {}", integer(scaled), integer(format_.one), integer(r));
    range(r);
  }

  void logarithm(std::uint32_t x) {
    if (format_.sign(x)) {
      step("x is negative: NaN");
      return;
    }
    const std::int64_t r = magnitude("x", x) - static_cast<std::int64_t>(format_.one);
    step("mag(x) - ONE = {} = {}", integer(r), r);
    step("converted to floating point, RN, and scaled by 2^-{}", format_.fraction_bits);
  }

  void range(std::int64_t r) {
    const auto min = static_cast<std::int64_t>(format_.min_normal);
    const auto max = static_cast<std::int64_t>(format_.max_finite);
    if (r > max) {
      step("r > MAX = {}: {}", integer(max),
           rules_.overflow == overflow_policy::saturate ? "MAX"
           : format_.has_infinity                       ? "infinity"
                                                        : "NaN, the format has no infinity");
    } else if (r >= min) {
      step("MIN = {} <= r <= MAX = {}: r is the magnitude of the result", integer(min),
           integer(max));
    } else if (rules_.subnormals == subnormal_policy::flush) {
      step("r < MIN = {}: zero", integer(min));
    } else {
      step("r < MIN = {}: its significand is shifted right, RN", integer(min));
    }
  }

  std::string_view operation_;
  const configuration& rules_;
  format_description format_;
  std::vector<std::string> steps_;
};

}  // namespace

std::vector<std::string> integer_form(std::string_view operation, const configuration& rules,
                                      std::span<const std::uint32_t> operands) {
  const std::string_view oracle = find_configured(rules.arithmetic)->oracle;
  if (oracle != "pam" && oracle != "l_mul") return {};
  if (operation != "mul" && operation != "div" && operation != "exp2" && operation != "log2")
    return {};
  return narrator(operation, rules).tell(operands);
}

}  // namespace pamkit::cli

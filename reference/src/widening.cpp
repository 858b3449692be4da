#include "widening.hpp"

#include <functional>
#include <numeric>
#include <stdexcept>

#include "ieee.hpp"

namespace pamkit::reference {
namespace {

bool is_stored_in_32_bits(const format_description& format) { return format.storage_bits == 32; }

}  // namespace

const rules& ieee_binary32() {
  static const rules r{.format = describe(binary32{}),
                       .subnormals = subnormal_policy::gradual,
                       .overflow = overflow_policy::infinity,
                       .compensation = 0,
                       .arithmetic = "exact",
                       .widened_from_bits = 0};
  return r;
}

rules product_rules(const rules& given) {
  const bool is_widened_already = given.widened_from_bits != 0;
  if (is_widened_already) return given;
  const int widening = describe(binary32{}).fraction_bits - given.format.fraction_bits;
  return {.format = describe(binary32{}),
          .subnormals = given.subnormals,
          .overflow = given.overflow,
          .compensation = given.compensation * (1 << widening),
          .arithmetic = given.arithmetic,
          .widened_from_bits = given.format.kept_bits};
}

std::string in_words(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

void require(bool holds, const char* operation, const std::string& what) {
  if (!holds) throw std::invalid_argument(std::string(operation) + ": " + what);
}

void require_fits(const char* operation, const char* name, const dense& x,
                  const std::vector<std::int64_t>& wanted) {
  require(x.shape == wanted, operation,
          std::string(name) + " has shape " + in_words(x.shape) + ", " + in_words(wanted) +
              " would fit");
}

std::vector<std::uint32_t> widened(const char* operation, const char* name, const rules& rules,
                                   const dense& x) {
  require(static_cast<std::int64_t>(x.encodings.size()) == element_count(x.shape), operation,
          std::string(name) + " has shape " + in_words(x.shape) + " but " +
              std::to_string(x.encodings.size()) + " elements");
  std::vector<std::uint32_t> bits;
  bits.reserve(x.encodings.size());
  for (const std::uint32_t element : x.encodings) {
    require(rules.format.is_well_formed(element), operation,
            std::string(name) + " holds an element that is no encoding of " + rules.format.name);
    bits.push_back(widen(rules.format, element));
  }
  return bits;
}

dense encoded(const rules& rules, std::vector<std::int64_t> shape,
              std::vector<std::uint32_t> sums) {
  if (!is_stored_in_32_bits(rules.format)) {
    // The encoding is the operation's, not the product's: the policies act on it whatever the
    // arithmetic.
    const codec to(rules);
    const codec from(ieee_binary32());
    for (std::uint32_t& bits : sums) {
      const exact_value sum = from.decode(bits);
      if (sum.is_nan()) {
        bits = to.nan();
      } else if (sum.is_infinite()) {
        bits = to.infinity(sum.negative);
      } else {
        bits = to.encode(sum.value, sum.negative);
      }
    }
  }
  return {std::move(shape), std::move(sums)};
}

namespace {
thread_local planted_addition::function planted = nullptr;
}  // namespace

planted_addition::planted_addition(function add) : before_(planted) { planted = add; }
planted_addition::~planted_addition() { planted = before_; }

std::uint32_t add_binary32(std::uint32_t x, std::uint32_t y) {
  if (planted != nullptr) return planted(x, y);
  return ieee_add(codec(ieee_binary32()), x, y);
}

std::uint32_t widen(const format_description& format, std::uint32_t bits) {
  const codec to(ieee_binary32());
  const exact_value value = decode(format, bits, subnormal_policy::gradual);
  if (value.is_nan()) return to.nan();
  if (value.is_infinite()) return to.infinity(value.negative);
  return to.encode(value.value, value.negative);
}

}  // namespace pamkit::reference

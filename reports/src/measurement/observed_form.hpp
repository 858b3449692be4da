#pragma once

#include <cstdint>
#include <vector>

#include "measurement/evaluator.hpp"

namespace pamkit::reports {

/// How products (quotients) of operands in [1, 2) were seen to depend on them, over all that were
/// evaluated.
class observed_form {
 public:
  explicit observed_form(const evaluator& evaluate)
      : evaluate_(evaluate), exponents_(std::size_t{1} << evaluate.format.kept_bits, kUnseen) {}

  void look_at(std::uint32_t a, std::uint32_t b, std::uint32_t r) {
    const format_description& f = evaluate_.format;
    const std::int64_t shift = std::int64_t{r} - a;
    const std::int64_t sum = std::int64_t{b} - f.one;
    const std::int64_t c = evaluate_.rules.compensation;
    encodings_add_ =
        encodings_add_ && shift == (evaluate_.operation.name == "mul" ? sum + c : -sum - c);
    if (!scales_by_b_) return;
    const std::int64_t exponent = shift / f.min_normal;
    std::int8_t& seen = exponents_[static_cast<std::size_t>(sum) >> f.dropped_bits];
    if (seen == kUnseen) seen = static_cast<std::int8_t>(exponent);
    scales_by_b_ = shift % f.min_normal == 0 && seen == exponent;
  }
  /// mag(r) - mag(a) is mag(b) - ONE + c (of a quotient ONE - mag(b) - c).
  bool encodings_add() const { return encodings_add_; }
  /// The result is a times a power of two that b alone decides.
  bool scales_by_b() const { return scales_by_b_; }

 private:
  static constexpr std::int8_t kUnseen = -128;  // results of operands in [1, 2) are within [1/4, 8)

  const evaluator& evaluate_;
  bool encodings_add_ = true;
  bool scales_by_b_ = true;
  std::vector<std::int8_t> exponents_;  // by the fraction of b
};

}  // namespace pamkit::reports

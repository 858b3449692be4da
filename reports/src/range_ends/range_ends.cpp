#include "range_ends/range_ends.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "measurement/evaluator.hpp"
#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {
namespace {

constexpr int kInside = 3;  // binades shown inside an end of the range

class range_profile {
 public:
  explicit range_profile(const measurement_request& request)
      : request_(request),
        evaluate_(request),
        least_exponent_(1 - evaluate_.format.bias),
        greatest_exponent_(
            static_cast<int>(evaluate_.format.max_finite >> evaluate_.format.fraction_bits) -
            evaluate_.format.bias) {}

  exponent_profile run() {
    profile_ = {.operation = std::string(request_.operation->name),
                .format = evaluate_.format.name,
                .arithmetic = request_.arithmetic.label,
                .policy = std::string(name_of(request_.policy)),
                .absolute = evaluate_.operation.absolute};
    // Below the range as far as gradual results reach, and one further.
    const int below = evaluate_.format.kept_bits + 2;
    const bool by_value = evaluate_.operation.name == "exp2" || evaluate_.operation.name == "exp";
    if (evaluate_.operation.arity == 2 || by_value) {
      for (int e = least_exponent_ - below; e < least_exponent_ + kInside; ++e) add(e);
      for (int e = greatest_exponent_ - kInside + 1; e <= greatest_exponent_ + 2; ++e) add(e);
    } else {
      // Operands themselves end there: subnormal ones too.
      for (int e = least_exponent_ - evaluate_.format.kept_bits; e < least_exponent_ + kInside; ++e) {
        add(e);
      }
      for (int e = greatest_exponent_ - kInside + 1; e <= greatest_exponent_; ++e) add(e);
    }
    return std::move(profile_);
  }

 private:
  // 2^e (1 + f / 2^bits), rounded to the format.
  std::uint32_t encoded(double value) const {
    return reference::encode(reference::rational::from_double(value), evaluate_.format,
                             subnormal_policy::gradual, overflow_policy::infinity);
  }

  void fill(int exponent) {
    a_.clear();
    b_.clear();
    const int bits = std::min(evaluate_.format.kept_bits, evaluate_.operation.arity == 2 ? 5 : 10);
    const int n = 1 << bits;
    const auto significand = [&](int i) { return 1 + std::ldexp(i, -bits); };
    for (int i = 0; i < n; ++i) {
      if (evaluate_.operation.arity == 1) {
        const std::string_view name = evaluate_.operation.name;
        const double x = name == "exp2"  ? exponent + significand(i) - 1
                         : name == "exp" ? (exponent + significand(i) - 1) * std::log(2.0)
                                         : std::ldexp(significand(i), exponent);
        a_.push_back(encoded(x));
        continue;
      }
      const bool product = evaluate_.operation.name == "mul";
      const int first = exponent / 2;
      const int second = product ? exponent - first : first - exponent;
      for (int j = 0; j < n; ++j) {
        a_.push_back(encoded(std::ldexp(significand(i), first)));
        b_.push_back(encoded(std::ldexp(significand(j), second)));
      }
    }
  }

  void add(int exponent) {
    fill(exponent);
    std::vector<std::uint32_t> out;
    evaluate_(a_, b_, out);
    const format_description& f = evaluate_.format;
    double least = std::numeric_limits<double>::infinity();
    double greatest = -least;
    std::array<std::size_t, 4> kinds{};
    std::size_t cases = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool is_argument = f.is_finite(a_[i]) && (b_.empty() || f.is_finite(b_[i]));
      const bool inverse = !evaluate_.operation.absolute || !f.is_zero(a_[i]);
      if (!is_argument || !inverse) continue;
      ++cases;
      const std::uint32_t r = out[i];
      ++kinds[!f.is_finite(r) ? 3 : f.is_normal(r) ? 0 : f.is_zero(r) ? 2 : 1];
      if (!f.is_finite(r)) continue;
      const auto value = [&](std::uint32_t x) { return value_of(f, x, subnormal_policy::gradual); };
      const auto error = static_cast<double>(
          evaluate_.operation.compare(value(r), value(a_[i]), b_.empty() ? 0 : value(b_[i])).error);
      if (!std::isfinite(error)) continue;
      least = std::min(least, error);
      greatest = std::max(greatest, error);
    }
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    if (cases == 0) return;
    profile_.exponents.push_back(exponent);
    profile_.least.push_back(least <= greatest ? least : nothing);
    profile_.greatest.push_back(least <= greatest ? greatest : nothing);
    const auto share = [&](std::size_t kind) {
      return static_cast<double>(kinds[kind]) / static_cast<double>(cases);
    };
    profile_.normal.push_back(share(0));
    profile_.subnormal.push_back(share(1));
    profile_.zero.push_back(share(2));
    profile_.overflowed.push_back(share(3));
    profile_.cases = std::max<std::uint64_t>(profile_.cases, cases);
  }

  const measurement_request& request_;
  evaluator evaluate_;
  int least_exponent_;
  int greatest_exponent_;
  exponent_profile profile_;
  std::vector<std::uint32_t> a_;
  std::vector<std::uint32_t> b_;
};

}  // namespace

exponent_profile profile_range_ends(const measurement_request& request) {
  return range_profile(request).run();
}

}  // namespace pamkit::reports

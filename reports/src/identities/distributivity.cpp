#include <cmath>

#include "identities/identities.hpp"
#include "pairs/wide_sum.hpp"

namespace pamkit::reports {
namespace {

// Of a format's fractions: products are evaluated in binary32, which holds them and all sums here.
class fraction_search {
 public:
  fraction_search(const group_request& request, const any_format& format)
      : request_(request),
        narrow_(describe(format)),
        rules_(request.arithmetic.configure(binary32{}, request.policy, overflow_policy::infinity)),
        product_(simd_backend().elementwise("mul", request.arithmetic.info->name)),
        M_(std::uint32_t{1} << narrow_.kept_bits) {
    // The operand format's compensation, in binary32's units.
    const configuration own =
        request.arithmetic.configure(format, request.policy, overflow_policy::infinity);
    rules_.compensation = own.compensation << (wide_.fraction_bits - narrow_.fraction_bits);
  }

  bound_group run() {
    for (std::uint32_t i = 0; i < M_; ++i) {
      request_.check_stop();
      look_at_row(i);
    }
    bound_group group{.operation = "distributivity",
                      .format = narrow_.name,
                      .arithmetic = request_.arithmetic.label,
                      .policy = std::string(name_of(request_.policy)),
                      .encoding = wide_,
                      .bounds = {}};
    add(group, "min_ratio", least_);
    add(group, "max_ratio", greatest_);
    return group;
  }

 private:
  struct place {
    std::int64_t numerator = 0;
    std::int64_t denominator = 0;
    std::uint32_t i = 0;
    std::int64_t b = 0;
    std::int64_t c = 0;
  };
  static constexpr int kExponents = 4;  // c in [1, 2^5): beyond, the ratio only comes nearer to 1

  // All y of [1, 2^6) that are multiples of the unit, by one call.
  void look_at_row(std::uint32_t i) {
    const std::int64_t count = std::int64_t{M_} << (kExponents + 2);
    std::vector<std::uint32_t> y;
    for (std::int64_t n = M_; n < count; ++n) y.push_back(encoding(n));
    const std::vector<std::uint32_t> a(y.size(), encoding(M_ + i));
    std::vector<std::uint32_t> r(y.size());
    product_(rules_, a.data(), y.data(), r.data(), r.size());
    // In units of 1/M^2 and finer, whole: the fraction of a result has at most as many bits as b + c.
    std::vector<std::int64_t> value(static_cast<std::size_t>(count));
    for (std::size_t n = 0; n < y.size(); ++n) {
      value[n + M_] = static_cast<std::int64_t>(
          std::ldexp(value_of(wide_, r[n], subnormal_policy::gradual), 2 * narrow_.kept_bits));
    }
    for (std::int64_t b = M_; b < 2 * std::int64_t{M_}; ++b) {
      for (int e = 0; e <= kExponents; ++e) {
        for (std::int64_t f = M_; f < 2 * std::int64_t{M_}; ++f) {
          const std::int64_t c = f << e;
          const std::int64_t n = value[static_cast<std::size_t>(b + c)];
          const std::int64_t d =
              value[static_cast<std::size_t>(b)] + value[static_cast<std::size_t>(c)];
          if (cases_ == 0 || is_less(n, d, least_)) least_ = {n, d, i, b, c};
          if (cases_ == 0 || is_less(-n, d, {-greatest_.numerator, greatest_.denominator})) {
            greatest_ = {n, d, i, b, c};
          }
          ++cases_;
        }
      }
    }
  }
  static bool is_less(std::int64_t n, std::int64_t d, const place& than) {
    return static_cast<int128>(n) * than.denominator < static_cast<int128>(than.numerator) * d;
  }
  std::uint32_t encoding(std::int64_t units) const {
    return std::bit_cast<std::uint32_t>(
        std::ldexp(static_cast<float>(units), -narrow_.kept_bits));
  }
  void add(bound_group& group, const char* metric, const place& p) const {
    using reference::rational;
    const rational ratio = rational(p.numerator) / rational(p.denominator);
    bound b{.metric = metric,
            .value = static_cast<double>(ratio.to_high_precision()),
            .exact = fraction_text(ratio),
            .operands = {encoding(M_ + p.i), encoding(p.b), encoding(p.c)},
            .evidence = evidence_kind::exhaustive,
            .cases = cases_,
            .note = "every fraction of a and b, of c with exponents 0 to 4; operands widened to "
                    "binary32, in which every sum and product is exact"};
    const std::uint32_t sum = encoding(p.b + p.c);
    product_(rules_, b.operands.data(), &sum, &b.result, 1);
    group.bounds.push_back(std::move(b));
  }

  const group_request& request_;
  format_description narrow_;
  format_description wide_ = describe(binary32{});
  configuration rules_;
  elementwise_function product_;
  std::uint32_t M_;
  place least_;
  place greatest_;
  std::uint64_t cases_ = 0;
};

}  // namespace

bound_group distributivity_of(const group_request& request, const any_format& format) {
  return fraction_search(request, format).run();
}

}  // namespace pamkit::reports

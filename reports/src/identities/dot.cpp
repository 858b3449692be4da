#include <algorithm>
#include <bit>
#include <cmath>

#include "compensated_sum.hpp"
#include "identities/identities.hpp"
#include "real/real_groups.hpp"
#include "real/real_pairs.hpp"
#include "sample_data.hpp"

namespace pamkit::reports {
namespace {

constexpr const char* kName = "dot";

// abs(sum of errors) is at most the sum of abs(errors), each at most the greatest times abs(a b).
bound_group real_group(const std::string& label) {
  const real_range range = real_error_range(pair_kind::product, reference::rational(0));
  const reference::rational most =
      std::max(reference::abs(range.least.error), reference::abs(range.greatest.error));
  bound_group group{.operation = kName,
                    .format = kRealFormat,
                    .arithmetic = label,
                    .encoding = describe(binary32{}),
                    .bounds = {}};
  group.bounds.push_back({.metric = "max_ratio",
                          .value = static_cast<double>(most.to_high_precision()),
                          .exact = fraction_text(most),
                          .evidence = evidence_kind::proved,
                          .cases = range.cases,
                          .note = "abs(pa - exact) over sum abs(a b): the greatest relative error of "
                                  "a product; attained by any number of terms 3/2 . 3/2"});
  return group;
}

struct dot_totals {
  long double greatest = 0;
  compensated_sum ratio;
  compensated_sum rounding;
  long double greatest_rounding = 0;
  compensated_sum mixed;
  compensated_sum square;
  std::uint64_t cases = 0;
};

}  // namespace

std::vector<bound_group> dot_products(const group_request& request) {
  std::vector<bound_group> groups;
  const std::string& label = request.arithmetic.label;
  const std::string_view name = request.arithmetic.info->name;
  const contraction_function contract =
      simd_backend().contraction(name, contraction_kind::product, derivative::approx);
  const elementwise_function product = simd_backend().elementwise("mul", name);
  if (contract == nullptr || product == nullptr || name == "adder") return groups;
  if (name == "pam" && request.arithmetic.alpha.empty()) groups.push_back(real_group(label));
  const configuration rules =
      request.arithmetic.configure(binary32{}, request.policy, overflow_policy::infinity);
  const std::size_t budget = request.level == report_level::quick ? std::size_t{1} << 14
                                                                  : std::size_t{1} << 19;
  for (const std::string_view data : kDataKinds) {
    for (std::size_t n = 1; n <= 4096; n *= 4) {
      request.check_stop();
      dot_totals t;
      sample_data numbers(data, request.seed, "dot/" + std::to_string(n));
      const std::size_t rows = std::max<std::size_t>(budget / n, 4);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::vector<float> a = numbers.numbers(n);
        const std::vector<float> b = numbers.numbers(n);
        float out = 0;
        contraction_problem p;
        p.m = 1;
        p.n = 1;
        p.k = static_cast<std::int64_t>(n);
        p.a = {.data = a.data(), .row_stride = p.k};
        p.b = {.data = b.data(), .row_stride = 1};
        p.out = {.data = &out, .row_stride = 1};
        contract(contraction_rules(rules), p);
        std::vector<std::uint32_t> x(n);
        std::vector<std::uint32_t> y(n);
        for (std::size_t i = 0; i < n; ++i) {
          x[i] = std::bit_cast<std::uint32_t>(a[i]);
          y[i] = std::bit_cast<std::uint32_t>(b[i]);
        }
        product(rules, x.data(), y.data(), x.data(), n);
        compensated_sum exact;
        compensated_sum magnitude;
        compensated_sum terms;
        for (std::size_t i = 0; i < n; ++i) {
          const long double ab = static_cast<long double>(a[i]) * b[i];
          exact.add(ab);
          magnitude.add(std::abs(ab));
          terms.add(std::bit_cast<float>(x[i]));
        }
        if (magnitude.value() == 0) continue;
        const long double ratio = std::abs(out - exact.value()) / magnitude.value();
        const long double rounding = std::abs(out - terms.value()) / magnitude.value();
        t.greatest = std::max(t.greatest, ratio);
        t.greatest_rounding = std::max(t.greatest_rounding, rounding);
        t.ratio.add(ratio);
        t.mixed.add(out * exact.value());
        t.square.add(exact.value() * exact.value());
        ++t.cases;
      }
      bound_group group{.operation = kName,
                        .format = "binary32",
                        .arithmetic = label,
                        .policy = std::string(name_of(request.policy)),
                        .domain = std::string(name_of(error_domain::in_range)),
                        .data = std::string(data),
                        .shape = std::to_string(n),
                        .encoding = describe(binary32{}),
                        .bounds = {}};
      const auto add = [&](const char* metric, long double value, const char* note) {
        group.bounds.push_back({.metric = metric,
                                .value = static_cast<double>(value),
                                .evidence = evidence_kind::sampled,
                                .cases = t.cases,
                                .note = note});
      };
      const auto count = static_cast<long double>(t.cases);
      add("max_ratio", t.greatest, "abs(pa - exact) over sum abs(a b)");
      add("mean_ratio", t.ratio.value() / count, "mean of abs(pa - exact) over sum abs(a b)");
      add("max_rounding_ratio", t.greatest_rounding,
          "abs(pa - exact sum of its products) over sum abs(a b): the sum's own rounding");
      add("gain", t.mixed.value() / t.square.value(), "least squares over the dot products");
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

}  // namespace pamkit::reports

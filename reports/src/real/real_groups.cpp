#include "real/real_groups.hpp"

#include <fmt/format.h>

#include <cmath>

#include "real/real_pairs.hpp"
#include "real/real_unary.hpp"

namespace pamkit::reports {
namespace {

using reference::rational;

const char* const kIntegralNote =
    "integral over continuous fractions in closed form, piece by piece, evaluated to 50 digits";
const char* const kQuadratureNote =
    "integral over continuous fractions by Gauss-Legendre rules, panels halved until they agree to "
    "1e-18: "
    "no bound of the remainder is derived";
const char* const kPolynomialNote =
    "integral of polynomials over continuous fractions, in rationals";
const char* const kFoundNote =
    "root found by false position on the integral over continuous fractions, whose sign changes "
    "within "
    "2^-56 of it";

class group_writer {
 public:
  group_writer(std::string_view operation, const std::string& arithmetic) {
    group.operation = operation;
    group.format = kRealFormat;
    group.arithmetic = arithmetic;
    group.domain = name_of(error_domain::fractions);
    group.encoding = describe(binary32{});
  }
  bound_group group;

  void add(const char* metric, long double value, std::uint64_t cases, std::string note) {
    group.bounds.push_back({.metric = metric,
                            .value = static_cast<double>(value),
                            .evidence = evidence_kind::proved,
                            .cases = cases,
                            .note = std::move(note)});
  }
  void add(const char* metric, const rational& value, std::uint64_t cases, std::string note) {
    add(metric, static_cast<long double>(value.to_high_precision()), cases, std::move(note));
    group.bounds.back().exact = fraction_text(value);
  }
};

pair_kind kind_of(const measured_operation& operation) {
  return operation.name == "mul" ? pair_kind::product : pair_kind::quotient;
}

// The compensation as a fraction, before any format rounds it; nothing for an arithmetic that is
// not of this form.
std::optional<rational> compensation_of(const arithmetic_choice& arithmetic) {
  if (arithmetic.info->name == "l_mul") {
    const format_description f = describe(binary32{});
    const configuration rules =
        arithmetic.configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity);
    return rational(rules.compensation).scaled(-f.fraction_bits);
  }
  if (arithmetic.info->name != "pam") return std::nullopt;
  if (arithmetic.alpha.empty()) return rational(0);
  // "1.0552": digits over a power of ten.
  rational value = 0;
  rational unit = 1;
  bool after_point = false;
  for (const char c : arithmetic.alpha) {
    if (c == '.') {
      after_point = true;
    } else if (c >= '0' && c <= '9') {
      value = value * rational(10) + rational(c - '0');
      if (after_point) unit = unit * rational(10);
    } else {
      return std::nullopt;
    }
  }
  return value / unit - rational(1);
}

std::string place_of(const real_extreme& e) {
  return fmt::format(
      "at fractions {} and {}; the error in rationals at every point where it can be "
      "extreme",
      e.fx.to_string(), e.fy.to_string());
}

// Where no result is below (above) the ordinary one it is the difference of two means.
void add_mean_absolute_error(group_writer& w, pair_kind kind, const rational& f,
                             const real_range& range, const real_pair_means& means) {
  const char* const metric = "mean_absolute_error";
  if (!range.least.error.is_negative() || range.greatest.error <= rational(0)) {
    w.add(metric, std::abs(means.mean_difference), 1, kIntegralNote);
    return;
  }
  const real_mean_distance distance =
      quadrature_of_distance(kind, static_cast<long double>(f.to_high_precision()));
  w.add(metric, distance.value, distance.evaluations, kQuadratureNote);
  w.group.bounds.back().evidence = evidence_kind::sampled;
}

bound_group pair_group(const measured_operation& operation, const std::string& label,
                       const rational& f) {
  const pair_kind kind = kind_of(operation);
  group_writer w(operation.name, label);
  const real_range range = real_error_range(kind, f);
  w.add("min_relative", range.least.error, range.cases, place_of(range.least));
  w.add("max_relative", range.greatest.error, range.cases, place_of(range.greatest));
  const real_pair_means m = real_means(kind, f.to_high_precision());
  w.add("mean_relative", m.mean, 1, kIntegralNote);
  w.add("mean_relative_loguniform", m.mean_loguniform, 1, kIntegralNote);
  w.add("rms_relative", m.rms, 1, kIntegralNote);
  w.add("mean_square_relative", m.mean_square, 1, kIntegralNote);
  add_mean_absolute_error(w, kind, f, range, m);
  if (kind == pair_kind::product) {
    w.add("worst_case_error", range.worst, range.cases,
          "in rationals at every point where it can be greatest");
    const real_product_ratios exact = exact_product_ratios(f);
    w.add("mean_ratio", exact.mean_ratio, 1, kPolynomialNote);
    w.add("gain", exact.gain, 1, kPolynomialNote);
  } else {
    const real_greatest_distance worst = greatest_quotient_distance(f.to_high_precision());
    w.add("worst_case_error", static_cast<long double>(worst.value), worst.cases,
          "at every point where it can be greatest, in closed form");
    w.add("mean_ratio", m.mean_ratio, 1, kIntegralNote);
    w.add("gain", m.gain, 1, kIntegralNote);
  }
  if (f.is_zero()) {
    const found_offsets found = find_offsets(kind);
    w.add("offset_zero_mean", found.zero_mean, 1, kFoundNote);
    w.add("offset_minimax", found.minimax, range.cases,
          "root found by false position on the exact range, whose balance changes its sign within "
          "2^-56 "
          "of it: the errors' greatest magnitude is least");
    w.add("offset_least_rms", found.least_rms, 1, kFoundNote);
    w.add("rms_relative_at_offset_least_rms", real_means(kind, found.least_rms).rms, 1,
          kIntegralNote);
  }
  return w.group;
}

// 1 / x by the quotient: the mean of a parabola in every piece.
bound_group reciprocal_group(const std::string& label) {
  group_writer w("reciprocal", label);
  // pad(1, y) y = (2 - F) (1 + F) / 2 on the one piece, F > 0.
  const auto error = [](const rational& f) {
    return ((rational(2) - f) * (rational(1) + f)).scaled(-1) - rational(1);
  };
  const rational half = rational(1).scaled(-1);
  w.add("min_relative", error(0), 2, "at fractions 0 and 1, the ends of a parabola");
  w.add("max_relative", error(half), 1, "at fraction 1/2, the vertex of a parabola");
  w.add("mean_relative", (error(0) + rational(4) * error(half) + error(1)) / rational(6), 3,
        kPolynomialNote);
  return w.group;
}

bound_group unary_group(const measured_operation& operation, const std::string& label) {
  group_writer w(operation.name, label);
  const real_unary_errors e = measure_real_unary(operation.name);
  const std::string suffix = operation.absolute ? "absolute" : "relative";
  const auto add = [&](const std::string& metric, const reference::high_precision& value,
                       std::uint64_t cases, std::string note) {
    w.add(metric.c_str(), static_cast<long double>(value), cases, std::move(note));
  };
  const auto extreme = [](const real_unary_extreme& x) {
    return fmt::format(
        "at {} = {:.17g}; one extreme at most between the ends of a binade, all in closed form",
        x.place, static_cast<double>(x.at));
  };
  // The two ends and what lies between them.
  constexpr std::uint64_t kPlaces = 3;
  add("min_" + suffix, e.least.error, kPlaces, extreme(e.least));
  add("max_" + suffix, e.greatest.error, kPlaces, extreme(e.greatest));
  add("mean_" + suffix, e.mean, 1, kIntegralNote);
  add("rms_" + suffix, sqrt(e.mean_square), 1, kIntegralNote);
  add("mean_square_" + suffix, e.mean_square, 1, kIntegralNote);
  add("mean_absolute_error", e.mean_absolute_error, 1, kIntegralNote);
  add("worst_case_error", e.worst, kPlaces,
      "one extreme at most between the ends of a binade, all in closed form");
  if (!operation.absolute) {
    add("mean_ratio", e.mean_ratio, 1, kIntegralNote);
    add("gain", e.gain, 1, kIntegralNote);
  }
  return w.group;
}

}  // namespace

std::vector<bound_group> real_groups(const measured_operation& operation,
                                     const arithmetic_choice& arithmetic) {
  std::vector<bound_group> groups;
  const std::optional<rational> f = compensation_of(arithmetic);
  if (!f || !arithmetic.info->defines(operation.name)) return groups;
  if (operation.fractions == fraction_domain::pairs) {
    groups.push_back(pair_group(operation, arithmetic.label, *f));
    if (operation.name == "div" && f->is_zero()) {
      groups.push_back(reciprocal_group(arithmetic.label));
    }
  } else if (has_real_unary(operation.name)) {
    groups.push_back(unary_group(operation, arithmetic.label));
  }
  return groups;
}

compensation_sweep sweep_compensation(const measured_operation& operation) {
  const pair_kind kind = kind_of(operation);
  compensation_sweep sweep;
  sweep.operation = operation.name;
  constexpr int kIntervals = 64;
  for (int n = 0; n <= kIntervals; ++n) {
    const rational f = rational(n) / rational(4 * kIntervals);
    const real_range range = real_error_range(kind, f);
    const real_pair_means m = real_means(kind, f.to_high_precision());
    const auto value = [](const rational& x) { return static_cast<double>(x.to_high_precision()); };
    sweep.offsets.push_back(value(f));
    sweep.least.push_back(value(range.least.error));
    sweep.greatest.push_back(value(range.greatest.error));
    sweep.mean.push_back(static_cast<double>(m.mean));
    sweep.mean_loguniform.push_back(static_cast<double>(m.mean_loguniform));
    sweep.rms.push_back(static_cast<double>(m.rms));
    sweep.mean_ratio.push_back(static_cast<double>(m.mean_ratio));
    sweep.gain.push_back(static_cast<double>(m.gain));
  }
  const found_offsets found = find_offsets(kind);
  sweep.zero_mean = static_cast<double>(found.zero_mean);
  sweep.minimax = static_cast<double>(found.minimax);
  sweep.least_rms = static_cast<double>(found.least_rms);
  return sweep;
}

}  // namespace pamkit::reports

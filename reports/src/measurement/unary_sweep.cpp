#include "measurement/unary_sweep.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include "compensated_sum.hpp"
#include "measurement/tally.hpp"

namespace pamkit::reports {
namespace {

double value_of_binary32(std::uint32_t bits) { return double{std::bit_cast<float>(bits)}; }

// A run of consecutive encodings of one sign and exponent field, with their results and errors.
struct operand_run {
  std::array<std::uint32_t, kBlock> x;
  std::array<std::uint32_t, kBlock> r;
  std::array<std::uint32_t, kBlock> rounded;
  std::array<double, kBlock> error;
  std::size_t size = 0;
};

// Four lanes: the order of additions is fixed, and a compiler may use vectors.
struct lane_sums {
  static constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> least;
  std::array<double, kLanes> greatest;
  std::array<double, kLanes> sum{};
  std::array<double, kLanes> squares{};

  explicit lane_sums(const operand_run& run) {
    least.fill(std::numeric_limits<double>::infinity());
    greatest.fill(-std::numeric_limits<double>::infinity());
    for (std::size_t i = 0; i + kLanes <= run.size; i += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        const double e = run.error[i + l];
        least[l] = e < least[l] ? e : least[l];
        greatest[l] = e > greatest[l] ? e : greatest[l];
        sum[l] += e;
        squares[l] += e * e;
      }
    }
  }
};

class sweep_totals {
 public:
  explicit sweep_totals(const evaluator& evaluate) : evaluate_(evaluate) {}

  // Takes over a run whose errors are set; results out of range are left out.
  void add(operand_run& run) {
    const bool whole = run.size % lane_sums::kLanes == 0 && all_in_range(run);
    if (!whole) {
      add_some(run);
      return;
    }
    const lane_sums lanes(run);
    for (std::size_t l = 0; l < lane_sums::kLanes; ++l) {
      sum_.add(lanes.sum[l]);
      squares_.add(lanes.squares[l]);
    }
    cases_ += run.size;
    const double least = *std::ranges::min_element(lanes.least);
    const double greatest = *std::ranges::max_element(lanes.greatest);
    note(run, least, greatest);
    add_distances(run);
  }

  void begin_band(double from, double to) {
    band_ = {.from = from,
             .to = to,
             .least = std::numeric_limits<double>::infinity(),
             .greatest = -std::numeric_limits<double>::infinity()};
  }
  const error_band& band() const { return band_; }

  std::vector<bound> bounds() const {
    tally t;
    t.cases = t.looked_at = cases_;
    const auto take = [&](std::uint32_t x, std::uint32_t r) {
      return extreme{evaluate_.error(r, x, 0), x, 0, r, true};
    };
    t.error = {take(least_at_, least_result_), take(greatest_at_, greatest_result_)};
    t.sum = sum_;
    t.squares = squares_;
    t.rounded_cases = rounded_cases_;
    t.wrong = wrong_;
    t.max_ulp = max_ulp_;
    t.max_ulp_case = {max_ulp_at_, 0, max_ulp_result_};
    return bounds_of(evaluate_, t, {.domain = error_domain::in_range});
  }
  std::uint64_t cases() const { return cases_; }

 private:
  bool all_in_range(const operand_run& run) const {
    const format_description& f = evaluate_.format;
    // Normal and finite: magnitudes from MIN to MAX, in one comparison.
    std::uint32_t outside = 0;
    for (std::size_t i = 0; i < run.size; ++i) {
      const std::uint32_t magnitude = run.r[i] & f.magnitude_mask;
      outside |= magnitude - f.min_normal > f.max_finite - f.min_normal ? 1U : 0U;
    }
    return outside == 0;
  }

  void add_some(operand_run& run) {
    operand_run one;
    one.size = 1;
    for (std::size_t i = 0; i < run.size; ++i) {
      if (!evaluate_.format.is_normal(run.r[i])) continue;
      one.x[0] = run.x[i];
      one.r[0] = run.r[i];
      one.rounded[0] = run.rounded[i];
      one.error[0] = run.error[i];
      sum_.add(one.error[0]);
      squares_.add(one.error[0] * one.error[0]);
      ++cases_;
      note(one, one.error[0], one.error[0]);
      add_distances(one);
    }
  }

  void note(const operand_run& run, double least, double greatest) {
    const auto place = [&](double error) {
      return static_cast<std::size_t>(std::ranges::find(run.error, error) - run.error.begin());
    };
    if (least < band_.least) {
      const std::size_t i = place(least);
      band_.least = least;
      band_.least_at = run.x[i];
      if (least < least_) {
        least_ = least;
        least_at_ = run.x[i];
        least_result_ = run.r[i];
      }
    }
    if (greatest > band_.greatest) {
      const std::size_t i = place(greatest);
      band_.greatest = greatest;
      band_.greatest_at = run.x[i];
      if (greatest > greatest_) {
        greatest_ = greatest;
        greatest_at_ = run.x[i];
        greatest_result_ = run.r[i];
      }
    }
  }

  // Cases whose correctly rounded result is not finite have no distance.
  void add_distances(const operand_run& run) {
    const format_description& f = evaluate_.format;
    std::int64_t farthest = -1;
    std::uint32_t wrong = 0;
    std::uint32_t finite = 0;
    const auto ordinal = [&](std::uint32_t x) {
      const auto magnitude = static_cast<std::int64_t>(x & f.magnitude_mask);
      return f.sign(x) ? -magnitude : magnitude;
    };
    const auto distance = [&](std::size_t i) {
      if (!f.is_finite(run.rounded[i])) return std::int64_t{-1};
      return std::abs(ordinal(run.r[i]) - ordinal(run.rounded[i]));
    };
    for (std::size_t i = 0; i < run.size; ++i) {
      const std::int64_t d = distance(i);
      farthest = std::max(farthest, d);
      finite += d >= 0 ? 1U : 0U;
      wrong += d >= 0 && run.r[i] != run.rounded[i] ? 1U : 0U;
    }
    wrong_ += wrong;
    rounded_cases_ += finite;
    if (farthest < 0 || static_cast<std::uint64_t>(farthest) >> f.dropped_bits <= max_ulp_) return;
    max_ulp_ = static_cast<std::uint64_t>(farthest) >> f.dropped_bits;
    std::size_t at = 0;
    while (distance(at) != farthest) ++at;
    max_ulp_at_ = run.x[at];
    max_ulp_result_ = run.r[at];
  }

  const evaluator& evaluate_;
  compensated_sum sum_;
  compensated_sum squares_;
  std::uint64_t cases_ = 0;
  std::uint64_t rounded_cases_ = 0;
  std::uint64_t wrong_ = 0;
  std::uint64_t max_ulp_ = 0;
  std::uint32_t max_ulp_at_ = 0;
  std::uint32_t max_ulp_result_ = 0;
  double least_ = std::numeric_limits<double>::infinity();
  double greatest_ = -std::numeric_limits<double>::infinity();
  std::uint32_t least_at_ = 0;
  std::uint32_t greatest_at_ = 0;
  std::uint32_t least_result_ = 0;
  std::uint32_t greatest_result_ = 0;
  error_band band_;
};

class operand_sweep {
 public:
  explicit operand_sweep(const evaluator& evaluate)
      : evaluate_(evaluate),
        format_(evaluate.format),
        totals_(evaluate),
        fractions_(std::uint32_t{1} << format_.kept_bits) {}

  unary_sweep run() {
    if (evaluate_.operation.name == "exp2" || evaluate_.operation.name == "exp") {
      sweep_exponential();
    } else {
      sweep_inverse();
    }
    result_.bounds = totals_.bounds();
    return std::move(result_);
  }

 private:
  // Fills a run with consecutive operands and evaluates it.
  void load(std::uint32_t first, std::size_t size) {
    run_.size = size;
    for (std::size_t i = 0; i < size; ++i) {
      run_.x[i] = first + (static_cast<std::uint32_t>(i) << format_.dropped_bits);
    }
    evaluate_.run(run_.x.data(), run_.r.data(), size);
  }
  void round_run() { evaluate_.run_rounded(run_.x.data(), run_.rounded.data(), run_.size); }
  std::size_t run_size() const { return std::min<std::size_t>(kBlock, fractions_); }

  // --- exp2 and exp: error = r b^-x - 1

  void sweep_exponential() {
    for (const bool negative : {true, false}) {
      const int last = static_cast<int>(format_.max_finite >> format_.fraction_bits);
      for (int step = 0; step <= last; ++step) {
        // Ascending arguments: negative ones from the greatest magnitude down.
        const int field = negative ? last - step : step;
        if (field == 0 && evaluate_.operand_subnormals == subnormal_policy::flush) continue;
        sweep_binade(negative, field);
      }
    }
  }

  void sweep_binade(bool negative, int field) {
    const std::uint32_t first = (negative ? format_.sign_mask : 0) |
                                (static_cast<std::uint32_t>(field) << format_.fraction_bits);
    const double a = value_of_binary32(first);
    const double b = value_of_binary32(first + (format_.min_normal - 1));
    // Wholly past the range, where every result is 0 or infinite: checked at both ends and then
    // left out, since paexp2 and pam are monotone.
    load_ends(first);
    if (out_of_range_at_ends()) return;
    totals_.begin_band(std::min(a, b), std::max(a, b));
    const std::uint64_t before = totals_.cases();
    for (std::uint32_t at = 0; at < fractions_; at += kBlock) {
      load(first + (at << format_.dropped_bits), run_size());
      set_exponential_errors(field);
      round_run();
      totals_.add(run_);
      if (evaluate_.operation.name == "exp") note_unit();
    }
    if (totals_.cases() != before) result_.by_binade.push_back(totals_.band());
  }
  void load_ends(std::uint32_t first) {
    load(first, 1);
    const std::uint32_t r = run_.r[0];
    load(first + ((fractions_ - 1) << format_.dropped_bits), 1);
    run_.r[1] = r;
  }
  bool out_of_range_at_ends() const {
    return !format_.is_normal(run_.r[0]) && !format_.is_normal(run_.r[1]) &&
           format_.is_zero(run_.r[0]) == format_.is_zero(run_.r[1]);
  }

  void set_exponential_errors(int field) {
    const double slope = evaluate_.operation.name == "exp" ? 1.0 : std::numbers::ln2;
    // Below 1/8 by the series of expm1, whose terms past these are below 2^-56 of the sum.
    constexpr int kSeriesBelow = -3;
    const int exponent = field - format_.bias;
    if (exponent >= kSeriesBelow) {
      const bool natural = evaluate_.operation.name == "exp";
      for (std::size_t i = 0; i < run_.size; ++i) {
        const double x = value_of_binary32(run_.x[i]);
        const double inverse = natural ? std::exp(-x) : std::exp2(-x);
        run_.error[i] = value_of_binary32(run_.r[i]) * inverse - 1;
      }
      return;
    }
    const auto set = [&](auto terms) {
      for (std::size_t i = 0; i < run_.size; ++i) {
        const double z = -slope * value_of_binary32(run_.x[i]);
        double p = 0;
        for (int n = decltype(terms)::value; n > 1; --n) p = (p + 1) * z / n;
        p = (p + 1) * z;  // expm1(z)
        const double r = value_of_binary32(run_.r[i]);
        run_.error[i] = (r - 1) + r * p;
      }
    };
    // z^n / n! below 2^-54 z: at 2^-3, 2^-8 and 2^-28.
    if (exponent >= -8) {
      set(std::integral_constant<int, 12>{});
    } else if (exponent >= -28) {
      set(std::integral_constant<int, 6>{});
    } else {
      set(std::integral_constant<int, 2>{});
    }
  }

  // The band of arguments between whole numbers that the run lies in. Runs of arguments from 1 up
  // lie between two whole numbers; those nearer to 0 in [-1, 0) and [0, 1).
  void note_unit() {
    const double low = std::floor(
        std::min(value_of_binary32(run_.x[0]), value_of_binary32(run_.x[run_.size - 1])));
    if (result_.by_unit.empty() || result_.by_unit.back().from != low) {
      result_.by_unit.push_back({.from = low,
                                 .to = low + 1,
                                 .least = std::numeric_limits<double>::infinity(),
                                 .greatest = -std::numeric_limits<double>::infinity()});
    }
    error_band& unit = result_.by_unit.back();
    for (std::size_t i = 0; i < run_.size; ++i) {
      if (!format_.is_normal(run_.r[i])) continue;
      if (run_.error[i] < unit.least) {
        unit.least = run_.error[i];
        unit.least_at = run_.x[i];
      }
      if (run_.error[i] > unit.greatest) {
        unit.greatest = run_.error[i];
        unit.greatest_at = run_.x[i];
      }
    }
  }

  // --- log2, log and sqrt: by fractions, since the ordinary value of 2^E (1 + F) is that of 1 + F,
  // moved or scaled by E

  void sweep_inverse() {
    const int last = static_cast<int>(format_.max_finite >> format_.fraction_bits);
    std::vector<error_band> bands(static_cast<std::size_t>(last) + 1);
    for (int field = 0; field <= last; ++field) {
      const std::uint32_t first = static_cast<std::uint32_t>(field) << format_.fraction_bits;
      totals_.begin_band(value_of_binary32(first),
                         value_of_binary32(first + (format_.min_normal - 1)));
      bands[static_cast<std::size_t>(field)] = totals_.band();
    }
    for (std::uint32_t at = 0; at < fractions_; at += kBlock) {
      fill_table(at);
      for (int field = 1; field <= last; ++field) {
        load((static_cast<std::uint32_t>(field) << format_.fraction_bits) +
                 (at << format_.dropped_bits),
             run_size());
        set_inverse_errors(field - format_.bias);
        round_inverse(field - format_.bias);
        totals_.begin_band(0, 0);
        totals_.add(run_);
        widen(bands[static_cast<std::size_t>(field)], totals_.band());
      }
    }
    if (evaluate_.operand_subnormals == subnormal_policy::gradual) sweep_subnormals(bands[0]);
    for (const error_band& b : bands) {
      if (b.least <= b.greatest) result_.by_binade.push_back(b);
    }
  }
  static void widen(error_band& band, const error_band& part) {
    if (part.least < band.least) {
      band.least = part.least;
      band.least_at = part.least_at;
    }
    if (part.greatest > band.greatest) {
      band.greatest = part.greatest;
      band.greatest_at = part.greatest_at;
    }
  }

  // The ordinary function on [1, 2), of a square root (its inverse) on [1, 4).
  void fill_table(std::uint32_t at) {
    for (std::size_t i = 0; i < run_size(); ++i) {
      const long double x = 1 + std::ldexp(static_cast<long double>(at + i), -format_.kept_bits);
      if (evaluate_.operation.name == "sqrt") {
        even_[i] = static_cast<double>(1 / std::sqrt(x));
        odd_[i] = static_cast<double>(1 / std::sqrt(2 * x));
      } else {
        even_[i] =
            static_cast<double>(evaluate_.operation.name == "log2" ? std::log2(x) : std::log(x));
      }
    }
  }
  void set_inverse_errors(int exponent) {
    if (evaluate_.operation.name == "sqrt") {
      const bool odd = (exponent & 1) != 0;
      const std::array<double, kBlock>& inverse = odd ? odd_ : even_;
      const double scale = std::ldexp(1.0, -(exponent - (odd ? 1 : 0)) / 2);
      for (std::size_t i = 0; i < run_.size; ++i) {
        run_.error[i] = value_of_binary32(run_.r[i]) * scale * inverse[i] - 1;
      }
      return;
    }
    const double unit = evaluate_.operation.name == "log2" ? 1.0 : std::numbers::ln2;
    const double whole = exponent * unit;
    for (std::size_t i = 0; i < run_.size; ++i) {
      run_.error[i] = (value_of_binary32(run_.r[i]) - whole) - even_[i];
    }
  }

  // Of logarithms from the sum of the exponent's and the table's: each of the two, the product with
  // ln 2 and the sum err by a unit of the greater part at most, which is below twice the sum's size
  // but just below 1, where they cancel.
  void round_inverse(int exponent) {
    constexpr std::uint64_t kUnsure = 16;
    if (evaluate_.operation.name == "sqrt" || exponent == -1) {
      round_run();
      return;
    }
    const double whole = exponent * (evaluate_.operation.name == "log2" ? 1.0 : std::numbers::ln2);
    for (std::size_t i = 0; i < run_.size; ++i) {
      run_.rounded[i] = evaluate_.nearest()->nearest_to(whole + even_[i], kUnsure, run_.x[i]);
    }
  }

  // Few enough for extended precision.
  void sweep_subnormals(error_band& band) {
    for (std::uint32_t at = 0; at < fractions_; at += kBlock) {
      load(at << format_.dropped_bits, run_size());
      round_run();
      for (std::size_t i = 0; i < run_.size; ++i) {
        const bool counts = !format_.is_zero(run_.x[i]) && format_.is_normal(run_.r[i]);
        run_.error[i] = counts ? static_cast<double>(evaluate_.error(run_.r[i], run_.x[i], 0)) : 0;
        if (!counts) run_.r[i] = 0;
      }
      totals_.begin_band(0, 0);
      totals_.add(run_);
      widen(band, totals_.band());
    }
  }

  const evaluator& evaluate_;
  const format_description& format_;
  sweep_totals totals_;
  std::uint32_t fractions_;
  operand_run run_;
  std::array<double, kBlock> even_{};
  std::array<double, kBlock> odd_{};
  unary_sweep result_;
};

}  // namespace

bool has_sweep(const measured_operation& operation, const format_description& format) {
  constexpr std::array kNames = {"exp2", "log2", "exp", "log", "sqrt"};
  return format.storage_bits == 32 && std::ranges::find(kNames, operation.name) != kNames.end();
}

unary_sweep sweep_operands(const evaluator& evaluate) {
  return std::make_unique<operand_sweep>(evaluate)->run();
}

}  // namespace pamkit::reports

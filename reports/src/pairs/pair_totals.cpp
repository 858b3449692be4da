#include "pairs/pair_totals.hpp"

#include <cmath>
#include <cstdlib>

#include "compensated_sum.hpp"
#include "pairs/wide_sum.hpp"

namespace pamkit::reports {
namespace {

// Sums of 1, t and t^2 over a run.
struct power_sums {
  int128 n = 0;
  int128 t = 0;
  int128 square = 0;

  power_sums(std::int64_t begin, std::int64_t end) {
    const auto below = [](int128 e) { return (e - 1) * e / 2; };
    const auto squares_below = [](int128 e) { return (e - 1) * e * (2 * e - 1) / 6; };
    n = end - begin;
    t = below(end) - below(begin);
    square = squares_below(end) - squares_below(begin);
  }
  int128 of_affine(int128 p0, int128 p1) const { return p0 * n + p1 * t; }
  int128 of_product(int128 p0, int128 p1, int128 q0, int128 q1) const {
    return p0 * q0 * n + (p0 * q1 + p1 * q0) * t + p1 * q1 * square;
  }
};

std::int64_t floor_quotient(std::int64_t n, std::int64_t d) {
  const std::int64_t q = n / d;
  return q * d != n && (n < 0) != (d < 0) ? q - 1 : q;
}
std::int64_t ceil_quotient(std::int64_t n, std::int64_t d) { return -floor_quotient(-n, d); }

// Where in [begin, end) the affine difference d0 + d1 t changes its sign.
std::int64_t sign_change(std::int64_t d0, std::int64_t d1, std::int64_t begin, std::int64_t end) {
  if (d1 == 0) return end;
  // The first t beyond the zero: d0 + d1 t >= 0 for rising differences, <= 0 for falling ones.
  return std::clamp(ceil_quotient(-d0, d1), begin, end);
}

// The numerators of one row over its unit, exact.
struct row_sums {
  int128 absolute = 0;  // abs(result - ordinary)
  int128 result = 0;
  int128 ordinary = 0;
  int128 mixed = 0;   // result * ordinary, over the square of the unit
  int128 square = 0;  // ordinary^2, over the square of the unit

  void add(const row_segment& s) {
    const power_sums all(s.begin, s.end);
    result += all.of_affine(s.r0, s.r1);
    ordinary += all.of_affine(s.e0, s.e1);
    const std::int64_t d0 = s.r0 - s.e0;
    const std::int64_t d1 = s.r1 - s.e1;
    const std::int64_t change = sign_change(d0, d1, s.begin, s.end);
    for (const auto& [begin, end] : {std::pair(s.begin, change), std::pair(change, s.end)}) {
      const int128 part = power_sums(begin, end).of_affine(d0, d1);
      absolute += part < 0 ? -part : part;
    }
  }
  // Divided by `common`, which divides every value of the row, so that 128 bits suffice.
  void add_squares(const row_segment& s, std::int64_t common) {
    const power_sums all(s.begin, s.end);
    mixed += all.of_product(s.r0 / common, s.r1 / common, s.e0, s.e1);
    square += all.of_product(s.e0, s.e1, s.e0, s.e1);
  }
};

// Sums over rows: exact for products, whose rows share their unit; for quotients in extended
// precision.
class column_sum {
 public:
  explicit column_sum(bool exact) : exact_(exact) {}
  void add(int128 numerator, long double unit) {
    if (exact_) {
      integers_.add(numerator);
    } else {
      reals_.add(static_cast<long double>(numerator) / unit);
    }
  }
  // The sum times `unit`, the common unit of exact rows.
  pair_total value(const reference::rational& unit) const {
    if (!exact_) return {.value = reals_.value()};
    const reference::rational exact = reference::rational(integers_.value()) / unit;
    return {.value = static_cast<long double>(exact.to_high_precision()), .exact = exact};
  }

 private:
  bool exact_;
  wide_sum integers_;
  compensated_sum reals_;
};

pair_total quotient_of(const pair_total& n, const pair_total& d) {
  if (!n.exact || !d.exact) return {.value = n.value / d.value};
  const reference::rational exact = *n.exact / *d.exact;
  return {.value = static_cast<long double>(exact.to_high_precision()), .exact = exact};
}

// The greatest of the fractions p / q seen, p >= 0, q > 0.
class greatest_fraction {
 public:
  bool is_exceeded_by(std::int64_t p, std::int64_t q) const {
    return !seen_ || static_cast<int128>(p) * q_ > static_cast<int128>(p_) * q;
  }
  void set(std::int64_t p, std::int64_t q) {
    p_ = p;
    q_ = q;
    seen_ = true;
  }
  bool seen() const { return seen_; }

 private:
  std::int64_t p_ = 0;
  std::int64_t q_ = 1;
  bool seen_ = false;
};

fraction_pair pair_at(const log_linear_rows& rows, std::int64_t fixed, std::int64_t t) {
  return rows.kind() == pair_kind::product ? fraction_pair{fixed, t} : fraction_pair{t, fixed};
}

class pair_visitor {
 public:
  explicit pair_visitor(const log_linear_rows& rows) : rows_(rows) {}

  pair_totals totals;

  void end_of_segment(std::int64_t fixed, const row_segment& s, std::int64_t t) {
    const fraction_pair at = pair_at(rows_, fixed, t);
    const std::int64_t r = s.result(t);
    const std::int64_t e = s.ordinary(t);
    if (greatest_.is_exceeded_by(r, e)) {
      greatest_.set(r, e);
      totals.greatest = at;
    }
    if (inverse_.is_exceeded_by(e, r)) {
      inverse_.set(e, r);
      totals.least = at;
    }
    const std::int64_t distance = std::abs(r - e);
    if (worst_.is_exceeded_by(distance, rows_.unit(fixed))) {
      worst_.set(distance, rows_.unit(fixed));
      totals.worst = at;
    }
    const auto ulps = static_cast<std::uint64_t>(
        std::abs(rows_.result_ordinal(fixed, t) - rows_.rounded_ordinal(fixed, t, s.upper)));
    if (ulps > totals.max_ulp) {
      totals.max_ulp = ulps;
      totals.max_ulp_at = at;
    }
  }

  // The number of t in a segment whose result is the correctly rounded one.
  std::int64_t correct(std::int64_t fixed, const row_segment& s) const {
    if (!rows_.may_be_correct(s)) return 0;
    const std::int64_t d0 = s.r0 - s.e0;
    const std::int64_t d1 = s.r1 - s.e1;
    const std::int64_t half = rows_.half_ulp(fixed, s.upper);
    if (d1 == 0) {
      // The difference is a multiple of a whole unit: never exactly half.
      return std::abs(d0) <= half ? s.end - s.begin : 0;
    }
    std::int64_t first = ceil_quotient(d1 > 0 ? -half - d0 : half - d0, d1);
    std::int64_t last = floor_quotient(d1 > 0 ? half - d0 : -half - d0, d1);
    first = std::max(first, s.begin);
    last = std::min(last, s.end - 1);
    if (first > last) return 0;
    const auto is_wrong_tie = [&](std::int64_t t) {
      return std::abs(d0 + d1 * t) == half &&
             rows_.rounded_ordinal(fixed, t, s.upper) != rows_.result_ordinal(fixed, t);
    };
    std::int64_t count = last - first + 1;
    if (is_wrong_tie(first)) --count;
    if (last != first && is_wrong_tie(last)) --count;
    return count;
  }

 private:
  const log_linear_rows& rows_;
  greatest_fraction greatest_;
  greatest_fraction inverse_;
  greatest_fraction worst_;
};

}  // namespace

void visit_segment_ends(const log_linear_rows& rows,
                        const std::function<void(fraction_pair, std::int64_t)>& visit) {
  std::array<row_segment, log_linear_rows::kMostSegments> storage{};
  for (std::int64_t fixed = 0; fixed < rows.size(); ++fixed) {
    for (const row_segment& s : rows.row(fixed, storage)) {
      for (const std::int64_t t : {s.begin, s.end - 1}) {
        visit(pair_at(rows, fixed, t), rows.result_ordinal(fixed, t));
      }
    }
  }
}

pair_totals total_pairs(const log_linear_rows& rows) {
  const bool exact = rows.kind() == pair_kind::product;
  const std::int64_t M = rows.size();
  pair_visitor visitor(rows);
  column_sum absolute(exact);
  column_sum result(exact);
  column_sum ordinary(exact);
  column_sum mixed(exact);
  column_sum square(exact);
  std::uint64_t correct = 0;
  std::array<row_segment, log_linear_rows::kMostSegments> storage{};
  for (std::int64_t fixed = 0; fixed < M; ++fixed) {
    row_sums sums;
    // Every result of a product is a multiple of M over its unit, every one of a quotient of M + j.
    const std::int64_t common = exact ? M : M + fixed;
    for (const row_segment& s : rows.row(fixed, storage)) {
      for (const std::int64_t t : {s.begin, s.end - 1}) {
        visitor.end_of_segment(fixed, s, t);
      }
      correct += static_cast<std::uint64_t>(visitor.correct(fixed, s));
      sums.add(s);
      sums.add_squares(s, common);
    }
    const auto unit = static_cast<long double>(rows.unit(fixed));
    absolute.add(sums.absolute, unit);
    result.add(sums.result, unit);
    ordinary.add(sums.ordinary, unit);
    mixed.add(sums.mixed, unit * unit / static_cast<long double>(common));
    square.add(sums.square, unit * unit);
  }
  pair_totals totals = visitor.totals;
  const auto pairs = static_cast<std::uint64_t>(M) * static_cast<std::uint64_t>(M);
  totals.wrong = pairs - correct;
  using reference::rational;
  const rational unit = rational(M) * rational(M);
  totals.mean_absolute_error =
      quotient_of(absolute.value(unit), {.value = static_cast<long double>(pairs), .exact = unit});
  totals.mean_ratio = quotient_of(result.value(unit), ordinary.value(unit));
  totals.gain = quotient_of(mixed.value(unit * unit / rational(M)), square.value(unit * unit));
  return totals;
}

}  // namespace pamkit::reports

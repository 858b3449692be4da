#include <algorithm>

#include "identities/identities.hpp"
#include "real/real_groups.hpp"

namespace pamkit::reports {
namespace {

using reference::rational;

// p + q x of the fraction x of the first operand a = 1 + x.
struct affine {
  rational p;
  rational q;
  rational at(const rational& x) const { return p + q * x; }
  friend affine operator+(const affine& u, const affine& v) { return {u.p + v.p, u.q + v.q}; }
  friend affine operator-(const affine& u, const affine& v) { return {u.p - v.p, u.q - v.q}; }
  affine scaled(std::int64_t k) const { return {p.scaled(k), q.scaled(k)}; }
};

// pam(1 + x, y), y > 0; also for x = 1, by continuity.
rational product(const rational& x, const rational& y) {
  const std::int64_t e = y.exponent();
  const rational f = y.fraction();
  const rational sum = x + f;
  return sum < rational(1) ? (rational(1) + sum).scaled(e) : sum.scaled(e + 1);
}

// For a given a the product is affine in its other operand between the knots 2^E and 2^E (2 - x),
// where its slope changes.
const affine kPower{1, 0};
const affine kCarry{2, -1};
constexpr std::int64_t kFarthest = 5;

class vertex_search {
 public:
  rational least;
  rational greatest;
  std::string least_place;
  std::string greatest_place;
  std::uint64_t cases = 0;

  // b and c as affine functions of x: the products are affine between the x where an operand or the
  // sum meets a knot, so that their ratio is monotone there.
  void look_along(const affine& b, const affine& c) {
    std::vector<rational> places = {0, 1};
    for (const affine& y : {b, c, b + c}) {
      for (std::int64_t e = -kFarthest - 1; e <= kFarthest + 2; ++e) {
        for (const affine& knot : {kPower.scaled(e), kCarry.scaled(e)}) {
          const affine d = y - knot;
          if (d.q.is_zero()) continue;
          const rational x = -d.p / d.q;
          if (x > rational(0) && x < rational(1)) places.push_back(x);
        }
      }
    }
    for (const rational& x : places) look_at(x, b.at(x), c.at(x));
  }

 private:
  void look_at(const rational& x, const rational& b, const rational& c) {
    if (b <= rational(0) || c <= rational(0)) return;
    const rational ratio = product(x, b + c) / (product(x, b) + product(x, c));
    const auto place = [&] {
      return "at a = " + (rational(1) + x).to_string() + ", b = " + b.to_string() +
             ", c = " + c.to_string();
    };
    if (cases == 0 || ratio < least) {
      least = ratio;
      least_place = place();
    }
    if (cases == 0 || ratio > greatest) {
      greatest = ratio;
      greatest_place = place();
    }
    ++cases;
  }
};

}  // namespace

// For a given a the plane of b and c is cut by the lines on which b, c or b + c is a knot. In a cell
// numerator and denominator are affine, so the ratio is extreme at a vertex: two of the three are
// knots. All scales by powers of two; the knot that is b, or c, is taken from [1, 2]. Where the other
// operand is more than 2^kFarthest times as far, the ratio is within 1 / (1 + 2^kFarthest) of 1: slopes
// of the product are 1 and 2, so numerator and denominator differ by at most min(b, c) while the
// denominator is at least b + c.
bound_group real_distributivity() {
  vertex_search search;
  for (const affine& b : {kPower, kCarry}) {
    for (const affine& knot : {kPower, kCarry}) {
      for (std::int64_t e = -kFarthest; e <= kFarthest + 1; ++e) {
        search.look_along(b, knot.scaled(e));      // c is a knot
        search.look_along(b, knot.scaled(e) - b);  // b + c is a knot
      }
    }
  }
  bound_group group{.operation = "distributivity",
                    .format = kRealFormat,
                    .arithmetic = "pam",
                    .encoding = describe(binary32{}),
                    .bounds = {}};
  const auto add = [&](const char* metric, const rational& value, const std::string& place) {
    group.bounds.push_back({.metric = metric,
                            .value = static_cast<double>(value.to_high_precision()),
                            .exact = fraction_text(value),
                            .evidence = evidence_kind::proved,
                            .cases = search.cases,
                            .note = place +
                                    "; in rationals at every point where two of b, c and b + c meet "
                                    "a knot of the product"});
  };
  add("min_ratio", search.least, search.least_place);
  add("max_ratio", search.greatest, search.greatest_place);
  return group;
}

}  // namespace pamkit::reports

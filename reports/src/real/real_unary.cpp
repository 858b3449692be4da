#include "real/real_unary.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "measured_operation.hpp"
#include "real/quadrature.hpp"

namespace pamkit::reports {
namespace {

using real = long double;

// The definition on one binade (of exp2, one unit) from `from`, fractions F in [0, 1).
struct unit_piece {
  real from;
  real length;
  real (*result)(real fraction);
};

struct real_unary {
  std::string_view name;
  std::array<unit_piece, 2> pieces;
  std::size_t count;
};

constexpr std::array kDefinitions = {
    real_unary{"exp2", {{{0, 1, [](real f) { return 1 + f; }}, {}}}, 1},
    real_unary{"log2", {{{1, 1, [](real f) { return f; }}, {}}}, 1},
    real_unary{"sqrt",
               {{{1, 1, [](real f) { return 1 + f / 2; }},
                 {2, 2, [](real f) { return 1 + (1 + f) / 2; }}}},
               2},
};

const real_unary* find_definition(std::string_view operation) {
  const auto it = std::ranges::find(kDefinitions, operation, &real_unary::name);
  return it == kDefinitions.end() ? nullptr : &*it;
}

// Where a function with one greatest value on [0, 1] has it.
template <class F>
real place_of_greatest(const F& f) {
  real low = 0;
  real high = 1;
  constexpr int kSteps = 120;
  for (int step = 0; step < kSteps; ++step) {
    const real a = low + (high - low) / 3;
    const real b = high - (high - low) / 3;
    (f(a) < f(b) ? low : high) = f(a) < f(b) ? a : b;
  }
  return (low + high) / 2;
}

}  // namespace

bool has_real_unary(std::string_view operation) { return find_definition(operation) != nullptr; }

real_unary_errors measure_real_unary(std::string_view operation) {
  const real_unary& definition = *find_definition(operation);
  const measured_operation& measured = *find_measured_operation(operation);
  real_unary_errors e;
  bool seen = false;
  constexpr std::size_t kSums = 7;
  integrals<kSums> sum{};
  for (std::size_t n = 0; n < definition.count; ++n) {
    const unit_piece& piece = definition.pieces[n];
    const auto argument = [&](real f) { return piece.from + piece.length * f; };
    const auto compared = [&](real f) {
      ++e.evaluations;
      return measured.compare(piece.result(f), argument(f), 0);
    };
    for (const real f : {real{0}, place_of_greatest([&](real x) { return compared(x).error; }),
                         place_of_greatest([&](real x) { return -compared(x).error; }), real{1}}) {
      const comparison c = compared(f);
      if (!seen || c.error < e.least) {
        e.least = c.error;
        e.least_at = argument(f);
      }
      if (!seen || c.error > e.greatest) {
        e.greatest = c.error;
        e.greatest_at = argument(f);
      }
      seen = true;
    }
    const auto distance = [&](real f) { return std::abs(piece.result(f) - compared(f).ordinary); };
    e.worst = std::max({e.worst, distance(0), distance(1), distance(place_of_greatest(distance))});
    const panel_integral<kSums> integrate;
    const integrals<kSums> part = integrate(
        [&](real f) {
          const comparison c = compared(f);
          const real r = piece.result(f);
          return integrals<kSums>{c.error,      c.error * c.error, std::abs(r - c.ordinary), r,
                                  c.ordinary,   r * c.ordinary,    c.ordinary * c.ordinary};
        },
        {0, 1});
    for (std::size_t i = 0; i < kSums; ++i) sum[i] += part[i] / static_cast<real>(definition.count);
  }
  e.mean = sum[0];
  e.rms = std::sqrt(sum[1]);
  e.mean_absolute_error = sum[2];
  e.mean_ratio = sum[3] / sum[4];
  e.gain = sum[5] / sum[6];
  return e;
}

}  // namespace pamkit::reports

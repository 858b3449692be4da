#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

/// Fraction pairs of a product or quotient whose encodings add (subtract) as integers, row by row.
///
/// Operands are 1 + i/M and 1 + j/M. A row fixes one fraction, `fixed`, and lets the other, t, run:
/// of a product the first operand is fixed, of a quotient the divisor, so that in every row result
/// and ordinary value, times a unit of the row, are affine functions of t between a few edges.
/// Everything is an integer below 2^51 for M up to 2^23, so that all comparisons are exact.

namespace pamkit::reports {

enum class pair_kind : std::uint8_t { product, quotient };

/// A run of t in one row, on which result and ordinary value stay in one piece and one binade each.
struct row_segment {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  int piece = 0;       ///< k = floor of the sum (difference) of the fractions and the offset
  bool upper = false;  ///< ordinary value: product in [2, 4), quotient in [1, 2)
  // result = (r0 + r1 t) / unit, ordinary value = (e0 + e1 t) / unit of the row
  std::int64_t r0 = 0;
  std::int64_t r1 = 0;
  std::int64_t e0 = 0;
  std::int64_t e1 = 0;

  std::int64_t result(std::int64_t t) const { return r0 + r1 * t; }
  std::int64_t ordinary(std::int64_t t) const { return e0 + e1 * t; }
};

/// The rows of one kind, number of fractions M = 2^N (1 <= N <= 23) and offset 0 <= c <= M in
/// fraction units: mag(r) = mag(a) + mag(b) - ONE + c, or mag(a) - mag(b) + ONE - c.
class log_linear_rows {
 public:
  static constexpr std::size_t kMostSegments = 4;

  log_linear_rows(pair_kind kind, std::int64_t M, std::int64_t c) : kind_(kind), M_(M), c_(c) {}

  pair_kind kind() const { return kind_; }
  std::int64_t size() const { return M_; }
  std::int64_t offset() const { return c_; }

  /// Tells these rows from all others.
  std::string key() const {
    return (kind_ == pair_kind::product ? "product/" : "quotient/") + std::to_string(M_) + '/' +
           std::to_string(c_);
  }

  /// The segments of a row, in ascending t; the span is valid until the next call on `storage`.
  std::span<const row_segment> row(std::int64_t fixed,
                                   std::array<row_segment, kMostSegments>& storage) const {
    std::array<std::int64_t, kMostSegments + 1> edges{};
    std::size_t count = 1;
    for (const std::int64_t edge : edges_of(fixed)) {
      if (edge <= 0 || edge >= M_) continue;
      std::size_t place = count++;
      for (; edges[place - 1] > edge; --place) edges[place] = edges[place - 1];
      edges[place] = edge;
    }
    edges[count] = M_;
    std::size_t segments = 0;
    for (std::size_t n = 0; n < count; ++n) {
      if (edges[n] == edges[n + 1]) continue;
      storage[segments++] = segment(fixed, edges[n], edges[n + 1]);
    }
    return {storage.data(), segments};
  }

  /// value * unit(fixed) is the integer of a segment.
  std::int64_t unit(std::int64_t fixed) const {
    return kind_ == pair_kind::product ? M_ * M_ : 4 * M_ * (M_ + fixed);
  }
  /// mag(r) - ONE of the result, in fraction units.
  std::int64_t result_ordinal(std::int64_t fixed, std::int64_t t) const {
    return kind_ == pair_kind::product ? fixed + t + c_ : t - fixed - c_;
  }
  /// Half a unit in the last place of the ordinary value, times the row's unit.
  std::int64_t half_ulp(std::int64_t fixed, bool upper) const {
    if (kind_ == pair_kind::product) return upper ? M_ : M_ / 2;
    return upper ? 2 * (M_ + fixed) : M_ + fixed;
  }
  /// mag - ONE of the correctly rounded ordinary value, in fraction units; ties to even.
  std::int64_t rounded_ordinal(std::int64_t fixed, std::int64_t t, bool upper) const {
    if (kind_ == pair_kind::product) {
      const std::int64_t product = (M_ + fixed) * (M_ + t);
      return upper ? nearest(product, 2 * M_) : nearest(product, M_) - M_;
    }
    return upper ? nearest((M_ + t) * M_, M_ + fixed) - M_
                 : nearest(2 * (M_ + t) * M_, M_ + fixed) - 2 * M_;
  }
  /// Whether a result in this piece can equal a correctly rounded value whose ordinary value is in
  /// this binade: not if the result lies in a lower one.
  bool may_be_correct(const row_segment& s) const {
    const int binade = kind_ == pair_kind::product ? (s.upper ? 1 : 0) : (s.upper ? 0 : -1);
    return s.piece >= binade;
  }

 private:
  // n / d to the nearest integer, ties to even; both positive.
  static std::int64_t nearest(std::int64_t n, std::int64_t d) {
    const std::int64_t q = n / d;
    const std::int64_t twice = 2 * (n - q * d);
    return q + (twice > d || (twice == d && (q & 1) != 0) ? 1 : 0);
  }

  // Where a piece or a binade begins.
  std::array<std::int64_t, 3> edges_of(std::int64_t fixed) const {
    if (kind_ == pair_kind::product) {
      const std::int64_t x = M_ + fixed;
      return {M_ - c_ - fixed, 2 * M_ - c_ - fixed, (2 * M_ * M_ + x - 1) / x - M_};
    }
    return {fixed + c_, fixed + c_ - M_, fixed};
  }

  row_segment segment(std::int64_t fixed, std::int64_t begin, std::int64_t end) const {
    row_segment s{.begin = begin, .end = end};
    const std::int64_t ordinal = result_ordinal(fixed, begin);
    // Floor division; the ordinal is at least -2 M.
    s.piece = static_cast<int>((ordinal + 2 * M_) / M_) - 2;
    const std::int64_t significand_at_0 = result_ordinal(fixed, 0) + M_ * (1 - s.piece);
    if (kind_ == pair_kind::product) {
      const std::int64_t scale = M_ << s.piece;
      s.r0 = scale * significand_at_0;
      s.r1 = scale;
      s.e0 = (M_ + fixed) * M_;
      s.e1 = M_ + fixed;
      s.upper = s.ordinary(begin) >= 2 * M_ * M_;
    } else {
      const std::int64_t scale = (M_ + fixed) << (2 + s.piece);
      s.r0 = scale * significand_at_0;
      s.r1 = scale;
      s.e0 = 4 * M_ * M_;
      s.e1 = 4 * M_;
      s.upper = begin >= fixed;
    }
    return s;
  }

  pair_kind kind_;
  std::int64_t M_;
  std::int64_t c_;
};

}  // namespace pamkit::reports

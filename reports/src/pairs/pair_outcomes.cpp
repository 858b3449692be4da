#include "pairs/pair_outcomes.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <stdexcept>

#include "measurement/operand_sequence.hpp"

namespace pamkit::reports {
namespace {

// A finite nonzero number as significand (M to 2 M - 1, of M fraction units) times 2^exponent.
struct number {
  std::int64_t significand = 0;
  int exponent = 0;
};

class encoder {
 public:
  explicit encoder(const format_description& f) : f_(f), M_(std::int64_t{1} << f.kept_bits) {}

  std::int64_t M() const { return M_; }
  int least_exponent() const { return 1 - f_.bias; }
  int greatest_exponent() const {
    return static_cast<int>(f_.max_finite >> f_.fraction_bits) - f_.bias;
  }
  // The exponents that a fraction occurs with, subnormal numbers included where they count.
  int lowest(std::uint32_t fraction, bool subnormals) const {
    if (!subnormals) return least_exponent();
    return least_exponent() - std::countr_zero(static_cast<std::uint64_t>(M_ + fraction));
  }
  int highest(std::uint32_t fraction) const {
    const bool exists = encode({M_ + fraction, greatest_exponent()}) <= f_.max_finite;
    return exists ? greatest_exponent() : greatest_exponent() - 1;
  }
  // Exponents below the normal ones must leave the significand whole.
  std::uint32_t encode(const number& x) const {
    if (x.exponent < least_exponent()) {
      return static_cast<std::uint32_t>(x.significand >> (least_exponent() - x.exponent))
             << f_.dropped_bits;
    }
    return (static_cast<std::uint32_t>(x.exponent + f_.bias) << f_.fraction_bits) +
           (static_cast<std::uint32_t>(x.significand - M_) << f_.dropped_bits);
  }
  number decode(std::uint32_t bits) const {
    const std::uint32_t magnitude = bits & f_.magnitude_mask;
    const int field = static_cast<int>(magnitude >> f_.fraction_bits);
    const std::int64_t fraction = (magnitude & (f_.min_normal - 1)) >> f_.dropped_bits;
    if (field > 0) return {M_ + fraction, field - f_.bias};
    const int shift =
        f_.kept_bits + 1 - static_cast<int>(std::bit_width(static_cast<std::uint64_t>(fraction)));
    return {fraction << shift, least_exponent() - shift};
  }

 private:
  const format_description& f_;
  std::int64_t M_;
};

class outcome_maker {
 public:
  explicit outcome_maker(const evaluator& evaluate)
      : evaluate_(evaluate),
        encoder_(evaluate.format),
        product_(evaluate.operation.name == "mul") {}

  const encoder& encodings() const { return encoder_; }
  bool is_product() const { return product_; }

  // Of operands whose result is normal and finite. Throws where it is too small for whole numbers.
  pair_outcome make(std::uint32_t a, std::uint32_t b, std::uint32_t r,
                    std::uint32_t rounded) const {
    const number x = encoder_.decode(a);
    const number y = encoder_.decode(b);
    const number z = encoder_.decode(r);
    const std::int64_t M = encoder_.M();
    const int exponent =
        z.exponent - (product_ ? x.exponent + y.exponent : x.exponent - y.exponent);
    if (exponent < -pair_outcome::kScale || exponent > pair_outcome::kScale) {
      throw std::logic_error("a product or quotient far from the ordinary one");
    }
    const std::int64_t significand = z.significand << (exponent + pair_outcome::kScale);
    const std::int64_t scale = std::int64_t{1} << pair_outcome::kScale;
    pair_outcome o{.result = significand * (product_ ? M : y.significand),
                   .ordinary = x.significand * (product_ ? y.significand : M) * scale,
                   .i = static_cast<std::uint32_t>(x.significand - M),
                   .j = static_cast<std::uint32_t>(y.significand - M),
                   .a = a,
                   .b = b,
                   .r = r};
    if (evaluate_.format.is_finite(rounded)) o.ulps = distance(r, rounded);
    return o;
  }

 private:
  std::int32_t distance(std::uint32_t r, std::uint32_t rounded) const {
    const format_description& f = evaluate_.format;
    const auto ordinal = [&](std::uint32_t bits) {
      const auto magnitude = static_cast<std::int64_t>(bits & f.magnitude_mask) >> f.dropped_bits;
      return f.sign(bits) ? -magnitude : magnitude;
    };
    return static_cast<std::int32_t>(std::abs(ordinal(r) - ordinal(rounded)));
  }

  const evaluator& evaluate_;
  encoder encoder_;
  bool product_;
};

// Operand pairs evaluated in blocks; `use` gets the number of the pair, operands, result and
// correctly rounded result.
template <class Use>
class pair_block {
 public:
  pair_block(const evaluator& evaluate, Use use) : evaluate_(evaluate), use_(std::move(use)) {}
  void add(std::uint32_t a, std::uint32_t b) {
    a_.push_back(a);
    b_.push_back(b);
    if (a_.size() == kBlock) finish();
  }
  void finish() {
    evaluate_(a_, b_, r_);
    evaluate_.rounded(a_, b_, rounded_);
    for (std::size_t n = 0; n < a_.size(); ++n) use_(first_ + n, a_[n], b_[n], r_[n], rounded_[n]);
    first_ += a_.size();
    a_.clear();
    b_.clear();
  }

 private:
  const evaluator& evaluate_;
  Use use_;
  std::size_t first_ = 0;
  std::vector<std::uint32_t> a_;
  std::vector<std::uint32_t> b_;
  std::vector<std::uint32_t> r_;
  std::vector<std::uint32_t> rounded_;
};

// Exponent sums (differences) near an end of the range at which results can leave it.
constexpr int kEnd = 4;

class outcome_counter {
 public:
  explicit outcome_counter(const evaluator& evaluate)
      : evaluate_(evaluate),
        maker_(evaluate),
        least_(maker_.encodings().least_exponent()),
        greatest_(maker_.encodings().greatest_exponent()),
        subnormals_(evaluate.operand_subnormals == subnormal_policy::gradual) {}

  std::optional<pair_outcomes> run() {
    const auto M = static_cast<std::uint32_t>(maker_.encodings().M());
    pair_outcomes all{.list = {},
                      .note =
                          "every fraction pair evaluated with each exponent sum at the ends of "
                          "the range and one between, and its operand pairs counted"};
    all.list.reserve(std::size_t{M} * M);
    add_middle(M, all.list);
    for (int s = least_ - kEnd; s < least_ + kEnd; ++s) add_sum(M, s, all.list);
    for (int s = greatest_ - kEnd + 1; s <= greatest_ + kEnd; ++s) add_sum(M, s, all.list);
    if (!agrees_) return std::nullopt;
    return all;
  }

 private:
  // How many exponents of a go with one of b so that their sum (difference) is s; both signs of
  // both. `first` is the least such exponent of a.
  struct exponent_run {
    int first = 0;
    int count = 0;
  };
  exponent_run exponents_with_sum(std::uint32_t i, std::uint32_t j, int s) const {
    const encoder& e = maker_.encodings();
    const int low = e.lowest(j, subnormals_);
    const int high = e.highest(j);
    // Of b: s - ea (product), ea - s (quotient).
    const int first = std::max(e.lowest(i, subnormals_), maker_.is_product() ? s - high : s + low);
    const int last = std::min(e.highest(i), maker_.is_product() ? s - low : s + high);
    return {first, std::max(0, last - first + 1)};
  }
  int partner(int s, int ea) const { return maker_.is_product() ? s - ea : ea - s; }

  std::uint32_t encode(std::uint32_t fraction, int exponent) const {
    return maker_.encodings().encode({maker_.encodings().M() + fraction, exponent});
  }

  void add_middle(std::uint32_t M, std::vector<pair_outcome>& list) {
    pair_block block(evaluate_, [&](std::size_t, std::uint32_t a, std::uint32_t b, std::uint32_t r,
                                    std::uint32_t rounded) {
      list.push_back(maker_.make(a, b, r, rounded));
      pair_outcome& o = list.back();
      o.weight = 0;
      for (int s = least_ + kEnd; s <= greatest_ - kEnd; ++s) {
        o.weight += 4 * static_cast<std::uint64_t>(exponents_with_sum(o.i, o.j, s).count);
      }
    });
    for (std::uint32_t i = 0; i < M; ++i) {
      for (std::uint32_t j = 0; j < M; ++j) block.add(encode(i, 0), encode(j, 0));
    }
    block.finish();
    check_sum(M, (least_ + greatest_) / 2, list);
  }

  // One exponent sum at an end, of every fraction pair that has it. Results that are the middle's
  // times a power of two count there.
  void add_sum(std::uint32_t M, int s, std::vector<pair_outcome>& list) {
    std::vector<exponent_run> runs;
    std::vector<std::size_t> places;
    for (std::uint32_t i = 0; i < M; ++i) {
      for (std::uint32_t j = 0; j < M; ++j) {
        const exponent_run run = exponents_with_sum(i, j, s);
        if (run.count == 0) continue;
        runs.push_back(run);
        places.push_back(std::size_t{i} * M + j);
      }
    }
    std::vector<pair_outcome> extra;
    // Both the plainest exponents and others, which must agree.
    pair_block block(evaluate_, [&](std::size_t n, std::uint32_t a, std::uint32_t b,
                                    std::uint32_t r, std::uint32_t rounded) {
      const std::size_t pair = n / 2;
      pair_outcome& middle = list[places[pair]];
      const bool in_range = evaluate_.format.is_normal(r);
      if (n % 2 == 0) {
        last_in_range_ = in_range;
        if (!in_range) return;
        last_ = maker_.make(a, b, r, rounded);
        last_.weight = 4 * static_cast<std::uint64_t>(runs[pair].count);
        if (last_.result == middle.result && last_.ulps == middle.ulps) {
          middle.weight += last_.weight;
        } else {
          extra.push_back(last_);
        }
      } else {
        agrees_ = agrees_ && in_range == last_in_range_;
        if (in_range && last_in_range_) {
          const pair_outcome other = maker_.make(a, b, r, rounded);
          agrees_ =
              agrees_ && other.result == last_.result && other.ulps == last_.ulps &&
              evaluate_.format.sign(r) == (evaluate_.format.sign(a) != evaluate_.format.sign(b));
        }
      }
    });
    for (std::size_t n = 0; n < places.size(); ++n) {
      const auto i = static_cast<std::uint32_t>(places[n] / M);
      const auto j = static_cast<std::uint32_t>(places[n] % M);
      const int nearest = std::clamp(0, runs[n].first, runs[n].first + runs[n].count - 1);
      block.add(encode(i, nearest), encode(j, partner(s, nearest)));
      add_other(block, i, j, s, runs[n]);
    }
    block.finish();
    list.insert(list.end(), extra.begin(), extra.end());
  }

  // Operands with random exponents of the sum and random signs.
  template <class Block>
  void add_other(Block& block, std::uint32_t i, std::uint32_t j, int s, const exponent_run& run) {
    const std::uint64_t random = random_.next();
    const int ea = run.first + static_cast<int>((random >> 32) % static_cast<unsigned>(run.count));
    const std::uint32_t sign = evaluate_.format.sign_mask;
    block.add(encode(i, ea) | ((random & 1) != 0 ? sign : 0),
              encode(j, partner(s, ea)) | ((random & 2) != 0 ? sign : 0));
  }

  // A sum between the ends: equal to the middle's but for the power of two.
  void check_sum(std::uint32_t M, int s, const std::vector<pair_outcome>& list) {
    pair_block block(evaluate_, [&](std::size_t n, std::uint32_t a, std::uint32_t b,
                                    std::uint32_t r, std::uint32_t rounded) {
      if (!evaluate_.format.is_normal(r)) {
        agrees_ = false;
        return;
      }
      const pair_outcome other = maker_.make(a, b, r, rounded);
      agrees_ = agrees_ && other.result == list[n].result && other.ulps == list[n].ulps &&
                evaluate_.format.sign(r) == (evaluate_.format.sign(a) != evaluate_.format.sign(b));
    });
    for (std::uint32_t i = 0; i < M; ++i) {
      for (std::uint32_t j = 0; j < M; ++j) {
        add_other(block, i, j, s, exponents_with_sum(i, j, s));
      }
    }
    block.finish();
  }

  const evaluator& evaluate_;
  outcome_maker maker_;
  int least_;
  int greatest_;
  bool subnormals_;
  bool agrees_ = true;
  operand_sequence random_{1};
  bool last_in_range_ = false;
  pair_outcome last_;
};

}  // namespace

pair_outcomes fraction_outcomes(const evaluator& evaluate) {
  const outcome_maker maker(evaluate);
  const auto M = static_cast<std::uint32_t>(maker.encodings().M());
  pair_outcomes all;
  all.list.reserve(std::size_t{M} * M);
  pair_block block(evaluate, [&](std::size_t, std::uint32_t a, std::uint32_t b, std::uint32_t r,
                                 std::uint32_t rounded) {
    if (!evaluate.format.is_normal(r)) {
      throw std::logic_error("a product or quotient of operands in [1, 2) is not a normal number");
    }
    all.list.push_back(maker.make(a, b, r, rounded));
  });
  for (std::uint32_t i = 0; i < M; ++i) {
    for (std::uint32_t j = 0; j < M; ++j) {
      block.add(maker.encodings().encode({M + i, 0}), maker.encodings().encode({M + j, 0}));
    }
  }
  block.finish();
  return all;
}

pair_outcomes enumerated_outcomes(const evaluator& evaluate) {
  const outcome_maker maker(evaluate);
  const format_description& f = evaluate.format;
  pair_outcomes all;
  const auto is_number = [&](std::uint32_t x) {
    return f.is_normal(x) ||
           (f.is_subnormal(x) && evaluate.operand_subnormals == subnormal_policy::gradual);
  };
  pair_block block(evaluate, [&](std::size_t, std::uint32_t a, std::uint32_t b, std::uint32_t r,
                                 std::uint32_t rounded) {
    if (f.is_normal(r) && is_number(a) && is_number(b)) {
      all.list.push_back(maker.make(a, b, r, rounded));
    }
  });
  // Operands near 1 first, positive ones before negative ones: where many attain an extreme the
  // plainest stand for all.
  std::vector<std::uint32_t> order;
  for (std::uint32_t x = 0; x <= (f.sign_mask | f.magnitude_mask); ++x) order.push_back(x);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t x) {
    const auto magnitude = static_cast<std::int64_t>(x & f.magnitude_mask);
    return std::pair(f.sign(x), std::abs(magnitude - std::int64_t{f.one}));
  });
  for (const std::uint32_t a : order) {
    for (const std::uint32_t b : order) block.add(a, b);
  }
  block.finish();
  return all;
}

std::optional<pair_outcomes> counted_outcomes(const evaluator& evaluate) {
  return outcome_counter(evaluate).run();
}

}  // namespace pamkit::reports

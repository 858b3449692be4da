#include "tape.hpp"

#include <algorithm>
#include <bit>

#include "widening.hpp"

namespace pamkit::reference {
namespace {

constexpr std::uint32_t kSign = 0x80000000;
constexpr std::uint32_t kOne = 0x3F800000;
constexpr std::uint32_t kHalf = 0x3F000000;
constexpr std::uint32_t kMinusInfinity = 0xFF800000;

bool is_nan(std::uint32_t x) { return describe(binary32{}).is_nan(x); }

exact_value value_of(std::uint32_t x) {
  return decode(describe(binary32{}), x, subnormal_policy::gradual);
}

std::uint32_t negated(std::uint32_t x) { return is_nan(x) ? describe(binary32{}).nan : x ^ kSign; }

std::uint32_t ln2_word() { return ln2(describe(binary32{})); }

}  // namespace

std::uint32_t sum_in_lanes(std::span<const std::uint32_t> words) {
  std::vector<std::uint32_t> lanes(32, 0);
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (std::size_t i = lane; i < words.size(); i += lanes.size()) {
      lanes[lane] = add_binary32(lanes[lane], words[i]);
    }
  }
  while (lanes.size() > 1) {
    const std::size_t half = lanes.size() / 2;
    for (std::size_t i = 0; i < half; ++i) lanes[i] = add_binary32(lanes[i], lanes[i + half]);
    lanes.resize(half);
  }
  return lanes.front();
}

std::uint32_t sum_in_blocks(std::span<const std::uint32_t> words) {
  constexpr std::size_t kRowsPerBlock = 128;
  std::uint32_t total = 0;
  while (!words.empty()) {
    const auto block = words.first(std::min(kRowsPerBlock, words.size()));
    std::uint32_t sum = 0;
    for (const std::uint32_t w : block) sum = add_binary32(sum, w);
    total = add_binary32(total, sum);
    words = words.subspan(block.size());
  }
  return total;
}

std::uint32_t greatest(std::span<const std::uint32_t> words) {
  std::uint32_t best = kMinusInfinity;
  for (const std::uint32_t w : words) {
    if (is_nan(w)) return describe(binary32{}).nan;
    const exact_value x = value_of(w);
    const exact_value b = value_of(best);
    if (b.is_infinite() && !b.negative) continue;
    const bool is_greater = x.is_infinite() ? !x.negative : b.is_infinite() || x.value > b.value;
    if (is_greater) best = w;
  }
  return best;
}

std::uint32_t floor_binary32(std::uint32_t word) {
  const exact_value x = value_of(word);
  if (!x.is_finite()) return x.is_nan() ? describe(binary32{}).nan : word;
  const rational whole(x.value.floor());
  return encode(abs(whole), x.negative, describe(binary32{}), subnormal_policy::gradual,
                overflow_policy::infinity);
}

std::uint32_t rounded(double x) {
  const float once = static_cast<float>(x);
  return std::bit_cast<std::uint32_t>(once);
}

tape::tape(const rules& given, derivative kind) : rules_(given), kind_(kind) {
  rules_.compensation = 0;
  const std::string_view name = rules_.arithmetic;
  mul_ = find("mul", name);
  div_ = find("div", name);
  exp2_ = find("exp2", name);
  log2_ = find("log2", name);
  sqrt_ = find("sqrt", name);
  vjp_a_ = find_product_vjp(name, kind, wrt::a);
  vjp_b_ = find_product_vjp(name, kind, wrt::b);
  div_da_ = find("div_da", name);
  div_db_ = find("div_db", name);
  exp2_da_ = find("exp2_da", name);
  log2_da_ = find("log2_da", name);
  has_slopes_ = kind == derivative::exact && div_da_ != nullptr;
}

std::uint32_t tape::call(scalar_oracle oracle, std::uint32_t x) const {
  const std::array operands = {x};
  return oracle(rules_, operands);
}

std::uint32_t tape::call(scalar_oracle oracle, std::uint32_t x, std::uint32_t y) const {
  const std::array operands = {x, y};
  return oracle(rules_, operands);
}

template <class Function>
matrix tape::map(const matrix& a, const matrix& b, const Function& f) const {
  matrix r;
  r.repeats_rows = a.repeats_rows && b.repeats_rows;
  r.repeats_columns = a.repeats_columns && b.repeats_columns;
  r.rows = a.repeats_rows ? b.rows : a.rows;
  r.columns = a.repeats_columns ? b.columns : a.columns;
  for (std::int64_t i = 0; i < r.rows; ++i) {
    for (std::int64_t j = 0; j < r.columns; ++j) r.words.push_back(f(a.at(i, j), b.at(i, j)));
  }
  return r;
}

tape::value tape::record(matrix result, bool is_differentiated) {
  steps_.push_back({std::move(result), is_differentiated, nullptr, std::nullopt});
  return steps_.size() - 1;
}

tape::value tape::variable(matrix m) { return record(std::move(m), true); }
tape::value tape::constant(matrix m) { return record(std::move(m), false); }

// Terms of a step's shape back to that of an operand that it repeated: along rows in lanes, over
// rows in blocks.
matrix tape::summed_to_shape(const matrix& terms, const matrix& shape) const {
  matrix m = terms;
  if (shape.repeats_columns && !m.repeats_columns) {
    matrix sums{m.rows, 1, {}, m.repeats_rows, true};
    const auto n = static_cast<std::size_t>(m.columns);
    for (std::int64_t i = 0; i < m.rows; ++i) {
      sums.words.push_back(
          sum_in_lanes(std::span(m.words).subspan(static_cast<std::size_t>(i) * n, n)));
    }
    m = std::move(sums);
  }
  if (shape.repeats_rows && !m.repeats_rows) {
    matrix sums{1, m.columns, {}, true, m.repeats_columns};
    for (std::int64_t j = 0; j < m.columns; ++j) {
      std::vector<std::uint32_t> column;
      for (std::int64_t i = 0; i < m.rows; ++i) column.push_back(m.at(i, j));
      sums.words.push_back(sum_in_blocks(column));
    }
    m = std::move(sums);
  }
  return m;
}

// The first contribution to arrive is that of the last use.
void tape::contribute(value to, const matrix& derivative) {
  step& s = steps_[to];
  if (!s.is_differentiated) return;
  const matrix own = summed_to_shape(derivative, s.result);
  s.incoming = s.incoming ? map(*s.incoming, own, add_binary32) : own;
}

tape::value tape::binary(scalar_oracle oracle, vjp derivative, value a, value b) {
  const value v = record(
      map(steps_[a].result, steps_[b].result, [&](auto x, auto y) { return call(oracle, x, y); }),
      steps_[a].is_differentiated || steps_[b].is_differentiated);
  steps_[v].backward = [this, v, derivative, a, b] {
    const auto towards = [&](wrt operand) {
      const matrix& d = *steps_[v].incoming;
      matrix m = d.empty_like();
      for (std::int64_t i = 0; i < d.rows; ++i) {
        for (std::int64_t j = 0; j < d.columns; ++j) {
          m.words.push_back((this->*derivative)(operand, d.at(i, j), steps_[a].result.at(i, j),
                                                steps_[b].result.at(i, j)));
        }
      }
      return m;
    };
    // One step that uses a value twice adds its own contributions to each other first.
    if (a == b) return contribute(a, map(towards(wrt::a), towards(wrt::b), add_binary32));
    if (steps_[a].is_differentiated) contribute(a, towards(wrt::a));
    if (steps_[b].is_differentiated) contribute(b, towards(wrt::b));
  };
  return v;
}

tape::value tape::mul(value a, value b) { return binary(mul_, &tape::product_vjp, a, b); }
tape::value tape::div(value a, value b) { return binary(div_, &tape::quotient_vjp, a, b); }

tape::value tape::add(value a, value b) {
  const value v = record(map(steps_[a].result, steps_[b].result, add_binary32),
                         steps_[a].is_differentiated || steps_[b].is_differentiated);
  steps_[v].backward = [this, v, a, b] {
    contribute(a, *steps_[v].incoming);
    contribute(b, *steps_[v].incoming);
  };
  return v;
}

tape::value tape::subtract(value a, value b) {
  const value v = record(map(steps_[a].result, steps_[b].result,
                             [](auto x, auto y) { return add_binary32(x, negated(y)); }),
                         steps_[a].is_differentiated || steps_[b].is_differentiated);
  steps_[v].backward = [this, v, a, b] {
    contribute(a, *steps_[v].incoming);
    matrix d = *steps_[v].incoming;
    for (std::uint32_t& w : d.words) w = negated(w);
    contribute(b, d);
  };
  return v;
}

tape::value tape::exp2(value x) {
  matrix y = steps_[x].result;
  for (std::uint32_t& w : y.words) w = call(exp2_, w);
  const value v = record(std::move(y), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    matrix d = *steps_[v].incoming;
    for (std::size_t i = 0; i < d.words.size(); ++i) {
      d.words[i] = exp2_vjp(d.words[i], steps_[x].result.words[i], steps_[v].result.words[i]);
    }
    contribute(x, d);
  };
  return v;
}

tape::value tape::log2(value x) {
  matrix y = steps_[x].result;
  for (std::uint32_t& w : y.words) w = call(log2_, w);
  const value v = record(std::move(y), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    contribute(x, map(*steps_[v].incoming, steps_[x].result,
                      [&](auto d, auto w) { return log2_vjp(d, w); }));
  };
  return v;
}

tape::value tape::sqrt(value x) {
  matrix y = steps_[x].result;
  for (std::uint32_t& w : y.words) w = call(sqrt_, w);
  const value v = record(std::move(y), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    contribute(x, map(*steps_[v].incoming, steps_[x].result,
                      [&](auto d, auto w) { return sqrt_vjp(d, w); }));
  };
  return v;
}

tape::value tape::negate(value x) {
  matrix y = steps_[x].result;
  for (std::uint32_t& w : y.words) w = negated(w);
  const value v = record(std::move(y), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    matrix d = *steps_[v].incoming;
    for (std::uint32_t& w : d.words) w = negated(w);
    contribute(x, d);
  };
  return v;
}

tape::value tape::row_sum(value x) {
  const matrix& m = steps_[x].result;
  const value v =
      record(summed_to_shape(m, matrix{m.rows, 1, {}, false, true}), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    const matrix& in = steps_[x].result;
    contribute(x, map(*steps_[v].incoming, in, [](auto d, auto) { return d; }));
  };
  return v;
}

tape::value tape::total(value x) {
  const value v =
      record(matrix::scalar(sum_in_lanes(steps_[x].result.words)), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x] {
    const matrix& in = steps_[x].result;
    contribute(x, map(*steps_[v].incoming, in, [](auto d, auto) { return d; }));
  };
  return v;
}

tape::value tape::replace(value x, const std::vector<bool>& mask, std::uint32_t instead) {
  matrix y = steps_[x].result;
  for (std::size_t i = 0; i < y.words.size(); ++i) {
    if (mask[i]) y.words[i] = instead;
  }
  const value v = record(std::move(y), steps_[x].is_differentiated);
  steps_[v].backward = [this, v, x, mask] {
    matrix d = *steps_[v].incoming;
    for (std::size_t i = 0; i < d.words.size(); ++i) {
      if (mask[i]) d.words[i] = 0;
    }
    contribute(x, d);
  };
  return v;
}

void tape::backward(value from, const matrix& incoming) {
  steps_[from].incoming = incoming;
  for (std::size_t v = from + 1; v-- > 0;) {
    const bool is_reached = steps_[v].incoming.has_value() && steps_[v].is_differentiated;
    if (is_reached && steps_[v].backward != nullptr) steps_[v].backward();
  }
}

matrix tape::derivative_of(value v) const {
  if (steps_[v].incoming) return *steps_[v].incoming;
  matrix none = steps_[v].result.empty_like();
  none.words.assign(steps_[v].result.words.size(), 0);
  return none;
}

std::uint32_t tape::product_vjp(wrt operand, std::uint32_t d, std::uint32_t a,
                                std::uint32_t b) const {
  const std::array operands = {d, a, b};
  return (operand == wrt::a ? vjp_a_ : vjp_b_)(rules_, operands);
}

std::uint32_t tape::quotient_vjp(wrt operand, std::uint32_t d, std::uint32_t a,
                                 std::uint32_t b) const {
  if (has_slopes_) return call(mul_, d, call(operand == wrt::a ? div_da_ : div_db_, a, b));
  if (operand == wrt::a) return call(mul_, call(div_, kOne, b), d);
  return negated(call(mul_, call(div_, call(div_, a, b), b), d));
}

std::uint32_t tape::exp2_vjp(std::uint32_t d, std::uint32_t x, std::uint32_t y) const {
  if (has_slopes_) return call(mul_, d, call(exp2_da_, x));
  return call(mul_, call(mul_, y, ln2_word()), d);
}

std::uint32_t tape::log2_vjp(std::uint32_t d, std::uint32_t x) const {
  if (has_slopes_) return call(mul_, d, call(log2_da_, x));
  return call(div_, call(div_, d, x), ln2_word());
}

// pasqrt is papow(x, 1/2): exp2 of half the logarithm, and +0 where x is a zero. An IEEE root has
// d/2 over itself.
std::uint32_t tape::sqrt_vjp(std::uint32_t d, std::uint32_t x) const {
  const bool is_ieee = rules_.arithmetic == "exact";
  const exact_value v =
      decode(rules_.format, x, is_ieee ? subnormal_policy::gradual : rules_.subnormals);
  if (v.is_zero()) return 0;
  if (is_ieee) return call(div_, call(mul_, d, kHalf), call(sqrt_, x));
  const std::uint32_t logarithm = call(log2_, x);
  const std::uint32_t halved = call(mul_, logarithm, kHalf);
  const std::uint32_t towards_halved = exp2_vjp(d, halved, call(exp2_, halved));
  return log2_vjp(product_vjp(wrt::a, towards_halved, logarithm, kHalf), x);
}

}  // namespace pamkit::reference

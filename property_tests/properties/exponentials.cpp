/// P33, P34, P36, P37 and the encoded half of P38: exp2 and log2.
#include "pamkit/properties/property.hpp"
#include "pamkit/reference/golden_model.hpp"
#include "statement_integers.hpp"

namespace pamkit::properties::statements {
namespace {

int largest_exponent(const format_description& f) {
  return static_cast<int>(f.max_finite >> f.fraction_bits) - f.bias;
}

void to_integers(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x.back()) e = to_integer(f, e, f.bias + 1);
}

void powers_of_integers(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column powers = s.apply("exp2", x);
  for (std::size_t i = 0; i < powers.size(); ++i) {
    const auto n = integer_value(f, x[0][i]);
    if (!n || *n < 1 - f.bias || *n > largest_exponent(f)) continue;
    out.require_equal(i, powers[i], power_of_two(f, *n));
  }
}

// Operands t and n.
void shifts(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  column sums(x[0].size(), f.nan);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!f.is_finite(x[0][i]) || !integer_value(f, x[1][i])) continue;
    if (f.is_subnormal(x[0][i])) continue;
    sums[i] = exact_sum(f, x[0][i], x[1][i]).value_or(f.nan);
  }
  const column powers = s.apply("exp2", x[0], x[0]);
  const column shifted = s.apply("exp2", sums, sums);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (f.is_nan(sums[i]) || !all_in_range(s, {powers[i], shifted[i]})) continue;
    const std::uint32_t expected = scaled_in_range(f, powers[i], *integer_value(f, x[1][i]));
    if (f.is_normal(expected)) out.require_equal(i, shifted[i], expected);
  }
}

void to_positive_powers(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[0]) e = magnitude(f, to_power_of_two(f, e));
}

void logarithms_of_powers(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column logarithms = s.apply("log2", x);
  for (std::size_t i = 0; i < logarithms.size(); ++i) {
    if (f.sign(x[0][i]) || !is_normal_power_of_two(f, x[0][i])) continue;
    const std::uint32_t expected =
        reference::encode(reference::rational(normal_exponent(f, x[0][i])), f,
                          subnormal_policy::gradual, overflow_policy::infinity);
    out.require_equal(i, logarithms[i], expected);
  }
}

// ---- There and back, in binary32 -------------------------------------------------------------

bool is_binary32(const subject& s) {
  return s.format().exponent_bits == 8 && s.format().kept_bits == 23;
}

constexpr std::uint32_t kQuarter = 0x3E800000;
constexpr std::uint32_t kFour = 0x40800000;
constexpr std::uint32_t kFirstPastRange = 0x7F7FFFE0;
constexpr std::int64_t kMostDrift = 32;

column power_of_logarithm(const subject& s, const column& v) {
  const column logarithms = s.apply("log2", v, v);
  return s.apply("exp2", logarithms, logarithms);
}

void returns_near_one(const subject& s, const operand_columns& x, outcome& out) {
  const column back = power_of_logarithm(s, x[0]);
  for (std::size_t i = 0; i < back.size(); ++i) {
    if (x[0][i] >= kQuarter && x[0][i] < kFour) out.require_equal(i, back[i], x[0][i]);
  }
}

void to_near_one(const format_description&, operand_columns& x) {
  for (std::uint32_t& e : x[0]) e = kQuarter + (e & 0x7FFFFF) + ((e >> 23 & 3) << 23);
}

void returns_closely(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column back = power_of_logarithm(s, x[0]);
  for (std::size_t i = 0; i < back.size(); ++i) {
    if (f.sign(x[0][i]) || !f.is_normal(x[0][i])) continue;
    const std::int64_t drift = std::int64_t{back[i]} - x[0][i];  // infinity is one past MAX
    out.require(i, std::abs(drift) <= kMostDrift, back[i], x[0][i]);
  }
}

std::vector<column> last_operands(const subject& s) {
  std::vector<column> all;
  for (std::uint32_t v = kFirstPastRange - 1; v <= s.format().max_finite; ++v) all.push_back({v});
  return all;
}

// The 32 largest come back as infinity; the one before them does not.
void largest_overflow(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const bool saturates = s.rules().overflow == overflow_policy::saturate;
  const std::uint32_t past = saturates ? f.max_finite : f.infinity;
  const column back = power_of_logarithm(s, x[0]);
  for (std::size_t i = 0; i < back.size(); ++i) {
    const bool is_past = back[i] == past;
    out.require(i, is_past == (x[0][i] >= kFirstPastRange), back[i], past);
  }
}

constexpr encoding_range kFromOne = {0x3F800000, 0x42FDFFFF};       // [1, 127)
constexpr encoding_range kFromMinusOne = {0xBF800000, 0xC2FC0000};  // [-126, -1]

bool is_within(std::uint32_t x, const encoding_range& r) { return x >= r.first && x <= r.last; }

void logarithm_returns(const subject& s, const operand_columns& x, outcome& out) {
  const column powers = s.apply("exp2", x[0], x[0]);
  const column back = s.apply("log2", powers, powers);
  for (std::size_t i = 0; i < back.size(); ++i) {
    if (!is_within(x[0][i], kFromOne) && !is_within(x[0][i], kFromMinusOne)) continue;
    out.require_equal(i, back[i], x[0][i]);
  }
}

void to_exponents(const format_description&, operand_columns& x) {
  for (std::uint32_t& e : x[0]) {
    const encoding_range r = (e >> 31) == 0 ? kFromOne : kFromMinusOne;
    if (!is_within(e, r)) e = r.first + (e & 0x7FFFFFFF) % (r.last - r.first + 1);
  }
}

std::vector<column> range_ends(const subject&) {
  return {{kFromOne.first}, {kFromOne.last}, {kFromMinusOne.first}, {kFromMinusOne.last}};
}

// ---- Against the true functions, rounded ----------------------------------------------------------

reference::rules rounding_rules(const subject& s) {
  return {.format = s.format(),
          .subnormals = s.rules().subnormals,
          .overflow = s.rules().overflow,
          .compensation = 0,
          .arithmetic = "exact",
          .widened_from_bits = 0};
}

void power_is_above(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const auto oracle = reference::find("exp2", "exact");
  const reference::rules rules = rounding_rules(s);
  const column powers = s.apply("exp2", x);
  for (std::size_t i = 0; i < powers.size(); ++i) {
    if (!f.is_finite(x[0][i])) continue;
    const std::uint32_t rounded = oracle(rules, {{x[0][i]}});
    // Below MIN a flushed result is 0.
    if (!f.is_normal(rounded) || rounded == f.min_normal) continue;
    out.require(i, order_key(f, powers[i]) >= order_key(f, rounded), powers[i], rounded);
  }
}

void logarithm_is_below(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const auto oracle = reference::find("log2", "exact");
  const reference::rules rules = rounding_rules(s);
  const column logarithms = s.apply("log2", x);
  for (std::size_t i = 0; i < logarithms.size(); ++i) {
    if (f.sign(x[0][i]) || !f.is_normal(x[0][i])) continue;
    const std::uint32_t rounded = oracle(rules, {{x[0][i]}});
    out.require(i, order_key(f, logarithms[i]) <= order_key(f, rounded), logarithms[i], rounded);
  }
}

// The next number upward.
std::uint32_t next_number(const format_description& f, std::uint32_t x) {
  const auto unit = static_cast<std::uint32_t>(unit_of(f));
  if (magnitude(f, x) == 0) return unit;
  return f.sign(x) ? x - unit : x + unit;
}

void increases_weakly(const subject& s, const operand_columns& x, std::string_view operation,
                      bool of_normals, outcome& out) {
  const format_description& f = s.format();
  column next = x[0];
  for (std::uint32_t& e : next) e = f.is_finite(e) ? next_number(f, e) : e;
  const column at = s.apply(operation, x[0], x[0]);
  const column after = s.apply(operation, next, next);
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!f.is_finite(x[0][i]) || !f.is_finite(next[i])) continue;
    if (of_normals && (f.sign(x[0][i]) || !f.is_normal(x[0][i]))) continue;
    out.require(i, order_key(f, after[i]) >= order_key(f, at[i]), after[i], at[i]);
  }
}

property_text text(std::string_view id, std::string_view part, std::string_view sentence,
                   std::string_view domain, std::string_view operation) {
  return {.id = id,
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = operation,
          .promise = "exp2_log2_pieces",
          .promised = [](const promises& p) { return p.exp2_log2_pieces; },
          .unpromised = "its functions are a C library's, which promises nothing of the kind"};
}

property_text about_powers(property_text t) {
  t.promise = "exp2_log2_powers";
  t.promised = [](const promises& p) { return p.exp2_log2_powers; };
  return t;
}

property_text in_binary32(property_text t) {
  t.about = is_binary32;
  t.about_what = "binary32";
  return t;
}

std::vector<encoding_range> near_one(const format_description&) { return {{kQuarter, kFour - 1}}; }
std::vector<encoding_range> positive_normals(const format_description& f) {
  return {{f.min_normal, f.max_finite}};
}
std::vector<encoding_range> exponents(const format_description&) {
  return {kFromOne, kFromMinusOne};
}

}  // namespace

std::vector<statement> exponentials() {
  return {
      scalar_property{
          .text = about_powers(text("P33", "integers", "exp2(n) = 2^n",
                                    "integers n, 2^n normal", "exp2")),
          .arity = 1,
          .needs = {"exp2"},
          .adapt = to_integers,
          .evaluate = powers_of_integers},
      scalar_property{.text = text("P33", "shifts", "exp2(t + n) = 2^n exp2(t)",
                                   "n an integer, t + n exact, results in range", "exp2"),
                      .needs = {"exp2"},
                      .adapt = to_integers,
                      .evaluate = shifts},
      scalar_property{.text = about_powers(text("P34", "", "log2(2^k) = RN(k)",
                                                "2^k normal and positive", "log2")),
                      .arity = 1,
                      .needs = {"log2"},
                      .adapt = to_positive_powers,
                      .evaluate = logarithms_of_powers},
      scalar_property{
          .text = in_binary32(text("P36", "near", "exp2(log2 v) = v", "v in [1/4, 4)", "exp2")),
          .arity = 1,
          .needs = {"exp2", "log2"},
          .adapt = to_near_one,
          .pinned = [](const subject&) { return std::vector<column>{{kQuarter}, {kFour - 1}}; },
          .swept = near_one,
          .evaluate = returns_near_one},
      scalar_property{.text = in_binary32(text("P36", "everywhere",
                                               "exp2(log2 v) is within 32 encodings of v",
                                               "v positive and normal", "exp2")),
                      .arity = 1,
                      .needs = {"exp2", "log2"},
                      .pinned = last_operands,
                      .swept = positive_normals,
                      .evaluate = returns_closely},
      scalar_property{
          .text = in_binary32(text("P36", "overflow",
                                   "exp2(log2 v) overflows for the 32 operands from 7F7FFFE0 on, "
                                   "and not for the one before them",
                                   "the pinned operands", "exp2")),
          .arity = 1,
          .needs = {"exp2", "log2"},
          .pinned = last_operands,
          .only_pinned = true,
          .evaluate = largest_overflow},
      scalar_property{.text = in_binary32(text("P37", "", "log2(exp2 t) = t",
                                               "t in [-126, 127), abs(t) >= 1", "log2")),
                      .arity = 1,
                      .needs = {"exp2", "log2"},
                      .adapt = to_exponents,
                      .pinned = range_ends,
                      .swept = exponents,
                      .evaluate = logarithm_returns},
      scalar_property{.text = text("P38", "exp2-rounded", "exp2(x) is at least RN(2^x)",
                                   "x finite, RN(2^x) normal and above MIN", "exp2"),
                      .arity = 1,
                      .needs = {"exp2"},
                      .thinning = 8,
                      .evaluate = power_is_above},
      scalar_property{.text = text("P38", "log2-rounded", "log2 x is at most RN(log2 x)",
                                   "x positive and normal", "log2"),
                      .arity = 1,
                      .needs = {"log2"},
                      .thinning = 8,
                      .evaluate = logarithm_is_below},
      scalar_property{
          .text = text("P38", "exp2-monotone", "exp2 never decreases", "x and the next number",
                       "exp2"),
          .arity = 1,
          .needs = {"exp2"},
          .evaluate = [](const subject& s, const operand_columns& x,
                         outcome& out) { increases_weakly(s, x, "exp2", false, out); }},
      scalar_property{
          .text = text("P38", "log2-monotone", "log2 never decreases",
                       "x positive and normal, and the next number", "log2"),
          .arity = 1,
          .needs = {"log2"},
          .evaluate = [](const subject& s, const operand_columns& x,
                         outcome& out) { increases_weakly(s, x, "log2", true, out); }},
  };
}

}  // namespace pamkit::properties::statements

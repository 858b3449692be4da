/// What the other statements build on and cannot see: the constants of the formats, which the golden model reads too;
/// the names; which operations, derivatives and promises an arithmetic has. An emulator that loses one of them would
/// be asked less, and pass. Each is compared with docs/specification.md, whose tables stand here a second time.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <span>

#include "fact_comparisons.hpp"
#include "oracle_rules.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/tensor/stored_format.hpp"
#include "promise_fields.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text format_text = {
    .id = "facts",
    .part = "format",
    .sentence = "the format has the constants, classes and values of section 2 of the specification",
    .domain = "every encoding of 16 bits and fewer; edges and patterns of the others",
    .operation = "",
    .promise = ""};
const property_text cut_text = {
    .id = "facts",
    .part = "cut",
    .sentence = "cutting to N fraction bits is section 2.3 of the specification",
    .domain = "binary32 edges and patterns, every N, mode and overflow policy",
    .operation = "",
    .promise = ""};
const property_text choice_text = {
    .id = "facts",
    .part = "choice",
    .sentence = "names, operands, operations, derivatives and compensations are those of the specification",
    .domain = "every name, and what is none",
    .operation = "",
    .promise = ""};
const property_text promise_text = {
    .id = "facts",
    .part = "promises",
    .sentence = "the arithmetic promises what is known of it, no less",
    .domain = "every format and policy",
    .operation = "",
    .promise = ""};

// ---- section 2

/// A row of the table of formats; MAX is that of section 2.2.
struct format_facts {
  std::string name;
  int width, exponent_bits, stored, kept, bias;
  bool has_infinity;
  std::uint32_t nan, max;

  std::uint32_t field(std::uint32_t x) const { return (x >> stored) & ((1U << exponent_bits) - 1); }
  std::uint32_t fraction(std::uint32_t x) const { return x & ((1U << stored) - 1); }
  std::uint32_t all_ones() const { return (1U << exponent_bits) - 1; }
  bool sign(std::uint32_t x) const { return (x >> (width - 1)) != 0; }
  bool is_nan(std::uint32_t x) const {
    if (!has_infinity) return (x | 0x80U) == 0xFFU;  // e4m3: 7F and FF
    return field(x) == all_ones() && fraction(x) != 0;
  }
  bool is_infinite(std::uint32_t x) const {
    return has_infinity && field(x) == all_ones() && fraction(x) == 0;
  }
  /// Section 2.1, of a finite encoding; exact in binary64.
  double value(std::uint32_t x) const {
    const double f = std::ldexp(static_cast<double>(fraction(x)), -stored);
    const auto e = static_cast<int>(field(x));
    const double magnitude = e == 0 ? std::ldexp(f, 1 - bias) : std::ldexp(1 + f, e - bias);
    return sign(x) ? -magnitude : magnitude;
  }
};

const std::vector<format_facts>& all_format_facts() {
  static const std::vector<format_facts> all = [] {
    std::vector<format_facts> list = {
        {"binary32", 32, 8, 23, 23, 127, true, 0x7FC00000, 0x7F7FFFFF},
        {"bfloat16", 16, 8, 7, 7, 127, true, 0x7FC0, 0x7F7F},
        {"binary16", 16, 5, 10, 10, 15, true, 0x7E00, 0x7BFF},
        {"e5m2", 8, 5, 2, 2, 15, true, 0x7E, 0x7B},
        {"e4m3", 8, 4, 3, 3, 7, false, 0x7F, 0x7E},
    };
    for (int n = 1; n <= 23; ++n) {
      list.push_back({"binary32m" + std::to_string(n), 32, 8, 23, n, 127, true, 0x7FC00000,
                      0x7F800000 - (1U << (23 - n))});
    }
    return list;
  }();
  return all;
}

/// Every encoding, or edges of the fields and a run of patterns.
std::vector<std::uint32_t> encodings_of(const format_facts& f) {
  std::vector<std::uint32_t> list;
  if (f.width <= 16) {
    for (std::uint32_t x = 0; x < (1U << f.width); ++x) list.push_back(x);
    return list;
  }
  const std::uint32_t unit = 1U << (f.stored - f.kept);
  for (const std::uint32_t sign : {0U, 1U << (f.width - 1)}) {
    for (std::uint32_t e = 0; e <= f.all_ones(); ++e) {
      const std::uint32_t base = e << f.stored;
      const std::uint32_t last = (1U << f.stored) - unit;
      for (const std::uint32_t fraction : {0U, unit, last / 3 / unit * unit, 1U << (f.stored - 1), last}) {
        list.push_back(sign | base | fraction);
      }
    }
  }
  return list;
}

void compare_description(comparisons& c, const format_facts& f, const format_description& d) {
  c.equal("name", d.name, f.name);
  c.equal("width", d.storage_bits, f.width);
  c.equal("exponent bits", d.exponent_bits, f.exponent_bits);
  c.equal("stored fraction bits", d.fraction_bits, f.stored);
  c.equal("N", d.kept_bits, f.kept);
  c.equal("dropped bits", d.dropped_bits, f.stored - f.kept);
  c.equal("bias", d.bias, f.bias);
  c.equal("has infinities", d.has_infinity, f.has_infinity);
  c.equal("sign mask", d.sign_mask, 1U << (f.width - 1));
  c.equal("magnitude mask", d.magnitude_mask, (1U << (f.width - 1)) - 1);
  c.equal("ONE", d.one, static_cast<std::uint32_t>(f.bias) << f.stored);
  c.equal("MIN", d.min_normal, 1U << f.stored);
  c.equal("MAX", d.max_finite, f.max);
  c.equal("infinity", d.infinity, f.has_infinity ? f.all_ones() << f.stored : f.nan);
  c.equal("NaN", d.nan, f.nan);
}

void compare_classes(comparisons& c, const format_facts& f, const format_description& d,
                     std::uint32_t x) {
  const auto what = [&](std::string_view which) { return fmt::format("{}({:X})", which, x); };
  const bool is_finite = !f.is_nan(x) && !f.is_infinite(x);
  const bool is_zero = f.field(x) == 0 && f.fraction(x) == 0;
  c.equal(what("is_nan"), d.is_nan(x), f.is_nan(x));
  c.equal(what("is_infinite"), d.is_infinite(x), f.is_infinite(x));
  c.equal(what("is_finite"), d.is_finite(x), is_finite);
  c.equal(what("is_zero"), d.is_zero(x), is_zero);
  c.equal(what("is_subnormal"), d.is_subnormal(x), f.field(x) == 0 && !is_zero);
  c.equal(what("is_normal"), d.is_normal(x), is_finite && f.field(x) != 0);
  c.equal(what("sign"), d.sign(x), f.sign(x));
  c.equal(what("is_well_formed"), d.is_well_formed(x), true);
}

/// nan, infinite, finite, subnormal, normal and sign of an encoding, a bit each.
std::uint32_t joined(bool nan, bool infinite, bool finite, bool subnormal, bool normal, bool sign) {
  return std::uint32_t{nan} | infinite << 1U | finite << 2U | subnormal << 3U | normal << 4U | sign << 5U;
}

// The same of encodings as a type, which the emulator is written over.
template <class F>
void compare_encoding(comparisons& c, const format_facts& f, std::uint32_t bits) {
  const encoding<F> x = from_bits<F>(bits);
  const bool is_finite_here = !f.is_nan(bits) && !f.is_infinite(bits);
  const bool is_zero = f.field(bits) == 0 && f.fraction(bits) == 0;
  c.equal(fmt::format("classes of encoding {:X}", bits),
          joined(is_nan(x), is_infinite(x), is_finite(x), is_subnormal(x), is_normal(x), sign(x)),
          joined(f.is_nan(bits), f.is_infinite(bits), is_finite_here, f.field(bits) == 0 && !is_zero,
                 is_finite_here && f.field(bits) != 0, f.sign(bits)));
  const std::uint32_t sign_bit = 1U << (f.width - 1);
  c.equal(fmt::format("-{:X}", bits), std::uint32_t{negate(x).bits}, f.is_nan(bits) ? f.nan : bits ^ sign_bit);
}

// Widening is exact, and narrowing what was widened gives it back.
void compare_conversions(comparisons& c, const format_facts& f, const any_format& format,
                         const std::vector<std::uint32_t>& encodings) {
  std::vector<float> wide(encodings.size());
  widen(format, encodings, wide);
  configuration rules{.format = format, .subnormals = subnormal_policy::gradual};
  std::vector<std::uint32_t> back(encodings.size());
  narrow(rules, wide, back);
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const std::uint32_t x = encodings[i];
    const auto sign = f.sign(x) ? 0x80000000U : 0U;
    std::uint32_t expected = sign | 0x7F800000U;
    if (f.is_nan(x)) expected = 0x7FC00000;
    if (!f.is_nan(x) && !f.is_infinite(x)) {
      expected = std::bit_cast<std::uint32_t>(static_cast<float>(f.value(x)));
    }
    c.equal(fmt::format("{:X} widened", x), std::bit_cast<std::uint32_t>(wide[i]), expected);
    c.equal(fmt::format("{:X} widened and narrowed", x), back[i], f.is_nan(x) ? f.nan : x);
  }
}

rows format_rows() {
  rows found;
  for (const format_facts& f : all_format_facts()) {
    comparisons c;
    const auto format = parse_format(f.name);
    c.equal("parse_format", format.has_value(), true);
    if (format) {
      const format_description d = describe(*format);
      const auto encodings = encodings_of(f);
      compare_description(c, f, d);
      for (const std::uint32_t x : encodings) compare_classes(c, f, d, x);
      std::visit(
          [&]<class F>(const F&) {
            for (const std::uint32_t x : encodings) compare_encoding<F>(c, f, x);
          },
          *format);
      c.equal("bytes of an element", bytes_of(stored_format(*format)), f.width / 8);
      for (std::uint32_t bit = 1; bit < (1U << d.dropped_bits); bit <<= 1) {
        c.equal("is_well_formed", d.is_well_formed(d.one | bit), false);
      }
      if (f.width < 32) c.equal("is_well_formed", d.is_well_formed(1U << f.width), false);
      compare_conversions(c, f, *format, encodings);
    }
    found.push_back(c.row(format_text, "any", f.name));
  }
  return found;
}

// ---- section 2.3

std::uint32_t cut_by_section_2_3(std::uint32_t x, int kept, cut_mode mode, overflow_policy overflow) {
  const std::uint64_t m = x & 0x7FFFFFFF;
  const std::uint32_t sign = x & 0x80000000;
  if (m > 0x7F800000) return 0x7FC00000;
  if (m == 0x7F800000) return x;
  const std::uint64_t unit = std::uint64_t{1} << (23 - kept);
  const std::uint64_t rest = m % unit;
  std::uint64_t q = m / unit;
  if (mode == cut_mode::nearest && (2 * rest > unit || (2 * rest == unit && q % 2 == 1))) ++q;
  if (q * unit < 0x7F800000) return sign | static_cast<std::uint32_t>(q * unit);
  if (overflow == overflow_policy::infinity) return sign | 0x7F800000;
  return sign | static_cast<std::uint32_t>(0x7F800000 - unit);
}

// With gradual underflow, narrowing to binary32mN is the same.
void compare_narrowed(comparisons& c, const std::vector<std::uint32_t>& operands, int kept, overflow_policy overflow) {
  std::vector<float> values(operands.size());
  std::ranges::transform(operands, values.begin(), [](std::uint32_t x) { return std::bit_cast<float>(x); });
  std::vector<std::uint32_t> narrowed(operands.size());
  narrow({.format = binary32m{kept}, .subnormals = subnormal_policy::gradual, .overflow = overflow}, values, narrowed);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    c.equal(fmt::format("{:08X} narrowed to {} bits", operands[i], kept), narrowed[i],
            cut_by_section_2_3(operands[i], kept, cut_mode::nearest, overflow));
  }
}

// Section 5: under flush a value is rounded as if the exponent had no lower end, and what is then below MIN is a zero;
// operands of binary32 keep their value, subnormal ones too.
void compare_flushed(comparisons& c, const any_format& format, int kept) {
  const format_description f = describe(format);
  std::vector<float> values;
  for (std::uint32_t m = 1; m < 0x01800000; m += m < 0x007E0000 ? 0x1234F : 0x1FFF) {
    values.push_back(std::bit_cast<float>(m));
    values.push_back(std::bit_cast<float>(m | 0x80000000U));
  }
  for (const std::uint32_t below : {1U, 2U, 3U, 0x2000U, 0x4000U, 0x6000U, 0x7FFFU, 0x8000U, 0x8001U, 0xC000U, 0x10000U}) {
    values.push_back(std::bit_cast<float>(0x00800000U - below));
  }
  std::vector<std::uint32_t> narrowed(values.size());
  narrow({.format = format}, values, narrowed);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double v = std::abs(double{values[i]});
    const double unit = std::ldexp(1.0, std::ilogb(v) - kept);
    const double rounded = std::nearbyint(v / unit) * unit;
    const auto magnitude = rounded < 0x1p-126 ? 0U : std::bit_cast<std::uint32_t>(static_cast<float>(rounded));
    const auto sign = std::bit_cast<std::uint32_t>(values[i]) & 0x80000000U;
    c.equal(fmt::format("{:08X} narrowed to {}, flushing", std::bit_cast<std::uint32_t>(values[i]), f.name), narrowed[i],
            (sign | magnitude) >> (32 - f.storage_bits));
  }
}

// Sections 2.2 and 5: rounded to nearest, ties to even, once; past MAX an infinity, a NaN or MAX.
std::uint32_t narrowed_by_section_5(const format_facts& f, double v, subnormal_policy subnormals, overflow_policy overflow) {
  const std::uint32_t sign = std::signbit(v) ? 1U << (f.width - 1) : 0U;
  const double magnitude = std::abs(v);
  if (magnitude == 0) return sign;
  const int least = 1 - f.bias;
  const bool is_gradual = subnormals == subnormal_policy::gradual;
  const int exponent = is_gradual ? std::max(std::ilogb(magnitude), least) : std::ilogb(magnitude);
  const double unit = std::ldexp(1.0, exponent - f.kept);
  const double rounded = std::nearbyint(magnitude / unit) * unit;
  if (rounded > f.value(f.max)) {
    if (overflow == overflow_policy::saturate) return sign | f.max;
    return f.has_infinity ? sign | f.all_ones() << f.stored : f.nan;
  }
  if (rounded < std::ldexp(1.0, least)) {
    return sign | (is_gradual ? static_cast<std::uint32_t>(std::ldexp(rounded, f.stored - least)) : 0U);
  }
  const int e = std::ilogb(rounded);
  const double fraction = std::ldexp(rounded, f.stored - e) - std::ldexp(1.0, f.stored);
  return sign | static_cast<std::uint32_t>(e + f.bias) << f.stored | static_cast<std::uint32_t>(fraction);
}

// Ties between neighbours and binary32's neighbours of those, at the ends of the range too: half a unit past MAX, and
// below MIN half of the unit that it has.
void compare_rounded(comparisons& c, const format_facts& f) {
  const any_format format = *parse_format(f.name);
  std::vector<float> values;
  const auto add_around = [&](double tie) {
    const auto at = static_cast<float>(tie);
    for (const float x : {std::nextafter(at, 0.0F), at, std::nextafter(at, HUGE_VALF)}) {
      values.insert(values.end(), {x, -x});
    }
  };
  const std::uint32_t step = f.width > 8 ? 29 : 1;
  for (std::uint32_t x = 0; x < f.max; x += x + step < f.max ? step : 1) add_around((f.value(x) + f.value(x + 1)) / 2);
  const std::uint32_t min = 1U << f.stored;
  for (const std::uint32_t x : {min - 1, min, 2 * min - 1}) add_around((f.value(x) + f.value(x + 1)) / 2);
  add_around(f.value(f.max) + (f.value(f.max) - f.value(f.max - 1)) / 2);
  add_around(std::ldexp(1 - std::ldexp(1.0, -f.kept - 2), 1 - f.bias));
  add_around(std::ldexp(3.0, -f.bias - f.kept));
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      std::vector<std::uint32_t> narrowed(values.size());
      narrow({.format = format, .subnormals = subnormals, .overflow = overflow}, values, narrowed);
      for (std::size_t i = 0; i < values.size(); ++i) {
        c.equal(fmt::format("{} narrowed to {}", values[i], f.name), narrowed[i],
                narrowed_by_section_5(f, values[i], subnormals, overflow));
      }
    }
  }
}

rows cut_rows() {
  comparisons c;
  for (const format_facts& f : all_format_facts()) {
    if (f.width < 32) compare_rounded(c, f);
  }
  compare_flushed(c, bfloat16{}, 7);
  std::vector<std::uint32_t> operands = encodings_of(all_format_facts().front());
  std::uint32_t pattern = 1;
  for (int i = 0; i < 400; ++i) operands.push_back(pattern = pattern * 1664525 + 1013904223);
  for (int kept = 1; kept <= 23; ++kept) {
    compare_flushed(c, binary32m{kept}, kept);
    for (std::uint32_t e = 0; e < 255; e += 127) {  // ties and their neighbours, up to past MAX
      const std::uint32_t half = 1U << (22 - std::min(kept, 22));
      for (const std::uint32_t q : {1U, 2U, (1U << kept) - 1, (1U << kept) - 2}) {
        const std::uint32_t at = (e << 23) + (q << (23 - kept)) + half;
        operands.insert(operands.end(), {at - 1, at, at + 1});
      }
    }
    for (const cut_mode mode : {cut_mode::nearest, cut_mode::truncate}) {
      for (const overflow_policy overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
        for (const std::uint32_t x : operands) {
          c.equal(fmt::format("{:08X} cut to {} bits", x, kept),
                  cut(encoding<binary32>{x}, kept, mode, overflow).bits,
                  cut_by_section_2_3(x, kept, mode, overflow));
        }
        if (mode == cut_mode::nearest) compare_narrowed(c, operands, kept, overflow);
      }
    }
    for (const overflow_policy overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      std::vector<float> values;
      for (const std::uint32_t x : operands) values.push_back(std::bit_cast<float>(x));
      cut(binary32m{kept}, overflow, values, values);
      for (std::size_t i = 0; i < operands.size(); ++i) {
        c.equal(fmt::format("{:08X} of an array cut to {} bits", operands[i], kept),
                std::bit_cast<std::uint32_t>(values[i]),
                cut_by_section_2_3(operands[i], kept, cut_mode::nearest, overflow));
      }
    }
  }
  return {c.row(cut_text, "any", "binary32")};
}

// ---- sections 2, 8, 9 and 10: what there is

struct arithmetic_facts {
  std::string_view name;
  std::string_view reference;  ///< a piece of where it is published
  std::vector<std::string_view> operations;
  bool has_approx, has_exact;
  bool has_all_layers;  ///< or only those that need products and sums alone
};

const std::vector<arithmetic_facts>& all_arithmetic_facts() {
  static const std::vector<arithmetic_facts> all = {
      {"adder", "arXiv:1912.13200", {"mul"}, true, false, false},
      {"exact", "IEEE 754", {"mul", "div", "exp2", "log2", "exp", "log", "pow", "sqrt"}, true, true, true},
      {"l_mul", "arXiv:2410.00907", {"mul", "mul_da"}, true, true, false},
      {"pam",
       "arXiv:2305.17190",
       {"mul", "div", "exp2", "log2", "exp", "log", "pow", "sqrt", "mul_da", "div_da", "div_db",
        "exp2_da", "log2_da"},
       true, true, true},
      {"power_of_two", "arXiv:1905.13298", {"mul"}, true, false, false}};
  return all;
}

const arithmetic_facts* find_facts(std::string_view name) {
  const auto& all = all_arithmetic_facts();
  const auto it = std::ranges::find(all, name, &arithmetic_facts::name);
  return it == all.end() ? nullptr : &*it;
}

constexpr std::array kUnary = {"exp2", "log2", "exp", "log", "sqrt", "exp2_da", "log2_da"};
constexpr std::array kLayersOfProducts = {"conv2d", "linear", "sum"};
constexpr std::array kOtherLayers = {"adamw_step", "attention", "clip_grad_norm", "cross_entropy",
                                     "dropout", "gelu", "layer_norm", "log_softmax", "logsumexp",
                                     "mean", "norm", "sigmoid", "softmax", "tanh"};
// No derivative is defined for the optimiser's steps.
constexpr std::array kWithoutVjp = {"adamw_step", "clip_grad_norm"};

/// Section 13, and 11.3 for conv2d. Of operands: ' has a derivative, # are integers.
struct layer_facts {
  std::string_view name, inputs, outputs, attributes;
};

constexpr layer_facts kLayers[] = {
    {"adamw_step", "parameter gradient m v", "parameter m v",
     "learning_rate=0.001 beta1=0.9 beta2=0.999 eps=1e-08 weight_decay=0.01 step=1 corrected=0"},
    {"attention", "q' k' v' hidden#", "y", ""},
    {"clip_grad_norm", "gradient...", "gradient", "limit=1"},
    {"conv2d", "x' weight' bias'", "y", "stride=1 padding=0 dilation=1 groups=1"},
    {"cross_entropy", "x' classes#", "loss", "smoothing=0 fairseq=0"},
    {"dropout", "x' keep#", "y", "p=0.1"},
    {"gelu", "x'", "y", ""},
    {"layer_norm", "x' gain' bias'", "y", "eps=1e-05"},
    {"linear", "x' weight' bias'", "y", ""},
    {"log_softmax", "x'", "y", ""},
    {"logsumexp", "x'", "y", ""},
    {"mean", "x'", "y", ""},
    {"norm", "x'", "y", ""},
    {"sigmoid", "x'", "y", ""},
    {"softmax", "x'", "y", ""},
    {"sum", "x'", "y", ""},
    {"tanh", "x'", "y", ""}};

std::string described(std::span<const layer_operand> operands) {
  std::string text;
  for (const layer_operand& o : operands) {
    text += fmt::format("{}{}{}{}", text.empty() ? "" : " ", o.name, o.is_differentiable ? "'" : "",
                        o.is_integer ? "#" : "");
  }
  return text;
}

std::string described(std::span<const layer_attribute> attributes) {
  std::string text;
  for (const layer_attribute& a : attributes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", a.name, a.otherwise);
  }
  return text;
}

template <class List>
bool has(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

// Section 10.2: l from N, c = MIN / 2^l.
std::int32_t l_mul_compensation(const format_facts& f) {
  int l = 4;
  if (f.kept <= 3) l = f.kept;
  if (f.kept == 4) l = 3;
  return (1 << f.stored) / (1 << l);
}

void compare_arithmetic(comparisons& c, const arithmetic_facts& a, const arithmetic_info& info) {
  c.equal("oracle", info.oracle, a.name);
  c.equal("the reference has " + std::string(a.reference), info.reference.find(a.reference) != std::string_view::npos, true);
  c.equal("approx derivative", info.has_derivative(derivative::approx), a.has_approx);
  c.equal("exact derivative", info.has_derivative(derivative::exact), a.has_exact);
  for (const operation_info& o : operations()) {
    c.equal(o.name, info.defines(o.name), has(a.operations, o.name));
  }
  for (const backend* b : emulator_backends()) {
    for (const operation_info& o : operations()) {
      c.equal(fmt::format("{} of {}", o.name, b->name),
              b->elementwise(o.name, a.name) != nullptr, has(a.operations, o.name));
    }
    using enum contraction_kind;
    // A product does not depend on which derivative is asked for.
    for (const derivative any : {derivative::approx, derivative::exact}) {
      c.equal("matmul", b->contraction(a.name, product, any) != nullptr, true);
    }
    for (const contraction_kind kind : {vjp_a, vjp_b}) {
      c.equal("approx vjp", b->contraction(a.name, kind, derivative::approx) != nullptr, a.has_approx);
      c.equal("exact vjp", b->contraction(a.name, kind, derivative::exact) != nullptr, a.has_exact);
    }
    if (b->layer == nullptr) continue;
    for (const std::string_view layer : {"", "su", "sum2", "sum_rows_vjp", "softmax_vjp_vjp", "sum_vjp2", "_vjp", "vjp"}) {
      c.equal(fmt::format("'{}' is a layer", layer), b->layer(layer, a.name) != nullptr, false);
    }
    const auto compare_layer = [&](std::string_view layer, bool defined) {
      const bool has_vjp = defined && a.has_approx && !has(kWithoutVjp, layer);
      c.equal(layer, b->layer(layer, a.name) != nullptr, defined);
      c.equal(fmt::format("{}_vjp", layer), b->layer(fmt::format("{}_vjp", layer), a.name) != nullptr,
              has_vjp);
    };
    for (const std::string_view layer : kLayersOfProducts) compare_layer(layer, true);
    for (const std::string_view layer : kOtherLayers) compare_layer(layer, a.has_all_layers);
  }
  for (const format_facts& f : all_format_facts()) {
    const std::int32_t fixed = a.name == "l_mul" ? l_mul_compensation(f) : 0;
    c.equal(fmt::format("compensation in {}", f.name), info.compensation(*parse_format(f.name), 0), fixed);
    if (a.name == "pam") continue;
    c.equal(fmt::format("asked compensation in {}", f.name), info.compensation(*parse_format(f.name), 1), fixed);
  }
}

// RN(alpha), ties included, in every format: the reference rounds the decimal by itself.
void compare_factors(comparisons& c) {
  for (const std::string_view alpha : {"1", "1.0", "1.0552", "1.0625", "1.1875", "1.03125", "1.5",
                                       "1.0625000000001", "1.1874999999999", "1.9999999",
                                       "1.99999999999999999", "1.00000000000000001"}) {
    const auto choice = parse_arithmetic(fmt::format("pam:{}", alpha));
    c.equal(fmt::format("pam:{} is a choice", alpha), choice.has_value(), true);
    if (!choice) continue;
    for (const format_facts& f : all_format_facts()) {
      const any_format format = *parse_format(f.name);
      c.equal(fmt::format("compensation of pam:{} in {}", alpha, f.name),
              choice->configure(format, {}, {}).compensation,
              oracle_rules(*choice, format, {}, {}).compensation);
    }
  }
}

void compare_names(comparisons& c) {
  const std::vector<std::string> formats = {"binary32", "bfloat16", "binary16",
                                            "e5m2",     "e4m3",     "binary32mN"};
  c.equal("format names", fmt::format("{}", fmt::join(format_names(), " ")),
          fmt::format("{}", fmt::join(formats, " ")));
  for (const std::string_view name : {"", "binary32m", "binary32m0", "binary32m24", "binary32m07",
                                      "b", "bf", "bfloat1", "e4", "binary16 ",
                                      "binary32m7x", "binary32m-1", "binary32m-0", "binary32mN", "fp32", "Binary32"}) {
    c.equal(fmt::format("'{}' is a format", name), parse_format(name).has_value(), false);
  }
  std::vector<std::string> defaults;
  for (const any_format& f : default_formats()) defaults.push_back(describe(f).name);
  c.equal("default formats", fmt::format("{}", fmt::join(defaults, " ")),
          "binary32 bfloat16 binary16 e5m2 e4m3 binary32m7");
  for (const std::string_view name :
       {"", "pam:", "pam:1.", "pam:2", "pam:0.5", "pam:1.5e0", "pam:1.05x", "pam:-1", "pam:1,5", "pam:1./5", "pam:1.-5", "PAM", "pam ", "p", "pa", "pamm", "exac", "po",
        "exact:1", "l_mul:1", "adder:1", "power_of_two:1",
        "pam:1.999999999999999999", "l_mul:1.1", "exact:1.1", "adder:1.1", "power_of_two:1.1"}) {
    c.equal(fmt::format("'{}' is an arithmetic", name), parse_arithmetic(name).has_value(), false);
  }
  for (const std::string_view name : {"", "m", "mu", "sq", "mul_", "mul ", "Mul"}) {
    c.equal(fmt::format("'{}' is an operation", name), find_operation(name) != nullptr, false);
  }
  for (const std::string_view name : {"", "soft", "softmax_vjp", "softmax2"}) {
    c.equal(fmt::format("'{}' is a layer", name), find_layer(name) != nullptr, false);
  }
  // Those that the specification has; a further one is found by its file.
  for (const auto& name : find_facts("pam")->operations) {
    const operation_info* o = find_operation(name);
    c.equal(fmt::format("operands of {}", name), o == nullptr ? 0 : o->arity,
            has(kUnary, name) ? 1 : 2);
  }
}

// What a layer is asked for is what it says of itself: without it a vjp, say, would go unseen.
void compare_layers(comparisons& c) {
  for (const layer_facts& l : kLayers) {
    const layer_info* info = find_layer(l.name);
    c.equal(fmt::format("'{}' is a layer", l.name), info != nullptr, true);
    if (info == nullptr) continue;
    c.equal(fmt::format("operands of {}", l.name),
            described(info->inputs) + (info->is_variadic ? "..." : ""), l.inputs);
    c.equal(fmt::format("results of {}", l.name), described(info->outputs), l.outputs);
    c.equal(fmt::format("attributes of {}", l.name), described(info->attributes), l.attributes);
    c.equal(fmt::format("{} has a vjp", l.name), info->has_vjp, !has(kWithoutVjp, l.name));
  }
}

// A run without a backend, or without operands as a backend reads them, would pass as well.
void compare_backends(comparisons& c) {
  std::vector<std::string_view> names;
  for (const backend* b : emulator_backends()) {
    names.push_back(b->name);
    c.equal(fmt::format("{} reads narrow elements", b->name), b->reads_narrow_elements, true);
    c.equal(fmt::format("{} has layers", b->name), b->layer != nullptr, true);
  }
  c.equal("backends", fmt::format("{}", fmt::join(names, " ")), "scalar simd");
}

rows choice_rows() {
  comparisons spelling;
  compare_names(spelling);
  compare_layers(spelling);
  compare_backends(spelling);
  rows found = {spelling.row(choice_text, "any", "any")};
  if (find_arithmetic("pam") != nullptr) {
    comparisons factors;
    compare_factors(factors);
    found.push_back(factors.row(choice_text, "pam:ALPHA", "any"));
  }
  for (const arithmetic_facts& a : all_arithmetic_facts()) {
    // Arithmetics are found by their files; what is not there is not judged.
    const arithmetic_info* info = find_arithmetic(a.name);
    if (info == nullptr) continue;
    comparisons c;
    compare_arithmetic(c, a, *info);
    found.push_back(c.row(choice_text, std::string(a.name), "any"));
  }
  return found;
}

// ---- promises

using names = std::vector<std::string_view>;

// The laws of a product that adds encodings, for whatever compensation.
const names kOfEveryPam = {"commutative", "associative", "negation", "sign_is_xor",
                           "zero_annihilates", "scales_by_powers_of_two", "strictly_increasing",
                           "weakly_increasing", "cancellative", "ulp_for_ulp", "log_linear",
                           "distributivity_bound", "zero_padding", "has_error_bounds"};
const names kOfPamFunctions = {"quotient_inverts", "exp2_log2_powers", "exp2_log2_pieces",
                               "sqrt_scales", "sqrt_is_composed", "softmax_rows",
                               "layer_norm_rows"};
const names kWithoutCompensation = {
    "identity", "exact_by_powers_of_two", "exact_only_by_powers_of_two", "adds_encodings",
    "never_above_product", "quotient_identities", "quotient_is_group", "sqrt_inverts_square",
    "has_quotient_bounds"};
const names kOfPowerOfTwo = {"associative", "identity", "negation", "sign_is_xor",
                             "zero_annihilates", "scales_by_powers_of_two",
                             "exact_by_powers_of_two", "exact_only_by_powers_of_two",
                             "strictly_increasing", "weakly_increasing", "cancellative",
                             "ulp_for_ulp", "slope_within_octave", "zero_padding",
                             "has_error_bounds"};
// Rounding loses associativity and strictness; the rest of IEEE 754's product holds.
const names kOfExact = {"commutative", "identity", "negation", "sign_is_xor", "zero_annihilates",
                        "scales_by_powers_of_two", "exact_by_powers_of_two", "weakly_increasing",
                        "quotient_identities", "exp2_log2_powers", "sqrt_inverts_square",
                        "sqrt_scales", "zero_padding", "layer_norm_rows", "has_error_bounds",
                        "has_quotient_bounds"};

names expected_promises(const subject& s) {
  const std::string_view arithmetic = s.rules().arithmetic;
  const bool is_pam_like = arithmetic == "pam" || arithmetic == "l_mul";
  const std::int32_t unit = 1 << s.format().dropped_bits;
  names expected;
  const auto include = [&](const names& more) {
    expected.insert(expected.end(), more.begin(), more.end());
  };
  if (is_pam_like) include(kOfEveryPam);
  if (arithmetic == "pam") include(kOfPamFunctions);
  if (arithmetic == "pam" && s.rules().compensation == 0) include(kWithoutCompensation);
  // The fractions are at most 1 - unit each: with less than two units more they carry once at most.
  if (is_pam_like && s.rules().compensation < 2 * unit) expected.push_back("slope_within_octave");
  if (arithmetic == "power_of_two") include(kOfPowerOfTwo);
  if (arithmetic == "exact") include(kOfExact);
  // The roundings of three sums and products to two fraction bits can leave the interval.
  if (arithmetic == "exact" && s.format().kept_bits != 2) expected.push_back("distributivity_bound");
  if (arithmetic == "adder") expected.push_back("commutative");
  return expected;
}

double value_of(const fraction& f) {
  return static_cast<double>(f.numerator) / static_cast<double>(f.denominator);
}

/// Least and greatest relative error of the product: P16, P49, section 10.3, half an ulp.
std::pair<double, double> expected_error(const subject& s) {
  const std::string_view arithmetic = s.rules().arithmetic;
  if (arithmetic == "power_of_two") return {-1.0 / 3, 1.0 / 3};
  if (arithmetic == "exact") {
    const double bound = 1 / (std::ldexp(2.0, s.format().kept_bits) + 1);
    return {-bound, bound};
  }
  const double f = s.rules().compensation / static_cast<double>(s.format().min_normal);
  const double late = 16 / ((4 - f) * (4 - f));
  const double early = 8 / ((3 - f) * (3 - f));
  return {(f <= 2 - std::sqrt(2.0) ? std::min(early, late) : late) - 1, f};
}

// Bounds are fractions of 64-bit integers, rounded outward where the formula has more: by this part of them. A bound of 0
// is 0.
constexpr double kBoundTolerance = 1e-4;

void compare_bounds(comparisons& c, const subject& s) {
  const promises& p = s.promised();
  const auto near = [&](std::string_view what, const fraction& got, double expected) {
    const bool is_near = std::abs(value_of(got) - expected) <= kBoundTolerance * std::abs(expected);
    c.equal(what, is_near ? expected : value_of(got), expected);
  };
  if (p.has_error_bounds) {
    const auto [least, greatest] = expected_error(s);
    near("least relative error", p.min_relative_error, least);
    near("greatest relative error", p.max_relative_error, greatest);
  }
  if (p.has_quotient_bounds) {
    const bool is_pam = s.rules().arithmetic == "pam";  // P30
    near("least error of a quotient", p.min_quotient_error, is_pam ? 0 : expected_error(s).first);
    near("greatest error of a quotient", p.max_quotient_error, is_pam ? 0.125 : expected_error(s).second);
  }
}

rows promise_rows(const suite_context& context, const arithmetic_choice& arithmetic) {
  comparisons c;
  for (const format_facts& f : all_format_facts()) {
    context.for_each_setting(arithmetic, *parse_format(f.name), [&](const setting& s) {
      const subject subject = s.under(scalar_backend());
      const names expected = expected_promises(subject);
      for (const promise_field& p : kPromises) {
        c.equal(fmt::format("{} promised in {}", p.name, f.name), subject.promised().*p.field,
                has(expected, p.name));
      }
      compare_bounds(c, subject);
    });
  }
  return {c.row(promise_text, arithmetic.label, "any")};
}

void add_fact_tasks(suite_context& context) {
  if (context.wants(format_text)) context.add_task("facts of formats", format_rows);
  if (context.wants(cut_text)) context.add_task("facts of cutting", cut_rows);
  if (context.wants(choice_text)) context.add_task("facts of choices", choice_rows);
  if (!context.wants(promise_text)) return;
  for (const arithmetic_choice& a : context.options().arithmetics) {
    // An arithmetic of the user's has no table here.
    if (find_facts(a.info->name) == nullptr) continue;
    context.add_task("facts of promises", [&context, &a] { return promise_rows(context, a); });
  }
  // The bounds past f = 2 - sqrt 2 have another form, which the factors of a run do not reach.
  const auto is_pam = [](const arithmetic_choice& a) { return a.info->name == "pam"; };
  if (std::ranges::none_of(context.options().arithmetics, is_pam)) return;
  for (const std::string_view name : {"pam:1.55", "pam:1.75"}) {
    context.add_task("facts of promises", [&context, name] {
      return promise_rows(context, *parse_arithmetic(name));
    });
  }
}

}  // namespace

namespace tasks {
task_family declared_facts() {
  return {.texts = {&format_text, &cut_text, &choice_text, &promise_text},
          .operations = {},
          .add_tasks = add_fact_tasks,
          .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

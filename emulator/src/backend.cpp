#include "pamkit/backend.hpp"

#include <algorithm>

#include "pamkit/arith_registry.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/elementwise_registry.hpp"
#include "pamkit/layer_registry.hpp"
#include "profile_tables.hpp"
#include "scalar_tables.hpp"

namespace pamkit {
namespace {

const std::vector<detail::scalar_table>& tables() {
  static const std::vector<detail::scalar_table> all = [] {
    std::vector<detail::scalar_table> list;
    for_each_type(all_arithmetics{}, [&]<class A>(std::type_identity<A>) {
      list.push_back(detail::scalar_table_of<A>());
    });
    return list;
  }();
  return all;
}

const detail::scalar_table* find_table(std::string_view arithmetic) {
  const auto it = std::ranges::find_if(
      tables(), [&](const detail::scalar_table& t) { return t.info.name == arithmetic; });
  return it == tables().end() ? nullptr : &*it;
}

// The digits of a decimal in [1, 2): "1", "1.", "1.0552". At most 17 of them after the point, so
// that the rounding below is exact in 128 bits.
constexpr std::size_t kMaxDecimals = 17;

bool is_factor(std::string_view alpha) {
  if (alpha.empty() || alpha[0] != '1') return false;
  if (alpha.size() == 1) return true;
  const std::string_view decimals = alpha.substr(2);
  return alpha[1] == '.' && !decimals.empty() && decimals.size() <= kMaxDecimals &&
         std::ranges::all_of(decimals, [](char c) { return c >= '0' && c <= '9'; });
}

// mag(RN(alpha)) - ONE in units of the stored fraction: RN((alpha - 1) 2^kept), ties to even.
std::int32_t compensation_of(std::string_view alpha, int kept, int dropped) {
  __extension__ using uint128 = unsigned __int128;
  uint128 numerator = 0;
  uint128 denominator = 1;
  for (const char c : alpha.size() > 2 ? alpha.substr(2) : std::string_view{}) {
    numerator = numerator * 10 + static_cast<unsigned>(c - '0');
    denominator *= 10;
  }
  numerator <<= kept;
  const uint128 quotient = numerator / denominator;
  const uint128 twice_rest = 2 * (numerator % denominator);
  const bool up = twice_rest > denominator || (twice_rest == denominator && (quotient & 1) != 0);
  return static_cast<std::int32_t>(quotient + (up ? 1 : 0)) << dropped;
}

elementwise_function scalar_elementwise(std::string_view operation, std::string_view arithmetic) {
  const detail::scalar_table* table = find_table(arithmetic);
  return table == nullptr ? detail::profile_elementwise(operation, arithmetic)
                          : table->elementwise(operation);
}

contraction_function scalar_contraction(std::string_view arithmetic, contraction_kind kind,
                                        derivative gradient) {
  const detail::scalar_table* table = find_table(arithmetic);
  return table == nullptr ? nullptr : table->contraction(kind, gradient);
}

layer_function scalar_layer(std::string_view operation, std::string_view arithmetic) {
  layer_function found = nullptr;
  for_each_type(all_arithmetics{}, [&]<class A>(std::type_identity<A>) {
    if (arithmetic == A::name) found = detail::scalar_layer_of<A>(operation);
  });
  return found;
}

template <class Layer>
layer_info info_of() {
  layer_info info{.name = Layer::name,
                  .inputs = Layer::inputs,
                  .outputs = Layer::outputs,
                  .attributes = Layer::attributes};
  info.has_vjp = std::ranges::any_of(info.inputs, &layer_operand::is_differentiable);
  if constexpr (requires { Layer::is_variadic; }) info.is_variadic = Layer::is_variadic;
  return info;
}

}  // namespace

std::span<const layer_info> layers() {
  static const std::vector<layer_info> all = [] {
    std::vector<layer_info> list;
    for_each_type(all_layers{}, [&]<class Layer>(std::type_identity<Layer>) {
      list.push_back(info_of<Layer>());
    });
    return list;
  }();
  return all;
}

const layer_info* find_layer(std::string_view name) {
  const auto it = std::ranges::find(layers(), name, &layer_info::name);
  return it == layers().end() ? nullptr : &*it;
}

std::span<const arithmetic_info> arithmetics() {
  static const std::vector<arithmetic_info> all = [] {
    std::vector<arithmetic_info> list;
    for (const detail::scalar_table& t : tables()) list.push_back(t.info);
    return list;
  }();
  return all;
}

std::span<const operation_info> operations() {
  static const std::vector<operation_info> all = [] {
    std::vector<operation_info> list;
    for_each_type(all_operations{}, [&]<class Op>(std::type_identity<Op>) {
      list.push_back({Op::name, Op::arity});
    });
    return list;
  }();
  return all;
}

const arithmetic_info* find_arithmetic(std::string_view name) {
  const auto it = std::ranges::find(arithmetics(), name, &arithmetic_info::name);
  return it == arithmetics().end() ? nullptr : &*it;
}

const operation_info* find_operation(std::string_view name) {
  const auto it = std::ranges::find(operations(), name, &operation_info::name);
  return it == operations().end() ? nullptr : &*it;
}

std::optional<arithmetic_choice> parse_arithmetic(std::string_view text) {
  const std::size_t colon = text.find(':');
  arithmetic_choice choice{std::string(text), find_arithmetic(text.substr(0, colon)), {}};
  if (choice.info == nullptr) return std::nullopt;
  if (colon == std::string_view::npos) return choice;
  // Only an arithmetic that passes a requested compensation on takes a factor.
  const std::string_view alpha = text.substr(colon + 1);
  if (!is_factor(alpha) || choice.info->compensation(binary32{}, 1) != 1) return std::nullopt;
  choice.alpha = alpha;
  return choice;
}

configuration arithmetic_choice::configure(const any_format& format, subnormal_policy subnormals,
                                           overflow_policy overflow) const {
  const format_description d = describe(format);
  const std::int32_t requested =
      alpha.empty() ? 0 : compensation_of(alpha, d.kept_bits, d.dropped_bits);
  return {format, info->name, subnormals, overflow, info->compensation(format, requested)};
}

const backend& scalar_backend() {
  static constexpr backend self{.name = "scalar",
                                .description = "the definitions, one element at a time",
                                .elementwise = scalar_elementwise,
                                .contraction = scalar_contraction,
                                .layer = scalar_layer,
                                .reads_narrow_elements = true};
  return self;
}

std::span<const backend* const> emulator_backends() {
  static const std::array<const backend*, 2> all = {&scalar_backend(), &simd_backend()};
  return all;
}

policy<binary32> contraction_rules(const configuration& c) {
  const int shift = binary32::fraction_bits - describe(c.format).fraction_bits;
  return {c.subnormals, c.overflow, c.compensation << shift, {}};
}

void widen(const any_format& format, std::span<const std::uint32_t> encodings,
           std::span<float> values) {
  std::visit(
      [&]<class F>(F) {
        std::ranges::transform(encodings, values.begin(), [](std::uint32_t x) {
          return std::bit_cast<float>(widen(from_bits<F>(x)).bits);
        });
      },
      format);
}

void cut(const binary32m& format, overflow_policy overflow, std::span<const float> values,
         std::span<float> shorter) {
  constexpr std::int32_t top = top_binade<binary32>;
  const int dropped = binary32::fraction_bits - format.kept_bits;
  const std::int32_t past_max = overflow == overflow_policy::infinity ? top : max_magnitude(format);
  // Without branches, so that compilers make vectors of it. To the nearest, ties to even: half an
  // ulp less one, and one if the last kept bit is odd. A magnitude that is no NaN's stays below
  // 2^31; the sum of one that is is not used.
  const std::uint32_t below_half = dropped == 0 ? 0 : (std::uint32_t{1} << (dropped - 1)) - 1;
  const std::uint32_t odd_bit = dropped == 0 ? 0 : 1;
  const std::uint32_t kept = ~std::uint32_t{0} << dropped;
  const auto shortened = [=](float value) {
    const auto x = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t m = x & magnitude_mask<binary32>;
    const std::uint32_t sign = x & sign_mask<binary32>;
    const auto rounded =
        static_cast<std::int32_t>((m + below_half + ((m >> dropped) & odd_bit)) & kept);
    std::int32_t r = rounded >= top ? past_max : rounded;
    r = static_cast<std::int32_t>(m) == top ? top : r;
    const std::uint32_t finite = static_cast<std::uint32_t>(r) | sign;
    return std::bit_cast<float>(static_cast<std::int32_t>(m) > top ? canonical_nan_bits<binary32>
                                                                   : finite);
  };
  std::ranges::transform(values, shorter.begin(), shortened);
}

void narrow(const configuration& c, std::span<const float> values,
            std::span<std::uint32_t> encodings) {
  std::visit(
      [&]<class F>(F f) {
        const policy<F> p{c.subnormals, c.overflow, 0, f};
        std::ranges::transform(values, encodings.begin(), [&](float x) {
          return std::uint32_t{narrow(p, encoding<binary32>{std::bit_cast<std::uint32_t>(x)}).bits};
        });
      },
      c.format);
}

}  // namespace pamkit

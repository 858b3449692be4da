/// The operations of pam, l_mul and power_of_two on columns.
#include "columns.hpp"
#include "integer_definition.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference::columns {
namespace {

// Of<Integer>(model, a, b, c) with c, the compensation of products and quotients, or a constant of
// a composition.
template <auto Of>
void over_columns(const rules& r, std::int64_t constant, const std::uint32_t* a, const std::uint32_t* b,
             std::uint32_t* out, std::size_t count) {
  with_model(r, [&]<class Integer, bool Flushes>(Integer, std::bool_constant<Flushes>) {
    const piecewise_affine<Integer, Flushes> model(r);
    const auto c = static_cast<Integer>(constant);
    for_columns(
        [=](std::uint32_t x, std::uint32_t y) __attribute__((always_inline)) {
          return static_cast<std::uint32_t>(
              Of(model, static_cast<Integer>(x), static_cast<Integer>(y), c));
        },
        a, b, out, count);
  });
}

std::int64_t half_of(const rules& r) {
  return encode(rational::power_of_two(-1), r.format, subnormal_policy::gradual, r.overflow);
}

// 10.2
std::int64_t l_mul_offset(const rules& r) {
  const int n = r.widened_from_bits != 0 ? r.widened_from_bits : r.format.kept_bits;
  const int l = n <= 3 ? n : n == 4 ? 3 : 4;
  return std::int64_t{r.format.min_normal} >> l;
}

// clang-format off
#define PAMKIT_CASE(EXPRESSION)                                                              \
  [](const auto& m, auto a, [[maybe_unused]] auto b, [[maybe_unused]] auto c)                \
      __attribute__((always_inline)) { return EXPRESSION; }
// clang-format on

constexpr auto kMul = PAMKIT_CASE(m.pam(a, b, c));
constexpr auto kDiv = PAMKIT_CASE(m.pad(a, b, c));
constexpr auto kExp2 = PAMKIT_CASE(m.paexp2(a));
constexpr auto kLog2 = PAMKIT_CASE(m.palog2(a));
constexpr auto kExp = PAMKIT_CASE(m.paexp2(m.pam(a, c, 0)));
constexpr auto kLog = PAMKIT_CASE(m.pad(m.palog2(a), c, 0));
constexpr auto kPow = PAMKIT_CASE(m.papow(a, b));
constexpr auto kSqrt = PAMKIT_CASE(m.papow(a, c));
constexpr auto kMulDa = PAMKIT_CASE(m.mul_da(a, b, c));
constexpr auto kDivDa = PAMKIT_CASE(m.div_da(a, b, c));
constexpr auto kDivDb = PAMKIT_CASE(m.div_db(a, b, c));
constexpr auto kExp2Da = PAMKIT_CASE(m.exp2_da(a));
constexpr auto kLog2Da = PAMKIT_CASE(m.log2_da(a));
constexpr auto kPowerOfTwo = PAMKIT_CASE(m.times_power_of_two(a, b));

std::int64_t compensation(const rules& r) { return r.compensation; }
std::int64_t nothing(const rules&) { return 0; }
std::int64_t log2e_of(const rules& r) { return log2e(r.format); }

template <auto Of, auto Constant>
void oracle(const rules& r, const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* lowest,
            std::uint32_t* /*highest*/, std::size_t count) {
  over_columns<Of>(r, Constant(r), a, b, lowest, count);
}

constexpr definition kDefinitions[] = {
    {"pam", "mul", oracle<kMul, compensation>},
    {"pam", "div", oracle<kDiv, compensation>},
    {"pam", "exp2", oracle<kExp2, nothing>},
    {"pam", "log2", oracle<kLog2, nothing>},
    {"pam", "exp", oracle<kExp, log2e_of>},
    {"pam", "log", oracle<kLog, log2e_of>},
    {"pam", "pow", oracle<kPow, nothing>},
    {"pam", "sqrt", oracle<kSqrt, half_of>},
    {"pam", "mul_da", oracle<kMulDa, compensation>},
    {"pam", "div_da", oracle<kDivDa, compensation>},
    {"pam", "div_db", oracle<kDivDb, compensation>},
    {"pam", "exp2_da", oracle<kExp2Da, nothing>},
    {"pam", "log2_da", oracle<kLog2Da, nothing>},
    {"l_mul", "mul", oracle<kMul, l_mul_offset>},
    {"l_mul", "mul_da", oracle<kMulDa, l_mul_offset>},
    {"power_of_two", "mul", oracle<kPowerOfTwo, nothing>},
};

}  // namespace

std::span<const definition> pam_definitions() { return kDefinitions; }

}  // namespace pamkit::reference::columns

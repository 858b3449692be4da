/// The operations of exact and adder on columns.
#include "binary64.hpp"
#include "columns.hpp"
#include "elementary.hpp"
#include "integer_definition.hpp"

namespace pamkit::reference::columns {
namespace {

template <auto Of>
void oracle(const rules& asked, const std::uint32_t* a, const std::uint32_t* b,
            std::uint32_t* lowest, std::uint32_t* /*highest*/, std::size_t count) {
  rules r = asked;
  r.subnormals = subnormal_policy::gradual;  // section 10.1 and 10.4
  // In binary32 the adder's overflow is IEEE's.
  if (r.arithmetic == "adder" && r.format.name == "binary32") r.overflow = overflow_policy::infinity;
  with_integer(r.format, [&]<class Integer>(Integer) {
    const binary64_operations<Integer> model(r);
    for_columns(
        [=](std::uint32_t x, std::uint32_t y) __attribute__((always_inline)) {
          return static_cast<std::uint32_t>(
              Of(model, static_cast<Integer>(x), static_cast<Integer>(y)));
        },
        a, b, lowest, count);
  });
}

// clang-format off
#define PAMKIT_CASE(EXPRESSION)                                                              \
  [](const auto& m, auto a, [[maybe_unused]] auto b) __attribute__((always_inline)) { return EXPRESSION; }
// clang-format on

constexpr auto kMul = PAMKIT_CASE(m.mul(a, b));
constexpr auto kDiv = PAMKIT_CASE(m.div(a, b));
constexpr auto kSqrt = PAMKIT_CASE(m.sqrt(a));
constexpr auto kAdder = PAMKIT_CASE(m.minus_distance(a, b));

constexpr definition kDefinitions[] = {
    {"exact", "mul", oracle<kMul>},
    {"exact", "div", oracle<kDiv>},
    {"exact", "sqrt", oracle<kSqrt>},
    {"adder", "mul", oracle<kAdder>},
};

}  // namespace

std::span<const definition> ieee_definitions() { return kDefinitions; }

}  // namespace pamkit::reference::columns

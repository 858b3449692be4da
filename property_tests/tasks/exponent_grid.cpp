/// P1 on every pair of binary32 exponents: 2^64 pairs cannot be run, but the range decision depends
/// on the exponents and on where the fractions' sum (difference) lies, and both can be exhausted.
#include <fmt/format.h>

#include "golden_failure.hpp"
#include "oracle_rules.hpp"
#include "pamkit/reference/integer_model.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P1",
    .part = "exponents",
    .sentence = "over all pairs of exponents and signs the result is the real-number definition's, "
                "encoded once",
    .domain = "256 x 256 exponent fields, both signs of each operand, with the fractions at which "
              "a piece, a rounding or a range ends",
    .operation = "",
    .promise = "",
    .promised = nullptr};

// Fractions 0, one unit, around a half, and one unit below the next binade: their sums meet 1 - ulp,
// 1 and 1 + ulp, and with exponent field 0 they are zero, the least and the largest subnormal.
constexpr std::uint32_t kFractions[] = {0, 1, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff};
constexpr std::size_t kFields = 256;
constexpr std::size_t kOperands = 2 * kFields * std::size(kFractions);

// Every operand of the grid.
column grid_operands() {
  column all;
  all.reserve(kOperands);
  for (std::uint32_t signed_field = 0; signed_field < 2 * kFields; ++signed_field) {
    for (const std::uint32_t fraction : kFractions) all.push_back(signed_field << 23 | fraction);
  }
  return all;
}

rows run_grid(suite_context& context, const setting& s, const operation_info& operation) {
  const reference::rules rules = oracle_rules(*s.arithmetic, s.format, s.subnormals, s.overflow);
  const auto columns = reference::find_columns(operation.name, rules);
  const auto oracle =
      *elementwise_oracle::find(operation.name, *s.arithmetic, s.format, s.subnormals, s.overflow);
  const column b = grid_operands();
  column a(b.size());
  column expected(b.size());
  column unused(b.size());  // products and quotients have one result
  rows found;
  std::vector<subject> subjects;
  for (const backend* implementation : context.options().backends) {
    const subject subject = s.under(*implementation);
    if (!context.is_judged(*implementation) || !subject.defines(operation.name)) continue;
    result row = s.row(text);
    row.operation = operation.name;
    row.backend = implementation->name;
    row.mode = context.stride(*implementation) == 1 ? run_mode::exhaustive : run_mode::sampled;
    if (row.mode == run_mode::sampled) row.seed = context.options().seed;
    found.push_back(std::move(row));
    subjects.push_back(subject);
  }
  for (std::size_t n = 0; n < b.size(); ++n) {
    if (context.is_stopping()) return {};
    const std::uint32_t x = b[n];
    std::ranges::fill(a, x);
    const auto is_skipped = [&](const subject& of) {
      // The stride and the number of fractions have no common divisor: every field is met.
      const std::size_t stride = context.stride(of.implementation());
      return n % stride != context.first_case(s, of.implementation());
    };
    if (std::ranges::all_of(subjects, is_skipped)) continue;
    columns(rules, a.data(), b.data(), expected.data(), unused.data(), b.size());
    for (std::size_t k = 0; k < subjects.size(); ++k) {
      if (is_skipped(subjects[k])) continue;
      const column got = subjects[k].apply(operation.name, a, b);
      found[k].cases += got.size();
      if (got == expected || found[k].status == run_status::fail) continue;
      const auto i = static_cast<std::size_t>(std::ranges::mismatch(got, expected).in1 - got.begin());
      report_golden_failure(found[k], subjects[k], operation.name, oracle, {x, b[i]},
                            context.options().shrinks);
    }
  }
  return found;
}

void add_grid_tasks(suite_context& context) {
  if (!context.wants(text) || context.is_quick() || context.options().count != 0) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      if (describe(format).name != "binary32") continue;
      for (const operation_info& operation : operations()) {
        const bool is_product = operation.name == "mul" || operation.name == "div";
        if (!is_product || !context.wants_operation(operation.name) ||
            !arithmetic.info->defines(operation.name)) {
          continue;
        }
        context.for_each_setting(arithmetic, format, [&](const setting& s) {
          const reference::rules rules =
              oracle_rules(*s.arithmetic, s.format, s.subnormals, s.overflow);
          if (reference::find_columns(operation.name, rules) == nullptr) return;
          context.add_task(fmt::format("{} {} {}", text.key(), operation.name, arithmetic.label),
                           [&context, s, &operation] { return run_grid(context, s, operation); }, 0,
                           0.3);
        });
      }
    }
  }
}

}  // namespace

namespace tasks {
task_family exponent_grid() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_grid_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

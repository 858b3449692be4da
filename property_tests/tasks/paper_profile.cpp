/// P1 under profile paper: pam's products, quotients and slopes in binary32, on operands aimed at the
/// profile's own edges. Whatever it does not cover is a row that says so.
#include <fmt/format.h>

#include <algorithm>

#include "golden_elementwise.hpp"
#include "golden_rows.hpp"
#include "pamkit/profiles.hpp"
#include "result_text.hpp"

namespace pamkit::properties {
namespace {

constexpr std::string_view kPaper = name_of(profile::paper);

// A row for every policy and backend that says why nothing was run.
void add_undefined(suite_context& context, const arithmetic_choice& arithmetic,
                   std::string_view operation, const std::string& format, std::string reason) {
  result row = make_not_run_row(golden_text(), arithmetic, binary32{}, std::move(reason));
  row.operation = operation;
  row.format = format;
  row.profile = kPaper;
  context.add_row(std::move(row));
}

void add_operation(suite_context& context, const arithmetic_choice& arithmetic,
                   const operation_info& operation) {
  const suite_options& asked = context.options();
  for (const any_format& format : asked.formats) {
    const std::string name = describe(format).name;
    if (!std::holds_alternative<binary32>(format)) {
      add_undefined(context, arithmetic, operation.name, name,
                    fmt::format("{} is not defined under profile {}", name, kPaper));
    } else if (std::ranges::find(asked.policies, subnormal_policy::flush) == asked.policies.end() ||
               std::ranges::find(asked.overflows, overflow_policy::infinity) ==
                   asked.overflows.end()) {
      add_undefined(context, arithmetic, operation.name, name,
                    fmt::format("no policy is defined under profile {}, whose own decisions are "
                                "reported as flush and infinity",
                                kPaper));
    } else {
      context.add_task(fmt::format("P1 {} {} profile {}", operation.name, arithmetic.label, kPaper),
                       [&context, arithmetic, &operation] {
                         return run_golden(context, setting{&arithmetic}, operation);
                       });
    }
  }
}

void add_tasks(suite_context& context) {
  if (!context.wants(golden_text())) return;
  for (const arithmetic_choice& choice : context.options().arithmetics) {
    const auto arithmetic = under_profile(choice, profile::paper);
    if (!arithmetic) {
      add_undefined(context, choice, "all", "any",
                    fmt::format("{} is not defined under profile {}", choice.label, kPaper));
      continue;
    }
    for (const std::string& name : context.options().operations) {
      if (!arithmetic->info->defines(name)) {
        add_undefined(context, *arithmetic, name, "any",
                      fmt::format("{} is not defined under profile {}", name, kPaper));
      } else {
        add_operation(context, *arithmetic, *find_operation(name));
      }
    }
  }
}

}  // namespace

namespace tasks {
task_family paper_profile() {
  return {.texts = {},
          .operations = {},
          .add_tasks = add_tasks,
          .of_profile = profile::paper,
          .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

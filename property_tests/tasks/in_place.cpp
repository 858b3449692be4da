/// An elementwise result may lie where an operand lies (pamkit/backend.hpp, and both headers of the C interface).
#include <fmt/format.h>

#include <algorithm>

#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "facts",
    .part = "in_place",
    .sentence = "a result that takes the place of an operand is the result beside it",
    .domain = "some cases of every elementwise operation, in the place of each operand; no whole number of vectors",
    .operation = "",
    .promise = ""};

constexpr std::size_t kUsed = 333;

result judge_in_place(suite_context& context, const setting& s, const operation_info& o, const backend& b) {
  result row = s.row(text);
  row.operation = o.name;
  row.backend = b.name;
  row.seed = context.options().seed;
  const subject subject = s.under(b);
  operand_columns operands = context.cases().pool(s.shape(o.arity))->operands;
  for (column& x : operands) x.resize(std::min(x.size(), kUsed));
  const column expected = subject.apply(o.name, operands);
  const elementwise_function f = b.elementwise(o.name, subject.rules().arithmetic);
  for (std::size_t place = 0; place < operands.size(); ++place) {
    operand_columns x = operands;
    column& out = x[place];
    f(subject.rules(), x.front().data(), x.back().data(), out.data(), out.size());
    row.cases += out.size();
    const auto [g, e] = std::ranges::mismatch(out, expected);
    if (g == out.end() || row.status == run_status::fail) continue;
    row.status = run_status::fail;
    row.reason = fmt::format("a result in the place of operand {} is another one", place);
    set_counterexample(row, describe(s.format), case_at(operands, static_cast<std::size_t>(g - out.begin())), *g, *e);
  }
  return row;
}

void add_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const setting s{&arithmetic, format, context.options().policies.front(), context.options().overflows.front()};
      context.add_task(fmt::format("facts of places, {} {}", arithmetic.label, describe(format).name), [&context, s] {
        rows found;
        for (const backend* b : context.options().backends) {
          if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
          for (const operation_info& o : operations()) {
            if (!context.wants_operation(o.name) || !s.under(*b).defines(o.name)) continue;
            found.push_back(judge_in_place(context, s, o, *b));
          }
        }
        return found;
      });
    }
  }
}

}  // namespace

namespace tasks {
task_family in_place() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

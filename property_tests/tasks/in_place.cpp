/// An elementwise result may lie where an operand lies (pamkit/backend.hpp, and both headers of the C interface), and
/// nothing beside operands and result is touched.
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <span>

#include "guarded_memory.hpp"
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

const property_text guard_text = {
    .id = "facts",
    .part = "guards",
    .sentence = "nothing before or behind the operands and the result is read or written",
    .domain = "1 to 40 elements of every elementwise operation between pages without access",
    .operation = "",
    .promise = ""};

constexpr std::size_t kUsed = 333;
constexpr std::size_t kMostGuarded = 40;  // more than any vector has

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

// Words at an end of the memory of their own.
struct guarded_words {
  guarded_memory bytes;
  std::uint32_t* words;

  guarded_words(std::span<const std::uint32_t> x, guarded_memory::side side)
      : bytes(x.size_bytes(), side), words(new (bytes.data()) std::uint32_t[x.size()]) {
    std::ranges::copy(x, words);
  }
};

result judge_guards(suite_context& context, const setting& s, const operation_info& o, const backend& b) {
  result row = s.row(guard_text);
  row.operation = o.name;
  row.backend = b.name;
  row.seed = context.options().seed;
  const subject subject = s.under(b);
  const auto pool = context.cases().pool(s.shape(o.arity));
  const elementwise_function f = b.elementwise(o.name, subject.rules().arithmetic);
  const column nothing(kMostGuarded);
  for (const auto side : {guarded_memory::side::front, guarded_memory::side::back}) {
    for (std::size_t count = 1; count <= std::min(kMostGuarded, case_count(pool->operands)); ++count) {
      const auto first = [&](const column& words) { return std::span<const std::uint32_t>(words).first(count); };
      const guarded_words x(first(pool->operands.front()), side);
      const guarded_words y(first(pool->operands.back()), side);
      const guarded_words out(first(nothing), side);
      static_cast<void>(guarded_memory::was_left());
      f(subject.rules(), x.words, y.words, out.words, count);
      ++row.cases;
      if (!guarded_memory::was_left() || row.status == run_status::fail) continue;
      row.status = run_status::fail;
      row.reason = fmt::format("{} elements: what is {} them is touched", count,
                               side == guarded_memory::side::front ? "before" : "behind");
    }
  }
  return row;
}

using judge_function = result (*)(suite_context&, const setting&, const operation_info&, const backend&);

void add_tasks_of(suite_context& context, const property_text& statement, judge_function judge) {
  if (!context.wants(statement)) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const setting s{&arithmetic, format, context.options().policies.front(), context.options().overflows.front()};
      context.add_task(fmt::format("{} {} {}", statement.key(), arithmetic.label, describe(format).name), [&context, s, judge] {
        rows found;
        for (const backend* b : context.options().backends) {
          if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
          for (const operation_info& o : operations()) {
            if (!context.wants_operation(o.name) || !s.under(*b).defines(o.name)) continue;
            found.push_back(judge(context, s, o, *b));
          }
        }
        return found;
      });
    }
  }
}

void add_tasks(suite_context& context) {
  add_tasks_of(context, text, judge_in_place);
  add_tasks_of(context, guard_text, judge_guards);
}

}  // namespace

namespace tasks {
task_family in_place() {
  return {.texts = {&text, &guard_text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

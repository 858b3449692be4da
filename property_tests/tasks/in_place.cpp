/// An elementwise result may lie where an operand lies (pamkit/backend.hpp, and both headers of the C interface), and
/// nothing beside operands and result is touched.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "golden_layer.hpp"
#include "guarded_memory.hpp"
#include "pamkit/profiles.hpp"
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
    .domain = "0 to 40 elements of every elementwise operation between pages without access; operands of layers before one",
    .operation = "",
    .promise = ""};

constexpr std::size_t kUsed = 333;
constexpr std::size_t kMostGuarded = 40;  // more than any vector has

result row_of(const suite_context& context, const property_text& statement, const setting& s, std::string operation,
              const backend& b) {
  result row = s.row(statement);
  row.operation = std::move(operation);
  row.backend = b.name;
  row.seed = context.options().seed;
  return row;
}

result judge_in_place(suite_context& context, const setting& s, const operation_info& o, const backend& b) {
  result row = row_of(context, text, s, std::string(o.name), b);
  const subject subject = s.under(b);
  operand_columns operands = context.cases().pool(s.shape(o.arity))->operands;
  for (column& x : operands) x.resize(std::min(x.size(), kUsed));
  const column expected = subject.apply(o.name, operands);
  const elementwise_function f = b.elementwise(o.name, subject.rules().arithmetic);
  // What a unary operation is given as its second operand is none.
  const column none(operands.front().size(), describe(s.format).nan);
  for (std::size_t place = 0; place < operands.size(); ++place) {
    operand_columns x = operands;
    column& out = x[place];
    const std::uint32_t* const second = o.arity == 2 ? x.back().data() : none.data();
    f(subject.rules(), x.front().data(), second, out.data(), out.size());
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
  result row = row_of(context, guard_text, s, std::string(o.name), b);
  const subject subject = s.under(b);
  const auto pool = context.cases().pool(s.shape(o.arity));
  const elementwise_function f = b.elementwise(o.name, subject.rules().arithmetic);
  const column nothing(kMostGuarded);
  for (const auto side : {guarded_memory::side::front, guarded_memory::side::back}) {
    for (std::size_t count = 0; count <= std::min(kMostGuarded, case_count(pool->operands)); ++count) {
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

// x in memory that goes on behind it, where a page begins; nothing where the allocator gives no such memory.
std::optional<column> at_end_of_page(const column& x) {
  constexpr std::size_t kWord = sizeof(std::uint32_t);
  constexpr std::size_t kAlignment = alignof(std::max_align_t);  // of what is allocated, and as much is its overhead
  const std::size_t page = guarded_page::page_size();
  if (x.size() * kWord % kAlignment != 0) return std::nullopt;
  // Of chunks beside each other, each begins `kAlignment` further on in its page.
  const std::size_t capacity = (x.size() * kWord / page + 3) * page + kAlignment / 2;
  std::vector<column> tried;
  for (std::size_t i = 0; i < 2 * page / kAlignment; ++i) {
    column here;
    here.reserve(capacity / kWord);
    here.assign(x.begin(), x.end());
    if (std::bit_cast<std::uintptr_t>(here.data() + here.size()) % page == 0) return here;
    tried.push_back(std::move(here));
  }
  return std::nullopt;
}

result judge_layer_guards(suite_context& context, const setting& s, const layer_operation& o, const backend& b) {
  result row = row_of(context, guard_text, s, o.name(), b);
  const layer_function f = b.layer(o.name(), s.arithmetic->info->name);
  const policy<binary32> rules = contraction_rules(s.under(b).rules());
  for (const layer_case& c : make_layer_cases(o.layer->name, binary32{}, context.options().seed, layer_case_size::quick)) {
    std::vector<tensor> operands = c.inputs;
    if (o.is_vjp) operands.insert(operands.end(), c.incoming.begin(), c.incoming.end());
    for (std::size_t i = 0; i < operands.size(); ++i) {
      column& x = operands[i].encodings;
      auto placed = x.empty() ? std::nullopt : at_end_of_page(x);
      if (!placed) continue;
      x = std::move(*placed);
      static_cast<void>(guarded_memory::was_left());
      {
        const guarded_page behind(x.data() + x.size());
        static_cast<void>(f(rules, derivative::approx, operands, c.attributes));
      }
      ++row.cases;
      if (!guarded_memory::was_left() || row.status == run_status::fail) continue;
      row.status = run_status::fail;
      row.reason = fmt::format("what is behind operand {} is touched", i);
      row.shape = c.shape(o.is_vjp);
    }
  }
  if (row.cases == 0) {
    row.status = run_status::not_run;
    row.reason = "no operand could be placed before a page";
  }
  return row;
}

rows run_layer_guards(suite_context& context, const setting& s) {
  rows found;
  const arithmetic_info& info = *s.arithmetic->info;
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    for (const layer_operation& o : layer_operations()) {
      if (context.is_stopping()) return {};
      if (!context.wants_operation(o.name()) || !has_layer(*b, o, info)) continue;
      if (o.is_vjp && !info.has_derivative(derivative::approx)) continue;
      found.push_back(judge_layer_guards(context, s, o, *b));
    }
  }
  return found;
}

using judge_function = result (*)(suite_context&, const setting&, const operation_info&, const backend&);

rows run_elements(suite_context& context, const setting& s, judge_function judge) {
  rows found;
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    for (const operation_info& o : operations()) {
      if (!context.wants_operation(o.name) || !s.under(*b).defines(o.name)) continue;
      found.push_back(judge(context, s, o, *b));
    }
  }
  return found;
}

void add_tasks_of(suite_context& context, const property_text& statement, judge_function judge) {
  if (!context.wants(statement)) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const setting s{&arithmetic, format, context.options().policies.front(), context.options().overflows.front()};
      context.add_task(fmt::format("{} {} {}", statement.key(), arithmetic.label, describe(format).name),
                       [&context, s, judge] { return run_elements(context, s, judge); });
    }
    const auto released = under_profile(arithmetic, profile::paper);
    if (!released || !context.wants_profile(profile::paper) || !context.wants_binary32()) continue;
    context.add_task(fmt::format("{} {} under profile paper", statement.key(), arithmetic.label),
                     [&context, judge, released] { return run_elements(context, {.arithmetic = &*released}, judge); });
  }
}

void add_tasks(suite_context& context) {
  add_tasks_of(context, text, judge_in_place);
  add_tasks_of(context, guard_text, judge_guards);
  if (!context.wants(guard_text) || !context.wants_binary32()) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const setting s{&arithmetic, binary32{}, context.options().policies.front(), context.options().overflows.front()};
    context.add_task(fmt::format("{} of layers {}", guard_text.key(), arithmetic.label),
                     [&context, s] { return run_layer_guards(context, s); });
  }
}

}  // namespace

namespace tasks {
task_family in_place() {
  return {.texts = {&text, &guard_text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

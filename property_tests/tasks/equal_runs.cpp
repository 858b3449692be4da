/// P46, run to run and thread to thread: equal calls give equal bits, again, at once on several
/// threads, and on every backend.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "golden_contraction.hpp"
#include "golden_layer.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P46",
    .part = "repeat",
    .sentence = "equal calls give equal bits: again, on several threads at once, and on every "
                "backend",
    .domain = "the golden model's cases, in binary32",
    .operation = "",
    .promise = "",
    .promised = nullptr};

constexpr int kThreads = 3;
constexpr std::size_t kEvery = 3;  // of the cases that P44 judges one by one

using words = std::vector<column>;

// One call after another; what each returned, one column a call.
template <class Call>
words run_all(std::size_t calls, const Call& call) {
  words results;
  for (std::size_t i = 0; i < calls; ++i) results.push_back(call(i));
  return results;
}

struct disagreement {
  std::size_t call = 0;
  contraction_mismatch values;
  std::string_view where;
};

std::optional<disagreement> compare(const words& got, const words& expected,
                                    std::string_view where) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto [g, e] = std::ranges::mismatch(got[i], expected[i]);
    if (g == got[i].end() && e == expected[i].end()) continue;
    return disagreement{i,
                        {g == got[i].end() ? 0 : *g, e == expected[i].end() ? 0 : *e},
                        where};
  }
  return std::nullopt;
}

// `call(i)` is computed here twice and on other threads at once; `first(i)` is another backend's.
template <class Call, class First>
std::optional<disagreement> repeat(std::size_t calls, const Call& call, const First& first) {
  const words expected = run_all(calls, first);
  std::vector<words> others(kThreads);
  {
    std::vector<std::jthread> threads;
    for (words& found : others) {
      threads.emplace_back([&found, &call, calls] { found = run_all(calls, call); });
    }
  }
  if (auto d = compare(run_all(calls, call), expected, "the first backend")) return d;
  if (auto d = compare(run_all(calls, call), expected, "its first run")) return d;
  for (const words& found : others) {
    if (auto d = compare(found, expected, "the run on one thread")) return d;
  }
  return std::nullopt;
}

void report(result& row, const disagreement& d, const std::string& shape, const column& operands) {
  row.status = run_status::fail;
  row.reason = fmt::format("its bits are not those of {}", d.where);
  row.shape = shape;
  set_counterexample(row, describe(binary32{}), operands, d.values.got, d.values.expected);
}

column joined(const std::vector<column>& parts) {
  column all;
  for (const column& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

column joined(const std::vector<tensor>& parts) {
  column all;
  for (const tensor& p : parts) all.insert(all.end(), p.encodings.begin(), p.encodings.end());
  return all;
}

bool has(const backend& b, const tensor_operation& o, const arithmetic_info& info,
         derivative gradient) {
  using enum contraction_kind;
  if (!o.is_vjp) return b.contraction(info.name, product, gradient) != nullptr;
  return b.contraction(info.name, vjp_a, gradient) != nullptr;
}

bool has(const backend& b, const layer_operation& o, const arithmetic_info& info, derivative) {
  return b.layer != nullptr && b.layer(o.name(), info.name) != nullptr;
}

column call_of(const subject& s, const tensor_operation& o, derivative gradient,
               const contraction_case& c) {
  return joined(backend_results(o, gradient, s, c, memory_layout::contiguous));
}

column call_of(const subject& s, const layer_operation& o, derivative gradient,
               const layer_case& c) {
  return joined(apply_layer(s, *o.layer, o.is_vjp, gradient, c));
}

std::string shape_of(const tensor_operation&, const contraction_case& c) { return c.shape(); }
std::string shape_of(const layer_operation& o, const layer_case& c) { return c.shape(o.is_vjp); }

column operands_of(const tensor_operation& o, const contraction_case& c) {
  return o.is_vjp ? joined(words{c.a, c.b, c.d}) : joined(words{c.a, c.b});
}
column operands_of(const layer_operation& o, const layer_case& c) { return c.operands(o.is_vjp); }

std::string name_of_operation(const tensor_operation& o) { return std::string(o.name); }
std::string name_of_operation(const layer_operation& o) { return o.name(); }

auto cases_of(suite_context& context, const setting& s, const tensor_operation& o) {
  return context.cases().contractions(s.shape(2), o);
}
auto cases_of(suite_context& context, const setting& s, const layer_operation& o) {
  return context.cases().layers(s.format, o.layer->name);
}

template <class Operation>
rows run_repeat(suite_context& context, const setting& s, const Operation& o,
                derivative gradient) {
  result row = s.row(text);
  row.operation = name_of_operation(o);
  row.seed = context.options().seed;
  const auto cases = cases_of(context, s, o);
  const std::size_t calls = (cases->size() + kEvery - 1) / kEvery;
  rows found;
  const backend* first = nullptr;
  for (const backend* b : context.options().backends) {
    if (context.is_stopping()) return {};
    if (!context.is_judged(*b)) continue;
    row.backend = b->name;
    found.push_back(row);
    if (!has(*b, o, *s.arithmetic->info, gradient)) {
      found.back().status = run_status::not_run;
      found.back().reason = fmt::format("backend {} has no {}", b->name, row.operation);
      continue;
    }
    if (first == nullptr) first = b;
    const auto of = [&](const backend& who) {
      return [&, subject = s.under(who)](std::size_t i) {
        return call_of(subject, o, gradient, (*cases)[i * kEvery]);
      };
    };
    found.back().cases = calls;
    if (const auto d = repeat(calls, of(*b), of(*first))) {
      const auto& c = (*cases)[d->call * kEvery];
      report(found.back(), *d, shape_of(o, c), operands_of(o, c));
    }
  }
  return found;
}

template <class Operation>
void add_tasks_of(suite_context& context, const Operation& o, bool is_vjp) {
  if (!context.wants_operation(name_of_operation(o))) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    if (is_vjp && !arithmetic.info->has_derivative(derivative::approx)) continue;
    const setting s{&arithmetic, binary32{}, context.options().policies.front(),
                    context.options().overflows.front()};
    const bool is_somewhere = std::ranges::any_of(context.options().backends, [&](const backend* b) {
      return has(*b, o, *arithmetic.info, derivative::approx);
    });
    if (!is_somewhere) continue;  // P44 says so
    context.add_task(fmt::format("P46 {} {}", name_of_operation(o), arithmetic.label),
                     [&context, s, o] { return run_repeat(context, s, o, derivative::approx); });
  }
}

void add_tasks(suite_context& context) {
  // A planted fault is one thread's own: the others would not have it.
  const bool has_faults = context.options().observer != nullptr;
  if (!context.wants(text) || !context.wants_binary32() || has_faults) return;
  for (const tensor_operation& o : tensor_operations()) add_tasks_of(context, o, o.is_vjp);
  for (const layer_operation& o : layer_operations()) {
    if (has_layer_cases(o.layer->name)) add_tasks_of(context, o, o.is_vjp);
  }
}

replay_verdict verdict_of_repeat(const std::optional<disagreement>& d) {
  std::optional<contraction_mismatch> mismatch;
  if (d) mismatch = d->values;
  return verdict_of(mismatch, describe(binary32{}), text.sentence);
}

std::optional<replay_verdict> replay(const replay_request& r) {
  if (r.property != text.key()) return std::nullopt;
  const subject s = subject_of(r);
  const subject first(scalar_backend(), r.arithmetic, r.format, r.subnormals, r.overflow);
  const bool is_product = r.shape.find_first_of(",/") == std::string::npos;
  if (const tensor_operation* o = find_tensor_operation(r.operation); o != nullptr && is_product) {
    const contraction_case c = tensor_case(r, o->is_vjp);
    return verdict_of_repeat(repeat(
        1, [&](std::size_t) { return call_of(s, *o, derivative::approx, c); },
        [&](std::size_t) { return call_of(first, *o, derivative::approx, c); }));
  }
  const auto o = find_layer_operation(r.operation);
  const auto c = o ? parse_layer_case(*o->layer, r.shape, r.operands, o->is_vjp) : std::nullopt;
  if (!c) refuse("P46.repeat needs a tensor operation, its --shape and its operands");
  return verdict_of_repeat(repeat(
      1, [&](std::size_t) { return call_of(s, *o, derivative::approx, *c); },
      [&](std::size_t) { return call_of(first, *o, derivative::approx, *c); }));
}

}  // namespace

namespace tasks {
task_family equal_runs() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_tasks, .replay = replay};
}
}  // namespace tasks

}  // namespace pamkit::properties

/// P50 where a call is long: indices of more than 16 bits, and rows that no kernel takes in one piece. The golden model
/// is too slow for them; the definitions, which P1 and P44 judge, are not.
#include <fmt/format.h>

#include <algorithm>

#include "golden_layer.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P50",
    .part = "long",
    .sentence = "a call over many elements has the bits of calls over some of them, and a row of many elements those of "
                "its definition",
    .domain = "70001 elements of every elementwise operation; from level standard on layers over one row of 70001 "
              "elements; binary32, default "
              "policies; not for emulated backends",
    .operation = "",
    .promise = ""};

constexpr std::size_t kLong = 70001;  // more than 16 bits count, and no whole number of vectors
constexpr std::size_t kPart = 1000;

result row_of(suite_context& context, const setting& s, const backend& b, std::string operation) {
  result row = s.row(text);
  row.operation = std::move(operation);
  row.backend = b.name;
  row.seed = context.options().seed;
  return row;
}

result judge_elements(suite_context& context, const setting& s, const operation_info& o, const backend& b) {
  result row = row_of(context, s, b, std::string(o.name));
  const subject subject = s.under(b);
  const auto pool = context.cases().pool(s.shape(o.arity));
  operand_columns all(static_cast<std::size_t>(o.arity));
  for (std::size_t j = 0; j < all.size(); ++j) {
    const column& given = pool->operands[j];
    // Another case at every place, since the second operand begins elsewhere.
    for (std::size_t i = 0; i < kLong; ++i) all[j].push_back(given[(i + j * (i / given.size())) % given.size()]);
  }
  const column whole = subject.apply(o.name, all);
  for (std::size_t first = 0; first < kLong; first += kPart) {
    operand_columns part(all.size());
    const auto end = static_cast<std::ptrdiff_t>(std::min(first + kPart, kLong));
    for (std::size_t j = 0; j < all.size(); ++j) {
      part[j].assign(all[j].begin() + static_cast<std::ptrdiff_t>(first), all[j].begin() + end);
    }
    const column expected = subject.apply(o.name, part);
    row.cases += expected.size();
    const auto [e, g] = std::ranges::mismatch(expected, column(whole.begin() + static_cast<std::ptrdiff_t>(first),
                                                               whole.begin() + end));
    if (e == expected.end() || row.status == run_status::fail) continue;
    const auto at = static_cast<std::size_t>(e - expected.begin());
    row.status = run_status::fail;
    row.reason = fmt::format("element {} of {} is another one than by itself", first + at, kLong);
    set_counterexample(row, describe(s.format), case_at(part, at), whole[first + at], *e);
  }
  return row;
}

// One long row, its greatest element last, for a layer whose first operand is rows; none for others.
std::vector<layer_case> long_rows(const layer_info& layer, std::uint64_t seed) {
  using enum layer_content;
  constexpr auto kLength = static_cast<std::int64_t>(kLong);
  layer_case_source source(binary32{}, seed, false);
  layer_case c;
  c.inputs = {source.numbers({1, kLength}, ordinary)};
  c.inputs[0].encodings.back() = 0x41200000;
  if (layer.name == "softmax" || layer.name == "log_softmax") {
    c.incoming = {source.numbers({1, kLength}, ordinary)};
  } else if (layer.name == "logsumexp" || layer.name == "norm" || layer.name == "sum" || layer.name == "mean") {
    c.incoming = {source.numbers({1}, ordinary)};
  } else if (layer.name == "layer_norm") {
    c.inputs.push_back(source.numbers({kLength}, ordinary));
    c.inputs.push_back(source.numbers({kLength}, ordinary));
    c.incoming = {source.numbers({1, kLength}, ordinary)};
  } else if (layer.name == "cross_entropy") {
    c.inputs.push_back({{1}, {static_cast<std::uint32_t>(kLong - 2)}});
    c.incoming = {source.numbers({}, ordinary)};
    layer_case smoothed = c;
    smoothed.attributes = {{"smoothing", 0.1}};
    return {std::move(c), std::move(smoothed)};
  } else {
    return {};
  }
  return {std::move(c)};
}

bool has_layer(const backend& b, const layer_operation& o, const arithmetic_info& info) {
  return b.layer != nullptr && b.layer(o.name(), info.name) != nullptr;
}

rows run_long(suite_context& context, const setting& s) {
  rows found;
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    for (const operation_info& o : operations()) {
      if (context.is_stopping()) return {};
      if (!context.wants_operation(o.name) || !s.under(*b).defines(o.name)) continue;
      found.push_back(judge_elements(context, s, o, *b));
    }
  }
  if (context.is_quick()) return found;
  for (const layer_operation& o : layer_operations()) {
    const std::vector<layer_case> cases = long_rows(*o.layer, context.options().seed);
    const bool is_defined = has_layer(scalar_backend(), o, *s.arithmetic->info) &&
                            (!o.is_vjp || s.arithmetic->info->has_derivative(derivative::approx));
    if (cases.empty() || !is_defined || !context.wants_operation(o.name())) continue;
    const auto results = [&](const backend& b, const layer_case& c) {
      return apply_layer(s.under(b), *o.layer, o.is_vjp, derivative::approx, c);
    };
    std::vector<std::vector<tensor>> expected;
    for (const layer_case& c : cases) expected.push_back(results(scalar_backend(), c));
    for (const backend* b : context.options().backends) {
      if (context.is_stopping()) return {};
      if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
      if (!has_layer(*b, o, *s.arithmetic->info)) continue;  // P44 says so
      found.push_back(row_of(context, s, *b, o.name()));
      result& row = found.back();
      for (std::size_t i = 0; i < cases.size(); ++i) {
        ++row.cases;
        const auto d = first_difference(results(*b, cases[i]), expected[i]);
        if (!d || row.status == run_status::fail) continue;
        row.status = run_status::fail;
        row.reason = fmt::format("a row of {} elements gives {:08X} where its definition gives {:08X}", kLong, d->got,
                                 d->expected);
      }
    }
  }
  return found;
}

void add_tasks(suite_context& context) {
  if (!context.wants(text) || !context.wants_binary32()) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const setting s{&arithmetic, binary32{}, context.options().policies.front(), context.options().overflows.front()};
    context.add_task(fmt::format("P50.long {}", arithmetic.label), [&context, s] { return run_long(context, s); }, 0, 1);
  }
}

}  // namespace

namespace tasks {
task_family long_calls() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

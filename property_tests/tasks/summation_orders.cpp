/// P46, the probe: the order in which every operation adds is the declared one.
#include <fmt/format.h>

#include <algorithm>

#include "result_text.hpp"
#include "suite_context.hpp"
#include "summation_order.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P46",
    .part = "order",
    .sentence = "a probe (big, -big, ones) sums to what the declared order makes of it",
    .domain = "probes of every pair of places, of longer sums around powers of two",
    .operation = "",
    .promise = "",
    .promised = nullptr};

bool has_operation(const backend& b, const probed_sum& p, const arithmetic_info& info,
                   derivative gradient) {
  if (p.is_layer) return b.layer != nullptr && b.layer(p.operation, info.name) != nullptr;
  using enum contraction_kind;
  if (!p.is_vjp) return b.contraction(info.name, product, gradient) != nullptr;
  return b.contraction(info.name, vjp_a, gradient) != nullptr &&
         b.contraction(info.name, vjp_b, gradient) != nullptr;
}

// Few probes many times over, so that vector code has whole vectors of them.
column evaluated(const subject& s, const probed_sum& p, derivative gradient,
                 std::vector<column> probes) {
  constexpr std::size_t kLeast = 40;
  const std::size_t count = probes.size();
  for (std::size_t i = 0; probes.size() < kLeast; ++i) probes.push_back(column(probes[i]));
  column results = p.evaluate(s, gradient, probes);
  if (results.size() != probes.size()) return {};  // wrote outside of its output
  results.resize(count);
  return results;
}

void judge(result& row, const subject& s, const probed_sum& p, derivative gradient) {
  for (const std::int64_t length : p.lengths) {
    const auto probes = order_probes(p.family, length);
    const column got = evaluated(s, p, gradient, probes);
    const column expected = p.expect(s, gradient, p.order, probes);
    for (std::size_t i = 0; i < probes.size(); ++i) {
      ++row.cases;
      const std::uint32_t result = i < got.size() ? got[i] : 0x7FA5A5A5;
      if (result == expected[i]) continue;
      row.status = run_status::fail;
      row.reason = fmt::format("the sum ({}) is not in the declared order, {}", p.what,
                               name_of(p.order));
      set_counterexample(row, describe(binary32{}), probes[i], result, expected[i]);
      return;
    }
  }
}

std::string domain_of(const probed_sum& p) {
  const std::string_view places =
      p.family == probe_family::roots ? "every place" : "every pair of places";
  std::string domain = fmt::format("{}: {}; probes of {} of", p.what, name_of(p.order), places);
  std::string_view separator = " ";
  for (const std::int64_t length : p.lengths) {
    domain += fmt::format("{}{}{}", separator, length,
                          length > kAllPlacesUpTo ? " (around powers of two)" : "");
    separator = ", ";
  }
  return domain + " terms";
}

rows run_probe(const suite_context& context, const setting& s, const probed_sum& p,
               derivative gradient) {
  result row = s.row(text);
  row.operation = p.operation;
  row.domain = domain_of(p);
  if (p.is_vjp) row.derivative = name_of(gradient);
  row.mode = run_mode::exhaustive;
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    if (context.is_stopping()) return {};
    row.backend = b->name;
    found.push_back(row);
    if (has_operation(*b, p, *s.arithmetic->info, gradient)) {
      judge(found.back(), s.under(*b), p, gradient);
      continue;
    }
    found.back().status = run_status::not_run;
    found.back().reason = fmt::format("backend {} has no {}", b->name, p.operation);
  }
  return found;
}

// The order is one of binary32 sums, and no policy's: each is probed once.
void add_tasks(suite_context& context) {
  if (!context.wants(text) || !context.wants_binary32()) return;
  for (const probed_sum& p : probed_sums()) {
    if (!context.wants_operation(p.operation)) continue;
    for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
      const setting s{&arithmetic, binary32{}, context.options().policies.front(),
                      context.options().overflows.front()};
      for (const derivative gradient : {derivative::approx, derivative::exact}) {
        if (gradient == derivative::exact && !p.is_vjp) continue;
        if (p.is_vjp && !arithmetic.info->has_derivative(gradient)) continue;
        context.add_task(fmt::format("P46 {} {}", p.operation, arithmetic.label),
                         [&context, s, &p, gradient] { return run_probe(context, s, p, gradient); });
      }
    }
  }
}

std::optional<replay_verdict> replay(const replay_request& r) {
  if (!is_named(r.property, text)) return std::nullopt;
  const subject s = subject_of(r);
  const derivative gradient = r.derivative.value_or(derivative::approx);
  std::optional<replay_verdict> verdict;
  for (const probed_sum& p : probed_sums()) {
    if (p.operation != r.operation || r.operands.size() < 2) continue;
    if (!has_operation(*r.implementation, p, *r.arithmetic.info, gradient)) continue;
    const column got = evaluated(s, p, gradient, {r.operands});
    const std::uint32_t expected = p.expect(s, gradient, p.order, {r.operands}).front();
    const std::uint32_t result = got.empty() ? 0x7FA5A5A5 : got.front();
    std::optional<contraction_mismatch> mismatch;
    if (result != expected) mismatch = contraction_mismatch{result, expected};
    verdict = weightier(std::move(verdict),
                        verdict_of(mismatch, describe(binary32{}), text.sentence));
  }
  if (!verdict) {
    refuse(fmt::format("P46.order probes no '{}' of backend {}; --op matmul, say, and two or more "
                       "terms would be right",
                       r.operation, r.implementation->name));
  }
  return verdict;
}

}  // namespace

namespace tasks {
task_family summation_orders() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_tasks, .replay = replay};
}
}  // namespace tasks

}  // namespace pamkit::properties

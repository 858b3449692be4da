/// The statements about scalar operations of the folder properties/.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "judge.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

void judge_scalar(result& row, const subject& s, const scalar_property& property,
                  const operand_columns& operands, bool shrinks) {
  const judgement j = judge(property, s, operands);
  row.cases = j.cases;
  set_status(row, property.text, is_promised(property.text, s), j.failing.has_value());
  if (!j.failing) return;
  const auto evaluate = [&](const column& x) {
    operand_columns single(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) single[i] = {x[i]};
    return judge(property, s, single);
  };
  column simplest = *j.failing;
  if (!property.only_pinned && shrinks) {
    simplest = shrink_case(s.rules().format, simplest,
                           [&](const column& x) { return evaluate(x).failing.has_value(); });
  }
  const judgement last = evaluate(simplest);
  set_counterexample(row, s.format(), simplest, last.got, last.expected);
}

// For questions whose answer no backend changes.
subject any_subject(const suite_context& context, const setting& s) {
  return s.under(*context.options().backends.front());
}

// Derivatives of single products take a launch of a whole tile for a handful of them.
constexpr std::size_t kVjpThinning = 10;

// What thinning leaves at least: of statements that are evaluated over the rationals, and of what
// runs on emulated devices.
constexpr std::size_t kLeastOfStatement = 1024;
constexpr std::size_t kLeastOfEmulated = 24;

// Keeps every `thinning`-th case, from a place that the seed chooses; `least` of them, or all where
// there are not so many.
void thin_out(operand_columns& operands, std::size_t thinning, std::size_t least,
              std::uint64_t seed, result& row) {
  thinning = std::min(thinning, case_count(operands) / least);
  if (thinning <= 1) return;
  row.mode = run_mode::sampled;
  row.seed = seed;
  for (column& c : operands) {
    std::size_t kept = 0;
    for (std::size_t i = seed % thinning; i < c.size(); i += thinning) c[kept++] = c[i];
    c.resize(kept);
  }
}

operand_columns scalar_operands(suite_context& context, const setting& s,
                                const scalar_property& property, result& row) {
  const format_description format = describe(s.format);
  operand_columns operands(static_cast<std::size_t>(property.arity));
  if (property.only_pinned) {
    row.mode = run_mode::exhaustive;
  } else {
    operands = context.operands_for(s, property.arity, context.sizes().property, row);
    const bool exhaustive = context.options().level == suite_level::exhaustive;
    thin_out(operands, exhaustive ? property.thinning / 4 : property.thinning, kLeastOfStatement,
             context.options().seed, row);
    if (property.adapt != nullptr && row.mode == run_mode::sampled)
      property.adapt(format, operands);
  }
  if (property.pinned != nullptr) {
    for (const column& pinned : property.pinned(any_subject(context, s))) {
      for (std::size_t j = 0; j < operands.size(); ++j) {
        operands[j].insert(operands[j].begin(), pinned[j]);
      }
    }
  }
  return operands;
}

// All operands of the property's ranges, in blocks, until one violates it.
void sweep(const suite_context& context, result& row, const subject& s,
           const scalar_property& property) {
  constexpr std::uint64_t kBlock = std::uint64_t{1} << 18;
  row.mode = run_mode::exhaustive;
  row.seed.reset();
  row.cases = 0;
  operand_columns block(1);
  for (const encoding_range& range : property.swept(s.format())) {
    const std::uint64_t end = std::uint64_t{range.last} + 1;
    for (std::uint64_t first = range.first; first < end; first += kBlock) {
      if (context.is_stopping()) return;
      block[0].resize(static_cast<std::size_t>(std::min(kBlock, end - first)));
      std::iota(block[0].begin(), block[0].end(), static_cast<std::uint32_t>(first));
      const std::uint64_t before = row.cases;
      judge_scalar(row, s, property, block, context.options().shrinks);
      row.cases += before;
      if (row.status == run_status::fail) return;
      row.status = run_status::pass;  // a block may lie outside the domain
      row.reason.clear();
    }
  }
}

rows run_scalar(suite_context& context, const setting& s, const scalar_property& property) {
  result row = s.row(property.text);
  if (property.vjp) row.derivative = name_of(*property.vjp);
  const operand_columns operands = scalar_operands(context, s, property, row);
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    if (context.is_stopping()) return {};
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    const std::string missing = missing_in_backend(property, subject);
    if (!missing.empty()) {
      found.back().status = run_status::not_run;
      found.back().reason = missing;
      continue;
    }
    const std::size_t stride = property.vjp ? context.stride(*b) : 1;
    if (stride > 1) {
      operand_columns some = operands;
      thin_out(some, stride * kVjpThinning, kLeastOfEmulated,
               context.options().seed + context.first_case(s, *b), found.back());
      found.back().seed = context.options().seed;
      judge_scalar(found.back(), subject, property, some, context.options().shrinks);
    } else {
      judge_scalar(found.back(), subject, property, operands, context.options().shrinks);
    }
    if (property.about_reals) break;
    // binary32m23 is binary32.
    const bool is_swept = property.swept != nullptr && s.is_default() &&
                          std::holds_alternative<binary32>(s.format) &&
                          context.options().level == suite_level::exhaustive &&
                          context.options().count == 0;
    if (is_swept && found.back().status == run_status::pass) {
      sweep(context, found.back(), subject, property);
    }
  }
  return found;
}

void add_tasks(suite_context& context, const scalar_property& property) {
  if (!context.wants(property.text) ||
      !context.wants_operation(property.text.operation))
    return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      std::string missing = missing_in_arithmetic(property, *arithmetic.info);
      if (missing.empty() && property.text.about != nullptr &&
          !property.text.about(any_subject(context, setting{&arithmetic, format}))) {
        missing = fmt::format("it is about {}", property.text.about_what);
      }
      if (!missing.empty()) {
        result row = make_not_run_row(property.text, arithmetic, format, missing);
        if (property.vjp) row.derivative = name_of(*property.vjp);
        context.add_row(std::move(row));
        continue;
      }
      bool is_said = false;
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        if (property.about_reals && std::exchange(is_said, true)) return;
        context.add_task(
            fmt::format("{} {} {}", property.text.key(), arithmetic.label, describe(format).name),
            [&context, s, &property] { return run_scalar(context, s, property); });
      });
    }
  }
}

replay_verdict replay_scalar(const replay_request& r, const scalar_property& property) {
  require_count(r, static_cast<std::size_t>(property.arity));
  require_well_formed(r, r.format);
  const subject s = subject_of(r);
  std::string missing = missing_in_arithmetic(property, *r.arithmetic.info);
  if (missing.empty()) missing = missing_in_backend(property, s);
  if (!missing.empty()) refuse(missing);
  if (property.text.about != nullptr && !property.text.about(s)) {
    return {.in_domain = false,
            .holds = true,
            .sentence = std::string(property.text.sentence),
            .got = {},
            .expected = {}};
  }
  operand_columns operands;
  for (const std::uint32_t x : r.operands) operands.push_back({x});
  const judgement j = judge(property, s, operands);
  replay_verdict v{.in_domain = j.cases != 0,
                   .holds = !j.failing,
                   .sentence = std::string(property.text.sentence),
                   .got = {},
                   .expected = {}};
  if (j.failing) {
    v.got = hexadecimal(s.format(), j.got);
    v.expected = hexadecimal(s.format(), j.expected);
  }
  return v;
}

}  // namespace

namespace tasks {
task_family scalar_statements() {
  task_family family;
  for_each_statement<scalar_property>(
      [&](const scalar_property& p) { family.texts.push_back(&p.text); });
  family.add_tasks = [](suite_context& context) {
    for_each_statement<scalar_property>([&](const scalar_property& p) { add_tasks(context, p); });
  };
  family.replay = [](const replay_request& r) {
    return replay_first<scalar_property>(r, [&](const scalar_property& p) {
      const bool other_operation = !r.operation.empty() && r.operation != p.text.operation;
      const bool other_derivative = r.derivative && p.vjp != r.derivative;
      // "P40" alone means those of its statements that take so many operands.
      const bool other_count = r.property != p.text.key() &&
                               r.operands.size() != static_cast<std::size_t>(p.arity);
      if (other_operation || other_derivative || other_count || !r.shape.empty()) {
        return std::optional<replay_verdict>();
      }
      return std::optional(replay_scalar(r, p));
    });
  };
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties

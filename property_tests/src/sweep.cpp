#include "sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "golden_elementwise.hpp"
#include "golden_failure.hpp"
#include "oracle_rules.hpp"
#include "pamkit/reference/integer_model.hpp"
#include "sweep_errors.hpp"

namespace pamkit::properties {
namespace {

using names = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view name, names list) {
  return std::ranges::find(list, name) != list.end();
}

bool is_product(const operation_info& o) { return is_one_of(o.name, {"mul", "div"}); }

reference::rules rules_of(const setting& s) {
  return oracle_rules(*s.arithmetic, s.format, s.subnormals, s.overflow);
}

// Whether the C library computes it for the emulator, and a series for the oracle.
bool is_transcendental(const setting& s, const operation_info& o) {
  return s.arithmetic->info->name == "exact" && !is_product(o) && o.name != "sqrt";
}

// Seconds for 2^28 cases of one backend, about: what shards are balanced by, and the time left.
double seconds_of(const setting& s, const operation_info& o, const backend& b) {
  const std::string_view a = s.arithmetic->info->name;
  if (is_transcendental(s, o)) return 5;
  if (b.name != "scalar") return 0.3;
  if (a == "exact") return is_product(o) ? 3.5 : 10;
  if (a == "adder") return 3.5;
  return is_one_of(o.name, {"exp", "pow", "sqrt"}) ? 4 : 1.6;
}

// The same of the oracle: of 64-bit integers, and of series, more.
double oracle_seconds_of(const setting& s, const operation_info& o) {
  if (is_transcendental(s, o)) return 2.6;
  const bool is_composed = is_one_of(o.name, {"exp", "log", "pow", "sqrt"});
  if (describe(s.format).storage_bits < 32) return is_composed ? 1.3 : 0.3;
  return is_composed ? 2 : 1;
}

constexpr double kStatisticsSeconds = 0.6;

constexpr std::size_t kBlock = 8192;

// What one task does: some settings that read operands alike, on some of the cases.
struct sweep_part {
  std::vector<setting> settings;
  const operation_info* operation = nullptr;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// The cases of a part, a block at a time: the last operand runs fastest.
class case_blocks {
 public:
  explicit case_blocks(const sweep_part& part)
      : arity_(part.operation->arity),
        bits_(describe(part.settings.front().format).storage_bits),
        next_(part.first),
        end_(part.first + part.count) {}

  bool next(operand_columns& operands) {
    if (next_ == end_) return false;
    const std::uint64_t row = std::uint64_t{1} << bits_;
    const std::uint64_t here = std::min({end_ - next_, std::uint64_t{kBlock}, row - next_ % row});
    operands.resize(static_cast<std::size_t>(arity_));
    column& last = operands.back();
    last.resize(here);
    const auto begin = static_cast<std::uint32_t>(next_ % row);
    for (std::size_t i = 0; i < here; ++i) last[i] = begin + static_cast<std::uint32_t>(i);
    if (arity_ == 2) operands.front().assign(here, static_cast<std::uint32_t>(next_ / row));
    next_ += here;
    return true;
  }

 private:
  int arity_;
  int bits_;
  std::uint64_t next_;
  std::uint64_t end_;
};

// One setting of one backend.
struct swept_row {
  subject s;
  elementwise_function function = nullptr;
  result row;
};

struct swept_setting {
  reference::rules rules;
  reference::column_oracle columns = nullptr;
  bool has_choice = false;
  elementwise_oracle oracle;  // for a failure
  std::vector<swept_row> rows;
};

std::vector<swept_setting> prepare(suite_context& context, const sweep_part& part) {
  std::vector<swept_setting> list;
  for (const setting& s : part.settings) {
    const reference::rules rules = rules_of(s);
    swept_setting swept{.rules = rules,
                        .columns = reference::find_columns(part.operation->name, rules),
                        .has_choice = reference::has_choice(part.operation->name, rules),
                        .oracle = *elementwise_oracle::find(part.operation->name, *s.arithmetic,
                                                            s.format, s.subnormals, s.overflow),
                        .rows = {}};
    for (const backend* b : context.options().backends) {
      const subject subject = s.under(*b);
      if (!context.is_judged(*b) || !is_swept(context, s, *part.operation, *b)) continue;
      result row = s.row(golden_text());
      row.operation = part.operation->name;
      row.backend = b->name;
      row.mode = run_mode::exhaustive;
      row.is_part = true;
      swept.rows.push_back(
          {subject, b->elementwise(part.operation->name, subject.rules().arithmetic), row});
    }
    list.push_back(std::move(swept));
  }
  return list;
}

void compare(swept_setting& swept, const operation_info& operation, const operand_columns& operands,
             const column& lowest, const column& highest, column& got, bool shrinks) {
  const std::size_t count = case_count(operands);
  got.resize(count);
  elementwise_function evaluated = nullptr;
  for (swept_row& r : swept.rows) {
    // Where a backend hands out another one's function, its results are those of one call.
    if (r.function != evaluated) {
      r.function(r.s.rules(), operands.front().data(), operands.back().data(), got.data(), count);
      evaluated = r.function;
    }
    r.row.cases += count;
    if (std::memcmp(got.data(), lowest.data(), count * sizeof got[0]) == 0) continue;
    if (r.row.status == run_status::fail) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (got[i] == lowest[i] || (swept.has_choice && got[i] == highest[i])) continue;
      report_golden_failure(r.row, r.s, operation.name, swept.oracle, case_at(operands, i),
                            shrinks);
      break;
    }
  }
}

rows run_part(suite_context& context, const sweep_part& part) {
  std::vector<swept_setting> settings = prepare(context, part);
  std::optional<sweep_errors> errors;
  if (is_product(*part.operation)) errors.emplace(settings.front().rules, part.operation->name);
  case_blocks blocks(part);
  operand_columns operands;
  column lowest;
  column highest;
  column got;
  while (blocks.next(operands)) {
    if (context.is_stopping()) return {};
    const std::size_t count = case_count(operands);
    lowest.resize(count);
    highest.resize(count);
    for (swept_setting& swept : settings) {
      swept.columns(swept.rules, operands.front().data(), operands.back().data(), lowest.data(),
                    highest.data(), count);
      compare(swept, *part.operation, operands, lowest, highest, got, context.options().shrinks);
    }
    if (!errors) continue;
    const swept_setting& last = settings.back();
    if (last.rules.overflow != overflow_policy::infinity) {
      last.columns(errors->rules(), operands.front().data(), operands.back().data(), lowest.data(),
                   highest.data(), count);
    }
    errors->add(operands, lowest);
  }
  rows found;
  for (swept_setting& swept : settings) {
    for (swept_row& r : swept.rows) {
      if (errors) r.row.errors = errors->statistics();
      found.push_back(std::move(r.row));
    }
  }
  return found;
}

bool is_exhaustible(const setting& s, const operation_info& o) {
  const format_description f = describe(s.format);
  if (f.storage_bits == 32 && f.name != "binary32") return false;
  if (o.arity == 1) {
    const bool every_policy = is_one_of(o.name, {"exp2", "log2", "exp", "log", "sqrt"});
    return f.storage_bits == 32 && (every_policy || s.is_default());
  }
  if (f.storage_bits == 32) return false;
  return is_product(o) || (f.storage_bits == 16 && s.is_default());
}

}  // namespace

bool is_swept(const suite_context& context, const setting& s, const operation_info& operation,
              const backend& b) {
  if (context.options().level != suite_level::exhaustive || context.options().count != 0) {
    return false;
  }
  if (!s.arithmetic->info->defines(operation.name) || !s.under(b).defines(operation.name) ||
      !is_exhaustible(s, operation) ||
      reference::find_columns(operation.name, rules_of(s)) == nullptr) {
    return false;
  }
  if (describe(s.format).storage_bits == 8) return true;
  const bool takes_compensation = operation.arity == 2 && operation.name != "pow";
  if (!s.arithmetic->alpha.empty() && !takes_compensation) return false;
  if (s.is_default()) return true;
  const bool is_scalar = b.name == "scalar";
  const std::string_view arithmetic = s.arithmetic->info->oracle;
  if (is_one_of(arithmetic, {"exact", "adder"})) {
    const bool is_of_vectors = operation.arity == 2 || operation.name == "sqrt";
    return !is_scalar && is_of_vectors && s.subnormals == subnormal_policy::flush;
  }
  const bool is_plain_pam = arithmetic == "pam" && s.arithmetic->alpha.empty();
  if (!is_scalar && is_plain_pam) return true;
  const bool is_opposite =
      s.subnormals == subnormal_policy::gradual && s.overflow == overflow_policy::saturate;
  return is_opposite && (!is_scalar || (is_plain_pam && operation.arity == 2));
}

void add_sweep(suite_context& context, const arithmetic_choice& arithmetic,
               const operation_info& operation, const any_format& format) {
  const format_description f = describe(format);
  const std::uint64_t cases = std::uint64_t{1} << (f.storage_bits * operation.arity);
  for (const subnormal_policy subnormals : context.options().policies) {
    sweep_part whole{.settings = {}, .operation = &operation, .first = 0, .count = 0};
    double seconds = 0;  // of 2^28 cases
    for (const overflow_policy overflow : context.options().overflows) {
      const setting s{&arithmetic, format, subnormals, overflow};
      double cost = 0;
      for (const backend* b : context.options().backends) {
        if (is_swept(context, s, operation, *b)) cost += seconds_of(s, operation, *b);
      }
      if (cost == 0) continue;
      seconds += cost + oracle_seconds_of(s, operation);
      whole.settings.push_back(s);
    }
    if (whole.settings.empty()) continue;
    if (is_product(operation)) seconds += kStatisticsSeconds;
    // Parts of some seconds, whole rows of pairs.
    constexpr double kPartSeconds = 4;
    const double all = seconds * static_cast<double>(cases) / 268435456.0;
    std::uint64_t parts = 1;
    while (static_cast<double>(parts) * kPartSeconds < all) parts *= 2;
    for (std::uint64_t i = 0; i < parts; ++i) {
      sweep_part part = whole;
      part.count = cases / parts;
      part.first = i * part.count;
      context.add_task(
          fmt::format("P1 {} {} {}: every {}", operation.name, arithmetic.label, f.name,
                      operation.arity == 1 ? "operand" : "pair"),
          [&context, part] { return run_part(context, part); }, 0,
          all / static_cast<double>(parts));
    }
  }
}

}  // namespace pamkit::properties

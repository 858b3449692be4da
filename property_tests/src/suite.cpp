#include "pamkit/properties/suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>

#include "case_cache.hpp"
#include "judge.hpp"
#include "result_text.hpp"
#include "work_queue.hpp"

namespace pamkit::properties {
namespace {

// Cases of sampled statements, by level: as many as fit the times that the levels promise.
struct sample_sizes {
  std::size_t golden =
      0;  // for each operation, arithmetic, format and policy against the golden model
  std::size_t property = 0;  // for each property; a prefix of the same cases
};

sample_sizes sizes_of(const suite_options& options) {
  if (options.count != 0) {
    const auto count = static_cast<std::size_t>(options.count);
    return {count, count};
  }
  switch (options.level) {
    case suite_level::quick:
      return {6000, 4000};
    case suite_level::standard:
      return {20'000, 20'000};
    default:
      return {100'000, 100'000};
  }
}

// Below this many cases a sampled run is not expected to meet every class.
constexpr std::size_t kFewestCasesForCoverage = 2000;

// One set of rules for one arithmetic: what a row is about, backends aside.
struct setting {
  const arithmetic_choice* arithmetic = nullptr;
  any_format format = binary32{};
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;

  bool is_default() const {
    return subnormals == subnormal_policy::flush && overflow == overflow_policy::infinity;
  }
  subject under(const backend& b) const { return {b, *arithmetic, format, subnormals, overflow}; }
  case_shape shape(int arity) const {
    return {format, arity, arithmetic->configure(format, subnormals, overflow).compensation};
  }
  result row(const property_text& text) const {
    return make_row(text, *arithmetic, format, subnormals, overflow);
  }
};

using rows = std::vector<result>;

struct task {
  std::string what;
  std::function<rows()> run;
};

template <class T>
std::vector<T> or_all(const std::vector<T>& asked, std::vector<T> all) {
  return asked.empty() ? std::move(all) : asked;
}

std::vector<const backend*> present_backends() {
  std::vector<const backend*> list;
  for (const backend* b : emulator_backends()) {
    const auto same_name = [&](const backend* other) { return other->name == b->name; };
    if (std::ranges::none_of(list, same_name)) list.push_back(b);
  }
  return list;
}

suite_options resolved(suite_options o) {
  o.backends = or_all(o.backends, present_backends());
  o.arithmetics = or_all(o.arithmetics, default_arithmetics());
  o.formats = or_all(o.formats, level_formats(o.level));
  o.policies = or_all(o.policies, {subnormal_policy::flush, subnormal_policy::gradual});
  o.overflows = or_all(o.overflows, {overflow_policy::infinity, overflow_policy::saturate});
  o.operations = or_all(o.operations, suite_operations());
  if (o.properties.empty()) {
    for (const property_description& p : properties()) o.properties.emplace_back(p.id);
  }
  return o;
}

void set_counterexample(result& row, const format_description& format, const column& operands,
                        std::uint32_t got, std::uint32_t expected) {
  counterexample c;
  for (const std::uint32_t x : operands) c.operands.push_back(hexadecimal(format, x));
  c.got = hexadecimal(format, got);
  c.expected = hexadecimal(format, expected);
  c.replay = replay_command(row, c.operands);
  row.counterexample = std::move(c);
}

class suite {
 public:
  suite(const suite_options& options, std::stop_token stop)
      : options_(resolved(options)),
        sizes_(sizes_of(options_)),
        cases_(options_.seed),
        stop_(std::move(stop)) {
    add_golden_tasks();
    for (const statement& s : statements_in_order()) {
      std::visit([&](const auto& property) { add_tasks(property); }, s);
    }
    add_tensor_tasks();
  }

  suite_results run(const progress_function& progress) {
    std::vector<rows> found(tasks_.size());
    std::mutex mutex;
    std::uint64_t done = 0;
    run_in_parallel(tasks_.size(), options_.jobs, stop_, [&](std::size_t i) {
      found[i] = tasks_[i].run();
      const std::scoped_lock lock(mutex);
      ++done;
      if (progress) progress(done, tasks_.size(), tasks_[i].what);
    });
    suite_results results;
    results.interrupted = stop_.stop_requested();
    for (rows& r : found) std::ranges::move(r, std::back_inserter(results.rows));
    add_coverage(results);
    keep_first_counterexamples(results);
    return results;
  }

 private:
  bool wants_property(std::string_view id) const {
    return std::ranges::find(options_.properties, id) != options_.properties.end();
  }
  bool wants_operation(std::string_view name) const {
    return std::ranges::find(options_.operations, name) != options_.operations.end();
  }
  bool is_quick() const { return options_.level == suite_level::quick; }

  template <class Function>
  void for_each_setting(const arithmetic_choice& arithmetic, const any_format& format,
                        const Function& f) {
    for (const subnormal_policy subnormals : options_.policies) {
      for (const overflow_policy overflow : options_.overflows) {
        f(setting{&arithmetic, format, subnormals, overflow});
      }
    }
  }

  template <class Function>
  void add_task(std::string what, Function f) {
    tasks_.push_back({std::move(what), std::move(f)});
  }

  void add_row(result row) {
    add_task(row.property, [row = std::move(row)] { return rows{row}; });
  }

  // Every case where 16 bits hold all operands; at level quick unary ones under the default
  // policies only.
  bool is_enumerated(const setting& s, int arity) const {
    if (arity > 2 || options_.count != 0) return false;
    const std::uint64_t size = enumeration_size(s.format, arity);
    return size <= 65536 && (!is_quick() || s.is_default() || arity == 2);
  }

  operand_columns operands_for(const setting& s, int arity, std::size_t sampled, result& row) {
    if (is_enumerated(s, arity)) {
      row.mode = run_mode::exhaustive;
      return enumerate(s.format, arity, 0, enumeration_size(s.format, arity));
    }
    row.mode = run_mode::sampled;
    row.seed = options_.seed;
    const auto pool = cases_.pool(s.shape(arity), sizes_.golden);
    operand_columns operands = pool->operands;
    for (column& c : operands) c.resize(std::min(c.size(), sampled));
    return operands;
  }

  // P1

  void add_golden_tasks() {
    if (!wants_property(golden_text().id)) return;
    for (const arithmetic_choice& arithmetic : options_.arithmetics) {
      for (const operation_info& operation : operations()) {
        if (!wants_operation(operation.name)) continue;
        for (const any_format& format : options_.formats) {
          add_golden_tasks(arithmetic, operation, format);
        }
      }
    }
  }

  void add_golden_tasks(const arithmetic_choice& arithmetic, const operation_info& operation,
                        const any_format& format) {
    const auto not_run = [&](std::string reason) {
      result row = make_not_run_row(golden_text(), arithmetic, format, std::move(reason));
      row.operation = operation.name;
      add_row(std::move(row));
    };
    const arithmetic_info& info = *arithmetic.info;
    if (!info.defines(operation.name)) {
      return not_run(fmt::format("{} defines no {}", info.name, operation.name));
    }
    if (!elementwise_oracle::find(operation.name, arithmetic, format, {}, {})) {
      return not_run(fmt::format("the reference has no {} of '{}'", operation.name, info.oracle));
    }
    for_each_setting(arithmetic, format, [&](const setting& s) {
      add_task(fmt::format("P1 {} {} {}", operation.name, arithmetic.label, describe(format).name),
               [this, s, &operation] { return run_golden(s, operation); });
    });
  }

  rows run_golden(const setting& s, const operation_info& operation) {
    result row = s.row(golden_text());
    row.operation = operation.name;
    const operand_columns operands = operands_for(s, operation.arity, sizes_.golden, row);
    const auto oracle = *elementwise_oracle::find(operation.name, *s.arithmetic, s.format,
                                                  s.subnormals, s.overflow);
    std::vector<allowed_results> expected(case_count(operands));
    for (std::size_t i = 0; i < expected.size() && !stop_.stop_requested(); ++i) {
      expected[i] = oracle.results(case_at(operands, i));
    }
    if (stop_.stop_requested()) return {};
    rows found;
    for (const backend* b : options_.backends) {
      const subject subject = s.under(*b);
      row.backend = b->name;
      found.push_back(row);
      if (!subject.defines(operation.name)) {
        found.back().status = run_status::not_run;
        found.back().reason = fmt::format("backend {} has no {}", b->name, operation.name);
        continue;
      }
      const judgement j = judge(operation.name, subject, operands, expected);
      found.back().cases = j.cases;
      set_status(found.back(), golden_text(), true, false);
      if (j.failing)
        report_golden_failure(found.back(), subject, operation.name, oracle, *j.failing);
    }
    return found;
  }

  static void report_golden_failure(result& row, const subject& s, std::string_view operation,
                                    const elementwise_oracle& oracle, const column& failing) {
    const auto result_of = [&](const column& x) {
      return s.apply(operation, column{x.front()}, column{x.back()}).front();
    };
    const column simplest = shrink_case(s.rules().format, failing, [&](const column& x) {
      return !oracle.results(x).contains(result_of(x));
    });
    row.status = run_status::fail;
    row.reason = "the backend's result is not the golden model's";
    set_counterexample(row, s.format(), simplest, result_of(simplest),
                       oracle.results(simplest).lowest);
  }

  // Scalar statements

  void add_tasks(const scalar_property& property) {
    if (!wants_property(property.text.id) || !wants_operation(property.text.operation)) return;
    for (const arithmetic_choice& arithmetic : options_.arithmetics) {
      for (const any_format& format : options_.formats) {
        const std::string missing = missing_in_arithmetic(property, *arithmetic.info);
        if (!missing.empty()) {
          result row = make_not_run_row(property.text, arithmetic, format, missing);
          if (property.vjp) row.derivative = name_of(*property.vjp);
          add_row(std::move(row));
          continue;
        }
        for_each_setting(arithmetic, format, [&](const setting& s) {
          add_task(
              fmt::format("{} {} {}", property.text.id, arithmetic.label, describe(format).name),
              [this, s, &property] { return run_scalar(s, property); });
        });
      }
    }
  }

  operand_columns scalar_operands(const setting& s, const scalar_property& property, result& row) {
    const format_description format = describe(s.format);
    operand_columns operands(static_cast<std::size_t>(property.arity));
    if (property.only_pinned) {
      row.mode = run_mode::exhaustive;
    } else {
      operands = operands_for(s, property.arity, sizes_.property, row);
      if (property.adapt != nullptr && row.mode == run_mode::sampled)
        property.adapt(format, operands);
    }
    if (property.pinned != nullptr) {
      for (const column& pinned : property.pinned(format)) {
        for (std::size_t j = 0; j < operands.size(); ++j) {
          operands[j].insert(operands[j].begin(), pinned[j]);
        }
      }
    }
    return operands;
  }

  rows run_scalar(const setting& s, const scalar_property& property) {
    result row = s.row(property.text);
    if (property.vjp) row.derivative = name_of(*property.vjp);
    const operand_columns operands = scalar_operands(s, property, row);
    rows found;
    for (const backend* b : options_.backends) {
      if (stop_.stop_requested()) return {};
      const subject subject = s.under(*b);
      row.backend = b->name;
      found.push_back(row);
      const std::string missing = missing_in_backend(property, subject);
      if (!missing.empty()) {
        found.back().status = run_status::not_run;
        found.back().reason = missing;
        continue;
      }
      judge_scalar(found.back(), subject, property, operands);
    }
    return found;
  }

  static bool is_promised(const property_text& text, const subject& s) {
    return text.promised == nullptr || text.promised(s.promised());
  }

  // Sets the status from what is promised, and from whether a counterexample or any case at all was
  // found.
  static void set_status(result& row, const property_text& text, bool promised, bool violated) {
    if (!promised) {
      row.status = run_status::not_promised;
      row.reason = fmt::format("{} does not promise {}{}", row.arithmetic, text.promise,
                               violated ? "" : "; no counterexample was met");
    } else if (violated) {
      row.status = run_status::fail;
      row.reason = text.sentence;
    } else if (row.cases == 0) {
      row.status = run_status::not_run;
      row.reason = "no case was inside the domain";
    }
  }

  static void judge_scalar(result& row, const subject& s, const scalar_property& property,
                           const operand_columns& operands) {
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
    if (!property.only_pinned) {
      simplest = shrink_case(s.rules().format, simplest,
                             [&](const column& x) { return evaluate(x).failing.has_value(); });
    }
    const judgement last = evaluate(simplest);
    set_counterexample(row, s.format(), simplest, last.got, last.expected);
  }

  // Statements about matrix products

  void add_tasks(const contraction_property& property) {
    if (!wants_property(property.text.id) || !wants_operation(property.text.operation)) return;
    for (const arithmetic_choice& arithmetic : options_.arithmetics) {
      for (const any_format& format : options_.formats) {
        for_each_setting(arithmetic, format, [&](const setting& s) {
          add_task(
              fmt::format("{} {} {}", property.text.id, arithmetic.label, describe(format).name),
              [this, s, &property] { return run_contraction(s, property); });
        });
      }
    }
  }

  rows run_contraction(const setting& s, const contraction_property& property) {
    result row = s.row(property.text);
    row.mode = run_mode::sampled;
    row.seed = options_.seed;
    const auto cases = cases_.contractions(
        s.shape(2), *find_tensor_operation(property.text.operation), is_quick());
    rows found;
    for (const backend* b : options_.backends) {
      if (stop_.stop_requested()) return {};
      const subject subject = s.under(*b);
      row.backend = b->name;
      found.push_back(row);
      if (b->contraction(s.arithmetic->info->name, contraction_kind::product, derivative::approx) ==
          nullptr) {
        found.back().status = run_status::not_run;
        found.back().reason = fmt::format("backend {} has no matrix product", b->name);
        continue;
      }
      judge_contraction(found.back(), subject, property, *cases);
    }
    return found;
  }

  static void judge_contraction(result& row, const subject& s, const contraction_property& property,
                                const std::vector<contraction_case>& cases) {
    const auto fails = [&](const contraction_case& wide) {
      return property.in_domain(s, wide) && property.evaluate(s, wide).has_value();
    };
    std::optional<contraction_case> failing;
    for (const contraction_case& c : cases) {
      contraction_case wide = widened(s.rules().format, c);
      if (property.adapt != nullptr) property.adapt(wide);
      if (!property.in_domain(s, wide)) continue;
      ++row.cases;
      if (!failing && fails(wide)) failing = std::move(wide);
    }
    set_status(row, property.text, is_promised(property.text, s), failing.has_value());
    if (!failing) return;
    failing->d.assign(failing->d.size(), 0);
    const contraction_case simplest = shrink_contraction(binary32{}, *failing, fails);
    const contraction_mismatch last = *property.evaluate(s, simplest);
    row.shape = simplest.shape();
    column operands = simplest.a;
    operands.insert(operands.end(), simplest.b.begin(), simplest.b.end());
    set_counterexample(row, describe(binary32{}), operands, last.got, last.expected);
  }

  // P44

  void add_tensor_tasks() {
    if (!wants_property(golden_contraction_text().id)) return;
    for (const tensor_operation& operation : tensor_operations()) {
      if (!wants_operation(operation.name)) continue;
      for (const arithmetic_choice& arithmetic : options_.arithmetics) {
        for (const any_format& format : options_.formats) {
          add_tensor_tasks(operation, derivative::approx, arithmetic, format);
          if (operation.is_vjp) add_tensor_tasks(operation, derivative::exact, arithmetic, format);
        }
      }
    }
  }

  void add_tensor_tasks(const tensor_operation& operation, derivative gradient,
                        const arithmetic_choice& arithmetic, const any_format& format) {
    const auto not_run = [&](std::string reason) {
      result row =
          make_not_run_row(golden_contraction_text(), arithmetic, format, std::move(reason));
      row.operation = operation.name;
      if (operation.is_vjp) row.derivative = name_of(gradient);
      add_row(std::move(row));
    };
    const arithmetic_info& info = *arithmetic.info;
    if (operation.is_vjp && !info.has_derivative(gradient)) {
      return not_run(fmt::format("{} has no {} derivative", info.name, name_of(gradient)));
    }
    if (!has_golden_results(operation, gradient, info.oracle)) {
      return not_run(fmt::format("the reference has no {} of '{}'", operation.name, info.oracle));
    }
    for_each_setting(arithmetic, format, [&](const setting& s) {
      add_task(fmt::format("P44 {} {} {}", operation.name, arithmetic.label, describe(format).name),
               [this, s, &operation, gradient] { return run_tensor(s, operation, gradient); });
    });
  }

  rows run_tensor(const setting& s, const tensor_operation& operation, derivative gradient) {
    result row = s.row(golden_contraction_text());
    row.operation = operation.name;
    if (operation.is_vjp) row.derivative = name_of(gradient);
    row.seed = options_.seed;
    const auto cases = cases_.contractions(s.shape(2), operation, is_quick());
    const auto golden = [&](const contraction_case& c) {
      return golden_results(operation, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow,
                            c);
    };
    std::vector<std::vector<column>> expected;
    for (const contraction_case& c : *cases) {
      if (stop_.stop_requested()) return {};
      expected.push_back(golden(c));
    }
    rows found;
    for (const backend* b : options_.backends) {
      const subject subject = s.under(*b);
      row.backend = b->name;
      found.push_back(row);
      if (!has_tensor_operation(*b, *s.arithmetic->info, operation, gradient)) {
        found.back().status = run_status::not_run;
        found.back().reason = fmt::format("backend {} has no {}", b->name, operation.name);
        continue;
      }
      judge_tensor(found.back(), subject, operation, gradient, *cases, expected, golden);
    }
    return found;
  }

  static bool has_tensor_operation(const backend& b, const arithmetic_info& info,
                                   const tensor_operation& operation, derivative gradient) {
    using enum contraction_kind;
    if (!operation.is_vjp) return b.contraction(info.name, product, gradient) != nullptr;
    return b.contraction(info.name, vjp_a, gradient) != nullptr &&
           b.contraction(info.name, vjp_b, gradient) != nullptr;
  }

  template <class Golden>
  static void judge_tensor(result& row, const subject& s, const tensor_operation& operation,
                           derivative gradient, const std::vector<contraction_case>& cases,
                           const std::vector<std::vector<column>>& expected, const Golden& golden) {
    const contraction_case* failing = nullptr;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ++row.cases;
      if (failing == nullptr &&
          compare_contraction(operation, gradient, s, cases[i], expected[i])) {
        failing = &cases[i];
      }
    }
    if (failing == nullptr) return;
    const contraction_case simplest =
        shrink_contraction(s.rules().format, *failing, [&](const contraction_case& c) {
          return compare_contraction(operation, gradient, s, c, golden(c)).has_value();
        });
    const contraction_mismatch last =
        *compare_contraction(operation, gradient, s, simplest, golden(simplest));
    row.status = run_status::fail;
    row.reason = "the backend's result is not the golden model's";
    row.shape = simplest.shape();
    column operands = simplest.a;
    operands.insert(operands.end(), simplest.b.begin(), simplest.b.end());
    if (operation.is_vjp) operands.insert(operands.end(), simplest.d.begin(), simplest.d.end());
    set_counterexample(row, s.format(), operands, last.got, last.expected);
  }

  // Coverage

  void add_coverage(suite_results& results) const {
    for (const case_cache::coverage_entry& entry : cases_.coverage()) {
      const format_description format = describe(entry.shape.format);
      results.coverage.add(format.name, entry.reached);
      const bool is_contraction = find_tensor_operation(entry.what) != nullptr;
      std::vector<case_class> required;
      if (!is_contraction && entry.shape.arity <= 2) required = required_classes(entry.shape);
      if (entry.what == "matmul") required = required_contraction_classes(format);
      if (required.empty()) continue;
      results.rows.push_back(coverage_row(entry, format, required));
    }
  }

  result coverage_row(const case_cache::coverage_entry& entry, const format_description& format,
                      const std::vector<case_class>& required) const {
    result row{.property = "generator", .operation = entry.what, .format = format.name};
    std::set<std::string> labels;
    for (const arithmetic_choice& a : options_.arithmetics) {
      const configuration c = a.configure(entry.shape.format, {}, {});
      if (c.compensation == entry.shape.compensation) labels.insert(a.label);
    }
    row.arithmetic = fmt::format("{}", fmt::join(labels, ","));
    row.policy = row.overflow = row.backend = "any";
    row.compensation = entry.shape.compensation;
    row.domain = "the case classes that sampled runs have to reach";
    row.cases = entry.cases;
    row.seed = options_.seed;
    std::vector<std::string_view> missed;
    for (const case_class c : required) {
      if (entry.reached[static_cast<std::size_t>(c)] == 0) missed.push_back(name_of(c));
    }
    if (missed.empty()) return row;
    const bool too_few = options_.count != 0 && options_.count < kFewestCasesForCoverage;
    row.status = too_few ? run_status::not_run : run_status::fail;
    row.reason = fmt::format("{}not reached: {}", too_few ? "too few cases were asked for; " : "",
                             fmt::join(missed, ", "));
    return row;
  }

  void keep_first_counterexamples(suite_results& results) const {
    std::size_t failures = 0;
    for (result& row : results.rows) {
      const bool failed = row.status == run_status::fail;
      if (failed && options_.errors != 0 && ++failures > options_.errors)
        row.counterexample.reset();
    }
  }

  suite_options options_;
  sample_sizes sizes_;
  case_cache cases_;
  std::stop_token stop_;
  std::vector<task> tasks_;
};

}  // namespace

std::uint64_t suite_results::count(run_status status) const {
  return static_cast<std::uint64_t>(std::ranges::count(rows, status, &result::status));
}

std::vector<arithmetic_choice> default_arithmetics() {
  std::vector<arithmetic_choice> choices;
  for (const arithmetic_info& info : arithmetics()) {
    choices.push_back(*parse_arithmetic(info.name));
    if (auto compensated = parse_arithmetic(std::string(info.name) + ":1.0552")) {
      choices.push_back(std::move(*compensated));
    }
  }
  return choices;
}

std::vector<any_format> level_formats(suite_level level) {
  std::vector<any_format> formats = default_formats();
  if (level == suite_level::quick) return formats;
  for (const int kept : {1, 3, 10, 22, 23}) formats.emplace_back(binary32m{kept});
  return formats;
}

suite_results run_suite(const suite_options& options, const progress_function& progress,
                        std::stop_token stop) {
  return suite(options, std::move(stop)).run(progress);
}

}  // namespace pamkit::properties

#include "pamkit/reports/error_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "error_tables.hpp"
#include "measurement.hpp"
#include "profile_json.hpp"
#include "report_files.hpp"
#include "report_task.hpp"

namespace pamkit::reports {
namespace {

std::string_view name_of(report_level level) {
  switch (level) {
    case report_level::quick:
      return "quick";
    case report_level::standard:
      return "standard";
    case report_level::exhaustive:
      return "exhaustive";
  }
  return "";
}

using task = report_task;

// Runs the costly ones first. Returns false when stopped; rethrows the first failure.
bool run_tasks(std::vector<task>& tasks, const error_report_options& options) {
  std::ranges::stable_sort(tasks, std::greater{}, &task::cost);
  const double total = std::accumulate(tasks.begin(), tasks.end(), 0.0,
                                       [](double sum, const task& t) { return sum + t.cost; });
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> was_stopped = false;
  std::mutex mutex;
  std::exception_ptr failure;
  double done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      try {
        if (options.stop != nullptr && options.stop->load()) throw stopped();
        tasks[i].work();
      } catch (const stopped&) {
        was_stopped = true;
        next = tasks.size();
        return;
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = tasks.size();
        return;
      }
      const std::lock_guard lock(mutex);
      done += tasks[i].cost;
      if (options.progress) options.progress({.done = done / total, .stage = tasks[i].stage});
    }
  };
  const unsigned jobs =
      options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < jobs; ++t) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return !was_stopped;
}

double estimated_seconds(const measured_operation& operation, const format_description& format,
                         error_domain domain) {
  if (format.kept_bits <= 10) return 0.1;
  if (domain == error_domain::in_range) return 0.5;
  return operation.fractions == fraction_domain::pairs ? 6 : 1;
}

struct resolved_options : report_subjects {
  std::vector<not_measured> gaps;
};

resolved_options resolve(const error_report_options& options) {
  resolved_options r;
  r.formats = options.formats.empty() ? default_formats() : options.formats;
  r.arithmetics = options.arithmetics.empty() ? default_report_arithmetics() : options.arithmetics;
  r.is_whole = options.operations.empty();
  if (options.operations.empty()) {
    for (const measured_operation& operation : measured_operations()) {
      r.operations.push_back(&operation);
    }
  }
  for (const std::string& name : options.operations) {
    if (const measured_operation* operation = find_measured_operation(name)) {
      r.operations.push_back(operation);
    } else if (find_operation(name) != nullptr) {
      r.gaps.push_back(
          {name, "all", "all",
           "a slope is a signed power of two, exact by definition: verify checks its bits"});
    } else {
      throw input_error("report: unknown operation '" + name + "'; see list operations");
    }
  }
  if (options.operations.empty()) {
    for (const operation_info& info : pamkit::operations()) {
      if (find_measured_operation(info.name) == nullptr) {
        r.gaps.push_back(
            {std::string(info.name), "all", "all",
             "a slope is a signed power of two, exact by definition: verify checks its bits"});
      }
    }
  }
  return r;
}

// The format that stands for all in figures: the one whose kept bits are nearest to `bits` from
// below, else the narrowest.
const any_format& figure_format(const std::vector<any_format>& formats, int bits) {
  const auto rank = [&](const any_format& format) {
    const int kept = describe(format).kept_bits;
    return kept <= bits ? bits - kept : kept + 100;
  };
  return *std::ranges::min_element(formats, {}, rank);
}

std::vector<double> spaced(double low, double high, int intervals) {
  std::vector<double> values;
  for (int i = 0; i <= intervals; ++i) values.push_back(low + (high - low) * i / intervals);
  return values;
}

struct curve_plan {
  std::string_view operation;
  double low;
  double high;
};

// A step of a power of two, so that arguments are exact in every wide format.
constexpr int kCurveIntervals = 2048;
constexpr std::array kCurves = {
    curve_plan{"exp2", -2, 2},
    curve_plan{"log2", 0.25, 4.25},
    curve_plan{"sqrt", 0.25, 16.25},
    curve_plan{"exp", -16, 16},
};
constexpr int kMapBits = 7;
constexpr int kHistogramBits = 10;
constexpr int kHistogramBins = 128;

void plan_figures(const error_report_options& options, const resolved_options& r,
                  error_tables& tables, std::vector<task>& tasks) {
  // Everything is placed before the first task runs, so that no element moves while it is written
  // to.
  struct figure {
    measurement_request request;
    std::size_t index;
    enum { map, histogram, curve } kind;
    curve_plan plan;
  };
  std::vector<figure> figures;
  const auto policy = options.policies.front();
  for (const measured_operation* operation : r.operations) {
    for (const arithmetic_choice& arithmetic : r.arithmetics) {
      if (!arithmetic.info->defines(operation->name)) continue;
      const auto request = [&](const any_format& format) {
        return measurement_request{.operation = operation,
                                   .format = format,
                                   .arithmetic = arithmetic,
                                   .policy = policy,
                                   .level = options.level,
                                   .seed = options.seed,
                                   .stop = options.stop};
      };
      const std::string name(operation->name);
      if (operation->fractions == fraction_domain::pairs &&
          !reason_not_measured(*operation, arithmetic, error_domain::fractions)) {
        const any_format& format = figure_format(r.formats, kMapBits);
        const format_description d = describe(format);
        const configuration rules = arithmetic.configure(format, policy, overflow_policy::infinity);
        figures.push_back({request(format), tables.maps.size(), figure::map, {}});
        tables.maps.push_back({.operation = name,
                               .arithmetic = arithmetic.label,
                               .format = d.name,
                               .policy = std::string(reports::name_of(policy)),
                               .offset = std::ldexp(rules.compensation, -d.fraction_bits),
                               .bits = std::min(d.kept_bits, kMapBits),
                               .grid = {}});
        const any_format& wide = figure_format(r.formats, kHistogramBits);
        figures.push_back({request(wide), tables.histograms.size(), figure::histogram, {}});
        tables.histograms.push_back({.operation = name,
                                     .arithmetic = arithmetic.label,
                                     .format = describe(wide).name,
                                     .policy = std::string(reports::name_of(policy)),
                                     .histogram = {}});
      }
      const auto plan = std::ranges::find(kCurves, operation->name, &curve_plan::operation);
      // A factor does not act in unary operations: its curve would be the same again.
      if (plan != kCurves.end() && arithmetic.alpha.empty() && arithmetic.info->name != "exact") {
        const any_format& format = figure_format(r.formats, binary32::fraction_bits);
        figures.push_back({request(format), tables.curves.size(), figure::curve, *plan});
        tables.curves.push_back({.operation = name,
                                 .arithmetic = arithmetic.label,
                                 .format = describe(format).name,
                                 .absolute = operation->absolute,
                                 .arguments = {},
                                 .errors = {}});
      }
    }
  }
  for (const figure& f : figures) {
    tasks.push_back(
        {.stage =
             fmt::format("figures of {} {}", f.request.operation->name, f.request.arithmetic.label),
         .cost = 0.1,
         .work = [f, &tables] {
           if (f.kind == figure::map) {
             error_map& map = tables.maps[f.index];
             map.grid = pair_grid(f.request, map.bits);
           } else if (f.kind == figure::histogram) {
             tables.histograms[f.index].histogram = pair_histogram(f.request, kHistogramBins);
           } else {
             error_curve& curve = tables.curves[f.index];
             const error_grid grid =
                 argument_grid(f.request, spaced(f.plan.low, f.plan.high, kCurveIntervals));
             const format_description d = describe(f.request.format);
             for (const std::uint32_t x : grid.a) {
               curve.arguments.push_back(
                   static_cast<double>(value_of(d, x, subnormal_policy::gradual)));
             }
             curve.errors = grid.errors;
           }
         }});
  }
}

void plan_measurements(const error_report_options& options, const resolved_options& r,
                       error_tables& tables, std::vector<task>& tasks) {
  std::vector<measurement_request> requests;
  std::vector<error_domain> domains;
  for (const measured_operation* operation : r.operations) {
    for (const arithmetic_choice& arithmetic : r.arithmetics) {
      if (!arithmetic.info->defines(operation->name)) {
        tables.gaps.push_back({std::string(operation->name), arithmetic.label, "all",
                               "the arithmetic does not define this operation"});
        continue;
      }
      for (const error_domain domain : {error_domain::fractions, error_domain::in_range}) {
        if (const auto reason = reason_not_measured(*operation, arithmetic, domain)) {
          tables.gaps.push_back({std::string(operation->name), arithmetic.label,
                                 std::string(reports::name_of(domain)), *reason});
          continue;
        }
        for (const any_format& format : r.formats) {
          for (const subnormal_policy policy : options.policies) {
            requests.push_back({.operation = operation,
                                .format = format,
                                .arithmetic = arithmetic,
                                .policy = policy,
                                .level = options.level,
                                .seed = options.seed,
                                .stop = options.stop});
            domains.push_back(domain);
          }
        }
      }
    }
  }
  tables.measurements.resize(requests.size());
  // Domains and policies share what is computed once (computed_once.hpp): neighbours would wait for
  // each other, so that those of one domain and policy go together.
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, {}, [&](std::size_t i) { return std::pair(domains[i], requests[i].policy); });
  for (const std::size_t i : order) {
    const format_description format = describe(requests[i].format);
    tasks.push_back(
        {.stage = fmt::format("{} {} {}", requests[i].operation->name, format.name,
                              requests[i].arithmetic.label),
         .cost = estimated_seconds(*requests[i].operation, format, domains[i]),
         .work = [request = requests[i], domain = domains[i], &out = tables.measurements[i]] {
           out = domain == error_domain::fractions ? measure_fractions(request)
                                                   : measure_in_range(request);
         }});
  }
}

// Profile paper is one of pam over binary32; it is compared where the report measures that.
void plan_profile(const resolved_options& r, nlohmann::ordered_json& attached,
                  std::vector<task>& tasks) {
  const bool binary = std::ranges::any_of(
      r.formats, [](const any_format& f) { return std::holds_alternative<binary32>(f); });
  const bool pam = std::ranges::any_of(r.arithmetics,
                                       [](const arithmetic_choice& a) { return a.label == "pam"; });
  if (!r.is_whole || !binary || !pam) return;
  tasks.push_back({.stage = "profile paper", .cost = 4, .work = [&attached] {
                     attached["profile"] = profile_json(compare_profiles());
                   }});
}

}  // namespace

std::vector<arithmetic_choice> default_report_arithmetics() {
  // The paper's product first, then as compensated for zero mean error in its section 2.7, then the
  // others.
  std::vector<arithmetic_choice> choices;
  for (const std::string_view name : {"pam", "pam:1.0552"}) {
    if (auto choice = parse_arithmetic(name)) choices.push_back(*choice);
  }
  for (const arithmetic_info& info : arithmetics()) {
    if (info.name != "pam") choices.push_back(*parse_arithmetic(info.name));
  }
  return choices;
}

error_report_result run_error_report(const error_report_options& options) {
  const resolved_options r = resolve(options);
  if (options.policies.empty()) throw input_error("report: no subnormal policy was chosen");
  nlohmann::ordered_json attached = read_attachments(options);
  error_tables tables;
  tables.command = options.command;
  tables.level = name_of(options.level);
  tables.seed = options.seed;
  tables.gaps = r.gaps;
  std::vector<task> tasks;
  plan_measurements(options, r, tables, tasks);
  plan_figures(options, r, tables, tasks);
  composed_tables composed;
  composed.plan(options, r, tasks);
  plan_profile(r, attached, tasks);

  error_report_result result;
  if (!run_tasks(tasks, options)) {
    result.interrupted = true;
    return result;
  }
  composed.collect(tables);
  nlohmann::ordered_json json = to_report_json(tables);
  for (auto& [name, content] : attached.items()) json[name] = std::move(content);
  add_committed_faults(json);
  write_report_files(std::move(json), options, result, "report");
  result.summary = headline_text(tables);
  return result;
}

}  // namespace pamkit::reports

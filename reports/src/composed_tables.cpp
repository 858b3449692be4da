#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "identities/exp_composition.hpp"
#include "identities/identities.hpp"
#include "layers/layer_errors.hpp"
#include "range_ends/range_ends.hpp"
#include "real/format_groups.hpp"
#include "real/real_groups.hpp"
#include "report_task.hpp"

namespace pamkit::reports {
namespace {

bool is_plain_pam(const arithmetic_choice& arithmetic) {
  return arithmetic.info->name == "pam" && arithmetic.alpha.empty();
}

group_request request_of(const error_report_options& options, const arithmetic_choice& arithmetic) {
  return {.arithmetic = arithmetic,
          .policy = options.policies.front(),
          .level = options.level,
          .seed = options.seed,
          .stop = options.stop};
}

measurement_request request_of(const error_report_options& options,
                               const measured_operation& operation, const any_format& format,
                               const arithmetic_choice& arithmetic) {
  return {.operation = &operation,
          .format = format,
          .arithmetic = arithmetic,
          .policy = options.policies.front(),
          .level = options.level,
          .seed = options.seed,
          .stop = options.stop};
}

}  // namespace

void composed_tables::add_groups(std::string stage, double cost, std::function<groups()> work,
                                 std::vector<report_task>& tasks) {
  groups& place = groups_.emplace_back();
  tasks.push_back({.stage = std::move(stage), .cost = cost, .work = [&place, work = std::move(work)] {
                     place = work();
                   }});
}

void composed_tables::plan(const error_report_options& options, const report_subjects& subjects,
                           std::vector<report_task>& tasks) {
  plan_real(options, subjects, tasks);
  if (subjects.is_whole) {
    plan_identities(options, subjects, tasks);
    plan_layers(options, subjects, tasks);
  }
  plan_range_ends(options, subjects, tasks);
}

void composed_tables::plan_real(const error_report_options& options,
                                const report_subjects& subjects,
                                std::vector<report_task>& tasks) {
  for (const measured_operation* operation : subjects.operations) {
    for (const arithmetic_choice& arithmetic : subjects.arithmetics) {
      add_groups(fmt::format("{} {} over continuous fractions", operation->name, arithmetic.label), 0.3,
                 [operation, arithmetic] { return real_groups(*operation, arithmetic); }, tasks);
      if (!is_plain_pam(arithmetic)) continue;
      for (const any_format& format : subjects.formats) {
        if (operation->name != "exp") break;
        add_groups(fmt::format("exp in steps {}", describe(format).name), 0.3,
                   [request = request_of(options, *operation, format, arithmetic)] {
                     return exp_in_steps(request);
                   },
                   tasks);
      }
      if (operation->fractions != fraction_domain::pairs) continue;
      compensation_sweep& place = sweeps_.emplace_back();
      tasks.push_back({.stage = fmt::format("{} against the compensation", operation->name),
                       .cost = 0.5,
                       .work = [operation, &place] { place = sweep_compensation(*operation); }});
      for (const any_format& format : subjects.formats) {
        const measurement_request request = request_of(options, *operation, format, arithmetic);
        add_groups(fmt::format("offsets of {} {}", operation->name, describe(format).name),
                   0.1,
                   [request] {
                     const auto group = format_offsets(request);
                     return group ? groups{*group} : groups{};
                   },
                   tasks);
        if (operation->name != "div") continue;
        add_groups(fmt::format("reciprocal {}", describe(format).name), 0.2,
                   [request] { return groups{format_reciprocal(request)}; }, tasks);
      }
    }
  }
}

void composed_tables::plan_identities(const error_report_options& options,
                                      const report_subjects& subjects,
                                      std::vector<report_task>& tasks) {
  for (const arithmetic_choice& arithmetic : subjects.arithmetics) {
    const group_request request = request_of(options, arithmetic);
    if (is_plain_pam(arithmetic)) {
      add_groups("distributivity", 0.1, [] { return groups{real_distributivity()}; }, tasks);
      for (const any_format& format : subjects.formats) {
        constexpr int kMostBits = 7;
        if (describe(format).kept_bits > kMostBits) continue;
        add_groups(fmt::format("distributivity {}", describe(format).name), 0.3,
                   [request, format] { return groups{distributivity_of(request, format)}; }, tasks);
      }
    }
    add_groups(fmt::format("softmax row sums {}", arithmetic.label), 1,
               [request] { return softmax_row_sums(request); }, tasks);
    add_groups(fmt::format("dot products {}", arithmetic.label), 1,
               [request] { return dot_products(request); }, tasks);
  }
}

void composed_tables::plan_layers(const error_report_options& options,
                                  const report_subjects& subjects,
                                  std::vector<report_task>& tasks) {
  for (const layer_case& layer : measured_layers()) {
    for (const arithmetic_choice& arithmetic : subjects.arithmetics) {
      add_groups(fmt::format("{} {}", layer.name, arithmetic.label), 1,
                 [request = request_of(options, arithmetic), &layer] {
                   return layer_errors(request, layer);
                 },
                 tasks);
    }
  }
}

void composed_tables::plan_range_ends(const error_report_options& options,
                                      const report_subjects& subjects,
                                      std::vector<report_task>& tasks) {
  for (const measured_operation* operation : subjects.operations) {
    // Of pow no one exponent says where the result lies; a root is never near an end.
    if (operation->name == "pow" || operation->name == "sqrt") continue;
    for (const arithmetic_choice& arithmetic : subjects.arithmetics) {
      if (!is_plain_pam(arithmetic)) continue;
      for (const any_format& format : subjects.formats) {
        for (const subnormal_policy policy : {subnormal_policy::flush, subnormal_policy::gradual}) {
          exponent_profile& place = profiles_.emplace_back();
          measurement_request request = request_of(options, *operation, format, arithmetic);
          request.policy = policy;
          tasks.push_back({.stage = fmt::format("{} {} near the ends of the range", operation->name,
                                                describe(format).name),
                           .cost = 0.1,
                           .work = [request, &place] { place = profile_range_ends(request); }});
        }
      }
    }
  }
}

void composed_tables::collect(error_tables& tables) {
  for (groups& list : groups_) {
    for (bound_group& group : list) {
      if (!group.bounds.empty()) tables.groups.push_back(std::move(group));
    }
  }
  std::ranges::move(sweeps_, std::back_inserter(tables.compensation));
  std::ranges::move(profiles_, std::back_inserter(tables.range_ends));
}

}  // namespace pamkit::reports

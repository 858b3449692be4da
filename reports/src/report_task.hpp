#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "error_tables.hpp"

namespace pamkit::reports {

/// One piece of work; pieces are independent, so that results do not depend on who does them when.
struct report_task {
  std::string stage;
  double cost = 1;  ///< rough, in seconds, for the order and the progress
  std::function<void()> work;
};

/// What is measured: the choices of the options, resolved.
struct report_subjects {
  std::vector<const measured_operation*> operations;
  std::vector<any_format> formats;
  std::vector<arithmetic_choice> arithmetics;
  bool is_whole = true;  ///< no operation was named: what is beyond one operation is measured too
};

/// Everything beside the measurements of single operations over a format: continuous fractions,
/// identities, layers, compensation, the ends of the range. `plan` adds the tasks, which write into
/// this object; after they ran, `collect` moves the results to the tables in the order of planning.
class composed_tables {
 public:
  void plan(const error_report_options& options, const report_subjects& subjects,
            std::vector<report_task>& tasks);
  void collect(error_tables& tables);

 private:
  using groups = std::vector<bound_group>;
  void plan_real(const error_report_options& options, const report_subjects& subjects,
                 std::vector<report_task>& tasks);
  void plan_identities(const error_report_options& options, const report_subjects& subjects,
                       std::vector<report_task>& tasks);
  void plan_layers(const error_report_options& options, const report_subjects& subjects,
                   std::vector<report_task>& tasks);
  void plan_range_ends(const error_report_options& options, const report_subjects& subjects,
                       std::vector<report_task>& tasks);
  void add_groups(std::string stage, double cost, std::function<groups()> work,
                  std::vector<report_task>& tasks);

  std::deque<groups> groups_;
  std::deque<compensation_sweep> sweeps_;
  std::deque<exponent_profile> profiles_;
};

}  // namespace pamkit::reports

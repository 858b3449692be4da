#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "run_statistics.hpp"

namespace pamkit::reports {

/// What one training step of a run costs, from the operators that ran in it.
struct step_cost {
  double terms = 0;            ///< products by whichever arithmetic
  double multiplications = 0;  ///< ordinary ones
  double quotients = 0;        ///< ordinary divisions, roots, exponentials and logarithms
  std::map<std::string, double> by_place;  ///< multiplications: forward, backward, update
  std::map<std::string, double> joules;    ///< by node of the energy model
};

/// Nothing where an operator's arithmetic is one that the energy model does not know: then `joules`
/// is empty. Energy: each product by the cost of its arithmetic, each ordinary multiplication and
/// each addition to an accumulator by the published constants for binary32; quotients, memory and
/// everything else that the energy model excludes are left out.
step_cost cost_of_step(const std::vector<operator_count>& operators);

}  // namespace pamkit::reports

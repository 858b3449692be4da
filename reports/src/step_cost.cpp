#include "step_cost.hpp"

#include "energy/energy_model.hpp"

namespace pamkit::reports {
namespace {

constexpr double kPicojoule = 1e-12;

// Joules of one operator's products and additions; nothing for an arithmetic without a model.
std::optional<double> joules_of(const energy_constants& node, const operator_count& o) {
  double picojoules =
      o.multiplications * node.float_multiply_binary32 + o.additions * node.float_add_binary32;
  const std::string label = o.arithmetic.substr(0, o.arithmetic.find('/'));
  if (label != "exact" && label != "native" && o.terms > 0) {
    const auto row = energy_of_term(node, describe(binary32{}), label);
    if (!row) return std::nullopt;
    picojoules += o.terms * row->product;
  }
  return picojoules * kPicojoule;
}

}  // namespace

step_cost cost_of_step(const std::vector<operator_count>& operators) {
  step_cost cost;
  for (const operator_count& o : operators) {
    cost.terms += o.terms;
    cost.multiplications += o.multiplications;
    cost.quotients += o.quotients;
    cost.by_place[o.place] += o.multiplications;
  }
  for (const energy_constants& node : kEnergyConstants) {
    double sum = 0;
    bool is_known = !operators.empty();
    for (const operator_count& o : operators) {
      const std::optional<double> joules = joules_of(node, o);
      is_known = is_known && joules;
      sum += joules.value_or(0);
    }
    if (is_known) cost.joules[std::string(node.node)] = sum;
  }
  return cost;
}

}  // namespace pamkit::reports

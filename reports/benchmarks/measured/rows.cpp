#include <fmt/format.h>

#include "layer_case.hpp"

/// Layers over rows and their derivatives: rows of 512, and of 4000 classes for the loss.
namespace pamkit::benchmarks::measured {
namespace {

// A layer and, after it, its derivative, for which no rival is asked.
void add(std::vector<measured_case>& cases, layer_task t, const std::vector<std::int64_t>& result) {
  cases.push_back(layer_case(t));
  t.operation += "_vjp";
  t.inputs.push_back({result});
  t.rivals.operation.clear();
  cases.push_back(layer_case(t));
}

layer_task task_of(const std::string& operation, std::int64_t rows, std::int64_t length) {
  layer_task t;
  t.operation = operation;
  t.shape = fmt::format("{} rows of {}", rows, length);
  t.inputs = {{{rows, length}}};
  t.work = static_cast<double>(rows * length);
  t.rivals.what = task::rows;
  t.rivals.operation = operation;
  t.rivals.m = rows;
  t.rivals.n = length;
  return t;
}

}  // namespace

std::vector<measured_case> rows(const settings& s) {
  const std::int64_t rows = s.quick ? 8 : 512;
  const std::int64_t length = 512;
  const std::int64_t classes = s.quick ? 40 : 4000;
  std::vector<measured_case> cases;
  for (const char* const operation : {"softmax", "log_softmax"}) {
    add(cases, task_of(operation, rows, length), {rows, length});
  }
  for (const char* const operation : {"logsumexp", "sum", "norm"}) {
    add(cases, task_of(operation, rows, length), {rows});
  }
  layer_task normalised = task_of("layer_norm", rows, length);
  normalised.inputs.insert(normalised.inputs.end(), {{{length}}, {{length}}});
  add(cases, normalised, {rows, length});
  layer_task loss = task_of("cross_entropy", rows, classes);
  loss.inputs.push_back({{rows}, operand_values::classes, classes});
  loss.attributes = {{"smoothing", 0.1}};
  add(cases, loss, {});
  return cases;
}

}  // namespace pamkit::benchmarks::measured

#include "launched.hpp"

#include <ATen/Functions.h>

#include <string>

#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/execution.hpp"

namespace pamkit::operators {
namespace {

void tell_with_copies(const tensor_contraction& c) {
  tensor_contraction here = c;
  for (at::Tensor* const t : {&here.a, &here.b, &here.d, &here.bias, &here.out}) {
    if (t->defined()) *t = t->to(at::kCPU);
  }
  tell_of_contraction({.kind = c.kind,
                       .gradient = c.gradient,
                       .rules = c.rules,
                       .problem = problem_of(here),
                       .bias = here.bias.defined() ? here.bias.const_data_ptr<float>() : nullptr});
}

}  // namespace

void launch_contraction(const tensor_contraction& c, const launcher& start) {
  cuda::contraction_parameters p = cuda::contraction_parameters_of(
      c.kind, c.gradient, contraction_rules(c.rules), problem_of(c));
  if (c.bias.defined()) p.bias = c.bias.const_data_ptr<float>();
  const cuda::contraction_plan plan = cuda::plan_fastest_contraction(c.rules.arithmetic, c.kind, p);
  if (plan.blocks != 0) start(plan.as_launch());
  if (contractions_are_observed()) tell_with_copies(c);
}

void launch_column_sums(const at::Tensor& rows, const at::Tensor& out, const launcher& start) {
  run_plan(cuda::plan_column_sums(rows.size(0), rows.size(1)), {rows}, {out}, start);
}

bool has_elementwise_kernel(std::string_view operation, std::string_view arithmetic) {
  return cuda::has_kernel("elementwise_" + std::string(arithmetic) + "_" + std::string(operation));
}

at::Tensor launch_elementwise(std::string_view operation, const configuration& rules,
                              const at::Tensor& a, const at::Tensor& b, const launcher& start) {
  const at::Tensor left = a.contiguous();
  const at::Tensor right = b.defined() ? b.contiguous() : b;
  at::Tensor out = at::empty(left.sizes(), left.options());
  const cuda::elementwise_plan plan = cuda::plan_elementwise(
      operation, rules, left.numel(), left.const_data_ptr(),
      right.defined() ? right.const_data_ptr() : nullptr, out.mutable_data_ptr());
  if (plan.blocks != 0) start(plan.as_launch());
  return out;
}

}  // namespace pamkit::operators

#include "launched.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <string>

#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/execution.hpp"
#include "pamkit/cuda/kernel/columns.cuh"

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
  start_kernel(start, plan.kernel, plan.blocks, plan.parameters);
  if (contractions_are_observed()) tell_with_copies(c);
}

void launch_column_sums(const at::Tensor& rows, const at::Tensor& out, const launcher& start) {
  cuda::column_parameters p;
  p.rows = rows.size(0);
  p.columns = rows.size(1);
  p.inner = std::max<std::int64_t>(1, p.rows);
  p.inner_stride = p.columns;
  const std::int64_t blocks = cuda::pieces(p.rows, cuda::column_block_sums::block_rows);
  const at::Tensor partial = at::empty({blocks, p.columns}, rows.options());
  p.x = words_of(rows);
  p.y = words_of_result(partial);
  start_kernel(start, "pamkit_column_block_sums",
               cuda::pieces(blocks * p.columns, cuda::column_block_sums::threads), p);
  cuda::column_parameters totals;
  totals.rows = blocks;
  totals.columns = p.columns;
  totals.x = words_of(partial);
  totals.y = words_of_result(out);
  start_kernel(start, "pamkit_column_totals", cuda::pieces(p.columns, cuda::column_totals::threads),
               totals);
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
  start_kernel(start, plan.kernel, plan.blocks, plan.parameters);
  return out;
}

}  // namespace pamkit::operators

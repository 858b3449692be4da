#include "pamkit/cuda/elementwise_plan.hpp"

#include "pamkit/tensor/stored_format.hpp"

namespace pamkit::cuda {

namespace {

std::size_t bytes_of_elements(const elementwise_parameters& p) {
  return static_cast<std::size_t>(p.count) * static_cast<std::size_t>(bytes_of(p.format));
}

}  // namespace

elementwise_plan plan_elementwise(std::string_view operation, const configuration& rules,
                                  std::int64_t count, const void* a, const void* b, void* out) {
  elementwise_plan plan{.kernel = "pamkit_elementwise_" + std::string(rules.arithmetic) + "_" +
                                  std::string(operation),
                        .parameters = {.subnormals = rules.subnormals,
                                       .overflow = rules.overflow,
                                       .format = stored_format(rules.format),
                                       .compensation = rules.compensation,
                                       .count = count,
                                       .a = a,
                                       .b = b,
                                       .out = out}};
  if (const auto* const cut = std::get_if<binary32m>(&rules.format)) {
    plan.parameters.is_cut = true;
    plan.parameters.kept_bits = cut->kept_bits;
  }
  const std::int64_t blocks = pieces(count, kElementThreads);
  plan.blocks = checked_blocks(plan.kernel, std::span(&blocks, 1));
  return plan;
}

launch elementwise_plan::as_launch() const {
  const std::size_t bytes = bytes_of_elements(parameters);
  launch l{.kernel = kernel,
           .blocks = blocks,
           .parameters = &parameters,
           .parameter_bytes = sizeof parameters,
           .memory = {{parameters.a, bytes, false}, {parameters.out, bytes, true}}};
  if (parameters.b != nullptr) l.memory.push_back({parameters.b, bytes, false});
  return l;
}

}  // namespace pamkit::cuda

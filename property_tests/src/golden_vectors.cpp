#include "pamkit/properties/golden_vectors.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "golden_contraction.hpp"
#include "golden_elementwise.hpp"
#include "golden_layer.hpp"
#include "oracle_rules.hpp"
#include "pamkit/reference/tensor.hpp"

namespace pamkit::properties {
namespace {

const tensor_operation& product_of(const tensor_function& f) {
  return *find_tensor_operation(f.name());
}

// The case of a product with sizes from its tensors' shapes.
contraction_case product_case(const tensor_function& f, const layer_case& c) {
  const auto& a = c.inputs.at(0).shape;
  const auto& b = c.inputs.at(1).shape;
  const std::size_t axes = product_of(f).has_batch ? 3 : 2;
  if (a.size() != axes || b.size() != axes) {
    throw std::invalid_argument(fmt::format("{}: a and b need {} axes", f.info->name, axes));
  }
  contraction_case found;
  found.batch = axes == 3 ? a[0] : 1;
  found.m = a[axes - 2];
  found.k = a[axes - 1];
  found.n = b[axes - 1];
  found.a = c.inputs[0].encodings;
  found.b = c.inputs[1].encodings;
  if (f.is_vjp) found.d = c.incoming.at(0).encodings;
  return found;
}

}  // namespace

bool has_golden_tensor(const tensor_function& f, derivative gradient, std::string_view oracle) {
  if (f.is_product) return has_golden_results(product_of(f), gradient, oracle);
  return has_golden_layer({f.info, f.is_vjp}, oracle);
}

std::vector<tensor> golden_tensor(const tensor_function& f, derivative gradient,
                                  const arithmetic_choice& arithmetic, const any_format& format,
                                  subnormal_policy subnormals, overflow_policy overflow,
                                  const layer_case& c) {
  if (!f.is_product) {
    return golden_layer({f.info, f.is_vjp}, gradient, arithmetic, format, subnormals, overflow, c);
  }
  std::vector<tensor> results;
  for (column& x : golden_results(product_of(f), gradient, arithmetic, format, subnormals, overflow,
                                  product_case(f, c))) {
    results.push_back({{static_cast<std::int64_t>(x.size())}, std::move(x)});
  }
  return results;
}

std::string golden_digest(const digest_item& item, const digest_cases& cases) {
  const auto refuse = [&] {
    throw std::runtime_error(fmt::format("the reference has no {} of '{}'", item.operation,
                                         item.arithmetic.info->oracle));
  };
  if (item.is_elementwise()) {
    const auto oracle = elementwise_oracle::find(item.operation, item.arithmetic, item.format,
                                                 item.subnormals, item.overflow);
    if (!oracle) refuse();
    return cases.digest(
        cases.results([&](const column& x) { return oracle->results(x).lowest; }, {}));
  }
  const tensor_function f = *find_tensor_function(item.operation);
  const derivative kind = item.gradient.value_or(derivative::approx);
  if (!has_golden_tensor(f, kind, item.arithmetic.info->oracle)) refuse();
  return cases.digest(cases.results({}, [&](const layer_case& c) {
    return golden_tensor(f, kind, item.arithmetic, item.format, item.subnormals, item.overflow, c);
  }));
}

}  // namespace pamkit::properties

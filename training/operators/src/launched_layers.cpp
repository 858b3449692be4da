#include <ATen/Functions.h>

#include <string>
#include <utility>

#include "launched.hpp"
#include "pamkit/cuda/layer_launches.hpp"
#include "pamkit/layer/adamw_step.hpp"
#include "pamkit/layer/dropout.hpp"
#include "pamkit/layer/layer_norm.hpp"

/// Layers whose launches need nothing of the host but scalars. Shapes, attributes and refusals are
/// the definitions' own, which see tensors with shapes and without elements.

namespace pamkit::operators {
namespace {

std::string kernel_of(const layer_request& r, std::string_view name) {
  return cuda::kernel_of(name, r.rules.arithmetic);
}

class layer_launches {
 public:
  layer_launches(const layer_request& r, const launcher& start) : r_(r), start_(start) {
    for (const at::Tensor& t : r.inputs) {
      inputs_.push_back(widened(t).contiguous());
      shapes_.push_back({t.sizes().vec(), {}});
    }
  }

  std::vector<at::Tensor> rows(const char* definition_name) {
    const layer_call c = call(definition_name, {});
    const row_layout l = rows_of(c, shapes_[0]);
    const bool is_vjp = inputs_.size() == 2;
    if (is_vjp) require_shape(c, "d_y", shapes_[1], shapes_[0].shape);
    const at::Tensor y = like(inputs_[0]);
    cuda::row_parameters p = row_parameters(l);
    if (is_vjp) p.d = words_of(inputs_[1]);
    p.y = words_of_result(y);
    start_rows(r_.operation, p);
    return {y};
  }

  std::vector<at::Tensor> layer_norm() {
    struct definition : layer::layer_norm {
      using layer::layer_norm::checked_rows;
    };
    const layer_call c = call(definition::name, definition::attributes);
    const row_layout l = definition::checked_rows(c);
    const bool is_vjp = inputs_.size() == 4;
    if (is_vjp) require_shape(c, "d_y", shapes_[3], shapes_[0].shape);
    const at::Tensor y = like(inputs_[0]);
    cuda::row_parameters p = row_parameters(l);
    p.gain = words_of(inputs_[1]);
    p.eps = pamkit::detail::from_host(c.attribute("eps"));
    p.y = words_of_result(y);
    if (!is_vjp) {
      p.bias = words_of(inputs_[2]);
      start_rows("layer_norm", p);
      return {y};
    }
    const at::Tensor terms = like(inputs_[0]);
    p.d = words_of(inputs_[3]);
    p.terms = words_of_result(terms);
    start_rows("layer_norm_vjp", p);
    const at::Tensor d_gain = like(inputs_[1]);
    const at::Tensor d_bias = like(inputs_[2]);
    launch_column_sums(terms.view({l.rows, l.length}), d_gain, start_);
    launch_column_sums(inputs_[3].view({l.rows, l.length}), d_bias, start_);
    return {y, d_gain, d_bias};
  }

  std::vector<at::Tensor> dropout() {
    struct definition : layer::dropout {
      using layer::dropout::checked_factor;
    };
    const layer_call c = call(definition::name, definition::attributes);
    const std::uint32_t factor_word = definition::checked_factor(c).bits;
    const bool is_vjp = inputs_.size() == 3;
    if (is_vjp) require_shape(c, "d_y", shapes_[2], shapes_[0].shape);
    const at::Tensor y = like(inputs_[0]);
    const at::Tensor mask = r_.inputs[1].to(at::kInt).contiguous();
    const at::Tensor factor =
        at::full({1}, std::int64_t{factor_word}, inputs_[0].options().dtype(at::kInt));
    cuda::element_parameters p;
    p.rules = rules();
    p.gradient = r_.gradient;
    p.count = inputs_[0].numel();
    p.x = words_of(inputs_[0]);
    if (is_vjp) p.d = words_of(inputs_[2]);
    p.mask = words_of(mask);
    p.factor = words_of(factor);
    p.y = words_of_result(y);
    start_kernel(start_, "pamkit_" + kernel_of(r_, is_vjp ? "scale_vjp" : "scale"),
                 cuda::pieces(p.count, cuda::kElementThreads), p);
    return {y};
  }

  std::vector<at::Tensor> adamw_step() {
    struct definition : layer::adamw_step {
      using layer::adamw_step::require_shapes;
    };
    const layer_call c = call(definition::name, definition::attributes);
    definition::require_shapes(c);
    cuda::adamw_parameters p = cuda::adamw_parameters_of(c);
    std::vector<at::Tensor> results;
    for (int i = 0; i < 3; ++i) results.push_back(like(inputs_[0]));
    p.count = inputs_[0].numel();
    p.parameter = words_of(inputs_[0]);
    p.gradient = words_of(inputs_[1]);
    p.m = words_of(inputs_[2]);
    p.v = words_of(inputs_[3]);
    p.new_parameter = words_of_result(results[0]);
    p.new_m = words_of_result(results[1]);
    p.new_v = words_of_result(results[2]);
    start_kernel(start_, "pamkit_" + kernel_of(r_, "adamw_step"),
                 cuda::pieces(p.count, cuda::kElementThreads), p);
    return results;
  }

 private:
  layer_call call(std::string_view name, std::span<const layer_attribute> known) const {
    return {.name = name,
            .rules = contraction_rules(r_.rules),
            .gradient = r_.gradient,
            .inputs = shapes_,
            .attributes = &r_.attributes,
            .known = known};
  }

  policy<binary32> rules() const { return contraction_rules(r_.rules).uncompensated(); }

  static at::Tensor like(const at::Tensor& t) { return at::empty(t.sizes(), t.options()); }

  cuda::row_parameters row_parameters(const row_layout& l) const {
    cuda::row_parameters p;
    p.rules = rules();
    p.gradient = r_.gradient;
    p.rows = l.rows;
    p.length = l.length;
    p.n = pamkit::detail::from_host(static_cast<double>(l.length));
    p.x = words_of(inputs_[0]);
    return p;
  }

  void start_rows(std::string_view name, const cuda::row_parameters& p) const {
    start_kernel(start_, "pamkit_" + kernel_of(r_, name),
                 cuda::pieces(p.rows, cuda::row_kernel<cuda::sum_step>::rows_per_block), p);
  }

  const layer_request& r_;
  const launcher& start_;
  std::vector<at::Tensor> inputs_;
  std::vector<tensor> shapes_;
};

bool is_with_vjp(std::string_view operation, std::string_view name) {
  return operation == name ||
         (operation.starts_with(name) && operation.substr(name.size()) == "_vjp");
}

}  // namespace

bool has_layer_launch(const layer_request& r) {
  if (is_with_vjp(r.operation, "dropout")) {
    return cuda::has_kernel(kernel_of(r, r.operation == "dropout" ? "scale" : "scale_vjp"));
  }
  return (is_with_vjp(r.operation, "softmax") || is_with_vjp(r.operation, "log_softmax") ||
          is_with_vjp(r.operation, "layer_norm") || r.operation == "adamw_step") &&
         cuda::has_kernel(kernel_of(r, r.operation));
}

std::vector<at::Tensor> launch_layer(const layer_request& r, const launcher& start) {
  layer_launches launches(r, start);
  if (is_with_vjp(r.operation, "softmax")) return launches.rows("softmax");
  if (is_with_vjp(r.operation, "log_softmax")) return launches.rows("log_softmax");
  if (is_with_vjp(r.operation, "layer_norm")) return launches.layer_norm();
  if (is_with_vjp(r.operation, "dropout")) return launches.dropout();
  return launches.adamw_step();
}

}  // namespace pamkit::operators

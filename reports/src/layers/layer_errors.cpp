#include "layers/layer_errors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "compensated_sum.hpp"
#include "layers/ordinary_layers.hpp"
#include "sample_data.hpp"

namespace pamkit::reports {
namespace {

std::vector<double> matrix_product(const group_request& request, const policy<binary32>& rules,
                                   const std::vector<tensor>& in) {
  const contraction_function contract = simd_backend().contraction(
      request.arithmetic.info->name, contraction_kind::product, derivative::approx);
  std::array<std::vector<float>, 2> operands;
  for (std::size_t n = 0; n < operands.size(); ++n) {
    for (const std::uint32_t e : in[n].encodings) operands[n].push_back(std::bit_cast<float>(e));
  }
  const std::int64_t n = in[0].shape[0];
  std::vector<float> out(static_cast<std::size_t>(n * n));
  contraction_problem p;
  p.m = p.n = p.k = n;
  p.a = {.data = operands[0].data(), .row_stride = n};
  p.b = {.data = operands[1].data(), .row_stride = n};
  p.out = {.data = out.data(), .row_stride = n};
  contract(rules, p);
  return {out.begin(), out.end()};
}

std::string shape_text(const std::vector<tensor>& inputs) {
  std::string text;
  for (const std::int64_t n : inputs[0].shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(n);
  }
  return text;
}

// Least-squares slope of y over x, and what it leaves.
struct fit {
  double gain = 0;
  double residual = 0;  ///< root of sum (y - gain x)^2 over sum x^2
  double rms = 0;       ///< root of sum (y - x)^2 over sum x^2

  fit(const std::vector<double>& y, const std::vector<double>& x) {
    compensated_sum mixed;
    compensated_sum square;
    for (std::size_t i = 0; i < x.size(); ++i) {
      mixed.add(static_cast<long double>(y[i]) * x[i]);
      square.add(static_cast<long double>(x[i]) * x[i]);
    }
    const long double slope = mixed.value() / square.value();
    compensated_sum left;
    compensated_sum distance;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double r = y[i] - slope * x[i];
      const long double d = static_cast<long double>(y[i]) - x[i];
      left.add(r * r);
      distance.add(d * d);
    }
    gain = static_cast<double>(slope);
    residual = static_cast<double>(std::sqrt(left.value() / square.value()));
    rms = static_cast<double>(std::sqrt(distance.value() / square.value()));
  }
};

std::vector<std::int64_t> sizes_of(report_level level) {
  if (level == report_level::quick) return {16, 64};
  return {16, 64, 256, 1024};
}

}  // namespace

std::vector<bound_group> layer_errors(const group_request& request, const layer_case& layer) {
  std::vector<bound_group> groups;
  const std::string_view arithmetic = request.arithmetic.info->name;
  const bool is_product = layer.name == "matmul";
  const layer_function function =
      is_product ? nullptr : scalar_backend().layer(layer.name, arithmetic);
  if (!is_product && function == nullptr) return groups;
  const policy<binary32> rules = contraction_rules(
      request.arithmetic.configure(binary32{}, request.policy, overflow_policy::infinity));
  for (const std::string_view data : kDataKinds) {
    for (const std::int64_t n : sizes_of(request.level)) {
      request.check_stop();
      // Cubic work: the largest size would take longer than all the rest.
      if (n > 256 && (is_product || layer.name == "attention")) continue;
      sample_data numbers(data, request.seed,
                          std::string(layer.name) + '/' + std::to_string(n));
      // Layers with few outputs are drawn several times.
      std::vector<double> result;
      std::vector<double> ordinary;
      std::string shape;
      constexpr std::size_t kLeastOutputs = 256;
      while (result.size() < kLeastOutputs) {
        const std::vector<tensor> in = layer.inputs(numbers, n);
        shape = shape_text(in);
        const std::vector<double> y =
            is_product ? matrix_product(request, rules, in)
                       : ordinary::values(function(rules, derivative::approx, in, {})[0]);
        const std::vector<double> x = layer.ordinary(in);
        result.insert(result.end(), y.begin(), y.end());
        ordinary.insert(ordinary.end(), x.begin(), x.end());
      }
      const fit f(result, ordinary);
      bound_group group{.operation = std::string(layer.name),
                        .format = "binary32",
                        .arithmetic = request.arithmetic.label,
                        .policy = std::string(name_of(request.policy)),
                        .domain = std::string(name_of(error_domain::in_range)),
                        .data = std::string(data),
                        .shape = shape,
                        .encoding = describe(binary32{}),
                        .bounds = {}};
      const auto add = [&](const char* metric, double value, const char* note) {
        group.bounds.push_back({.metric = metric,
                                .value = value,
                                .evidence = evidence_kind::sampled,
                                .cases = result.size(),
                                .note = note});
      };
      add("gain", f.gain, "least squares over the outputs, against binary64");
      add("residual", f.residual, "root mean square of y - gain x over that of x");
      add("relative_rms", f.rms, "root mean square of y - x over that of x");
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

}  // namespace pamkit::reports

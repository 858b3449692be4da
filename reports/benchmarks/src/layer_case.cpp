#include "layer_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "operand_data.hpp"
#include "pamkit/layer_definition.hpp"

namespace pamkit::benchmarks {
namespace {

struct memory {
  std::vector<tensor> inputs;
  std::vector<tensor> out;
  std::vector<std::vector<float>> values;  // of the inputs, for baselines
  std::vector<float> rival_out;
};

layer_function find_layer_function(const backend& b, const layer_task& t) {
  return b.layer == nullptr ? nullptr : b.layer(t.operation, t.arithmetic);
}

// The encoding that stands for a drawn number in an operand.
auto encoding_in(const operand_shape& operand) {
  return [&operand](float drawn) {
    const auto bits = std::bit_cast<std::uint32_t>(drawn);
    switch (operand.values) {
      case operand_values::numbers:
        return bits;
      case operand_values::magnitudes:
        return bits & 0x7fffffffU;
      case operand_values::classes:
        return bits % static_cast<std::uint32_t>(operand.classes);
    }
    return bits;
  };
}

prepared_case prepare(const layer_task& t) {
  prepared_case p;
  p.kernel = {.name = "simd", .work = t.work, .run = {}};
  const layer_function kernel = find_layer_function(simd_backend(), t);
  const layer_function definition = find_layer_function(scalar_backend(), t);
  if (kernel == nullptr || kernel == definition) {
    p.absent = "the simd backend has no kernel for it";
    return p;
  }
  const auto m = std::make_shared<memory>();
  std::uint32_t seed = 1;
  for (const operand_shape& operand : t.inputs) {
    m->inputs.push_back(tensor_of_shape(operand.shape));
    std::vector<float>& values = m->values.emplace_back(m->inputs.back().encodings.size());
    fill(values, find_operand_class("plain"), seed++, true);
    std::ranges::transform(values, m->inputs.back().encodings.begin(), encoding_in(operand));
  }
  const policy<binary32> rules = contraction_rules(
      parse_arithmetic(t.arithmetic)
          .value()
          .configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity));
  p.memory = m;
  p.kernel.run = [m, kernel, rules, attributes = t.attributes] {
    m->out = kernel(rules, derivative::approx, m->inputs, attributes);
  };
  p.check = [m, kernel, definition, rules, attributes = t.attributes](int) {
    const auto got = kernel(rules, derivative::approx, m->inputs, attributes);
    const auto expected = definition(rules, derivative::approx, m->inputs, attributes);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (i >= got.size() || got[i].shape != expected[i].shape) {
        throw mismatch(fmt::format("output {}: another shape than the definition's", i));
      }
      require_equal(got[i].encodings, expected[i].encodings,
                    [i](std::size_t at) { return fmt::format("element {} of output {}", at, i); });
    }
  };
  p.others.push_back(
      {.name = "scalar", .work = t.work, .run = [m, definition, rules, attributes = t.attributes] {
         m->out = definition(rules, derivative::approx, m->inputs, attributes);
       }});
  workload w = t.rivals;
  if (w.what == task::matmul) {
    w.a.batch = w.m * w.k;
    w.b.batch = w.k * w.n;
    for (const std::int64_t size : {w.a.batch, w.b.batch}) {
      fill(m->values.emplace_back(static_cast<std::size_t>(w.batch * size)),
           find_operand_class("plain"), seed++, true);
    }
    m->values.erase(m->values.begin(), m->values.end() - 2);
    w.a.row = w.k;
    w.b.row = w.n;
  }
  w.a.data = m->values[0].data();
  if (m->values.size() > 1) w.b.data = m->values[1].data();
  m->rival_out.resize(static_cast<std::size_t>(w.batch * w.m * w.n));
  w.out = m->rival_out.data();
  p.rivals = w;
  return p;
}

}  // namespace

measured_case layer_case(const layer_task& task) {
  measured_case c;
  c.name = task.operation;
  c.arithmetic = task.arithmetic;
  c.shape = task.shape;
  c.unit = task.unit;
  c.prepare = [task] { return prepare(task); };
  return c;
}

}  // namespace pamkit::benchmarks

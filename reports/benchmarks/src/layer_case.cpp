#include "layer_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "operand_data.hpp"

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
  for (const auto& shape : t.inputs) {
    std::size_t size = 1;
    for (const std::int64_t length : shape) size *= static_cast<std::size_t>(length);
    std::vector<float>& values = m->values.emplace_back(size);
    fill(values, find_operand_class("plain"), seed++, true);
    tensor& x = m->inputs.emplace_back(tensor{shape, std::vector<std::uint32_t>(size)});
    std::ranges::transform(values, x.encodings.begin(),
                           [](float v) { return std::bit_cast<std::uint32_t>(v); });
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
    for (const std::int64_t size : {w.m * w.k, w.k * w.n}) {
      fill(m->values.emplace_back(static_cast<std::size_t>(size)), find_operand_class("plain"),
           seed++, true);
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

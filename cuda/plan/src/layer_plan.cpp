#include "pamkit/cuda/layer_plan.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "pamkit/backend.hpp"
#include "pamkit/cuda/layer_planning.hpp"

namespace pamkit::cuda {
namespace {

constexpr std::string_view kVjp = "_vjp";

bool is_vjp(std::string_view operation) { return operation.ends_with(kVjp); }

std::string_view layer_of(std::string_view operation) {
  if (is_vjp(operation)) operation.remove_suffix(kVjp.size());
  return operation;
}

// Before a definition counts elements, which it does in 64 bits.
void check_operands(const layer_call& c, const layer_info& layer, bool of_vjp) {
  if (!layer.is_variadic) {
    const std::size_t wanted = layer.inputs.size() + (of_vjp ? layer.outputs.size() : 0);
    c.require(c.inputs.size() == wanted, "needs " + std::to_string(wanted) + " operands, got " +
                                             std::to_string(c.inputs.size()));
  }
  for (const tensor& t : c.inputs) static_cast<void>(checked_words(c.name, t.shape));
}

}  // namespace

std::int64_t checked_words(std::string_view what, std::span<const std::int64_t> shape) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / sizeof(std::uint32_t);
  std::int64_t words = 1;
  bool is_empty = false;
  for (const std::int64_t n : shape) {
    if (n < 0) throw std::invalid_argument(std::string(what) + ": a size is negative");
    is_empty = is_empty || n == 0;
    if (n == 0) continue;
    // Beside a size of 0 too: definitions count the rows of a tensor without columns.
    if (n > most / words) {
      throw std::length_error(std::string(what) + ": a tensor of shape " + text_of_shape(shape) +
                              " has more bytes than memory has addresses");
    }
    words *= n;
  }
  return is_empty ? 0 : words;
}

plan_part layer_planning::operand(std::size_t index) {
  return add({.is = plan_buffer::role::operand,
              .index = index,
              .words = checked_words(call_.name, call_.inputs[index].shape)});
}

plan_part layer_planning::result(const std::vector<std::int64_t>& shape) {
  plan_.results.push_back(shape);
  return add({.is = plan_buffer::role::result,
              .index = plan_.results.size() - 1,
              .words = checked_words(call_.name, shape)});
}

plan_part layer_planning::scratch(std::int64_t words) {
  return add({.is = plan_buffer::role::scratch, .words = words});
}

plan_part layer_planning::constant(word value) {
  return add({.is = plan_buffer::role::constant, .words = 1, .value = value.bits});
}

row_parameters layer_planning::rows(const row_layout& l) const {
  row_parameters p;
  p.rules = call_.rules.uncompensated();
  p.gradient = call_.gradient;
  p.rows = l.rows;
  p.length = l.length;
  p.n = detail::from_host(static_cast<double>(l.length));
  return p;
}

void layer_planning::launch_rows(std::string_view name, const row_parameters& p,
                                 reads<row_parameters> read, writes<row_parameters> written,
                                 bool is_plain) {
  constexpr std::int64_t each = row_kernel<sum_step>::rows_per_block;
  if (is_plain) return launch_entry("pamkit_" + std::string(name), p.rows, each, p, read, written);
  launch(name, p.rows, each, p, read, written);
}

element_parameters layer_planning::elements(std::int64_t count) const {
  element_parameters p;
  p.rules = call_.rules.uncompensated();
  p.gradient = call_.gradient;
  p.count = count;
  return p;
}

void layer_planning::launch_column_sums(column_parameters p, const plan_part& x,
                                        const plan_part& y) {
  const std::int64_t blocks = pieces(p.rows, column_block_sums::block_rows);
  const plan_part partial = scratch(blocks * p.columns);
  launch_entry<column_parameters>("pamkit_column_block_sums", partial.words,
                                  column_block_sums::threads, p, {{&column_parameters::x, x}},
                                  {{&column_parameters::y, partial}});
  column_parameters totals;
  totals.rows = blocks;
  totals.columns = p.columns;
  launch_entry<column_parameters>("pamkit_column_totals", p.columns, column_totals::threads, totals,
                                  {{&column_parameters::x, partial}}, {{&column_parameters::y, y}});
}

column_parameters columns_of_rows(std::int64_t rows, std::int64_t columns) {
  column_parameters p;
  p.rows = rows;
  p.columns = columns;
  p.inner = std::max<std::int64_t>(1, rows);
  p.inner_stride = columns;
  return p;
}

layer_plan plan_rows(const layer_call& c, std::string_view arithmetic, std::string_view kernel,
                     bool reduces, bool is_vjp, bool is_plain) {
  const tensor& x = c.inputs[0];
  const row_layout l = rows_of(c, x);
  const std::vector<std::int64_t> y_shape = reduces ? reduced_shape(x) : x.shape;
  layer_planning p(c, arithmetic);
  const plan_part from = p.operand(0);
  if (!is_vjp) {
    const plan_part y = p.result(y_shape);
    p.launch_rows(kernel, p.rows(l), {{&row_parameters::x, from}}, {{&row_parameters::y, y}},
                  is_plain);
    return p.take();
  }
  require_shape(c, "d_y", c.inputs[1], y_shape);
  const plan_part d = p.operand(1);
  const plan_part dx = p.result(x.shape);
  p.launch_rows(std::string(kernel) + std::string(kVjp), p.rows(l),
                {{&row_parameters::x, from}, {&row_parameters::d, d}}, {{&row_parameters::y, dx}},
                is_plain);
  return p.take();
}

std::string layer_planner::kernel_of(std::string_view arithmetic) const {
  return is_plain ? std::string(kernel) : std::string(kernel) + "_" + std::string(arithmetic);
}

const layer_planner* find_layer_planner(std::string_view operation) {
  const auto all = layer_planners();
  const auto it = std::ranges::find(all, layer_of(operation), &layer_planner::name);
  if (it == all.end() || (is_vjp(operation) && (*it)->vjp == nullptr)) return nullptr;
  return *it;
}

layer_plan plan_layer(std::string_view operation, std::string_view arithmetic,
                      const policy<binary32>& rules, derivative gradient,
                      std::span<const tensor> operands, const layer_attributes& attributes) {
  const layer_info* const layer = find_layer(layer_of(operation));
  const layer_planner* const planner = find_layer_planner(operation);
  if (layer == nullptr || planner == nullptr) {
    throw std::invalid_argument(std::string(operation) + " has no launches");
  }
  const layer_call call{.name = layer->name,
                        .rules = rules,
                        .gradient = gradient,
                        .inputs = operands,
                        .attributes = &attributes,
                        .known = layer->attributes};
  check_operands(call, *layer, is_vjp(operation));
  return (is_vjp(operation) ? planner->vjp : planner->forward)(call, arithmetic);
}

layer_plan plan_column_sums(std::int64_t rows, std::int64_t columns) {
  const tensor x{{rows, columns}, {}};
  const layer_call call{
      .name = "column sums", .rules = {}, .inputs = std::span(&x, 1), .known = {}};
  layer_planning p(call, "");
  const plan_part from = p.operand(0);
  const plan_part y = p.result({columns});
  p.launch_column_sums(columns_of_rows(rows, columns), from, y);
  return p.take();
}

}  // namespace pamkit::cuda

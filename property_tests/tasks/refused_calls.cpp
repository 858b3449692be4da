/// A layer refuses what it cannot compute with std::invalid_argument, and does not read past an operand instead.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "facts",
    .part = "refusals",
    .sentence = "a layer refuses a wrong number of operands, a wrong shape, attribute or index",
    .domain = "each operand and attribute of a right call made wrong, one at a time",
    .operation = "",
    .promise = ""};

struct call {
  std::string what;
  std::vector<tensor> operands;
  layer_attributes attributes;
};

// Attributes outside of what their meaning allows.
struct wrong_value {
  std::string_view layer, attribute;
  double value;
};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr wrong_value kWrongValues[] = {
    {"conv2d", "stride", 0},       {"conv2d", "stride", 1.5},      {"conv2d", "padding", -1},
    {"conv2d", "dilation", 0},     {"conv2d", "dilation", 100},    {"conv2d", "groups", 0},
    {"conv2d", "groups", 2},       {"conv2d", "stride", 1e300},    {"dropout", "p", 1},
    {"conv2d", "stride", 1e9 + 1}, {"adamw_step", "step", 1e9 + 1},
    {"dropout", "p", -0.25},       {"clip_grad_norm", "limit", -1}, {"adamw_step", "step", 0},
    {"adamw_step", "corrected", 2}, {"adamw_step", "corrected", 0.5}, {"adamw_step", "corrected", -1},
    {"conv2d", "stride", 1.0001},  {"conv2d", "padding", 0x1p-30}, {"adamw_step", "step", 2.9999},
    {"adamw_step", "step", 0.5},   {"cross_entropy", "fairseq", -1}, {"cross_entropy", "fairseq", 0.5},
    {"cross_entropy", "fairseq", 2},
    {"dropout", "p", kNan},        {"clip_grad_norm", "limit", kNan}, {"conv2d", "stride", kNan},
};

// These take rows, of the last axis; one operand alone may have any other shape.
constexpr std::string_view kOfRows[] = {"cross_entropy", "layer_norm", "log_softmax", "logsumexp",
                                        "mean",          "norm",       "softmax",     "sum"};

// As many as its shape has.
void fill_with_zeros(tensor& t) {
  std::int64_t count = 1;
  for (const std::int64_t n : t.shape) count *= n;
  t.encodings.assign(static_cast<std::size_t>(count), 0);
}

column ones(std::size_t count) { return column(count, 0x3F800000); }

// A call that is right, with room on every axis: the first case of the layer with odd channels.
call right_call(const layer_info& layer, bool is_vjp) {
  const layer_case c = make_layer_cases(layer.name, binary32{}, 1, layer_case_size::quick).front();
  call right{.what = {}, .operands = c.inputs, .attributes = {}};
  if (layer.name == "conv2d") {
    right.operands = {{{1, 1, 4, 5}, column(20, 0x3F800000)},
                      {{3, 1, 3, 3}, column(27, 0x3F800000)},
                      {{3}, column(3, 0x3F800000)}};
    if (is_vjp) right.operands.push_back({{1, 3, 2, 3}, column(18, 0x3F800000)});
    return right;
  }
  if (is_vjp) right.operands.insert(right.operands.end(), c.incoming.begin(), c.incoming.end());
  return right;
}

std::vector<call> wrong_calls(const layer_info& layer, const call& right) {
  std::vector<call> calls;
  const auto add = [&](std::string what, const auto& change) {
    calls.push_back(right);
    calls.back().what = std::move(what);
    change(calls.back());
  };
  if (!layer.is_variadic) {
    add("an operand missing", [](call& c) { c.operands.pop_back(); });
    add("an operand too many", [](call& c) { c.operands.push_back(c.operands.front()); });
  }
  for (std::size_t i = 0; i < right.operands.size(); ++i) {
    add(fmt::format("an element of operand {} missing", i), [&](call& c) {
      if (c.operands[i].encodings.empty()) c.operands[i].shape.front() = 1;
      if (!c.operands[i].encodings.empty()) c.operands[i].encodings.pop_back();
    });
    add(fmt::format("an element of operand {} too many", i), [&](call& c) { c.operands[i].encodings.push_back(0); });
    add(fmt::format("negative axes of operand {}", i), [&](call& c) {
      c.operands[i].shape.insert(c.operands[i].shape.begin(), {-1, -1});
    });
    add(fmt::format("negative last axes of operand {}", i), [&](call& c) {
      auto& shape = c.operands[i].shape;
      shape.insert(shape.end(), {-1, shape.empty() ? -1 : -shape.back()});
      if (shape.size() > 2) shape.erase(shape.end() - 3);
    });
    // One operand alone may have any shape.
    if (layer.is_variadic || right.operands.size() == 1) continue;
    // All of its axes: a layer may take more rows, or longer ones, but not both at once.
    // As many elements, on one axis more or less.
    add(fmt::format("an axis more of operand {}", i), [&](call& c) { c.operands[i].shape.push_back(1); });
    if (right.operands[i].shape.size() > 1) {
      add(fmt::format("an axis less of operand {}", i), [&](call& c) {
        auto& shape = c.operands[i].shape;
        const std::int64_t last = shape.back();
        shape.pop_back();
        shape.back() *= last;
      });
    }
    std::vector<std::int64_t> exchanged(right.operands[i].shape.rbegin(), right.operands[i].shape.rend());
    if (exchanged != right.operands[i].shape) {
      add(fmt::format("the axes of operand {} exchanged", i), [&](call& c) { c.operands[i].shape = exchanged; });
    }
    const auto with_axes_by = [](tensor& t, std::int64_t change) {
      if (t.shape.empty()) t.shape = {1};
      for (std::int64_t& n : t.shape) n += change;
      fill_with_zeros(t);
    };
    add(fmt::format("the axes of operand {} longer", i), [&](call& c) { with_axes_by(c.operands[i], 1); });
    const bool has_room = std::ranges::all_of(right.operands[i].shape, [](std::int64_t n) { return n > 0; });
    if (has_room) {
      add(fmt::format("the axes of operand {} shorter", i), [&](call& c) { with_axes_by(c.operands[i], -1); });
    }
    // Other leading axes of as many rows.
    const auto& shape = right.operands[i].shape;
    if (shape.size() == 3 && shape[0] != shape[1]) {
      add(fmt::format("the leading axes of operand {} exchanged", i), [&](call& c) {
        std::swap(c.operands[i].shape[0], c.operands[i].shape[1]);
      });
    }
  }
  // One axis of one operand alone: of a call that has an operand of its results' shape every axis is another one's, too,
  // but for the last of rows that are reduced to a number.
  const bool has_results = !layer.is_variadic && (right.operands.size() > layer.inputs.size() || !layer.has_vjp);
  for (std::size_t i = 0; has_results && i < right.operands.size(); ++i) {
    const auto& shape = right.operands[i].shape;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const bool is_reduced = i == 0 && axis + 1 == shape.size() && right.operands.back().shape.size() < shape.size();
      if (is_reduced) continue;
      for (const std::int64_t change : {-1, 1}) {
        add(fmt::format("axis {} of operand {} longer by {}", axis, i, change), [&](call& c) {
          tensor& x = c.operands[i];
          x.shape[axis] = std::max<std::int64_t>(0, x.shape[axis] + change);
          fill_with_zeros(x);
        });
      }
    }
  }
  if (std::ranges::find(kOfRows, layer.name) != std::end(kOfRows)) {
    add("a scalar for rows", [](call& c) { c.operands.front() = {{}, ones(1)}; });
  }
  add("an unknown attribute", [](call& c) { c.attributes["colour"] = 1; });
  for (const layer_attribute& a : layer.attributes) {
    add(fmt::format("an attribute '{}2'", a.name), [&](call& c) { c.attributes[std::string(a.name) + "2"] = 1; });
  }
  for (const wrong_value& w : kWrongValues) {
    if (w.layer != layer.name) continue;
    add(fmt::format("{} = {}", w.attribute, w.value),
        [&](call& c) { c.attributes[std::string(w.attribute)] = w.value; });
  }
  if (layer.name == "adamw_step") {
    add("a corrected decay below 1/2", [](call& c) { c.attributes = {{"corrected", 1}, {"beta1", 0.4375}}; });
    add("a corrected decay above 1", [](call& c) { c.attributes = {{"corrected", 1}, {"beta2", 1.25}}; });
    for (const char* beta : {"beta1", "beta2"}) {
      add("a corrected decay that is no number", [&](call& c) { c.attributes = {{"corrected", 1}, {beta, kNan}}; });
    }
  }
  if (layer.name == "conv2d") {
    add("a kernel without columns", [](call& c) { c.operands[1] = {{3, 1, 3, 0}, {}}; });
    add("a kernel without rows", [](call& c) { c.operands[1] = {{3, 1, 0, 3}, {}}; });
    // 4 taps that are 10^9 apart: farther than 32 bits count.
    add("a kernel of taps far apart", [](call& c) {
      c.operands = {{{1, 1, 4, 4}, ones(16)}, {{1, 1, 4, 1}, ones(4)}, {{1}, ones(1)}};
      c.attributes = {{"dilation", 1e9}, {"stride", 1e9}};
    });
    add("a kernel one row too high", [](call& c) { c.operands[1] = {{3, 1, 5, 3}, ones(45)}; });
    add("a kernel one column too wide", [](call& c) { c.operands[1] = {{3, 1, 3, 6}, ones(54)}; });
    add("outputs that do not split into groups", [](call& c) {
      c.operands[0] = {{1, 2, 4, 5}, ones(40)};
      c.attributes = {{"groups", 2}};
    });
  }
  if (layer.name == "cross_entropy") {
    add("a class past the last", [](call& c) {
      c.operands[1].encodings[0] = static_cast<std::uint32_t>(c.operands[0].shape[1]);
    });
    // What other programs ignore is a word like any other here.
    add("class -100", [](call& c) { c.operands[1].encodings[0] = static_cast<std::uint32_t>(-100); });
  }
  return calls;
}

bool is_refused(const layer_function f, const call& c) {
  try {
    static_cast<void>(f({}, derivative::approx, c.operands, c.attributes));
    return false;
  } catch (const std::invalid_argument&) {
    return true;
  }
}

result judge_refusals(const backend& b, const arithmetic_choice& arithmetic,
                      const layer_info& layer, bool is_vjp) {
  result row{.property = std::string(text.id), .operation = std::string(layer.name) + (is_vjp ? "_vjp" : "")};
  row.statement = text.key();
  row.format = "binary32";
  row.arithmetic = arithmetic.label;
  row.policy = row.overflow = "any";
  row.backend = b.name;
  row.domain = text.domain;
  row.mode = run_mode::exhaustive;
  const layer_function f = b.layer(row.operation, arithmetic.info->name);
  const call right = right_call(layer, is_vjp);
  if (is_refused(f, right)) {
    row.status = run_status::fail;
    row.reason = "a right call is refused";
    return row;
  }
  if (layer.is_variadic && is_refused(f, {})) {
    row.status = run_status::fail;
    row.reason = "a call of no operand at all is refused";
    return row;
  }
  for (const call& c : wrong_calls(layer, right)) {
    ++row.cases;
    if (is_refused(f, c) || row.status == run_status::fail) continue;
    row.status = run_status::fail;
    row.reason = "not refused: " + c.what;
  }
  return row;
}

void add_refusal_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  // The checks are the same code for every arithmetic; the ones that define other layers show it.
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    context.add_task(fmt::format("facts of refusals, {}", arithmetic.label), [&context, &arithmetic] {
      rows found;
      for (const backend* b : context.options().backends) {
        if (b->layer == nullptr || !context.is_judged(*b)) continue;
        for (const layer_info& layer : layers()) {
          for (const bool is_vjp : {false, true}) {
            if (is_vjp && !layer.has_vjp) continue;
            const std::string operation = std::string(layer.name) + (is_vjp ? "_vjp" : "");
            if (!has_layer_cases(layer.name) || b->layer(operation, arithmetic.info->name) == nullptr) continue;
            found.push_back(judge_refusals(*b, arithmetic, layer, is_vjp));
          }
        }
      }
      return found;
    });
  }
}

}  // namespace

namespace tasks {
task_family refused_calls() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_refusal_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

#include "pamkit/properties/tensor_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

#include "layer_numbers.hpp"
#include "pamkit/properties/most_elements.hpp"
#include "pamkit/properties/vector_text.hpp"

namespace pamkit::properties {
namespace {

constexpr std::string_view kVjp = "_vjp";
constexpr int kWordDigits = 8;

constexpr layer_operand kFactors[] = {{.name = "a", .is_differentiable = true},
                                      {.name = "b", .is_differentiable = true}};
constexpr layer_operand kProduct[] = {{.name = "y"}};
constexpr layer_info kMatmul = {.name = "matmul",
                                .inputs = kFactors,
                                .outputs = kProduct,
                                .attributes = {},
                                .has_vjp = true};
constexpr layer_info kBmm = {.name = "bmm",
                             .inputs = kFactors,
                             .outputs = kProduct,
                             .attributes = {},
                             .has_vjp = true};

contraction_problem problem_of(const tensor_function& f, const layer_case& wide) {
  const std::size_t axes = f.info == &kBmm ? 3 : 2;
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument(fmt::format("{}: {}", f.info->name, what));
  };
  const std::string_view wanted = axes == 2 ? "a MxK, b KxN" : "a BxMxK, b BxKxN";
  if (wide.inputs.size() != 2) refuse(fmt::format("two operands are needed: {}", wanted));
  const auto& a = wide.inputs[0].shape;
  const auto& b = wide.inputs[1].shape;
  const bool fits = a.size() == axes && b.size() == axes && a[axes - 1] == b[axes - 2] &&
                    (axes == 2 || a[0] == b[0]);
  if (!fits) refuse(fmt::format("the shapes of a and b do not fit each other: {}", wanted));
  if (!wide.attributes.empty()) {
    refuse(fmt::format("no attribute is called {}", wide.attributes.begin()->first));
  }
  contraction_problem p;
  p.batch = axes == 3 ? a[0] : 1;
  p.m = a[axes - 2];
  p.k = a[axes - 1];
  p.n = b[axes - 1];
  return p;
}

std::vector<float> floats_of(const tensor& t) {
  std::vector<float> values(t.encodings.size());
  std::ranges::transform(t.encodings, values.begin(),
                         [](std::uint32_t x) { return std::bit_cast<float>(x); });
  return values;
}

std::vector<tensor> apply_product(const tensor_function& f, const bound_function& bound,
                                  const policy<binary32>& rules, const layer_case& wide) {
  contraction_problem p = problem_of(f, wide);
  const std::vector<float> a = floats_of(wide.inputs[0]);
  const std::vector<float> b = floats_of(wide.inputs[1]);
  const std::vector<float> d = f.is_vjp ? floats_of(wide.incoming.at(0)) : std::vector<float>{};
  p.a = {a.data(), p.k, 1, p.m * p.k};
  p.b = {b.data(), p.n, 1, p.k * p.n};
  p.d = {d.data(), p.n, 1, p.m * p.n};
  std::vector<tensor> results;
  const auto append = [&](contraction_function function, std::int64_t rows,
                           std::int64_t columns) {
    std::vector<float> out(static_cast<std::size_t>(p.batch * rows * columns));
    contraction_problem call = p;
    call.out = {out.data(), columns, 1, rows * columns};
    function(rules, call);
    tensor t{{rows, columns}, column(out.size())};
    if (f.info == &kBmm) t.shape.insert(t.shape.begin(), p.batch);
    std::ranges::transform(out, t.encodings.begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
    results.push_back(std::move(t));
  };
  if (f.is_vjp) {
    append(bound.product[0], p.m, p.k);
    append(bound.product[1], p.k, p.n);
  } else {
    append(bound.product[0], p.m, p.n);
  }
  return results;
}

void append_tensor(std::string& text, const tensor& t, int digits) {
  std::size_t end = text.size();
  text.resize(end + t.encodings.size() * static_cast<std::size_t>(digits + 1), ' ');
  for (const std::uint32_t x : t.encodings) {
    write_hex(x, digits, text.data() + end);
    end += static_cast<std::size_t>(digits + 1);
  }
}

}  // namespace

std::string tensor_function::name() const {
  return std::string(info->name) + std::string(is_vjp ? kVjp : "");
}

std::vector<tensor_function> tensor_functions() {
  std::vector<tensor_function> all;
  const auto add = [&](const layer_info& info, bool is_product) {
    all.push_back({&info, is_product, false});
    if (info.has_vjp) all.push_back({&info, is_product, true});
  };
  add(kMatmul, true);
  add(kBmm, true);
  for (const layer_info& info : layers()) add(info, false);
  return all;
}

std::optional<tensor_function> find_tensor_function(std::string_view name) {
  const auto all = tensor_functions();
  const auto it = std::ranges::find(all, name, &tensor_function::name);
  return it == all.end() ? std::nullopt : std::optional(*it);
}

bound_function bind_function(const tensor_function& f, const backend& b, std::string_view arithmetic,
                    derivative gradient) {
  using enum contraction_kind;
  bound_function bound;
  if (!f.is_product) {
    if (b.layer != nullptr) bound.layer = b.layer(f.name(), arithmetic);
  } else if (!f.is_vjp) {
    bound.product[0] = b.contraction(arithmetic, product, gradient);
  } else {
    bound.product[0] = b.contraction(arithmetic, vjp_a, gradient);
    bound.product[1] = b.contraction(arithmetic, vjp_b, gradient);
  }
  return bound;
}

std::vector<tensor> compute(const tensor_function& f, const bound_function& bound,
                          const configuration& rules, derivative gradient, const layer_case& c) {
  const layer_case wide = widened(rules.format, *f.info, c);
  if (f.is_product) {
    return narrowed(rules, apply_product(f, bound, contraction_rules(rules), wide));
  }
  std::vector<tensor> operands = wide.inputs;
  if (f.is_vjp) operands.insert(operands.end(), wide.incoming.begin(), wide.incoming.end());
  return narrowed(rules, bound.layer(contraction_rules(rules), gradient, operands, c.attributes));
}

layer_shape row_shape(const tensor_function& f, std::int64_t rows, std::int64_t length) {
  using shapes = std::vector<std::vector<std::int64_t>>;
  const std::int64_t r = rows;
  const std::int64_t n = length;
  const std::string_view name = f.info->name;
  if (name == "matmul") return {shapes{{r, n}, {n, r}}, {}};
  if (name == "bmm") return {shapes{{2, r, n}, {2, n, r}}, {}};
  if (name == "linear") return {shapes{{r, n}, {2, n}, {2}}, {}};
  if (name == "layer_norm") return {shapes{{r, n}, {n}, {n}}, {}};
  if (name == "cross_entropy") return {shapes{{r, n}, {r}}, {}};
  if (name == "attention") return {shapes{{1, r, 3}, {1, n, 3}, {1, n, 3}, {1, r, n}}, {}};
  if (name == "conv2d") {
    return {shapes{{1, 2, r, n}, {2, 2, 1, std::min<std::int64_t>(n, 3)}, {2}}, {}};
  }
  return {shapes(f.info->inputs.size(), {r, n}), {}};
}

namespace {

// About as many elements as the largest tensor that a call makes, or zero where the shapes do not
// fit each other, which the call itself refuses. A result may be larger than all operands: of an
// outer product, or of a convolution with much padding.
double made_elements(const tensor_function& f, const layer_shape& shape) {
  const auto& s = shape.tensors;
  const std::string_view name = f.info->name;
  const auto size = [&](std::size_t tensor, std::size_t axis) {
    return static_cast<double>(s[tensor][axis]);
  };
  const auto has_axes = [&](std::size_t tensor, std::size_t axes) {
    return tensor < s.size() && s[tensor].size() == axes;
  };
  if (name == "matmul" && has_axes(0, 2) && has_axes(1, 2)) return size(0, 0) * size(1, 1);
  if (name == "bmm" && has_axes(0, 3) && has_axes(1, 3))
    return size(0, 0) * size(0, 1) * size(1, 2);
  if (name == "linear" && !s.empty() && !s[0].empty() && has_axes(1, 2)) {
    return static_cast<double>(elements_of({s[0].begin(), s[0].end() - 1})) * size(1, 0);
  }
  if (name == "attention" && has_axes(0, 3) && has_axes(1, 3) && has_axes(2, 3)) {
    return size(0, 0) * size(0, 1) * std::max(size(1, 1), size(2, 2));
  }
  if (name == "conv2d" && has_axes(0, 4) && has_axes(1, 4)) {
    const auto attribute = [&](std::string_view wanted, double otherwise) {
      const auto it = shape.attributes.find(wanted);
      return it == shape.attributes.end() ? otherwise : it->second;
    };
    const auto places = [&](std::size_t axis) {
      const double room = size(0, axis) + 2 * attribute("padding", 0) -
                          attribute("dilation", 1) * (size(1, axis) - 1) - 1;
      return std::max(room / std::max(attribute("stride", 1), 1.0) + 1, 1.0);
    };
    return size(0, 0) * size(1, 0) * places(2) * places(3);
  }
  return 0;
}

}  // namespace

tensor_stream::tensor_stream(const tensor_function& f, const bound_function& forward,
                             const configuration& rules, layer_shape shape, std::uint64_t seed)
    : function_(f), shape_(std::move(shape)), source_(rules.format, seed, layer_case_size::standard) {
  const std::size_t wanted = f.info->inputs.size();
  if (!f.info->is_variadic && shape_.tensors.size() != wanted) {
    throw std::invalid_argument(fmt::format("{}: {} shapes are needed, one for each operand, got {}",
                                            f.info->name, wanted, shape_.tensors.size()));
  }
  if (made_elements(f, shape_) > static_cast<double>(most_elements)) {
    throw std::invalid_argument(fmt::format(
        "{}: it makes a tensor of more than {} elements; name smaller shapes or less padding",
        f.info->name, most_elements));
  }
  layer_case zeros;
  zeros.attributes = shape_.attributes;
  for (const auto& s : shape_.tensors) {
    zeros.inputs.push_back({s, column(static_cast<std::size_t>(elements_of(s)))});
  }
  const tensor_function itself{f.info, f.is_product, false};
  for (const tensor& t : compute(itself, forward, rules, derivative::approx, zeros)) {
    if (f.is_vjp) incoming_.push_back(t.shape);
  }
}

tensor tensor_stream::make(std::size_t input, layer_content content) {
  const layer_info& info = *function_.info;
  const layer_operand& operand = info.inputs[info.is_variadic ? 0 : input];
  const auto& shape = shape_.tensors[input];
  if (operand.is_integer) {
    constexpr std::uint32_t kIgnored = 0xFFFFFFFF;
    const bool is_class = operand.name == "classes";
    const auto limit = is_class ? static_cast<std::uint32_t>(shape_.tensors[0].back()) : 2;
    tensor t = source_.words(shape, std::max(limit, 1U));
    for (std::uint32_t& word : t.encodings) {
      if (is_class && source_.random().one_in(8)) word = kIgnored;
    }
    return t;
  }
  tensor t = source_.numbers(shape, content);
  // A second moment is a sum of squares: not negative, in most cases.
  if (info.name == "adamw_step" && operand.name == "v" && content != layer_content::weighted) {
    for (std::uint32_t& x : t.encodings) x = source_.magnitude(x);
  }
  return t;
}

layer_case tensor_stream::next() {
  const layer_content content = stream_contents[position_++ % std::size(stream_contents)];
  layer_case c;
  c.attributes = shape_.attributes;
  for (std::size_t i = 0; i < shape_.tensors.size(); ++i) c.inputs.push_back(make(i, content));
  for (const auto& s : incoming_) c.incoming.push_back(source_.numbers(s, content));
  return c;
}

bool is_word_operand(const tensor_function& f, std::size_t index, std::size_t inputs) {
  return index < inputs && !f.info->is_variadic && f.info->inputs[index].is_integer;
}

void append_line(std::string& text, const tensor_function& f, const format_description& format,
                 const layer_case& c, const std::vector<tensor>& results) {
  const std::size_t start = text.size();
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    const bool is_word = is_word_operand(f, i, c.inputs.size());
    append_tensor(text, c.inputs[i], is_word ? kWordDigits : digits_of(format));
  }
  for (const tensor& t : c.incoming) append_tensor(text, t, digits_of(format));
  for (const tensor& t : results) append_tensor(text, t, digits_of(format));
  if (text.size() > start) text.pop_back();
  text += '\n';
}

}  // namespace pamkit::properties

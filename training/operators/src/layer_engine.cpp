#include "layer_engine.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>

#include "encode.hpp"
#include "launched.hpp"
#include "pamkit/detail/float_environment.hpp"
#include "pamkit/detail/sum.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/layers.hpp"

namespace pamkit::operators {
namespace {

// Rows of a block in which sums down columns are defined, so that a block is never cut.
constexpr std::int64_t kBlockRows = 128;
constexpr std::int64_t kElementsPerPart = 16384;

struct observation {
  std::mutex mutex;
  layer_observer observer;
};

observation& the_observation() {
  static observation self;
  return self;
}

// How a layer is cut: operand i into runs of whole rows of `row_length[i]` elements, or not at all
// (0).
struct cutting {
  std::int64_t rows = 1;  ///< that can be cut
  std::int64_t rows_of_part = 1;
  bool sums_of_blocks = false;  ///< results after the first are sums over the rows of a part
  bool by_element = false;      ///< a row is one element
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

cutting cutting_of(const layer_request& r) {
  const at::Tensor& first = r.inputs[0];
  if (is_one_of(r.operation, {"softmax", "softmax_vjp", "log_softmax", "log_softmax_vjp",
                              "layer_norm", "layer_norm_vjp"}) &&
      first.dim() > 0 && first.size(-1) > 0) {
    return {.rows = first.numel() / first.size(-1),
            .rows_of_part = kBlockRows,
            .sums_of_blocks = r.operation == "layer_norm_vjp"};
  }
  if (is_one_of(r.operation, {"dropout", "dropout_vjp", "adamw_step"})) {
    return {.rows = first.numel(), .rows_of_part = kElementsPerPart, .by_element = true};
  }
  if (r.operation == "conv2d" && first.dim() == 4) return {.rows = first.size(0)};
  return {};
}

// Whether operand i is cut with the rows: gains, biases and weights are not.
bool is_cut(const layer_request& r, std::size_t i) {
  if (is_one_of(r.operation, {"layer_norm", "layer_norm_vjp", "conv2d"})) return i == 0 || i == 3;
  return true;
}

// Words of elements [begin, end) of a contiguous tensor, float32, bytes or 64-bit integers.
void copy_words(const at::Tensor& t, std::int64_t begin, std::int64_t end, std::int64_t ignored,
                std::vector<std::uint32_t>& words) {
  words.resize(static_cast<std::size_t>(end - begin));
  if (t.scalar_type() == at::kFloat) {
    std::memcpy(words.data(), t.const_data_ptr<float>() + begin, words.size() * sizeof(float));
  } else if (t.scalar_type() == at::kByte) {
    std::copy_n(t.const_data_ptr<std::uint8_t>() + begin, words.size(), words.begin());
  } else {
    std::transform(t.const_data_ptr<std::int64_t>() + begin, t.const_data_ptr<std::int64_t>() + end,
                   words.begin(), [&](std::int64_t k) {
                     const bool is_word = k >= 0 && k < 0xFFFFFFFF;
                     if (k != ignored && !is_word) {
                       throw std::invalid_argument("class " + std::to_string(k) + " is no class");
                     }
                     return k == ignored ? 0xFFFFFFFFU : static_cast<std::uint32_t>(k);
                   });
  }
}

// Encodings of `bytes` bytes each; little-endian, so that they are the low bytes of a word.
void load_words(const char* from, std::int64_t bytes, std::vector<std::uint32_t>& words) {
  const auto size = static_cast<std::size_t>(bytes);
  if (size == sizeof(std::uint32_t)) {
    std::memcpy(words.data(), from, words.size() * size);
    return;
  }
  for (std::size_t i = 0; i < words.size(); ++i) std::memcpy(&words[i], from + i * size, size);
}

void store_words(const std::vector<std::uint32_t>& words, std::int64_t bytes, char* to) {
  const auto size = static_cast<std::size_t>(bytes);
  if (size == sizeof(std::uint32_t)) {
    std::memcpy(to, words.data(), words.size() * size);
    return;
  }
  for (std::size_t i = 0; i < words.size(); ++i) std::memcpy(to + i * size, &words[i], size);
}

at::Tensor prepared(const at::Tensor& t) {
  const bool is_integer = t.scalar_type() == at::kLong || t.scalar_type() == at::kByte;
  return (is_integer ? t : widened(t)).contiguous();
}

std::vector<tensor> operands_of_part(const layer_request& r, const std::vector<at::Tensor>& inputs,
                                     const cutting& cut, std::int64_t begin, std::int64_t end) {
  std::vector<tensor> part(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const at::Tensor& t = inputs[i];
    std::vector<std::int64_t> shape = t.sizes().vec();
    std::int64_t first = 0;
    std::int64_t last = t.numel();
    if (is_cut(r, i) && cut.rows > 0 && (begin != 0 || end != cut.rows)) {
      const std::int64_t length = t.numel() / cut.rows;
      first = begin * length;
      last = end * length;
      // Axes behind the one that is cut keep their meaning.
      if (r.operation == "conv2d") {
        shape[0] = end - begin;
      } else if (cut.by_element) {
        shape = {end - begin};
      } else {
        shape = {end - begin, length};
      }
    }
    part[i].shape = std::move(shape);
    copy_words(t, first, last, r.ignored, part[i].encodings);
  }
  return part;
}

// Results of parts, put together as they come in; sums of blocks at the end.
class results {
 public:
  results(const layer_request& r, const cutting& cut, std::int64_t parts)
      : r_(r), cut_(cut), parts_(static_cast<std::size_t>(parts)) {}

  void take(std::int64_t part, std::int64_t begin, std::vector<tensor> outputs) {
    if (parts_.size() > 1) {
      const std::lock_guard lock(mutex_);
      if (whole_.empty()) make(outputs);
    } else {
      make(outputs);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (i > 0 && cut_.sums_of_blocks) continue;
      const std::int64_t length = cut_.rows == 0 ? 0 : whole_[i].numel() / cut_.rows;
      float* const to =
          whole_[i].mutable_data_ptr<float>() + (parts_.size() > 1 ? begin * length : 0);
      std::memcpy(to, outputs[i].encodings.data(), outputs[i].encodings.size() * sizeof(float));
    }
    if (cut_.sums_of_blocks) {
      outputs[0] = {};
      parts_[static_cast<std::size_t>(part)] = std::move(outputs);
    }
  }

  std::vector<at::Tensor> finish() {
    if (!cut_.sums_of_blocks) return whole_;
    const detail::default_float_environment environment;
    for (std::size_t i = 1; i < whole_.size(); ++i) {
      float* const to = whole_[i].mutable_data_ptr<float>();
      for (std::int64_t j = 0; j < whole_[i].numel(); ++j) {
        encoding<binary32> sum{};
        for (const std::vector<tensor>& p : parts_) {
          sum = detail::add(sum, {p[i].encodings[static_cast<std::size_t>(j)]});
        }
        to[j] = std::bit_cast<float>(std::uint32_t{sum.bits});
      }
    }
    return whole_;
  }

 private:
  void make(const std::vector<tensor>& outputs) {
    std::vector<at::Tensor> made;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      std::vector<std::int64_t> shape = outputs[i].shape;
      const bool is_part = parts_.size() > 1 && !(i > 0 && cut_.sums_of_blocks);
      if (is_part) {
        if (r_.operation == "conv2d") {
          shape[0] = cut_.rows;
        } else {
          shape = r_.inputs[0].sizes().vec();
        }
      }
      made.push_back(at::empty(shape, at::kFloat));
    }
    whole_ = std::move(made);
  }

  const layer_request& r_;
  cutting cut_;
  std::mutex mutex_;
  std::vector<at::Tensor> whole_;
  std::vector<std::vector<tensor>> parts_;
};

}  // namespace

void observe_layers(layer_observer observer) { the_observation().observer = std::move(observer); }

namespace {

layer_function layer_by(const backend& by, const layer_request& r) {
  return by.layer == nullptr ? nullptr : by.layer(r.operation, r.rules.arithmetic);
}

// What computes on the host: the used backend, unless its kernels are a GPU's and lack the layer.
const backend& host_backend_of(const layer_request& r) {
  return layer_by(used_backend(), r) != nullptr ? used_backend() : simd_backend();
}

std::vector<at::Tensor> computed_by(const backend& by, const layer_request& r, const cutting& cut) {
  const layer_function compute = layer_by(by, r);
  if (compute == nullptr) {
    throw std::invalid_argument("backend " + std::string(by.name) + " has no " +
                                std::string(r.operation) + " of " +
                                std::string(r.rules.arithmetic));
  }
  std::vector<at::Tensor> inputs;
  for (const at::Tensor& t : r.inputs) inputs.push_back(prepared(t));
  const std::int64_t parts =
      std::max<std::int64_t>(1, (cut.rows + cut.rows_of_part - 1) / cut.rows_of_part);
  const policy<binary32> rules = contraction_rules(r.rules);
  results all(r, cut, parts);
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t part = first; part < last; ++part) {
      const std::int64_t begin = part * cut.rows_of_part;
      const std::int64_t end = std::min(cut.rows, begin + cut.rows_of_part);
      const std::vector<tensor> operands = operands_of_part(r, inputs, cut, begin, end);
      std::vector<tensor> outputs = compute(rules, r.gradient, operands, r.attributes);
      if (the_observation().observer) {
        const std::lock_guard lock(the_observation().mutex);
        the_observation().observer(
            {r.operation, r.gradient, r.rules, operands, r.attributes, outputs});
      }
      all.take(part, begin, std::move(outputs));
    }
  });
  return all.finish();
}

tensor copied_words(const at::Tensor& t, std::int64_t ignored) {
  tensor words{t.sizes().vec(), {}};
  const at::Tensor here = prepared(t.to(at::kCPU));
  copy_words(here, 0, here.numel(), ignored, words.encodings);
  return words;
}

void observe_launched(const layer_request& r, const std::vector<at::Tensor>& results) {
  std::vector<tensor> operands;
  std::vector<tensor> outputs;
  for (const at::Tensor& t : r.inputs) operands.push_back(copied_words(t, r.ignored));
  for (const at::Tensor& t : results) outputs.push_back(copied_words(t, r.ignored));
  const std::lock_guard lock(the_observation().mutex);
  the_observation().observer({r.operation, r.gradient, r.rules, operands, r.attributes, outputs});
}

// By launches. What has no kernels (exponentials and logarithms of exact) is computed on the host.
std::vector<at::Tensor> computed_for_gpu(const layer_request& r) {
  if (has_layer_launch(r)) {
    std::vector<at::Tensor> results = launch_layer(r, stream_launcher(r.inputs[0]));
    if (the_observation().observer) observe_launched(r, results);
    return results;
  }
  const at::Device device = r.inputs[0].device();
  layer_request here = r;
  for (at::Tensor& t : here.inputs) t = t.to(at::kCPU);
  std::vector<at::Tensor> results = computed_by(host_backend_of(r), here, cutting_of(here));
  for (at::Tensor& t : results) t = t.to(device);
  return results;
}

}  // namespace

std::vector<at::Tensor> compute_layer(const layer_request& r) {
  return r.inputs[0].device().is_cpu() ? computed_by(used_backend(), r, cutting_of(r))
                                       : computed_for_gpu(r);
}

namespace {

// Of the used backend, unless its kernels are a GPU's and lack the operation.
elementwise_function elementwise_on_host(std::string_view operation, const configuration& rules) {
  const elementwise_function used = used_backend().elementwise(operation, rules.arithmetic);
  return used != nullptr ? used : simd_backend().elementwise(operation, rules.arithmetic);
}

// Of the first part alone: words of one operation do not depend on where they lie.
void observe_elementwise(elementwise_function compute, std::string_view operation,
                         const configuration& rules, bool is_binary,
                         const std::vector<std::uint32_t>& x, const std::vector<std::uint32_t>& y) {
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(x.size())};
  std::vector<tensor> operands = {{shape, x}};
  if (is_binary) operands.push_back({shape, y});
  std::vector<tensor> results = {{shape, x}};
  compute(rules, x.data(), y.data(), results[0].encodings.data(), x.size());
  const std::lock_guard lock(the_observation().mutex);
  the_observation().observer({operation, derivative::approx, rules, operands, {}, results});
}

}  // namespace

namespace {

constexpr std::int64_t kObservedElements = kElementsPerPart;

void observe_launched(std::string_view operation, const configuration& rules, const at::Tensor& a,
                      const at::Tensor& b, const at::Tensor& out) {
  const auto first_words = [&](const at::Tensor& t) {
    const at::Tensor first =
        t.reshape({-1}).narrow(0, 0, std::min(t.numel(), kObservedElements)).to(at::kCPU);
    tensor words{{first.numel()},
                 std::vector<std::uint32_t>(static_cast<std::size_t>(first.numel()))};
    load_words(static_cast<const char*>(first.const_data_ptr()), first.element_size(),
               words.encodings);
    return words;
  };
  std::vector<tensor> operands = {first_words(a)};
  if (b.defined()) operands.push_back(first_words(b));
  const std::vector<tensor> results = {first_words(out)};
  const std::lock_guard lock(the_observation().mutex);
  the_observation().observer({operation, derivative::approx, rules, operands, {}, results});
}

at::Tensor elementwise_for_gpu(std::string_view operation, const configuration& rules,
                               const at::Tensor& a, const at::Tensor& b) {
  if (!has_elementwise_kernel(operation, rules.arithmetic)) {
    return compute_elementwise(operation, rules, a.to(at::kCPU), b.defined() ? b.to(at::kCPU) : b)
        .to(a.device());
  }
  at::Tensor out = launch_elementwise(operation, rules, a, b, stream_launcher(a));
  if (the_observation().observer) observe_launched(operation, rules, a, b, out);
  return out;
}

}  // namespace

at::Tensor compute_elementwise(std::string_view operation, const configuration& rules,
                               const at::Tensor& a, const at::Tensor& b) {
  if (!a.device().is_cpu()) return elementwise_for_gpu(operation, rules, a, b);
  const elementwise_function compute = elementwise_on_host(operation, rules);
  if (compute == nullptr) {
    throw std::invalid_argument("arithmetic " + std::string(rules.arithmetic) + " has no " +
                                std::string(operation));
  }
  const at::Tensor left = a.contiguous();
  const at::Tensor right = b.defined() ? b.contiguous() : left;
  at::Tensor out = at::empty(left.sizes(), left.options());
  const auto bytes = static_cast<std::int64_t>(left.element_size());
  const auto* const from_a = static_cast<const char*>(left.const_data_ptr());
  const auto* const from_b = static_cast<const char*>(right.const_data_ptr());
  auto* const to = static_cast<char*>(out.mutable_data_ptr());
  at::parallel_for(0, left.numel(), kElementsPerPart, [&](std::int64_t begin, std::int64_t end) {
    const auto count = static_cast<std::size_t>(end - begin);
    std::vector<std::uint32_t> x(count);
    std::vector<std::uint32_t> y(count);
    load_words(from_a + begin * bytes, bytes, x);
    load_words(from_b + begin * bytes, bytes, y);
    if (begin == 0 && the_observation().observer)
      observe_elementwise(compute, operation, rules, b.defined(), x, y);
    compute(rules, x.data(), y.data(), x.data(), count);
    store_words(x, bytes, to + begin * bytes);
  });
  return out;
}

}  // namespace pamkit::operators

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "layer_calls.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/cuda/backend_over.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/tensor/stored_format.hpp"

/// Calls that launch every kernel of the list: the operands are drawn, and of the calls that the
/// registries offer those are made that launch a kernel which was not launched with such operands
/// before.

namespace pamkit::cuda {

/// Who runs the launches of the moment, of all threads.
inline std::function<void(const launch&)> on_launch;
inline void execute(const launch& l) { on_launch(l); }
inline const backend& launching_backend() {
  static constexpr backend self =
      backend_over<execute>::make("cuda-calls", "the CUDA kernels, run by on_launch");
  return self;
}

/// Runs `body` with what its launches are given to.
template <class Body>
auto with_launches(std::function<void(const launch&)> receiver, const Body& body) {
  on_launch = std::move(receiver);
  return body();
}

using results = std::vector<std::uint32_t>;

/// Something that launches kernels, with its operands.
struct call {
  std::string name;      ///< for messages
  std::string operands;  ///< what they are like: all calls of one kernel that have this are alike
  std::function<results()> expected;  ///< by the definitions
  std::function<results()> launched;

  std::set<std::string> kernels() const {
    std::set<std::string> names;
    with_launches([&](const launch& l) { names.emplace(l.kernel); }, launched);
    return names;
  }
};

/// A function of a backend.
inline call call_of(std::string name, std::string operands,
                    const std::function<results(const backend&)>& function) {
  return {std::move(name), std::move(operands), [=] { return function(scalar_backend()); },
          [=] { return function(launching_backend()); }};
}

using receive_call = std::function<void(const call&)>;

// ---- Two blocks or more where the kernel allows them, tiles that are not full, two slabs
// of terms

inline std::string name_of(derivative gradient) {
  return gradient == derivative::approx ? "approx" : "exact";
}

/// How the operands of contractions are drawn. The first are in the domain of every class, the
/// others are left to less and less of them.
inline constexpr std::string_view kContractionOperands[] = {"near one", "zeros", "anything"};

inline std::uint32_t drawn(std::string_view operands, const format_description& f,
                           std::mt19937& random) {
  const auto bits = static_cast<std::uint32_t>(random());
  const bool is_chosen = random() % 8 == 0;
  if (operands == "zeros" && is_chosen) return bits & f.sign_mask;
  if (operands == "anything") return bits & (f.sign_mask | f.magnitude_mask);
  const std::uint32_t binade = std::uint32_t{1} << f.fraction_bits;
  return (bits & f.sign_mask) | (f.one - binade + bits % (2 * binade));
}

/// One contraction, whose operands lie in memory in a format and are there as floats too.
template <class F>
struct contraction_of {
  const arithmetic_info& info;
  contraction_kind kind;
  derivative gradient;
  std::int64_t m, n, k;
  std::vector<element_of<F>> stored;
  std::vector<float> widened;

  contraction_of(const arithmetic_info& arithmetic, contraction_kind c, derivative g,
                 std::int64_t outputs, std::string_view operands, std::mt19937& random)
      : info(arithmetic), kind(c), gradient(g) {
    using enum contraction_kind;
    // Tiles that are not full, and a slab of eight terms and one of three.
    constexpr std::int64_t kOthers = 5;
    constexpr std::int64_t kTerms = 11;
    m = kind == vjp_b ? kTerms : outputs;
    n = kind == vjp_a ? kTerms : kOthers;
    k = kind == product ? kTerms : kind == vjp_a ? kOthers : outputs;
    const format_description f = describe(F{});
    for (std::int64_t i = 0; i < m * k + k * n + m * n; ++i) {
      const encoding<F> x{static_cast<typename F::storage>(drawn(operands, f, random))};
      if constexpr (std::is_same_v<F, binary32>) {
        stored.push_back(std::bit_cast<float>(x.bits));
      } else {
        stored.push_back(x.bits);
      }
      widened.push_back(std::bit_cast<float>(load_widened<F>(&stored.back(), 0).bits));
    }
  }

  policy<binary32> rules() const { return {.compensation = info.compensation(binary32{}, 0)}; }

  /// f(problem) with an output, dense, which is returned.
  template <class Function>
  results with_output(bool is_widened, const Function& f) const {
    const auto view = [&](std::int64_t first, std::int64_t columns) {
      matrix_view v{.data = widened.data() + first, .row_stride = columns};
      if constexpr (!std::is_same_v<F, binary32>) {
        if (!is_widened) {
          v.narrow = stored.data() + first;
          v.format = stored_format<F>();
        }
      }
      return v;
    };
    contraction_problem c{.m = m,
                          .n = n,
                          .k = k,
                          .a = view(0, k),
                          .b = view(m * k, n),
                          .d = view(m * k + k * n, n),
                          .out = {}};
    const std::int64_t columns = output_columns(kind, c);
    std::vector<float> out(static_cast<std::size_t>(output_rows(kind, c) * columns));
    c.out = {.data = out.data(), .row_stride = columns};
    f(c);
    results bits;
    for (const float x : out) bits.push_back(std::bit_cast<std::uint32_t>(x));
    return bits;
  }

  /// On a backend; operands as floats.
  results on(const backend& b) const {
    return with_output(true, [&](const contraction_problem& c) {
      b.contraction(info.name, kind, gradient)(rules(), c);
    });
  }
  /// Of the kernels that are right for any operands.
  std::vector<contraction_plan> plans(const contraction_problem& c) const {
    const auto p = contraction_parameters_of(kind, gradient, rules(), c);
    std::vector<contraction_plan> all = plan_fast_contractions(info.name, kind, p);
    all.push_back(plan_full_contraction(info.name, kind, p));
    return all;
  }
  /// By one of these kernels.
  results by_plan(std::size_t which) const {
    return with_output(false,
                       [&](const contraction_problem& c) { execute(plans(c)[which].as_launch()); });
  }
};

/// By each kernel that is right for any operands, in the smallest outputs for which it has two
/// blocks.
template <class F>
void receive_contractions(const receive_call& receive, const arithmetic_info& info,
                          contraction_kind kind, derivative gradient, std::string_view operands,
                          std::mt19937& random) {
  for (const std::int64_t outputs : {small_tile::rows + 2, large_tile::rows + 2}) {
    const auto c =
        std::make_shared<const contraction_of<F>>(info, kind, gradient, outputs, operands, random);
    std::vector<std::uint32_t> blocks;
    c->with_output(false, [&](const contraction_problem& problem) {
      for (const contraction_plan& plan : c->plans(problem)) blocks.push_back(plan.blocks);
    });
    const std::string name = std::string(info.name) + " contraction of " +
                             std::string(describe(F{}).name) + ", " + std::string(operands);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] < 2) continue;
      receive({name, std::string(operands), [c] { return c->on(scalar_backend()); },
               [c, i] { return c->by_plan(i); }});
    }
    // And by those that are right for some operands, as backends run them beside the others.
    if (std::is_same_v<F, binary32> && outputs > large_tile::rows) {
      receive(call_of(name, std::string(operands), [c](const backend& b) { return c->on(b); }));
    }
  }
}

inline void for_each_contraction(const receive_call& receive) {
  using enum contraction_kind;
  std::mt19937 random(1);
  for (const std::string_view operands : kContractionOperands) {
    for (const arithmetic_info& info : arithmetics()) {
      for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          if (launching_backend().contraction(info.name, kind, gradient) == nullptr) continue;
          for (const any_format& format : default_formats()) {
            std::visit(
                [&]<class F>(F) {
                  if constexpr (!std::is_same_v<F, binary32m>) {  // of binary32 to a contraction
                    receive_contractions<F>(receive, info, kind, gradient, operands, random);
                  }
                },
                format);
          }
        }
      }
    }
  }
}

inline void for_each_elementwise(const receive_call& receive) {
  constexpr std::size_t kCount = kElementThreads + 44;
  std::mt19937 random(2);
  for (const arithmetic_info& info : arithmetics()) {
    for (const operation_info& op : operations()) {
      if (launching_backend().elementwise(op.name, info.name) == nullptr) continue;
      for (const any_format& format : default_formats()) {
        const format_description f = describe(format);
        std::vector<std::uint32_t> operands[2];
        for (auto& o : operands) {
          for (std::size_t i = 0; i < kCount; ++i) {
            const auto x = static_cast<std::uint32_t>(random()) & (f.sign_mask | f.magnitude_mask);
            o.push_back(x & ~((std::uint32_t{1} << f.dropped_bits) - 1));
          }
        }
        const auto function = [a = operands[0], b = operands[1], &info, &op,
                               format](const backend& on) {
          const configuration c{.format = format,
                                .arithmetic = info.name,
                                .compensation = info.compensation(format, 0)};
          results out(a.size());
          on.elementwise(op.name, info.name)(c, a.data(), b.data(), out.data(), out.size());
          return out;
        };
        receive(call_of(std::string(info.name) + " " + std::string(op.name) + " of " + f.name,
                        std::to_string(f.storage_bits) + " bits", function));
      }
    }
  }
}

inline void receive_layer(const receive_call& receive, const std::string& layer,
                          std::string_view arithmetic, derivative gradient,
                          const std::string& operands, const std::vector<tensor>& tensors,
                          const layer_attributes& attributes) {
  if (launching_backend().layer(layer, arithmetic) == nullptr) return;
  receive(call_of(std::string(arithmetic) + " " + layer + " " + name_of(gradient) + " " + operands,
                  layer + " " + name_of(gradient) + " " + operands, [=](const backend& b) {
                    results all;
                    for (const tensor& t :
                         b.layer(layer, arithmetic)({}, gradient, tensors, attributes)) {
                      all.insert(all.end(), t.encodings.begin(), t.encodings.end());
                    }
                    return all;
                  }));
}

inline void for_each_layer_of_rows(const receive_call& receive) {
  // Rows for two blocks, columns and elements too.
  constexpr std::int64_t kRows = 5;
  constexpr std::int64_t kLength = 150;
  // Attributes are drawn with the operands, and some of them launch nothing.
  constexpr int kTurns = 8;
  std::mt19937 random(3);
  for (const arithmetic_info& info : arithmetics()) {
    testing::for_each_layer_of_rows(info, [&](const std::string& name, const layer_info& layer,
                                              bool is_vjp, derivative gradient) {
      for (const testing::operand_profile& profile : testing::kProfiles) {
        if (profile.name != "near one" && profile.name != "everything") continue;
        for (int turn = 0; turn < kTurns; ++turn) {
          auto call = testing::draw_operands(layer, is_vjp, kRows, kLength, profile, random);
          if (profile.name == "everything") testing::mask_rows(call.tensors[0], random);
          receive_layer(receive, name, info.name, gradient, std::string(profile.name), call.tensors,
                        call.attributes);
        }
      }
    });
  }
}

inline void for_each_convolution(const receive_call& receive) {
  std::mt19937 random(4);
  const layer_attributes attributes = {
      {"stride", 2}, {"padding", 2}, {"dilation", 2}, {"groups", 2}};
  const auto drawn = [&](std::vector<std::int64_t> shape) {
    tensor t = tensor_of_shape(std::move(shape));
    for (std::uint32_t& x : t.encodings) x = testing::draw(testing::kProfiles[0], random);
    return t;
  };
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      // More than a block of outputs, pixels and weights.
      std::vector<tensor> operands = {drawn({2, 4, 6, 5}), drawn({12, 2, 3, 2}), drawn({12})};
      receive_layer(receive, "conv2d", info.name, gradient, "near one", operands, attributes);
      if (!info.has_derivative(gradient)) continue;
      const auto y =
          scalar_backend().layer("conv2d", info.name)({}, gradient, operands, attributes);
      operands.push_back(drawn(y.front().shape));
      receive_layer(receive, "conv2d_vjp", info.name, gradient, "near one", operands, attributes);
    }
  }
}

/// The calls to make, without those that launch the kernel `left_out`: for every kernel one with
/// each kind of operands, or one.
inline std::vector<call> calls_to_make(bool with_each_kind, const std::string& left_out) {
  std::vector<call> kept;
  std::set<std::pair<std::string, std::string>> launched;
  const receive_call receive = [&](const call& c) {
    const auto names = c.kernels();
    if (names.contains(left_out)) return;
    bool is_new = false;
    for (const std::string& name : names) {
      is_new |= launched.emplace(name, with_each_kind ? c.operands : "").second;
    }
    if (is_new) kept.push_back(c);
  };
  for_each_contraction(receive);
  for_each_elementwise(receive);
  for_each_layer_of_rows(receive);
  for_each_convolution(receive);
  return kept;
}

}  // namespace pamkit::cuda

#include "pamkit/training/verification.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <set>
#include <tuple>
#include <variant>

#include "layer_verification.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/reference/tensor.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {
namespace {

constexpr std::uint32_t kOutputsPerShape = 6;

struct place {
  std::int64_t batch;
  std::int64_t row;
  std::int64_t column;
};

const char* name_of(contraction_kind kind) {
  constexpr std::array<const char*, 3> names = {"product", "vjp_a", "vjp_b"};
  return names[static_cast<std::size_t>(kind)];
}

// `count` elements of a view from (row, column) on, along rows or columns, as a tensor of the given shape.
reference::dense run_of(const matrix_view& v, const place& from, bool along_rows,
                        std::int64_t count, std::vector<std::int64_t> shape) {
  reference::dense result{std::move(shape), {}};
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = from.row + (along_rows ? i : 0);
    const std::int64_t column = from.column + (along_rows ? 0 : i);
    result.encodings.push_back(load(v, from.batch, row, column).bits);
  }
  return result;
}

std::int64_t terms_of(const operators::contraction_call& call) {
  switch (call.kind) {
    case contraction_kind::product:
      return call.problem.k;
    case contraction_kind::vjp_a:
      return call.problem.n;
    case contraction_kind::vjp_b:
      return call.problem.m;
  }
  return 0;
}

// Fraction bits that operands are cut to, 0 where they are not: l_mul's products depend on them.
int cut_bits(const configuration& rules) {
  const binary32m* const cut = std::get_if<binary32m>(&rules.format);
  return cut == nullptr ? 0 : cut->kept_bits;
}

// One output by the golden model, from the operands in memory.
std::uint32_t golden(const operators::contraction_call& call, const place& at) {
  const contraction_problem& p = call.problem;
  const reference::rules rules{.format = describe(binary32{}),
                               .subnormals = call.rules.subnormals,
                               .overflow = call.rules.overflow,
                               .compensation = call.rules.compensation,
                               .arithmetic = std::string(call.rules.arithmetic),
                               .widened_from_bits = cut_bits(call.rules)};
  const auto gradient = call.gradient == derivative::exact ? reference::derivative::exact
                                                           : reference::derivative::approx;
  switch (call.kind) {
    case contraction_kind::product:
      if (call.bias != nullptr) {
        const reference::dense bias{{1}, {std::bit_cast<std::uint32_t>(call.bias[at.column])}};
        return reference::linear(
                   rules, run_of(p.a, {at.batch, at.row, 0}, false, p.k, {1, p.k}),
                   run_of(p.b, {at.batch, 0, at.column}, true, p.k, {1, p.k}), bias)
            .encodings[0];
      }
      return reference::matmul(
                 rules, run_of(p.a, {at.batch, at.row, 0}, false, p.k, {1, p.k}),
                 run_of(p.b, {at.batch, 0, at.column}, true, p.k, {p.k, 1}))
          .encodings[0];
    case contraction_kind::vjp_a:
      return reference::matmul_vjp(
                 rules, gradient, run_of(p.d, {at.batch, at.row, 0}, false, p.n, {1, p.n}),
                 run_of(p.a, at, false, 1, {1, 1}),
                 run_of(p.b, {at.batch, at.column, 0}, false, p.n, {1, p.n}))
          .a.encodings[0];
    case contraction_kind::vjp_b:
      return reference::matmul_vjp(
                 rules, gradient, run_of(p.d, {at.batch, 0, at.column}, true, p.m, {p.m, 1}),
                 run_of(p.a, {at.batch, 0, at.row}, true, p.m, {p.m, 1}),
                 run_of(p.b, at, false, 1, {1, 1}))
          .b.encodings[0];
  }
  return 0;
}

class verifier {
 public:
  void look_at(const operators::contraction_call& call) {
    const contraction_problem& p = call.problem;
    const auto shape = std::tuple(call.kind, std::string(call.rules.arithmetic), p.batch, p.m, p.n,
                                  p.k, p.a.column_stride == 1, p.b.column_stride == 1,
                                  p.d.column_stride == 1);
    if (terms_of(call) == 0 || !seen_.insert(shape).second) return;
    ++result_.contractions;
    for (std::uint32_t i = 0; i < kOutputsPerShape; ++i) compare(call, i);
  }

  void look_at(const operators::computed_layer& call) { layers_.look_at(call); }

  verification_result finish() {
    result_.digest = digest_.hex();
    return result_;
  }

 private:
  void compare(const operators::contraction_call& call, std::uint32_t sample) {
    const contraction_problem& p = call.problem;
    const std::int64_t rows = output_rows(call.kind, p);
    const std::int64_t columns = output_columns(call.kind, p);
    const philox_counter draw =
        philox4x32_10({sample, static_cast<std::uint32_t>(result_.contractions), 0, 0}, {0, 0});
    // The last element first: it lies in what tiles leave over.
    const place at = sample == 0 ? place{p.batch - 1, rows - 1, columns - 1}
                                 : place{draw[0] % p.batch, draw[1] % rows, draw[2] % columns};
    const matrix_output& out = call.problem.out;
    const auto got = std::bit_cast<std::uint32_t>(
        out.data[at.batch * out.batch_stride + at.row * out.row_stride +
                 at.column * out.column_stride]);
    const std::uint32_t expected = golden(call, at);
    ++result_.outputs;
    result_.terms += static_cast<std::uint64_t>(terms_of(call));
    const std::string line =
        fmt::format("{} {} batch={} m={} n={} k={} at ({}, {}, {}): got {:08X}, expected {:08X}",
                    call.rules.arithmetic, name_of(call.kind), p.batch, p.m, p.n, p.k, at.batch,
                    at.row, at.column, got, expected);
    digest_.update(line + "\n");
    if (got != expected && result_.passed) {
      result_.passed = false;
      result_.first_mismatch = line;
    }
  }

  void take(const compared_layer& l) {
    ++result_.layers;
    result_.outputs += l.outputs;
    digest_.update(l.line + "\n");
    if (!l.equal && result_.passed) {
      result_.passed = false;
      result_.first_mismatch = l.mismatch;
    }
  }

  std::set<std::tuple<contraction_kind, std::string, std::int64_t, std::int64_t, std::int64_t,
                      std::int64_t, bool, bool, bool>>
      seen_;
  verification_result result_;
  sha256 digest_;
  layer_verifier layers_{[this](const compared_layer& l) { take(l); }};
};

// Ends the observation however `compute` ends.
struct observation {
  explicit observation(verifier& v) {
    operators::observe_contractions(
        [&v](const operators::contraction_call& call) { v.look_at(call); });
    operators::observe_layers([&v](const operators::computed_layer& call) { v.look_at(call); });
  }
  observation(const observation&) = delete;
  observation& operator=(const observation&) = delete;
  ~observation() {
    operators::observe_contractions({});
    operators::observe_layers({});
  }
};

}  // namespace

nlohmann::ordered_json verification_result::json() const {
  nlohmann::ordered_json result = {{"status", passed ? "pass" : "fail"},
                                   {"contractions", contractions},
                                   {"layers", layers},
                                   {"outputs", outputs},
                                   {"terms", terms},
                                   {"backend", operators::used_backend().name},
                                   {"digest", digest}};
  if (!passed) result["counterexample"] = first_mismatch;
  return result;
}

verification_result verify_kernels(const std::function<void()>& compute) {
  verifier v;
  {
    const observation watching(v);
    compute();
  }
  return v.finish();
}

}  // namespace pamkit::training

#include "pamkit/cuda/execution.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <variant>

#include "pamkit/convert.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/tensor/stored_format.hpp"

namespace pamkit::cuda {

namespace {

constexpr std::string_view kPrefix = "pamkit_";

// A NaN that no operation returns.
constexpr std::uint32_t kNoResult = 0x7fa5a5a5U;

template <class F>
std::vector<typename F::storage> stored(const std::uint32_t* words, std::size_t count) {
  std::vector<typename F::storage> memory(words == nullptr ? 0 : count);
  for (std::size_t i = 0; i < memory.size(); ++i) {
    memory[i] = static_cast<typename F::storage>(words[i]);
  }
  return memory;
}

// Where the elements of an operand lie; f(index) for each of its elements.
template <class Visit>
void for_each_offset(const operand& o, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                     const Visit& visit) {
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) visit(o.offset(b, r, c));
    }
  }
}

// An operand of a contraction, with its sizes.
struct sized_operand {
  operand* view;
  std::int64_t rows;
  std::int64_t columns;
};

std::vector<sized_operand> operands_of(contraction_parameters& p) {
  std::vector<sized_operand> list = {{&p.x, p.rows, p.terms}, {&p.y, p.terms, p.columns}};
  if (p.own.data != nullptr) list.push_back({&p.own, p.rows, p.columns});
  return list;
}

template <class Holds>
bool all_hold(contraction_parameters p, const Holds& holds) {
  bool all = true;
  for (const sized_operand& o : operands_of(p)) {
    for_each_offset(*o.view, p.batch, o.rows, o.columns, [&](std::int64_t at) {
      all = all && holds(std::bit_cast<std::uint32_t>(static_cast<const float*>(o.view->data)[at]));
    });
  }
  return all;
}

template <class F>
bool is_exact_in(std::uint32_t x) {
  const policy<F> gradual{.subnormals = subnormal_policy::gradual};
  return widen(narrow(gradual, encoding<binary32>{x})).bits == x;
}

/// Dense outputs of a launch; what is not written stays kNoResult.
struct dense_output {
  std::vector<float> memory;

  explicit dense_output(contraction_parameters& p)
      : memory(static_cast<std::size_t>(p.batch * p.rows * p.columns),
               std::bit_cast<float>(kNoResult)) {
    p.out = {.data = memory.data(),
             .row_stride = p.columns,
             .column_stride = 1,
             .batch_stride = p.rows * p.columns};
  }
};

void run(executor execute, const contraction_plan& plan) {
  if (plan.blocks != 0) execute(plan.as_launch());
}

/// Places of the result about which kernels disagree. Which of them is wrong is not known here, so
/// that each place receives what no operation returns; when all have run, so that one that is right
/// hides none that is not.
class disagreements {
 public:
  void add(float& place) { places_.push_back(&place); }
  void show() const {
    for (float* const place : places_) *place = std::bit_cast<float>(kNoResult);
  }

 private:
  std::vector<float*> places_;
};

// Runs a plan and compares its results with those that are there.
void run_beside(executor execute, contraction_plan plan, disagreements& differing) {
  const matrix_output out = plan.parameters.out;
  const dense_output own(plan.parameters);
  run(execute, plan);
  const contraction_parameters& p = plan.parameters;
  std::size_t next = 0;
  for (std::int64_t b = 0; b < p.batch; ++b) {
    for (std::int64_t r = 0; r < p.rows; ++r) {
      for (std::int64_t c = 0; c < p.columns; ++c) {
        float& there = out.data[b * out.batch_stride + r * out.row_stride + c * out.column_stride];
        const float got = own.memory[next++];
        if (std::bit_cast<std::uint32_t>(got) != std::bit_cast<std::uint32_t>(there)) {
          differing.add(there);
        }
      }
    }
  }
}

// Runs one of the fast kernels, which are one code with other tiles. Which one the operands decide
// (FNV-1a of their first words): over many calls each has its turn, and a call that is repeated has
// the same one.
void run_one_beside(executor execute, const std::vector<contraction_plan>& plans,
                    const contraction_parameters& p, disagreements& differing) {
  if (plans.empty()) return;
  std::uint32_t hash = 2166136261U;
  const auto add = [&](const operand& o, std::int64_t count) {
    for (std::int64_t t = 0; t < std::min<std::int64_t>(count, 8); ++t) {
      const float x = static_cast<const float*>(o.data)[o.offset(0, 0, t)];
      hash = (hash ^ std::bit_cast<std::uint32_t>(x)) * 16777619U;
    }
  };
  if (p.batch != 0 && p.rows != 0) add(p.x, p.terms);
  if (p.batch != 0 && p.terms != 0) add(p.y, p.columns);
  hash ^= hash >> 16;  // the low bits of products are those of the factors' low bits
  run_beside(execute, plans[hash % plans.size()], differing);
}

/// Operands narrowed to a format that holds them, dense and transposed: the strides of the launch
/// change too.
template <class F>
struct narrow_operands {
  std::vector<std::vector<typename F::storage>> memory;

  explicit narrow_operands(contraction_parameters& p) {
    for (const sized_operand& o : operands_of(p)) {
      std::vector<typename F::storage> dense(
          static_cast<std::size_t>(p.batch * o.rows * o.columns));
      for (std::int64_t b = 0; b < p.batch; ++b) {
        for (std::int64_t r = 0; r < o.rows; ++r) {
          for (std::int64_t c = 0; c < o.columns; ++c) {
            const float x = static_cast<const float*>(o.view->data)[o.view->offset(b, r, c)];
            dense[static_cast<std::size_t>((b * o.columns + c) * o.rows + r)] =
                narrow(policy<F>{.subnormals = subnormal_policy::gradual},
                       encoding<binary32>{std::bit_cast<std::uint32_t>(x)})
                    .bits;
          }
        }
      }
      memory.push_back(std::move(dense));
      *o.view = {memory.back().data(), 1, o.rows, o.rows * o.columns};
    }
    p.format = stored_format<F>();
  }
};

contraction_plan large(std::string_view name, const contraction_parameters& p) {
  return plan_contraction(std::string(kPrefix) + std::string(name), large_tile::rows,
                          large_tile::columns, p);
}

template <class F>
void run_narrow(executor execute, std::string_view arithmetic, contraction_kind kind,
                contraction_parameters p, disagreements& differing) {
  const narrow_operands<F> operands(p);
  run_beside(execute, plan_full_contraction(arithmetic, kind, p), differing);
  for (const contraction_plan& plan : plan_fast_contractions(arithmetic, kind, p)) {
    run_beside(execute, plan, differing);
  }
}

}  // namespace

bool has_kernel(std::string_view name) {
  return find_kernel(std::string(kPrefix) + std::string(name)) != nullptr;
}

void compute_elementwise(executor execute, std::string_view operation, int arity,
                         const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                         std::uint32_t* out, std::size_t count) {
  std::visit(
      [&]<class F>(F) {
        const auto left = stored<F>(a, count);
        const auto right = stored<F>(arity == 2 ? b : nullptr, count);
        std::vector<typename F::storage> result(count);
        const elementwise_plan plan =
            plan_elementwise(operation, c, static_cast<std::int64_t>(count), left.data(),
                             right.empty() ? nullptr : right.data(), result.data());
        if (plan.blocks != 0) execute(plan.as_launch());
        std::ranges::copy(result, out);
      },
      c.format);
}

void compute_contraction(executor execute, std::string_view arithmetic, contraction_kind kind,
                         derivative gradient, const policy<binary32>& rules,
                         const contraction_problem& problem, const float* bias) {
  contraction_parameters p = contraction_parameters_of(kind, gradient, rules, problem);
  if (p.format != element_format::binary32) {
    throw std::invalid_argument("operands of another format than binary32");
  }
  p.bias = bias;
  run(execute, plan_full_contraction(arithmetic, kind, p));

  disagreements differing;
  run_one_beside(execute, plan_fast_contractions(arithmetic, kind, p), p, differing);
  if (is_pam_product(arithmetic, kind, gradient)) {
    contraction_parameters product = p;
    product.own = {};
    const auto magnitude = [](std::uint32_t x) { return x & kMagnitude; };
    if (all_hold(product, [&](std::uint32_t x) {
          return magnitude(x) >= kSmall && magnitude(x) < kLarge;
        })) {
      run_beside(execute, large("contraction_pam_fast", product), differing);
    }
    if (rules.subnormals == subnormal_policy::flush &&
        all_hold(product, [&](std::uint32_t x) { return magnitude(x) < kLarge; })) {
      run_beside(execute, large("contraction_pam_threshold", product), differing);
    }
  }
  // The narrowest format that holds the operands: kernels that widen them.
  const auto narrow_kernels = [&]<class F>(F) {
    if (!all_hold(p, is_exact_in<F>)) return false;
    run_narrow<F>(execute, arithmetic, kind, p, differing);
    return true;
  };
  narrow_kernels(e4m3{}) || narrow_kernels(e5m2{}) || narrow_kernels(binary16{}) ||
      narrow_kernels(bfloat16{});
  differing.show();
}

std::vector<std::uint32_t> computed_contraction(executor execute, std::string_view arithmetic,
                                                contraction_kind kind, derivative gradient,
                                                const policy<binary32>& rules,
                                                const contraction_problem& problem,
                                                const float* bias) {
  contraction_problem c = problem;
  const std::int64_t rows = output_rows(kind, c);
  const std::int64_t columns = output_columns(kind, c);
  std::vector<float> values(static_cast<std::size_t>(c.batch * rows * columns));
  c.out = {.data = values.data(), .row_stride = columns, .batch_stride = rows * columns};
  compute_contraction(execute, arithmetic, kind, gradient, rules, c, bias);
  std::vector<std::uint32_t> encodings;
  encodings.reserve(values.size());
  for (const float v : values) encodings.push_back(std::bit_cast<std::uint32_t>(v));
  return encodings;
}

}  // namespace pamkit::cuda

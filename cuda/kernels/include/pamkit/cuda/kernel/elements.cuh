#pragma once

#include "pamkit/cuda/operand.cuh"
#include "pamkit/detail/adamw_update.hpp"
#include "pamkit/detail/layer_steps.hpp"

namespace pamkit::cuda {

/// Threads of a block, each with an element of its own.
inline constexpr int kElementThreads = 256;

/// One launch of an elementwise operation on arrays of one format.
struct elementwise_parameters {
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  element_format format = element_format::binary32;
  bool is_cut = false;  ///< binary32 with kept_bits fraction bits
  int kept_bits = 23;
  std::int32_t compensation = 0;
  std::int64_t count = 0;
  const void* a = nullptr;
  const void* b = nullptr;  ///< not read by operations of one operand
  void* out = nullptr;      ///< may be a or b
};

/// out[i] = Op(a[i], b[i]) over arithmetic A, a thread an element.
template <class A, class Op>
struct elementwise_map {
  using parameters = elementwise_parameters;
  static constexpr int threads = kElementThreads;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t i = std::int64_t{thread.block()} * threads + thread.index();
    if (i >= p.count) return;
    switch (p.format) {
      case element_format::bfloat16:
        return apply(p, bfloat16{}, i);
      case element_format::binary16:
        return apply(p, binary16{}, i);
      case element_format::e5m2:
        return apply(p, e5m2{}, i);
      case element_format::e4m3:
        return apply(p, e4m3{}, i);
      default:
        if (p.is_cut) return apply(p, binary32m{p.kept_bits}, i);
        return apply(p, binary32{}, i);
    }
  }

 private:
  template <class F>
  PAMKIT_DEVICE static void apply(const parameters& p, F format, std::int64_t i) {
    using storage = typename F::storage;
    const policy<F> rules{p.subnormals, p.overflow, p.compensation, format};
    const encoding<F> a{static_cast<const storage*>(p.a)[i]};
    storage& out = static_cast<storage*>(p.out)[i];
    if constexpr (Op::arity == 1) {
      out = Op::template apply<A>(rules, a).bits;
    } else {
      const encoding<F> b{static_cast<const storage*>(p.b)[i]};
      out = Op::template apply<A>(rules, a, b).bits;
    }
  }
};

/// One launch over words of binary32 that are independent of each other; what a kernel does not
/// name it does not read.
struct element_parameters {
  policy<binary32> rules;  ///< without compensation
  derivative gradient = derivative::approx;
  std::int64_t count = 0;
  const std::uint32_t* x = nullptr;
  const std::uint32_t* d = nullptr;
  const std::uint32_t* mask = nullptr;    ///< [count]; a null pointer where nothing is masked
  const std::uint32_t* factor = nullptr;  ///< one word
  std::uint32_t* y = nullptr;
  word limit;  ///< of a norm: clip_factor
};

/// The frame of such kernels: y[i] = Step::at(parameters, i).
template <class Step>
struct element_kernel {
  using parameters = element_parameters;
  static constexpr int threads = kElementThreads;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t i = std::int64_t{thread.block()} * threads + thread.index();
    if (i < p.count) p.y[i] = Step::at(p, i).bits;
  }
};

/// x times the factor where the mask is not 0, +0 where it is: dropout, clipping of gradients,
/// scaled queries.
template <class A>
struct scale_step {
  PAMKIT_DEVICE static word at(const element_parameters& p, std::int64_t i) {
    if (p.mask != nullptr && p.mask[i] == 0) return {};
    return detail::layer_steps<A>{p.rules, p.gradient}.mul({p.x[i]}, {*p.factor});
  }
};

/// Its derivative towards x.
template <class A>
struct scale_vjp_step {
  PAMKIT_DEVICE static word at(const element_parameters& p, std::int64_t i) {
    if (p.mask != nullptr && p.mask[i] == 0) return {};
    return detail::layer_steps<A>{p.rules, p.gradient}.mul_vjp_a({p.x[i]}, {*p.factor}, {p.d[i]});
  }
};

/// One word: min(1, pad(limit, pasqrt(x[0] + x[1] + ...))), the factor of clipped gradients from
/// the square sums of the tensors.
template <class A>
struct clip_factor {
  using parameters = element_parameters;
  static constexpr int threads = kWarp;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    if (thread.index() != 0) return;
    const detail::layer_steps<A> s{p.rules, p.gradient};
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t i = 0; i < p.count; ++i) sum = detail::add(sum, {p.x[i]});
    *p.y = detail::minimum(s.one(), s.div(p.limit, s.sqrt(sum))).bits;
  }
};

/// One update of AdamW; the scalars are the host's.
struct adamw_parameters {
  policy<binary32> rules;  ///< without compensation
  std::int64_t count = 0;
  const std::uint32_t* parameter = nullptr;
  const std::uint32_t* gradient = nullptr;
  const std::uint32_t* m = nullptr;
  const std::uint32_t* v = nullptr;
  std::uint32_t* new_parameter = nullptr;  ///< may be `parameter`; the other two alike
  std::uint32_t* new_m = nullptr;
  std::uint32_t* new_v = nullptr;
  word b1, b2, rest1, rest2, eps, decay, step;
};

template <class A>
struct adamw_update {
  using parameters = adamw_parameters;
  static constexpr int threads = kElementThreads;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t i = std::int64_t{thread.block()} * threads + thread.index();
    if (i >= p.count) return;
    const detail::layer_steps<A> s{p.rules, derivative::approx};
    const auto updated =
        detail::adamw_update(s, p, {{p.parameter[i]}, {p.m[i]}, {p.v[i]}}, word{p.gradient[i]});
    p.new_parameter[i] = updated.parameter.bits;
    p.new_m[i] = updated.m.bits;
    p.new_v[i] = updated.v.bits;
  }
};

}  // namespace pamkit::cuda

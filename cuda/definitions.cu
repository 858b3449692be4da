// The emulator's definitions as device code: every arithmetic with every operation that has a device form, in
// every format, and the three contractions. Host and device compile the same source.
#include "pamkit/arith_registry.hpp"
#include "pamkit/elementwise_registry.hpp"
#include "pamkit/format/encoding.hpp"
#include "pamkit/tensor/contraction.hpp"

namespace pamkit::cuda {

/// One thread an element: out[i] = op(a[i], b[i]).
template <class A, class Op, class F>
__global__ void elementwise(policy<F> p, const typename F::storage* a,
                            const typename F::storage* b, typename F::storage* out,
                            std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  if constexpr (Op::arity == 1) {
    out[i] = Op::template apply<A>(p, encoding<F>{a[i]}).bits;
  } else {
    out[i] = Op::template apply<A>(p, encoding<F>{a[i]}, encoding<F>{b[i]}).bits;
  }
}

/// One thread an output, in the declared order.
template <class A, contraction_kind Kind>
__global__ void contract(contraction_definition<A> definition, contraction_problem c) {
  const std::int64_t column = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t row = blockIdx.y;
  const std::int64_t batch = blockIdx.z;
  if (column >= output_columns(Kind, c)) return;
  c.out.data[batch * c.out.batch_stride + row * c.out.row_stride + column * c.out.column_stride] =
      __uint_as_float(definition.element(Kind, c, batch, row, column).bits);
}

template <class A, class Op>
constexpr bool has_device_form() {
  if constexpr (requires { A::host_only(Op::name); }) {
    if (A::host_only(Op::name)) return false;
  }
  using x = encoding<binary32>;
  if constexpr (Op::arity == 1) {
    return requires(policy<binary32> p, x a) { Op::template apply<A>(p, a); };
  } else {
    return requires(policy<binary32> p, x a) { Op::template apply<A>(p, a, a); };
  }
}

template <class A, class Op>
void instantiate() {
  if constexpr (has_device_form<A, Op>()) {
    for_each_type(type_list<binary32, bfloat16, binary16, e5m2, e4m3, binary32m>{},
                  []<class F>(std::type_identity<F>) {
                    auto* volatile kernel = &elementwise<A, Op, F>;
                    static_cast<void>(kernel);
                  });
  }
}

/// Never called: taking the kernels' addresses instantiates them.
void instantiate_all() {
  for_each_type(all_arithmetics{}, []<class A>(std::type_identity<A>) {
    for_each_type(all_operations{},
                  []<class Op>(std::type_identity<Op>) { instantiate<A, Op>(); });
    auto* volatile product = &contract<A, contraction_kind::product>;
    auto* volatile vjp_a = &contract<A, contraction_kind::vjp_a>;
    auto* volatile vjp_b = &contract<A, contraction_kind::vjp_b>;
    static_cast<void>(product), static_cast<void>(vjp_a), static_cast<void>(vjp_b);
  });
}

}  // namespace pamkit::cuda

// What the classes are measured against: the same tiles with a fused multiply-add. It is compiled
// for its machine code alone.
#include "pamkit/cuda/device_thread.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"

namespace pamkit::cuda {

/// sum + x y with one rounding.
struct fused_term {
  static constexpr bool reads_limits = false;
  static constexpr bool reads_own = false;
  PAMKIT_DEVICE static void add(word& sum, word x, word y) {
    sum = {__float_as_uint(
        __fmaf_rn(__uint_as_float(x.bits), __uint_as_float(y.bits), __uint_as_float(sum.bits)))};
  }
};

using fused_kernel =
    contraction_tiled<one_class<slab_class::fast, fused_term, void, void, false>, large_tile>;

extern "C" __global__ void __launch_bounds__(fused_kernel::threads)
    baseline_contraction_fused(const __grid_constant__ contraction_parameters parameters) {
  __shared__ fused_kernel::shared_memory shared;
  fused_kernel::run(device_thread{}, shared, parameters);
}

}  // namespace pamkit::cuda

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string_view>
#include <vector>

#include "layer_engine.hpp"
#include "pamkit/cuda/layer_plan.hpp"
#include "products.hpp"

/// The operators by launches of CUDA kernels on the memory of the tensors themselves: nothing is
/// copied and nothing waited for. Who runs a launch is a parameter; on a GPU it is a stream, in the
/// tests fibers, on tensors of the host.

namespace pamkit::operators {

/// Starts a launch whose parameters hold addresses of tensors. Launches take effect in the order of
/// the calls.
using launcher = std::function<void(const cuda::launch&)>;

/// Memory of a tensor of binary32 numbers or of 32-bit integers, as kernels take it.
inline const std::uint32_t* words_of(const at::Tensor& t) {
  return static_cast<const std::uint32_t*>(t.const_data_ptr());
}
inline std::uint32_t* words_of_result(const at::Tensor& t) {
  return static_cast<std::uint32_t*>(t.mutable_data_ptr());
}

/// One contraction by the kernel that production takes. Where contractions are observed it waits,
/// and the observer sees copies on the host.
void launch_contraction(const tensor_contraction& c, const launcher& start);

/// Contiguous float32 rows [R, N] -> [N] in blocks of 128 rows.
void launch_column_sums(const at::Tensor& rows, const at::Tensor& out, const launcher& start);

/// Whether there is a kernel for an elementwise operation of an arithmetic.
bool has_elementwise_kernel(std::string_view operation, std::string_view arithmetic);

/// out[i] = operation(a[i], b[i]) as compute_elementwise has it.
at::Tensor launch_elementwise(std::string_view operation, const configuration& rules,
                              const at::Tensor& a, const at::Tensor& b, const launcher& start);

/// Starts the launches of a plan. Operands are words as kernels read them, dense.
void run_plan(const cuda::layer_plan& plan, const std::vector<at::Tensor>& operands,
              const std::vector<at::Tensor>& results, const launcher& start);

/// Whether a layer can be launched so: where it is planned, and the arithmetic has the kernels.
bool has_layer_launch(const layer_request& r);

/// Its results, as compute_layer has them. Classes are judged where they lie: one that is none
/// throws c10::Error on the host, and on a GPU ends its context.
std::vector<at::Tensor> launch_layer(const layer_request& r, const launcher& start);

/// What starts launches on LibTorch's current stream of a tensor's GPU, whichever device is
/// LibTorch's current one. Throws c10::Error where the kernels cannot be loaded there.
launcher stream_launcher(const at::Tensor& of);

/// The steps of products<>, with a launcher for each tensor.
template <launcher (*LauncherOf)(const at::Tensor&)>
struct launched_steps {
  static void contract(const tensor_contraction& c) { launch_contraction(c, LauncherOf(c.out)); }
  static void sum_columns(const at::Tensor& rows, const at::Tensor& out) {
    launch_column_sums(rows, out, LauncherOf(out));
  }
};

}  // namespace pamkit::operators

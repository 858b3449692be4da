#include "cuda_backends.hpp"

#include "pamkit/cuda/device_backend.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/properties/backends.hpp"
#ifdef PAMKIT_HAS_CUDA_PTX
#include "pamkit/cuda/ptx_backend.hpp"
#include "pamkit/cuda/ptx_execution.hpp"
#endif

namespace pamkit::cli {

namespace {

std::vector<std::string_view> kernel_names() {
  std::vector<std::string_view> names;
  for (const cuda::kernel* k : cuda::kernels()) names.push_back(k->name);
  return names;
}

}  // namespace

void add_cuda_backends() {
  properties::add_backend({.implementation = &cuda::host_backend(),
                           .kernels = kernel_names(),
                           .take_launches = cuda::take_launches,
                           .is_emulated = true});
  properties::add_backends_when_asked([] {
    if (!cuda::find_device().is_found) return;
    properties::add_backend({.implementation = &cuda::device_backend(),
                             .kernels = kernel_names(),
                             .take_launches = cuda::take_device_launches});
  });
#ifdef PAMKIT_HAS_CUDA_PTX
  std::vector<std::string_view> names;
  for (const ptx::kernel* k : cuda::ptx_kernels()) names.push_back(k->name);
  properties::add_backend({.implementation = &cuda::ptx_backend(),
                           .kernels = names,
                           .take_launches = cuda::take_ptx_launches,
                           .is_emulated = true});
#endif
}

}  // namespace pamkit::cli

#include "cuda_backends.hpp"

#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/properties/backends.hpp"

namespace pamkit::cli {

void add_cuda_backends() {
  std::vector<std::string_view> names;
  for (const cuda::kernel* k : cuda::kernels()) names.push_back(k->name);
  properties::add_backend({.implementation = &cuda::host_backend(),
                           .kernels = names,
                           .take_launches = cuda::take_launches});
}

}  // namespace pamkit::cli

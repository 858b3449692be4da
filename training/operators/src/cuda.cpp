#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <stdexcept>

#include "launched.hpp"
#include "pamkit/cuda/device_backend.hpp"

/// The operators on tensors of a GPU. Streams come through LibTorch's interface to devices and the
/// driver is looked for when the first launch is: no library of CUDA is needed to build or to load
/// this.

namespace pamkit::operators {

launcher stream_launcher(const at::Tensor& of) {
  const at::Device device = of.device();
  TORCH_CHECK_VALUE(device.is_cuda(), "pamkit: no kernels are there for tensors on ", device);
  {
    // Loading the kernels makes their device the current one.
    const c10::DeviceGuard guard(device);
    const cuda::device_search& found = cuda::find_device(device.index());
    TORCH_CHECK(found.is_found, "pamkit: the kernels are not on ", device, ": ", found.reason);
  }
  return [device](const cuda::launch& what) {
    // LibTorch's current device is what it was before, and the context of this one is current.
    const c10::DeviceGuard guard(device);
    const c10::impl::DeviceGuardImplInterface* const streams =
        c10::impl::getDeviceGuardImpl(at::kCUDA);
    try {
      cuda::launch_on_stream(what, device.index(),
                             streams->getStreamNativeHandle(streams->getStream(device)));
    } catch (const std::exception& error) {
      TORCH_CHECK(false, "pamkit: ", error.what());
    }
  };
}

TORCH_LIBRARY_IMPL(pamkit, CUDA, library) {
  register_products<launched_steps<stream_launcher>>(library);
}

}  // namespace pamkit::operators

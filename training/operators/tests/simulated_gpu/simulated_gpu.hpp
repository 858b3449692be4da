#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <string>
#include <vector>

/// LibTorch's devices cuda:0 and cuda:1 without a GPU. Their tensors lie in the memory of the driver
/// on fibers (cuda/device/tests), which runs the kernels and refuses a launch in another context
/// than the kernel's or the stream's. What LibTorch itself computes on them its CPU computes;
/// whoever else reads or writes them from the host is ended by a signal. LibTorch's current device
/// is that of the driver's current context, as on GPUs. A copy to the host that is not to be waited
/// for has nothing in it until somebody waits: for another copy, or for a stream.

namespace pamkit::operators::test {

/// Of a tensor on the host, a copy on cuda:`index`; and back.
at::Tensor on_gpu(const at::Tensor& t, int index);
at::Tensor on_host(const at::Tensor& t);

/// Another stream of a device than its default one.
c10::Stream make_stream(int index);

/// One launch that the driver started.
struct started_launch {
  std::string kernel;
  int device = 0;
  void* stream = nullptr;
};

/// The launches since the last call.
std::vector<started_launch> take_launches();

/// What moved values between a GPU and the host, or from one GPU to another, since the last call:
/// names of LibTorch's operations. Scalars that an operation has beside its tensors are no values
/// of these.
std::vector<std::string> take_copies();

}  // namespace pamkit::operators::test

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <string>
#include <vector>

/// LibTorch's devices cuda:0 and cuda:1 without a GPU. Their tensors lie in memory of this process;
/// what LibTorch itself computes on them its CPU computes, and kernels run by the driver on fibers
/// (cuda/device/tests), which refuses a launch in another context than the kernel's or the
/// stream's.

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

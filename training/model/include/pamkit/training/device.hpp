#pragma once

#include <ATen/core/Tensor.h>

namespace pamkit::training {

/// Where models, batches and masks lie: at first the CPU. Initial values, batches and masks are
/// drawn on the host and moved, so that their bits are the same on every device.
at::Device training_device();

/// From here to the end of the scope they lie on `device`. Not to be made while a model computes.
class training_on {
 public:
  explicit training_on(at::Device device);
  training_on(const training_on&) = delete;
  training_on& operator=(const training_on&) = delete;
  ~training_on();

 private:
  at::Device before_;
};

/// A tensor of the host where models lie; itself where that is the CPU.
at::Tensor to_training_device(const at::Tensor& t);

/// A tensor's values on the host, row-major.
at::Tensor on_host(const at::Tensor& t);

/// Whether what the arithmetic does not compute is LibTorch's own on the device of `t`, in
/// LibTorch's order of sums: the definitions of functions.hpp, whose bits no number of threads
/// changes, are for the CPU.
bool is_left_to_libtorch(const at::Tensor& t);

}  // namespace pamkit::training

#include "pamkit/training/device.hpp"

#include <ATen/Functions.h>

namespace pamkit::training {
namespace {

at::Device& chosen() {
  static at::Device device = at::kCPU;
  return device;
}

}  // namespace

at::Device training_device() { return chosen(); }

training_on::training_on(at::Device device) : before_(chosen()) { chosen() = device; }

training_on::~training_on() { chosen() = before_; }

at::Tensor to_training_device(const at::Tensor& t) { return t.to(training_device()); }

at::Tensor on_host(const at::Tensor& t) { return t.detach().to(at::kCPU).contiguous(); }

bool is_left_to_libtorch(const at::Tensor& t) { return !t.device().is_cpu(); }

}  // namespace pamkit::training

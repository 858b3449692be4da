#include "simulated_gpu.hpp"

#include <ATen/Functions.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <torch/library.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

namespace pamkit::operators::test {
namespace {

constexpr c10::DeviceIndex kDevices = 2;

c10::Stream stream_of(c10::Device device, c10::StreamId id) {
  return c10::Stream(c10::Stream::UNSAFE, device, id);
}

thread_local c10::DeviceIndex used_device = 0;
thread_local std::array<c10::StreamId, kDevices> current_streams{};

std::size_t place_of(c10::Device device) { return static_cast<std::size_t>(device.index()); }

// The number of a stream is its address.
struct simulated_guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = c10::DeviceType::CUDA;
  simulated_guard() = default;
  explicit simulated_guard(c10::DeviceType) {}

  c10::DeviceType type() const override { return static_type; }
  c10::Device exchangeDevice(c10::Device d) const override {
    return {static_type, std::exchange(used_device, d.index())};
  }
  c10::Device getDevice() const override { return {static_type, used_device}; }
  void setDevice(c10::Device d) const override { used_device = d.index(); }
  void uncheckedSetDevice(c10::Device d) const noexcept override { used_device = d.index(); }
  c10::Stream getStream(c10::Device d) const noexcept override {
    return stream_of(d, current_streams[place_of(d)]);
  }
  c10::Stream getDefaultStream(c10::Device d) const override { return stream_of(d, 0); }
  c10::Stream exchangeStream(c10::Stream s) const override {
    return stream_of(s.device(), std::exchange(current_streams[place_of(s.device())], s.id()));
  }
  void* getStreamNativeHandle(c10::Stream s) const override { return std::bit_cast<void*>(s.id()); }
  c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(CUDA, simulated_guard)

// What autograd asks whether CUDA is there.
struct simulated_hooks final : at::CUDAHooksInterface {
  explicit simulated_hooks(at::CUDAHooksArgs) {}
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return kDevices; }
  c10::DeviceIndex getCurrentDevice() const override { return used_device; }
};
using at::CUDAHooksRegistry;
using at::RegistererCUDAHooksRegistry;
C10_REGISTER_TYPED_CLASS(CUDAHooksRegistry, "CUDAHooks", simulated_hooks)

// The same memory as a tensor of another device.
at::Tensor seen_as(const at::Tensor& t, c10::Device device) {
  return at::for_blob(t.data_ptr(), t.sizes())
      .strides(t.strides())
      .deleter([t](void*) {})
      .options(t.options().device(device).requires_grad(false))
      .target_device(device)
      .make_tensor();
}

std::mutex copies_mutex;
std::vector<std::string> copies;

// One call that LibTorch has no kernel for: by its CPU, on the same memory.
class call_on_host {
 public:
  call_on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) : op_(op), stack_(*stack) {}

  void run() {
    const std::size_t arguments = op_.schema().arguments().size();
    for (std::size_t i = stack_.size() - arguments; i < stack_.size(); ++i) {
      stack_[i] = moved(stack_[i]);
    }
    note_copies();
    const at::AutoDispatchBelowADInplaceOrView guard;
    op_.callBoxed(&stack_);
    const std::size_t results = op_.schema().returns().size();
    for (std::size_t i = stack_.size() - results; i < stack_.size(); ++i) {
      stack_[i] = brought_back(stack_[i]);
    }
  }

 private:
  c10::IValue moved(const c10::IValue& value) {
    if (value.isDevice()) {
      if (value.toDevice().is_cuda()) device_ = with_index(value.toDevice());
      return c10::Device(c10::DeviceType::CPU);
    }
    if (value.isTensor()) return moved(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& t : value.toTensorVector()) list.push_back(moved(t));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& t : value.toOptionalTensorVector()) {
        list.push_back(t ? std::optional(moved(*t)) : std::nullopt);
      }
      return list;
    }
    return value;
  }

  at::Tensor moved(const at::Tensor& t) {
    if (!t.defined()) return t;
    // LibTorch has numbers as tensors of the host without axes.
    if (t.dim() > 0 || t.is_cuda()) devices_.push_back(t.device());
    if (t.is_cuda() && device_.is_cpu()) device_ = t.device();
    at::Tensor here = t;
    if (t.is_cuda()) {
      // Results that an operation makes in two steps are empty at first, and given memory then.
      here = t.numel() == 0 ? at::empty(t.sizes(), t.options().device(at::kCPU))
                            : seen_as(t, c10::DeviceType::CPU);
    }
    seen_.emplace_back(here, t);
    return here;
  }

  static c10::Device with_index(c10::Device d) {
    return d.has_index() ? d : c10::Device(d.type(), used_device);
  }

  void note_copies() const {
    const std::string& name = op_.schema().name();
    bool is_copy = name == "aten::_local_scalar_dense";
    for (const c10::Device d : devices_) is_copy = is_copy || d != devices_.front();
    if (!is_copy) return;
    const std::scoped_lock alone(copies_mutex);
    copies.push_back(name);
  }

  c10::IValue brought_back(const c10::IValue& value) const {
    if (value.isTensor()) return brought_back(value.toTensor());
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& t : value.toTensorVector()) list.push_back(brought_back(t));
    return list;
  }
  at::Tensor brought_back(const at::Tensor& t) const {
    if (!t.defined()) return t;
    for (const auto& [here, original] : seen_) {
      if (!here.is_same(t)) continue;
      if (original.is_cuda() && here.sizes() != original.sizes()) {
        original.unsafeGetTensorImpl()->shallow_copy_from(
            seen_as(here, original.device()).getIntrusivePtr());
      }
      return original;
    }
    return seen_as(t, device_);
  }

  const c10::OperatorHandle& op_;
  torch::jit::Stack& stack_;
  c10::Device device_{c10::DeviceType::CPU};
  std::vector<c10::Device> devices_;
  std::vector<std::pair<at::Tensor, at::Tensor>> seen_;
};

void on_the_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  call_on_host(op, stack).run();
}

TORCH_LIBRARY_IMPL(_, CUDA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_host>());
}

// Those for which LibTorch would rather look for a kernel of its own than fall back.
TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("copy_", torch::CppFunction::makeFromBoxedFunction<&on_the_host>());
}

// Device code of the driver on fibers: a file that names all kernels.
class environment : public ::testing::Environment {
 public:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("pamkit_simulated_gpu_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_ / "ptx" / "sm_80");
    std::ofstream(folder_ / "ptx" / "sm_80" / "kernels.ptx") << "*";
    setenv("PAMKIT_CUDA_CODE", folder_.c_str(), 1);
    setenv("PAMKIT_CUDA_DRIVER", PAMKIT_DRIVER_ON_FIBERS, 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

 private:
  std::filesystem::path folder_;
};
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new environment);

template <class Function>
Function* of_the_driver(const char* name) {
  void* const library = dlopen(PAMKIT_DRIVER_ON_FIBERS, RTLD_NOW | RTLD_LOCAL);
  void* const address = library == nullptr ? nullptr : dlsym(library, name);
  Function* function = nullptr;
  std::memcpy(&function, &address, sizeof function);
  return function;
}

}  // namespace

at::Tensor on_gpu(const at::Tensor& t, int index) {
  return seen_as(t.detach().clone(), {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)});
}

at::Tensor on_host(const at::Tensor& t) {
  return seen_as(t.detach(), c10::DeviceType::CPU).clone();
}

c10::Stream make_stream(int index) {
  void* context = nullptr;
  void* stream = nullptr;
  of_the_driver<int(void**, int)>("cuDevicePrimaryCtxRetain")(&context, index);
  of_the_driver<int(void*)>("cuCtxSetCurrent")(context);
  of_the_driver<int(void**, unsigned)>("cuStreamCreate")(&stream, 1);
  return stream_of({c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)},
                   std::bit_cast<c10::StreamId>(stream));
}

std::vector<started_launch> take_launches() {
  std::vector<started_launch> all;
  of_the_driver<void(void (*)(void*, const char*, int, void*), void*)>("fibers_take_launches")(
      [](void* to, const char* kernel, int device, void* stream) {
        static_cast<std::vector<started_launch>*>(to)->push_back({kernel, device, stream});
      },
      &all);
  return all;
}

std::vector<std::string> take_copies() {
  const std::scoped_lock alone(copies_mutex);
  return std::exchange(copies, {});
}

}  // namespace pamkit::operators::test

#include "simulated_gpu.hpp"

#include <ATen/EmptyTensor.h>
#include <ATen/Functions.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <torch/library.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
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

template <class Function>
Function* of_the_driver(const char* name) {
  void* const library = dlopen(PAMKIT_DRIVER_ON_FIBERS, RTLD_NOW | RTLD_LOCAL);
  void* const address = library == nullptr ? nullptr : dlsym(library, name);
  Function* function = nullptr;
  std::memcpy(&function, &address, sizeof function);
  return function;
}

// As for CUDA's runtime the current device is the one of the thread's context, whoever has made
// that the current one.
c10::DeviceIndex current_device() {
  static auto* const device_of_context = of_the_driver<int(int*)>("cuCtxGetDevice");
  int device = 0;
  return device_of_context(&device) == 0 ? static_cast<c10::DeviceIndex>(device) : 0;
}

void make_current(c10::DeviceIndex device) {
  static auto* const retain = of_the_driver<int(void**, int)>("cuDevicePrimaryCtxRetain");
  static auto* const set_context = of_the_driver<int(void*)>("cuCtxSetCurrent");
  void* context = nullptr;
  retain(&context, device);
  set_context(context);
}

// While there is one of these the host does what LibTorch's kernels do on a GPU: device memory can
// be read and written.
struct device_at_work {
  device_at_work() {
    static auto* const begin = of_the_driver<void()>("fibers_begin_work");
    begin();
  }
  device_at_work(const device_at_work&) = delete;
  device_at_work& operator=(const device_at_work&) = delete;
  ~device_at_work() {
    static auto* const end = of_the_driver<void()>("fibers_end_work");
    end();
  }
};

void* allocate(std::size_t bytes) {
  static auto* const by_driver = of_the_driver<int(std::uint64_t*, std::size_t)>("cuMemAlloc_v2");
  std::uint64_t address = 0;
  TORCH_CHECK(by_driver(&address, bytes) == 0, "no memory on the simulated GPU");
  return std::bit_cast<void*>(address);
}

void free_on_device(void* memory) {
  static auto* const by_driver = of_the_driver<int(std::uint64_t)>("cuMemFree_v2");
  by_driver(std::bit_cast<std::uint64_t>(memory));
}

// A copy to the host that was not to be waited for: it is there when somebody waits for the device.
struct promised_copy {
  at::Tensor to;
  at::Tensor what;
};
std::mutex promises_mutex;
std::vector<promised_copy> promises;

void keep_promises() {
  const std::scoped_lock alone(promises_mutex);
  const at::AutoDispatchBelowADInplaceOrView guard;
  for (const promised_copy& p : std::exchange(promises, {})) p.to.copy_(p.what);
}

thread_local std::array<c10::StreamId, kDevices> current_streams{};

std::size_t place_of(c10::Device device) { return static_cast<std::size_t>(device.index()); }

// The number of a stream is its address.
struct simulated_guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = c10::DeviceType::CUDA;
  simulated_guard() = default;
  explicit simulated_guard(c10::DeviceType) {}

  c10::DeviceType type() const override { return static_type; }
  c10::Device exchangeDevice(c10::Device d) const override {
    const c10::Device before = getDevice();
    make_current(d.index());
    return before;
  }
  c10::Device getDevice() const override { return {static_type, current_device()}; }
  void setDevice(c10::Device d) const override { make_current(d.index()); }
  void uncheckedSetDevice(c10::Device d) const noexcept override { make_current(d.index()); }
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
  void synchronizeStream(const c10::Stream&) const override { keep_promises(); }
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
  c10::DeviceIndex getCurrentDevice() const override { return current_device(); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return c10::GetCPUAllocator(); }
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

// In device memory, with what a tensor of the host has in it or, on request, with what was there.
at::Tensor copied_to_device(const at::Tensor& t, c10::Device device, bool is_filled = true) {
  if (t.numel() == 0) return seen_as(t, device);
  const std::size_t bytes =
      at::detail::computeStorageNbytes(t.sizes(), t.strides(), t.dtype().itemsize());
  void* const memory = allocate(bytes);
  if (is_filled) {
    const device_at_work working;
    std::memcpy(memory, t.const_data_ptr(), bytes);
  }
  return at::for_blob(memory, t.sizes())
      .strides(t.strides())
      .deleter(free_on_device)
      .options(t.options().device(device).requires_grad(false))
      .target_device(device)
      .make_tensor();
}

std::mutex copies_mutex;
std::vector<std::string> copies;

void note_copy(const std::string& name) {
  const std::scoped_lock alone(copies_mutex);
  copies.push_back(name);
}

// One call that LibTorch has no kernel for: by its CPU, on the same memory.
class call_on_host {
 public:
  call_on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) : op_(op), stack_(*stack) {}

  void run() {
    const std::size_t arguments = op_.schema().arguments().size();
    for (std::size_t i = stack_.size() - arguments; i < stack_.size(); ++i) {
      stack_[i] = moved(stack_[i]);
    }
    if (is_copy()) {
      note_copy(op_.schema().name());
      keep_promises();
    }
    {
      const device_at_work working;
      const at::AutoDispatchBelowADInplaceOrView guard;
      op_.callBoxed(&stack_);
    }
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
    return d.has_index() ? d : c10::Device(d.type(), current_device());
  }

  bool is_copy() const {
    if (op_.schema().name() == "aten::_local_scalar_dense") return true;
    return std::ranges::any_of(devices_, [&](c10::Device d) { return d != devices_.front(); });
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
      if (here.is_same(t)) {
        if (original.is_cuda() && here.sizes() != original.sizes()) {
          original.unsafeGetTensorImpl()->shallow_copy_from(
              copied_to_device(here, original.device()).getIntrusivePtr());
        }
        return original;
      }
      if (original.is_cuda() && original.numel() != 0 && here.is_alias_of(t)) {
        return seen_as(t, original.device());
      }
    }
    return copied_to_device(t, device_, !op_.schema().name().starts_with("aten::empty"));
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

// copy_(to, from, non_blocking)
void copy(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::size_t first = stack->size() - 3;
  const at::Tensor to = (*stack)[first].toTensor();
  const at::Tensor from = (*stack)[first + 1].toTensor();
  if (!(*stack)[first + 2].toBool() || !to.is_cpu() || !from.is_cuda()) {
    return on_the_host(op, stack);
  }
  note_copy(op.schema().name());
  std::memset(to.mutable_data_ptr(), 0xA5, to.nbytes());
  const std::scoped_lock alone(promises_mutex);
  promises.push_back({to, on_host(from)});
  stack->resize(first);
  stack->emplace_back(to);
}

TORCH_LIBRARY_IMPL(_, CUDA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_host>());
}

// Those for which LibTorch would rather look for a kernel of its own than fall back.
TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("copy_", torch::CppFunction::makeFromBoxedFunction<&copy>());
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

}  // namespace

at::Tensor on_gpu(const at::Tensor& t, int index) {
  return copied_to_device(t, {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)});
}

at::Tensor on_host(const at::Tensor& t) {
  const device_at_work working;
  return seen_as(t.detach(), c10::DeviceType::CPU).clone();
}

c10::Stream make_stream(int index) {
  const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
  const c10::DeviceGuard guard(device);
  void* stream = nullptr;
  of_the_driver<int(void**, unsigned)>("cuStreamCreate")(&stream, 1);
  return stream_of(device, std::bit_cast<c10::StreamId>(stream));
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

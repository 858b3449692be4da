/// A CUDA driver for tests: one device, "fibers", of compute capability 8.0, whose memory is memory of
/// its own in this process.
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace {

using address = std::uint64_t;

std::mutex allocation_mutex;
std::map<address, std::unique_ptr<std::byte[]>>& allocations() {
  static std::map<address, std::unique_ptr<std::byte[]>> all;
  return all;
}

std::byte* memory_at(address a) { return std::bit_cast<std::byte*>(a); }

constexpr int kInvalidValue = 1;
constexpr int kNotFound = 500;

}  // namespace

extern "C" {

int cuInit(unsigned flags) { return flags == 0 ? 0 : kInvalidValue; }
int cuDriverGetVersion(int* version) { return *version = 12040, 0; }
int cuGetErrorName(int error, const char** name) {
  *name = error == kNotFound ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_INVALID_VALUE";
  return 0;
}
int cuDeviceGetCount(int* count) { return *count = 1, 0; }
int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "fibers", static_cast<std::size_t>(length));
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  return *value = attribute == 75 ? 8 : 0, 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) { return *context = nullptr, 0; }
int cuCtxSetCurrent(void*) { return 0; }
// A stream does what it is told before it returns; it has an address of its own.
int cuStreamCreate(void** stream, unsigned flags) {
  static std::atomic<std::uintptr_t> next{1};
  *stream = std::bit_cast<void*>(std::uintptr_t{next++});
  return flags == 1 ? 0 : kInvalidValue;
}
int cuStreamSynchronize(void* stream) { return stream != nullptr ? 0 : kInvalidValue; }
// A module is the text of a file: the names of its kernels, or * for all.
int cuModuleLoadData(void** module, const void* image) {
  *module = new std::string(static_cast<const char*>(image));
  return 0;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  const pamkit::cuda::kernel* const k = pamkit::cuda::find_kernel(name);
  const std::string& names = *static_cast<std::string*>(module);
  const bool is_there = names.starts_with("*") || names.find(name) != std::string::npos;
  if (k == nullptr || !is_there) return kNotFound;
  *function = const_cast<pamkit::cuda::kernel*>(k);
  return 0;
}
int cuMemAlloc_v2(address* a, std::size_t bytes) {
  constexpr std::size_t kAlignment = 256;
  auto memory = std::make_unique<std::byte[]>(bytes + kAlignment);
  std::memset(memory.get(), 0xA5, bytes + kAlignment);
  const auto raw = std::bit_cast<address>(memory.get());
  *a = (raw + kAlignment - 1) / kAlignment * kAlignment;
  const std::scoped_lock alone(allocation_mutex);
  allocations()[*a] = std::move(memory);
  return 0;
}
int cuMemFree_v2(address a) {
  const std::scoped_lock alone(allocation_mutex);
  return allocations().erase(a) == 1 ? 0 : kInvalidValue;
}
int cuMemHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = new std::byte[bytes];
  return 0;
}
int cuMemFreeHost(void* memory) {
  delete[] static_cast<std::byte*>(memory);
  return 0;
}
int cuMemcpyHtoDAsync_v2(address to, const void* from, std::size_t bytes, void* stream) {
  std::memcpy(memory_at(to), from, bytes);
  return stream != nullptr ? 0 : kInvalidValue;
}
int cuMemcpyDtoHAsync_v2(void* to, address from, std::size_t bytes, void* stream) {
  std::memcpy(to, memory_at(from), bytes);
  return stream != nullptr ? 0 : kInvalidValue;
}
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                   void*, void** parameters, void** extra) {
  const auto& k = *static_cast<const pamkit::cuda::kernel*>(function);
  const bool is_plain = grid_y == 1 && grid_z == 1 && block_y == 1 && block_z == 1 &&
                        shared_bytes == 0 && extra == nullptr;
  if (!is_plain || block_x != static_cast<unsigned>(k.threads)) return kInvalidValue;
  for (unsigned block = 0; block < grid_x; ++block) k.run_on_fibers(block, parameters[0]);
  return 0;
}

// An event is the time at which it was recorded.
int cuEventCreate(void** event, unsigned) { return *event = new double(0), 0; }
int cuEventDestroy_v2(void* event) {
  delete static_cast<double*>(event);
  return 0;
}
int cuEventRecord(void* event, void*) {
  const std::chrono::duration<double, std::milli> now =
      std::chrono::steady_clock::now().time_since_epoch();
  *static_cast<double*>(event) = now.count();
  return 0;
}
int cuEventSynchronize(void*) { return 0; }
int cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  *milliseconds = static_cast<float>(*static_cast<double*>(to) - *static_cast<double*>(from));
  return 0;
}

}  // extern "C"

/// A CUDA driver for tests: two devices, "fibers" of compute capability 8.0 and "other fibers"
/// of 9.0, whose memory is memory of its own in this process. Modules and streams belong to the
/// context in which they were made, and a launch in another one fails, as on GPUs. A stream does
/// what it is told at once or, where the environment has PAMKIT_LATE_STREAMS, as late as a GPU may:
/// when somebody waits for it. The default stream, which no other one waits for, does it at once.
#include <array>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
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
constexpr int kInvalidContext = 201;
constexpr int kInvalidHandle = 400;
constexpr int kNotFound = 500;

struct context {
  int device = 0;
  const char* name = nullptr;
  int major = 0;
};
std::array<context, 2> contexts = {context{0, "fibers", 8}, context{1, "other fibers", 9}};
thread_local const context* current = nullptr;

bool is_device(int device) { return device >= 0 && device < static_cast<int>(contexts.size()); }
const context& context_of(int device) { return contexts[static_cast<std::size_t>(device)]; }

// Copies read their memory, and kernels run, when the stream comes to it; parameters are taken when
// a kernel is launched.
class stream {
 public:
  explicit stream(const context* owner) : of(owner) {}
  const context* of;

  void tell(std::function<void()> what) {
    const std::scoped_lock alone(mutex_);
    told_.push_back(std::move(what));
    if (!is_late()) do_all();
  }
  void wait() {
    const std::scoped_lock alone(mutex_);
    do_all();
  }

 private:
  static bool is_late() {
    static const bool is_asked_for = std::getenv("PAMKIT_LATE_STREAMS") != nullptr;
    return is_asked_for;
  }
  void do_all() {
    for (const std::function<void()>& what : std::exchange(told_, {})) what();
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> told_;
};

// Of the default stream, a null pointer, `what` is done at once.
void tell(void* s, std::function<void()> what) {
  if (s == nullptr) return what();
  static_cast<stream*>(s)->tell(std::move(what));
}

// The time at which its stream came to it.
struct event {
  double milliseconds = 0;
  stream* on = nullptr;
};

struct function {
  const context* of = nullptr;
  const pamkit::cuda::kernel* what = nullptr;
};

// The text of a file: the names of its kernels, or * for all.
struct code_module {
  const context* of = nullptr;
  std::string names;
  std::map<const pamkit::cuda::kernel*, std::unique_ptr<function>> functions = {};
};

struct started {
  const pamkit::cuda::kernel* what = nullptr;
  int device = 0;
  void* stream = nullptr;
};
std::mutex log_mutex;
bool is_logged = false;
std::vector<started> launch_log;

}  // namespace

extern "C" {

int cuInit(unsigned flags) { return flags == 0 ? 0 : kInvalidValue; }
int cuDriverGetVersion(int* version) { return *version = 12040, 0; }
int cuGetErrorName(int error, const char** name) {
  *name = error == kNotFound         ? "CUDA_ERROR_NOT_FOUND"
          : error == kInvalidContext ? "CUDA_ERROR_INVALID_CONTEXT"
          : error == kInvalidHandle  ? "CUDA_ERROR_INVALID_HANDLE"
                                     : "CUDA_ERROR_INVALID_VALUE";
  return 0;
}
int cuDeviceGetCount(int* count) { return *count = static_cast<int>(contexts.size()), 0; }
int cuDeviceGet(int* device, int ordinal) {
  return *device = ordinal, is_device(ordinal) ? 0 : kInvalidValue;
}
int cuDeviceGetName(char* name, int length, int device) {
  std::strncpy(name, context_of(device).name, static_cast<std::size_t>(length));
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return *value = attribute == 75 ? context_of(device).major : 0, 0;
}
int cuDevicePrimaryCtxRetain(void** c, int device) {
  return *c = &contexts[static_cast<std::size_t>(device)], 0;
}
int cuCtxSetCurrent(void* c) { return current = static_cast<const context*>(c), 0; }
int cuStreamCreate(void** s, unsigned flags) {
  if (current == nullptr) return kInvalidContext;
  *s = new stream{current};
  return flags == 1 ? 0 : kInvalidValue;
}
int cuStreamSynchronize(void* s) {
  if (s == nullptr) return kInvalidValue;
  static_cast<stream*>(s)->wait();
  return 0;
}
int cuModuleLoadData(void** m, const void* image) {
  if (current == nullptr) return kInvalidContext;
  *m = new code_module{current, static_cast<const char*>(image)};
  return 0;
}
int cuModuleGetFunction(void** f, void* m, const char* name) {
  const pamkit::cuda::kernel* const k = pamkit::cuda::find_kernel(name);
  code_module& all = *static_cast<code_module*>(m);
  const bool is_there = all.names.starts_with("*") || all.names.find(name) != std::string::npos;
  if (k == nullptr || !is_there) return kNotFound;
  std::unique_ptr<function>& own = all.functions[k];
  if (own == nullptr) own = std::make_unique<function>(function{all.of, k});
  *f = own.get();
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
int cuMemcpyHtoDAsync_v2(address to, const void* from, std::size_t bytes, void* s) {
  if (s == nullptr) return kInvalidValue;
  tell(s, [=] { std::memcpy(memory_at(to), from, bytes); });
  return 0;
}
int cuMemcpyDtoHAsync_v2(void* to, address from, std::size_t bytes, void* s) {
  if (s == nullptr) return kInvalidValue;
  tell(s, [=] { std::memcpy(to, memory_at(from), bytes); });
  return 0;
}
int cuLaunchKernel(void* f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, void* s,
                   void** parameters, void** extra) {
  const function& started_function = *static_cast<const function*>(f);
  const pamkit::cuda::kernel& k = *started_function.what;
  if (current == nullptr) return kInvalidContext;
  const bool is_stream_of_it = s == nullptr || static_cast<const stream*>(s)->of == current;
  if (started_function.of != current || !is_stream_of_it) return kInvalidHandle;
  const bool is_plain = grid_y == 1 && grid_z == 1 && block_y == 1 && block_z == 1 &&
                        shared_bytes == 0 && extra == nullptr;
  if (!is_plain || block_x != static_cast<unsigned>(k.threads)) return kInvalidValue;
  {
    const std::scoped_lock alone(log_mutex);
    if (is_logged) launch_log.push_back({&k, current->device, s});
  }
  const auto* const first = static_cast<const std::byte*>(parameters[0]);
  tell(s, [&k, grid_x, taken = std::vector(first, first + k.parameter_bytes)] {
    for (unsigned block = 0; block < grid_x; ++block) k.run_on_fibers(block, taken.data());
  });
  return 0;
}
// No part of a driver: tells of every launch since the last call, from the first call on.
void fibers_take_launches(void (*tell)(void* to, const char* kernel, int device, void* stream),
                          void* to) {
  std::vector<started> taken;
  {
    const std::scoped_lock alone(log_mutex);
    is_logged = true;
    taken = std::exchange(launch_log, {});
  }
  for (const started& s : taken) tell(to, std::string(s.what->name).c_str(), s.device, s.stream);
}

int cuEventCreate(void** e, unsigned) { return *e = new event, 0; }
int cuEventDestroy_v2(void* e) {
  delete static_cast<event*>(e);
  return 0;
}
int cuEventRecord(void* e, void* s) {
  static_cast<event*>(e)->on = static_cast<stream*>(s);
  tell(s, [e] {
    const std::chrono::duration<double, std::milli> now =
        std::chrono::steady_clock::now().time_since_epoch();
    static_cast<event*>(e)->milliseconds = now.count();
  });
  return 0;
}
int cuEventSynchronize(void* e) {
  stream* const on = static_cast<event*>(e)->on;
  if (on != nullptr) on->wait();
  return 0;
}
int cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  *milliseconds = static_cast<float>(static_cast<event*>(to)->milliseconds -
                                     static_cast<event*>(from)->milliseconds);
  return 0;
}

}  // extern "C"

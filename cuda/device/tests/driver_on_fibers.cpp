/// A CUDA driver for tests: two devices, "fibers" of compute capability 8.0 and "other fibers"
/// of 9.0. Their memory can be read and written while they work, and by the host at no other time:
/// it ends by a signal then. Modules and streams belong to the context in which they were made, and
/// a launch in another one fails, as on GPUs. A stream does what it is told at once or, where the
/// environment has PAMKIT_LATE_STREAMS, as late as a GPU may: when somebody waits for it. The
/// default stream, which no other one waits for, does it at once.
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
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

void* memory_at(address a) { return std::bit_cast<void*>(a); }

constexpr int kInvalidValue = 1;
constexpr int kOutOfMemory = 2;
constexpr int kInvalidContext = 201;
constexpr int kInvalidHandle = 400;
constexpr int kNotFound = 500;
constexpr int kIllegalAddress = 700;

struct context {
  int device = 0;
  const char* name = nullptr;
  int major = 0;
};
std::array<context, 2> contexts = {context{0, "fibers", 8}, context{1, "other fibers", 9}};
thread_local const context* current = nullptr;

// The memory of both devices.
class device_memory {
 public:
  address allocate(std::size_t bytes) {
    const std::scoped_lock alone(mutex_);
    address at = begin_;
    for (const auto& [begin, size] : allocated_) {
      if (begin - at >= taken_by(bytes)) break;
      at = begin + taken_by(size);
    }
    if (at - begin_ > kBytes || begin_ + kBytes - at < taken_by(bytes)) return 0;
    allocated_[at] = bytes;
    ASAN_UNPOISON_MEMORY_REGION(memory_at(at), bytes);
    ASAN_POISON_MEMORY_REGION(memory_at(at + bytes), taken_by(bytes) - bytes);
    return at;
  }
  bool free(address a) {
    const std::scoped_lock alone(mutex_);
    const auto found = allocated_.find(a);
    if (found == allocated_.end()) return false;
    ASAN_POISON_MEMORY_REGION(memory_at(a), found->second);
    allocated_.erase(found);
    return true;
  }
  /// Whether all of it lies in one allocation.
  bool has(address a, std::size_t bytes) {
    const std::scoped_lock alone(mutex_);
    const auto next = allocated_.upper_bound(a);
    if (next == allocated_.begin()) return false;
    const auto& [begin, size] = *std::prev(next);
    return a - begin <= size && size - (a - begin) >= bytes;
  }

  void begin_work() {
    const std::scoped_lock alone(mutex_);
    if (working_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void end_work() {
    const std::scoped_lock alone(mutex_);
    if (--working_ == 0) protect(PROT_NONE);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 30;
  static constexpr std::size_t kAlignment = 256;

  // What lies between two allocations is at least as long as the alignment.
  static std::size_t taken_by(std::size_t bytes) {
    return (bytes + 2 * kAlignment - 1) / kAlignment * kAlignment;
  }
  void protect(int how) const {
    if (mprotect(memory_at(begin_), kBytes, how) != 0) std::abort();
  }
  static address reserved() {
    void* const at =
        mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) std::abort();
    return std::bit_cast<address>(at);
  }

  const address begin_ = reserved();
  std::mutex mutex_;
  std::map<address, std::size_t> allocated_;
  int working_ = 0;
};

// Kept to the end of the process, in which tensors may be freed.
device_memory& memory() {
  static device_memory& self = *new device_memory;
  return self;
}

struct device_at_work {
  device_at_work() { memory().begin_work(); }
  device_at_work(const device_at_work&) = delete;
  device_at_work& operator=(const device_at_work&) = delete;
  ~device_at_work() { memory().end_work(); }
};

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
  /// What it has not come to is never done.
  void stop() {
    const std::scoped_lock alone(mutex_);
    told_.clear();
  }

 private:
  static bool is_late() {
    static const bool is_asked_for = std::getenv("PAMKIT_LATE_STREAMS") != nullptr;
    return is_asked_for;
  }
  void do_all() {
    const device_at_work working;
    for (const std::function<void()>& what : std::exchange(told_, {})) what();
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> told_;
};

// Kept to the end of the process, as memory is.
std::mutex streams_mutex;
std::vector<stream*>& streams() {
  static std::vector<stream*>& self = *new std::vector<stream*>;
  return self;
}

// Before memory is freed: what is told to do with it is done.
void wait_for_all() {
  const std::scoped_lock alone(streams_mutex);
  for (stream* const s : streams()) s->wait();
}

// Of the default stream, a null pointer, `what` is done at once.
void tell(void* s, std::function<void()> what) {
  if (s == nullptr) {
    const device_at_work working;
    return what();
  }
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

struct asked_failure {
  std::string function;
  int error = 0;
};
std::mutex failure_mutex;
asked_failure next_failure;

// What a function ends with: 0 unless it was asked to fail.
int failure_of(const char* function) {
  const std::scoped_lock alone(failure_mutex);
  if (next_failure.function != function) return 0;
  return std::exchange(next_failure, {}).error;
}

}  // namespace

extern "C" {

int cuInit(unsigned flags) { return flags == 0 ? 0 : kInvalidValue; }
int cuDriverGetVersion(int* version) { return *version = 12040, 0; }
int cuGetErrorName(int error, const char** name) {
  switch (error) {
    case kOutOfMemory:
      *name = "CUDA_ERROR_OUT_OF_MEMORY";
      break;
    case kInvalidContext:
      *name = "CUDA_ERROR_INVALID_CONTEXT";
      break;
    case kInvalidHandle:
      *name = "CUDA_ERROR_INVALID_HANDLE";
      break;
    case kNotFound:
      *name = "CUDA_ERROR_NOT_FOUND";
      break;
    case kIllegalAddress:
      *name = "CUDA_ERROR_ILLEGAL_ADDRESS";
      break;
    default:
      *name = "CUDA_ERROR_INVALID_VALUE";
  }
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
int cuCtxSetCurrent(void* c) {
  if (const int error = failure_of(__func__); error != 0) return error;
  return current = static_cast<const context*>(c), 0;
}
int cuCtxGetDevice(int* device) {
  if (current == nullptr) return kInvalidContext;
  return *device = current->device, 0;
}
int cuStreamCreate(void** s, unsigned flags) {
  if (const int error = failure_of(__func__); error != 0) return error;
  if (current == nullptr) return kInvalidContext;
  if (flags != 1) return kInvalidValue;
  auto* const made = new stream{current};
  const std::scoped_lock alone(streams_mutex);
  streams().push_back(made);
  *s = made;
  return 0;
}
int cuStreamSynchronize(void* s) {
  if (s == nullptr) return kInvalidValue;
  const int error = failure_of(__func__);
  if (error != 0) {
    static_cast<stream*>(s)->stop();
  } else {
    static_cast<stream*>(s)->wait();
  }
  return error;
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
  if (const int error = failure_of(__func__); error != 0) return error;
  if (bytes == 0) return kInvalidValue;
  const address allocated = memory().allocate(bytes);
  if (allocated == 0) return kOutOfMemory;
  const device_at_work working;
  std::memset(memory_at(allocated), 0xA5, bytes);
  return *a = allocated, 0;
}
int cuMemFree_v2(address a) {
  wait_for_all();
  return memory().free(a) ? failure_of(__func__) : kInvalidValue;
}
int cuMemHostAlloc(void** memory, std::size_t bytes, unsigned) {
  if (const int error = failure_of(__func__); error != 0) return error;
  *memory = new std::byte[bytes];
  return 0;
}
int cuMemFreeHost(void* memory) {
  wait_for_all();
  delete[] static_cast<std::byte*>(memory);
  return failure_of(__func__);
}
int cuMemcpyHtoDAsync_v2(address to, const void* from, std::size_t bytes, void* s) {
  if (const int error = failure_of(__func__); error != 0) return error;
  if (s == nullptr || !memory().has(to, bytes)) return kInvalidValue;
  tell(s, [=] { std::memcpy(memory_at(to), from, bytes); });
  return 0;
}
int cuMemcpyDtoHAsync_v2(void* to, address from, std::size_t bytes, void* s) {
  if (const int error = failure_of(__func__); error != 0) return error;
  if (s == nullptr || !memory().has(from, bytes)) return kInvalidValue;
  tell(s, [=] { std::memcpy(to, memory_at(from), bytes); });
  return 0;
}
int cuLaunchKernel(void* f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, void* s,
                   void** parameters, void** extra) {
  if (const int error = failure_of(__func__); error != 0) return error;
  const function& started_function = *static_cast<const function*>(f);
  const pamkit::cuda::kernel& k = *started_function.what;
  if (current == nullptr) return kInvalidContext;
  const bool is_stream_of_it = s == nullptr || static_cast<const stream*>(s)->of == current;
  if (started_function.of != current || !is_stream_of_it) return kInvalidHandle;
  const bool is_plain = grid_y == 1 && grid_z == 1 && block_y == 1 && block_z == 1 &&
                        shared_bytes == 0 && extra == nullptr;
  if (!is_plain || grid_x == 0 || block_x != static_cast<unsigned>(k.threads)) return kInvalidValue;
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
// These are no part of a driver. The next call of `function` ends with `error`: instead of what it
// does or, where it frees, after that, as if an earlier launch had failed.
void fibers_fail(const char* function, int error) {
  const std::scoped_lock alone(failure_mutex);
  next_failure = {function, error};
}
// Between these two the host does what a device does to its memory.
void fibers_begin_work() { memory().begin_work(); }
void fibers_end_work() { memory().end_work(); }
// Tells of every launch since the last call, from the first call on.
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

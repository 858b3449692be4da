#include "pamkit/cuda/device_backend.hpp"

#include <dlfcn.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "device_memory.hpp"
#include "pamkit/cuda/backend_over.hpp"
#include "pamkit/cuda/driver.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

namespace fs = std::filesystem;

// Of the driver API: CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
constexpr int kMajorAttribute = 75;
constexpr int kMinorAttribute = 76;
// CU_STREAM_NON_BLOCKING: does not wait for the default stream.
constexpr unsigned kNonBlocking = 1;

constexpr std::string_view kBaseline = "baseline_contraction_fused";

std::string contents_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error(file.string() + ": cannot be read");
  return text;
}

// Machine code of the very architecture, or PTX, which the driver compiles for any later one.
std::vector<fs::path> code_files(int architecture) {
  const char* const chosen = std::getenv("PAMKIT_CUDA_CODE");
  const fs::path folder = chosen != nullptr && *chosen != '\0' ? chosen : PAMKIT_CUDA_CODE_FOLDER;
  const fs::path machine = folder / "cubin" / ("sm_" + std::to_string(architecture));
  for (const fs::path& candidate : {machine, folder / "ptx" / "sm_80"}) {
    std::vector<fs::path> files;
    std::error_code missing;
    for (const fs::directory_entry& entry : fs::directory_iterator(candidate, missing)) {
      const fs::path ending = entry.path().extension();
      if (ending == ".cubin" || ending == ".ptx") files.push_back(entry.path());
    }
    if (files.empty()) continue;
    const fs::path baseline =
        folder.parent_path() / "audit" / ("sm_" + std::to_string(architecture)) / "baseline.cubin";
    if (candidate == machine && fs::exists(baseline, missing)) files.push_back(baseline);
    return files;
  }
  throw std::runtime_error("no device code in " + folder.string() +
                           ": build the target pamkit_cuda_code, or set PAMKIT_CUDA_CODE");
}

// The part of cuBLAS that is measured.
class cublas {
 public:
  /// Products run on `stream`.
  explicit cublas(void* stream) {
    for (const char* const name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
      library_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (library_ != nullptr) break;
    }
    if (library_ == nullptr) throw std::runtime_error("no cuBLAS is here");
    using create = int(void**);
    if (find<create>("cublasCreate_v2")(&handle_) != 0) {
      throw std::runtime_error("cuBLAS does not start");
    }
    if (find<int(void*, void*)>("cublasSetStream_v2")(handle_, stream) != 0) {
      throw std::runtime_error("cuBLAS does not take the stream");
    }
    sgemm_ = find<gemm>("cublasSgemm_v2");
  }

  /// c = a b, all square and dense, without waiting.
  void sgemm(std::int64_t size, std::uint64_t a, std::uint64_t b, std::uint64_t c) const {
    const int n = static_cast<int>(size);
    const float one = 1;
    const float zero = 0;
    if (sgemm_(handle_, 0, 0, n, n, n, &one, a, n, b, n, &zero, c, n) != 0) {
      throw std::runtime_error("cublasSgemm failed");
    }
  }

 private:
  using gemm = int(void*, int, int, int, int, int, const float*, std::uint64_t, int, std::uint64_t,
                   int, const float*, std::uint64_t, int);

  template <class Function>
  Function* find(const char* name) const {
    void* const address = dlsym(library_, name);
    if (address == nullptr) throw std::runtime_error(std::string("cuBLAS has no ") + name);
    Function* function = nullptr;
    std::memcpy(&function, &address, sizeof function);
    return function;
  }

  void* library_ = nullptr;
  void* handle_ = nullptr;
  gemm* sgemm_ = nullptr;
};

// A GPU with the kernels loaded into its primary context: a module belongs to the context that it
// is loaded in. Threads may run launches at the same time.
class device {
 public:
  explicit device(int ordinal) : driver_(open_driver()) {
    check(driver_, driver_.cuInit(0), "the CUDA driver does not start");
    int count = 0;
    check(driver_, driver_.cuDeviceGetCount(&count), "devices cannot be counted");
    if (count == 0) throw std::runtime_error("there is no GPU");
    if (ordinal < 0 || ordinal >= count) {
      throw std::runtime_error("there is no GPU " + std::to_string(ordinal) + ": the last is " +
                               std::to_string(count - 1));
    }
    const std::string name = "GPU " + std::to_string(ordinal);
    int handle = 0;
    check(driver_, driver_.cuDeviceGet(&handle, ordinal), name + " cannot be opened");
    describe(handle, name);
    check(driver_, driver_.cuDevicePrimaryCtxRetain(&context_, handle),
          description.name + ": no context");
    enter();
    for (const fs::path& file : code_files(description.architecture)) {
      const std::string image = contents_of(file);
      driver::handle module = nullptr;
      check(driver_, driver_.cuModuleLoadData(&module, image.c_str()), file.string());
      modules_.push_back(module);
    }
    for (const kernel* k : kernels()) find_function(k->name, k->threads);
    // What the classes are measured against has their block.
    if (const kernel* k = find_kernel("pamkit_contraction_pam_fast"); k != nullptr) {
      find_function(kBaseline, k->threads);
    }
  }

  device_description description;

  void run(const launch& what) {
    enter();
    const borrowed_lane lane(*this);
    const std::string name(what.kernel);
    const device_layout layout(what.memory);
    copy_operands(*lane, layout, name);
    const std::vector<std::byte> parameters = moved_parameters(what, layout, *lane);
    start(what.kernel, what.blocks, parameters.data(), lane->stream);
    for (const memory_region& r : what.memory) {
      if (!r.is_written || r.bytes == 0) continue;
      const std::size_t offset = offset_of(layout, r);
      check(driver_,
            driver_.cuMemcpyDtoHAsync(lane->staging + offset, lane->memory + offset, r.bytes,
                                      lane->stream),
            name + ": copy from the device");
    }
    check(driver_, driver_.cuStreamSynchronize(lane->stream), name);
    for (const memory_region& r : what.memory) {
      if (!r.is_written || r.bytes == 0) continue;
      take_back(r, lane->staging + offset_of(layout, r));
    }
  }

  void launch_on(driver::handle stream, const launch& what) {
    enter();
    start(what.kernel, what.blocks, what.parameters, stream);
  }

  std::vector<double> time(const launch& what, int repetitions, std::string_view instead) {
    enter();
    const borrowed_lane lane(*this);
    const device_layout layout(what.memory);
    copy_operands(*lane, layout, std::string(what.kernel));
    const std::vector<std::byte> parameters = moved_parameters(what, layout, *lane);
    const std::string_view kernel = instead.empty() ? what.kernel : instead;
    return timed(repetitions, lane->stream,
                 [&] { start(kernel, what.blocks, parameters.data(), lane->stream); });
  }

  std::vector<double> time_gemm(std::int64_t size, int repetitions) {
    enter();
    const borrowed_lane lane(*this);
    const cublas blas(lane->stream);
    const auto count = static_cast<std::size_t>(size * size);
    const std::size_t bytes = count * sizeof(float);
    reserve(*lane, 3 * bytes);
    for (std::size_t i = 0; i < 3 * count; ++i) {
      const float value = i < 2 * count ? 1.0F : 0.0F;
      std::memcpy(lane->staging + i * sizeof value, &value, sizeof value);
    }
    check(driver_, driver_.cuMemcpyHtoDAsync(lane->memory, lane->staging, 3 * bytes, lane->stream),
          "copy to the device");
    return timed(repetitions, lane->stream, [&] {
      blas.sgemm(size, lane->memory, lane->memory + bytes, lane->memory + 2 * bytes);
    });
  }

 private:
  static constexpr int kWarmUps = 3;

  /// What one launch at a time is run with: launches of several threads overlap on the device.
  struct device_lane {
    driver::handle stream = nullptr;
    driver::device_address memory = 0;
    std::byte* staging = nullptr;  ///< page-locked, as long as `memory`
    std::size_t capacity = 0;
  };

  class borrowed_lane {
   public:
    explicit borrowed_lane(device& owner) : owner_(owner), lane_(owner.take_lane()) {}
    borrowed_lane(const borrowed_lane&) = delete;
    borrowed_lane& operator=(const borrowed_lane&) = delete;
    ~borrowed_lane() {
      const std::scoped_lock alone(owner_.mutex_);
      owner_.idle_.push_back(lane_);
    }
    device_lane& operator*() const { return *lane_; }
    device_lane* operator->() const { return lane_; }

   private:
    device& owner_;
    device_lane* lane_;
  };

  device_lane* take_lane() {
    const std::scoped_lock alone(mutex_);
    if (idle_.empty()) {
      auto made = std::make_unique<device_lane>();
      check(driver_, driver_.cuStreamCreate(&made->stream, kNonBlocking), "stream");
      idle_.push_back(made.get());
      lanes_.push_back(std::move(made));
    }
    device_lane* const lane = idle_.back();
    idle_.pop_back();
    return lane;
  }

  // All operands in one copy.
  void copy_operands(device_lane& lane, const device_layout& layout, const std::string& name) {
    if (layout.bytes() == 0) return;
    reserve(lane, layout.bytes());
    for (const device_layout::segment& s : layout.segments()) {
      std::memcpy(lane.staging + s.offset, std::bit_cast<const void*>(s.begin), s.end - s.begin);
    }
    check(driver_,
          driver_.cuMemcpyHtoDAsync(lane.memory, lane.staging, layout.bytes(), lane.stream),
          name + ": copy to the device");
  }

  static std::size_t offset_of(const device_layout& layout, const memory_region& r) {
    return static_cast<std::size_t>(layout.offset_of(std::bit_cast<std::uintptr_t>(r.data)));
  }

  static std::vector<std::byte> moved_parameters(const launch& what, const device_layout& layout,
                                                 const device_lane& lane) {
    const std::span given(static_cast<const std::byte*>(what.parameters), what.parameter_bytes);
    return layout.moved(given, lane.memory);
  }

  void start(std::string_view kernel, std::uint32_t blocks, const void* parameters,
             driver::handle stream) const {
    const auto it = functions_.find(kernel);
    if (it == functions_.end()) {
      throw std::invalid_argument("no device code has " + std::string(kernel));
    }
    // The driver copies what this points to before it returns, and does not write it.
    void* addresses[] = {const_cast<void*>(parameters)};
    const auto threads = static_cast<unsigned>(it->second.threads);
    check(driver_,
          driver_.cuLaunchKernel(it->second.function, blocks, 1, 1, threads, 1, 1, 0, stream,
                                 addresses, nullptr),
          std::string(kernel) + ": launch");
  }

  template <class Start>
  std::vector<double> timed(int repetitions, driver::handle stream, const Start& start_once) const {
    for (int i = 0; i < kWarmUps; ++i) start_once();
    std::array<driver::handle, 2> events{};
    for (driver::handle& e : events) check(driver_, driver_.cuEventCreate(&e, 0), "event");
    std::vector<double> milliseconds;
    for (int i = 0; i < repetitions; ++i) {
      float elapsed = 0;
      check(driver_, driver_.cuEventRecord(events[0], stream), "event");
      start_once();
      check(driver_, driver_.cuEventRecord(events[1], stream), "event");
      check(driver_, driver_.cuEventSynchronize(events[1]), "timed launch");
      check(driver_, driver_.cuEventElapsedTime(&elapsed, events[0], events[1]), "event");
      milliseconds.push_back(elapsed);
    }
    for (const driver::handle e : events) check(driver_, driver_.cuEventDestroy(e), "event");
    return milliseconds;
  }

  struct loaded {
    driver::handle function = nullptr;
    int threads = 0;
  };

  void describe(int handle, const std::string& which) {
    std::array<char, 256> name{};
    check(driver_, driver_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, handle),
          which + " has no name");
    int major = 0;
    int minor = 0;
    check(driver_, driver_.cuDeviceGetAttribute(&major, kMajorAttribute, handle), name.data());
    check(driver_, driver_.cuDeviceGetAttribute(&minor, kMinorAttribute, handle), name.data());
    int version = 0;
    check(driver_, driver_.cuDriverGetVersion(&version), name.data());
    description = {name.data(), major * 10 + minor, version};
  }

  // A context belongs to a thread.
  void enter() {
    check(driver_, driver_.cuCtxSetCurrent(context_), description.name + ": no context");
  }

  void find_function(std::string_view kernel, int threads) {
    const std::string name(kernel);
    for (const driver::handle module : modules_) {
      driver::handle function = nullptr;
      if (driver_.cuModuleGetFunction(&function, module, name.c_str()) != 0) continue;
      functions_[kernel] = {function, threads};
      return;
    }
  }

  void reserve(device_lane& lane, std::size_t bytes) const {
    if (bytes <= lane.capacity) return;
    // Whatever fails, it has no memory before it has the new one: what a free tells may be the
    // failure of an earlier launch.
    if (std::exchange(lane.capacity, 0) != 0) {
      const driver::result freed = driver_.cuMemFree(lane.memory);
      check(driver_, driver_.cuMemFreeHost(lane.staging), "page-locked memory");
      check(driver_, freed, "device memory");
    }
    check(driver_, driver_.cuMemAlloc(&lane.memory, bytes), "device memory");
    void* staging = nullptr;
    const driver::result code = driver_.cuMemHostAlloc(&staging, bytes, 0);
    if (code != 0) driver_.cuMemFree(lane.memory);
    check(driver_, code, "page-locked memory");
    lane.staging = static_cast<std::byte*>(staging);
    lane.capacity = bytes;
  }

  driver driver_;
  driver::handle context_ = nullptr;
  std::vector<driver::handle> modules_;
  std::map<std::string_view, loaded> functions_;
  std::mutex mutex_;  ///< of the two below
  std::vector<std::unique_ptr<device_lane>> lanes_;
  std::vector<device_lane*> idle_;
};

struct opened {
  device_search search;
  std::unique_ptr<device> gpu;
};

// Kept to the end of the process: the driver ends its contexts itself.
opened& the_device(int ordinal) {
  static auto& mutex = *new std::mutex;
  static auto& all = *new std::map<int, opened>;
  const std::scoped_lock alone(mutex);
  const auto [place, is_new] = all.try_emplace(ordinal);
  opened& o = place->second;
  if (!is_new) return o;
  try {
    o.gpu = std::make_unique<device>(ordinal);
    o.search = {true, o.gpu->description, ""};
  } catch (const std::runtime_error& error) {
    o.search.reason = error.what();
  }
  return o;
}

thread_local std::map<std::string_view, std::uint64_t> launches;

}  // namespace

const device_search& find_device(int ordinal) { return the_device(ordinal).search; }

namespace {
device& opened_device(int ordinal = 0) {
  const opened& o = the_device(ordinal);
  if (o.gpu == nullptr) throw std::runtime_error(o.search.reason);
  return *o.gpu;
}
}  // namespace

std::vector<double> time_on_device(const launch& what, int repetitions, std::string_view kernel) {
  return opened_device().time(what, repetitions, kernel);
}

std::vector<double> time_cublas(std::int64_t size, int repetitions) {
  return opened_device().time_gemm(size, repetitions);
}

void execute_on_device(const launch& what) {
  opened_device().run(what);
  if (const kernel* k = find_kernel(what.kernel); k != nullptr) ++launches[k->name];
}

void launch_on_stream(const launch& what, int ordinal, void* stream) {
  opened_device(ordinal).launch_on(stream, what);
  if (const kernel* k = find_kernel(what.kernel); k != nullptr) ++launches[k->name];
}

std::vector<std::pair<std::string_view, std::uint64_t>> take_device_launches() {
  std::vector<std::pair<std::string_view, std::uint64_t>> taken(launches.begin(), launches.end());
  launches.clear();
  return taken;
}

const backend& device_backend() {
  static constexpr backend self =
      backend_over<execute_on_device>::make("cuda", "the CUDA kernels on the first GPU");
  return self;
}

}  // namespace pamkit::cuda

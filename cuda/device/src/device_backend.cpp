#include "pamkit/cuda/device_backend.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>

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
    if (!files.empty()) return files;
  }
  throw std::runtime_error("no device code in " + folder.string() +
                           ": build the target pamkit_cuda_code, or set PAMKIT_CUDA_CODE");
}

// The first GPU with the kernels loaded; calls are made one at a time.
class device {
 public:
  device() : driver_(open_driver()) {
    check(driver_, driver_.cuInit(0), "the CUDA driver does not start");
    int count = 0;
    check(driver_, driver_.cuDeviceGetCount(&count), "devices cannot be counted");
    if (count == 0) throw std::runtime_error("there is no GPU");
    int ordinal = 0;
    check(driver_, driver_.cuDeviceGet(&ordinal, 0), "the first GPU cannot be opened");
    describe(ordinal);
    check(driver_, driver_.cuDevicePrimaryCtxRetain(&context_, ordinal),
          description.name + ": no context");
    enter();
    for (const fs::path& file : code_files(description.architecture)) {
      const std::string image = contents_of(file);
      driver::handle module = nullptr;
      check(driver_, driver_.cuModuleLoadData(&module, image.c_str()), file.string());
      modules_.push_back(module);
    }
    for (const kernel* k : kernels()) find_function(*k);
  }

  device_description description;

  void run(const launch& what) {
    const auto it = functions_.find(what.kernel);
    if (it == functions_.end()) {
      throw std::invalid_argument("no device code has " + std::string(what.kernel));
    }
    const std::scoped_lock alone(mutex_);
    enter();
    const std::string name(what.kernel);
    const device_layout layout(what.memory);
    reserve(layout.bytes());
    for (const device_layout::segment& s : layout.segments()) {
      check(driver_,
            driver_.cuMemcpyHtoD(memory_ + s.offset, std::bit_cast<const void*>(s.begin),
                                 s.end - s.begin),
            name + ": copy to the device");
    }
    const std::span given(static_cast<const std::byte*>(what.parameters), what.parameter_bytes);
    std::vector<std::byte> moved = layout.moved(given, memory_);
    void* parameters[] = {moved.data()};
    const auto threads = static_cast<unsigned>(it->second.threads);
    check(driver_,
          driver_.cuLaunchKernel(it->second.function, what.blocks, 1, 1, threads, 1, 1, 0, nullptr,
                                 parameters, nullptr),
          name + ": launch");
    check(driver_, driver_.cuCtxSynchronize(), name);
    for (const memory_region& r : what.memory) {
      if (!r.is_written || r.bytes == 0) continue;
      const std::ptrdiff_t offset = layout.offset_of(std::bit_cast<std::uintptr_t>(r.data));
      check(driver_,
            driver_.cuMemcpyDtoH(const_cast<void*>(r.data),
                                 memory_ + static_cast<std::uint64_t>(offset), r.bytes),
            name + ": copy from the device");
    }
  }

 private:
  struct loaded {
    driver::handle function = nullptr;
    int threads = 0;
  };

  void describe(int ordinal) {
    std::array<char, 256> name{};
    check(driver_, driver_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, ordinal),
          "the first GPU has no name");
    int major = 0;
    int minor = 0;
    check(driver_, driver_.cuDeviceGetAttribute(&major, kMajorAttribute, ordinal), name.data());
    check(driver_, driver_.cuDeviceGetAttribute(&minor, kMinorAttribute, ordinal), name.data());
    int version = 0;
    check(driver_, driver_.cuDriverGetVersion(&version), name.data());
    description = {name.data(), major * 10 + minor, version};
  }

  // A context belongs to a thread.
  void enter() {
    check(driver_, driver_.cuCtxSetCurrent(context_), description.name + ": no context");
  }

  void find_function(const kernel& k) {
    const std::string name(k.name);
    for (const driver::handle module : modules_) {
      driver::handle function = nullptr;
      if (driver_.cuModuleGetFunction(&function, module, name.c_str()) != 0) continue;
      functions_[k.name] = {function, k.threads};
      return;
    }
  }

  void reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    if (capacity_ != 0) check(driver_, driver_.cuMemFree(memory_), "device memory");
    capacity_ = 0;
    check(driver_, driver_.cuMemAlloc(&memory_, bytes), "device memory");
    capacity_ = bytes;
  }

  driver driver_;
  driver::handle context_ = nullptr;
  std::vector<driver::handle> modules_;
  std::map<std::string_view, loaded> functions_;
  std::mutex mutex_;
  driver::device_address memory_ = 0;
  std::size_t capacity_ = 0;
};

struct opened {
  device_search search;
  std::unique_ptr<device> gpu;
};

// Kept to the end of the process: the driver ends its contexts itself.
opened& the_device() {
  static opened& all = *[] {
    auto* const o = new opened;
    try {
      o->gpu = std::make_unique<device>();
      o->search = {true, o->gpu->description, ""};
    } catch (const std::runtime_error& error) {
      o->search.reason = error.what();
    }
    return o;
  }();
  return all;
}

thread_local std::map<std::string_view, std::uint64_t> launches;

}  // namespace

const device_search& find_device() { return the_device().search; }

void execute_on_device(const launch& what) {
  const opened& o = the_device();
  if (o.gpu == nullptr) throw std::runtime_error(o.search.reason);
  o.gpu->run(what);
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

#include "pamkit/operators/gpu.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <link.h>

#include <filesystem>

#include "pamkit/cuda/device_backend.hpp"

namespace pamkit::operators {
namespace {

namespace fs = std::filesystem;

// The folder of the libtorch_cpu.so that this process has loaded.
fs::path torch_folder() {
  fs::path folder;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* found) {
        const fs::path path = object->dlpi_name;
        if (path.filename() != "libtorch_cpu.so") return 0;
        *static_cast<fs::path*>(found) = path.parent_path();
        return 1;
      },
      &folder);
  return folder;
}

// LibTorch finds its part for CUDA by what that registers when it is loaded.
std::string load_torch_cuda() {
  const char* const name = "libtorch_cuda.so";
  if (dlopen((torch_folder() / name).c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) return "";
  const char* const why = dlerror();
  return std::string("LibTorch's ") + name + " does not load: " + (why == nullptr ? "" : why);
}

}  // namespace

gpu_search find_gpu() {
  at::globalContext().setAllowTF32CuDNN(false);
  if (std::string missing = load_torch_cuda(); !missing.empty()) return {"", std::move(missing)};
  if (!c10::impl::hasDeviceGuardImpl(at::kCUDA)) {
    return {"", "this LibTorch is one without CUDA"};
  }
  if (c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount() == 0) {
    return {"", "LibTorch finds no GPU"};
  }
  const cuda::device_search& found = cuda::find_device();
  if (!found.is_found) return {"", found.reason};
  return {found.device.name, ""};
}

const backend& gpu_backend() { return cuda::device_backend(); }

}  // namespace pamkit::operators

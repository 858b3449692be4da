#include "pamkit/cuda/driver.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace pamkit::cuda {
namespace {

template <class Function>
void find(void* library, const char* name, Function*& function) {
  void* const address = dlsym(library, name);
  if (address == nullptr) {
    throw std::runtime_error(std::string("the CUDA driver has no ") + name);
  }
  static_assert(sizeof address == sizeof function);
  std::memcpy(&function, &address, sizeof function);
}

}  // namespace

driver open_driver() {
  const char* const chosen = std::getenv("PAMKIT_CUDA_DRIVER");
  const char* const name = chosen != nullptr && *chosen != '\0' ? chosen : "libcuda.so.1";
  void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(std::string("no CUDA driver: ") + dlerror());
  driver d;
  find(library, "cuInit", d.cuInit);
  find(library, "cuDriverGetVersion", d.cuDriverGetVersion);
  find(library, "cuGetErrorName", d.cuGetErrorName);
  find(library, "cuDeviceGetCount", d.cuDeviceGetCount);
  find(library, "cuDeviceGet", d.cuDeviceGet);
  find(library, "cuDeviceGetName", d.cuDeviceGetName);
  find(library, "cuDeviceGetAttribute", d.cuDeviceGetAttribute);
  find(library, "cuDevicePrimaryCtxRetain", d.cuDevicePrimaryCtxRetain);
  find(library, "cuCtxSetCurrent", d.cuCtxSetCurrent);
  find(library, "cuStreamCreate", d.cuStreamCreate);
  find(library, "cuStreamSynchronize", d.cuStreamSynchronize);
  find(library, "cuModuleLoadData", d.cuModuleLoadData);
  find(library, "cuModuleGetFunction", d.cuModuleGetFunction);
  find(library, "cuMemAlloc_v2", d.cuMemAlloc);
  find(library, "cuMemFree_v2", d.cuMemFree);
  find(library, "cuMemHostAlloc", d.cuMemHostAlloc);
  find(library, "cuMemFreeHost", d.cuMemFreeHost);
  find(library, "cuMemcpyHtoDAsync_v2", d.cuMemcpyHtoDAsync);
  find(library, "cuMemcpyDtoHAsync_v2", d.cuMemcpyDtoHAsync);
  find(library, "cuLaunchKernel", d.cuLaunchKernel);
  find(library, "cuEventCreate", d.cuEventCreate);
  find(library, "cuEventDestroy_v2", d.cuEventDestroy);
  find(library, "cuEventRecord", d.cuEventRecord);
  find(library, "cuEventSynchronize", d.cuEventSynchronize);
  find(library, "cuEventElapsedTime", d.cuEventElapsedTime);
  return d;
}

void check(const driver& d, driver::result code, const std::string& what) {
  if (code == 0) return;
  const char* name = nullptr;
  if (d.cuGetErrorName(code, &name) != 0 || name == nullptr) name = "unknown error";
  throw std::runtime_error(what + ": " + name);
}

}  // namespace pamkit::cuda

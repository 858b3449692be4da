#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pamkit::cuda {

/// The part of the CUDA driver's interface that launches need, found in a library when it is asked
/// for: a program that has this needs no toolkit and no GPU to be built and started. Names and types
/// are those of the driver API's documentation; a result of 0 is success.
struct driver {
  using result = int;
  using device_address = std::uint64_t;
  using handle = void*;  ///< of a context, module, function or stream

  result (*cuInit)(unsigned flags) = nullptr;
  result (*cuDriverGetVersion)(int* version) = nullptr;
  result (*cuGetErrorName)(result error, const char** name) = nullptr;
  result (*cuDeviceGetCount)(int* count) = nullptr;
  result (*cuDeviceGet)(int* device, int ordinal) = nullptr;
  result (*cuDeviceGetName)(char* name, int length, int device) = nullptr;
  result (*cuDeviceGetAttribute)(int* value, int attribute, int device) = nullptr;
  result (*cuDevicePrimaryCtxRetain)(handle* context, int device) = nullptr;
  result (*cuCtxSetCurrent)(handle context) = nullptr;
  result (*cuStreamCreate)(handle* stream, unsigned flags) = nullptr;
  result (*cuStreamSynchronize)(handle stream) = nullptr;
  result (*cuModuleLoadData)(handle* module, const void* image) = nullptr;
  result (*cuModuleGetFunction)(handle* function, handle module, const char* name) = nullptr;
  result (*cuMemAlloc)(device_address* address, std::size_t bytes) = nullptr;
  result (*cuMemFree)(device_address address) = nullptr;
  result (*cuMemHostAlloc)(void** memory, std::size_t bytes, unsigned flags) = nullptr;
  result (*cuMemFreeHost)(void* memory) = nullptr;
  result (*cuMemcpyHtoDAsync)(device_address to, const void* from, std::size_t bytes,
                              handle stream) = nullptr;
  result (*cuMemcpyDtoHAsync)(void* to, device_address from, std::size_t bytes,
                              handle stream) = nullptr;
  result (*cuLaunchKernel)(handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                           unsigned block_x, unsigned block_y, unsigned block_z,
                           unsigned shared_bytes, handle stream, void** parameters,
                           void** extra) = nullptr;
  result (*cuEventCreate)(handle* event, unsigned flags) = nullptr;
  result (*cuEventDestroy)(handle event) = nullptr;
  result (*cuEventRecord)(handle event, handle stream) = nullptr;
  result (*cuEventSynchronize)(handle event) = nullptr;
  result (*cuEventElapsedTime)(float* milliseconds, handle from, handle to) = nullptr;
};

/// Opens the driver's library: PAMKIT_CUDA_DRIVER, or else libcuda.so.1. Throws std::runtime_error
/// with the reason where there is none or it lacks a function.
driver open_driver();

/// Throws std::runtime_error, "WHAT: NAME OF THE ERROR", unless `code` is 0.
void check(const driver& d, driver::result code, const std::string& what);

}  // namespace pamkit::cuda

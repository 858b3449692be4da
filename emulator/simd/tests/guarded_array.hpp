#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>

namespace pamkit::testing {

/// Floats, or elements of another size, that end (or begin) at a page that may be neither read nor
/// written: an access outside them is a fault.
class guarded_array {
 public:
  enum class side { before, behind };

  guarded_array(std::size_t count, side guard, std::size_t element_size = sizeof(float))
      : count_(count) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = count * element_size;
    const std::size_t body = (bytes + page - 1) / page * page;
    mapped_ = body + 2 * page;
    memory_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("guarded_array: mmap failed");
    auto* const first = static_cast<std::byte*>(memory_) + page;
    if (body != 0 && mprotect(first, body, PROT_READ | PROT_WRITE) != 0) {
      throw std::runtime_error("guarded_array: mprotect failed");
    }
    void* const start = first + (guard == side::behind ? body - bytes : 0);
    bytes_ = start;
  }
  guarded_array(const guarded_array&) = delete;
  guarded_array& operator=(const guarded_array&) = delete;
  ~guarded_array() { munmap(memory_, mapped_); }

  void* bytes() { return bytes_; }
  float* data() { return static_cast<float*>(bytes_); }
  float* begin() { return data(); }
  float* end() { return data() + count_; }
  std::size_t size() const { return count_; }
  float& operator[](std::size_t i) { return data()[i]; }

 private:
  std::size_t count_ = 0;
  std::size_t mapped_ = 0;
  void* memory_ = nullptr;
  void* bytes_ = nullptr;
};

}  // namespace pamkit::testing

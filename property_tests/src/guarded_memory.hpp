#pragma once

#include <cstddef>

namespace pamkit::properties {

/// Bytes that end, or begin, at a page that may be neither read nor written. An access there is let
/// through and noted, so that the program goes on and says what it was. Memory is the calling
/// thread's and used again.
class guarded_memory {
 public:
  enum class side { front, back };

  guarded_memory(std::size_t bytes, side guard);
  ~guarded_memory();
  guarded_memory(const guarded_memory&) = delete;
  guarded_memory& operator=(const guarded_memory&) = delete;

  /// Aligned for elements whose size divides the number of bytes.
  std::byte* data() { return data_; }

  /// Whether a page beside the memory of the calling thread was accessed since the last call.
  static bool was_left();

 private:
  struct arena;
  friend struct arena_access;
  arena* arena_;
  std::byte* data_;
};

/// A page of memory of the calling thread that in the scope may be neither read nor written; an access is let through and
/// noted as those beside guarded memory are. `page` is a multiple of page_size().
class guarded_page {
 public:
  explicit guarded_page(void* page);
  ~guarded_page();
  guarded_page(const guarded_page&) = delete;
  guarded_page& operator=(const guarded_page&) = delete;

  static std::size_t page_size();

 private:
  void* page_;
};

}  // namespace pamkit::properties

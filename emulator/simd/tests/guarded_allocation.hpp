#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

// Memory of a whole program that is allocated while `guarded` is set lies next to a page that may
// be neither read nor written. Defines operator new: included by one file of a program.

namespace pamkit::testing {

enum class guard { none, before, behind };

inline guard& guarded() {
  thread_local guard side = guard::none;
  return side;
}

struct mapping {
  void* data = nullptr;
  void* memory = nullptr;
  std::size_t size = 0;
};

// Few at a time: the operands and results of one call.
inline std::array<mapping, 4096>& mappings() {
  static std::array<mapping, 4096> all;
  return all;
}

inline void* map_guarded(std::size_t bytes, guard side) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t body = (bytes + page - 1) / page * page;
  const std::size_t size = body + 2 * page;
  void* const memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  auto* const first = static_cast<std::byte*>(memory) + page;
  if (body != 0 && mprotect(first, body, PROT_READ | PROT_WRITE) != 0) std::abort();
  // What is not a row of words keeps the alignment of its size.
  void* const data = first + (side == guard::behind ? body - bytes : 0);
  for (mapping& m : mappings()) {
    if (m.memory != nullptr) continue;
    m = {data, memory, size};
    return data;
  }
  std::abort();
}

inline bool unmap_guarded(void* data) {
  for (mapping& m : mappings()) {
    if (m.memory == nullptr || m.data != data) continue;
    munmap(m.memory, m.size);
    m = {};
    return true;
  }
  return false;
}

}  // namespace pamkit::testing

// Not inlined: a compiler that sees malloc behind new takes delete for the wrong counterpart.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  using namespace pamkit::testing;
  if (guarded() != guard::none) return map_guarded(bytes, guarded());
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr && !pamkit::testing::unmap_guarded(memory)) std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

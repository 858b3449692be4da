#include "guarded_memory.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <vector>

namespace pamkit::properties {
namespace {

std::size_t page_size() { return guarded_page::page_size(); }

constexpr std::size_t kLeastBytes = std::size_t{1} << 16;

}  // namespace

/// A body between two pages without access.
struct guarded_memory::arena {
  std::size_t size;
  std::byte* first;  ///< of the body
  bool is_used = false;

  explicit arena(std::size_t body) : size(body) {
    void* const all =
        mmap(nullptr, size + 2 * page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    first = static_cast<std::byte*>(all) + page_size();
    if (mprotect(first, size, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  ~arena() { munmap(first - page_size(), size + 2 * page_size()); }
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  /// Makes the page beside the body that has this address accessible, or none of them; whether it
  /// was one of them.
  bool open(const void* address) {
    for (std::byte* const page : {first - page_size(), first + size}) {
      if (address >= page && address < page + page_size()) {
        return mprotect(page, page_size(), PROT_READ | PROT_WRITE) == 0;
      }
    }
    return false;
  }
  void close() {
    for (std::byte* const page : {first - page_size(), first + size}) {
      mprotect(page, page_size(), PROT_NONE);
    }
  }
};

struct arena_access {
  using arena = guarded_memory::arena;

  static std::vector<std::unique_ptr<arena>>& all() {
    thread_local std::vector<std::unique_ptr<arena>> arenas;
    return arenas;
  }
  static std::vector<void*>& pages() {
    thread_local std::vector<void*> watched;
    return watched;
  }
  static inline thread_local volatile sig_atomic_t left = 0;
  static inline struct sigaction action_before;

  // Opens the page, so that the instruction goes through when it is tried again.
  static void note(int, siginfo_t* information, void*) {
    for (const auto& a : all()) {
      if (!a->open(information->si_addr)) continue;
      left = 1;
      return;
    }
    for (void* const page : pages()) {
      const auto* const at = static_cast<const std::byte*>(information->si_addr);
      const auto* const first = static_cast<const std::byte*>(page);
      if (at < first || at >= first + page_size()) continue;
      if (mprotect(page, page_size(), PROT_READ | PROT_WRITE) != 0) continue;
      left = 1;
      return;
    }
    sigaction(SIGSEGV, &action_before, nullptr);
  }

  static void install() {
    static const bool is_installed = [] {
      struct sigaction action {};
      action.sa_sigaction = note;
      action.sa_flags = SA_SIGINFO;
      return sigaction(SIGSEGV, &action, &action_before) == 0;
    }();
    static_cast<void>(is_installed);
  }

  static arena* take(std::size_t bytes) {
    install();
    for (const auto& a : all()) {
      if (!a->is_used && a->size >= bytes) {
        a->is_used = true;
        return a.get();
      }
    }
    all().push_back(std::make_unique<arena>(std::max(std::bit_ceil(bytes), kLeastBytes)));
    all().back()->is_used = true;
    return all().back().get();
  }
};

guarded_memory::guarded_memory(std::size_t bytes, side guard)
    : arena_(arena_access::take(bytes)),
      data_(guard == side::front ? arena_->first : arena_->first + (arena_->size - bytes)) {}

guarded_memory::~guarded_memory() { arena_->is_used = false; }

bool guarded_memory::was_left() {
  if (arena_access::left == 0) return false;
  for (const auto& a : arena_access::all()) a->close();
  arena_access::left = 0;
  return true;
}

guarded_page::guarded_page(void* page) : page_(page) {
  arena_access::install();
  arena_access::pages().push_back(page);
  if (mprotect(page, page_size(), PROT_NONE) != 0) throw std::bad_alloc();
}

guarded_page::~guarded_page() {
  mprotect(page_, page_size(), PROT_READ | PROT_WRITE);
  std::erase(arena_access::pages(), page_);
}

std::size_t guarded_page::page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace pamkit::properties

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pamkit/backend.hpp"

namespace pamkit::properties {

/// Kernel launches of the calling thread, by the name of the kernel.
using kernel_launches = std::vector<std::pair<std::string_view, std::uint64_t>>;

/// A backend that consists of kernels, each of which a run has to judge.
struct kernel_backend {
  const backend* implementation = nullptr;
  std::vector<std::string_view> kernels;
  /// What this thread has launched since it last asked.
  kernel_launches (*take_launches)() = nullptr;
  /// Its launches are executed thread by thread: it is judged on fewer cases, spread over the settings.
  bool is_emulated = false;
};

/// The backends that this program knows by name: the emulator's, and those that it added.
std::span<const backend* const> all_backends();

/// Adds a backend, at the start of a program.
void add_backend(kernel_backend added);

/// Has `add` called before all_backends() answers for the first time: for backends that take time to
/// be found, and that most commands do not ask for.
void add_backends_when_asked(void (*add)());

/// Whether this backend was added as an emulated one.
bool is_emulated(const backend& b);

/// Those that were added.
std::span<const kernel_backend> kernel_backends();

}  // namespace pamkit::properties

#include "pamkit/properties/backends.hpp"

#include <algorithm>
#include <utility>

namespace pamkit::properties {
namespace {

std::vector<kernel_backend>& added_backends() {
  static std::vector<kernel_backend> all;
  return all;
}

std::vector<void (*)()>& later_additions() {
  static std::vector<void (*)()> all;
  return all;
}

std::vector<const backend*>& backend_list() {
  static std::vector<const backend*> all(emulator_backends().begin(), emulator_backends().end());
  return all;
}

}  // namespace

std::span<const backend* const> all_backends() {
  for (void (*const add)() : std::exchange(later_additions(), {})) add();
  return backend_list();
}

void add_backends_when_asked(void (*add)()) { later_additions().push_back(add); }

void add_backend(kernel_backend added) {
  backend_list().push_back(added.implementation);
  added_backends().push_back(std::move(added));
}

bool is_emulated(const backend& b) {
  return std::ranges::any_of(added_backends(), [&](const kernel_backend& k) {
    return k.implementation == &b && k.is_emulated;
  });
}

std::span<const kernel_backend> kernel_backends() { return added_backends(); }

}  // namespace pamkit::properties

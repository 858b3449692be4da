#include "pamkit/cuda/ptx_execution.hpp"

#include <map>
#include <stdexcept>
#include <string>

namespace pamkit::cuda {
namespace {

const ptx::kernel& checked_kernel(std::string_view name) {
  static const std::map<std::string_view, const ptx::kernel*> all = [] {
    std::map<std::string_view, const ptx::kernel*> m;
    for (const ptx::kernel* k : ptx_kernels()) m[k->name] = k;
    return m;
  }();
  const auto it = all.find(name);
  if (it == all.end()) throw std::invalid_argument("no PTX is there of " + std::string(name));
  return *it->second;
}

thread_local ptx::launch_options current_options;
thread_local std::map<std::string_view, std::uint64_t> launches;

}  // namespace

ptx_options::ptx_options(const ptx::launch_options& options) : before_(current_options) {
  current_options = options;
}
ptx_options::~ptx_options() { current_options = before_; }

std::vector<std::pair<std::string_view, std::uint64_t>> take_ptx_launches() {
  std::vector<std::pair<std::string_view, std::uint64_t>> taken(launches.begin(), launches.end());
  launches.clear();
  return taken;
}

void execute_ptx(const launch& what) {
  const ptx::kernel& k = checked_kernel(what.kernel);
  ++launches[k.name];
  ptx::memory global;
  // Written memory first: where it overlaps an operand, the accesses of both are compared.
  for (const bool is_written : {true, false}) {
    for (const memory_region& r : what.memory) {
      if (r.is_written != is_written) continue;
      auto* const bytes = static_cast<std::byte*>(const_cast<void*>(r.data));
      global.map_in_place({bytes, r.bytes},
                          is_written ? ptx::access::read_write : ptx::access::read_only,
                          ptx::contents::defined, k.stored_granule);
    }
  }
  const std::span parameters(static_cast<const std::byte*>(what.parameters), what.parameter_bytes);
  ptx::run(k, {what.blocks}, {k.max_threads}, parameters, global, current_options);
}

}  // namespace pamkit::cuda

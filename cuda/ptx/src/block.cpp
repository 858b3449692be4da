#include "pamkit/ptx/block.hpp"

#include <fmt/format.h>

#include <bit>

#include "pamkit/ptx/hashed_sum.hpp"

namespace pamkit::ptx {
namespace {

std::string in_words(extent e) { return fmt::format("({}, {}, {})", e.x, e.y, e.z); }

}  // namespace

block::block(const kernel& k, extent grid_size, extent block_size,
             std::span<const std::byte> parameters, u32 dynamic_shared, memory& global,
             bool hashes_sums)
    : size(block_size),
      grid(grid_size),
      kernel_(k),
      parameters_(parameters),
      shared_(k.shared_bytes + dynamic_shared),
      granules_(k.shared_granule),
      shared_touches_(granules_.from(shared_.size())),
      global_(global),
      hashes_sums_(hashes_sums) {
  now_.launch_start = global.next_epoch();
}

void block::begin(extent at) {
  index = at;
  now_.epoch = now_.block_start = global_.next_epoch();
}

float block::hashed(float a, float b) {
  return canonical(std::bit_cast<float>(hashed_add(std::bit_cast<u32>(a), std::bit_cast<u32>(b))));
}

void block::fail(const thread& t, u32 line, const std::string& what) const {
  throw fault(fmt::format("{}: block {}, thread {}, line {} of its PTX: {}", kernel_.name,
                          in_words(index), in_words(t.index), line, what));
}

void block::fail_parameter(u64 offset, u32 line) const {
  throw fault(fmt::format("{}: line {} of its PTX: load from parameter byte {} is out of bounds",
                          kernel_.name, line, offset));
}

void block::fail_shared(const thread& t, u32 address, const char* how, const char* wrong,
                        u32 line) const {
  fail(t, line, fmt::format("{} shared byte {} of {} {}", how, address, shared_.size(), wrong));
}

void block::fail_global(const thread& t, u64 address, const char* how, const char* wrong,
                        u32 line) const {
  const region* const r = global_.closest(address);
  if (r == nullptr) fail(t, line, fmt::format("{} address {:#x} {}", how, address, wrong));
  fail(t, line,
       fmt::format("{} byte {} of a buffer of {} {}", how, static_cast<s64>(address - r->address),
                   r->bytes.size(), wrong));
}

}  // namespace pamkit::ptx

#include "pamkit/ptx/memory.hpp"

#include <algorithm>
#include <bit>

namespace pamkit::ptx {
namespace {

region region_of(u64 address, std::span<std::byte> bytes, access allowed, contents initial,
                 u32 granule) {
  region r;
  r.address = address;
  r.bytes = bytes;
  r.allowed = allowed;
  r.initial = initial;
  r.granules = granularity(granule);
  if (allowed == access::read_write) r.touches.resize(r.granules.from(bytes.size()));
  return r;
}

u64 distance(const region& r, u64 address) {
  return address < r.address ? r.address - address : address - r.address;
}

}  // namespace

u64 memory::map(std::span<std::byte> bytes, access allowed, contents initial, u32 granule) {
  // No address of a program: those end at 2^47, or at 2^56 with five levels of page tables.
  constexpr u64 kFirst = u64{1} << 60;
  constexpr u64 kApart = u64{1} << 40;
  const u64 address = kFirst + regions_.size() * kApart;
  regions_.push_back(region_of(address, bytes, allowed, initial, granule));
  return address;
}

void memory::map_in_place(std::span<std::byte> bytes, access allowed, contents initial,
                          u32 granule) {
  regions_.push_back(region_of(std::bit_cast<u64>(bytes.data()), bytes, allowed, initial, granule));
}

const region* memory::closest(u64 address) const {
  const auto it = std::ranges::min_element(regions_, {}, [&](const region& r) {
    return std::min(distance(r, address), distance(r, address - r.bytes.size()));
  });
  return it == regions_.end() ? nullptr : &*it;
}

u64 memory::first_unwritten(u64 address, u64 offset) const {
  const region& r = *closest(address);
  for (u64 i = r.granules.of(offset); i < r.touches.size(); ++i) {
    if (r.touches[i].write_epoch == 0) return r.granules.offset_of(i);
  }
  return r.bytes.size();
}

}  // namespace pamkit::ptx

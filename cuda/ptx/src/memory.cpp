#include "pamkit/ptx/memory.hpp"

namespace pamkit::ptx {

u64 memory::map(std::span<std::byte> bytes, access allowed, contents initial, u32 granule) {
  region r;
  r.address = (u64{regions_.size()} + 1) << kAddressBits | kStart;
  r.bytes = bytes;
  r.allowed = allowed;
  r.initial = initial;
  r.granule = granule;
  if (allowed == access::read_write) r.touches.resize((bytes.size() + granule - 1) / granule);
  regions_.push_back(std::move(r));
  return regions_.back().address;
}

u64 memory::first_unwritten(u64 address, u64 offset) const {
  const region& r = regions_.at((address >> kAddressBits) - 1);
  for (u64 i = offset / r.granule; i < r.touches.size(); ++i) {
    if (r.touches[i].write_epoch == 0) return i * r.granule;
  }
  return r.bytes.size();
}

}  // namespace pamkit::ptx

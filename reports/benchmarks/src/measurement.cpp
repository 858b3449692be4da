#include "measurement.hpp"

#include <fmt/format.h>

namespace pamkit::benchmarks {

std::string measured_case::label() const {
  return name + " " + arithmetic + (data.empty() ? "" : " " + data) + " " + shape;
}

void require_equal(std::span<const std::uint32_t> got, std::span<const std::uint32_t> expected,
                   const std::function<std::string(std::size_t)>& where) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (i < got.size() && got[i] == expected[i]) continue;
    throw mismatch(fmt::format("{}: got {}, expected {:08X}", where(i),
                               i < got.size() ? fmt::format("{:08X}", got[i]) : "nothing",
                               expected[i]));
  }
}

}  // namespace pamkit::benchmarks

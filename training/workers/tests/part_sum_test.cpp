#include "pamkit/training/part_sum.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <mutex>

#include "thread_channels.hpp"

namespace pamkit::training::test {
namespace {

// Two values of a part, of sizes at which the order of additions changes the sum.
part_sum::values values_of(std::int64_t part) {
  const auto p = static_cast<float>(part + 1);
  return {std::sin(p) * std::exp2(std::fmod(7 * p, 5.0F)), 1 / p};
}

std::vector<std::uint32_t> bits_of(const part_sum::values& v) {
  std::vector<std::uint32_t> bits;
  for (const float x : v) bits.push_back(std::bit_cast<std::uint32_t>(x));
  return bits;
}

part_sum::values sum_of(std::int64_t parts, int workers) {
  meeting_place at(workers);
  std::mutex mutex;
  std::vector<part_sum::values> sums;
  as_job(at, [&](channel& c) {
    part_sum sum(parts, c);
    sum.compute(values_of);
    const part_sum::values joined = sum.join();
    const std::lock_guard lock(mutex);
    sums.push_back(joined);
  });
  for (const auto& other : sums) EXPECT_EQ(bits_of(other), bits_of(sums.front()));
  return sums.front();
}

float v(int part) { return values_of(part)[0]; }

TEST(PartSum, IsTheTreeThatIsHalvedFromTheTop) {
  EXPECT_EQ(bits_of(sum_of(1, 1)), bits_of(values_of(0)));
  EXPECT_EQ(sum_of(2, 1)[0], v(0) + v(1));
  EXPECT_EQ(sum_of(3, 1)[0], (v(0) + v(1)) + v(2));
  EXPECT_EQ(sum_of(4, 1)[0], (v(0) + v(1)) + (v(2) + v(3)));
  EXPECT_EQ(sum_of(5, 1)[0], ((v(0) + v(1)) + v(2)) + (v(3) + v(4)));
  EXPECT_EQ(sum_of(7, 1)[0], ((v(0) + v(1)) + (v(2) + v(3))) + ((v(4) + v(5)) + v(6)));
}

// Added one by one, halves of an ulp would all be lost.
TEST(PartSum, AddsSmallPartsToEachOtherFirst) {
  const auto alone = no_channel();
  part_sum sum(4, *alone);
  sum.compute([](std::int64_t part) {
    return part_sum::values{part == 0 ? 1.0F : std::ldexp(1.0F, -24)};
  });
  EXPECT_EQ(sum.join(), (part_sum::values{1.0F + std::ldexp(1.0F, -23)}));
}

TEST(PartSum, WorkersChangeNoBitWhateverTheirNumber) {
  for (std::int64_t parts = 1; parts <= 48; ++parts) {
    const auto expected = bits_of(sum_of(parts, 1));
    for (int workers = 2; workers <= 8; ++workers) {
      if (parts % workers == 0) {
        EXPECT_EQ(bits_of(sum_of(parts, workers)), expected) << parts << " parts, " << workers;
      }
    }
  }
}

TEST(PartSum, EachWorkerComputesItsRunInAscendingOrder) {
  meeting_place at(3);
  as_job(at, [&](channel& c) {
    part_sum sum(12, c);
    std::vector<std::int64_t> seen;
    sum.compute([&](std::int64_t part) {
      seen.push_back(part);
      return values_of(part);
    });
    const std::int64_t first = c.rank() * 4;
    EXPECT_EQ(seen, (std::vector<std::int64_t>{first, first + 1, first + 2, first + 3}));
    sum.join();
  });
}

TEST(PartSum, ANanIsCanonical) {
  const auto alone = no_channel();
  part_sum sum(2, *alone);
  sum.compute([](std::int64_t part) {
    return part_sum::values{std::bit_cast<float>(part == 0 ? 0xFFC12345U : 0x3F800000U)};
  });
  EXPECT_EQ(bits_of(sum.join()), (std::vector<std::uint32_t>{0x7FC00000}));
}

TEST(PartSum, PartsThatAreNoMultipleAreRefused) {
  meeting_place at(3);
  as_job(at, [&](channel& c) { EXPECT_THROW(part_sum(4, c), std::invalid_argument); });
}

}  // namespace
}  // namespace pamkit::training::test

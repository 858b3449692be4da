/// Blocks on the host: both kinds keep what kernel.cuh says of a thread, and fibers say when
/// threads wait in vain.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>

#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

template <class Block>
class blocks : public testing::Test {};
using both = testing::Types<fiber_block, thread_block>;
TYPED_TEST_SUITE(blocks, both);

TYPED_TEST(blocks, a_barrier_orders_writes_before_reads) {
  for (const std::uint32_t block : {0U, 1U}) {
    std::array<int, 64> written{};
    std::array<int, 64> read{};
    TypeParam(64, block).run([&](const auto& t) {
      const auto i = static_cast<std::size_t>(t.index());
      for (int round = 1; round <= 3; ++round) {
        written[i] = round * 100 + t.index();
        t.barrier();
        read[i] = written[63 - i];
        t.barrier();
      }
    });
    for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(read[i], 300 + 63 - static_cast<int>(i));
  }
}

TYPED_TEST(blocks, any_of_block_tells_all_threads_of_one) {
  std::array<int, 96> seen{};
  TypeParam(96, 0).run([&](const auto& t) {
    for (int round = 0; round < 200; ++round) {
      const bool mine = round % 3 == 0 && t.index() == round % 96;
      const bool any = t.any_of_block(mine);
      if (any == (round % 3 == 0)) ++seen[static_cast<std::size_t>(t.index())];
    }
  });
  for (const int s : seen) EXPECT_EQ(s, 200);
}

TYPED_TEST(blocks, lanes_exchange_words_inside_their_warp) {
  std::array<std::uint32_t, 64> got{};
  TypeParam(64, 3).run([&](const auto& t) {
    word w{static_cast<std::uint32_t>(t.index())};
    for (int d = 16; d > 0; d /= 2) w.bits += 1000 * t.from_lane_xor(w, d).bits;
    got[static_cast<std::size_t>(t.index())] = w.bits;
  });
  std::array<std::uint32_t, 64> expected{};
  for (std::uint32_t i = 0; i < 64; ++i) expected[i] = i;
  for (std::size_t d = 16; d > 0; d /= 2) {
    const auto before = expected;
    for (std::size_t i = 0; i < 64; ++i) expected[i] = before[i] + 1000 * before[i ^ d];
  }
  EXPECT_EQ(got, expected);
}

TYPED_TEST(blocks, a_thread_knows_its_block) {
  std::array<std::uint32_t, 32> got{};
  TypeParam(32, 77).run(
      [&](const auto& t) { got[static_cast<std::size_t>(t.index())] = t.block(); });
  for (const std::uint32_t b : got) EXPECT_EQ(b, 77U);
}

TEST(threads, tell_what_the_first_of_them_waited_for) {
  thread_block block(64, 0);
  block.run([](const thread_block::thread& t) {
    t.barrier();
    static_cast<void>(t.any_of_block(t.index() == 5));
  });
  EXPECT_EQ(block.trace().waits,
            (std::vector<block_wait>{block_wait::barrier, block_wait::any_of_block}));
  EXPECT_FALSE(block.trace().has_exchanged);
}

TEST(threads, tell_that_they_exchanged_words) {
  thread_block block(32, 0);
  block.run([](const thread_block::thread& t) { static_cast<void>(t.from_lane_xor({}, 1)); });
  EXPECT_TRUE(block.trace().waits.empty());
  EXPECT_TRUE(block.trace().has_exchanged);
}

TEST(threads, keep_or_lose_the_words_that_they_exchange_where_that_is_planted) {
  for (const received_word received : {received_word::its_own, received_word::nan}) {
    std::array<std::uint32_t, 32> got{};
    thread_block(32, 0, {.received = received}).run([&](const thread_block::thread& t) {
      const word mine{static_cast<std::uint32_t>(t.index())};
      got[static_cast<std::size_t>(t.index())] = t.from_lane_xor(mine, 1).bits;
    });
    for (std::uint32_t i = 0; i < 32; ++i) {
      EXPECT_EQ(got[i], received == received_word::its_own ? i : canonical_nan<binary32>().bits);
    }
  }
}

/// Counts the threads of each block.
struct counting_kernel {
  struct parameters {
    std::atomic<int>* counts;
  };
  struct shared_memory {};
  static constexpr int threads = 32;
  static void run(const thread_block::thread& t, shared_memory&, const parameters& p) {
    ++p.counts[t.block()];
  }
};

TEST(threads, run_the_first_block_of_a_grid_twice_where_that_is_planted) {
  for (const bool repeats : {false, true}) {
    std::array<std::atomic<int>, 3> counts{};
    const counting_kernel::parameters p{counts.data()};
    run_grid_on_threads<counting_kernel>(3, &p, {.repeats_first_block = repeats});
    EXPECT_EQ(counts[0], repeats ? 64 : 32);
    EXPECT_EQ(counts[1], 32);
    EXPECT_EQ(counts[2], 32);
  }
}

TEST(fibers, say_when_some_threads_end_before_a_barrier) {
  EXPECT_THROW(fiber_block(64, 0).run([](const fiber_block::thread& t) {
    if (t.index() != 5) t.barrier();
  }),
               std::logic_error);
}

TEST(fibers, say_when_threads_come_to_different_barriers) {
  EXPECT_THROW(fiber_block(64, 0).run([](const fiber_block::thread& t) {
    if (t.index() < 32) {
      t.barrier();
    } else {
      static_cast<void>(t.any_of_block(false));
    }
  }),
               std::logic_error);
}

TEST(fibers, say_when_a_lane_is_missing_in_an_exchange) {
  EXPECT_THROW(fiber_block(32, 0).run([](const fiber_block::thread& t) {
    if (t.index() != 31) static_cast<void>(t.from_lane_xor({}, 1));
  }),
               std::logic_error);
}

TEST(fibers, go_on_after_such_an_error) {
  EXPECT_THROW(fiber_block(32, 0).run([](const fiber_block::thread& t) {
    if (t.index() == 0) t.barrier();
  }),
               std::logic_error);
  int count = 0;
  fiber_block(64, 0).run([&](const fiber_block::thread& t) {
    t.barrier();
    ++count;
  });
  EXPECT_EQ(count, 64);
}

TEST(kernels, have_names_of_their_own) {
  for (const kernel* k : kernels()) EXPECT_EQ(find_kernel(k->name), k) << k->name;
  EXPECT_EQ(find_kernel("no_such_kernel"), nullptr);
  EXPECT_FALSE(kernels().empty());
}

}  // namespace
}  // namespace pamkit::cuda

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "pamkit/ptx/hashed_sum.hpp"
#include "pamkit/ptx/launch.hpp"

namespace pamkit::ptx {

std::span<const kernel> cases_kernels();

namespace {

const kernel& find(std::string_view name) {
  const auto all = cases_kernels();
  const auto it = std::ranges::find(all, name, &kernel::name);
  if (it == all.end()) throw std::invalid_argument(std::string(name));
  return *it;
}

/// Parameters, laid out one after the other at multiples of their size.
class arguments {
 public:
  template <class... T>
  explicit arguments(T... values) {
    (add(values), ...);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <class T>
  void add(T value) {
    bytes_.resize((bytes_.size() + sizeof value - 1) / sizeof value * sizeof value + sizeof value);
    std::memcpy(bytes_.data() + bytes_.size() - sizeof value, &value, sizeof value);
  }
  std::vector<std::byte> bytes_;
};

class execution : public testing::Test {
 protected:
  u64 input(std::vector<u32>& words) {
    return device.map(std::as_writable_bytes(std::span(words)), access::read_only,
                      contents::defined, 4);
  }
  u64 output(std::vector<u32>& words) {
    return device.map(std::as_writable_bytes(std::span(words)), access::read_write,
                      contents::undefined, 4);
  }

  /// The message of the fault that a launch ends with; empty if there is none.
  template <class... T>
  std::string fault_of(std::string_view name, u32 blocks, u32 threads, T... values) {
    try {
      run(find(name), {blocks}, {threads}, arguments(values...).bytes(), device, options);
    } catch (const fault& f) {
      return f.what();
    }
    return {};
  }

  memory device;
  launch_options options;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(execution, threads_of_all_blocks_compute_their_elements) {
  std::vector<u32> a(100), b(100), out(100);
  for (u32 i = 0; i < 100; ++i) {
    a[i] = std::bit_cast<u32>(static_cast<float>(i));
    b[i] = std::bit_cast<u32>(0.5F);
  }
  const u64 result = output(out);
  EXPECT_EQ(fault_of("adds", 4, 32, input(a), input(b), result, u32{100}), "");
  for (u32 i = 0; i < 100; ++i)
    EXPECT_EQ(std::bit_cast<float>(out[i]), static_cast<float>(i) + 0.5F);
  EXPECT_EQ(device.first_unwritten(result), 400u);
}

TEST_F(execution, elements_that_no_thread_wrote_are_told) {
  std::vector<u32> a(100), out(100);
  const u64 result = output(out);
  EXPECT_EQ(fault_of("adds", 2, 32, input(a), input(a), result, u32{100}), "");
  EXPECT_EQ(device.first_unwritten(result), 256u);
}

TEST_F(execution, blocks_before_the_first_that_is_asked_for_do_not_run) {
  std::vector<u32> a(100), out(100);
  const u64 result = output(out);
  options.first_block = 2;
  EXPECT_EQ(fault_of("adds", 4, 32, input(a), input(a), result, u32{100}), "");
  EXPECT_EQ(device.first_unwritten(result), 0u);
  EXPECT_EQ(device.first_unwritten(result, 256), 400u);
  options.first_block = 4;
  EXPECT_THROW(fault_of("adds", 4, 32, input(a), input(a), result, u32{100}),
               std::invalid_argument);
}

TEST_F(execution, access_behind_the_end_of_a_buffer_is_a_fault) {
  std::vector<u32> out(33);
  EXPECT_EQ(fault_of("writes_everywhere", 1, 33, output(out)), "");
  const std::string what = fault_of("writes_everywhere", 1, 64, output(out));
  EXPECT_TRUE(contains(what, "writes_everywhere: block (0, 0, 0), thread (33, 0, 0)")) << what;
  EXPECT_TRUE(contains(what, "store to byte 132 of a buffer of 132 is out of bounds")) << what;
  std::vector<u32> few(99), full(100);
  const std::string load = fault_of("adds", 4, 32, input(few), input(full), output(full), u32{100});
  EXPECT_TRUE(contains(load, "load from byte 396 of a buffer of 396 is out of bounds")) << load;
}

TEST_F(execution, store_to_an_operand_is_a_fault) {
  std::vector<u32> words(4);
  EXPECT_TRUE(contains(fault_of("writes_everywhere", 1, 4, input(words)), "writes to an operand"));
}

TEST_F(execution, blocks_must_not_write_what_other_blocks_touch) {
  std::vector<u32> out(4);
  EXPECT_EQ(fault_of("blocks_collide", 1, 1, output(out)), "");
  EXPECT_TRUE(contains(fault_of("blocks_collide", 2, 1, output(out)),
                       "races with a write of another block"));
  EXPECT_EQ(fault_of("blocks_read_each_other", 1, 1, output(out)), "");
  EXPECT_TRUE(contains(fault_of("blocks_read_each_other", 2, 1, output(out)),
                       "races with a write of another block"));
}

TEST_F(execution, launches_follow_each_other) {
  std::vector<u32> out(4);
  const u64 result = output(out);
  EXPECT_EQ(fault_of("blocks_collide", 1, 1, result), "");
  EXPECT_EQ(fault_of("blocks_collide", 1, 1, result), "");
  EXPECT_EQ(fault_of("reads_output", 1, 1, result), "");
}

TEST_F(execution, threads_of_a_block_must_not_write_the_same_element) {
  std::vector<u32> out(4);
  EXPECT_TRUE(contains(fault_of("blocks_collide", 1, 2, output(out)),
                       "races with a write of another thread in the same barrier interval"));
}

TEST_F(execution, reading_an_output_before_it_is_written_is_a_fault) {
  std::vector<u32> out(1);
  EXPECT_TRUE(
      contains(fault_of("reads_output", 1, 1, output(out)), "reads what was never written"));
}

TEST_F(execution, misaligned_vectors_are_a_fault) {
  std::vector<u32> out(8);
  EXPECT_TRUE(contains(fault_of("is_misaligned", 1, 1, output(out)), "is misaligned"));
}

TEST_F(execution, parameters_have_an_end) {
  EXPECT_TRUE(contains(fault_of("reads_beyond_parameters", 1, 1, u64{0}),
                       "parameter byte 8 is out of bounds"));
}

TEST_F(execution, a_missing_barrier_is_a_race_in_any_order_of_threads) {
  for (const thread_order order :
       {thread_order::ascending, thread_order::descending, thread_order::shuffled}) {
    options.order = order;
    std::vector<u32> out(32);
    ASSERT_EQ(fault_of("exchanges", 1, 32, output(out), u32{3}), "");
    for (u32 i = 0; i < 32; ++i) EXPECT_EQ(out[i], 2 * (i ^ 1));
    // Whoever comes first, there are a read and a write of the next round's word in one interval.
    EXPECT_TRUE(contains(fault_of("exchanges", 1, 32, output(out), u32{1}),
                         "of another thread in the same barrier interval"));
    // Without the first barrier a thread either reads what was never written, or what was written
    // just now.
    const std::string what = fault_of("exchanges", 1, 32, output(out), u32{2});
    EXPECT_TRUE(contains(what, "has not written") ||
                contains(what, "races with a write of another thread"))
        << what;
  }
}

TEST_F(execution, shared_memory_begins_without_a_value_in_every_block) {
  EXPECT_TRUE(contains(fault_of("reads_unwritten_shared", 1, 1),
                       "load from shared byte 8 of 128 reads what the block has not written"));
  std::vector<u32> out(32);
  // Block 0 has written all of it by then.
  EXPECT_TRUE(contains(fault_of("exchanges", 2, 32, output(out), u32{3}),
                       "races with a write of another block"));
}

TEST_F(execution, shared_memory_has_an_end) {
  EXPECT_EQ(fault_of("leaves_shared", 1, 31), "");
  EXPECT_TRUE(contains(fault_of("leaves_shared", 1, 32),
                       "store to shared byte 128 of 128 is out of bounds"));
}

TEST_F(execution, bytes_of_a_shared_word_are_told_apart) {
  EXPECT_EQ(fault_of("shares_words", 1, 32), "");
}

TEST_F(execution, a_barrier_that_some_threads_do_not_reach_is_a_fault) {
  EXPECT_EQ(fault_of("half_meets", 1, 64, u32{64}), "");
  EXPECT_EQ(fault_of("half_meets", 1, 64, u32{0}), "");
  EXPECT_TRUE(contains(fault_of("half_meets", 1, 64, u32{32}), "threads which ended do not reach"));
  EXPECT_EQ(fault_of("meets_in_two_places", 1, 64, u32{64}), "");
  EXPECT_TRUE(contains(fault_of("meets_in_two_places", 1, 64, u32{32}),
                       "waits at this barrier while thread 0 waits at line"));
}

TEST_F(execution, lanes_exchange_by_shuffles) {
  std::vector<u32> in(64), out(64);
  for (u32 i = 0; i < 64; ++i) in[i] = std::bit_cast<u32>(static_cast<float>(i));
  ASSERT_EQ(fault_of("sums_lanes", 1, 64, input(in), output(out), 0xffffffffu), "");
  for (u32 i = 0; i < 64; ++i) EXPECT_EQ(std::bit_cast<float>(out[i]), i < 32 ? 496.0F : 1520.0F);
  ASSERT_EQ(fault_of("shifts_lanes", 1, 32, output(out)), "");
  for (u32 i = 0; i < 32; ++i) EXPECT_EQ(out[i], i % 8 == 7 ? i : i + 1);
}

TEST_F(execution, a_wrong_mask_of_lanes_is_a_fault) {
  std::vector<u32> in(32), out(32);
  EXPECT_TRUE(
      contains(fault_of("sums_lanes", 1, 32, input(in), output(out), 0xfffffffeu), "is no member"));
  EXPECT_TRUE(contains(fault_of("sums_lanes", 1, 16, input(in), output(out), 0xffffu),
                       "which does not take part"));
}

TEST_F(execution, a_reduction_at_a_barrier_hears_every_thread) {
  std::vector<u32> out(64);
  ASSERT_EQ(fault_of("finds_thread", 1, 64, output(out), u32{63}), "");
  EXPECT_EQ(std::ranges::count(out, 1u), 64);
  ASSERT_EQ(fault_of("finds_thread", 1, 64, output(out), u32{64}), "");
  EXPECT_EQ(std::ranges::count(out, 0u), 64);
}

TEST_F(execution, hashed_sums_see_a_lost_term_and_a_wrong_order_where_numbers_do_not) {
  const auto sum = [&](std::vector<float> terms, bool hashed) {
    std::vector<u32> in, out(1);
    for (const float x : terms) in.push_back(std::bit_cast<u32>(x));
    options.hashed_sums = hashed;
    EXPECT_EQ(fault_of("sums_ascending", 1, 1, input(in), output(out), static_cast<u32>(in.size())),
              "");
    return out[0];
  };
  const std::vector<float> terms = {1e10F, 1, 2e10F, 1e-5F};
  const std::vector<float> lost = {1e10F, 1, 2e10F};
  const std::vector<float> swapped = {1e10F, 2e10F, 1, 1e-5F};
  EXPECT_EQ(sum(terms, false), sum(lost, false));
  EXPECT_EQ(sum(terms, false), sum(swapped, false));
  EXPECT_NE(sum(terms, true), sum(lost, true));
  EXPECT_NE(sum(terms, true), sum(swapped, true));
  u32 golden = 0;
  for (const float x : terms) golden = hashed_add(golden, std::bit_cast<u32>(x));
  EXPECT_EQ(sum(terms, true), golden);
}

TEST_F(execution, multiplying_instructions_are_counted) {
  EXPECT_EQ(find("multiplies").float_multiplications, 1u);
  EXPECT_EQ(find("adds").float_multiplications, 0u);
  std::vector<u32> out(1);
  ASSERT_EQ(fault_of("multiplies", 1, 1, output(out)), "");
  EXPECT_EQ(std::bit_cast<float>(out[0]), 2.25F);
}

TEST_F(execution, launches_that_no_device_takes_are_refused) {
  EXPECT_THROW(run(find("reads_output"), {1}, {1025}, arguments(u64{0}).bytes(), device),
               std::invalid_argument);
  EXPECT_THROW(run(find("reads_output"), {1, 65536}, {1}, arguments(u64{0}).bytes(), device),
               std::invalid_argument);
  EXPECT_THROW(run(find("reads_output"), {0}, {1}, arguments(u64{0}).bytes(), device),
               std::invalid_argument);
  EXPECT_THROW(run(find("reads_output"), {1}, {1}, arguments(u32{0}).bytes(), device),
               std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::ptx

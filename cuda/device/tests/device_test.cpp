#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "device_memory.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/device_backend.hpp"
#include "pamkit/cuda/driver.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/cuda/kernel/rows.cuh"

namespace pamkit::cuda {
namespace {

// Device code of the driver on fibers: a file that names every kernel.
class environment : public ::testing::Environment {
 public:
  void SetUp() override {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("pamkit_device_" + std::to_string(getpid()));
    // Machine code of the first device; the second is of another architecture and has PTX.
    for (const char* const file : {"cubin/sm_80/kernels.cubin", "ptx/sm_80/kernels.ptx"}) {
      std::filesystem::create_directories((folder / file).parent_path());
      std::ofstream names(folder / file);
      for (const kernel* k : kernels()) names << k->name << '\n';
    }
    setenv("PAMKIT_CUDA_CODE", folder.c_str(), 1);
    setenv("PAMKIT_CUDA_DRIVER", PAMKIT_DRIVER_ON_FIBERS, 1);
    setenv("PAMKIT_LATE_STREAMS", "1", 1);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

 private:
  std::filesystem::path folder_;
};
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new environment);

TEST(device, is_described) {
  const device_search& found = find_device();
  ASSERT_TRUE(found.is_found) << found.reason;
  EXPECT_EQ(found.device.name, "fibers");
  EXPECT_EQ(found.device.architecture, 80);
  EXPECT_EQ(found.device.driver_version, 12040);
  const device_search& second = find_device(1);
  ASSERT_TRUE(second.is_found) << second.reason;
  EXPECT_EQ(second.device.name, "other fibers");
  EXPECT_EQ(second.device.architecture, 90);
  for (const int none : {2, -1}) {
    EXPECT_FALSE(find_device(none).is_found);
    EXPECT_EQ(find_device(none).reason,
              "there is no GPU " + std::to_string(none) + ": the last is 1");
  }
}

std::vector<float> drawn(std::mt19937& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& x : values) x = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  return values;
}

TEST(device, contractions_and_layers_equal_those_on_fibers) {
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    contraction_problem p;
    const auto below = [&](unsigned n) { return static_cast<std::int64_t>(random() % n); };
    p.batch = 1 + below(2);
    p.m = below(40);
    p.n = below(40);
    p.k = below(40);
    const auto a = drawn(random, static_cast<std::size_t>(p.batch * p.m * p.k) + 1);
    const auto b = drawn(random, static_cast<std::size_t>(p.batch * p.k * p.n) + 1);
    p.a = {a.data(), p.k, 1, p.m * p.k};
    p.b = {b.data(), p.n, 1, p.k * p.n};
    const auto by = [&](const backend& backend) {
      std::vector<float> out(static_cast<std::size_t>(p.batch * p.m * p.n));
      contraction_problem own = p;
      own.out = {out.data(), p.n, 1, p.m * p.n};
      backend.contraction("pam", contraction_kind::product, derivative::approx)({}, own);
      std::vector<std::uint32_t> words;
      for (const float x : out) words.push_back(std::bit_cast<std::uint32_t>(x));
      return words;
    };
    EXPECT_EQ(by(device_backend()), by(host_backend()));
  }
  tensor x{{3, 40}, {}};
  for (int i = 0; i < 120; ++i) {
    x.encodings.push_back(0x3F000000U + static_cast<std::uint32_t>(random() % 0x02000000U));
  }
  const layer_function on_device = device_backend().layer("softmax", "pam");
  const layer_function on_fibers = host_backend().layer("softmax", "pam");
  EXPECT_EQ(on_device({}, derivative::approx, std::span(&x, 1), {}),
            on_fibers({}, derivative::approx, std::span(&x, 1), {}));
  bool is_counted = false;
  for (const auto& [name, count] : take_device_launches())
    is_counted |= name == "pamkit_softmax_pam" && count == 1;
  EXPECT_TRUE(is_counted);
}

TEST(device, operands_may_lie_in_one_another) {
  std::mt19937 random(5);
  const auto a = drawn(random, 40 * 9);
  std::vector<float> got(40 * 7, 1);
  std::vector<float> expected(40 * 7, 2);
  contraction_problem p{.batch = 1,
                        .m = 40,
                        .n = 7,
                        .k = 9,
                        .a = {a.data(), 9, 1, 0},
                        .b = {a.data() + 5, 7, 1, 0},
                        .d = {},
                        .out = {}};
  p.out = {got.data(), 7, 1, 0};
  device_backend().contraction("pam", contraction_kind::product, {})({}, p);
  p.out = {expected.data(), 7, 1, 0};
  host_backend().contraction("pam", contraction_kind::product, {})({}, p);
  EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)), 0);
}

const launch kNoKernel{.kernel = "pamkit_nothing",
                       .blocks = 1,
                       .parameters = nullptr,
                       .parameter_bytes = 0,
                       .memory = {}};

TEST(device, threads_that_launch_at_once_each_get_their_own_results) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kCount = 300;
  std::array<int, kThreads> differing{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&differing, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        const configuration rules = parse_arithmetic("pam")->configure(
            binary32{}, subnormal_policy::flush, overflow_policy::infinity);
        std::vector<std::uint32_t> a(kCount), b(kCount), got(kCount), expected(kCount);
        for (int i = 0; i < 50; ++i) {
          for (std::uint32_t& x : a) x = static_cast<std::uint32_t>(random());
          for (std::uint32_t& x : b) x = static_cast<std::uint32_t>(random());
          // Not all of one size, so that memory is given anew.
          const std::size_t count = 1 + random() % kCount;
          device_backend().elementwise("mul", "pam")(rules, a.data(), b.data(), got.data(), count);
          host_backend().elementwise("mul", "pam")(rules, a.data(), b.data(), expected.data(),
                                                   count);
          if (!std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(count),
                          expected.begin())) {
            ++differing[t];
          }
        }
      });
    }
  }
  EXPECT_EQ(differing, (std::array<int, kThreads>{}));
}

// The driver's memory is this process's here, so that addresses mean what they say.
TEST(device, launches_on_streams_take_addresses_as_they_are) {
  std::mt19937 random(2);
  const auto a = drawn(random, 40 * 9);
  const auto b = drawn(random, 9 * 33);
  std::vector<float> got(40 * 33, 1);
  std::vector<float> expected(40 * 33, 2);
  contraction_problem p{.batch = 1,
                        .m = 40,
                        .n = 33,
                        .k = 9,
                        .a = {a.data(), 9, 1, 0},
                        .b = {b.data(), 33, 1, 0},
                        .d = {},
                        .out = {}};
  for (std::vector<float>* const out : {&got, &expected}) {
    p.out = {out->data(), 33, 1, 0};
    const contraction_plan plan = plan_fastest_contraction(
        "pam", contraction_kind::product,
        contraction_parameters_of(contraction_kind::product, derivative::approx, {}, p));
    launch l = plan.as_launch();
    l.memory.clear();
    if (out == &got) {
      launch_on_stream(l, 0, nullptr);
    } else {
      execute_on_fibers(l, 1);
    }
  }
  EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)), 0);
  EXPECT_THROW(launch_on_stream(kNoKernel, 0, nullptr), std::invalid_argument);
}

// The driver's function `name`, of the library that the program under test has opened.
template <class Function>
Function* of_the_driver(const char* name) {
  void* const library = dlopen(PAMKIT_DRIVER_ON_FIBERS, RTLD_NOW | RTLD_NOLOAD);
  void* const address = library == nullptr ? nullptr : dlsym(library, name);
  Function* function = nullptr;
  std::memcpy(&function, &address, sizeof function);
  return function;
}

// A module and a stream are a context's: in another one the driver refuses the launch.
TEST(device, each_device_has_the_kernels_in_its_own_context) {
  using take = void(void (*)(void*, const char*, int, void*), void*);
  using set_context = int(void*);
  using create_stream = int(void**, unsigned);
  using retain = int(void**, int);
  using synchronize = int(void*);
  struct seen {
    std::string kernel;
    int device;
    void* stream;
    bool operator==(const seen&) const = default;
  };
  std::vector<seen> launched;
  const auto take_launches = [&] {
    launched.clear();
    of_the_driver<take>("fibers_take_launches")(
        [](void* to, const char* kernel, int device, void* stream) {
          static_cast<std::vector<seen>*>(to)->push_back({kernel, device, stream});
        },
        &launched);
  };
  ASSERT_TRUE(find_device(0).is_found && find_device(1).is_found);
  take_launches();
  std::uint32_t x = 0x3fc00000U;
  std::uint32_t y = 0;
  row_parameters p;
  p.rows = p.length = 1;
  p.x = &x;
  p.y = &y;
  const launch sum{.kernel = "pamkit_sum",
                   .blocks = 1,
                   .parameters = &p,
                   .parameter_bytes = sizeof p,
                   .memory = {}};
  std::vector<seen> expected;
  std::array<void*, 2> streams{};
  for (const int device : {0, 1}) {
    void* context = nullptr;
    ASSERT_EQ(of_the_driver<retain>("cuDevicePrimaryCtxRetain")(&context, device), 0);
    ASSERT_EQ(of_the_driver<set_context>("cuCtxSetCurrent")(context), 0);
    ASSERT_EQ(of_the_driver<create_stream>("cuStreamCreate")(
                  &streams[static_cast<std::size_t>(device)], 1),
              0);
  }
  for (const int device : {1, 0, 1}) {
    void* const stream = streams[static_cast<std::size_t>(device)];
    y = 0;
    launch_on_stream(sum, device, stream);
    EXPECT_EQ(y, 0U) << "nothing is waited for";
    ASSERT_EQ(of_the_driver<synchronize>("cuStreamSynchronize")(stream), 0);
    EXPECT_EQ(y, x);
    launch_on_stream(sum, device, nullptr);
    expected.insert(expected.end(),
                    {{"pamkit_sum", device, stream}, {"pamkit_sum", device, nullptr}});
  }
  EXPECT_THROW(launch_on_stream(sum, 0, streams[1]), std::runtime_error);
  EXPECT_THROW(launch_on_stream(sum, 2, nullptr), std::runtime_error);
  take_launches();
  EXPECT_EQ(launched, expected);
}

TEST(device, kernels_that_no_code_has_are_refused) {
  EXPECT_THROW(execute_on_device(kNoKernel), std::invalid_argument);
}

// Where no toolkit is installed the driver has this name alone.
TEST(device, the_driver_is_looked_for_by_the_name_that_drivers_have) {
  ASSERT_TRUE(find_device().is_found);
  unsetenv("PAMKIT_CUDA_DRIVER");
  driver found;
  EXPECT_NO_THROW(found = open_driver());
  setenv("PAMKIT_CUDA_DRIVER", PAMKIT_DRIVER_ON_FIBERS, 1);
  EXPECT_EQ(found.cuInit, of_the_driver<driver::result(unsigned)>("cuInit"));
}

TEST(device, what_the_driver_refuses_is_told_and_the_next_launch_is_right) {
  struct refusal {
    const char* function;
    int error;
    const char* name;
  };
  const configuration rules = parse_arithmetic("pam")->configure(
      binary32{}, subnormal_policy::flush, overflow_policy::infinity);
  const auto product = [&](const backend& by, std::size_t count) {
    std::vector<std::uint32_t> a(count), b(count), out(count);
    std::mt19937 random(6);
    for (std::uint32_t& x : a) x = static_cast<std::uint32_t>(random());
    for (std::uint32_t& x : b) x = static_cast<std::uint32_t>(random());
    by.elementwise("mul", "pam")(rules, a.data(), b.data(), out.data(), count);
    return out;
  };
  // More each time, so that there is memory to be freed and to be had.
  std::size_t count = 40000;
  EXPECT_EQ(product(device_backend(), count), product(host_backend(), count));
  for (const auto& [function, error, name] :
       {refusal{"cuCtxSetCurrent", 201, "CUDA_ERROR_INVALID_CONTEXT"},
        {"cuMemFree_v2", 700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
        {"cuMemFreeHost", 700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
        {"cuMemAlloc_v2", 2, "CUDA_ERROR_OUT_OF_MEMORY"},
        {"cuMemHostAlloc", 2, "CUDA_ERROR_OUT_OF_MEMORY"},
        {"cuMemcpyHtoDAsync_v2", 1, "CUDA_ERROR_INVALID_VALUE"},
        {"cuLaunchKernel", 1, "CUDA_ERROR_INVALID_VALUE"},
        {"cuMemcpyDtoHAsync_v2", 1, "CUDA_ERROR_INVALID_VALUE"},
        {"cuStreamSynchronize", 700, "CUDA_ERROR_ILLEGAL_ADDRESS"}}) {
    count += 1000;
    of_the_driver<void(const char*, int)>("fibers_fail")(function, error);
    std::string told;
    try {
      product(device_backend(), count);
    } catch (const std::runtime_error& refused) {
      told = refused.what();
    }
    EXPECT_NE(told.find(name), std::string::npos) << function << ": " << told;
    for (const std::size_t next : {std::size_t{100}, count}) {
      EXPECT_EQ(product(device_backend(), next), product(host_backend(), next)) << function;
    }
  }
}

// Parts of one matrix are computed by several threads at once: what lies between the elements of
// one is another's.
TEST(device_memory, nothing_comes_back_but_what_a_launch_may_write) {
  constexpr std::array<std::int64_t, 2> kSizes = {3, 2};
  struct layout {
    std::int64_t first;
    std::array<std::int64_t, 2> strides;
  };
  const std::vector<std::uint32_t> computed(12, 9);
  for (const auto& [first, strides] : {layout{0, {4, 1}}, layout{0, {1, 5}}, layout{8, {-4, 1}}}) {
    std::vector<std::uint32_t> memory(12, 7);
    std::vector<std::uint32_t> expected = memory;
    for (std::int64_t r = 0; r < kSizes[0]; ++r) {
      for (std::int64_t c = 0; c < kSizes[1]; ++c) {
        expected[static_cast<std::size_t>(first + r * strides[0] + c * strides[1])] = 9;
      }
    }
    const memory_region region =
        region_of(memory.data() + first, sizeof memory[0], kSizes, strides, true);
    const auto before =
        static_cast<const std::byte*>(region.data) - std::as_bytes(std::span(memory)).data();
    take_back(region, std::as_bytes(std::span(computed)).data() + before);
    EXPECT_EQ(memory, expected) << strides[0];
  }
  std::vector<std::uint32_t> whole(12, 7);
  take_back({.data = whole.data(), .bytes = sizeof whole[0] * whole.size(), .is_written = true},
            std::as_bytes(std::span(computed)).data());
  EXPECT_EQ(whole, computed);
}

TEST(device, parts_of_one_matrix_may_be_computed_at_once) {
  std::mt19937 random(4);
  constexpr std::int64_t kRows = 9;
  constexpr std::int64_t kColumns = 64;
  const auto a = drawn(random, kRows * 5);
  const auto b = drawn(random, 5 * kColumns);
  std::vector<float> expected(kRows * kColumns);
  contraction_problem p{.batch = 1,
                        .m = kRows,
                        .n = kColumns,
                        .k = 5,
                        .a = {a.data(), 5, 1, 0},
                        .b = {b.data(), kColumns, 1, 0},
                        .d = {},
                        .out = {}};
  p.out = {expected.data(), kColumns, 1, 0};
  const policy<binary32> rules;
  scalar_backend().contraction("pam", contraction_kind::product, {})(rules, p);
  const auto function = device_backend().contraction("pam", contraction_kind::product, {});
  for (int turn = 0; turn < 20; ++turn) {
    std::vector<float> got(kRows * kColumns, 1);
    {
      std::vector<std::jthread> threads;
      for (std::int64_t first = 0; first < kColumns; first += 16) {
        threads.emplace_back([&, first] {
          contraction_problem part = p;
          part.n = 16;
          part.b.data = b.data() + first;
          part.out.data = got.data() + first;
          function(rules, part);
        });
      }
    }
    ASSERT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)), 0) << turn;
  }
}

TEST(device_layout, keeps_overlapping_regions_together_and_addresses_modulo_256) {
  std::vector<std::byte> memory(4096);
  const std::vector<memory_region> regions = {{&memory[1000], 100, false},
                                              {&memory[10], 20, true},
                                              {&memory[1050], 200, true},
                                              {&memory[30], 0, false}};
  const device_layout layout(regions);
  ASSERT_EQ(layout.segments().size(), 2U);
  const auto offset = [&](std::size_t at) {
    return layout.offset_of(std::bit_cast<std::uintptr_t>(&memory[at]));
  };
  EXPECT_EQ(offset(1249) - offset(1000), 249);
  EXPECT_EQ(offset(1250), -1);
  EXPECT_EQ(offset(9), -1);
  for (const std::size_t at : {10U, 1000U, 1050U}) {
    EXPECT_EQ(static_cast<std::uintptr_t>(offset(at)) % 256,
              std::bit_cast<std::uintptr_t>(&memory[at]) % 256);
  }
}

TEST(device_layout, a_region_in_another_one_ends_where_that_one_ends) {
  std::vector<std::byte> memory(4096);
  for (const std::size_t inner : {1000U, 1050U, 1200U}) {
    for (const bool is_first : {true, false}) {
      std::vector<memory_region> regions = {{&memory[1000], 300, false},
                                            {&memory[inner], 100, true}};
      if (is_first) std::swap(regions[0], regions[1]);
      const device_layout layout(regions);
      ASSERT_EQ(layout.segments().size(), 1U);
      EXPECT_EQ(layout.segments()[0].begin, std::bit_cast<std::uintptr_t>(&memory[1000]));
      EXPECT_EQ(layout.segments()[0].end, std::bit_cast<std::uintptr_t>(&memory[1300])) << inner;
    }
  }
}

TEST(device_layout, moves_addresses_and_nothing_else) {
  std::vector<std::uint64_t> memory(8);
  const std::vector<memory_region> regions = {{memory.data(), 64, true}};
  const device_layout layout(regions);
  const std::uint64_t parameters[] = {7, std::bit_cast<std::uint64_t>(&memory[2]), 0,
                                      std::bit_cast<std::uint64_t>(&memory[0]) + 64};
  const auto moved = layout.moved(std::as_bytes(std::span(parameters)), 0x1000);
  std::uint64_t words[4];
  ASSERT_EQ(moved.size(), sizeof words);
  std::memcpy(words, moved.data(), sizeof words);
  EXPECT_EQ(words[0], 7U);
  EXPECT_EQ(words[1], 0x1000 + static_cast<std::uint64_t>(layout.segments()[0].offset) + 16);
  EXPECT_EQ(words[2], 0U);
  EXPECT_EQ(words[3], parameters[3]);
}

}  // namespace
}  // namespace pamkit::cuda

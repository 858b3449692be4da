#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "layer_calls.hpp"
#include "pamkit/layer_definition.hpp"
#include "pamkit/simd.hpp"

// Layers read and write nothing outside of their operands. These are vectors, so that all memory of
// this program that is allocated while `guarded` is set lies next to a page that may be neither
// read nor written.

namespace pamkit::testing {
namespace {

enum class guard { none, before, behind };

guard& guarded() {
  thread_local guard side = guard::none;
  return side;
}

struct mapping {
  void* data = nullptr;
  void* memory = nullptr;
  std::size_t size = 0;
};

// Few at a time: the operands and results of one call.
std::array<mapping, 4096>& mappings() {
  static std::array<mapping, 4096> all;
  return all;
}

void* map_guarded(std::size_t bytes, guard side) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t body = (bytes + page - 1) / page * page;
  const std::size_t size = body + 2 * page;
  void* const memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  auto* const first = static_cast<std::byte*>(memory) + page;
  if (body != 0 && mprotect(first, body, PROT_READ | PROT_WRITE) != 0) std::abort();
  // What is not a row of words keeps the alignment of its size.
  void* const data = first + (side == guard::behind ? body - bytes : 0);
  for (mapping& m : mappings()) {
    if (m.memory != nullptr) continue;
    m = {data, memory, size};
    return data;
  }
  std::abort();
}

bool unmap_guarded(void* data) {
  for (mapping& m : mappings()) {
    if (m.memory == nullptr || m.data != data) continue;
    munmap(m.memory, m.size);
    m = {};
    return true;
  }
  return false;
}

}  // namespace
}  // namespace pamkit::testing

// Not inlined: a compiler that sees malloc behind new takes delete for the wrong counterpart.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  using namespace pamkit::testing;
  if (guarded() != guard::none) return map_guarded(bytes, guarded());
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr && !pamkit::testing::unmap_guarded(memory)) std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace pamkit::testing {
namespace {

TEST(GuardedRows, TheGuardIsSeen) {
  EXPECT_DEATH(
      {
        guarded() = guard::behind;
        std::vector<std::uint32_t> x(3);
        const volatile std::uint32_t* const p = x.data();
        const volatile std::size_t behind = 3;
        static_cast<void>(p[behind]);
      },
      "");
}

TEST(GuardedRows, NothingOutsideOfTheOperandsIsTouched) {
  std::mt19937 random(1);
  constexpr std::int64_t kLengths[] = {1, 2, 31, 32, 33, 63, 64, 65, 100};
  // Ordinary blocks, and blocks that are not.
  const operand_profile* const profiles[] = {&kProfiles.front(), &kProfiles.back()};
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    for_each_layer_of_rows(*find_arithmetic("pam"), [&](const std::string& operation,
                                                        const layer_info& layer, bool is_vjp,
                                                        derivative gradient) {
      const layer_function f = simd_backend().layer(operation, "pam");
      const layer_function definition = scalar_backend().layer(operation, "pam");
      for (const guard side : {guard::before, guard::behind}) {
        for (const std::int64_t length : kLengths) {
          for (const operand_profile* profile : profiles) {
            const layer_operands drawn = draw_operands(layer, is_vjp, 3, length, *profile, random);
            const auto expected = definition({}, gradient, drawn.tensors, drawn.attributes);
            std::vector<tensor> got;
            {
              guarded() = side;
              const std::vector<tensor> operands = drawn.tensors;
              std::vector<tensor> result = f({}, gradient, operands, drawn.attributes);
              guarded() = guard::none;
              got = result;
            }
            EXPECT_EQ(got, expected) << target << ' ' << operation << ' ' << length;
          }
        }
      }
    });
  }
  use_simd_target("");
}

tensor drawn_tensor(std::vector<std::int64_t> shape, const operand_profile& profile,
                    std::mt19937& random) {
  tensor t = tensor_of_shape(std::move(shape));
  for (std::uint32_t& x : t.encodings) x = draw(profile, random);
  return t;
}

// Layers that are made of products.
TEST(GuardedRows, NothingOutsideOfTheOperandsOfProductsIsTouched) {
  std::mt19937 random(2);
  const auto compare = [&](const std::string& operation, derivative gradient,
                           const std::vector<tensor>& drawn) {
    const auto expected = scalar_backend().layer(operation, "pam")({}, gradient, drawn, {});
    for (const guard side : {guard::before, guard::behind}) {
      std::vector<tensor> got;
      {
        guarded() = side;
        const std::vector<tensor> operands = drawn;
        std::vector<tensor> result =
            simd_backend().layer(operation, "pam")({}, gradient, operands, {});
        guarded() = guard::none;
        got = result;
      }
      EXPECT_EQ(got, expected) << operation;
    }
  };
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    for (const operand_profile* profile : {&kProfiles.front(), &kProfiles.back()}) {
      for (const std::int64_t n : {1, 7, 16, 33}) {
        std::vector<tensor> linear = {drawn_tensor({5, n}, *profile, random),
                                      drawn_tensor({n + 2, n}, *profile, random),
                                      drawn_tensor({n + 2}, *profile, random)};
        std::vector<tensor> attention(3, drawn_tensor({2, n, 9}, *profile, random));
        attention.push_back(tensor_of_shape({2, n, n}));
        compare("linear", derivative::approx, linear);
        compare("attention", derivative::approx, attention);
        linear.push_back(drawn_tensor({5, n + 2}, *profile, random));
        attention.push_back(drawn_tensor({2, n, 9}, *profile, random));
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          compare("linear_vjp", gradient, linear);
          compare("attention_vjp", gradient, attention);
        }
      }
    }
  }
  use_simd_target("");
}

}  // namespace
}  // namespace pamkit::testing

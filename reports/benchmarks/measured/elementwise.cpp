#include <fmt/format.h>

#include <algorithm>

#include "measurement.hpp"
#include "operand_data.hpp"

/// Elementwise operations on arrays that fit into the first-level cache, and on ones that come from
/// memory.
namespace pamkit::benchmarks::measured {
namespace {

constexpr std::size_t kCached = 2048;
constexpr std::size_t kFromMemory = 1U << 22U;

struct memory {
  std::vector<float> a, b, rival_out;
  std::vector<std::uint32_t> a_bits, b_bits, out, expected;
};

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits(values.size());
  std::ranges::transform(values, bits.begin(),
                         [](float x) { return std::bit_cast<std::uint32_t>(x); });
  return bits;
}

prepared_case prepare(const std::string& operation, const std::string& arithmetic,
                      std::size_t count) {
  const auto m = std::make_shared<memory>();
  m->a.resize(count);
  m->b.resize(count);
  fill(m->a, find_operand_class("plain"), 1, true);
  fill(m->b, find_operand_class("plain"), 2, false);
  // Positive: logarithms, roots and powers of negative numbers are not what one computes.
  for (float& x : m->a) x = x < 0 ? -x : x;
  m->a_bits = bits_of(m->a);
  m->b_bits = bits_of(m->b);
  m->out.resize(count);
  m->rival_out.resize(count);

  const auto kernel = simd_backend().elementwise(operation, arithmetic);
  const auto definition = scalar_backend().elementwise(operation, arithmetic);
  const configuration rules =
      parse_arithmetic(arithmetic)
          .value()
          .configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity);
  prepared_case p;
  p.memory = m;
  const auto work = static_cast<double>(count);
  p.kernel = {.name = "simd", .work = work, .run = {}};
  if (kernel == definition) {
    p.absent = "the simd backend computes it by the definition";
    return p;
  }
  p.kernel.run = [m, kernel, rules, count] {
    kernel(rules, m->a_bits.data(), m->b_bits.data(), m->out.data(), count);
  };
  p.check = [m, kernel, definition, rules, count](int) {
    m->expected.resize(count);
    std::ranges::fill(m->out, 0xdeadbeafU);
    kernel(rules, m->a_bits.data(), m->b_bits.data(), m->out.data(), count);
    definition(rules, m->a_bits.data(), m->b_bits.data(), m->expected.data(), count);
    require_equal(m->out, m->expected, [](std::size_t i) { return fmt::format("element {}", i); });
    m->expected = {};
  };
  const std::size_t part = std::min(count, kCached);
  p.others.push_back(
      {.name = "scalar", .work = static_cast<double>(part), .run = [m, definition, rules, part] {
         definition(rules, m->a_bits.data(), m->b_bits.data(), m->out.data(), part);
       }});
  workload w;
  w.what = task::map;
  w.operation = operation;
  w.n = static_cast<std::int64_t>(count);
  w.a.data = m->a.data();
  w.b.data = m->b.data();
  w.out = m->rival_out.data();
  p.rivals = w;
  return p;
}

}  // namespace

std::vector<measured_case> elementwise(const settings& s) {
  std::vector<measured_case> cases;
  for (const std::size_t count :
       s.quick ? std::vector{kCached} : std::vector{kCached, kFromMemory}) {
    for (const arithmetic_info& a : arithmetics()) {
      for (const operation_info& o : operations()) {
        const std::string operation(o.name);
        const std::string arithmetic(a.name);
        // What exact has no kernel for is the machine's C library.
        if (scalar_backend().elementwise(operation, arithmetic) == nullptr) continue;
        if (arithmetic != "pam" && operation != "mul") continue;
        measured_case c;
        c.name = operation;
        c.arithmetic = arithmetic;
        c.shape = count == kCached ? "cached" : "from memory";
        c.unit = "elements";
        c.prepare = [operation, arithmetic, count] {
          return prepare(operation, arithmetic, count);
        };
        cases.push_back(std::move(c));
      }
    }
  }
  return cases;
}

}  // namespace pamkit::benchmarks::measured

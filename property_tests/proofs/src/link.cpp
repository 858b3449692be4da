#include "pamkit/proofs/link.hpp"

#include <fmt/format.h>

#include <set>

#include "pamkit/backend.hpp"
#include "pamkit/properties/generator.hpp"

namespace pamkit::proofs {
namespace {

std::string encoding(const format_description& f, std::uint32_t x) {
  return fmt::format("(encoding {} {})", f.sign(x), x & f.magnitude_mask);
}

struct rules {
  subnormal_policy subnormals;
  overflow_policy overflow;
  const char* arithmetic;
};

}  // namespace

std::string link_script(const std::string& operation, const any_format& format, std::uint64_t seed,
                        std::size_t count) {
  const format_description f = describe(format);
  const std::string function = operation == "mul" ? "pam" : operation == "div" ? "pad" : operation;
  std::string claims;
  std::string faulty;
  std::size_t cases = 0;
  std::vector<rules> all;
  for (const auto s : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto o : {overflow_policy::infinity, overflow_policy::saturate}) {
      for (const auto* arithmetic : {"pam", "pam:1.0552"}) all.push_back({s, o, arithmetic});
    }
  }
  for (const rules& r : all) {
    const configuration c =
        parse_arithmetic(r.arithmetic)->configure(format, r.subnormals, r.overflow);
    const auto pool = properties::make_pool({format, 2, c.compensation}, seed, count / all.size());
    const auto& x = pool.operands;
    const std::size_t size = properties::case_count(x);
    std::vector<std::set<std::uint32_t>> results(size);
    for (const backend* b : emulator_backends()) {
      const elementwise_function apply = b->elementwise(operation, c.arithmetic);
      if (apply == nullptr) continue;
      properties::column out(size);
      apply(c, x[0].data(), x[1].data(), out.data(), size);
      for (std::size_t i = 0; i < size; ++i) results[i].insert(out[i]);
    }
    for (std::size_t i = 0; i < size; ++i) {
      const std::string term =
          fmt::format("({} {} {} {} {} {})", function, r.subnormals == subnormal_policy::gradual,
                      r.overflow == overflow_policy::saturate, c.compensation, encoding(f, x[0][i]),
                      encoding(f, x[1][i]));
      for (const std::uint32_t y : results[i]) {
        claims += fmt::format("  (and (= case {}) (not (= {} {})))\n", cases, term, encoding(f, y));
        if (faulty.empty()) faulty = fmt::format("(not (= {} {}))", term, encoding(f, y ^ 1));
        ++cases;
      }
    }
  }
  return fmt::format(
      "(declare-const case Int)\n(assert (and (<= 0 case) (< case {})))\n"
      "(echo \"precondition\")\n(check-sat)\n"
      "(push 1)\n(assert (or\n{}))\n(echo \"statement\")\n(check-sat)\n(pop 1)\n"
      "(push 1)\n(assert {})\n(echo \"mutant\")\n(check-sat)\n(pop 1)\n",
      cases, claims, faulty);
}

}  // namespace pamkit::proofs

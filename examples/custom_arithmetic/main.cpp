// Uses the installed package: an arithmetic of one's own against the contract, and every pair of e4m3 encodings
// for one of its promises.
#include <cstdio>

#include "truncated_pam.hpp"

int main() {
  using pamkit::e4m3;
  using pamkit::arith::truncated_pam;
  static_assert(pamkit::arithmetic<truncated_pam, e4m3>);
  const pamkit::policy<e4m3> rules;
  static_assert(truncated_pam::promise(rules).commutative);
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::uint32_t j = 0; j < 256; ++j) {
      const auto a = pamkit::from_bits<e4m3>(i);
      const auto b = pamkit::from_bits<e4m3>(j);
      if (truncated_pam::mul(rules, a, b) != truncated_pam::mul(rules, b, a)) {
        std::printf("not commutative: %02X %02X\n", i, j);
        return 1;
      }
    }
  }
  std::puts("truncated_pam: mul is commutative on every pair of e4m3 encodings");
  return 0;
}

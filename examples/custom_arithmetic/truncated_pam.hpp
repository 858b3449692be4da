#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/detail/log_linear.hpp"

namespace pamkit::arith {

/// An example of an arithmetic: pam whose operands lose their lowest fraction bit first, as a cheaper adder
/// would. Copied into emulator/include/pamkit/arith/ it takes part in the suite, the report and the training
/// arms with no further edit.
struct truncated_pam {
  // What the command line calls it; the same as the file's stem.
  static constexpr std::string_view name = "truncated_pam";
  // Where it is published: shown by `list` and by the report.
  static constexpr std::string_view reference = "example";
  // The golden model that judges it. There is none of this name until reference/arithmetic/truncated_pam.cpp
  // is written, and the suite says so ("not run"); an arithmetic that claims to equal pam names "pam".
  static constexpr std::string_view oracle = "truncated_pam";

  // The compensation that its products use: a requested one is passed on, or a fixed one returned.
  template <class F>
  PAMKIT_HD static constexpr std::int32_t compensation(F, std::int32_t /*requested*/) {
    return 0;
  }

  // What holds for every operand of every format. Each field is tested; a false one fails with a
  // counterexample, one left out is reported "not promised".
  template <class F>
  static constexpr promises promise(const policy<F>&) {
    return {.commutative = true, .negation = true, .sign_is_xor = true, .zero_annihilates = true};
  }

  template <class F>
  PAMKIT_HD static constexpr encoding<F> mul(const policy<F>& p, encoding<F> a, encoding<F> b) {
    return detail::pam_mul(p, without_last_bit(p, a), without_last_bit(p, b));
  }

 private:
  template <class F>
  PAMKIT_HD static constexpr encoding<F> without_last_bit(const policy<F>& p, encoding<F> x) {
    const std::uint32_t last = std::uint32_t{1} << p.format.dropped_bits();
    return is_normal(x) ? from_bits<F>(x.bits & ~last) : x;
  }
};

}  // namespace pamkit::arith

#pragma once

#include <cfenv>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace pamkit::detail {

/// IEEE 754's default floating-point environment for the scope: round to nearest, subnormals kept
/// (other libraries set flush-to-zero and denormals-are-zero), no traps. Restores the caller's
/// settings and exception flags.
class default_float_environment {
 public:
  default_float_environment(const default_float_environment&) = delete;
  default_float_environment& operator=(const default_float_environment&) = delete;

#if defined(__SSE__)
  default_float_environment() : saved_(_mm_getcsr()) {
    if ((saved_ & ~kFlags) != kDefault) _mm_setcsr(kDefault);
    keep_in_scope();
  }
  ~default_float_environment() {
    keep_in_scope();
    _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned kDefault = 0x1f80;  // all exceptions masked
  static constexpr unsigned kFlags = 0x3f;      // sticky exception flags

  unsigned saved_;
#else
  default_float_environment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
    keep_in_scope();
  }
  ~default_float_environment() {
    keep_in_scope();
    std::fesetenv(&saved_);
  }

 private:
  std::fenv_t saved_;
#endif

  // Compilers do not know that arithmetic depends on the environment. They do know that operands
  // come from memory and results go there: neither crosses this.
  static void keep_in_scope() { asm volatile("" : : : "memory"); }
};

}  // namespace pamkit::detail

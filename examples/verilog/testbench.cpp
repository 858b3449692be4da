// Drives pam_mul from a pipe: reads lines "A B" of encodings, writes "A B PRODUCT". DIGITS is how many
// hexadecimal digits an encoding has.
#include <cstdio>
#include <cstdlib>

#include "Vpam_mul.h"

int main() {
  Vpam_mul unit;
  char line[64];
  for (unsigned long number = 1; std::fgets(line, sizeof line, stdin) != nullptr; ++number) {
    unsigned a = 0;
    unsigned b = 0;
    if (std::sscanf(line, "%x %x", &a, &b) != 2) {
      std::fprintf(stderr, "testbench: line %lu is not two encodings\n", number);
      return 2;
    }
    unit.a = a;
    unit.b = b;
    unit.eval();
    std::printf("%0*X %0*X %0*X\n", DIGITS, a, DIGITS, b, DIGITS, static_cast<unsigned>(unit.product));
  }
  unit.final();
  return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Verilator's run-time library asks for the simulation time of tracing and $time; there is none here.
double sc_time_stamp() { return 0; }

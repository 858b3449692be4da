#include "standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

int first_error = 0;

void remember_error() {
  if (first_error == 0) first_error = errno == 0 ? EIO : errno;
}

}  // namespace

void write_out(std::string_view text) {
  if (first_error != 0) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) remember_error();
}

void require_output_written() {
  errno = 0;
  if (std::fflush(stdout) != 0) remember_error();
  if (first_error == 0) return;
  throw input_error("standard output", std::strerror(first_error),
                    "results could not be written: make room, or redirect it elsewhere");
}

}  // namespace pamkit::training

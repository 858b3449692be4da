#include "pamkit/provenance/standard_output.hpp"

#include <cerrno>
#include <cstdio>

namespace pamkit::provenance {
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

void flush_out() {
  errno = 0;
  if (std::fflush(stdout) != 0) remember_error();  // a second time it would say that all is well
}

int output_error() {
  flush_out();
  return first_error == EPIPE ? 0 : first_error;
}

}  // namespace pamkit::provenance

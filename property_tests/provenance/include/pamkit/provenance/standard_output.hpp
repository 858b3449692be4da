#pragma once

#include <fmt/format.h>

#include <string_view>

/// Results on standard output, of every program. A write that fails (a full disk) does not end the
/// work: the first error is remembered, what follows is not written, and the program complains
/// once, at its end.
namespace pamkit::provenance {

void write_out(std::string_view text);

template <class... Args>
void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// Hands on what was written so far, for what else goes to the same place after it.
void flush_out();

/// Flushes. The errno of the first write that failed, or 0; also 0 where the reader has closed the
/// pipe, which ends the printing and is no error (where SIGPIPE is ignored).
int output_error();

}  // namespace pamkit::provenance

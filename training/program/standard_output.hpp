#pragma once

#include <fmt/format.h>

#include <string_view>

/// Results go to standard output. A write that fails (a full disk) does not end the work: it is
/// remembered, what follows is not written, and main() complains once at the end.
namespace pamkit::training {

void write_out(std::string_view text);

template <class... Args>
void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// Flushes. Throws input_error naming standard output and the first write that failed.
void require_output_written();

}  // namespace pamkit::training

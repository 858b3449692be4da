#pragma once

#include <CLI/CLI.hpp>

namespace pamkit::cli {

/// Makes a text option one that takes a list, which `split_list` reads: it may be given several
/// times, and an empty item is refused as it was typed. (CLI11's join(',') would drop empty items.)
void make_list(CLI::Option* option);

}  // namespace pamkit::cli

#pragma once

#include <string>

#include "pamkit/backend.hpp"

namespace pamkit::cli {

/// Loads somebody's own implementation, a shared library that exports what pamkit_plugin.h says,
/// and gives it as a backend; the same path gives the same one. It stays loaded. Throws `failure`
/// where the library cannot be loaded, is built for another interface, or four others are loaded
/// already. A call that crashes, fails or exits ends the program with one line.
const backend& load_plugin(const std::string& path);

/// The program is at its end: from here on an exit is its own and not that of a library.
void expect_exit();

}  // namespace pamkit::cli

#include "console.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace pamkit::cli {
namespace {

std::string command_line;
std::string
    command_name;  // NOLINT(runtime/string): lives as long as the program's one thread of messages

// What a terminal would obey, and nothing of a name in UTF-8.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string escaped(char c) { return fmt::format("\\x{:02x}", static_cast<unsigned char>(c)); }

}  // namespace

void name_command(std::string_view name) { command_name = name; }

std::string typed_command() { return command_line; }

void remember_command_line(int argc, const char* const* argv) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,:/@%";
  command_line = "./pamkit";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool plain =
        !argument.empty() && argument.find_first_not_of(kPlain) == std::string_view::npos;
    command_line += ' ';
    if (plain) {
      command_line += argument;
      continue;
    }
    command_line += '\'';
    for (const char c : argument) {
      if (c == '\'') {
        command_line += "'\\''";
      } else {
        command_line += c;
      }
    }
    command_line += '\'';
  }
}

void complain(std::string_view message) {
  std::string line = "pamkit";
  if (!command_name.empty()) line += " " + command_name;
  line += ": ";
  for (const char c : message) {
    if (c == '\n') {
      line += ' ';
    } else if (is_control(c)) {
      line += escaped(c);
    } else {
      line += c;
    }
  }
  line += '\n';
  provenance::flush_out();  // in a shared file the complaint follows the results that led to it
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    if (is_control(c) || static_cast<unsigned char>(c) > 0x7f) {
      out += escaped(c);
    } else {
      out += c;
    }
  }
  return out + (text.size() > kLongest ? "'..." : "'");
}

}  // namespace pamkit::cli

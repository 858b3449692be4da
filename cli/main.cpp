#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <new>
#include <regex>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "command.hpp"
#include "console.hpp"
#include "cuda_backends.hpp"
#include "interruption.hpp"
#include "pamkit/arguments/option_names.hpp"
#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/simd.hpp"
#include "plugin.hpp"

namespace pamkit::cli {
namespace {

constexpr std::string_view kAlwaysPossible =
    "  0    all is well\n"
    "  2    usage, or input that cannot be read\n"
    "  130  interrupted\n";

std::string footer(const command& c) {
  std::string text = "Examples:\n" + c.examples + "Exit codes:\n";
  // In ascending order: the command's own lines stand between 0 and 130.
  std::string codes = std::string(kAlwaysPossible) + c.exit_codes;
  std::map<int, std::string> lines;
  for (const std::string& line : CLI::detail::split(codes, '\n')) {
    if (!line.empty()) lines[std::stoi(line)] = line + "\n";
  }
  for (const auto& [code, line] : lines) text += line;
  return text;
}

// What CLI11 says of a wrong number of values, in plain words; other texts as they are.
std::string plain_words(const std::string& text) {
  static const std::regex most("(.*): At Most ([0-9]+) required but received ([0-9]+)");
  static const std::regex missing("(.*): [0-9]+ required (.*) missing");
  static const std::regex inconvertible("Could not convert: (-.*) = .*");
  std::smatch words;
  if (std::regex_match(text, words, most)) {
    const std::string times = words[3] == "2" ? "twice" : words[3].str() + " times";
    return fmt::format("{}: given {}; {} needed", words[1].str(), times,
                       words[2] == "1" ? "one value is" : "at most " + words[2].str() + " are");
  }
  if (std::regex_match(text, words, missing)) {
    return fmt::format("{}: {} is missing", words[1].str(), words[2].str());
  }
  if (std::regex_match(text, words, inconvertible)) {
    return fmt::format("{}: it takes no such value", words[1].str());
  }
  return text;
}

// CLI11's complaint as one line that ends with what would be right.
std::string usage_message(const CLI::ParseError& error, const CLI::App& app) {
  std::string text = plain_words(error.what());
  std::string hint;
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras =
        const_cast<CLI::App&>(app).remaining();  // not const in CLI11, though it only looks
    if (!extras.empty()) {
      const std::string& first = extras.front();
      const bool option = first.starts_with("-");
      text = (option ? "no option " : "unexpected argument ") + in_quotes(first);
      if (option) hint = suggestion(first.substr(0, first.find('=')), option_names(app));
    }
  }
  return text + hint + "; see 'pamkit " + app.get_name() + " --help'";
}

// Whether a word is a number with a minus, which CLI11 would take for options of one letter.
bool is_negative_number(std::string_view word) {
  if (!word.starts_with('-')) return false;
  word.remove_prefix(1);
  return word == "inf" || word == "nan" ||
         (!word.empty() && (word[0] == '.' || (word[0] >= '0' && word[0] <= '9')));
}

// The arguments, with negative numbers behind a space where the command takes them.
std::vector<std::string> shielded(const std::vector<command>& commands, int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  const bool takes_them = argc > 1 && std::ranges::any_of(commands, [&](const command& c) {
                            return c.takes_negative_numbers && c.name == words[1];
                          });
  if (!takes_them) return words;
  for (std::string& word : words) {
    if (is_negative_number(word)) word.insert(word.begin(), ' ');
  }
  return words;
}

// Where commands would take an empty word for an option that was not given, they would do something
// else than what was meant.
void refuse_empty_values(const CLI::App& app) {
  const CLI::Option* const option = option_with_empty_value(app);
  if (option == nullptr) return;
  throw failure(fmt::format("{}: the value is empty; give {}, or leave it out", option->get_name(),
                            option->get_type_name()));
}

exit_code run(const std::vector<command>& commands, int argc, char** argv) {
  CLI::App app("pamkit: bit-exact piecewise affine arithmetic, verified.", "pamkit");
  app.set_version_flag("--version", std::string("pamkit ") + PAMKIT_VERSION);
  app.set_help_flag("--help,-h", "this text");
  app.require_subcommand(1);
  app.footer(
      "'pamkit COMMAND --help' has a command's options, examples and exit codes.\n"
      "Exit codes: 0 all passed; 1 something is wrong with what was verified; 2 usage or "
      "unreadable\n"
      "input; 3 an asked backend is not there (the others still run); 130 interrupted.");

  const command* chosen = nullptr;
  std::function<exit_code()> job;
  std::vector<std::string> names;
  for (const command& c : commands) {
    names.push_back(c.name);
    CLI::App* const sub = app.add_subcommand(c.name, c.summary);
    sub->set_help_flag("--help,-h", "this text");
    sub->footer(footer(c));
    const auto attached = c.attach(*sub);
    sub->parse_complete_callback([&, attached] {
      chosen = &c;
      job = attached;
    });
  }
  if (argc > 1 && argv[1][0] != '-' &&
      std::ranges::find(names, std::string_view(argv[1])) == names.end()) {
    throw failure("no command " + in_quotes(argv[1]) + "; there are " +
                  CLI::detail::join(names, ", ") + suggestion(argv[1], names));
  }
  const CLI::App* current = &app;
  if (argc > 1 && argv[1][0] != '-') {
    current = app.get_subcommand(argv[1]);
    name_command(argv[1]);
  }
  try {
    std::vector<std::string> words = shielded(commands, argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    app.parse(argc, pointers.data());
  } catch (const CLI::CallForHelp&) {
    print_out("{}", current->help(current == &app ? "" : app.get_name()));
    return exit_code::passed;
  } catch (const CLI::CallForVersion&) {
    print_out("pamkit {}\n", PAMKIT_VERSION);
    return exit_code::passed;
  } catch (const CLI::ParseError& error) {
    if (argc <= 1) throw failure("no command; there are " + CLI::detail::join(names, ", "));
    std::string message = usage_message(error, *current);
    if (current == &app) {
      message = fmt::format("no option {}{}; see 'pamkit --help'", in_quotes(argv[1]),
                            suggestion(argv[1], option_names(app)));
    }
    throw failure(message);
  }
  refuse_empty_values(*current);
  simd_target_name();  // PAMKIT_SIMD_TARGET names none: said before anything is computed
  return job();
}

exit_code run_and_complain(int argc, char** argv) {
  try {
    remember_command_line(argc, argv);
    return run(all_commands(), argc, argv);
  } catch (const failure& error) {
    complain(error.what());
    return error.code();
  } catch (const std::bad_alloc&) {
    complain("out of memory; free some, or ask for less at a time");
    return exit_code::unusable;
  } catch (const std::exception& error) {
    complain(error.what());
    return exit_code::unusable;
  }
}

// Columns of some megabytes come and go all the time: their memory is kept, where glibc would hand
// each back to the system and have the next one cleared again.
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that glibc takes
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

}  // namespace
}  // namespace pamkit::cli

int main(int argc, char** argv) {
  using namespace pamkit::cli;
  keep_freed_memory();
  install_signal_handlers();
  add_cuda_backends();
  exit_code code = run_and_complain(argc, argv);
  if (const int error = pamkit::provenance::output_error(); error != 0) {
    complain(std::string("standard output: ") + std::strerror(error) +
             "; write to a place with room, or to a pipe");
    code = graver(code, exit_code::unusable);
  }
  expect_exit();
  return static_cast<int>(code);
}

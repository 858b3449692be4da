#include "usage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "pamkit/arguments/option_names.hpp"
#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

// The commands that were parsed, from the program to the innermost.
std::vector<const CLI::App*> parsed_commands(const CLI::App& app) {
  std::vector<const CLI::App*> all = {&app};
  while (!all.back()->get_subcommands().empty()) {
    all.push_back(all.back()->get_subcommands().front());
  }
  return all;
}

std::string name_of(const std::vector<const CLI::App*>& commands) {
  std::string name;
  for (const CLI::App* const c : commands) name += (name.empty() ? "" : " ") + c->get_name();
  return name;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const c : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(c->get_name());
  }
  return names;
}

}  // namespace

std::string usage_message(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<const CLI::App*> parsed = parsed_commands(app);
  const CLI::App& current = *parsed.back();
  const std::vector<std::string> names = command_names(current);
  const std::vector<std::string> extras = current.remaining();
  const std::string see = "; see '" + name_of(parsed) + " --help'";
  if (!extras.empty() && extras.front().starts_with("-")) {
    const std::string& word = extras.front();
    return "no option '" + word + "'" +
           suggestion(word.substr(0, word.find('=')), option_names(current)) + see;
  }
  if (!names.empty()) {
    const std::string given = extras.empty() ? "" : " '" + extras.front() + "'";
    return fmt::format("no command{}; there are {}{}{}", given, fmt::join(names, ", "),
                       extras.empty() ? "" : suggestion(extras.front(), names), see);
  }
  if (!extras.empty()) return "unexpected argument '" + extras.front() + "'" + see;
  return error.what() + see;
}

void refuse_empty_values(const CLI::App& app) {
  const CLI::Option* const option = option_with_empty_value(*parsed_commands(app).back());
  if (option == nullptr) return;
  throw input_error(option->get_name(), "the value is empty",
                    option->get_required() ? "give one" : "give one, or leave it out");
}

std::string help_footer(std::string_view examples, std::string_view failed,
                        std::string_view missing) {
  std::string text = fmt::format("Examples:\n{}Exit codes:\n  0    all is well\n", examples);
  if (!failed.empty()) text += fmt::format("  1    {}\n", failed);
  text += "  2    usage, or input that cannot be read\n";
  if (!missing.empty()) text += fmt::format("  3    {}\n", missing);
  return text + "  130  interrupted\n";
}

}  // namespace pamkit::training

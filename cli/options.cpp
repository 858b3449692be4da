#include "options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "console.hpp"
#include "list_option.hpp"
#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/cuda/device_backend.hpp"
#include "pamkit/properties/backends.hpp"
#include "plugin.hpp"

namespace pamkit::cli {
namespace {

constexpr std::array<std::pair<std::string_view, subnormal_policy>, 2> kPolicies = {
    {{"flush", subnormal_policy::flush}, {"gradual", subnormal_policy::gradual}}};
constexpr std::array<std::pair<std::string_view, profile>, 2> kProfiles = {
    {{name_of(profile::standard), profile::standard}, {name_of(profile::paper), profile::paper}}};
constexpr std::array<std::pair<std::string_view, overflow_policy>, 2> kOverflows = {
    {{"infinity", overflow_policy::infinity}, {"saturate", overflow_policy::saturate}}};

const std::string kFormatHelp = "binary32, bfloat16, binary16, e5m2, e4m3 or binary32mN, N = 1..23";

[[noreturn]] void refuse(std::string_view option, std::string_view what, const std::string& text,
                         const std::vector<std::string>& valid) {
  throw failure(fmt::format("{}: no {} {}; there are {}{}", option, what, in_quotes(text),
                            fmt::join(valid, ", "), suggestion(text, valid)));
}

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

template <class Value, std::size_t N>
Value read_choice(std::string_view option, std::string_view what, const std::string& text,
                  const std::array<std::pair<std::string_view, Value>, N>& table) {
  const auto it = std::ranges::find(table, text, &std::pair<std::string_view, Value>::first);
  if (it == table.end()) refuse(option, what, text, names_of(table));
  return it->second;
}

template <class Value, std::size_t N>
std::string_view spell(Value value,
                       const std::array<std::pair<std::string_view, Value>, N>& table) {
  return std::ranges::find(table, value, &std::pair<std::string_view, Value>::second)->first;
}

any_format read_format(const std::string& text) {
  if (const auto format = parse_format(text)) return *format;
  if (text.starts_with("binary32m")) {
    throw failure(
        fmt::format("--format: no format {}; binary32mN takes N from 1 to 23", in_quotes(text)));
  }
  refuse("--format", "format", text, format_names());
}

arithmetic_choice read_arithmetic(const std::string& text) {
  if (auto choice = parse_arithmetic(text)) return *choice;
  std::vector<std::string> names;
  for (const arithmetic_info& info : arithmetics()) names.emplace_back(info.name);
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const arithmetic_info* info = find_arithmetic(name);
  if (info == nullptr) refuse("--arithmetic", "arithmetic", text, names);
  if (info->compensation(binary32{}, 1) != 1) {
    throw failure(fmt::format("--arithmetic: {} takes no factor, but {} has one; write {}", name,
                              in_quotes(text), name));
  }
  throw failure(
      fmt::format("--arithmetic: {} is no factor; ALPHA of {}:ALPHA is a decimal from 1 to below 2 "
                  "with at most 17 "
                  "decimals, as in {}:1.0552",
                  in_quotes(text.substr(colon + 1)), name, name));
}

template <class Read>
auto read_list(std::string_view option, const std::string& text, Read read) {
  std::vector<decltype(read(text))> values;
  for (const std::string& item : split_list(option, text)) values.push_back(read(item));
  return values;
}

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& text,
                      const std::string& help, multiplicity number,
                      const std::string& placeholder) {
  CLI::Option* option = app.add_option(name, text, help);
  option->type_name(placeholder);
  if (number == multiplicity::list) make_list(option);
  return option;
}

// What is wrong with a list as it was typed; nothing where nothing is.
std::string list_complaint(const std::string& text) {
  const bool is_whole = !text.empty() && text.front() != ',' && text.back() != ',' &&
                        text.find(",,") == std::string::npos;
  if (is_whole) return {};
  return fmt::format("empty item in {}; write NAME or NAME,NAME", in_quotes(text));
}

}  // namespace

// CLI11 joins the values of an option that is given several times with line feeds, which split_list
// takes for commas; they are looked at one by one.
void make_list(CLI::Option* option) { option->join()->check(list_complaint); }

std::vector<std::string> split_list(std::string_view option, const std::string& text) {
  std::vector<std::string> items;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(",\n", begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    if (items.back().empty()) throw failure(fmt::format("{}: {}", option, list_complaint(text)));
    begin = end + 1;
  }
  return items;
}

void rule_options::attach(CLI::App& app, multiplicity number) {
  const bool list = number == multiplicity::list;
  if (!list) {
    format_ = "binary32";
    arithmetic_ = "pam";
    policy_ = "flush";
    overflow_ = "infinity";
    profile_ = "default";
  }
  const std::string more = list ? "[,...]" : "";
  const std::string otherwise = list ? " (default: all)" : "";
  const auto defaulted = [&](const std::string& value) {
    return list ? otherwise : " (default: " + value + ")";
  };
  add_text(app, "--format", format_, kFormatHelp + defaulted(format_), number, "FORMAT" + more);
  add_text(app, "--arithmetic", arithmetic_,
           "exact, pam, pam:ALPHA, l_mul, ... ('pamkit list arithmetics')" + defaulted(arithmetic_),
           number, "ARITHMETIC" + more);
  add_text(app, "--policy", policy_, "subnormals: flush or gradual" + defaulted(policy_), number,
           "POLICY" + more);
  add_text(app, "--overflow", overflow_,
           "past the largest finite value: infinity or saturate" + defaulted(overflow_), number,
           "OVERFLOW" + more);
  add_text(app, "--profile", profile_,
           "default, or paper: the released kernels, binary32 only" + defaulted(profile_), number,
           "PROFILE" + more);
}

std::vector<any_format> rule_options::formats() const {
  if (format_.empty()) return {};
  return read_list("--format", format_, read_format);
}

std::vector<arithmetic_choice> rule_options::arithmetics() const {
  if (arithmetic_.empty()) return {};
  return read_list("--arithmetic", arithmetic_, read_arithmetic);
}

std::vector<subnormal_policy> rule_options::policies() const {
  if (policy_.empty()) return {};
  return read_list("--policy", policy_, [](const std::string& text) {
    return read_choice("--policy", "policy", text, kPolicies);
  });
}

std::vector<overflow_policy> rule_options::overflows() const {
  if (overflow_.empty()) return {};
  return read_list("--overflow", overflow_, [](const std::string& text) {
    return read_choice("--overflow", "overflow policy", text, kOverflows);
  });
}

std::vector<profile> rule_options::profiles() const {
  if (profile_.empty()) return {};
  return read_list("--profile", profile_, [](const std::string& text) {
    return read_choice("--profile", "profile", text, kProfiles);
  });
}

rule_options::single rule_options::only() const {
  const auto only_one = [](std::string_view option, const auto& values) {
    if (values.size() != 1) {
      throw failure(fmt::format("{}: one value is needed here, not {}; lines of several would mix",
                                option, values.size()));
    }
    return values.front();
  };
  const arithmetic_choice arithmetic = only_one("--arithmetic", arithmetics());
  const any_format format = only_one("--format", formats());
  const subnormal_policy subnormals = only_one("--policy", policies());
  const overflow_policy overflow = only_one("--overflow", overflows());
  const profile chosen = only_one("--profile", profiles());
  const auto under = under_profile(arithmetic, chosen);
  if (!under || !covers(chosen, format, subnormals, overflow)) {
    throw failure(fmt::format(
        "--profile: {} is not defined under profile {}; defined are pam and pam:ALPHA in binary32, "
        "without --policy and --overflow, which the profile's own decisions replace",
        !under ? "arithmetic " + arithmetic.label
        : !std::holds_alternative<binary32>(format)
            ? "format " + describe(format).name
            : fmt::format("policy {}, {}", name_of(subnormals), name_of(overflow)),
        name_of(chosen)));
  }
  return {*under, under->configure(format, subnormals, overflow)};
}

void backend_option::attach(CLI::App& app) {
  add_text(
      app, "--backend", text_,
      "scalar, simd; cuda-host, cuda-ptx, cuda, torch where built (default: scalar and simd); or "
      "a shared library of your own, ./libmine.so (docs/foreign.md)",
      multiplicity::list, "BACKEND[,...]");
}

backend_choice backend_option::read() const {
  if (text_.empty()) return {{emulator_backends().begin(), emulator_backends().end()}, {}};
  const auto here = properties::all_backends();
  const auto elsewhere = absent_backends();
  backend_choice choice;
  for (const std::string& name : split_list("--backend", text_)) {
    if (name.find('/') != std::string::npos) {
      choice.present.push_back(&load_plugin(name));
      continue;
    }
    if (const auto it = std::ranges::find(here, name, &backend::name); it != here.end()) {
      choice.present.push_back(*it);
    } else if (std::ranges::find(elsewhere, name, &known_backend::name) != elsewhere.end()) {
      choice.absent.push_back(name);
    } else {
      std::vector<std::string> names;
      for (const backend* b : here) names.emplace_back(b->name);
      for (const known_backend& b : elsewhere) names.emplace_back(b.name);
      refuse("--backend", "backend", name, names);
    }
  }
  return choice;
}

std::span<const known_backend> absent_backends() {
  // First asked when the program has added its backends.
  static const std::vector<known_backend> all = [] {
    constexpr auto not_built = ", which this build does not have";
    std::vector<known_backend> list = {
        {"cuda-host", "the CUDA part of pamkit", not_built},
        {"cuda-ptx", "the CUDA part of pamkit and a CUDA toolkit", not_built},
        // Built everywhere; the machine lacks something.
        {"cuda", "the CUDA part of pamkit and a GPU", "; " + cuda::find_device().reason},
        {"torch", "the tensor operators and LibTorch", not_built}};
    std::erase_if(list, [](const known_backend& b) {
      return std::ranges::any_of(properties::all_backends(),
                                 [&](const backend* here) { return here->name == b.name; });
    });
    return list;
  }();
  return all;
}

std::string absent_backend_message(std::string_view name) {
  const known_backend& b = *std::ranges::find(absent_backends(), name, &known_backend::name);
  return fmt::format("--backend: {} is not here: it needs {}{}", name, b.needs, b.missing);
}

void format_option::attach(CLI::App& app) {
  add_text(app, "--format", text_, kFormatHelp + (" (default: " + text_ + ")"), multiplicity::one,
           "FORMAT");
}

any_format format_option::read() const { return read_format(text_); }

void operation_argument::attach(CLI::App& app) {
  const std::string help = "the operation, as in 'pamkit list operations'";
  if (text_.empty()) {
    app.add_option("OP", text_, help)->required();
  } else {
    app.add_option("OP", text_, help + " (default: " + text_ + ")");
  }
}

const operation_info& operation_argument::read() const {
  const operation_info* info = find_operation(text_);
  if (info == nullptr) {
    std::vector<std::string> names;
    for (const operation_info& known : operations()) names.emplace_back(known.name);
    refuse("OP", "operation", text_, names);
  }
  return *info;
}

const operation_info& operation_argument::read(const arithmetic_choice& arithmetic) const {
  const operation_info* info = &read();
  if (!arithmetic.info->defines(info->name)) {
    std::vector<std::string_view> names;
    for (const operation_info& known : operations()) {
      if (arithmetic.info->defines(known.name)) names.push_back(known.name);
    }
    const profile p = profile_of(arithmetic.info->name);
    const std::string where = p == profile::standard
                                  ? fmt::format("for arithmetic {}", arithmetic.info->name)
                                  : fmt::format("under profile {}", name_of(p));
    throw failure(fmt::format("OP: {} is not defined {}; defined are {}", info->name, where,
                              fmt::join(names, ", ")));
  }
  return *info;
}

void level_option::attach(CLI::App& app, const std::string& help) {
  add_text(app, "--level", text_, help + " (default: " + text_ + ")", multiplicity::one, "LEVEL");
}

properties::suite_level level_option::read() const {
  if (const auto level = properties::parse_level(text_)) return *level;
  refuse("--level", "level", text_, {"quick", "standard", "exhaustive"});
}

void number_option::attach(CLI::App& app) {
  add_text(app, name_, text_, help_, multiplicity::one, "N");
}

std::uint64_t number_option::read_or(std::uint64_t otherwise) const {
  if (text_.empty()) return otherwise;
  std::uint64_t value = 0;
  const char* const end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (error != std::errc{} || stop != end || value < least_) {
    throw failure(fmt::format("{}: {} is not a whole number from {} to 2^64 - 1", name_,
                              in_quotes(text_), least_));
  }
  return value;
}

number_option seed_option() {
  return {"--seed", "seed of everything that is random (default: 1)", 0};
}
number_option jobs_option() { return {"--jobs", "threads (default: one per processor)", 1}; }
number_option errors_option() {
  return {"--errors", "print at most N failures in full (default: 20)", 0};
}
number_option count_option(const std::string& help) { return {"--count", help, 1}; }

void shard_option::attach(CLI::App& app) {
  add_text(app, "--shard", text_,
           "the I-th of N parts of about the same cost, I from 1; 'pamkit merge' joins them",
           multiplicity::one, "I/N");
}

properties::shard shard_option::read() const {
  properties::shard part;
  if (text_.empty()) return part;
  constexpr std::uint64_t kMostShards = 1'000'000;
  const char* const end = text_.data() + text_.size();
  const auto first = std::from_chars(text_.data(), end, part.index);
  bool is_right = first.ec == std::errc{} && first.ptr != end && *first.ptr == '/';
  if (is_right) {
    const auto second = std::from_chars(first.ptr + 1, end, part.count);
    is_right = second.ec == std::errc{} && second.ptr == end;
  }
  if (!is_right || part.index == 0 || part.index > part.count || part.count > kMostShards) {
    throw failure(fmt::format(
        "--shard: {} is no part; write I/N with I from 1 to N and N at most {}, as in 2/4",
        in_quotes(text_), kMostShards));
  }
  return part;
}

void operations_option::attach(CLI::App& app) {
  add_text(app, "--op", text_, "operations, as in 'pamkit list operations' (default: all)",
           multiplicity::list, "OP[,...]");
}

std::vector<std::string> operations_option::read(const std::vector<std::string>& valid) const {
  if (text_.empty()) return {};
  return read_list("--op", text_, [&](const std::string& item) {
    return read_name("--op", "operation", item, valid);
  });
}

std::string read_name(std::string_view option, std::string_view what, const std::string& text,
                      const std::vector<std::string>& valid) {
  if (std::ranges::find(valid, text) == valid.end()) refuse(option, what, text, valid);
  return text;
}

std::string_view name_of(subnormal_policy policy) { return spell(policy, kPolicies); }
std::string_view name_of(overflow_policy policy) { return spell(policy, kOverflows); }

std::string rule_arguments(const arithmetic_choice& arithmetic, const configuration& rules) {
  const profile p = profile_of(rules.arithmetic);
  return fmt::format("--format {} --arithmetic {} --policy {} --overflow {}{}",
                     describe(rules.format).name, arithmetic.label, name_of(rules.subnormals),
                     name_of(rules.overflow),
                     p == profile::standard ? "" : fmt::format(" --profile {}", name_of(p)));
}

}  // namespace pamkit::cli

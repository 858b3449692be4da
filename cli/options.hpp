#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/operand_stream.hpp"
#include "pamkit/properties/suite_record.hpp"

/// The options that commands share: each is attached and read in one place, so that it is called,
/// explained and refused alike everywhere. Values are texts while CLI11 parses and are read
/// afterwards; every function that reads one throws `failure` with the valid names.
namespace pamkit::cli {

/// Whether an option takes a list, separated by commas, or one value.
enum class multiplicity : std::uint8_t { one, list };

/// --format --arithmetic --policy --overflow --profile
class rule_options {
 public:
  /// The defaults are shown in the help text; with a list an empty text stands for all and is not
  /// shown.
  void attach(CLI::App& app, multiplicity number);

  /// What was asked; empty where nothing was.
  std::vector<any_format> formats() const;
  std::vector<arithmetic_choice> arithmetics() const;
  std::vector<subnormal_policy> policies() const;
  std::vector<overflow_policy> overflows() const;
  std::vector<profile> profiles() const;

  /// The one configuration of multiplicity::one, and the arithmetic it came from. Under a profile
  /// `arithmetic` and `rules` are that profile's; what it does not define is refused.
  struct single {
    arithmetic_choice arithmetic;
    configuration rules;
  };
  single only() const;

 private:
  std::string format_, arithmetic_, policy_, overflow_, profile_;
};

/// --backend
struct backend_choice {
  std::vector<const backend*> present;
  std::vector<std::string> absent;  ///< names of backends that this build does not have
};
class backend_option {
 public:
  void attach(CLI::App& app);
  /// All the build has where nothing was asked.
  backend_choice read() const;

 private:
  std::string text_;
};

/// The names of backends that exist in the design and are not here, with what each needs and what
/// of that is missing.
struct known_backend {
  std::string_view name;
  std::string_view needs;
  std::string missing;
};
std::span<const known_backend> absent_backends();

/// The line that says that a backend is not here.
std::string absent_backend_message(std::string_view name);

/// --format alone, one of them.
class format_option {
 public:
  void attach(CLI::App& app);
  any_format read() const;

 private:
  std::string text_ = "binary32";
};

/// The operand OP of a command.
class operation_argument {
 public:
  /// `otherwise` is the operation where none is named; empty: one has to be.
  explicit operation_argument(std::string otherwise = "") : text_(std::move(otherwise)) {}
  void attach(CLI::App& app);
  /// Throws where it is not an elementwise operation.
  const operation_info& read() const;
  /// Throws where it is not an elementwise operation or `arithmetic` does not define it.
  const operation_info& read(const arithmetic_choice& arithmetic) const;
  /// As given.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// --level
class level_option {
 public:
  explicit level_option(std::string otherwise = "quick") : text_(std::move(otherwise)) {}
  void attach(CLI::App& app, const std::string& help);
  properties::suite_level read() const;

 private:
  std::string text_;
};

/// --seed, --jobs, --errors, --count: whole numbers, read with their range in the message.
class number_option {
 public:
  number_option(std::string name, std::string help, std::uint64_t least)
      : name_(std::move(name)), help_(std::move(help)), least_(least) {}
  void attach(CLI::App& app);
  bool given() const { return !text_.empty(); }
  std::uint64_t read_or(std::uint64_t otherwise) const;

 private:
  std::string name_, help_;
  std::uint64_t least_;
  std::string text_;
};
number_option seed_option();
number_option jobs_option();
number_option errors_option();
number_option count_option(const std::string& help);

/// --shard I/N, I from 1 to N
class shard_option {
 public:
  void attach(CLI::App& app);
  /// The whole, 1/1, where nothing was asked.
  properties::shard read() const;

 private:
  std::string text_;
};

/// --op NAME[,...]: the names are checked against `valid`.
class operations_option {
 public:
  void attach(CLI::App& app);
  std::vector<std::string> read(const std::vector<std::string>& valid) const;

 private:
  std::string text_;
};

/// The item of `valid` that `text` spells; throws with `option` and `what` otherwise.
std::string read_name(std::string_view option, std::string_view what, const std::string& text,
                      const std::vector<std::string>& valid);

/// Splits at commas; an empty item is refused with the option's name.
std::vector<std::string> split_list(std::string_view option, const std::string& text);

std::string_view name_of(subnormal_policy policy);
std::string_view name_of(overflow_policy policy);

/// "--format F --arithmetic A --policy P --overflow O" for a replay command, and the profile where
/// it is not the default.
std::string rule_arguments(const arithmetic_choice& arithmetic, const configuration& rules);

}  // namespace pamkit::cli

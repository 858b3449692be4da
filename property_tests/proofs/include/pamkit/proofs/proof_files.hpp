#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pamkit/format/any_format.hpp"

/// The files of reference/proofs: definitions, a prelude for each format, and a statement in each
/// file P*.smt2. What a solver reads is a format's prelude, the definitions, and one statement.

namespace pamkit::proofs {

/// A file that says something about every format. Its header says what, in lines "; key: value".
struct statement_file {
  std::string name;       ///< the stem: "P3_commutes"
  std::string property;   ///< "P3"
  std::string operation;  ///< the one it is reported under
  std::string sentence;
  std::string domain;
  std::string mutant;                   ///< the fault that has to be found
  std::vector<std::string> exceptions;  ///< formats in which its domain is empty
  std::string text;                     ///< the whole file

  bool is_about(const std::string& format) const;
};

/// One folder, read once.
struct proof_folder {
  std::filesystem::path path;
  std::string definitions;
  std::vector<statement_file> statements;  ///< by number of the property, then by name

  /// The prelude of a format and the definitions: what goes in front of a statement.
  std::string prelude(const any_format& format) const;
};

/// The folder of this source tree.
std::filesystem::path default_folder();

/// Throws std::runtime_error, with the file and what would be right, on anything malformed.
proof_folder read_folder(const std::filesystem::path& path);

/// A statement about code that a compiler made of a probe (cuda/proofs). It needs no prelude.
struct code_statement {
  std::string name;  ///< "sass_sm_90_mul"
  std::string sentence;
  std::string domain;
  std::string text;
};

/// Those that the build made, by name; none where it had no compiler for the device.
std::vector<code_statement> read_code_statements();

/// The formats that are proved when none is named: the fixed ones and every binary32mN.
std::vector<any_format> default_proof_formats();

/// SHA-256 of a text: tells whether a verdict is about this very text.
std::string fingerprint(const std::string& text);

}  // namespace pamkit::proofs

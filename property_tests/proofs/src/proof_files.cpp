#include "pamkit/proofs/proof_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "pamkit/provenance/sha256.hpp"

namespace pamkit::proofs {
namespace {

constexpr std::string_view kExpected = "precondition sat, statement unsat, mutant sat";

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || text.empty()) {
    throw std::runtime_error(
        fmt::format("cannot read {}: a folder like reference/proofs is needed", file.string()));
  }
  return text;
}

// The value of the line "; key: value"; empty where there is none.
std::string header_value(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  const std::string start = "; " + key + ": ";
  for (std::string line; std::getline(lines, line) && line.starts_with(";");) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return {};
}

statement_file read_statement(const std::filesystem::path& file) {
  statement_file s;
  s.name = file.stem().string();
  s.text = read_text(file);
  const auto required = [&](const std::string& key) {
    std::string value = header_value(s.text, key);
    if (value.empty()) {
      throw std::runtime_error(
          fmt::format("{}: its header lacks a line '; {}: ...'", file.string(), key));
    }
    return value;
  };
  s.property = required("property");
  s.operation = required("operation");
  s.sentence = required("statement");
  s.domain = required("domain");
  s.mutant = required("mutant");
  if (required("expected") != kExpected) {
    throw std::runtime_error(
        fmt::format("{}: '; expected:' has to be '{}'", file.string(), kExpected));
  }
  // "; not for: binary32m1, which ..."
  const std::string exception = header_value(s.text, "not for");
  if (!exception.empty()) s.exceptions = {exception.substr(0, exception.find(','))};
  return s;
}

int number_of(const statement_file& s) {
  int number = 0;
  std::from_chars(s.property.data() + 1, s.property.data() + s.property.size(), number);
  return number;
}

}  // namespace

bool statement_file::is_about(const std::string& format) const {
  return std::ranges::find(exceptions, format) == exceptions.end();
}

std::string proof_folder::prelude(const any_format& format) const {
  const format_description f = describe(format);
  const std::filesystem::path formats = path / "formats";
  std::string text;
  if (std::holds_alternative<binary32m>(format)) {
    text = fmt::format("(define-fun N () Int {})\n", f.kept_bits) +
           read_text(formats / "binary32mN.smt2");
  } else {
    text = read_text(formats / (f.name + ".smt2"));
  }
  return text + definitions;
}

std::filesystem::path default_folder() { return PAMKIT_PROOFS_DIR; }

proof_folder read_folder(const std::filesystem::path& path) {
  proof_folder folder;
  folder.path = path;
  folder.definitions = read_text(path / "integer_form.smt2");
  folder.definitions += read_text(path / "real_form.smt2");
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("P") && name.ends_with(".smt2")) {
      folder.statements.push_back(read_statement(entry.path()));
    }
  }
  if (folder.statements.empty()) {
    throw std::runtime_error(fmt::format("{} holds no statement P*.smt2", path.string()));
  }
  std::ranges::sort(folder.statements, {},
                    [](const statement_file& s) { return std::pair(number_of(s), s.name); });
  return folder;
}

std::vector<code_statement> read_code_statements() {
  std::vector<code_statement> statements;
  const std::filesystem::path folder = PAMKIT_CODE_PROOFS_DIR;
  if (!std::filesystem::is_directory(folder)) return statements;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    code_statement s;
    s.name = entry.path().stem().string();
    s.text = read_text(entry.path());
    s.sentence = header_value(s.text, "statement");
    s.domain = header_value(s.text, "domain");
    statements.push_back(std::move(s));
  }
  std::ranges::sort(statements, {}, &code_statement::name);
  return statements;
}

std::vector<any_format> default_proof_formats() {
  std::vector<any_format> formats = {binary32{}, bfloat16{}, binary16{}, e5m2{}, e4m3{}};
  for (int kept = 1; kept <= binary32::fraction_bits; ++kept) formats.emplace_back(binary32m{kept});
  return formats;
}

std::string fingerprint(const std::string& text) { return provenance::sha256_hex(text); }

}  // namespace pamkit::proofs

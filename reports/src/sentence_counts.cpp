#include "sentence_counts.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "page.hpp"
#include "pamkit/provenance/sha256.hpp"

namespace pamkit::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "pamkit.sentences/1";
constexpr const char* kColumns[] = {
    "hypothesis tokens", "reference tokens", "1-gram matches", "2-gram matches", "3-gram matches",
    "4-gram matches",    "1-grams",          "2-grams",        "3-grams",        "4-grams"};

using row = std::array<std::int64_t, std::size(kColumns)>;

row row_of(const training::bleu_statistics& s) {
  row r{s.hypothesis_length, s.reference_length};
  std::ranges::copy(s.matches, r.begin() + 2);
  std::ranges::copy(s.totals, r.begin() + 6);
  return r;
}

training::bleu_statistics statistics_of(const row& r) {
  constexpr std::int64_t kMostTokens = 1 << 30;  // so that sums over sentences cannot overflow
  if (!std::ranges::all_of(r, [](std::int64_t n) { return n >= 0 && n <= kMostTokens; })) {
    throw input_error("a row has a count that no sentence has");
  }
  training::bleu_statistics s;
  s.hypothesis_length = r[0];
  s.reference_length = r[1];
  std::copy_n(r.begin() + 2, s.matches.size(), s.matches.begin());
  std::copy_n(r.begin() + 6, s.totals.size(), s.totals.begin());
  return s;
}

// The lines of a file, or none where there is none.
std::vector<std::string> lines_of(const fs::path& file) {
  require_regular_file(file);
  std::vector<std::string> lines;
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

sentence_counts read_sentences(const fs::path& folder) {
  sentence_counts counts;
  const fs::path kept = folder / "sentences.json";
  std::error_code error;
  if (fs::exists(kept, error)) {
    require_regular_file(kept);
    const nlohmann::ordered_json json = read_json(kept);
    try {
      if (json.at("schema") != kSchema) {
        throw input_error("schema is not " + std::string(kSchema));
      }
      counts.references_sha256 = json.at("references_sha256");
      for (const auto& r : json.at("rows")) counts.sentences.push_back(statistics_of(r.get<row>()));
    } catch (const std::exception& problem) {
      throw input_error(kept.string() + ": " + problem.what());
    }
    return counts;
  }
  const std::vector<std::string> hypotheses = lines_of(folder / "hypotheses.txt");
  const std::vector<std::string> references = lines_of(folder / "references.txt");
  if (hypotheses.size() != references.size() || hypotheses.empty()) return counts;
  std::string text;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    text += references[i] + "\n";
    counts.sentences.push_back(training::segment_statistics(hypotheses[i], references[i]));
  }
  counts.references_sha256 = provenance::sha256_hex(text);
  return counts;
}

std::string sentences_json(const sentence_counts& counts) {
  nlohmann::ordered_json json = {
      {"schema", kSchema}, {"references_sha256", counts.references_sha256}, {"columns", kColumns}};
  // A sentence a line.
  std::string text = json.dump(1);
  text.replace(text.rfind("\n}"), 2, ",\n \"rows\": [");
  for (std::size_t i = 0; i < counts.sentences.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + nlohmann::json(row_of(counts.sentences[i])).dump();
  }
  return text + "\n ]\n}\n";
}

}  // namespace pamkit::reports

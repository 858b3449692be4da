#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pamkit/training/bleu.hpp"

/// What a paired bootstrap of BLEU needs of a translation run: counts of each sentence. They stand
/// in for the sentences themselves where those are not to be given away, as in kept results.

namespace pamkit::reports {

struct sentence_counts {
  /// SHA-256 of the references, a line each: runs with equal ones translated the same sentences.
  std::string references_sha256;
  std::vector<training::bleu_statistics> sentences;
};

/// The counts of a run folder, from its sentences.json or else from hypotheses.txt and
/// references.txt; empty where it has neither, or not equally many of both. Throws input_error, one
/// line that names the file, for a sentences.json that is malformed and for what is no regular file.
sentence_counts read_sentences(const std::filesystem::path& folder);

/// The text of sentences.json, schema pamkit.sentences/1: a row of ten counts for each sentence.
std::string sentences_json(const sentence_counts& counts);

}  // namespace pamkit::reports

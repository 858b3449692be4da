#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "pamkit/proofs/proof_files.hpp"
#include "pamkit/proofs/solver.hpp"
#include "pamkit/properties/suite.hpp"

/// What `prove` found, as pamkit.prove/1, and what `verify` takes from it.

namespace pamkit::proofs {

struct judged_statement {
  std::string name;
  std::string format;
  std::string fingerprint;  ///< of all that the solver read
  verdicts found;
};

/// The document: one entry a statement and format, "link_OP" for the links to the emulator.
nlohmann::ordered_json to_json(const std::string& solver, double limit,
                               const std::vector<judged_statement>& statements);

/// Rows of verify.json with mode "proved", for the formats, properties and operations that are
/// asked for (empty: all). A row passes only where the record holds the verdicts of this very text
/// and the link of its operation to the emulator; otherwise it is "not-run", with what to do.
std::vector<properties::result> proved_rows(const std::filesystem::path& record,
                                            const proof_folder& folder,
                                            const properties::suite_options& asked);

}  // namespace pamkit::proofs

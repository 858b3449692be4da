#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pamkit::operators_audit {

/// What the operators of training steps leave of ordinary multiplications, and which promises it
/// breaks.
struct verdict {
  /// One for each arithmetic, scope and derivative, in the order of the file: "arm", "arithmetic",
  /// "scope", "derivative", "recipes", "multiplications", "quotients" (divisions, roots,
  /// exponentials and logarithms), both of one step of each recipe together, "why" (null, or why
  /// its arithmetic multiplies by definition), "left" (each operator that multiplies: "operator",
  /// "place", "calls", "multiplications", "quotients", "reason", "recipes") and "verdict".
  nlohmann::ordered_json entries;
  std::vector<std::string> refused;  ///< sentences; empty where every promise holds
};

/// Judges a document of schema pamkit.operators/1, as `pamkit-train operators` writes it. Refused
/// are
/// - an operator of which nobody knows what it multiplies;
/// - in scope X an ordinary multiplication, division, root, exponential or logarithm of which the
///   row says that X or a narrower scope replaces it, sums of products of an arithmetic that
///   multiplies by definition excepted;
/// - in the widest scope any of them at all;
/// - an arithmetic that multiplies by definition in which none is found, because then none would be
///   found anywhere.
/// Throws std::runtime_error, saying which part is not as it has to be, for any other document, one
/// without a step in one of its scopes included.
verdict judge(const nlohmann::ordered_json& document);

}  // namespace pamkit::operators_audit

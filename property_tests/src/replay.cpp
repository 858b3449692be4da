#include "suite_context.hpp"

namespace pamkit::properties {

replay_verdict replay(const replay_request& r) {
  if (r.implementation == nullptr || r.arithmetic.info == nullptr) {
    refuse("a replay needs a backend and an arithmetic");
  }
  std::optional<replay_verdict> verdict;
  for (const task_family& family : task_families()) {
    if (family.replay != nullptr) verdict = weightier(std::move(verdict), family.replay(r));
  }
  if (!verdict) {
    refuse("no property '" + r.property + "'" +
           (r.operation.empty() ? std::string() : " of an operation '" + r.operation + "'") +
           " can be looked at again case by case");
  }
  return *verdict;
}

}  // namespace pamkit::properties

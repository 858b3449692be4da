#include "golden_failure.hpp"

#include "result_text.hpp"

namespace pamkit::properties {

std::uint32_t result_of_case(const subject& s, std::string_view operation,
                             const elementwise_oracle& oracle, const column& x) {
  const std::uint32_t alone = s.apply(operation, column{x.front()}, column{x.back()}).front();
  if (!oracle.results(x).contains(alone)) return alone;
  constexpr std::size_t kCopies = 64;  // some vectors of any instruction set
  return s.apply(operation, column(kCopies, x.front()), column(kCopies, x.back())).front();
}

void report_golden_failure(result& row, const subject& s, std::string_view operation,
                           const elementwise_oracle& oracle, const column& failing, bool shrinks) {
  const auto result_of = [&](const column& x) { return result_of_case(s, operation, oracle, x); };
  const auto fails = [&](const column& x) { return !oracle.results(x).contains(result_of(x)); };
  const column simplest = shrinks ? shrink_case(s.rules().format, failing, fails) : failing;
  row.status = run_status::fail;
  row.reason = "the backend's result is not the golden model's";
  set_counterexample(row, s.format(), simplest, result_of(simplest),
                     oracle.results(simplest).lowest);
}

}  // namespace pamkit::properties

#include "row_joining.hpp"

#include <map>
#include <tuple>
#include <utility>

namespace pamkit::properties {
namespace {

// What a row is about.
auto subject_of(const result& r) {
  return std::tie(r.property, r.statement, r.operation, r.format, r.arithmetic, r.policy, r.overflow, r.profile,
                  r.derivative, r.shape, r.backend, r.domain);
}

struct about_less {
  bool operator()(const result* x, const result* y) const {
    return subject_of(*x) < subject_of(*y);
  }
};

void join(error_statistics& to, const error_statistics& from) {
  if (from.pairs == 0) return;
  if (to.pairs == 0 || from.least.value < to.least.value) to.least = from.least;
  if (to.pairs == 0 || from.greatest.value > to.greatest.value) to.greatest = from.greatest;
  to.pairs += from.pairs;
  to.sum += from.sum;
}

void join(result& to, result&& from) {
  to.cases += from.cases;
  if (from.status == run_status::fail && to.status != run_status::fail) {
    to.status = from.status;
    to.reason = std::move(from.reason);
    to.counterexample = std::move(from.counterexample);
  }
  if (to.errors && from.errors) {
    join(*to.errors, *from.errors);
  } else {
    to.errors.reset();
  }
}

}  // namespace

std::vector<result> joined(std::vector<result> rows) {
  std::vector<result> whole;
  whole.reserve(rows.size());  // the map points into it
  std::map<const result*, result*, about_less> first;
  for (result& row : rows) {
    if (!row.is_part) {
      whole.push_back(std::move(row));
      continue;
    }
    if (const auto it = first.find(&row); it != first.end()) {
      join(*it->second, std::move(row));
      continue;
    }
    whole.push_back(std::move(row));
    first.emplace(&whole.back(), &whole.back());
  }
  for (result& row : whole) {
    row.is_part = false;
    if (row.status == run_status::fail) row.errors.reset();
  }
  return whole;
}

}  // namespace pamkit::properties

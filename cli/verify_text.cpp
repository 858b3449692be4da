#include "verify_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <tuple>

#include "table.hpp"

namespace pamkit::cli {
namespace {

using properties::result;
using properties::run_status;

// "P12" as (12, "P12"), so that P2 stands before P12; names without a number come last.
using property_key = std::tuple<int, std::string>;

property_key key_of(const std::string& id) {
  const bool numbered = id.size() > 1 && id[0] == 'P' && id[1] >= '0' && id[1] <= '9';
  constexpr int kLast = 1'000'000;
  return {numbered ? std::stoi(id.substr(1)) : kLast, id};
}

// "1 234 567"
std::string grouped(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

template <class Range>
std::string joined(const Range& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

// What the suite says of a row that it did not judge, without the arithmetic's name in front and
// what it met.
std::string general_reason(const result& row) {
  std::string reason = row.reason;
  if (reason.starts_with(row.arithmetic + " ")) reason.erase(0, row.arithmetic.size() + 1);
  return reason.substr(0, reason.find("; no counterexample"));
}

// Rows of one outcome in as few lines as say which they are and why: verify.json has every row.
std::string rows_with(const std::vector<result>& rows, run_status status) {
  using names = std::set<std::string>;
  struct subjects {
    names arithmetics, formats;
    std::uint64_t rows = 0;
  };
  std::map<std::string, std::map<property_key, subjects>> by_reason;
  for (const result& r : rows) {
    if (r.status != status) continue;
    subjects& s = by_reason[general_reason(r)][key_of(r.property)];
    s.arithmetics.insert(r.arithmetic);
    s.formats.insert(r.format);
    ++s.rows;
  }
  if (by_reason.empty()) return {};
  table lines({"reason", "properties", "arithmetics", "formats", "rows"});
  for (const auto& [reason, properties] : by_reason) {
    // Properties that share their subjects share a line.
    std::map<std::tuple<names, names>, std::tuple<std::vector<std::string>, std::uint64_t>> shared;
    for (const auto& [key, s] : properties) {
      auto& [ids, count] = shared[{s.arithmetics, s.formats}];
      ids.push_back(std::get<std::string>(key));
      count += s.rows;
    }
    for (const auto& [subject, entry] : shared) {
      const auto& [arithmetics, formats] = subject;
      const auto& [ids, count] = entry;
      lines.add({reason, joined(ids), joined(arithmetics), joined(formats), std::to_string(count)});
    }
  }
  return fmt::format("\n{}:\n{}", name_of(status), lines.text(2));
}

std::string_view sentence_of(const result& row) {
  for (const auto& p : properties::properties()) {
    if (p.key == row.statement) return p.sentence;
  }
  return {};
}

std::string failure_text(const result& r) {
  std::string text =
      fmt::format("\nFAIL {} {}: {}\n  {} {}, {}, {}, backend {}",
                  r.statement.empty() ? r.property : r.statement, r.operation, sentence_of(r),
                  r.format, r.arithmetic, r.policy, r.overflow, r.backend);
  if (r.compensation != 0) text += fmt::format(", compensation {}", r.compensation);
  if (!r.derivative.empty()) text += fmt::format(", derivative {}", r.derivative);
  if (!r.shape.empty()) text += fmt::format(", shape {}", r.shape);
  text += '\n';
  if (!r.reason.empty()) text += fmt::format("  {}\n", r.reason);
  if (r.counterexample) {
    constexpr std::size_t kShown = 16;
    const std::span<const std::string> operands = r.counterexample->operands;
    text += fmt::format("  operands {}", joined(operands.first(std::min(operands.size(), kShown))));
    if (operands.size() > kShown) text += fmt::format(" ... ({} in all)", operands.size());
    text += fmt::format("\n  got      {}\n  expected {}\n  replay: {}\n", r.counterexample->got,
                        r.counterexample->expected, r.counterexample->replay);
  }
  return text;
}

}  // namespace

std::string tallies_text(const std::vector<result>& rows) {
  struct tally {
    std::uint64_t passed = 0, failed = 0, not_promised = 0, not_run = 0, cases = 0;
    std::set<std::string_view> modes;
  };
  std::map<std::tuple<property_key, std::string>, tally> tallies;
  for (const result& r : rows) {
    tally& t = tallies[{key_of(r.statement.empty() ? r.property : r.statement), r.operation}];
    switch (r.status) {
      case run_status::pass:
        ++t.passed;
        break;
      case run_status::fail:
        ++t.failed;
        break;
      case run_status::not_promised:
        ++t.not_promised;
        break;
      case run_status::not_run:
        ++t.not_run;
        break;
    }
    t.cases += r.cases;
    const bool judged = r.status == run_status::pass || r.status == run_status::fail;
    if (judged) t.modes.insert(name_of(r.mode));
  }
  table lines(
      {"property", "operation", "passed", "failed", "not promised", "not run", "cases", "mode"});
  const auto dash = [](std::uint64_t n) { return n == 0 ? std::string("-") : std::to_string(n); };
  for (const auto& [key, t] : tallies) {
    const auto& [property, operation] = key;
    lines.add({std::get<std::string>(property), operation, dash(t.passed), dash(t.failed),
               dash(t.not_promised), dash(t.not_run), grouped(t.cases), joined(t.modes)});
  }
  return lines.text();
}

std::string reasons_text(const std::vector<result>& rows) {
  return rows_with(rows, run_status::not_promised) + rows_with(rows, run_status::not_run);
}

std::string failures_text(const std::vector<result>& rows, std::uint64_t limit) {
  std::string text;
  std::uint64_t failures = 0;
  for (const result& r : rows) {
    if (r.status == run_status::fail && ++failures <= limit) text += failure_text(r);
  }
  if (failures > limit) {
    text += fmt::format("\n{} more failures are not printed; --errors N prints more\n",
                        failures - limit);
  }
  return text;
}

}  // namespace pamkit::cli

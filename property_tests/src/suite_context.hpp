#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "case_cache.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/property.hpp"
#include "pamkit/properties/suite.hpp"

/// What the kinds of task share. A file of the folder `tasks/` defines
///
///   namespace pamkit::properties::tasks {
///   task_family FILE_STEM() { ... }
///   }
///
/// and is found by its name: it says what a run consists of, what it is about, and how to look at
/// one case again.

namespace pamkit::properties {

using rows = std::vector<result>;

/// One unit of work, at most some seconds long. Tasks run in parallel and in any order, and in
/// different processes: each must be complete in itself. Those of a later phase start when the phase
/// before is done in their process.
struct task {
  std::string what;
  std::function<rows()> run;
  int phase = 0;
  double seconds = 0;  ///< about what it costs
};

inline constexpr double kUsualTaskSeconds = 0.05;

/// What was asked, with every empty list filled in.
suite_options resolved(suite_options options);

/// Whether formats, policies and the number of cases are the level's own.
bool is_whole_run(const suite_options& options);

/// One set of rules for one arithmetic: what a row is about, backends aside.
struct setting {
  const arithmetic_choice* arithmetic = nullptr;
  any_format format = binary32{};
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;

  bool is_default() const {
    return subnormals == subnormal_policy::flush && overflow == overflow_policy::infinity;
  }
  subject under(const backend& b) const { return {b, *arithmetic, format, subnormals, overflow}; }
  case_shape shape(int arity) const {
    return {format, arity, arithmetic->configure(format, subnormals, overflow).compensation,
            profile_of(arithmetic->info->name)};
  }
  result row(const property_text& text) const;
};

/// Cases of sampled statements, by level: as many as fit the times that the levels promise.
struct sample_sizes {
  std::size_t golden = 0;    ///< of an operation of one arithmetic, format and policy
  std::size_t property = 0;  ///< of a property; a prefix of the same cases
};

/// A run: what was asked, with every list filled in, the cases that tasks share, and the tasks.
class suite_context {
 public:
  suite_context(const suite_options& options, std::stop_token stop);
  suite_context(const suite_context&) = delete;
  suite_context& operator=(const suite_context&) = delete;

  const suite_options& options() const { return options_; }
  const sample_sizes& sizes() const { return sizes_; }
  case_cache& cases() { return cases_; }
  const case_cache& cases() const { return cases_; }
  const std::stop_token& stop_token() const { return stop_; }
  bool is_stopping() const { return stop_.stop_requested(); }

  /// Whether a backend takes part in the task that runs; asked right before it is judged.
  bool is_judged(const backend& b) const {
    return options_.observer == nullptr || options_.observer->is_judged(b);
  }

  /// Whether the statement, or all of its property, was asked for.
  bool wants(const property_text& text) const;
  bool wants_operation(std::string_view name) const;
  bool wants_profile(profile p) const;
  /// Whether binary32 is among the formats: the one in which contractions and layers compute.
  bool wants_binary32() const;
  bool is_quick() const { return options_.level == suite_level::quick; }

  /// A number that differs from setting to setting: where what is judged of many cases begins.
  std::size_t place_of(const setting& s) const;
  /// Every how many-th case of contractions and elementwise operations a backend is judged on.
  std::size_t stride(const backend& b) const;
  /// The first of them, another one from setting to setting.
  std::size_t first_case(const setting& s, const backend& b) const;

  template <class Function>
  void for_each_setting(const arithmetic_choice& arithmetic, const any_format& format,
                        const Function& f) const {
    for (const subnormal_policy subnormals : options_.policies) {
      for (const overflow_policy overflow : options_.overflows) {
        f(setting{&arithmetic, format, subnormals, overflow});
      }
    }
  }

  /// `seconds`: about what it costs on one core. Shards and the time left are computed from it.
  void add_task(std::string what, std::function<rows()> run, int phase = 0,
                double seconds = kUsualTaskSeconds);
  void add_row(result row);

  /// A phase after all others; `before` is called when the phase before it is done.
  int add_phase(std::function<void()> before);

  const std::vector<task>& tasks() const { return tasks_; }
  const std::vector<std::function<void()>>& phases() const { return phases_; }

  /// Whether a statement of this arity is run on every case: where 16 bits hold all operands; at
  /// level quick unary ones under the default policies only.
  bool is_enumerated(const setting& s, int arity) const;

  /// The operands that a statement is run on; says in `row` whether they are all there are.
  operand_columns operands_for(const setting& s, int arity, std::size_t sampled, result& row);

 private:
  suite_options options_;
  sample_sizes sizes_;
  case_cache cases_;
  std::stop_token stop_;
  std::vector<task> tasks_;
  std::vector<std::function<void()>> phases_{nullptr};
};

/// What one file of `tasks/` contributes.
struct task_family {
  std::vector<const property_text*> texts;  ///< properties that it runs
  std::vector<std::string> operations;      ///< that it has statements about
  void (*add_tasks)(suite_context&) = nullptr;
  profile of_profile = profile::standard;  ///< whose rows its tasks are
  /// One case again; nothing when the request is about no property or operation of this family.
  /// Throws as properties::replay.
  std::optional<replay_verdict> (*replay)(const replay_request&) = nullptr;
};

/// All families, in alphabetical order of their files.
const std::vector<task_family>& task_families();

/// Calls f with every statement of this kind, in the order of their numbers.
template <class Property, class Function>
void for_each_statement(const Function& f) {
  for (const statement& s : statements_in_order()) {
    if (const auto* property = std::get_if<Property>(&s)) f(*property);
  }
}

/// Of two verdicts on one case by statements that share a number: a failing one speaks, else the
/// first in whose domain the case is.
std::optional<replay_verdict> weightier(std::optional<replay_verdict> first,
                                        std::optional<replay_verdict> second);

/// Whether a request for "P45" or "P45.padding" is about this statement.
bool is_named(std::string_view asked, const property_text& text);

/// The verdict of the statements of this kind that were asked for.
template <class Property, class Function>
std::optional<replay_verdict> replay_first(const replay_request& r, const Function& verdict_by) {
  std::optional<replay_verdict> verdict;
  for_each_statement<Property>([&](const Property& p) {
    if (is_named(r.property, p.text)) verdict = weightier(std::move(verdict), verdict_by(p));
  });
  return verdict;
}

/// The reason of a row that met its statement's domain nowhere.
inline constexpr std::string_view no_case_reason = "no case was inside the domain";

bool is_promised(const property_text& text, const subject& s);

/// Sets the status of a row from what is promised, and from whether a counterexample or any case at
/// all was found.
void set_status(result& row, const property_text& text, bool promised, bool violated);

/// Fills in the counterexample of a row, with the command that shows it again.
void set_counterexample(result& row, const format_description& format, const column& operands,
                        std::uint32_t got, std::uint32_t expected);

/// std::invalid_argument with this text.
[[noreturn]] void refuse(const std::string& what);

// What replays check first; they throw std::invalid_argument.
void require_count(const replay_request& r, std::size_t wanted);
void require_well_formed(const replay_request& r, const any_format& format);
subject subject_of(const replay_request& r);

/// The operands of a matrix product from one list: a, b, and d where it is read.
contraction_case tensor_case(const replay_request& r, bool reads_d);

/// Of a comparison: it holds when there is no mismatch.
replay_verdict verdict_of(const std::optional<contraction_mismatch>& mismatch,
                          const format_description& format, std::string_view sentence);

}  // namespace pamkit::properties

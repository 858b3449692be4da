#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/format/profile.hpp"
#include "pamkit/properties/case_class.hpp"
#include "pamkit/properties/operand_stream.hpp"

/// The suite: every property over every backend, arithmetic, format and policy that it is asked
/// for.

namespace pamkit::properties {

enum class run_mode : std::uint8_t { proved, exhaustive, sampled };
enum class run_status : std::uint8_t { pass, fail, not_promised, not_run };

/// "exhaustive", ...; "pass", "fail", "not-promised", "not-run".
std::string_view name_of(run_mode mode);
std::string_view name_of(run_status status);
/// "flush" and "gradual"; "infinity" and "saturate"; "approx" and "exact".
std::string_view name_of(subnormal_policy policy);
std::string_view name_of(overflow_policy policy);
std::string_view name_of(derivative kind);

/// A case that breaks a statement, as small as shrinking could make it.
struct counterexample {
  std::vector<std::string> operands;  ///< upper-case hexadecimal, as many digits as the format has
  std::string got;
  std::string expected;
  std::string replay;  ///< a command that shows the same
};

/// The relative error result / ordinary - 1 over the pairs in range: both operands numbers and not
/// zero, the result normal and finite before an overflow policy clamps it.
struct error_statistics {
  /// One end of the range.
  struct extreme {
    double value = 0;
    std::string exact = {};  ///< "-1/9"
    std::vector<std::string> operands = {};
  };
  std::uint64_t pairs = 0;
  extreme least = {};
  extreme greatest = {};
  double sum = 0;  ///< of the errors; the mean is sum / pairs
};

/// One statement about one configuration: a row of pamkit.verify/1, which names the fields.
struct result {
  std::string property =
      {};  ///< "P1", ..., or "generator": whether the required case classes were reached
  std::string statement = {};  ///< tells the statements of one property apart: "P45.padding"
  std::string operation = {};  ///< "mul", "matmul", ...
  std::string format = {};
  std::string arithmetic = {};  ///< as chosen: "pam:1.0552"
  std::string policy = {};      ///< "any" for the generator
  std::string overflow = {};
  std::int32_t compensation = 0;
  std::string profile = "default";  ///< or "paper", where the policies do not act
  std::string derivative = {};  ///< empty unless the operation is a vjp
  std::string shape = {};       ///< of a failing tensor case, "batch x m x n x k"
  std::string backend = {};
  std::string domain = {};
  run_mode mode = run_mode::sampled;
  std::uint64_t cases = 0;  ///< inside the domain
  std::optional<std::uint64_t> seed = {};
  run_status status = run_status::pass;
  std::string reason = {};
  std::optional<properties::counterexample> counterexample = {};
  std::optional<error_statistics> errors = {};  ///< where every pair of a product was evaluated
  /// Some cases of a statement that several tasks share; `joined` makes one row of all.
  bool is_part = false;
};

/// Watches a run in which backends differ by one planted fault each. Called on the thread of the task.
class run_observer {
 public:
  run_observer() = default;
  run_observer(const run_observer&) = delete;
  run_observer& operator=(const run_observer&) = delete;
  virtual ~run_observer() = default;

  virtual void task_starts() = 0;
  /// Whether this backend takes part in the task; asked for each in order, right before it is judged.
  virtual bool is_judged(const backend& b) = 0;
  /// The rows of the task; those that it removes are not kept.
  virtual void task_ended(std::vector<result>& rows) = 0;
};

/// What to run. Empty lists mean all there is.
struct suite_options {
  std::vector<const backend*> backends;
  std::vector<arithmetic_choice> arithmetics;  ///< empty: default_arithmetics()
  std::vector<any_format> formats;             ///< empty: of the level
  std::vector<subnormal_policy> policies;
  std::vector<overflow_policy> overflows;
  std::vector<std::string> operations;
  std::vector<std::string> properties;  ///< "P45": all its statements; "P45.padding": one
  std::vector<pamkit::profile> profiles;
  suite_level level = suite_level::quick;
  std::uint64_t seed = 1;
  std::uint64_t count = 0;  ///< cases of a sampled statement; 0: of the level
  int jobs = 1;             ///< threads
  std::size_t errors = 0;   ///< failing rows that keep their counterexample, in row order; 0: all
  bool shrinks = true;      ///< counterexamples are simplified
  run_observer* observer = nullptr;
};

struct suite_results {
  std::vector<result> rows;  ///< in an order that does not depend on the number of jobs
  class_coverage coverage;
  bool interrupted = false;  ///< rows not reached are missing

  std::uint64_t count(run_status status) const;
  bool passed() const { return count(run_status::fail) == 0; }
};

/// Called from any thread, one call at a time: units of work done and in all (a unit is about a
/// millisecond), and what was just finished.
using progress_function =
    std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)>;

/// Runs the suite. The rows, their order included, depend on the options other than `jobs` alone.
suite_results run_suite(const suite_options& options, const progress_function& progress = {},
                        std::stop_token stop = {});

/// Every registered arithmetic, and pam:1.0552 for each that takes a factor.
std::vector<arithmetic_choice> default_arithmetics();

/// The formats that a level runs when none is named.
std::vector<any_format> level_formats(suite_level level);

/// What a property is, for lists.
struct property_description {
  std::string_view id;
  std::string key;  ///< "P45.padding"; the id where it has one sentence
  std::string_view sentence;
  std::string_view domain;
  std::string_view promise;  ///< the field of `promises` it rests on; empty: it always has to hold
  bool (*promised)(const promises&) = nullptr;  ///< reads that field
};

/// All statements, in the order of their numbers.
std::vector<property_description> properties();

/// The names of the operations that the suite has statements about: elementwise and tensor ones.
std::vector<std::string> suite_operations();

/// One case to look at again.
struct replay_request {
  std::string property = "P1";  ///< an id or the key of a statement
  std::string operation;  ///< needed by P1 and P44; the others know theirs
  arithmetic_choice arithmetic;
  any_format format = binary32{};
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  const backend* implementation = nullptr;
  std::optional<pamkit::derivative> derivative;  ///< of a vjp
  std::string shape;  ///< of a tensor operation, "batch x m x n x k" without spaces: "1x2x3x4"
  std::vector<std::uint32_t> operands;  ///< of a tensor operation: all elements in order
};

struct replay_verdict {
  bool in_domain = true;
  bool holds = true;
  std::string sentence;
  std::string got;
  std::string expected;
};

/// Evaluates one statement on one case. Throws std::invalid_argument, with what would be right,
/// when there is no such property, operation or shape, when the number of operands is wrong or one
/// is malformed.
replay_verdict replay(const replay_request& request);

}  // namespace pamkit::properties

#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "pamkit/training/arm.hpp"

namespace pamkit::training {

/// An operator that ran, LibTorch's or one of this project's.
struct operator_event {
  std::string name;  ///< "aten::bmm", "pamkit::linear", ...
  std::vector<c10::IValue> inputs;
  std::vector<c10::IValue> outputs;  ///< none of what does not go through the dispatcher
  bool is_backward = false;

  /// Input i where it is a defined tensor, else an undefined one.
  at::Tensor tensor(std::size_t i) const;
  at::Tensor output() const;
  /// The arithmetic of one of this project's operators, its first string; empty for LibTorch's own.
  std::string arithmetic() const;
  /// "approx" or "exact", its second string.
  std::string derivative() const;
};

/// Why ordinary multiplications are there, and the narrowest scope that leaves none of them; none
/// where no scope replaces them.
struct cause {
  const char* what = "";
  std::optional<scope> replaced_by{};

  std::string text() const;
};

/// Of all that multiplies between the gradients and the new parameters.
inline constexpr cause cause_of_update = {"the update of parameters", scope::optimizer};

/// What one operator multiplies.
struct operator_work {
  double terms = 0;            ///< products by whichever arithmetic
  double additions = 0;        ///< to accumulators of sums of products
  double multiplications = 0;  ///< ordinary ones
  double quotients = 0;        ///< ordinary divisions, roots, exponentials, logarithms
  std::string arithmetic{};    ///< "exact" for ordinary products
  cause reason{};              ///< of the ordinary ones
};

/// The work of an operator, from the sizes of its operands and the definition that it computes
/// (specification, sections 8 to 13). Nothing for one that is not known, by itself or as one that
/// multiplies nothing. Counted are operations on elements, not those on a call's few scalars.
std::optional<operator_work> work_of(const operator_event& e);

/// Whether an operator is known to multiply nothing.
bool multiplies_nothing(const operator_event& e);

/// Counts, while it lives, what the operators of this thread and of backward passes started by it
/// multiply. Of nested operators the outermost known one counts.
class operator_record {
 public:
  /// `look` sees each counted operator at its end.
  explicit operator_record(std::function<void(const operator_event&)> look = {});
  operator_record(const operator_record&) = delete;
  operator_record& operator=(const operator_record&) = delete;
  ~operator_record();

  /// From here on everything is part of the update.
  void begin_update() { is_update_ = true; }

  /// Rows "operator" (with its namespace), "place" (forward, backward, update), "arithmetic",
  /// "calls", "terms", "additions", "multiplications", "quotients", "reason", "replaced_by" (a
  /// scope, or null); sorted.
  nlohmann::ordered_json rows() const;

  /// Operators that neither are known nor consist of known ones. One with a kernel of its own for
  /// the CPU does not consist of what it calls besides.
  std::vector<std::string> unknown() const { return {unknown_.begin(), unknown_.end()}; }

 private:
  struct frame {
    operator_event event{};
    bool is_counted = false;  ///< known: what it calls is part of it
    bool is_ignored = false;  ///< called by a counted one
    bool is_composite = false;
    bool has_parts = false;
  };
  struct total {
    std::uint64_t calls = 0;
    operator_work work;
  };

  static std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& f);
  static void end(const at::RecordFunction& f, at::ObserverContext*);
  void enter(const at::RecordFunction& f);
  void leave(const at::RecordFunction& f);
  void count(const operator_event& e);

  std::function<void(const operator_event&)> look_;
  at::CallbackHandle handle_;
  bool is_update_ = false;
  std::vector<frame> open_;
  std::map<std::tuple<std::string, std::string, std::string>, total> totals_;
  std::set<std::string> unknown_;
};

}  // namespace pamkit::training

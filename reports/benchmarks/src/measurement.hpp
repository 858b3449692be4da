#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "baseline.hpp"
#include "pamkit/backend.hpp"

/// One measured thing is one file in measured/, which defines `std::vector<measured_case>
/// measured::NAME(const settings&)`; the table of all is generated from that folder.

namespace pamkit::benchmarks {

/// What the cases depend on.
struct settings {
  bool quick = false;  ///< small shapes only, for tests
  std::string target;  ///< the instruction set in use
};

/// What is not measured, and why.
struct absence {
  std::string what;
  std::string reason;
};

/// A kernel whose result is not that of the definition. The message names the element.
class mismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A case in memory, ready to run.
struct prepared_case {
  contender kernel;    ///< without `run` if it is not there
  std::string absent;  ///< then: why

  /// Runs the kernel on so many threads and compares its result with the definition's, encoding by
  /// encoding. Throws `mismatch`.
  std::function<void(int threads)> check;
  /// The kernel's whole task on several threads; empty where it has one thread alone.
  std::function<void(int threads)> run_on;

  std::vector<contender> others;   ///< to compare with, beside the baselines of the modules
  std::optional<workload> rivals;  ///< what baselines are asked for
  std::shared_ptr<void> memory;    ///< what all of the above point into
};

struct measured_case {
  std::string name;        ///< "matmul"
  std::string arithmetic;  ///< "pam"
  std::string data;        ///< class of the operands, or empty
  std::string shape;       ///< "64x64x64"
  std::string unit = "terms";
  std::function<prepared_case()> prepare;

  /// "matmul pam zeros 64x64x64": what --filter looks at.
  std::string label() const;
};

/// All cases of all files.
std::vector<measured_case> all_measured_cases(const settings& s);

/// The one symbol of a module with cases that need more than this program has.
extern "C" void pamkit_list_measured(const settings& s, std::vector<measured_case>& found);
using list_measured_function = void(const settings&, std::vector<measured_case>&);

/// Compares encodings; `where` tells the place of an index. Throws `mismatch`.
void require_equal(std::span<const std::uint32_t> got, std::span<const std::uint32_t> expected,
                   const std::function<std::string(std::size_t)>& where);

}  // namespace pamkit::benchmarks

#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "failure.hpp"
#include "options.hpp"
#include "pamkit/properties/operand_stream.hpp"
#include "pamkit/properties/tensor_function.hpp"

/// `vectors` and `check` of tensor operations: every line has the operands and results of one call, all of
/// one shape.
namespace pamkit::cli {

/// --shape --length --derivative
class tensor_options {
 public:
  void attach(CLI::App& app);
  /// For operations that have no shape.
  void refuse_if_given(const std::string& operation) const;

  /// The shape of the operands (of a vjp without the incoming derivatives).
  properties::layer_shape read_shape(const properties::tensor_function& f) const;
  derivative read_derivative(const properties::tensor_function& f) const;

 private:
  std::string shape_, derivative_;
  number_option length_{"--length",
                        "of a tensor operation: rows of N elements, one row a line (default: 8)", 1};
};

/// The tensor operation that is named, nothing where it is an elementwise one. Throws where it is
/// neither, with the names of both.
std::optional<properties::tensor_function> find_tensor_function(
    const operation_argument& operation);

/// What a line is about.
struct tensor_request {
  properties::tensor_function function;
  const tensor_options& options;
  const rule_options::single& chosen;
};

struct tensor_output {
  properties::suite_level level;
  std::uint64_t count = 0;  ///< lines; 0: of the level
  std::uint64_t seed = 1;
  bool operands_only = false;
};

struct tensor_input {
  std::string file;
  bool any_nan = false;
  std::uint64_t errors = 20;
  std::uint64_t count = 0;  ///< so many lines there have to be; 0: any number
  bool quiet = false;
};

exit_code write_tensor_vectors(const tensor_request& request, const tensor_output& wanted);
exit_code check_tensor_vectors(const tensor_request& request, const tensor_input& given);

}  // namespace pamkit::cli

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/arithmetic.hpp"
#include "pamkit/format/any_format.hpp"
#include "pamkit/tensor/contraction.hpp"
#include "pamkit/tensor/layer.hpp"

/// The run-time face of the emulator: what there is, and functions on arrays of encodings. Suites, reports and
/// the command line see only this, so that they are written once for every arithmetic, format and backend.

namespace pamkit {

/// One arithmetic under one set of rules. Encodings of every format travel in 32-bit words.
struct configuration {
  any_format format = binary32{};
  std::string_view arithmetic = "pam";  ///< a registered name, without a compensation factor
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  std::int32_t compensation = 0;  ///< as its products use it: see arithmetic_choice::configure
};

/// What is known of one arithmetic, generated from its file.
struct arithmetic_info {
  std::string_view name;
  std::string_view reference;
  std::string_view oracle;  ///< the golden model that judges it
  promises (*promise)(const configuration&);
  std::int32_t (*compensation)(const any_format&, std::int32_t requested);
  bool (*has_derivative)(derivative);  ///< whether the product has a vjp of this kind
  bool (*defines)(std::string_view operation);
};

/// What is known of one elementwise operation, generated from its file.
struct operation_info {
  std::string_view name;
  int arity = 1;
};

/// All arithmetics and all elementwise operations, in alphabetical order.
std::span<const arithmetic_info> arithmetics();
std::span<const operation_info> operations();

/// All tensor operations of pamkit/layer/, in alphabetical order.
std::span<const layer_info> layers();

/// Nothing is found under a name that ends in "_vjp".
const layer_info* find_layer(std::string_view name);

const arithmetic_info* find_arithmetic(std::string_view name);
const operation_info* find_operation(std::string_view name);

/// "pam", "l_mul", ..., or "pam:ALPHA" with ALPHA a decimal in [1, 2).
struct arithmetic_choice {
  std::string label;  ///< as given
  const arithmetic_info* info = nullptr;
  std::string alpha;  ///< decimal digits, or empty

  /// The configuration of this choice in a format: compensation = mag(RN(alpha)) - ONE, rounded once from the
  /// decimal (to the kept bits of binary32m), or what the arithmetic fixes.
  configuration configure(const any_format& format, subnormal_policy subnormals,
                          overflow_policy overflow) const;
};

/// Parses an arithmetic choice; nothing if the name or the factor is not one.
std::optional<arithmetic_choice> parse_arithmetic(std::string_view text);

/// out[i] = op(a[i], b[i]) for i < count; b is not read by unary operations. `out` may be `a` or `b`.
using elementwise_function = void (*)(const configuration&, const std::uint32_t* a,
                                      const std::uint32_t* b, std::uint32_t* out,
                                      std::size_t count);

/// Computes a whole contraction on the calling thread.
using contraction_function = void (*)(const policy<binary32>&, const contraction_problem&);

/// Who computes: a name and look-ups, which give nullptr for what is not defined.
struct backend {
  std::string_view name;
  std::string_view description;
  elementwise_function (*elementwise)(std::string_view operation, std::string_view arithmetic);
  contraction_function (*contraction)(std::string_view arithmetic, contraction_kind, derivative);
  /// "softmax", "softmax_vjp", ...; a null pointer where the backend has no layers at all.
  layer_function (*layer)(std::string_view operation, std::string_view arithmetic) = nullptr;
  /// Whether contractions take views whose elements lie in memory in 16 or 8 bits.
  bool reads_narrow_elements = false;
};

/// The definitions themselves, one element at a time.
const backend& scalar_backend();

/// Vector kernels, chosen at run time for the instruction set of the machine.
const backend& simd_backend();

/// The backends of this library.
std::span<const backend* const> emulator_backends();

/// Rules for a contraction whose operands are in `configuration.format` (or cut to it): the widened products
/// are binary32's, with the operand format's compensation scaled to 23 fraction bits.
policy<binary32> contraction_rules(const configuration& configuration);

/// Encodings of any format widened to binary32, exactly.
void widen(const any_format& format, std::span<const std::uint32_t> encodings,
           std::span<float> values);

/// binary32 values cut to a format's kept bits, as cut() of pamkit/convert.hpp does it to the
/// nearest. `shorter` may be `values`.
void cut(const binary32m& format, overflow_policy overflow, std::span<const float> values,
         std::span<float> shorter);

/// binary32 values encoded in `configuration.format` under its policies.
void narrow(const configuration& configuration, std::span<const float> values,
            std::span<std::uint32_t> encodings);

}  // namespace pamkit

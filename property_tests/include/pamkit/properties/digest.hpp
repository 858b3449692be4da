#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "pamkit/properties/subject.hpp"
#include "pamkit/properties/tensor_function.hpp"

/// Golden digests: one SHA-256 for each operation, arithmetic, format and policy, of the lines that
/// `./pamkit vectors` writes for it. They are committed in property_tests/digests/; whatever builds or runs
/// this code reproduces them.

namespace pamkit::properties {

/// What one digest is about.
struct digest_item {
  std::string operation;  ///< elementwise, or of tensor_functions()
  arithmetic_choice arithmetic;
  any_format format = binary32{};
  subnormal_policy subnormals = subnormal_policy::flush;
  overflow_policy overflow = overflow_policy::infinity;
  std::optional<derivative> gradient = {};  ///< of a vjp
  std::string shape = {};                   ///< of a tensor operation
  std::uint64_t lines = 0;

  bool is_elementwise() const { return shape.empty(); }
  configuration rules() const { return arithmetic.configure(format, subnormals, overflow); }
  /// What follows "./pamkit vectors" to get the lines.
  std::string arguments() const;
};

/// The groups that the files of property_tests/digests/ hold.
enum class digest_group : std::uint8_t { elementwise, contractions, layers };
inline constexpr digest_group all_digest_groups[] = {
    digest_group::elementwise, digest_group::contractions, digest_group::layers};
std::string_view name_of(digest_group group);

/// Every item of a group for these arithmetics, in the order of the file; of pam also under profile
/// paper. What a C library computes (exp2,
/// log2, exp, log and pow of `exact`, and layers of `exact` that use them) has none: its bits are that
/// library's.
std::vector<digest_item> digest_items(digest_group group,
                                      const std::vector<arithmetic_choice>& arithmetics);

/// The functions of one backend that an item needs. Those of simd_backend() keep the instruction set under
/// which they were looked up.
struct digest_functions {
  elementwise_function elementwise = nullptr;
  bound_function tensor;

  explicit operator bool() const { return elementwise != nullptr || tensor; }
};
digest_functions functions_for(const digest_item& item, const backend& b);

/// Operands that many items share, made once.
class digest_operands {
 public:
  /// Those of an elementwise item.
  std::shared_ptr<const operand_columns> get(const digest_item& item);

 private:
  using key = std::tuple<std::string, int, std::int32_t, profile>;
  std::mutex mutex_;
  std::map<key, std::shared_ptr<const operand_columns>> made_;
};

/// The cases of one item, to be computed by one implementation after the other.
class digest_cases {
 public:
  digest_cases(const digest_item& item, digest_operands& operands);

  /// All results in the order of the lines.
  column results(const digest_functions& functions) const;
  /// The same by another implementation, which gets one case at a time: all its operands, or the whole
  /// tensor case.
  column results(const std::function<std::uint32_t(const column&)>& elementwise,
                 const std::function<std::vector<tensor>(const layer_case&)>& tensors) const;

  /// The lines with these results.
  std::string lines(const column& results) const;
  /// Their SHA-256.
  std::string digest(const column& results) const;

 private:
  digest_item item_;
  std::shared_ptr<const operand_columns> operands_;
  std::optional<tensor_function> function_;
  std::vector<layer_case> cases_;
};

/// The committed digests, by arguments().
const std::map<std::string, std::string, std::less<>>& committed_digests();

}  // namespace pamkit::properties

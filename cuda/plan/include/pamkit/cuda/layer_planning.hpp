#pragma once

#include <initializer_list>

#include "pamkit/cuda/layer_plan.hpp"

namespace pamkit::cuda {

/// Words of a shape. Throws std::length_error, naming `what`, where their bytes are more than 63
/// bits count, and std::invalid_argument where a size is negative.
std::int64_t checked_words(std::string_view what, std::span<const std::int64_t> shape);

/// A plan in the making. Parts name its buffers from then on.
class layer_planning {
 public:
  layer_planning(const layer_call& call, std::string_view arithmetic)
      : call_(call), arithmetic_(arithmetic) {}

  plan_part operand(std::size_t index);
  plan_part result(const std::vector<std::int64_t>& shape);
  plan_part scratch(std::int64_t words);
  plan_part constant(word value);
  void labels_are_classes(std::size_t operand, std::int64_t count) {
    plan_.labels = {operand, count};
  }
  void return_operands() { plan_.returns_operands = true; }

  template <class Parameters>
  using reads = std::initializer_list<plan_address<Parameters, const std::uint32_t>>;
  template <class Parameters>
  using writes = std::initializer_list<plan_address<Parameters, std::uint32_t>>;

  /// Kernel "pamkit_NAME_ARITHMETIC" over `count` elements, `each` for a block.
  template <class Parameters>
  void launch(std::string_view name, std::int64_t count, std::int64_t each, Parameters p,
              reads<Parameters> read, writes<Parameters> written) {
    launch_entry("pamkit_" + std::string(name) + "_" + std::string(arithmetic_), count, each, p,
                 read, written);
  }

  /// What every kernel along rows is given.
  row_parameters rows(const row_layout& l) const;
  /// A kernel along rows, as warps; the same over every arithmetic if `is_plain`.
  void launch_rows(std::string_view name, const row_parameters& p, reads<row_parameters> read,
                   writes<row_parameters> written, bool is_plain = false);

  /// What every kernel on independent words is given.
  element_parameters elements(std::int64_t count) const;

  /// The sums of the columns that `p` describes, but for addresses, of x into y.
  void launch_column_sums(column_parameters p, const plan_part& x, const plan_part& y);

  layer_plan take() { return std::move(plan_); }

 private:
  template <class Parameters>
  void launch_entry(std::string kernel, std::int64_t count, std::int64_t each, const Parameters& p,
                    reads<Parameters> read, writes<Parameters> written) {
    const std::int64_t blocks = pieces(count, each);
    const std::uint32_t checked = checked_blocks(kernel, std::span(&blocks, 1));
    plan_.launches.push_back(
        planned_launch<Parameters>{std::move(kernel), checked, p, read, written});
  }

  plan_part add(const plan_buffer& buffer) {
    plan_.buffers.push_back(buffer);
    return {plan_.buffers.size() - 1, 0, buffer.words};
  }

  const layer_call& call_;
  std::string_view arithmetic_;
  layer_plan plan_;
};

/// Of a dense matrix of rows.
column_parameters columns_of_rows(std::int64_t rows, std::int64_t columns);

/// The plan of a layer whose kernels read x, and of its vjp x and d, and write whole rows, or a
/// word for each if it `reduces`.
layer_plan plan_rows(const layer_call& c, std::string_view arithmetic, std::string_view kernel,
                     bool reduces, bool is_vjp, bool is_plain = false);

}  // namespace pamkit::cuda

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pamkit/cuda/kernel/columns.cuh"
#include "pamkit/cuda/kernel/conv2d_direct.cuh"
#include "pamkit/cuda/kernel/elements.cuh"
#include "pamkit/cuda/kernel/rows.cuh"
#include "pamkit/cuda/launch.hpp"
#include "pamkit/layer_definition.hpp"

/// Layers as launches. A plan depends on shapes and host scalars alone: it allocates nothing and
/// knows no address, so that whoever owns the memory (words of the host, tensors of a GPU) runs it.

namespace pamkit::cuda {

/// Memory that the launches of a plan share, in words of 32 bits.
struct plan_buffer {
  enum class role : std::uint8_t {
    operand,  ///< number `index` of the call, as words: encodings of binary32, masks, classes
    result,   ///< number `index` of the plan
    scratch,  ///< without a value before the first launch, without use after the last
    constant  ///< one word that the host computed: `value`
  };
  role is = role::scratch;
  std::size_t index = 0;
  std::int64_t words = 0;
  std::uint32_t value = 0;
};

/// Consecutive words of a plan's buffer.
struct plan_part {
  std::size_t buffer = 0;
  std::int64_t first = 0;
  std::int64_t words = 0;
};

/// Where a parameter of a launch points.
template <class Parameters, class Word>
struct plan_address {
  Word* Parameters::*parameter;
  plan_part part;
};

/// One launch of a kernel that takes `Parameters`, whose addresses are open.
template <class Parameters>
struct planned_launch {
  std::string kernel;
  std::uint32_t blocks = 0;  ///< 0: nothing to do
  Parameters parameters;
  std::vector<plan_address<Parameters, const std::uint32_t>> reads;
  std::vector<plan_address<Parameters, std::uint32_t>> writes;
};

using any_planned_launch =
    std::variant<planned_launch<row_parameters>, planned_launch<column_parameters>,
                 planned_launch<element_parameters>, planned_launch<adamw_parameters>,
                 planned_launch<conv2d_parameters>>;

/// One call of a layer. Its launches take effect one after the other.
struct layer_plan {
  /// An operand whose words have to be classes: below `count`, or kIgnoredLabel.
  struct classes {
    std::size_t operand = 0;
    std::int64_t count = 0;
  };

  std::vector<std::vector<std::int64_t>> results;  ///< shapes
  std::vector<plan_buffer> buffers;
  std::vector<any_planned_launch> launches;
  std::optional<classes> labels;
  /// Nothing is launched: the results are the operands themselves.
  bool returns_operands = false;
};

/// How one layer of pamkit/layer/ is planned: one file each in cuda/plan/layers/. `arithmetic`
/// names the kernels. Operands need their shapes alone; where they have elements, the definition
/// refuses those that it refuses.
struct layer_planner {
  using function = layer_plan (*)(const layer_call&, std::string_view arithmetic);

  std::string_view name;
  /// The kernel, behind "pamkit_" and before the arithmetic, whose presence says that an arithmetic
  /// has the others too.
  std::string_view kernel;
  bool is_plain = false;  ///< the same kernels over every arithmetic
  function forward = nullptr;
  function vjp = nullptr;  ///< a null pointer where the layer has no derivative

  /// That kernel, behind "pamkit_".
  std::string kernel_of(std::string_view arithmetic) const;
};

/// All of them, by name.
std::span<const layer_planner* const> layer_planners();

/// Of "softmax", and of "softmax_vjp" if that is planned too; a null pointer where there is none.
const layer_planner* find_layer_planner(std::string_view operation);

/// Plans "softmax" or "softmax_vjp". Throws std::invalid_argument where there is no planner or the
/// definition refuses operands or attributes, and std::length_error where a tensor has more words
/// than memory has addresses or a grid would be too large.
layer_plan plan_layer(std::string_view operation, std::string_view arithmetic,
                      const policy<binary32>& rules, derivative gradient,
                      std::span<const tensor> operands, const layer_attributes& attributes);

/// The sums down the columns of dense rows [rows, columns] -> [columns], by blocks of rows.
layer_plan plan_column_sums(std::int64_t rows, std::int64_t columns);

/// Calls run(launch) for each launch of a plan that has blocks, in order. `memory` has
///   read(buffer), write(buffer)   the address of its first word; a null pointer if it has none
/// The launch is valid during the call only.
template <class Memory, class Run>
void for_each_launch(const layer_plan& plan, Memory& memory, const Run& run) {
  for (const any_planned_launch& any : plan.launches) {
    std::visit(
        [&](const auto& planned) {
          if (planned.blocks == 0) return;
          auto parameters = planned.parameters;
          launch what{.kernel = planned.kernel,
                      .blocks = planned.blocks,
                      .parameters = &parameters,
                      .parameter_bytes = sizeof parameters,
                      .memory = {}};
          const auto point = [&](const auto& address, auto* at, bool is_written) {
            parameters.*address.parameter = at + address.part.first;
            what.memory.push_back(
                {parameters.*address.parameter,
                 static_cast<std::size_t>(address.part.words) * sizeof(std::uint32_t), is_written});
          };
          for (const auto& a : planned.reads) point(a, memory.read(a.part.buffer), false);
          for (const auto& a : planned.writes) point(a, memory.write(a.part.buffer), true);
          run(what);
        },
        any);
  }
}

}  // namespace pamkit::cuda

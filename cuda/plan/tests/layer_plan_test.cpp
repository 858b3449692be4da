/// Launch plans of layers: sizes, grids, scratch, and the memory that launches may touch. Operands
/// are shapes, without elements: tensors larger than memory cost nothing.
#include "pamkit/cuda/layer_plan.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <stdexcept>

#include "pamkit/backend.hpp"

namespace pamkit::cuda {
namespace {

constexpr std::int64_t kGiga = std::int64_t{1} << 30;
constexpr std::int64_t kMost = 2 * kGiga - 1;  ///< blocks of a grid

using shape = std::vector<std::int64_t>;

layer_plan plan(std::string_view operation, const std::vector<shape>& shapes,
                const layer_attributes& attributes = {}) {
  std::vector<tensor> operands;
  for (const shape& s : shapes) operands.push_back({s, {}});
  return plan_layer(operation, "pam", {.compensation = 463051}, derivative::exact, operands,
                    attributes);
}

/// One launch, whatever its parameters are.
struct seen {
  std::string kernel;
  std::uint32_t blocks = 0;
  friend bool operator==(const seen&, const seen&) = default;
};

std::vector<seen> launches(const layer_plan& p) {
  std::vector<seen> list;
  for (const any_planned_launch& any : p.launches) {
    std::visit([&](const auto& l) { list.push_back({l.kernel, l.blocks}); }, any);
  }
  return list;
}

std::int64_t blocks(std::string_view operation, const std::vector<shape>& shapes,
                    const layer_attributes& attributes = {}) {
  return launches(plan(operation, shapes, attributes)).front().blocks;
}

template <class Parameters>
const planned_launch<Parameters>& launch_at(const layer_plan& p, std::size_t i) {
  return std::get<planned_launch<Parameters>>(p.launches.at(i));
}

std::vector<std::int64_t> scratch_words(const layer_plan& p) {
  std::vector<std::int64_t> words;
  for (const plan_buffer& b : p.buffers) {
    if (b.is == plan_buffer::role::scratch) words.push_back(b.words);
  }
  return words;
}

/// Operands of a layer with `rows` rows of `length`; of one that is not along rows, as much.
std::vector<shape> operands_of(const layer_info& layer, std::int64_t rows, std::int64_t length) {
  if (layer.name == "layer_norm") return {{rows, length}, {length}, {length}};
  if (layer.name == "cross_entropy") return {{rows, length}, {rows}};
  if (layer.name == "conv2d") return {{rows, 4, 5, length + 2}, {6, 2, 3, 2}, {6}};
  return std::vector<shape>(layer.inputs.size(), {rows, length});
}

/// Calls visit(plan, operation) for every layer that is planned and for its vjp.
template <class Visit>
void for_each_planned(std::int64_t rows, std::int64_t length, const Visit& visit) {
  for (const layer_planner* planner : layer_planners()) {
    const layer_info* const layer = find_layer(planner->name);
    ASSERT_NE(layer, nullptr) << planner->name;
    std::vector<shape> operands = operands_of(*layer, rows, length);
    const layer_attributes attributes =
        planner->name == "conv2d" ? layer_attributes{{"groups", 2}} : layer_attributes{};
    const std::string name(planner->name);
    const layer_plan forward = plan(name, operands, attributes);
    visit(forward, name);
    if (planner->vjp == nullptr) continue;
    operands.push_back(forward.results.at(0));
    visit(plan(name + "_vjp", operands, attributes), name + "_vjp");
  }
}

TEST(layer_plan, along_rows_has_a_block_for_each_four_rows_begun) {
  for (const char* const name : {"sum", "mean", "norm", "softmax", "log_softmax", "logsumexp"}) {
    EXPECT_EQ(blocks(name, {{0, 7}}), 0) << name;
    EXPECT_EQ(blocks(name, {{1, 7}}), 1) << name;
    EXPECT_EQ(blocks(name, {{4, 7}}), 1) << name;
    EXPECT_EQ(blocks(name, {{5, 7}}), 2) << name;
    EXPECT_EQ(blocks(name, {{2, 3, 7}}), 2) << name;
    EXPECT_EQ(blocks(name, {{7}}), 1) << name;
    EXPECT_EQ(blocks(name, {{3 * kGiga, 7}}), 3 * kGiga / 4) << name;
    EXPECT_EQ(blocks(name, {{kMost * 4, 1}}), kMost) << name;
    EXPECT_THROW(blocks(name, {{kMost * 4 + 1, 1}}), std::length_error) << name;
  }
}

TEST(layer_plan, of_elements_has_a_block_for_each_256_begun) {
  const auto of = [](std::int64_t count) {
    const std::int64_t dropout = blocks("dropout", {{count}, {count}});
    EXPECT_EQ(blocks("dropout_vjp", {{count}, {count}, {count}}), dropout);
    EXPECT_EQ(blocks("adamw_step", std::vector<shape>(4, {count})), dropout);
    EXPECT_EQ(launches(plan("clip_grad_norm", {{count}})).back().blocks, dropout);
    return dropout;
  };
  EXPECT_EQ(of(0), 0);
  EXPECT_EQ(of(1), 1);
  EXPECT_EQ(of(256), 1);
  EXPECT_EQ(of(257), 2);
  EXPECT_EQ(of(3 * kGiga), 3 * kGiga / 256);
  EXPECT_EQ(of(kMost * 256), kMost);
  EXPECT_THROW(blocks("dropout", {{kMost * 256 + 1}, {kMost * 256 + 1}}), std::length_error);
  EXPECT_THROW(blocks("adamw_step", std::vector<shape>(4, {kMost * 256 + 1})), std::length_error);
}

TEST(layer_plan, of_a_convolution_has_a_block_for_each_128_elements_of_the_result) {
  const auto of = [](std::int64_t images, std::int64_t outputs) {
    return blocks("conv2d", {{images, 3, 4, 4}, {outputs, 3, 3, 3}, {0}});
  };
  EXPECT_EQ(of(0, 1), 0);
  EXPECT_EQ(of(1, 0), 0);
  EXPECT_EQ(of(1, 1), 1);
  EXPECT_EQ(of(32, 1), 1);  // 2 x 2 places
  EXPECT_EQ(of(1, 33), 2);
  EXPECT_EQ(of(3 * kGiga, 1), 12 * kGiga / 128);
  EXPECT_EQ(of(kMost * 32, 1), kMost);
  EXPECT_THROW(of(kMost * 32 + 1, 1), std::length_error);
  const layer_plan vjp =
      plan("conv2d_vjp", {{32, 3, 4, 4}, {129, 3, 3, 3}, {129}, {32, 129, 2, 2}});
  EXPECT_EQ(launches(vjp), (std::vector<seen>{{"pamkit_conv2d_input_vjp_pam", 32 * 48 / 128},
                                              {"pamkit_conv2d_weight_vjp_pam", 28},
                                              {"pamkit_column_block_sums", 2},
                                              {"pamkit_column_totals", 2}}));
}

TEST(layer_plan, of_column_sums_has_a_place_for_each_block_of_128_rows) {
  const auto of = [](std::int64_t rows, std::int64_t columns) {
    const layer_plan p = plan_column_sums(rows, columns);
    EXPECT_EQ(p.results, (std::vector<shape>{{columns}}));
    const std::vector<seen> list = launches(p);
    return std::array<std::int64_t, 3>{list.at(0).blocks, list.at(1).blocks,
                                       scratch_words(p).at(0)};
  };
  using counts = std::array<std::int64_t, 3>;
  EXPECT_EQ(of(0, 5), (counts{0, 1, 0}));  // sums of nothing are +0, which is written
  EXPECT_EQ(of(5, 0), (counts{0, 0, 0}));
  EXPECT_EQ(of(1, 1), (counts{1, 1, 1}));
  EXPECT_EQ(of(128, 128), (counts{1, 1, 128}));
  EXPECT_EQ(of(129, 129), (counts{3, 2, 258}));
  EXPECT_EQ(of(3 * kGiga, 5), (counts{3 * kGiga / 128 * 5 / 128, 1, 3 * kGiga / 128 * 5}));
  EXPECT_EQ(of(3, 5 * kGiga), (counts{5 * kGiga / 128, 5 * kGiga / 128, 5 * kGiga}));
  EXPECT_THROW(of(1, kMost * 128 + 1), std::length_error);
  EXPECT_THROW(of(-1, 1), std::invalid_argument);
}

TEST(layer_plan, sizes_of_zero_launch_what_writes_results_alone) {
  for (const auto& [rows, length] : {std::pair<std::int64_t, std::int64_t>{0, 7}, {0, 0}}) {
    for_each_planned(rows, length, [](const layer_plan& p, const std::string& operation) {
      std::int64_t written = 0;
      for (const any_planned_launch& any : p.launches) {
        std::visit(
            [&](const auto& l) {
              if (l.blocks == 0) return;
              for (const auto& a : l.writes) written += a.part.words;
            },
            any);
      }
      std::int64_t words = 0;
      for (const shape& s : p.results) words += element_count(s);
      EXPECT_GE(written, words) << operation;
    });
  }
  // A mean of no losses is a result, and so are derivatives of weights that saw nothing.
  EXPECT_EQ(launches(plan("cross_entropy", {{0, 7}, {0}})),
            (std::vector<seen>{{"pamkit_cross_entropy_pam", 0}, {"pamkit_mean_pam", 1}}));
  EXPECT_EQ(launches(plan("layer_norm_vjp", {{0, 7}, {7}, {7}, {0, 7}})).at(2),
            (seen{"pamkit_column_totals", 1}));
  EXPECT_EQ(launches(plan("clip_grad_norm", {{0}})).front(), (seen{"pamkit_square_sum_pam", 1}));
}

TEST(layer_plan, keeps_sizes_beyond_32_bits) {
  const layer_plan softmax = plan("softmax", {{5 * kGiga, 3}});
  EXPECT_EQ(launch_at<row_parameters>(softmax, 0).parameters.rows, 5 * kGiga);
  EXPECT_EQ(launch_at<row_parameters>(softmax, 0).reads.at(0).part.words, 15 * kGiga);
  EXPECT_EQ(launch_at<row_parameters>(plan("softmax", {{3, 5 * kGiga}}), 0).parameters.length,
            5 * kGiga);
  // What a mean divides by.
  for (const char* const name : {"mean", "mean_vjp", "layer_norm", "layer_norm_vjp"}) {
    std::vector<shape> operands = {{3, 5 * kGiga}};
    if (std::string_view(name).starts_with("layer_norm"))
      operands.insert(operands.end(), {{5 * kGiga}, {5 * kGiga}});
    if (std::string_view(name).ends_with("_vjp"))
      operands.push_back(operands.size() == 1 ? shape{3} : operands[0]);
    EXPECT_EQ(launch_at<row_parameters>(plan(name, operands), 0).parameters.n,
              detail::from_host(5.0 * static_cast<double>(kGiga)))
        << name;
  }

  const layer_plan norm = plan("layer_norm_vjp", {{5 * kGiga, 3}, {3}, {3}, {5 * kGiga, 3}});
  EXPECT_EQ(scratch_words(norm),
            (std::vector<std::int64_t>{15 * kGiga, 15 * kGiga / 128, 15 * kGiga / 128}));
  const auto& column = launch_at<column_parameters>(norm, 1).parameters;
  EXPECT_EQ(column.rows, 5 * kGiga);
  EXPECT_EQ(column.inner, 5 * kGiga);
  EXPECT_EQ(launch_at<column_parameters>(norm, 2).parameters.rows, 5 * kGiga / 128);

  const layer_plan loss = plan("cross_entropy_vjp", {{5 * kGiga, 3}, {5 * kGiga}, {}});
  EXPECT_EQ(scratch_words(loss), (std::vector<std::int64_t>{5 * kGiga, 5 * kGiga}));
  EXPECT_EQ(launch_at<row_parameters>(loss, 1).parameters.length, 5 * kGiga);
  ASSERT_TRUE(loss.labels);
  EXPECT_EQ(plan("cross_entropy", {{3, 5 * kGiga}, {3}}).labels->count, 5 * kGiga);

  EXPECT_EQ(launch_at<element_parameters>(plan("dropout", {{5 * kGiga}, {5 * kGiga}}), 0)
                .parameters.count,
            5 * kGiga);
  EXPECT_EQ(launch_at<adamw_parameters>(plan("adamw_step", std::vector<shape>(4, {5 * kGiga})), 0)
                .parameters.count,
            5 * kGiga);
  const layer_plan clipped = plan("clip_grad_norm", {{3}, {5 * kGiga}});
  EXPECT_EQ(launch_at<row_parameters>(clipped, 1).parameters.length, 5 * kGiga);
  EXPECT_EQ(launch_at<element_parameters>(clipped, 4).parameters.count, 5 * kGiga);

  const layer_plan conv =
      plan("conv2d_vjp", {{5 * kGiga, 1, 1, 1}, {2, 1, 1, 1}, {2}, {5 * kGiga, 2, 1, 1}});
  EXPECT_EQ(launch_at<conv2d_parameters>(conv, 0).parameters.images, 5 * kGiga);
  EXPECT_EQ(launch_at<column_parameters>(conv, 2).parameters.rows, 5 * kGiga);
  EXPECT_EQ(scratch_words(conv).at(0), 10 * kGiga / 128);
}

TEST(layer_plan, gives_kernels_the_rules_scalars_and_shapes_of_the_call) {
  const layer_plan norm = plan("layer_norm", {{2, 3}, {3}, {3}}, {{"eps", 0.25}});
  const auto& rows = launch_at<row_parameters>(norm, 0);
  EXPECT_EQ(rows.kernel, "pamkit_layer_norm_pam");
  EXPECT_EQ(rows.parameters.eps, detail::from_host(0.25));
  EXPECT_EQ(rows.parameters.n, detail::from_host(3));
  EXPECT_EQ(rows.parameters.gradient, derivative::exact);
  EXPECT_EQ(rows.parameters.rules.compensation, 0);  // of contractions alone

  const layer_plan conv = plan("conv2d", {{2, 4, 7, 8}, {6, 2, 3, 2}, {6}},
                               {{"stride", 2}, {"padding", 1}, {"dilation", 3}, {"groups", 2}});
  const auto& p = launch_at<conv2d_parameters>(conv, 0).parameters;
  EXPECT_EQ(p.rules.compensation, 463051);
  EXPECT_EQ((std::array{p.images, p.channels, p.height, p.width, p.outputs, p.group_channels,
                        p.group_outputs, p.kernel_height, p.kernel_width, p.out_height, p.out_width,
                        p.stride, p.padding, p.dilation}),
            (std::array<std::int64_t, 14>{2, 4, 7, 8, 6, 2, 3, 3, 2, 2, 4, 2, 1, 3}));
  EXPECT_EQ(conv.results, (std::vector<shape>{{2, 6, 2, 4}}));

  const layer_plan loss = plan("cross_entropy", {{2, 4}, {2}}, {{"smoothing", 0.25}});
  const auto& targets = launch_at<row_parameters>(loss, 0).parameters;
  EXPECT_EQ(targets.right, detail::from_host(0.8125));
  EXPECT_EQ(targets.wrong, detail::from_host(0.0625));

  const layer_plan dropped = plan("dropout", {{4}, {4}}, {{"p", 0.5}});
  const plan_buffer& factor = dropped.buffers.at(2);
  EXPECT_EQ(factor.is, plan_buffer::role::constant);
  EXPECT_EQ(factor.value, detail::from_host(2).bits);
}

TEST(layer_plan, a_mean_of_losses_has_their_labels) {
  for (const auto& [operation, shapes] : std::map<std::string, std::vector<shape>>{
           {"cross_entropy", {{3, 4}, {3}}}, {"cross_entropy_vjp", {{3, 4}, {3}, {}}}}) {
    const layer_plan p = plan(operation, shapes);
    ASSERT_TRUE(p.labels);
    EXPECT_EQ(p.labels->operand, 1U);
    EXPECT_EQ(p.labels->count, 4);
    for (const any_planned_launch& any : p.launches) {
      bool reads_labels = false;
      for (const auto& a : std::get<planned_launch<row_parameters>>(any).reads) {
        reads_labels |= a.parameter == &row_parameters::labels && a.part.words == 3 &&
                        p.buffers.at(a.part.buffer).is == plan_buffer::role::operand;
      }
      EXPECT_TRUE(reads_labels);
    }
  }
  EXPECT_FALSE(plan("mean", {{3, 4}}).labels);
}

TEST(layer_plan, clipping_sums_each_tensor_in_a_place_of_its_own) {
  const layer_plan p = plan("clip_grad_norm", {{3, 5}, {0}, {600}}, {{"limit", 0.5}});
  EXPECT_EQ(launches(p), (std::vector<seen>{{"pamkit_square_sum_pam", 1},
                                            {"pamkit_square_sum_pam", 1},
                                            {"pamkit_square_sum_pam", 1},
                                            {"pamkit_clip_factor_pam", 1},
                                            {"pamkit_scale_pam", 1},
                                            {"pamkit_scale_pam", 0},
                                            {"pamkit_scale_pam", 3}}));
  EXPECT_EQ(scratch_words(p), (std::vector<std::int64_t>{3, 1}));
  for (std::int64_t i = 0; i < 3; ++i) {
    const plan_part& place =
        launch_at<row_parameters>(p, static_cast<std::size_t>(i)).writes.at(0).part;
    EXPECT_EQ(place.first, i);
    EXPECT_EQ(place.words, 1);
  }
  EXPECT_EQ(launch_at<element_parameters>(p, 3).parameters.limit, detail::from_host(0.5));
  EXPECT_EQ(launch_at<element_parameters>(p, 3).parameters.count, 3);
  const layer_plan off = plan("clip_grad_norm", {{3, 5}, {2}}, {{"limit", 0}});
  EXPECT_TRUE(off.returns_operands);
  EXPECT_TRUE(off.launches.empty());
  EXPECT_EQ(off.results, (std::vector<shape>{{3, 5}, {2}}));
}

TEST(layer_plan, refuses_what_definitions_refuse) {
  const auto refused = [](const char* operation, const std::vector<shape>& shapes,
                          const layer_attributes& attributes = {}) {
    EXPECT_THROW(static_cast<void>(plan(operation, shapes, attributes)), std::invalid_argument)
        << operation;
  };
  refused("softmax", {{}});
  refused("softmax", {{3, 4}, {3, 4}});
  refused("softmax", {{3, -4}});
  refused("softmax_vjp", {{3, 4}, {4, 3}});
  refused("sum_vjp", {{3, 4}, {4}});
  refused("layer_norm", {{3, 4}, {3}, {4}});
  refused("layer_norm", {{3, 4}, {4}});
  refused("layer_norm_vjp", {{3, 4}, {4}, {4}, {4, 3}});
  refused("cross_entropy", {{3, 4}, {4}});
  refused("cross_entropy", {{12}, {3}});
  refused("cross_entropy_vjp", {{3, 4}, {3}, {1}});
  refused("dropout", {{3, 4}, {4, 3}});
  refused("dropout_vjp", {{3, 4}, {3, 4}, {12}});
  refused("dropout", {{3}, {3}}, {{"p", 1}});
  refused("adamw_step", {{3}, {3}, {3}, {4}});
  refused("clip_grad_norm", {{3}}, {{"limit", -1}});
  refused("conv2d", {{1, 3, 4, 4}, {2, 2, 3, 3}, {0}});
  refused("conv2d", {{1, 3, 2, 2}, {2, 3, 3, 3}, {0}});
  refused("conv2d", {{1, 3, 4, 4}, {2, 3, 3, 3}, {3}});
  refused("conv2d_vjp", {{1, 3, 4, 4}, {2, 3, 3, 3}, {2}, {1, 2, 2, 3}});
  refused("clip_grad_norm_vjp", {{3}, {3}});
  refused("linear", {{3, 4}, {5, 4}, {5}});  // a contraction, which has a plan of its own
  refused("nothing", {{3}});
}

TEST(layer_plan, refuses_tensors_with_more_bytes_than_memory_has_addresses) {
  const auto refused = [](const char* operation, const std::vector<shape>& shapes) {
    EXPECT_THROW(static_cast<void>(plan(operation, shapes)), std::length_error) << operation;
  };
  refused("sum", {{kGiga, kGiga, 2}});
  refused("sum", {{kGiga * kGiga * 2}});
  refused("sum", {{kGiga, kGiga, kGiga, 0}});
  refused("clip_grad_norm", {{3}, {kGiga * kGiga, kGiga * kGiga}});
  // Operands of a size that there can be, whose product has none.
  refused("conv2d", {{kGiga, 1, 1024, 1024}, {4 * kGiga, 1, 1, 1}, {0}});
}

/// Whatever is launched reads what an operand, a constant or an earlier launch has, inside its
/// buffer, and every result is written.
TEST(layer_plan, launches_read_what_is_there_and_write_every_result) {
  int plans = 0;
  for_each_planned(131, 37, [&](const layer_plan& p, const std::string& operation) {
    ++plans;
    std::map<std::size_t, std::int64_t> written;  // words of a buffer
    const auto check = [&](const plan_part& part, const std::string& kernel) {
      ASSERT_LT(part.buffer, p.buffers.size()) << kernel;
      EXPECT_GE(part.first, 0) << kernel;
      EXPECT_LE(part.first + part.words, p.buffers[part.buffer].words) << kernel;
    };
    for (const any_planned_launch& any : p.launches) {
      std::visit(
          [&](const auto& l) {
            EXPECT_NE(l.blocks, 0U) << l.kernel;
            for (const auto& a : l.reads) {
              check(a.part, l.kernel);
              const plan_buffer& b = p.buffers[a.part.buffer];
              const bool is_there = b.is == plan_buffer::role::operand ||
                                    b.is == plan_buffer::role::constant ||
                                    written[a.part.buffer] == b.words;
              EXPECT_TRUE(is_there) << l.kernel;
            }
            for (const auto& a : l.writes) {
              check(a.part, l.kernel);
              const plan_buffer::role role = p.buffers[a.part.buffer].is;
              EXPECT_TRUE(role == plan_buffer::role::result || role == plan_buffer::role::scratch)
                  << l.kernel;
              written[a.part.buffer] += a.part.words;
            }
          },
          any);
    }
    std::size_t results = 0;
    for (std::size_t i = 0; i < p.buffers.size(); ++i) {
      if (p.buffers[i].is != plan_buffer::role::result) continue;
      EXPECT_EQ(p.buffers[i].words, element_count(p.results.at(p.buffers[i].index)));
      EXPECT_EQ(written[i], p.buffers[i].words) << operation;
      ++results;
    }
    EXPECT_EQ(results, p.results.size()) << operation;
  });
  EXPECT_GE(plans, 20);
}

/// Words of the host as a plan's buffers.
struct memory_of_words {
  std::vector<std::vector<std::uint32_t>> buffers;
  const std::uint32_t* read(std::size_t buffer) const { return buffers[buffer].data(); }
  std::uint32_t* write(std::size_t buffer) { return buffers[buffer].data(); }
};

TEST(layer_plan, launches_may_touch_their_parts_and_nothing_else) {
  const layer_plan p = plan("clip_grad_norm", {{3, 5}, {0}, {600}});
  memory_of_words memory;
  for (const plan_buffer& b : p.buffers) {
    memory.buffers.emplace_back(static_cast<std::size_t>(b.words));
  }
  std::vector<seen> run;
  for_each_launch(p, memory, [&](const launch& l) {
    run.push_back({std::string(l.kernel), l.blocks});
    ASSERT_EQ(l.memory.size(), l.kernel == "pamkit_scale_pam" ? 3U : 2U);
    EXPECT_TRUE(l.memory.back().is_written);
    EXPECT_FALSE(l.memory.front().is_written);
    if (l.kernel != "pamkit_square_sum_pam") return;
    ASSERT_EQ(l.parameter_bytes, sizeof(row_parameters));
    const auto& rows = *static_cast<const row_parameters*>(l.parameters);
    EXPECT_EQ(l.memory[0].data, rows.x);
    EXPECT_EQ(l.memory[0].bytes, static_cast<std::size_t>(rows.length) * 4);
    EXPECT_EQ(l.memory[1].data, rows.y);
    EXPECT_EQ(l.memory[1].bytes, 4U);
    EXPECT_EQ(rows.y - memory.buffers.at(6).data(), static_cast<std::ptrdiff_t>(run.size() - 1));
    EXPECT_EQ(rows.labels, nullptr);
  });
  // What has no blocks is not launched.
  EXPECT_EQ(run.size(), p.launches.size() - 1);
}

TEST(layer_plan, is_found_by_the_name_of_the_layer_or_its_vjp) {
  EXPECT_EQ(find_layer_planner("softmax")->kernel_of("exact"), "softmax_exact");
  EXPECT_EQ(find_layer_planner("softmax_vjp"), find_layer_planner("softmax"));
  EXPECT_EQ(find_layer_planner("dropout")->kernel_of("pam"), "scale_pam");
  EXPECT_EQ(find_layer_planner("sum")->kernel_of("pam"), "sum");
  EXPECT_EQ(find_layer_planner("adamw_step_vjp"), nullptr);
  EXPECT_EQ(find_layer_planner("tanh"), nullptr);
}

}  // namespace
}  // namespace pamkit::cuda

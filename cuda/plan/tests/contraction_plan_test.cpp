/// Launch plans of contractions: sizes, grids, and the memory that a launch may touch.
#include "pamkit/cuda/contraction_plan.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pamkit::cuda {
namespace {

constexpr std::int64_t kGiga = std::int64_t{1} << 30;

contraction_parameters sizes(std::int64_t batch, std::int64_t rows, std::int64_t columns,
                             std::int64_t terms) {
  contraction_parameters p;
  p.batch = batch;
  p.rows = rows;
  p.columns = columns;
  p.terms = terms;
  return p;
}

std::uint32_t blocks(const contraction_parameters& p) {
  return plan_contraction("k", 128, 128, p).blocks;
}

TEST(contraction_plan, has_a_block_for_each_tile_begun) {
  EXPECT_EQ(blocks(sizes(1, 128, 128, 5)), 1U);
  EXPECT_EQ(blocks(sizes(1, 129, 128, 5)), 2U);
  EXPECT_EQ(blocks(sizes(1, 127, 257, 5)), 3U);
  EXPECT_EQ(blocks(sizes(7, 129, 257, 5)), 7U * 2 * 3);
}

TEST(contraction_plan, launches_nothing_without_outputs) {
  EXPECT_EQ(blocks(sizes(0, 1, 1, 1)), 0U);
  EXPECT_EQ(blocks(sizes(1, 0, 1, 1)), 0U);
  EXPECT_EQ(blocks(sizes(1, 1, 0, 1)), 0U);
  EXPECT_EQ(blocks(sizes(kGiga * kGiga, 0, kGiga * kGiga, 1)), 0U);
}

TEST(contraction_plan, launches_for_outputs_without_terms) {
  EXPECT_EQ(blocks(sizes(1, 1, 1, 0)), 1U);
}

TEST(contraction_plan, takes_more_than_two_to_the_31_elements) {
  EXPECT_EQ(blocks(sizes(1, 3 * kGiga, 1, 1)), 3 * kGiga / 128);
  EXPECT_EQ(blocks(sizes(1, 1, 1, 8 * kGiga)), 1U);
  EXPECT_EQ(blocks(sizes(2 * kGiga - 1, 1, 1, 1)), 2 * kGiga - 1);
}

TEST(contraction_plan, refuses_more_blocks_than_a_grid_holds) {
  EXPECT_THROW(static_cast<void>(blocks(sizes(2 * kGiga, 1, 1, 1))), std::length_error);
  EXPECT_THROW(static_cast<void>(blocks(sizes(kGiga, 129, 129, 1))), std::length_error);
  EXPECT_THROW(static_cast<void>(blocks(sizes(kGiga, kGiga * kGiga, kGiga * kGiga, 1))),
               std::length_error);
}

TEST(contraction_plan, the_fastest_kernel_is_chosen_by_arithmetic_kind_format_and_size) {
  const auto kernel = [](const char* arithmetic, contraction_kind kind, contraction_parameters p) {
    return plan_fastest_contraction(arithmetic, kind, p).kernel;
  };
  using enum contraction_kind;
  contraction_parameters p = sizes(1, 100, 100, 7);
  EXPECT_EQ(kernel("pam", product, p), "pamkit_contraction_pam_hybrid_small");
  EXPECT_EQ(kernel("l_mul", vjp_a, p), "pamkit_contraction_pam_hybrid_small");
  EXPECT_EQ(kernel("exact", vjp_b, p), "pamkit_contraction_exact_hybrid_small");
  EXPECT_EQ(kernel("exact", vjp_b, sizes(128, 9, 9, 7)), "pamkit_contraction_exact_hybrid");
  EXPECT_EQ(kernel("adder", product, p), "pamkit_contraction_adder_product_small");
  EXPECT_EQ(kernel("adder", vjp_a, p), "pamkit_contraction_adder_vjp_a_small");
  EXPECT_EQ(kernel("adder", vjp_b, sizes(128, 9, 9, 7)), "pamkit_contraction_adder_vjp_b");
  EXPECT_EQ(kernel("power_of_two", vjp_b, p), "pamkit_contraction_power_of_two_hybrid_small");
  EXPECT_EQ(kernel("no arithmetic", product, p), "pamkit_contraction_full_no arithmetic_product");
  EXPECT_EQ(kernel("pam", product, sizes(128, 1, 1, 7)), "pamkit_contraction_pam_hybrid");
  EXPECT_EQ(kernel("pam", product, sizes(1, 16 * 128, 8 * 128, 7)),
            "pamkit_contraction_pam_hybrid");
  EXPECT_EQ(kernel("pam", product, sizes(1, 8 * 128, 8 * 128, 7)),
            "pamkit_contraction_pam_hybrid_medium");
  EXPECT_EQ(kernel("pam", product, sizes(1, 8 * 128, 7 * 128, 7)),
            "pamkit_contraction_pam_hybrid_small");
  EXPECT_EQ(kernel("pam", product, sizes(0, kGiga, kGiga, 7)),
            "pamkit_contraction_pam_hybrid_small");
  p.format = element_format::bfloat16;
  EXPECT_EQ(kernel("pam", product, p), "pamkit_contraction_pam_hybrid_bfloat16");
  p.gradient = derivative::exact;
  EXPECT_EQ(kernel("pam", vjp_a, p), "pamkit_contraction_pam_slopes_narrow");
  EXPECT_EQ(kernel("adder", vjp_a, p), "pamkit_contraction_adder_vjp_a_narrow");
  EXPECT_EQ(kernel("pam", product, p), "pamkit_contraction_pam_hybrid_bfloat16");
}

TEST(contraction_plan,
     derivatives_in_the_second_factor_are_those_in_the_first_with_factors_exchanged) {
  float x = 0;
  float y = 0;
  float own = 0;
  float out = 0;
  contraction_parameters p = sizes(2, 3, 5, 7);
  p.gradient = derivative::exact;
  p.x = {&x, 10, 1, 100};
  p.y = {&y, 20, 2, 200};
  p.own = {&own, 30, 3, 300};
  p.out = {&out, 40, 4, 400};
  const contraction_parameters of_a =
      plan_fastest_contraction("pam", contraction_kind::vjp_a, p).parameters;
  EXPECT_EQ(of_a.x.data, &x);
  EXPECT_EQ(of_a.rows, 3);
  const contraction_parameters of_b =
      plan_fastest_contraction("pam", contraction_kind::vjp_b, p).parameters;
  EXPECT_EQ((std::array{of_b.rows, of_b.columns, of_b.terms}),
            (std::array<std::int64_t, 3>{5, 3, 7}));
  EXPECT_EQ(of_b.x.data, &y);
  EXPECT_EQ((std::array{of_b.x.row_stride, of_b.x.column_stride, of_b.x.batch_stride}),
            (std::array<std::int64_t, 3>{2, 20, 200}));
  EXPECT_EQ(of_b.y.data, &x);
  EXPECT_EQ((std::array{of_b.y.row_stride, of_b.y.column_stride, of_b.y.batch_stride}),
            (std::array<std::int64_t, 3>{1, 10, 100}));
  EXPECT_EQ((std::array{of_b.own.row_stride, of_b.own.column_stride, of_b.own.batch_stride}),
            (std::array<std::int64_t, 3>{3, 30, 300}));
  EXPECT_EQ((std::array{of_b.out.row_stride, of_b.out.column_stride, of_b.out.batch_stride}),
            (std::array<std::int64_t, 3>{4, 40, 400}));
}

TEST(contraction_plan, refuses_negative_sizes) {
  EXPECT_THROW(static_cast<void>(blocks(sizes(1, -1, 1, 1))), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(blocks(sizes(1, 1, 1, -1))), std::invalid_argument);
}

TEST(contraction_plan, reads_each_kind_as_a_product_of_two_matrices) {
  float a = 0;
  float b = 0;
  float d = 0;
  float out = 0;
  const contraction_problem c{.batch = 2,
                              .m = 3,
                              .n = 5,
                              .k = 7,
                              .a = {&a, 10, 1, 100},
                              .b = {&b, 20, 2, 200},
                              .d = {&d, 30, 3, 300},
                              .out = {&out, 40, 4, 400}};
  const auto read = [&](contraction_kind kind) {
    return contraction_parameters_of(kind, derivative::exact, {}, c);
  };
  const auto product = read(contraction_kind::product);
  EXPECT_EQ((std::array{product.rows, product.columns, product.terms}),
            (std::array<std::int64_t, 3>{3, 5, 7}));
  EXPECT_EQ(product.x.data, &a);
  EXPECT_EQ(product.y.data, &b);
  EXPECT_EQ(product.own.data, nullptr);
  const auto towards_a = read(contraction_kind::vjp_a);
  EXPECT_EQ((std::array{towards_a.rows, towards_a.columns, towards_a.terms}),
            (std::array<std::int64_t, 3>{3, 7, 5}));
  EXPECT_EQ(towards_a.x.data, &d);
  EXPECT_EQ(towards_a.y.data, &b);
  EXPECT_EQ(towards_a.y.row_stride, 2);
  EXPECT_EQ(towards_a.y.column_stride, 20);
  EXPECT_EQ(towards_a.own.data, &a);
  const auto towards_b = read(contraction_kind::vjp_b);
  EXPECT_EQ((std::array{towards_b.rows, towards_b.columns, towards_b.terms}),
            (std::array<std::int64_t, 3>{7, 5, 3}));
  EXPECT_EQ(towards_b.x.data, &a);
  EXPECT_EQ(towards_b.x.row_stride, 1);
  EXPECT_EQ(towards_b.x.column_stride, 10);
  EXPECT_EQ(towards_b.y.data, &d);
  EXPECT_EQ(towards_b.own.data, &b);
}

TEST(contraction_plan, refuses_operands_of_different_formats) {
  contraction_problem c{.m = 1, .n = 1, .k = 1, .a = {}, .b = {}, .d = {}, .out = {}};
  const auto read = [&](contraction_kind kind) {
    static_cast<void>(contraction_parameters_of(kind, derivative::exact, {}, c));
  };
  c.d.format = element_format::binary16;
  EXPECT_NO_THROW(read(contraction_kind::product));  // which reads no derivative
  EXPECT_THROW(read(contraction_kind::vjp_a), std::invalid_argument);
  EXPECT_THROW(read(contraction_kind::vjp_b), std::invalid_argument);
  c.d.format = element_format::binary32;
  c.b.format = element_format::e4m3;
  EXPECT_THROW(read(contraction_kind::product), std::invalid_argument);
}

TEST(contraction_plan, has_the_tiles_of_its_kernel) {
  const contraction_plan plan = plan_contraction("k", 128, 64, sizes(2, 129, 257, 5));
  EXPECT_EQ(plan.parameters.row_tiles, 2U);
  EXPECT_EQ(plan.parameters.column_tiles, 5U);
  EXPECT_EQ(plan.blocks, 2U * 2 * 5);
}

TEST(contraction_plan, may_touch_its_matrices_and_nothing_else) {
  std::uint8_t x[100];
  std::uint8_t y[100];
  std::uint8_t own[100];
  float bias[5];
  float out[100];
  contraction_parameters p = sizes(2, 3, 5, 7);
  p.format = element_format::e4m3;
  p.x = {x, 7, 1, 21};
  p.y = {y, 5, 1, 35};
  p.out = {out, 5, 1, 15};
  const auto bytes = [&](const void* data) {
    const contraction_plan plan = plan_contraction("k", 32, 32, p);
    std::size_t found = 0;
    for (const memory_region& r : plan.as_launch().memory) {
      EXPECT_EQ(r.is_written, r.data == out);
      if (r.data == data) found += r.bytes;
    }
    return found;
  };
  EXPECT_EQ(bytes(x), 2U * 3 * 7);
  EXPECT_EQ(bytes(y), 2U * 7 * 5);
  EXPECT_EQ(bytes(out), 2U * 3 * 5 * sizeof(float));
  EXPECT_EQ(bytes(own), 0U);
  EXPECT_EQ(bytes(bias), 0U);
  p.own = {own, 5, 1, 15};
  p.bias = bias;
  EXPECT_EQ(bytes(own), 2U * 3 * 5);
  EXPECT_EQ(bytes(bias), sizeof bias);
}

TEST(launch, may_touch_what_lies_between_the_ends_of_an_operand) {
  float memory[100] = {};
  const memory_region forward = region_of(memory, sizeof(float), std::array<std::int64_t, 2>{3, 4},
                                          std::array<std::int64_t, 2>{10, 2}, true);
  EXPECT_EQ(forward.data, memory);
  EXPECT_EQ(forward.bytes, (2 * 10 + 3 * 2 + 1) * sizeof(float));
  EXPECT_TRUE(forward.is_written);
  const memory_region backward =
      region_of(memory + 50, sizeof(float), std::array<std::int64_t, 2>{3, 4},
                std::array<std::int64_t, 2>{-10, 2}, false);
  EXPECT_EQ(backward.data, memory + 30);
  EXPECT_EQ(backward.bytes, (2 * 10 + 3 * 2 + 1) * sizeof(float));
  EXPECT_EQ(
      region_of(memory, 4, std::array<std::int64_t, 1>{0}, std::array<std::int64_t, 1>{9}, false)
          .bytes,
      0U);
}

}  // namespace
}  // namespace pamkit::cuda

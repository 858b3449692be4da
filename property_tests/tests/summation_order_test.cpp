/// The probe of P46 has to see every other order of a sum, with a counterexample one can read.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

contraction_function scalar_product() {
  return scalar_backend().contraction("pam", contraction_kind::product, derivative::approx);
}

// The summed axis from its end.
void descending(const policy<binary32>& rules, const contraction_problem& c) {
  contraction_problem backwards = c;
  if (c.k > 0) {
    backwards.a.data += (c.k - 1) * c.a.column_stride;
    backwards.b.data += (c.k - 1) * c.b.row_stride;
  }
  backwards.a.column_stride = -c.a.column_stride;
  backwards.b.row_stride = -c.b.row_stride;
  scalar_product()(rules, backwards);
}

// Two partial sums, each over `part` terms and more: what a split of the summed axis does.
template <std::int64_t Part>
void split_sum(const policy<binary32>& rules, const contraction_problem& c) {
  contraction_problem head = c;
  head.k = std::min(c.k, Part);
  scalar_product()(rules, head);
  if (c.k <= Part) return;
  std::vector<float> rest(static_cast<std::size_t>(c.batch * c.m * c.n));
  contraction_problem tail = c;
  tail.k = c.k - Part;
  tail.a.data += Part * c.a.column_stride;
  tail.b.data += Part * c.b.row_stride;
  tail.out = {rest.data(), c.n, 1, c.m * c.n};
  split_sum<Part>(rules, tail);
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t r = 0; r < c.m; ++r) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        c.out.data[i * c.out.batch_stride + r * c.out.row_stride + j * c.out.column_stride] +=
            rest[static_cast<std::size_t>((i * c.m + r) * c.n + j)];
      }
    }
  }
}

template <auto Product>
constexpr backend kWith{
    .name = "other-order",
    .description = "wrong on purpose",
    .elementwise = [](std::string_view operation, std::string_view arithmetic) {
      return scalar_backend().elementwise(operation, arithmetic);
    },
    .contraction = [](std::string_view arithmetic, contraction_kind kind,
                      derivative gradient) -> contraction_function {
      if (kind == contraction_kind::product) return Product;
      return scalar_backend().contraction(arithmetic, kind, gradient);
    }};

float sum_over_lanes(std::span<const std::uint32_t> row, std::size_t lanes) {
  std::vector<float> lane(lanes);
  for (std::size_t i = 0; i < row.size(); ++i) lane[i % lanes] += std::bit_cast<float>(row[i]);
  for (std::size_t step = lanes / 2; step > 0; step /= 2) {
    for (std::size_t i = 0; i < step; ++i) lane[i] += lane[i + step];
  }
  return lane[0];
}

template <std::size_t Lanes>
std::vector<tensor> row_sums(const policy<binary32>&, derivative, std::span<const tensor> inputs,
                             const layer_attributes&) {
  const auto length = static_cast<std::size_t>(inputs[0].shape.back());
  tensor y{{inputs[0].shape.begin(), inputs[0].shape.end() - 1}, {}};
  for (std::size_t i = 0; i < inputs[0].encodings.size(); i += length) {
    const auto row = std::span(inputs[0].encodings).subspan(i, length);
    y.encodings.push_back(std::bit_cast<std::uint32_t>(sum_over_lanes(row, Lanes)));
  }
  return {std::move(y)};
}

template <std::size_t Lanes>
constexpr backend kLanes{
    .name = "other-lanes",
    .description = "wrong on purpose",
    .elementwise = [](std::string_view operation, std::string_view arithmetic) {
      return scalar_backend().elementwise(operation, arithmetic);
    },
    .contraction = [](std::string_view arithmetic, contraction_kind kind, derivative gradient) {
      return scalar_backend().contraction(arithmetic, kind, gradient);
    },
    .layer = [](std::string_view operation, std::string_view) -> layer_function {
      return operation == "sum" ? row_sums<Lanes> : nullptr;
    }};

result probed(const backend& b, const char* operation) {
  suite_options options;
  options.backends = {&b};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {binary32{}};
  options.operations = {operation};
  options.properties = {"P46.order"};
  const suite_results results = run_suite(options);
  const auto failed = std::ranges::find(results.rows, run_status::fail, &result::status);
  return failed == results.rows.end() ? results.rows.front() : *failed;
}

TEST(summation_order, descending_fails_on_three_terms) {
  const result row = probed(kWith<descending>, "matmul");
  ASSERT_EQ(row.status, run_status::fail);
  ASSERT_TRUE(row.counterexample.has_value());
  EXPECT_EQ(row.counterexample->operands.size(), 3U);
  EXPECT_EQ(row.counterexample->replay.find("./pamkit verify --property P46.order --op matmul"),
            0U);
  replay_request request{.property = "P46.order",
                         .operation = "matmul",
                         .arithmetic = *parse_arithmetic("pam"),
                         .implementation = &kWith<descending>,
                         .derivative = {},
                         .shape = {},
                         .operands = {}};
  for (const std::string& x : row.counterexample->operands) {
    request.operands.push_back(static_cast<std::uint32_t>(std::stoul(x, nullptr, 16)));
  }
  const replay_verdict verdict = replay(request);
  EXPECT_FALSE(verdict.holds);
  EXPECT_EQ(verdict.got, row.counterexample->got);
  request.implementation = &scalar_backend();
  EXPECT_TRUE(replay(request).holds);
}

TEST(summation_order, split_sums_fail) {
  EXPECT_EQ(probed(kWith<split_sum<2>>, "matmul").status, run_status::fail);
  EXPECT_EQ(probed(kWith<split_sum<32>>, "matmul").status, run_status::fail);
  EXPECT_EQ(probed(kWith<split_sum<512>>, "matmul").status, run_status::fail);
}

TEST(summation_order, the_declared_orders_pass) {
  EXPECT_EQ(probed(scalar_backend(), "matmul").status, run_status::pass);
  EXPECT_EQ(probed(simd_backend(), "matmul").status, run_status::pass);
  EXPECT_EQ(probed(kLanes<32>, "sum").status, run_status::pass);
}

TEST(summation_order, other_numbers_of_lanes_fail) {
  EXPECT_EQ(probed(kLanes<1>, "sum").status, run_status::fail);
  EXPECT_EQ(probed(kLanes<8>, "sum").status, run_status::fail);
  EXPECT_EQ(probed(kLanes<16>, "sum").status, run_status::fail);
  EXPECT_EQ(probed(kLanes<64>, "sum").status, run_status::fail);
}

}  // namespace
}  // namespace pamkit::properties

/// The last block of launches that are larger than memory: elements beyond 2^32, of which only
/// those of the last block are there. An index of 32 bits, anywhere in a kernel or its plan,
/// reaches other ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
#include <tuple>
#include <vector>

#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/cuda/kernel/columns.cuh"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"
#include "pamkit/cuda/kernel/conv2d_direct.cuh"
#include "pamkit/cuda/kernel/rows.cuh"

namespace pamkit::cuda {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 33;  ///< the first element that is there
constexpr std::int64_t kHere = 3;                     ///< and how many are
constexpr std::uint32_t kUntouched = 0x7fa5a5a5U;
constexpr std::uint32_t kOneAndAHalf = 0x3fc00000U;

/// A pointer to element 0 of an array whose element `far` is the first of `there`.
template <class T>
T* before(T* there, std::int64_t far) {
  return std::bit_cast<T*>(std::bit_cast<std::uintptr_t>(there) -
                           static_cast<std::uintptr_t>(far) * sizeof(T));
}

/// Words between others, which have to stay as they are.
struct result_words {
  std::vector<std::uint32_t> all = std::vector<std::uint32_t>(64, kUntouched);
  std::uint32_t* data() { return all.data() + 16; }
  /// So many words, each `stride` behind the one before.
  std::vector<std::uint32_t> written(std::size_t count = kHere, std::size_t stride = 1) {
    std::vector<std::uint32_t> results;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool is_result = i >= 16 && (i - 16) % stride == 0 && (i - 16) / stride < count;
      EXPECT_EQ(all[i] != kUntouched, is_result) << "word " << static_cast<int>(i) - 16;
      if (is_result) results.push_back(all[i]);
    }
    return results;
  }
};

using words = std::vector<std::uint32_t>;
const words kNumbers = {0x3fc00000U, 0xc0490fdbU, 0x00000000U};  // 1.5, -pi, +0

words products_with_one_and_a_half() {
  const configuration c{binary32{}, "pam", subnormal_policy::flush, overflow_policy::infinity, 0};
  const words factors(kNumbers.size(), kOneAndAHalf);
  words out(kNumbers.size());
  scalar_backend().elementwise("mul", "pam")(c, kNumbers.data(), factors.data(), out.data(),
                                             out.size());
  return out;
}

template <class Parameters>
void run_block_of(std::string_view name, std::int64_t block, const Parameters& p) {
  const kernel* const k = find_kernel(name);
  ASSERT_NE(k, nullptr) << name;
  ASSERT_EQ(k->parameter_bytes, sizeof p) << name;
  k->run_on_fibers(static_cast<std::uint32_t>(block), &p);
}

TEST(far_elements, of_elementwise_operations) {
  const words factors(kNumbers.size(), kOneAndAHalf);
  result_words out;
  const configuration c{binary32{}, "pam", subnormal_policy::flush, overflow_policy::infinity, 0};
  const elementwise_plan plan =
      plan_elementwise("mul", c, kFar + kHere, before(kNumbers.data(), kFar),
                       before(factors.data(), kFar), before(out.data(), kFar));
  ASSERT_EQ(plan.blocks, kFar / kElementThreads + 1);
  run_block_of(plan.kernel, plan.blocks - 1, plan.parameters);
  EXPECT_EQ(out.written(), products_with_one_and_a_half());
}

TEST(far_elements, of_scaled_words_and_their_derivatives) {
  const words mask(kNumbers.size(), 1);
  for (const char* name : {"pamkit_scale_pam", "pamkit_scale_vjp_pam"}) {
    result_words out;
    element_parameters p;
    p.count = kFar + kHere;
    p.x = before(kNumbers.data(), kFar);
    p.d = before(kNumbers.data(), kFar);
    p.mask = before(mask.data(), kFar);
    p.factor = &kOneAndAHalf;
    p.y = before(out.data(), kFar);
    run_block_of(name, kFar / kElementThreads, p);
    EXPECT_EQ(out.written(), products_with_one_and_a_half()) << name;
  }
}

TEST(far_elements, of_the_optimiser) {
  result_words parameter;
  result_words m;
  result_words v;
  adamw_parameters p;
  p.count = kFar + kHere;
  p.parameter = before(kNumbers.data(), kFar);
  p.gradient = p.m = p.v = p.parameter;
  p.new_parameter = before(parameter.data(), kFar);
  p.new_m = before(m.data(), kFar);
  p.new_v = before(v.data(), kFar);
  run_block_of("pamkit_adamw_step_pam", kFar / kElementThreads, p);
  const words far[] = {parameter.written(), m.written(), v.written()};
  words near[3] = {words(3), words(3), words(3)};
  p.count = kHere;
  p.parameter = kNumbers.data();
  p.gradient = p.m = p.v = p.parameter;
  p.new_parameter = near[0].data();
  p.new_m = near[1].data();
  p.new_v = near[2].data();
  run_block_of("pamkit_adamw_step_pam", 0, p);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(far[i], near[i]) << i;
}

TEST(far_elements, of_rows) {
  constexpr std::int64_t length = 33;
  words x(static_cast<std::size_t>(kHere * length));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::bit_cast<std::uint32_t>(static_cast<float>(i));
  result_words out;
  row_parameters p;
  p.rows = kFar / 2 + kHere;
  p.length = length;
  p.x = before(x.data(), kFar / 2 * length);
  p.y = before(out.data(), kFar / 2);
  run_block_of("pamkit_sum", kFar / 2 / row_kernel<sum_step>::rows_per_block, p);
  words sums;
  for (std::int64_t row = 0; row < kHere; ++row) {
    // Sums of integers this small are exact.
    const float first = static_cast<float>(row * length);
    sums.push_back(std::bit_cast<std::uint32_t>(first * 33 + 32 * 33 / 2));
  }
  EXPECT_EQ(out.written(), sums);
}

/// A kernel along rows: whether its result and its incoming derivative are rows, or words of rows.
struct along_rows {
  const char* kernel;
  bool writes_rows;
  bool reads_rows_of_d;
};

constexpr std::int64_t kLength = 5;

/// The results of three rows, of which the first is the row `first`: y, and the terms of a gain.
std::array<words, 2> results_along(const along_rows& k, std::int64_t first) {
  words x;
  words d;
  for (std::uint32_t i = 0; i < kHere * kLength; ++i) {
    x.push_back(kOneAndAHalf + i * 0x00123456U);
    d.push_back(0x40490fdbU - i * 0x00654321U);
  }
  const words gain(d.rbegin(), d.rbegin() + kLength);
  const words labels = {1, 4, kIgnoredLabel};
  result_words y;
  result_words terms;
  const auto words_before = [&](bool are_rows) { return are_rows ? first * kLength : first; };
  row_parameters p;
  p.rows = first + kHere;
  p.length = kLength;
  p.x = before(x.data(), first * kLength);
  p.d = before(d.data(), words_before(k.reads_rows_of_d));
  // The losses of all rows have one incoming derivative.
  if (std::string_view(k.kernel).starts_with("pamkit_cross_entropy_vjp")) p.d = d.data();
  p.gain = p.bias = gain.data();
  p.labels = std::string_view(k.kernel).starts_with("pamkit_cross_entropy")
                 ? before(labels.data(), first)
                 : nullptr;
  p.y = before(y.data(), words_before(k.writes_rows));
  p.terms = before(terms.data(), first * kLength);
  p.n = word{0x40a00000U};
  p.eps = word{0x3727c5acU};
  p.right = word{0x3f666666U};
  p.wrong = word{0x3ccccccdU};
  run_block_of(k.kernel, first / row_kernel<sum_step>::rows_per_block, p);
  const bool has_terms = std::string_view(k.kernel) == "pamkit_layer_norm_vjp_pam";
  return {y.written(static_cast<std::size_t>(k.writes_rows ? kHere * kLength : kHere)),
          terms.written(has_terms ? kHere * kLength : 0)};
}

TEST(far_elements, of_every_kernel_along_rows) {
  const std::vector<along_rows> all = {{"pamkit_sum", false, false},
                                       {"pamkit_sum_vjp", true, false},
                                       {"pamkit_square_sum_pam", false, false},
                                       {"pamkit_mean_pam", false, false},
                                       {"pamkit_mean_vjp_pam", true, false},
                                       {"pamkit_norm_pam", false, false},
                                       {"pamkit_norm_vjp_pam", true, false},
                                       {"pamkit_softmax_pam", true, false},
                                       {"pamkit_softmax_vjp_pam", true, true},
                                       {"pamkit_logsumexp_pam", false, false},
                                       {"pamkit_logsumexp_vjp_pam", true, false},
                                       {"pamkit_log_softmax_pam", true, false},
                                       {"pamkit_log_softmax_vjp_pam", true, true},
                                       {"pamkit_cross_entropy_pam", false, false},
                                       {"pamkit_cross_entropy_vjp_pam", true, false},
                                       {"pamkit_layer_norm_pam", true, false},
                                       {"pamkit_layer_norm_vjp_pam", true, true}};
  for (const along_rows& k : all) {
    EXPECT_EQ(results_along(k, kFar / 2), results_along(k, 0)) << k.kernel;
  }
  const auto is_listed = [&](std::string_view name) {
    return std::ranges::find(all, name, &along_rows::kernel) != all.end();
  };
  // All that there are, but for those of other arithmetics, which are the same templates.
  for (const kernel* k : kernels()) {
    if (k->parameter_bytes != sizeof(row_parameters) || k->name.ends_with("_exact")) continue;
    if (k->threads != row_kernel<sum_step>::threads) continue;
    EXPECT_TRUE(is_listed(k->name)) << k->name;
  }
}

/// A lane whose neighbours have what it has.
struct lane_alike {
  static word from_lane_xor(word mine, int) { return mine; }
};

TEST(far_elements, of_counts) {
  row_parameters p;
  p.length = kFar;
  const lane_alike thread;
  const row_kernel<sum_step>::warp<lane_alike> lane{thread, p, 0, 0};
  EXPECT_EQ(lane.count([](std::int64_t) { return true; }).bits,
            std::bit_cast<std::uint32_t>(static_cast<float>(kFar)));
}

/// The second of two rows that are long, and a far row of three elements: what a lane reads of it.
TEST(far_elements, of_long_rows) {
  row_parameters p;
  p.rows = 2;
  p.length = kFar;
  p.x = before(kNumbers.data(), kFar);
  p.d = before(kNumbers.data() + 1, kFar);
  const lane_alike thread;
  const row_kernel<sum_step>::warp<lane_alike> lane{thread, p, 1, 2};
  EXPECT_EQ(lane.x(1).bits, kNumbers[1]);
  EXPECT_EQ(lane.d(0).bits, kNumbers[1]);
  p.length = 3;
  p.x = before(kNumbers.data(), kFar * 3);
  const row_kernel<sum_step>::warp<lane_alike> far_row{thread, p, kFar, 2};
  EXPECT_EQ(far_row.x(1).bits, kNumbers[1]);
}

/// 2^24 + 3 losses of 1: their sum and their number round to the same, once each. Their classes are
/// beyond 2^31.
TEST(far_elements, of_a_mean_of_losses) {
  const words losses((std::size_t{1} << 24) + 3, std::bit_cast<std::uint32_t>(1.0F));
  const words labels(losses.size(), kIgnoredLabel - 1);
  word mean{};
  row_parameters p;
  p.rows = 1;
  p.length = static_cast<std::int64_t>(losses.size());
  p.x = losses.data();
  p.labels = labels.data();
  p.y = &mean.bits;
  run_block_of("pamkit_mean_exact", 0, p);
  EXPECT_EQ(mean.bits, std::bit_cast<std::uint32_t>(1.0F));
}

TEST(far_elements, of_columns) {
  // Far columns of one row, far rows of one column, and far columns of block sums.
  result_words wide;
  column_parameters p;
  p.rows = 1;
  p.columns = kFar + kHere;
  p.x = before(kNumbers.data(), kFar);
  p.y = before(wide.data(), kFar);
  run_block_of("pamkit_column_block_sums", kFar / column_block_sums::threads, p);
  EXPECT_EQ(wide.written(), kNumbers);

  words terms(static_cast<std::size_t>(2 * column_block_sums::block_rows + 1),
              std::bit_cast<std::uint32_t>(1.0F));
  result_words tall;
  p.rows = kFar + static_cast<std::int64_t>(terms.size());
  p.columns = 1;
  p.x = before(terms.data(), kFar);
  // Rows of one matrix, and rows of a matrix each.
  for (const bool is_one : {true, false}) {
    p.inner = is_one ? p.rows : 1;
    p.inner_stride = is_one ? 1 : 0;
    p.outer_stride = is_one ? 0 : 1;
    tall = {};
    p.y = before(tall.data(), kFar / column_block_sums::block_rows);
    run_block_of("pamkit_column_block_sums",
                 kFar / column_block_sums::block_rows / column_block_sums::threads, p);
    EXPECT_EQ(tall.written(),
              (words{std::bit_cast<std::uint32_t>(128.0F), std::bit_cast<std::uint32_t>(128.0F),
                     std::bit_cast<std::uint32_t>(1.0F)}));
  }

  result_words totals;
  p.rows = 1;
  p.columns = kFar + kHere;
  p.x = before(kNumbers.data(), kFar);
  p.y = before(totals.data(), kFar);
  run_block_of("pamkit_column_totals", kFar / column_totals::threads, p);
  EXPECT_EQ(totals.written(), kNumbers);
}

/// The second of two matrices that are large.
TEST(far_elements, of_columns_of_large_matrices) {
  const words row = {kOneAndAHalf};
  column_parameters p;
  p.rows = 2 * column_block_sums::block_rows;
  p.columns = 1;
  p.inner = column_block_sums::block_rows;
  p.outer_stride = kFar;
  p.inner_stride = 0;
  p.x = before(row.data(), kFar);
  result_words sums;
  p.y = sums.data();
  // A thread for each block of rows; that of the first matrix, which is not there, does not run.
  word sum{};
  for (int i = 0; i < column_block_sums::block_rows; ++i) sum = detail::add(sum, {kOneAndAHalf});
  struct one_thread {
    static std::uint32_t block() { return 0; }
    static int index() { return 1; }
  };
  column_block_sums::shared_memory none;
  column_block_sums::run(one_thread{}, none, p);
  EXPECT_EQ(sums.data()[1], sum.bits);
}

/// The second of two images that are large: a pixel, and an incoming derivative; a weight of a large kernel.
TEST(far_elements, of_large_images) {
  conv2d_parameters p;
  p.images = 2;
  p.channels = p.outputs = p.group_channels = p.group_outputs = 1;
  p.height = p.out_height = p.kernel_height = kFar / 4;
  p.width = p.out_width = p.kernel_width = 4;
  p.x = p.d = p.w = before(kNumbers.data(), kFar);
  EXPECT_EQ(p.input(1, 0, 0, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.incoming(1, 0, 0, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.weight(1, 0, 0, 1).bits, kNumbers[1]);
  // And of two channels.
  p.images = 1;
  p.channels = p.outputs = p.group_channels = 2;
  EXPECT_EQ(p.input(0, 1, 0, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.incoming(0, 1, 0, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.weight(0, 1, 0, 1).bits, kNumbers[1]);
  // And of two rows of an image.
  p.channels = p.outputs = p.group_channels = 1;
  p.height = p.out_height = p.kernel_height = 2;
  p.width = p.out_width = p.kernel_width = kFar;
  EXPECT_EQ(p.input(0, 0, 1, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.incoming(0, 0, 1, 1).bits, kNumbers[1]);
  EXPECT_EQ(p.weight(0, 0, 1, 1).bits, kNumbers[1]);
}

TEST(far_elements, of_convolutions) {
  const auto one = std::bit_cast<std::uint32_t>(1.0F);
  const words ones(kNumbers.size(), one);
  const words zeros(kNumbers.size(), 0);
  conv2d_parameters p;
  p.channels = p.height = p.width = p.outputs = p.group_channels = p.group_outputs = 1;
  p.kernel_height = p.kernel_width = p.out_height = p.out_width = 1;
  p.images = kFar + kHere;
  p.x = p.d = before(kNumbers.data(), kFar);
  p.w = &one;
  for (const char* name : {"pamkit_conv2d_pam", "pamkit_conv2d_input_vjp_pam"}) {
    result_words out;
    p.y = before(out.data(), kFar);
    run_block_of(name, kFar / 128, p);
    EXPECT_EQ(out.written(), kNumbers) << name;
  }
  result_words out;
  p.images = 1;
  p.outputs = p.group_outputs = kFar + kHere;
  p.x = &one;
  p.w = before(ones.data(), kFar);
  p.d = before(kNumbers.data(), kFar);
  p.y = before(out.data(), kFar);
  run_block_of("pamkit_conv2d_weight_vjp_pam", kFar / 128, p);
  EXPECT_EQ(out.written(), kNumbers);

  // Far channels, each a group of its own: all operands and the result are far.
  p.channels = p.outputs;
  p.group_outputs = 1;
  p.x = p.w;
  for (const auto& [name, w, d] : {std::tuple{"pamkit_conv2d_pam", &kNumbers, &ones},
                                   std::tuple{"pamkit_conv2d_input_vjp_pam", &kNumbers, &ones},
                                   std::tuple{"pamkit_conv2d_weight_vjp_pam", &ones, &kNumbers}}) {
    out = {};
    p.w = before(w->data(), kFar);
    p.d = before(d->data(), kFar);
    p.bias = std::string_view(name) == "pamkit_conv2d_pam" ? before(zeros.data(), kFar) : nullptr;
    p.y = before(out.data(), kFar);
    run_block_of(name, kFar / 128, p);
    EXPECT_EQ(out.written(), kNumbers) << name;
  }
}

/// Outputs that are far along an axis: rows, columns, matrices of a batch. `here` of them are there, from the one with
/// index `first` on.
struct far_outputs {
  int axis;
  std::int64_t first;
  std::int64_t stride;  ///< elements from one to the next
  std::int64_t here;
};

/// Of the kernel that `plan` names, where one factor of each of the far outputs, its own operand and its bias are far.
void expect_far_outputs(const arithmetic_info& info, contraction_kind kind, const far_outputs& f) {
  const bool is_product = kind == contraction_kind::product;
  const std::vector<float> numbers = {1.5F, -3.25F, 0.0F};
  const std::vector<float> others = {-2.5F, 0.75F, 3.0F};
  const float one = 1.0F;
  const auto along = [&](auto& rows, auto& columns, auto& batch) -> auto& {
    return f.axis == 0 ? rows : f.axis == 1 ? columns : batch;
  };
  const auto spread = [&](const std::vector<float>& x) {
    std::vector<float> there(static_cast<std::size_t>(f.stride * (f.here - 1) + 1));
    for (std::int64_t i = 0; i < f.here; ++i) there[static_cast<std::size_t>(i * f.stride)] = x[static_cast<std::size_t>(i)];
    return there;
  };
  contraction_parameters p;
  p.rules.compensation = info.compensation(binary32{}, 0);
  p.gradient = is_product || !info.has_derivative(derivative::exact) ? derivative::approx : derivative::exact;
  p.terms = p.rows = p.columns = p.batch = 1;
  along(p.rows, p.columns, p.batch) = f.first + f.here;
  const std::int64_t start = f.first * f.stride;
  const std::vector<float> moving_numbers = spread(numbers);
  const std::vector<float> own_numbers = spread(others);
  operand moving{before(moving_numbers.data(), start), 0, 0, 0};
  along(moving.row_stride, moving.column_stride, moving.batch_stride) = f.stride;
  p.x = p.y = operand{&one, 0, 0, 0};
  (f.axis == 1 ? p.y : p.x) = moving;
  if (!is_product) {
    p.own = moving;
    p.own.data = before(own_numbers.data(), start);
  }
  const bool has_bias = is_product && f.axis == 1;
  if (has_bias) p.bias = before(others.data(), f.first);
  p.out = {.row_stride = 0, .column_stride = 0};
  along(p.out.row_stride, p.out.column_stride, p.out.batch_stride) = f.stride;

  words expected;
  for (std::size_t i = 0; i < static_cast<std::size_t>(f.here); ++i) {
    const float* const x = f.axis == 1 ? &one : &numbers[i];
    const float* const y = f.axis == 1 ? &numbers[i] : &one;
    const float* const own = &others[i];
    contraction_problem c{.m = 1, .n = 1, .k = 1, .a = {x, 1}, .b = {y, 1}, .d = {}, .out = {}};
    if (kind == contraction_kind::vjp_a) c.a = {own, 1}, c.d = {x, 1};
    if (kind == contraction_kind::vjp_b) c.b = {own, 1}, c.d = {y, 1};
    float sum = 0;
    c.out = {&sum, 1};
    scalar_backend().contraction(info.name, kind, p.gradient)(policy<binary32>{.compensation = p.rules.compensation}, c);
    const word bits{std::bit_cast<std::uint32_t>(sum)};
    expected.push_back(has_bias ? detail::add(bits, {std::bit_cast<std::uint32_t>(others[i])}).bits : bits.bits);
  }

  std::vector<contraction_plan> plans = plan_fast_contractions(info.name, kind, p);
  plans.push_back(plan_full_contraction(info.name, kind, p));
  for (contraction_plan& plan : plans) {
    result_words out;
    plan.parameters.out.data = before(std::bit_cast<float*>(out.data()), start);
    // A batch is a block or more.
    const std::int64_t blocks = f.axis == 2 ? f.here : 1;
    for (std::int64_t b = 1; b <= blocks; ++b) run_block_of(plan.kernel, plan.blocks - b, plan.parameters);
    const words got = out.written(static_cast<std::size_t>(f.here), static_cast<std::size_t>(f.here == 1 ? 1 : f.stride));
    EXPECT_EQ(got, expected) << plan.kernel << " axis " << f.axis << " stride " << f.stride;
  }
}

/// By every kernel that the planner knows. A grid holds 2^31 blocks; offsets of far batches, and of the second of two
/// matrices that are large, need more than 32 bits.
TEST(far_elements, of_contractions) {
  for (const arithmetic_info& info : arithmetics()) {
    for (const auto kind : {contraction_kind::product, contraction_kind::vjp_a, contraction_kind::vjp_b}) {
      if (scalar_backend().contraction(info.name, kind, derivative::approx) == nullptr) continue;
      for (const far_outputs& f : {far_outputs{0, kFar, 1, kHere}, far_outputs{1, kFar, 1, kHere},
                                   far_outputs{2, kFar / 8, 9, kHere}, far_outputs{2, 1, kFar, 1}}) {
        expect_far_outputs(info, kind, f);
      }
    }
  }
}

/// A class whose sums end with their first slab, as if there were no other terms: it says so when
/// all threads of the block have begun with it.
template <class Class>
struct of_one_slab : Class {
  static inline contraction_parameters* sums = nullptr;
  template <class Thread>
  static slab_class agree(const Thread& thread, const policy<binary32>& rules, std::uint32_t seen) {
    const slab_class chosen = Class::agree(thread, rules, seen);
    sums->terms = 0;
    return chosen;
  }
};

/// A kernel that begins with a far term.
template <class Kernel>
struct of_far_terms : Kernel {
  template <class Thread>
  static void run(const Thread& thread, typename Kernel::shared_memory& s,
                  const contraction_parameters& p) {
    Kernel::template run<kFar>(thread, s, p);
  }
};

/// A slab with more than 2^31 terms behind it, and the last two, one of them of three terms.
template <class Class, class Format>
void expect_far_terms(const char* name) {
  using first_slab = contraction_tiled<of_one_slab<Class>, small_tile, Format>;
  using last_slabs = of_far_terms<contraction_tiled<Class, small_tile, Format>>;
  std::vector<float> doubling(small_tile::depth + 3);
  for (std::size_t i = 0; i < doubling.size(); ++i) doubling[i] = static_cast<float>(1 << i);
  const std::vector<float> ones(doubling.size(), 1);
  for (const bool x_moves : {true, false}) {
    const float* const x = (x_moves ? doubling : ones).data();
    const float* const y = (x_moves ? ones : doubling).data();
    float sum = 0;
    contraction_parameters p;
    of_one_slab<Class>::sums = &p;
    p.row_tiles = p.column_tiles = 1;
    p.rows = p.columns = 1;
    p.x = {.data = x, .row_stride = 0, .column_stride = 1};
    p.y = {.data = y, .row_stride = 1, .column_stride = 0};
    p.out = {.data = &sum};
    p.terms = kFar + (std::int64_t{1} << 31);
    host_kernel<first_slab>(name).run_on_fibers(0, &p);
    EXPECT_EQ(sum, 255.0F) << name << " " << x_moves;
    p.x.data = before(x, kFar);
    p.y.data = before(y, kFar);
    p.terms = kFar + static_cast<std::int64_t>(doubling.size());
    host_kernel<last_slabs>(name).run_on_fibers(0, &p);
    EXPECT_EQ(sum, 2047.0F) << name << " " << x_moves;
  }
}

// Of this file alone, and with them the kernels that are made of them.
struct here_hybrid : hybrid_class<arith::pam> {};
struct here_full : full_class<arith::pam, contraction_kind::product> {};

/// By a kernel that fetches the next slab ahead, and by one that does not.
TEST(far_elements, of_terms) {
  expect_far_terms<here_hybrid, binary32>("fetching");
  expect_far_terms<here_full, void>("copying");
}

}  // namespace
}  // namespace pamkit::cuda

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "guarded_allocation.hpp"
#include "operand_profiles.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/simd.hpp"

// The convolution kernels against the layer's definition: every encoding, for every geometry,
// arithmetic, policy and instruction set.

namespace pamkit::testing {
namespace {

tensor drawn(std::vector<std::int64_t> shape, const operand_profile& profile,
             std::mt19937& random) {
  std::size_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
  tensor t{std::move(shape), std::vector<std::uint32_t>(count)};
  for (std::uint32_t& e : t.encodings) e = draw(profile, random);
  return t;
}

struct geometry {
  std::int64_t images, groups, group_channels, group_outputs, height, width;
  std::int64_t kernel_height, kernel_width, stride, padding, dilation;
  bool has_bias;

  std::int64_t places(std::int64_t size, std::int64_t kernel) const {
    const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
  }
  std::int64_t out_height() const { return places(height, kernel_height); }
  std::int64_t out_width() const { return places(width, kernel_width); }
};

geometry draw_geometry(std::mt19937& random) {
  const auto upto = [&](unsigned n) { return 1 + static_cast<std::int64_t>(random() % n); };
  for (;;) {
    const geometry g{.images = upto(3),
                     .groups = upto(3),
                     .group_channels = upto(4),
                     .group_outputs = upto(9),
                     .height = upto(11),
                     .width = upto(19),
                     .kernel_height = upto(4),
                     .kernel_width = upto(4),
                     .stride = upto(4),
                     .padding = static_cast<std::int64_t>(random() % 4),
                     .dilation = upto(3),
                     .has_bias = random() % 2 == 0};
    if (g.out_height() > 0 && g.out_width() > 0) return g;
  }
}

std::string describe(const geometry& g) {
  std::ostringstream s;
  s << "images " << g.images << " groups " << g.groups << " of " << g.group_channels << " to "
    << g.group_outputs << ", " << g.height << " x " << g.width << ", kernel " << g.kernel_height
    << " x " << g.kernel_width << ", stride " << g.stride << " padding " << g.padding
    << " dilation " << g.dilation << (g.has_bias ? " bias" : "");
  return s.str();
}

void check(std::string_view operation, const arithmetic_info& info, derivative gradient,
           const policy<binary32>& p, const geometry& g, const std::vector<tensor>& inputs,
           guard side = guard::none) {
  const layer_attributes attributes = {{"stride", static_cast<double>(g.stride)},
                                       {"padding", static_cast<double>(g.padding)},
                                       {"dilation", static_cast<double>(g.dilation)},
                                       {"groups", static_cast<double>(g.groups)}};
  const std::vector<tensor> expected =
      scalar_backend().layer(operation, info.name)(p, gradient, inputs, attributes);
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    const layer_function f = simd_backend().layer(operation, info.name);
    std::vector<tensor> got;
    {
      guarded() = side;
      const std::vector<tensor> operands = inputs;
      const std::vector<tensor> result = f(p, gradient, operands, attributes);
      guarded() = guard::none;
      got = result;
    }
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].shape, expected[i].shape);
      for (std::size_t e = 0; e < got[i].encodings.size(); ++e) {
        ASSERT_EQ(got[i].encodings[e], expected[i].encodings[e])
            << std::hex << "output " << i << " element " << e << std::dec << ' ' << target << ' '
            << info.name << ' ' << operation << (gradient == derivative::exact ? " exact" : "")
            << ' ' << describe(g);
      }
    }
  }
  use_simd_target("");
}

template <class Visit>
void for_each_policy(const arithmetic_info& info, Visit visit) {
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      for (const std::int32_t compensation : {0, 463051}) {
        visit(policy<binary32>{
            subnormals, overflow, info.compensation(binary32{}, compensation), {}});
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Convolution, EqualsTheDefinitionOfEveryGeometry) {
  std::mt19937 random(1);
  for (const arithmetic_info& info : arithmetics()) {
    for_each_policy(info, [&](const policy<binary32>& p) {
      for (int i = 0; i < 25; ++i) {
        const geometry g = draw_geometry(random);
        const auto profile = [&]() -> const operand_profile& {
          return random() % 2 == 0 ? kProfiles[0] : kProfiles[random() % kProfiles.size()];
        };
        std::vector<tensor> inputs = {
            drawn({g.images, g.groups * g.group_channels, g.height, g.width}, profile(), random),
            drawn({g.groups * g.group_outputs, g.group_channels, g.kernel_height, g.kernel_width},
                  profile(), random),
            drawn({g.has_bias ? g.groups * g.group_outputs : 0}, profile(), random)};
        check("conv2d", info, derivative::approx, p, g, inputs);
        if (::testing::Test::HasFatalFailure()) return;
        inputs.push_back(
            drawn({g.images, g.groups * g.group_outputs, g.out_height(), g.out_width()}, profile(),
                  random));
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          if (!info.has_derivative(gradient)) continue;
          check("conv2d_vjp", info, gradient, p, g, inputs);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    });
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// More taps, places and outputs than one block of the kernels holds.
TEST(Convolution, EqualsTheDefinitionAcrossBlocks) {
  std::mt19937 random(2);
  const geometry g{.images = 2,
                   .groups = 1,
                   .group_channels = 33,
                   .group_outputs = 7,
                   .height = 21,
                   .width = 27,
                   .kernel_height = 3,
                   .kernel_width = 3,
                   .stride = 1,
                   .padding = 1,
                   .dilation = 1,
                   .has_bias = true};
  for (const operand_profile& profile : {kProfiles[0], kProfiles[3], kProfiles[10]}) {
    std::vector<tensor> inputs = {
        drawn({g.images, g.group_channels, g.height, g.width}, profile, random),
        drawn({g.group_outputs, g.group_channels, 3, 3}, profile, random),
        drawn({g.group_outputs}, profile, random)};
    const arithmetic_info& pam = *find_arithmetic("pam");
    ASSERT_NO_FATAL_FAILURE(check("conv2d", pam, derivative::approx, {}, g, inputs));
    inputs.push_back(
        drawn({g.images, g.group_outputs, g.out_height(), g.out_width()}, profile, random));
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      ASSERT_NO_FATAL_FAILURE(check("conv2d_vjp", pam, gradient, {}, g, inputs));
    }
  }
}

// Operands, results and what is made on the way to them lie at pages that may be neither read nor
// written, before or behind them.
TEST(Convolution, EqualsTheDefinitionOfEveryStride) {
  std::mt19937 random(3);
  const arithmetic_info& pam = *find_arithmetic("pam");
  // Terms of which some are no zeros with an incoming +0: they may not stand for missing ones.
  constexpr operand_profile kOftenNan{.name = "often a NaN", .zeros = 3, .nans = 250};
  constexpr operand_profile kInfinite{.name = "often infinite", .infinities = 250, .nans = 50};
  constexpr operand_profile kLarge{.name = "at 2^125", .least = 0x7d000000, .greatest = 0x7f7fffff};
  const operand_profile& ordinary = kProfiles[0];
  const std::pair<const operand_profile&, const operand_profile&> image_and_weights[] = {
      {ordinary, ordinary},  {kOftenNan, ordinary}, {ordinary, kOftenNan},
      {ordinary, kInfinite}, {kInfinite, kLarge},   {kOftenNan, kLarge}};
  for (std::int64_t stride = 1; stride <= 4; ++stride) {
    for (std::int64_t kernel = 1; kernel <= 6; ++kernel) {
      for (std::int64_t padding = 0; padding <= 2; ++padding) {
        for (std::int64_t dilation = 1; dilation <= 4; ++dilation) {
          for (const auto& [image, weights] : image_and_weights) {
            const auto size = [&](std::int64_t taps) {
              const std::int64_t least = dilation * (taps - 1) + 1 - 2 * padding;
              return std::max<std::int64_t>(least, 1) + static_cast<std::int64_t>(random() % 7);
            };
            const std::int64_t other = 1 + static_cast<std::int64_t>(random() % 4);
            const geometry g{.images = 1 + static_cast<std::int64_t>(random() % 2),
                             .groups = 1 + static_cast<std::int64_t>(random() % 2),
                             .group_channels = 1 + static_cast<std::int64_t>(random() % 2),
                             .group_outputs = 1 + static_cast<std::int64_t>(random() % 3),
                             .height = size(kernel),
                             .width = size(other),
                             .kernel_height = kernel,
                             .kernel_width = other,
                             .stride = stride,
                             .padding = padding,
                             .dilation = dilation,
                             .has_bias = false};
            std::vector<tensor> inputs = {
                drawn({g.images, g.groups * g.group_channels, g.height, g.width}, image, random),
                drawn({g.groups * g.group_outputs, g.group_channels, kernel, other}, weights,
                      random),
                drawn({0}, ordinary, random)};
            const guard side = &image != &ordinary || &weights != &ordinary ? guard::none
                               : random() % 2 == 0                          ? guard::before
                                                                            : guard::behind;
            ASSERT_NO_FATAL_FAILURE(check("conv2d", pam, derivative::approx, {}, g, inputs, side));
            inputs.push_back(
                drawn({g.images, g.groups * g.group_outputs, g.out_height(), g.out_width()},
                      ordinary, random));
            for (const derivative gradient : {derivative::approx, derivative::exact}) {
              ASSERT_NO_FATAL_FAILURE(check("conv2d_vjp", pam, gradient, {}, g, inputs, side));
            }
          }
        }
      }
    }
  }
}

// One operand alone that is a NaN, infinite, or about as large as a weight of which a term with an
// incoming +0 is no zero, at every place of the image, the weights and the incoming derivative.
TEST(Convolution, EqualsTheDefinitionWithOneSpecialOperand) {
  std::mt19937 random(4);
  for (const arithmetic_info& info : arithmetics()) {
    for (const std::int64_t stride : {1, 2, 3}) {
      const geometry g{.images = 2,
                       .groups = 2,
                       .group_channels = 2,
                       .group_outputs = 2,
                       .height = 5,
                       .width = 4,
                       .kernel_height = 2,
                       .kernel_width = 3,
                       .stride = stride,
                       .padding = 1,
                       .dilation = 1,
                       .has_bias = true};
      const operand_profile& ordinary = kProfiles[0];
      const std::vector<tensor> ordinary_inputs = {
          drawn({g.images, g.groups * g.group_channels, g.height, g.width}, ordinary, random),
          drawn({g.groups * g.group_outputs, g.group_channels, g.kernel_height, g.kernel_width},
                ordinary, random),
          drawn({g.groups * g.group_outputs}, ordinary, random),
          drawn({g.images, g.groups * g.group_outputs, g.out_height(), g.out_width()}, ordinary,
                random)};
      const policy<binary32> p{subnormal_policy::flush,
                               overflow_policy::infinity,
                               info.compensation(binary32{}, 463051),
                               {}};
      for (const std::size_t operand : {0U, 1U, 3U}) {
        const std::size_t step = info.name == "pam" ? 1 : 17;
        for (std::size_t e = 0; e < ordinary_inputs[operand].encodings.size(); e += step) {
          for (const std::uint32_t special : {0x7fa00001U, 0xff800000U, 0x7effffffU, 0xff7fffffU}) {
            std::vector<tensor> inputs = ordinary_inputs;
            inputs[operand].encodings[e] = special;
            for (const derivative gradient : {derivative::approx, derivative::exact}) {
              if (!info.has_derivative(gradient)) continue;
              ASSERT_NO_FATAL_FAILURE(check("conv2d_vjp", info, gradient, p, g, inputs));
            }
          }
        }
      }
    }
  }
}

TEST(Convolution, RefusesWhatTheDefinitionRefuses) {
  const tensor x{{1, 2, 3, 3}, std::vector<std::uint32_t>(18)};
  const tensor w{{2, 2, 4, 4}, std::vector<std::uint32_t>(64)};
  const tensor no_bias{{0}, {}};
  const std::vector<tensor> inputs = {x, w, no_bias};
  const layer_function conv2d = simd_backend().layer("conv2d", "pam");
  EXPECT_THROW(conv2d({}, derivative::approx, inputs, {}), std::invalid_argument);
  EXPECT_THROW(conv2d({}, derivative::approx, inputs, {{"stide", 1}}), std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::testing

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>

#include "pamkit/backend.hpp"
#include "pamkit/training/beam_search.hpp"
#include "pamkit/training/dropout.hpp"
#include "pamkit/training/functions.hpp"
#include "pamkit/training/image_models.hpp"
#include "pamkit/training/lanes.hpp"
#include "pamkit/training/optimizer.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/subwords.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training::test {
namespace {

constexpr transformer_settings kTiny = {.vocabulary = 6,
                                        .encoder_layers = 1,
                                        .decoder_layers = 2,
                                        .width = 8,
                                        .feed_forward = 12,
                                        .heads = 2};

at::Tensor ids(std::vector<std::int64_t> values, std::vector<std::int64_t> shape) {
  return at::tensor(values, at::kLong).view(shape);
}

at::Tensor uniform(std::uint32_t stream, std::vector<std::int64_t> shape) {
  at::Tensor t = at::empty(shape, at::kFloat);
  float* const to = t.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const std::uint32_t bits = random_bits(5, stream, 0, 0, static_cast<std::uint32_t>(i));
    to[i] = static_cast<float>(std::ldexp(static_cast<double>(bits), -31) - 1);
  }
  return t;
}

tensor words_of(const at::Tensor& t) {
  tensor w{t.sizes().vec(), {}};
  const at::Tensor dense = t.contiguous();
  for (std::int64_t i = 0; i < dense.numel(); ++i) {
    w.encodings.push_back(std::bit_cast<std::uint32_t>(dense.const_data_ptr<float>()[i]));
  }
  return w;
}

TEST(Model, PiecewiseAffineGeluIsTheLayerForwardAndBackward) {
  const at::Tensor drawn = (uniform(1, {40, 30}) * 8).requires_grad_();
  const at::Tensor d = uniform(2, {40, 30});
  for (const std::string gradient : {"approx", "exact"}) {
    const at::Tensor x = drawn.detach().clone().requires_grad_();
    const at::Tensor y = piecewise_affine_gelu(x, "pam", gradient);
    y.backward(d);
    const arithmetic_choice choice = *parse_arithmetic("pam");
    const policy<binary32> rules = contraction_rules(
        choice.configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity));
    const derivative kind = gradient == "exact" ? derivative::exact : derivative::approx;
    const tensor inputs[] = {words_of(drawn.detach()), words_of(d)};
    const auto forward = scalar_backend().layer("gelu", "pam")(rules, kind, std::span(inputs, 1), {});
    const auto backward = scalar_backend().layer("gelu_vjp", "pam")(
        rules, kind, std::span<const tensor>(inputs), {});
    EXPECT_EQ(words_of(y.detach()).encodings, forward.front().encodings) << gradient;
    EXPECT_EQ(words_of(x.grad()).encodings, backward.front().encodings) << gradient;
  }
}

TEST(Model, ArmsStartFromEqualParameters) {
  const transformer exact(kTiny, arm("exact", derivative::approx), 3);
  for (const char* const label : {"pam", "pam:1.0552", "l_mul", "power_of_two", "native"}) {
    EXPECT_EQ(transformer(kTiny, arm(label, derivative::approx), 3).parameters().sha256(),
              exact.parameters().sha256())
        << label;
  }
  EXPECT_NE(transformer(kTiny, arm("exact", derivative::approx), 4).parameters().sha256(),
            exact.parameters().sha256());
}

TEST(Model, ATensorsNameIsTakenOnce) {
  parameter_list list(1);
  list.add_uniform("weight", {2}, 1);
  list.add_buffer("mean", {2}, 0);
  for (const char* const name : {"weight", "mean"}) {
    EXPECT_THROW(list.add_uniform(name, {2}, 1), std::logic_error);
    EXPECT_THROW(list.add_constant(name, {2}, 1), std::logic_error);
    EXPECT_THROW(list.add_buffer(name, {2}, 1), std::logic_error);
  }
  EXPECT_EQ(list.all().size(), 1U);
  EXPECT_EQ(list.buffers().size(), 1U);
}

TEST(Model, AdderWeightsAreTheSameDrawsAtTheirOwnSpread) {
  const transformer exact(kTiny, arm("exact", derivative::approx), 3);
  const transformer adder(kTiny, arm("adder", derivative::approx), 3);
  for (const parameter& p : exact.parameters().all()) {
    const auto& others = adder.parameters().all();
    const auto same = std::ranges::find(others, p.name, &parameter::name);
    ASSERT_NE(same, others.end()) << p.name;
    if (same->rate_scale == 1) {
      EXPECT_TRUE(at::equal(same->value, p.value)) << p.name;
    } else {
      EXPECT_TRUE(at::equal(at::sign(same->value), at::sign(p.value))) << p.name;
    }
  }
}

TEST(Model, AdderValuesAreMinusDistancesFromTheWeightsWithTheIdentityAdded) {
  const arm adder("adder", derivative::approx);
  const at::Tensor weights =
      at::tensor({0.25F, 0.75F, 0.5F, 0.5F}).view({1, 2, 2}).requires_grad_();
  const at::Tensor values =
      at::tensor({3.0F, -1.0F, 0.5F, 1.5F, 1.0F, 0.25F}).view({1, 2, 3}).requires_grad_();
  const at::Tensor out = adder.adder_values(weights, values);
  // -abs(1.25 - v0) - abs(0.75 - v1), and -abs(0.5 - v0) - abs(1.5 - v1).
  EXPECT_TRUE(at::equal(out, at::tensor({-2.5F, -2.5F, -1.25F, -2.5F, -2.0F, -1.25F}).view({1, 2, 3})));
  out.sum().backward();
  // Of either side the difference to the other one, cut to [-1, 1].
  EXPECT_TRUE(at::equal(weights.grad(), at::tensor({-0.75F, 0.5F, 0.0F, -1.5F}).view({1, 2, 2})));
  EXPECT_TRUE(at::equal(values.grad(),
                        at::tensor({-2.0F, 2.0F, 0.75F, -0.75F, 0.25F, 1.5F}).view({1, 2, 3})));
  const at::Tensor exact = adder.with_exact_products().adder_values(weights, values);
  EXPECT_TRUE(at::equal(exact, at::bmm(weights + at::eye(2), values)));
}

TEST(Model, AFirstLayerThatStaysExactIsThatOfTheExactArm) {
  for (const char* const kind : {"cnn", "vit", "vgg", "preresnet", "resnext", "convmixer"}) {
    image_model_settings settings{
        .kind = kind, .size = 8, .width = 12, .depth = 2, .heads = 3, .adder = {.first_layer = false}};
    if (kind == std::string("resnext")) settings.depth = 11;
    if (kind == std::string("preresnet")) settings.depth = 8;
    const auto adder = make_image_model(settings, arm("adder", derivative::approx), 1);
    const auto exact = make_image_model(settings, arm("exact", derivative::approx), 1);
    settings.adder.first_layer = true;
    const auto whole = make_image_model(settings, arm("adder", derivative::approx), 1);
    const auto first_of = [](const image_model& m) {
      return std::ranges::find_if(m.parameters().all(), [](const parameter& p) {
        return p.name.ends_with("weight");
      });
    };
    EXPECT_TRUE(at::equal(first_of(*adder)->value, first_of(*exact)->value)) << kind;
    EXPECT_FALSE(first_of(*adder)->is_adder) << kind;
    EXPECT_TRUE(first_of(*whole)->is_adder) << kind;
    const auto adders = [](const image_model& m) {
      return std::ranges::count_if(m.parameters().all(), &parameter::is_adder);
    };
    EXPECT_EQ(adders(*adder) + 1, adders(*whole)) << kind;
    EXPECT_LT(adder->parameters().count(), whole->parameters().count()) << kind;
  }
}

TEST(Model, TheRecipesModelHasOneAndAHalfMillionParameters) {
  transformer_settings settings;
  settings.vocabulary = 4000;
  const transformer model(settings, arm("native", derivative::approx), 1);
  // 4000 x 128 table; 3 encoder layers of 132,480; 3 decoder layers of 198,784; 2 last norms of 256.
  EXPECT_EQ(model.parameters().count(), 512000 + 3 * 132480 + 3 * 198784 + 2 * 256);
}

TEST(Model, SteppingThroughTheTargetGivesTheBitsOfTheWholePass) {
  const at::NoGradGuard no_grad;
  const transformer model(kTiny, arm("pam", derivative::approx), 1);
  const at::Tensor source = ids({4, 5, 3, 5, 3, 0}, {2, 3});
  const at::Tensor target = ids({2, 4, 5, 2, 5, 5}, {2, 3});
  dropout_pass none;
  const encoded_source encoded = model.encode(source, none);
  std::vector<key_values> all(2);
  std::vector<key_values> stepwise(2);
  model.decode(target, 0, all, encoded, none);
  for (std::int64_t t = 0; t < 3; ++t) {
    model.decode(target.slice(1, t, t + 1).contiguous(), t, stepwise, encoded, none);
  }
  // The first layer's keys and values have not yet passed a softmax.
  EXPECT_TRUE(at::equal(all[0].keys, stepwise[0].keys));
  EXPECT_TRUE(at::equal(all[0].values, stepwise[0].values));
}

// All token sequences of at most `limit` pieces, ranked as the search ranks them.
std::vector<std::int32_t> best_by_enumeration(const transformer& model, const at::Tensor& source,
                                              std::size_t limit) {
  const std::vector<std::int32_t> pieces = {1, 4, 5};
  std::vector<std::vector<std::int32_t>> sequences = {{}};
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].size() == limit) continue;
    for (const std::int32_t p : pieces) {
      sequences.push_back(sequences[i]);
      sequences.back().push_back(p);
    }
  }
  double best = -INFINITY;
  std::vector<std::int32_t> result;
  for (const auto& s : sequences) {
    std::vector<std::int64_t> input = {subwords::begin_id};
    input.insert(input.end(), s.begin(), s.end());
    dropout_pass none;
    const auto length = static_cast<std::int64_t>(input.size());
    const at::Tensor scores =
        at::log_softmax(model(source, ids(input, {1, length}), none), -1).view({length, -1});
    double sum = scores[length - 1][subwords::end_id].item<double>();
    for (std::size_t i = 0; i < s.size(); ++i) {
      sum += scores[static_cast<std::int64_t>(i)][s[i]].item<double>();
    }
    if (sum / static_cast<double>(length) > best) {
      best = sum / static_cast<double>(length);
      result = s;
    }
  }
  return result;
}

TEST(Search, AWideBeamFindsTheBestOfAllSequences) {
  const at::NoGradGuard no_grad;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const transformer model(kTiny, arm("exact", derivative::approx), seed);
    const std::vector<std::vector<std::int32_t>> sources = {{4, 5, 4}, {5}, {}, {5, 5, 4, 1}};
    const recipe::search_settings settings{
        .beam = 40, .length_factor = 0, .length_constant = 3, .sentences = 3};
    const auto found = translate(model, settings, sources);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      std::vector<std::int64_t> source(sources[i].begin(), sources[i].end());
      source.push_back(subwords::end_id);
      const auto length = static_cast<std::int64_t>(source.size());
      EXPECT_EQ(found[i], best_by_enumeration(model, ids(source, {1, length}), 3))
          << "seed " << seed << ", sentence " << i;
    }
  }
}

TEST(Search, TheLengthLimitHolds) {
  const at::NoGradGuard no_grad;
  const transformer model(kTiny, arm("exact", derivative::approx), 1);
  const std::vector<std::vector<std::int32_t>> sources = {{4, 5, 4, 5, 5}};
  const auto found = translate(
      model, {.beam = 1, .length_factor = 1.2, .length_constant = 2, .sentences = 1}, sources);
  EXPECT_LE(found[0].size(), 8U);
}

TEST(Dropout, MasksAreThoseOfTheSpecification) {
  constexpr std::uint64_t seed = 0x123456789ABCULL;
  const arm exact("exact", derivative::approx);
  dropout_pass dropout(exact, 0.25, seed, 7, 0);
  dropout(at::ones({5}));
  const at::Tensor y = dropout(at::full({3, 41}, -2.0, at::kFloat));  // site 1
  const float* const got = y.const_data_ptr<float>();
  for (std::uint32_t i = 0; i < 123; ++i) {
    const bool kept = random_bits(seed, 7, 0, 1, i) >= 0x40000000U;
    EXPECT_EQ(got[i], kept ? -2 * static_cast<float>(1 / 0.75) : 0.0F);
    EXPECT_EQ(std::signbit(got[i]), kept) << "a dropped element is +0";
  }
}

TEST(Ordered, EmbeddingGradientsAreSummedInBlocksOf128Rows) {
  const at::Tensor d = uniform(1, {300, 3});
  std::vector<std::int64_t> places;
  for (std::uint32_t i = 0; i < 300; ++i) places.push_back(random_bits(1, 9, 0, 0, i) % 4);
  const at::Tensor got = embedding_gradient(d, ids(places, {300}), 5);
  for (std::int64_t row = 0; row < 5; ++row) {
    for (std::int64_t column = 0; column < 3; ++column) {
      float sum = 0;
      for (std::int64_t first = 0; first < 300; first += 128) {
        float block = 0;
        for (std::int64_t i = first; i < std::min<std::int64_t>(300, first + 128); ++i) {
          if (places[static_cast<std::size_t>(i)] == row) {
            block += d.const_data_ptr<float>()[i * 3 + column];
          }
        }
        sum += block;
      }
      EXPECT_EQ(got.const_data_ptr<float>()[row * 3 + column], sum);
    }
  }
}

TEST(Ordered, LaneSumsFoldFrom32Lanes) {
  const at::Tensor x = uniform(2, {100});
  const float* const v = x.const_data_ptr<float>();
  std::array<float, 32> sums{};
  for (std::size_t i = 0; i < 100; ++i) sums[i % 32] += v[i];
  for (const std::size_t half : {16U, 8U, 4U, 2U, 1U}) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  EXPECT_EQ(lane_sum(v, 100), sums[0]);
}

// Two binary32 evaluations of a mean over rows of sums of at most n terms of like sign differ by less than
// n 2^-24 relative to the sum of magnitudes on either side.
double rounding_bound(double terms, double magnitude) {
  return 2 * terms * std::ldexp(magnitude, -24);
}

TEST(Ordered, CrossEntropyIsLibTorchsUpToRounding) {
  for (const double smoothing : {0.0, 0.1}) {
    at::Tensor a = uniform(3, {40, 70}).requires_grad_(true);
    at::Tensor b = a.detach().clone().requires_grad_(true);
    std::vector<std::int64_t> targets;
    for (std::uint32_t i = 0; i < 40; ++i) targets.push_back(random_bits(1, 8, 0, 0, i) % 70);
    const at::Tensor t = ids(targets, {40});
    const at::Tensor own = arm("exact", derivative::approx).cross_entropy(a, t, {.smoothing = smoothing}, 0);
    const at::Tensor native = arm("native", derivative::approx).cross_entropy(b, t, {.smoothing = smoothing}, 0);
    own.backward();
    native.backward();
    EXPECT_LE(std::abs(own.item<double>() - native.item<double>()),
              rounding_bound(70 + 40, native.item<double>()));
    EXPECT_LE((a.grad() - b.grad()).abs().max().item<double>(), rounding_bound(70, 1.0 / 39));
  }
}

TEST(Ordered, LayerNormGradientsAreLibTorchsUpToRounding) {
  at::Tensor x = uniform(4, {300, 16}).requires_grad_(true);
  at::Tensor gain = uniform(5, {16}).requires_grad_(true);
  at::Tensor bias = uniform(6, {16}).requires_grad_(true);
  const at::Tensor d = uniform(7, {300, 16});
  arm("exact", derivative::approx).layer_norm(x, gain, bias).backward(d);
  const std::vector<at::Tensor> own = {x.grad(), gain.grad(), bias.grad()};
  for (at::Tensor* t : {&x, &gain, &bias}) t->mutable_grad() = at::Tensor();
  arm("native", derivative::approx).layer_norm(x, gain, bias).backward(d);
  EXPECT_TRUE(at::equal(own[0], x.grad())) << "the row's own part is LibTorch's";
  // Sums of 300 terms of at most 4 (a normalised element of 16 is below sqrt(15)).
  EXPECT_LE((own[1] - gain.grad()).abs().max().item<double>(), rounding_bound(300, 300 * 4));
  EXPECT_LE((own[2] - bias.grad()).abs().max().item<double>(), rounding_bound(300, 300));
}

TEST(Ordered, SoftmaxGradientsAreLibTorchsUpToRounding) {
  at::Tensor x = uniform(11, {50, 33}).requires_grad_(true);
  const at::Tensor d = uniform(12, {50, 33});
  ordered_softmax(x).backward(d);
  const at::Tensor own = x.grad();
  x.mutable_grad() = at::Tensor();
  at::softmax(x, -1).backward(d);
  // A sum of 33 terms whose magnitudes add up to at most 1, and three operations more.
  EXPECT_LE((own - x.grad()).abs().max().item<double>(), rounding_bound(33 + 3, 2));
}

// --- Centred gradients
// --------------------------------------------------------------------------------------

// The gradient of a cross entropy towards these logits; row 1 is of class 0, which is ignored.
at::Tensor loss_gradient(const arm& products, const at::Tensor& values, bool centred) {
  at::Tensor logits = values.detach().clone().requires_grad_(true);
  const at::Tensor targets = at::arange(values.size(0)).sub(1).abs().remainder(values.size(1));
  products.cross_entropy(logits, targets, {.smoothing = 0.1, .centred = centred}, 0).backward();
  return logits.grad();
}

// A piecewise affine quotient by a positive number, of results that are normal.
float quotient(float a, float b) {
  if (a == 0) return a;
  const std::uint32_t bits =
      std::bit_cast<std::uint32_t>(a) - std::bit_cast<std::uint32_t>(b) + 0x3F800000;
  return std::bit_cast<float>(bits);
}

TEST(CentredGradient, LosesThePiecewiseAffineMeanOfEachRow) {
  const arm products("pam", derivative::approx, scope::loss);
  for (const std::int64_t classes : {20, 64, 70}) {
    const at::Tensor values = uniform(13, {9, classes}) * 4;
    const at::Tensor plain = loss_gradient(products, values, false);
    const at::Tensor centred = loss_gradient(products, values, true);
    ASSERT_TRUE(at::equal(plain[1], at::zeros({classes}))) << "a row that is ignored";
    for (std::int64_t row = 0; row < 9; ++row) {
      const float* const g = plain[row].const_data_ptr<float>();
      std::array<float, 32> sums{};
      for (std::int64_t i = 0; i < classes; ++i) sums[static_cast<std::size_t>(i % 32)] += g[i];
      for (std::size_t half = 16; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
      }
      EXPECT_EQ(sums[0] != 0, row != 1);
      const float mean = quotient(sums[0], static_cast<float>(classes));
      for (std::int64_t i = 0; i < classes; ++i) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(centred[row][i].item<float>()),
                  std::bit_cast<std::uint32_t>(g[i] - mean))
            << classes << " classes, row " << row << ", " << i;
      }
    }
  }
}

TEST(CentredGradient, IsForPiecewiseAffineLossesAlone) {
  const at::Tensor values = uniform(14, {9, 33});
  for (const arm& products :
       {arm("exact", derivative::approx, scope::loss), arm("pam", derivative::approx, scope::norm),
        arm("native", derivative::approx)}) {
    EXPECT_TRUE(at::equal(loss_gradient(products, values, false),
                          loss_gradient(products, values, true)))
        << products.folder_label();
  }
}

// What a pass through the layers gives on so many threads, for rows of this width.
std::vector<at::Tensor> layers_on(int threads, std::int64_t width) {
  at::set_num_threads(threads);
  const arm exact("exact", derivative::approx);
  at::Tensor x = uniform(8, {700, width}).requires_grad_(true);
  at::Tensor gain = uniform(9, {width}).requires_grad_(true);
  at::Tensor bias = uniform(10, {width}).requires_grad_(true);
  const at::Tensor normal = exact.layer_norm(x, gain, bias);
  const at::Tensor soft = exact.softmax(normal);
  const at::Tensor targets = at::arange(700).remainder(width);
  const at::Tensor loss = exact.cross_entropy(at::relu(soft * 3 + normal), targets, {.smoothing = 0.1}, 1);
  loss.backward();
  return {normal, soft, loss, x.grad(), gain.grad(), bias.grad()};
}

TEST(Ordered, ThreadsChangeNoBitOfAnyLayerAtAnyWidth) {
  const int before = at::get_num_threads();
  for (const std::int64_t width : {3, 7, 16, 24, 25, 31, 32, 33, 48, 63, 64, 100, 128, 203, 256, 1001}) {
    const auto one = layers_on(1, width);
    for (const int threads : {2, 3}) {
      const auto several = layers_on(threads, width);
      for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_TRUE(at::equal(one[i], several[i])) << "width " << width << ", result " << i;
      }
    }
  }
  at::set_num_threads(before);
}

TEST(Optimizer, TheRateWarmsUpAndFollowsTheCosine) {
  EXPECT_EQ(learning_rate(2e-3, 150, 300, 1420), 1e-3);
  EXPECT_EQ(learning_rate(2e-3, 300, 300, 1420), 2e-3);
  EXPECT_EQ(learning_rate(2e-3, 1420, 300, 1420), 0);
  EXPECT_EQ(learning_rate(2e-3, 60, 300, 100), 2e-3 * 60 / 300);
}

TEST(Optimizer, TheFirstUpdateMovesByTheRateAgainstTheGradient) {
  parameter_list list(1);
  const at::Tensor p = list.add_constant("p", {2}, 1);
  optimizer update(list, {.beta1 = 0.9, .beta2 = 0.98, .epsilon = 0, .weight_decay = 0.5},
                   arm("exact", derivative::approx));
  p.mutable_grad() = at::tensor({3.0F, -0.25F});
  update.step(list, 0.01, 1);
  // m / sqrt(v) is the gradient's sign times (1-b1) / sqrt(1-b2), which the step's factor undoes up to rounding of
  // its four operations: 4 units of 2^-24 of the step, and one of the parameter.
  const double bound = std::ldexp(4 * 0.01 + 1, -24);
  EXPECT_NEAR(p[0].item<double>(), 1 - 0.5 * 0.01 - 0.01, bound);
  EXPECT_NEAR(p[1].item<double>(), 1 - 0.5 * 0.01 + 0.01, bound);
}

TEST(Optimizer, ClippingScalesToTheLimit) {
  parameter_list list(1);
  const at::Tensor p = list.add_constant("p", {2}, 1);
  p.mutable_grad() = at::tensor({3.0F, 4.0F});
  EXPECT_EQ(clip_gradients(list, 0, arm("exact", derivative::approx)), 5.0F);
  EXPECT_EQ(p.grad()[0].item<float>(), 3.0F) << "a limit of 0 is off";
  clip_gradients(list, 2.5, arm("exact", derivative::approx));
  EXPECT_EQ(p.grad()[1].item<float>(), 2.0F);
}

}  // namespace
}  // namespace pamkit::training::test

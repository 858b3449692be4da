#include "summation_order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "statement_parts.hpp"

namespace pamkit::properties {
namespace {

constexpr std::uint32_t kOne = 0x3F800000;
constexpr std::uint32_t kTwo = 0x40000000;
constexpr std::uint32_t kSign = 0x80000000;
constexpr std::uint32_t kBig = 0x5D800000;        // 2^60
constexpr std::uint32_t kAbsorbing = 0x4B800000;  // 2^24, half of whose unit is 1
constexpr std::uint32_t kSmallRoot = 0x39800000;  // 2^-12

std::vector<std::size_t> places_of(std::int64_t length) {
  std::vector<std::size_t> places;
  for (std::int64_t i = 0; i < length; ++i) {
    const auto next = static_cast<std::uint64_t>(i + 1);
    const bool is_near_power = std::has_single_bit(next) || (i > 0 && std::has_single_bit(next - 1));
    if (length <= kAllPlacesUpTo || is_near_power || i + 1 == length) {
      places.push_back(static_cast<std::size_t>(i));
    }
  }
  return places;
}

std::uint32_t add(std::uint32_t x, std::uint32_t y) {
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(x) + std::bit_cast<float>(y));
}

using probes = std::vector<column>;
using count = std::int64_t;

count length_of(const probes& all) { return static_cast<count>(all.front().size()); }
count number_of(const probes& all) { return static_cast<count>(all.size()); }

column rows(const probes& all) {
  column flat;
  for (const column& p : all) flat.insert(flat.end(), p.begin(), p.end());
  return flat;
}

column columns(const probes& all) {
  column flat;
  for (std::size_t t = 0; t < all.front().size(); ++t) {
    for (const column& p : all) flat.push_back(p[t]);
  }
  return flat;
}

column filled(count n, std::uint32_t x) { return column(static_cast<std::size_t>(n), x); }

tensor filled_tensor(std::vector<count> shape, std::uint32_t x) {
  count n = 1;
  for (const count side : shape) n *= side;
  return {std::move(shape), filled(n, x)};
}

// What a probe's partner is: where a product with 1 is no product, the difference from 0.
std::uint32_t partner(const subject& s) { return s.promised().zero_annihilates ? kOne : 0; }

// ---- Products --------------------------------------------------------------------------------------

column left_of_product(const subject& s, derivative, const probes& all) {
  const count k = length_of(all);
  return contract(s, contraction_kind::product, derivative::approx,
                  {1, number_of(all), 1, k, rows(all), filled(k, partner(s)), {}});
}

column right_of_product(const subject& s, derivative, const probes& all) {
  const count k = length_of(all);
  return contract(s, contraction_kind::product, derivative::approx,
                  {1, 1, number_of(all), k, filled(k, partner(s)), columns(all), {}});
}

// The other operands are 1 and 2, whose difference is 1 too.
column towards_a(const subject& s, derivative gradient, const probes& all) {
  const count n = length_of(all);
  const count m = number_of(all);
  constexpr count kWidth = 16;  // equal columns, so that vector code takes part
  const column wide = contract(
      s, contraction_kind::vjp_a, gradient,
      {1, m, n, kWidth, filled(m * kWidth, kOne), filled(kWidth * n, kTwo), rows(all)});
  column first;
  for (std::size_t i = 0; i < wide.size(); i += kWidth) {
    const auto row = std::span(wide).subspan(i, std::min<std::size_t>(kWidth, wide.size() - i));
    const bool equal = std::ranges::all_of(row, [&](std::uint32_t x) { return x == row[0]; });
    first.push_back(equal ? row[0] : 0x7FC00000);
  }
  return first;
}

column towards_b(const subject& s, derivative gradient, const probes& all) {
  const count m = length_of(all);
  const count n = number_of(all);
  return contract(s, contraction_kind::vjp_b, gradient,
                  {1, m, n, 1, filled(m, kTwo), filled(n, kOne), columns(all)});
}

// Each product of the batch is a probe.
column left_of_batch(const subject& s, derivative, const probes& all) {
  const count k = length_of(all);
  const count n = number_of(all);
  return contract(s, contraction_kind::product, derivative::approx,
                  {n, 1, 1, k, rows(all), filled(n * k, partner(s)), {}});
}

// ---- Layers ----------------------------------------------------------------------------------------

tensor layer_result(const subject& s, std::string_view name, bool is_vjp, derivative gradient,
                    layer_case c, std::size_t output = 0) {
  return apply_to_widened(s, *find_layer(name), is_vjp, gradient, c)[output];
}

tensor row_tensor(const probes& all) { return {{number_of(all), length_of(all)}, rows(all)}; }

template <const auto& Name>
column of_rows(const subject& s, derivative gradient, const probes& all) {
  return layer_result(s, Name, false, gradient,
                      {.inputs = {row_tensor(all)}, .incoming = {}, .attributes = {}})
      .encodings;
}

constexpr std::string_view kSum = "sum";
constexpr std::string_view kMean = "mean";
constexpr std::string_view kNorm = "norm";

// The last number of a probe is the bias.
column of_linear(const subject& s, derivative gradient, const probes& all) {
  const count k = length_of(all) - 1;
  const count n = number_of(all);
  tensor weight{{n, k}, {}};
  tensor bias{{n}, {}};
  for (const column& p : all) {
    weight.encodings.insert(weight.encodings.end(), p.begin(), p.end() - 1);
    bias.encodings.push_back(p.back());
  }
  return layer_result(s, "linear", false, gradient,
                      {.inputs = {filled_tensor({1, k}, partner(s)), weight, bias},
                       .incoming = {},
                       .attributes = {}})
      .encodings;
}

// One input of m rows, n outputs: `incoming` is m by n.
column of_linear_vjp(const subject& s, derivative gradient, count m, count n, const column& incoming,
                     std::array<std::uint32_t, 2> input_and_weight, std::size_t output) {
  return layer_result(s, "linear", true, gradient,
                      {.inputs = {filled_tensor({m, 1}, input_and_weight[0]),
                                  filled_tensor({n, 1}, input_and_weight[1]), filled_tensor({n}, 0)},
                       .incoming = {{{m, n}, incoming}},
                       .attributes = {}},
                      output)
      .encodings;
}

column input_of_linear(const subject& s, derivative gradient, const probes& all) {
  return of_linear_vjp(s, gradient, number_of(all), length_of(all), rows(all), {kOne, kTwo}, 0);
}

column weight_of_linear(const subject& s, derivative gradient, const probes& all) {
  return of_linear_vjp(s, gradient, length_of(all), number_of(all), columns(all), {kTwo, kOne}, 1);
}

column bias_of_linear(const subject& s, derivative gradient, const probes& all) {
  return of_linear_vjp(s, gradient, length_of(all), number_of(all), columns(all), {kTwo, kOne}, 2);
}

column bias_of_layer_norm(const subject& s, derivative gradient, const probes& all) {
  const count m = length_of(all);
  const count n = number_of(all);
  return layer_result(
             s, "layer_norm", true, gradient,
             {.inputs = {filled_tensor({m, n}, kTwo), filled_tensor({n}, kOne),
                         filled_tensor({n}, 0)},
              .incoming = {{{m, n}, columns(all)}},
              .attributes = {}},
             2)
      .encodings;
}

// Lengths that are multiples of six have six taps a channel (pixels an image), the others one.
std::array<count, 3> boxes(count length) {
  return length % 6 == 0 ? std::array<count, 3>{length / 6, 2, 3} : std::array<count, 3>{length, 1, 1};
}

column of_convolution(const subject& s, derivative gradient, const probes& all) {
  const auto [channels, height, width] = boxes(length_of(all));
  const count n = number_of(all);
  return layer_result(s, "conv2d", false, gradient,
                      {.inputs = {filled_tensor({1, channels, height, width}, partner(s)),
                                  {{n, channels, height, width}, rows(all)},
                                  filled_tensor({n}, 0)},
                       .incoming = {},
                       .attributes = {}})
      .encodings;
}

// A kernel of one tap: its derivative sums over images, rows and columns.
column weight_of_convolution(const subject& s, derivative gradient, const probes& all) {
  const auto [images, height, width] = boxes(length_of(all));
  const count n = number_of(all);
  const count pixels = height * width;
  tensor incoming = filled_tensor({images, n, height, width}, 0);
  for (count o = 0; o < n; ++o) {
    for (count t = 0; t < images * pixels; ++t) {
      const count at = (t / pixels * n + o) * pixels + t % pixels;
      incoming.encodings[static_cast<std::size_t>(at)] =
          all[static_cast<std::size_t>(o)][static_cast<std::size_t>(t)];
    }
  }
  return layer_result(s, "conv2d", true, gradient,
                      {.inputs = {filled_tensor({images, 1, height, width}, kTwo),
                                  filled_tensor({n, 1, 1, 1}, kOne), filled_tensor({n}, 0)},
                       .incoming = {incoming},
                       .attributes = {}},
                      1)
      .encodings;
}

// Images of one pixel, one for each probe, padded so that every tap of the kernel meets the pixel in
// one place of the output; the others are 0 there.
column input_of_convolution(const subject& s, derivative gradient, const probes& all) {
  const auto [channels, height, width] = boxes(length_of(all));
  const count n = number_of(all);
  const count padding = width - 1;
  const count out_height = 2 + 2 * padding - height;
  const count out_width = 2 + 2 * padding - width;
  tensor incoming = filled_tensor({n, channels, out_height, out_width}, 0);
  for (count i = 0; i < n; ++i) {
    for (count t = 0; t < channels * height * width; ++t) {
      const count row = padding - t / width % height;
      const count column = padding - t % width;
      const count image = i * channels + t / (height * width);
      const count at = (image * out_height + row) * out_width + column;
      incoming.encodings[static_cast<std::size_t>(at)] =
          all[static_cast<std::size_t>(i)][static_cast<std::size_t>(t)];
    }
  }
  return layer_result(s, "conv2d", true, gradient,
                      {.inputs = {filled_tensor({n, 1, 1, 1}, kOne),
                                  filled_tensor({channels, 1, height, width}, kTwo),
                                  filled_tensor({channels}, 0)},
                       .incoming = {incoming},
                       .attributes = {{"padding", static_cast<double>(padding)}}})
      .encodings;
}

// Three tensors, the last of what remains. With a limit of 2^-20 the factor shows the norm.
constexpr std::size_t kTensors = 3;

std::vector<column> as_tensors(const column& probe) {
  std::vector<column> parts;
  const std::size_t part = (probe.size() + kTensors - 1) / kTensors;
  for (std::size_t first = 0; first < probe.size(); first += part) {
    const auto begin = probe.begin() + static_cast<std::ptrdiff_t>(first);
    parts.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(
                                          std::min(part, probe.size() - first)));
  }
  return parts;
}

column of_clipping(const subject& s, derivative gradient, const probes& all) {
  column factors;
  for (const column& probe : all) {
    layer_case c{.inputs = {}, .incoming = {}, .attributes = {{"limit", 0x1p-20}}};
    for (const column& part : as_tensors(probe)) {
      c.inputs.push_back({{static_cast<count>(part.size())}, part});
    }
    const auto clipped = apply_to_widened(s, *find_layer("clip_grad_norm"), false, gradient, c);
    // The element that is 1 becomes the factor.
    std::uint32_t factor = clipped.front().encodings.front();
    for (std::size_t i = 0; i < clipped.size(); ++i) {
      for (std::size_t j = 0; j < clipped[i].encodings.size(); ++j) {
        if (c.inputs[i].encodings[j] == kOne) factor = clipped[i].encodings[j];
      }
    }
    factors.push_back(factor);
  }
  return factors;
}

// ---- What has to come ------------------------------------------------------------------------------

// Layers compute without compensation.
subject plain(const subject& s) { return in_layers(scalar_backend(), s); }

std::uint32_t one_of(const column& x) { return x.front(); }

std::uint32_t mean_of(const subject& definitions, summation order, const column& probe) {
  const auto n = std::bit_cast<std::uint32_t>(static_cast<float>(probe.size()));
  return one_of(definitions.div({sum_in_order(order, probe)}, {n}));
}

std::uint32_t square_sum(const subject& definitions, summation order, const column& probe) {
  return sum_in_order(order, definitions.mul(probe, probe));
}

std::uint32_t norm_of(const subject& definitions, summation order, const column& probe) {
  const column sum = {square_sum(definitions, order, probe)};
  return one_of(definitions.apply("sqrt", sum, sum));
}

std::uint32_t factor_of(const subject& definitions, summation order, const column& probe) {
  std::uint32_t total = 0;
  for (const column& part : as_tensors(probe)) {
    total = add(total, square_sum(definitions, order, part));
  }
  const column root = definitions.apply("sqrt", {total}, {total});
  const std::uint32_t limit = kOne - (20U << 23);
  const column factor = definitions.div({limit}, root);
  return one_of(definitions.mul({kOne}, factor));
}

// The terms that an operation adds: what it makes of each number alone. Probes hold few numbers many
// times, and each is evaluated once.
template <const auto& Evaluate>
std::map<std::uint32_t, std::uint32_t> terms_of(const subject& s, derivative gradient,
                                                const probes& all, column alone_with) {
  std::map<std::uint32_t, std::uint32_t> terms;
  for (const column& probe : all) {
    for (const std::uint32_t x : probe) terms[x] = 0;
  }
  probes alone;
  for (const auto& [x, term] : terms) {
    alone.push_back({x});
    alone.back().insert(alone.back().end(), alone_with.begin(), alone_with.end());
  }
  const column results = Evaluate(s, gradient, alone);
  std::size_t i = 0;
  for (auto& [x, term] : terms) term = results[i++];
  return terms;
}

template <const auto& Evaluate>
column sums_of_terms(const subject& s, derivative gradient, summation order, const probes& all) {
  const auto terms = terms_of<Evaluate>(s, gradient, all, {});
  column sums;
  for (column probe : all) {
    for (std::uint32_t& x : probe) x = terms.at(x);
    sums.push_back(sum_in_order(order, probe));
  }
  return sums;
}

// The bias is a term as it is.
column sums_of_linear(const subject& s, derivative gradient, summation order, const probes& all) {
  const auto terms = terms_of<of_linear>(s, gradient, all, {0});
  column sums;
  for (column probe : all) {
    for (std::size_t i = 0; i + 1 < probe.size(); ++i) probe[i] = terms.at(probe[i]);
    sums.push_back(sum_in_order(order, probe));
  }
  return sums;
}

template <const auto& ResultOf>
column by_definitions(const subject& s, derivative, summation order, const probes& all) {
  column results;
  for (const column& probe : all) results.push_back(ResultOf(plain(s), order, probe));
  return results;
}

}  // namespace

std::string_view name_of(summation order) {
  switch (order) {
    case summation::ascending:
      return "ascending";
    case summation::lanes:
      return "32 lanes";
    default:
      return "blocks of 128";
  }
}

std::uint32_t sum_in_order(summation order, std::span<const std::uint32_t> terms) {
  if (order == summation::ascending) {
    std::uint32_t sum = 0;
    for (const std::uint32_t t : terms) sum = add(sum, t);
    return sum;
  }
  if (order == summation::lanes) {
    std::array<std::uint32_t, 32> lane{};
    for (std::size_t i = 0; i < terms.size(); ++i) lane[i % 32] = add(lane[i % 32], terms[i]);
    for (std::size_t step = 16; step > 0; step /= 2) {
      for (std::size_t i = 0; i < step; ++i) lane[i] = add(lane[i], lane[i + step]);
    }
    return lane[0];
  }
  std::uint32_t total = 0;
  for (std::size_t first = 0; first < terms.size(); first += 128) {
    const auto block = terms.subspan(first, std::min<std::size_t>(128, terms.size() - first));
    total = add(total, sum_in_order(summation::ascending, block));
  }
  return total;
}

std::vector<column> order_probes(probe_family family, std::int64_t length) {
  const auto places = places_of(length);
  const bool is_roots = family == probe_family::roots;
  std::vector<column> all;
  for (const std::size_t i : places) {
    column single = filled(length, is_roots ? kSmallRoot : kOne);
    single[i] = is_roots ? kOne : kAbsorbing;
    all.push_back(single);
    if (is_roots) continue;
    for (const std::size_t j : places) {
      if (j <= i) continue;
      all.push_back(filled(length, kOne));
      all.back()[i] = kBig;
      all.back()[j] = kBig | kSign;
    }
  }
  return all;
}

const std::vector<probed_sum>& probed_sums() {
  using enum summation;
  const std::vector<std::int64_t> short_and_long = {3, 5, 34, 600};
  const std::vector<std::int64_t> in_boxes = {3, 12, 24};
  const std::vector<std::int64_t> in_lanes = {3, 9, 17, 34, 70, 600};
  const std::vector<std::int64_t> in_blocks = {3, 130, 300};
  static const std::vector<probed_sum> all = {
      {"matmul", "left operand", ascending, probe_family::pairs, short_and_long, false, false,
       left_of_product, sums_of_terms<left_of_product>},
      {"matmul", "right operand", ascending, probe_family::pairs, short_and_long, false, false,
       right_of_product, sums_of_terms<right_of_product>},
      {"matmul_vjp", "towards a", ascending, probe_family::pairs, short_and_long, true, false,
       towards_a, sums_of_terms<towards_a>},
      {"matmul_vjp", "towards b", ascending, probe_family::pairs, short_and_long, true, false,
       towards_b, sums_of_terms<towards_b>},
      {"bmm", "left operand", ascending, probe_family::pairs, {3, 5, 34}, false, false,
       left_of_batch, sums_of_terms<left_of_batch>},
      {"linear", "bias last", ascending, probe_family::pairs, {3, 5, 34}, false, true, of_linear,
       sums_of_linear},
      {"linear_vjp", "towards the input", ascending, probe_family::pairs, {3, 5, 34}, true, true,
       input_of_linear, sums_of_terms<input_of_linear>},
      {"linear_vjp", "towards the weight", ascending, probe_family::pairs, {3, 5, 34}, true, true,
       weight_of_linear, sums_of_terms<weight_of_linear>},
      {"linear_vjp", "towards the bias", blocks, probe_family::pairs, in_blocks, true, true,
       bias_of_linear, sums_of_terms<bias_of_linear>},
      {"layer_norm_vjp", "towards the bias", blocks, probe_family::pairs, in_blocks, true, true,
       bias_of_layer_norm, sums_of_terms<bias_of_layer_norm>},
      {"conv2d", "channel, kernel row, kernel column", ascending, probe_family::pairs, in_boxes,
       false, true, of_convolution, sums_of_terms<of_convolution>},
      {"conv2d_vjp", "towards the input: output channel, kernel row, kernel column", ascending,
       probe_family::pairs, in_boxes, true, true, input_of_convolution,
       sums_of_terms<input_of_convolution>},
      {"conv2d_vjp", "towards the weight", ascending, probe_family::pairs, in_boxes, true, true,
       weight_of_convolution, sums_of_terms<weight_of_convolution>},
      {"sum", "row", lanes, probe_family::pairs, in_lanes, false, true, of_rows<kSum>,
       sums_of_terms<of_rows<kSum>>},
      {"mean", "row", lanes, probe_family::pairs, in_lanes, false, true, of_rows<kMean>,
       by_definitions<mean_of>},
      {"norm", "row of squares", lanes, probe_family::roots, {17, 34, 70, 600}, false, true,
       of_rows<kNorm>, by_definitions<norm_of>},
      {"clip_grad_norm", "three tensors of squares", lanes, probe_family::roots, {18, 102, 300},
       false, true, of_clipping, by_definitions<factor_of>},
  };
  return all;
}

}  // namespace pamkit::properties

#include <array>
#include <cmath>
#include <numbers>

#include "layers/layer_errors.hpp"
#include "layers/ordinary_layers.hpp"
#include "sample_data.hpp"

namespace pamkit::reports {
namespace {

using namespace ordinary;

tensor drawn(sample_data& data, std::vector<std::int64_t> shape, float scale = 1) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  tensor t{std::move(shape), {}};
  for (const float x : data.numbers(static_cast<std::size_t>(count), scale)) {
    t.encodings.push_back(std::bit_cast<std::uint32_t>(x));
  }
  return t;
}

tensor filled(std::vector<std::int64_t> shape, std::uint32_t word) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  return {std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count), word)};
}

// Weights of deviation 1 / sqrt(terms), as layers are initialised.
float fan_in(std::int64_t terms) { return 1 / std::sqrt(static_cast<float>(terms)); }

constexpr std::int64_t kRows = 16;

std::vector<tensor> rows_of_logits(sample_data& data, std::int64_t n) {
  return {drawn(data, {kRows, n}, 2)};
}

// f of every row, which returns the row.
template <class F>
std::vector<double> by_row(const tensor& x, F f) {
  std::vector<double> v = values(x);
  const std::int64_t n = x.shape.back();
  for (std::size_t at = 0; at < v.size(); at += static_cast<std::size_t>(n)) f(&v[at], n);
  return v;
}

void softmax_row(double* row, std::int64_t n) {
  const double sum = logsumexp(row, n);
  for (std::int64_t i = 0; i < n; ++i) row[i] = std::exp(row[i] - sum);
}
void log_softmax_row(double* row, std::int64_t n) {
  const double sum = logsumexp(row, n);
  for (std::int64_t i = 0; i < n; ++i) row[i] -= sum;
}

std::vector<double> linear_values(const std::vector<tensor>& in) {
  const std::int64_t m = in[0].shape[0];
  const std::int64_t k = in[0].shape[1];
  const std::int64_t n = in[1].shape[0];
  std::vector<double> y = matmul_transposed(values(in[0]), values(in[1]), m, k, n);
  const std::vector<double> bias = values(in[2]);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i % bias.size()];
  return y;
}

// Kernel 3 x 3, no padding: the layer's own default.
std::vector<double> conv2d_values(const std::vector<tensor>& in) {
  const std::vector<double> x = values(in[0]);
  const std::vector<double> w = values(in[1]);
  const std::vector<double> bias = values(in[2]);
  const std::int64_t channels = in[0].shape[1];
  const std::int64_t height = in[0].shape[2];
  const std::int64_t width = in[0].shape[3];
  std::vector<double> y;
  for (std::int64_t o = 0; o < in[1].shape[0]; ++o) {
    for (std::int64_t h = 0; h + 2 < height; ++h) {
      for (std::int64_t v = 0; v + 2 < width; ++v) {
        double sum = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
          for (std::int64_t kh = 0; kh < 3; ++kh) {
            for (std::int64_t kw = 0; kw < 3; ++kw) {
              sum += x[static_cast<std::size_t>((c * height + h + kh) * width + v + kw)] *
                     w[static_cast<std::size_t>(((o * channels + c) * 3 + kh) * 3 + kw)];
            }
          }
        }
        y.push_back(sum + bias[static_cast<std::size_t>(o)]);
      }
    }
  }
  return y;
}

constexpr double kNormEps = 1e-5;  // layer_norm's own default

std::vector<double> layer_norm_values(const std::vector<tensor>& in) {
  const std::vector<double> gain = values(in[1]);
  const std::vector<double> bias = values(in[2]);
  return by_row(in[0], [&](double* row, std::int64_t n) {
    double mean = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += row[i] / static_cast<double>(n);
    double variance = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      variance += (row[i] - mean) * (row[i] - mean) / static_cast<double>(n);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      row[i] = (row[i] - mean) / std::sqrt(variance + kNormEps) * gain[at] + bias[at];
    }
  });
}

template <class F>
std::vector<double> by_element(const tensor& x, F f) {
  std::vector<double> y = values(x);
  for (double& v : y) v = f(v);
  return y;
}

std::vector<double> cross_entropy_values(const std::vector<tensor>& in) {
  const std::vector<double> log_p = by_row(in[0], log_softmax_row);
  double sum = 0;
  for (std::size_t r = 0; r < in[1].encodings.size(); ++r) {
    sum -= log_p[r * static_cast<std::size_t>(in[0].shape[1]) + in[1].encodings[r]];
  }
  return {sum / static_cast<double>(in[1].encodings.size())};
}

std::vector<double> attention_values(const std::vector<tensor>& in) {
  const std::int64_t T = in[0].shape[1];
  const std::int64_t S = in[1].shape[1];
  const std::int64_t D = in[0].shape[2];
  std::vector<double> scores = matmul_transposed(values(in[0]), values(in[1]), T, D, S);
  for (double& s : scores) s /= std::sqrt(static_cast<double>(D));
  for (std::int64_t t = 0; t < T; ++t) softmax_row(&scores[static_cast<std::size_t>(t * S)], S);
  return matmul(scores, values(in[2]), T, S, D);
}

constexpr std::array kLayers = {
    layer_case{"matmul",
               [](sample_data& d, std::int64_t n) {
                 return std::vector{drawn(d, {n, n}), drawn(d, {n, n}, fan_in(n))};
               },
               [](const std::vector<tensor>& in) {
                 const std::int64_t n = in[0].shape[0];
                 return matmul(values(in[0]), values(in[1]), n, n, n);
               }},
    layer_case{"linear",
               [](sample_data& d, std::int64_t n) {
                 return std::vector{drawn(d, {kRows, n}), drawn(d, {n, n}, fan_in(n)),
                                    drawn(d, {n}, fan_in(n))};
               },
               linear_values},
    layer_case{"conv2d",
               [](sample_data& d, std::int64_t n) {
                 const std::int64_t channels = n / 8;
                 return std::vector{drawn(d, {1, channels, 8, 8}),
                                    drawn(d, {8, channels, 3, 3}, fan_in(9 * channels)),
                                    drawn(d, {8}, fan_in(9 * channels))};
               },
               conv2d_values},
    layer_case{"softmax", rows_of_logits,
               [](const std::vector<tensor>& in) { return by_row(in[0], softmax_row); }},
    layer_case{"log_softmax", rows_of_logits,
               [](const std::vector<tensor>& in) { return by_row(in[0], log_softmax_row); }},
    layer_case{"logsumexp", rows_of_logits,
               [](const std::vector<tensor>& in) {
                 std::vector<double> y;
                 by_row(in[0], [&](double* row, std::int64_t n) { y.push_back(logsumexp(row, n)); });
                 return y;
               }},
    layer_case{"sigmoid", rows_of_logits,
               [](const std::vector<tensor>& in) {
                 return by_element(in[0], [](double x) { return 1 / (1 + std::exp(-x)); });
               }},
    layer_case{"tanh", rows_of_logits,
               [](const std::vector<tensor>& in) {
                 return by_element(in[0], [](double x) { return std::tanh(x); });
               }},
    layer_case{"gelu", rows_of_logits,
               [](const std::vector<tensor>& in) {
                 // By tanh, as the layer: what is measured is the arithmetic.
                 return by_element(in[0], [](double x) {
                   const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
                   return x / 2 * (1 + std::tanh(inner));
                 });
               }},
    layer_case{"layer_norm",
               [](sample_data& d, std::int64_t n) {
                 constexpr std::uint32_t kOne = std::bit_cast<std::uint32_t>(1.0F);
                 return std::vector{drawn(d, {kRows, n}), filled({n}, kOne), filled({n}, 0)};
               },
               layer_norm_values},
    layer_case{"cross_entropy",
               [](sample_data& d, std::int64_t n) {
                 std::vector<tensor> in{drawn(d, {kRows, n}, 2), filled({kRows}, 0)};
                 for (std::size_t r = 0; r < in[1].encodings.size(); ++r) {
                   in[1].encodings[r] = static_cast<std::uint32_t>(r * 7 % static_cast<std::size_t>(n));
                 }
                 return in;
               },
               cross_entropy_values},
    layer_case{"attention",
               [](sample_data& d, std::int64_t n) {
                 const std::int64_t width = std::min<std::int64_t>(n, 64);
                 return std::vector{drawn(d, {1, n, width}), drawn(d, {1, n, width}),
                                    drawn(d, {1, n, width}), filled({1, n, n}, 0)};
               },
               attention_values},
};

}  // namespace

std::span<const layer_case> measured_layers() { return kLayers; }

}  // namespace pamkit::reports

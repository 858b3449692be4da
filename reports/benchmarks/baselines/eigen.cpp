// Eigen: its matrix product and its vectorised functions, on one thread.
#include <Eigen/Core>
#include <cmath>

#include "baseline.hpp"

namespace pamkit::benchmarks::baselines {
namespace {

using Eigen::Dynamic;
using rows_first = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor>;
using columns_first = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::ColMajor>;
using array_map = Eigen::Map<Eigen::ArrayXf>;
using const_array_map = Eigen::Map<const Eigen::ArrayXf>;

template <class Matrix>
auto view(const matrix& m, std::int64_t index, std::int64_t rows, std::int64_t columns) {
  const std::int64_t outer = Matrix::IsRowMajor ? m.row : m.column;
  return Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>(m.data + index * m.batch, rows, columns,
                                                           Eigen::OuterStride<>(outer));
}

template <class A, class B>
void multiply(const workload& w) {
  for (std::int64_t i = 0; i < w.batch; ++i) {
    Eigen::Map<rows_first> out(w.out + i * w.m * w.n, w.m, w.n);
    out.noalias() = view<A>(w.a, i, w.m, w.k) * view<B>(w.b, i, w.k, w.n);
  }
}

std::function<void()> matmul_of(const workload& w) {
  const bool a_rows = w.a.column == 1;
  const bool b_rows = w.b.column == 1;
  if ((!a_rows && w.a.row != 1) || (!b_rows && w.b.row != 1)) return {};
  if (a_rows && b_rows) return [w] { multiply<rows_first, rows_first>(w); };
  if (a_rows) return [w] { multiply<rows_first, columns_first>(w); };
  if (b_rows) return [w] { multiply<columns_first, rows_first>(w); };
  return [w] { multiply<columns_first, columns_first>(w); };
}

void softmax(const workload& w) {
  for (std::int64_t i = 0; i < w.m; ++i) {
    const const_array_map x(w.a.data + i * w.n, w.n);
    array_map y(w.out + i * w.n, w.n);
    y = (x - x.maxCoeff()).exp();
    y *= 1.0F / y.sum();
  }
}

void layer_norm(const workload& w) {
  const const_array_map gain(w.b.data, w.n);
  for (std::int64_t i = 0; i < w.m; ++i) {
    const const_array_map x(w.a.data + i * w.n, w.n);
    array_map y(w.out + i * w.n, w.n);
    y = x - x.mean();
    const float deviation = std::sqrt(y.square().mean() + 1e-5F);
    y = y / deviation * gain;
  }
}

void log_softmax(const workload& w) {
  for (std::int64_t i = 0; i < w.m; ++i) {
    const const_array_map x(w.a.data + i * w.n, w.n);
    array_map y(w.out + i * w.n, w.n);
    const float greatest = x.maxCoeff();
    y = x - (greatest + std::log((x - greatest).exp().sum()));
  }
}

void sum(const workload& w) {
  for (std::int64_t i = 0; i < w.m; ++i) w.out[i] = const_array_map(w.a.data + i * w.n, w.n).sum();
}

std::function<void()> rows_of(const workload& w) {
  if (w.operation == "softmax") return [w] { softmax(w); };
  if (w.operation == "log_softmax") return [w] { log_softmax(w); };
  if (w.operation == "layer_norm") return [w] { layer_norm(w); };
  if (w.operation == "sum") return [w] { sum(w); };
  return {};
}

std::function<void()> map_of(const workload& w) {
  const auto with = [&w](auto apply) {
    return [w, apply] {
      const const_array_map x(w.a.data, w.n);
      const const_array_map y(w.b.data, w.n);
      array_map(w.out, w.n) = apply(x, y);
    };
  };
  if (w.operation == "mul") return with([](const auto& x, const auto& y) { return x * y; });
  if (w.operation == "div") return with([](const auto& x, const auto& y) { return x / y; });
  // There is no exp2 and no log2 in Eigen 3.4; exp and log are what it has vectorised.
  if (w.operation == "exp2" || w.operation == "exp")
    return with([](const auto& x, const auto&) { return x.exp(); });
  if (w.operation == "log2" || w.operation == "log")
    return with([](const auto& x, const auto&) { return x.log(); });
  if (w.operation == "sqrt") return with([](const auto& x, const auto&) { return x.sqrt(); });
  if (w.operation == "pow")
    return with([](const auto& x, const auto& y) { return (x.log() * y).exp(); });
  return {};
}

}  // namespace

baseline eigen() {
  return {.name = "eigen",
          .description = "Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." +
                         std::to_string(EIGEN_MAJOR_VERSION) + "." +
                         std::to_string(EIGEN_MINOR_VERSION) +
                         ", compiled for the instruction set with FMA where it has one",
          .absent = {},
          .prepare = [](const workload& w) -> contender {
            switch (w.what) {
              case task::matmul:
                return {.name = "eigen",
                        .work = static_cast<double>(w.batch * w.m * w.n * w.k),
                        .run = matmul_of(w)};
              case task::rows:
                return {.name = "eigen", .work = static_cast<double>(w.m * w.n), .run = rows_of(w)};
              case task::map:
                return {.name = "eigen", .work = static_cast<double>(w.n), .run = map_of(w)};
            }
            return {};
          }};
}

}  // namespace pamkit::benchmarks::baselines

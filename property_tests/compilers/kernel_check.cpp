/// kernel_check [STEP]: compares the vector kernels that this compiler made with its definitions,
/// bit by bit, on every instruction set of the machine: products of many shapes, arrangements and
/// contents, on several threads too, convolutions and layers of rows. The definitions are compared
/// with the committed digests by digest_check.cpp. Every STEP-th case, all without.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/tensor/parallel.hpp"

namespace {

using namespace pamkit;

struct tally {
  unsigned long step;  // every so many cases
  unsigned long cases = 0;
  unsigned long compared = 0;
  unsigned long differing = 0;

  bool takes_next() { return cases++ % step == 0; }
};

// --- Contents: what the classes of kernels tell apart --------------------------------------------

enum class contents : std::uint8_t { plain, zeros, small, large, anything };
constexpr contents kContents[] = {contents::plain, contents::zeros, contents::small,
                                  contents::large, contents::anything};

std::mt19937 source(1);

std::uint32_t drawn(contents c) {
  const auto bits = static_cast<std::uint32_t>(source());
  const std::uint32_t sign_and_fraction = bits & 0x807FFFFF;
  const auto with_exponent = [&](std::uint32_t biased) { return sign_and_fraction | biased << 23; };
  switch (c) {
    case contents::plain:
      return with_exponent(120 + source() % 16);
    case contents::zeros:
      return source() % 4 == 0 ? bits & 0x80000000U : with_exponent(120 + source() % 16);
    case contents::small:
      return with_exponent(48 + source() % 32);  // products on both sides of 2^-126
    case contents::large:
      return with_exponent(182 + source() % 16);  // and of 2^128
    case contents::anything:
      return bits;
  }
  return bits;
}

std::vector<float> floats(std::size_t count, contents c) {
  std::vector<float> values(count);
  std::ranges::generate(values, [c] { return std::bit_cast<float>(drawn(c)); });
  return values;
}

// --- Products ------------------------------------------------------------------------------------

struct product_shape {
  std::int64_t batch, m, k, n;
};
// Below, at and above the sizes of tiles of registers and of blocks of rows and columns.
constexpr product_shape kShapes[] = {{1, 1, 1, 1},    {2, 7, 3, 65},   {1, 33, 70, 19},
                                     {1, 64, 64, 64}, {1, 5, 129, 48}, {3, 12, 17, 33}};

// Elements one after another along rows or along columns, with room between the lines.
matrix_view arranged(const std::vector<float>& values, std::int64_t rows, std::int64_t columns,
                     bool is_transposed) {
  constexpr std::int64_t kRoom = 3;
  matrix_view v;
  v.data = values.data();
  v.row_stride = is_transposed ? 1 : columns + kRoom;
  v.column_stride = is_transposed ? rows + kRoom : 1;
  v.batch_stride = (rows + kRoom) * (columns + kRoom);
  return v;
}

std::size_t room_for(std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  return static_cast<std::size_t>(batch * (rows + 3) * (columns + 3));
}

struct product_call {
  contraction_kind kind;
  derivative gradient;
};

void compare_product(const arithmetic_choice& arithmetic, const policy<binary32>& rules,
                     const product_call& call, const product_shape& s, contents c, tally& t) {
  if (!t.takes_next()) return;
  const auto find = [&](const backend& b) {
    return b.contraction(arithmetic.info->name, call.kind, call.gradient);
  };
  const std::vector<float> a = floats(room_for(s.batch, s.m, s.k), c);
  const std::vector<float> b = floats(room_for(s.batch, s.k, s.n), c);
  const std::vector<float> d = floats(room_for(s.batch, s.m, s.n), c);
  contraction_problem p;
  p.batch = s.batch;
  p.m = s.m;
  p.n = s.n;
  p.k = s.k;
  p.a = arranged(a, s.m, s.k, t.cases % 2 == 1);
  p.b = arranged(b, s.k, s.n, t.cases % 3 == 1);
  p.d = arranged(d, s.m, s.n, t.cases % 5 == 1);
  const std::int64_t rows = output_rows(call.kind, p);
  const std::int64_t columns = output_columns(call.kind, p);
  // What lies between the lines must stay.
  const std::vector<float> untouched(room_for(s.batch, rows, columns), 7.0F);
  const auto result = [&](contraction_function compute, int threads) {
    std::vector<float> out = untouched;
    p.out = {out.data(), columns + 3, 1, (rows + 3) * (columns + 3)};
    if (threads == 1) {
      compute(rules, p);
    } else {
      contract_in_parallel(compute, rules, call.kind, p, threads);
    }
    std::vector<std::uint32_t> bits(out.size());
    std::ranges::transform(out, bits.begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
    return bits;
  };
  const auto expected = result(find(scalar_backend()), 1);
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    use_simd_target(target);
    for (const int threads : {1, 3}) {
      ++t.compared;
      if (result(find(simd_backend()), threads) == expected) continue;
      ++t.differing;
      std::printf(
          "product of %s, kind %d, derivative %d, %ld of %ldx%ldx%ld, contents %d, %s, %d "
          "threads\n",
          arithmetic.label.c_str(), static_cast<int>(call.kind), static_cast<int>(call.gradient),
          static_cast<long>(s.batch), static_cast<long>(s.m), static_cast<long>(s.k),
          static_cast<long>(s.n), static_cast<int>(c), std::string(target).c_str(), threads);
    }
  }
}

void compare_products(const arithmetic_choice& arithmetic, const policy<binary32>& rules,
                      tally& t) {
  using enum contraction_kind;
  std::vector<product_call> calls = {{product, derivative::approx}};
  for (const derivative gradient : {derivative::approx, derivative::exact}) {
    if (!arithmetic.info->has_derivative(gradient)) continue;
    calls.push_back({vjp_a, gradient});
    calls.push_back({vjp_b, gradient});
  }
  for (const product_call& call : calls) {
    for (const product_shape& shape : kShapes) {
      for (const contents c : kContents) compare_product(arithmetic, rules, call, shape, c, t);
    }
  }
}

// --- Layers --------------------------------------------------------------------------------------

tensor drawn_tensor(std::vector<std::int64_t> shape, contents c) {
  std::size_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
  tensor t{std::move(shape), std::vector<std::uint32_t>(count)};
  std::ranges::generate(t.encodings, [c] { return drawn(c); });
  return t;
}

void compare_layer(const std::string& operation, std::string_view arithmetic,
                   const policy<binary32>& rules, const std::vector<tensor>& inputs,
                   const layer_attributes& attributes, tally& t) {
  if (!t.takes_next()) return;
  const layer_function definition = scalar_backend().layer(operation, arithmetic);
  if (definition == nullptr) return;
  const auto expected = definition(rules, derivative::approx, inputs, attributes);
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    use_simd_target(target);
    ++t.compared;
    const layer_function kernel = simd_backend().layer(operation, arithmetic);
    if (kernel(rules, derivative::approx, inputs, attributes) == expected) continue;
    ++t.differing;
    std::printf("%s of %s, %s\n", operation.c_str(), std::string(arithmetic).c_str(),
                std::string(target).c_str());
  }
  use_simd_target("");
}

// A layer and its derivative.
void compare_both(const std::string& operation, std::string_view arithmetic,
                  const policy<binary32>& rules, std::vector<tensor> inputs,
                  const layer_attributes& attributes, contents c, tally& t) {
  const layer_function definition = scalar_backend().layer(operation, arithmetic);
  if (definition == nullptr) return;
  compare_layer(operation, arithmetic, rules, inputs, attributes, t);
  for (const tensor& y : definition(rules, derivative::approx, inputs, attributes)) {
    inputs.push_back(drawn_tensor(y.shape, c));
  }
  compare_layer(operation + "_vjp", arithmetic, rules, inputs, attributes, t);
}

void compare_layers(std::string_view arithmetic, const policy<binary32>& rules, tally& t) {
  for (const contents c : kContents) {
    for (const layer_info& layer : layers()) {
      // Of rows, with one operand.
      if (layer.inputs.size() != 1 || layer.is_variadic) continue;
      compare_both(std::string(layer.name), arithmetic, rules, {drawn_tensor({5, 70}, c)}, {}, c,
                   t);
    }
    compare_both("layer_norm", arithmetic, rules,
                 {drawn_tensor({5, 70}, c), drawn_tensor({70}, c), drawn_tensor({70}, c)}, {}, c,
                 t);
    for (const double stride : {1, 2}) {
      compare_both(
          "conv2d", arithmetic, rules,
          {drawn_tensor({2, 4, 9, 8}, c), drawn_tensor({6, 2, 3, 3}, c), drawn_tensor({6}, c)},
          {{"stride", stride}, {"padding", 1}, {"groups", 2}}, c, t);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  tally t{.step = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1};
  if (t.step == 0) return 2;
  for (const arithmetic_choice& arithmetic : properties::default_arithmetics()) {
    for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
      for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
        const policy<binary32> rules =
            contraction_rules(arithmetic.configure(binary32{}, subnormals, overflow));
        compare_products(arithmetic, rules, t);
        compare_layers(arithmetic.info->name, rules, t);
      }
    }
  }
  std::printf("%lu results of kernels, %lu differ from the definitions\n", t.compared, t.differing);
  if (t.compared == 0) return 2;
  return t.differing == 0 ? 0 : 1;
}

#include "contraction_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "operand_data.hpp"
#include "pamkit/tensor/parallel.hpp"
#include "pamkit/tensor/split.hpp"
#include "pamkit/tensor/stored_format.hpp"

namespace pamkit::benchmarks {
namespace {

// Up to so many terms every element is compared.
constexpr double kComparedTerms = 1 << 27;
constexpr std::int64_t kGreatestStep = 16;
// The definition is timed on a part with about so many terms: it is the same for every element.
constexpr double kDefinedTerms = 1 << 19;

struct memory {
  contraction_task task;
  std::vector<float> a, b, d, out, expected, rival_out;
  std::vector<float> plain_a, plain_b, plain_d;  // for baselines: their speed should be their best
  std::vector<std::byte> stored_a, stored_b;     // a and b as memory holds them, if not as binary32
  contraction_problem problem;
};

std::int64_t terms_of_output(contraction_kind kind, const contraction_problem& c) {
  return kind == contraction_kind::product ? c.k : kind == contraction_kind::vjp_a ? c.n : c.m;
}

double terms(contraction_kind kind, const contraction_problem& c) {
  return static_cast<double>(c.batch) * static_cast<double>(output_rows(kind, c)) *
         static_cast<double>(output_columns(kind, c)) *
         static_cast<double>(terms_of_output(kind, c));
}

policy<binary32> rules_of(const std::string& arithmetic) {
  const auto choice = parse_arithmetic(arithmetic);
  if (!choice) throw std::logic_error("no arithmetic " + arithmetic);
  return contraction_rules(
      choice->configure(binary32{}, subnormal_policy::flush, overflow_policy::infinity));
}

// The same task for a rival: derivatives are products of the incoming derivative and a transposed
// factor.
workload rival_of(contraction_kind kind, const contraction_problem& c, float* out) {
  const auto as_is = [](const matrix_view& v) {
    return matrix{v.data, v.row_stride, v.column_stride, v.batch_stride};
  };
  const auto transposed = [](const matrix_view& v) {
    return matrix{v.data, v.column_stride, v.row_stride, v.batch_stride};
  };
  workload w;
  w.batch = c.batch;
  w.m = output_rows(kind, c);
  w.n = output_columns(kind, c);
  w.k = terms_of_output(kind, c);
  w.a = kind == contraction_kind::product ? as_is(c.a)
        : kind == contraction_kind::vjp_a ? as_is(c.d)
                                          : transposed(c.a);
  w.b = kind == contraction_kind::product ? as_is(c.b)
        : kind == contraction_kind::vjp_a ? transposed(c.b)
                                          : as_is(c.d);
  w.out = out;
  return w;
}

// Rounds `values` to a format and gives them as memory holds its elements.
std::vector<std::byte> stored(const any_format& format, std::vector<float>& values) {
  std::vector<std::uint32_t> encodings(values.size());
  narrow({.format = format}, values, encodings);
  widen(format, encodings, values);
  const auto size = static_cast<std::size_t>(bytes_of(stored_format(format)));
  std::vector<std::byte> bytes(values.size() * size);
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    for (std::size_t byte = 0; byte < size; ++byte) {  // the least significant one first
      bytes[i * size + byte] = static_cast<std::byte>(encodings[i] >> (8 * byte));
    }
  }
  return bytes;
}

std::shared_ptr<memory> allocate(const contraction_task& t) {
  const auto m = std::make_shared<memory>();
  m->task = t;
  const auto size = [&t](std::int64_t rows, std::int64_t columns) {
    return static_cast<std::size_t>(t.batch * rows * columns);
  };
  m->a.resize(size(t.m, t.k));
  m->b.resize(size(t.k, t.n));
  fill(m->a, find_operand_class(t.data), 1, true);
  fill(m->b, find_operand_class(t.data), 2, false);
  const any_format format = *parse_format(t.format);
  const element_format elements = stored_format(format);
  if (elements != element_format::binary32) {
    m->stored_a = stored(format, m->a);
    m->stored_b = stored(format, m->b);
  }
  m->plain_a = m->a;
  m->plain_b = m->b;
  contraction_problem& c = m->problem;
  c = {.batch = t.batch, .m = t.m, .n = t.n, .k = t.k, .a = {}, .b = {}, .d = {}, .out = {}};
  c.a = {m->a.data(), t.k, 1, t.m * t.k};
  c.b = t.is_b_transposed ? matrix_view{m->b.data(), 1, t.k, t.k * t.n}
                          : matrix_view{m->b.data(), t.n, 1, t.k * t.n};
  if (elements != element_format::binary32) {
    c.a.narrow = m->stored_a.data();
    c.b.narrow = m->stored_b.data();
    c.a.format = c.b.format = elements;
  }
  if (t.kind != contraction_kind::product) {
    m->d.resize(size(t.m, t.n));
    fill(m->d, find_operand_class(t.data), 3, true);
    c.d = {m->d.data(), t.n, 1, t.m * t.n};
  }
  const std::int64_t rows = output_rows(t.kind, c);
  const std::int64_t columns = output_columns(t.kind, c);
  m->out.resize(size(rows, columns));
  c.out = {m->out.data(), columns, 1, rows * columns};
  if (t.data != "plain") {
    fill(m->plain_a, find_operand_class("plain"), 1, true);
    fill(m->plain_b, find_operand_class("plain"), 2, false);
  }
  m->rival_out.resize(m->out.size());
  return m;
}

// The problem as baselines see it: operands of the class plain, an output of their own.
contraction_problem plain_problem(memory& m) {
  contraction_problem c = m.problem;
  c.a.data = m.plain_a.data();
  c.b.data = m.plain_b.data();
  c.a.narrow = c.b.narrow = nullptr;
  if (m.task.kind != contraction_kind::product) {
    m.plain_d.resize(m.d.size());
    fill(m.plain_d, find_operand_class("plain"), 3, true);
    c.d.data = m.plain_d.data();
  }
  c.out.data = m.rival_out.data();
  return c;
}

void compare(memory& m, contraction_function definition, const policy<binary32>& rules) {
  const contraction_kind kind = m.task.kind;
  const std::int64_t rows = output_rows(kind, m.problem);
  const std::int64_t columns = output_columns(kind, m.problem);
  const comparison chosen = comparison_for(terms(kind, m.problem));
  const std::int64_t step = chosen.step;
  m.expected.assign(m.out.size(), 0);
  contraction_problem expected = m.problem;
  expected.out.data = m.expected.data();
  if (step == 1) {
    definition(rules, expected);
  } else {
    for (std::int64_t i = step / 2; i < rows; i += step) {
      definition(rules, block(expected, kind, 0, m.problem.batch, i, 1, 0, columns));
    }
    for (std::int64_t j = step / 2; j < columns; j += step) {
      definition(rules, block(expected, kind, 0, m.problem.batch, 0, rows, j, 1));
    }
  }
  for (std::size_t i = 0; i < m.out.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const std::int64_t row = index / columns % rows;
    const std::int64_t column = index % columns;
    if (!chosen.includes(row, column)) continue;
    const auto got = std::bit_cast<std::uint32_t>(m.out[i]);
    const auto want = std::bit_cast<std::uint32_t>(m.expected[i]);
    require_equal({&got, 1}, {&want, 1}, [&](std::size_t) {
      return fmt::format("element ({}, {}) of matrix {}", row, column, index / columns / rows);
    });
  }
  m.expected = {};
}

contender definition_on_a_part(const std::shared_ptr<memory>& m, contraction_function definition,
                               const policy<binary32>& rules) {
  const contraction_kind kind = m->task.kind;
  contraction_problem part = m->problem;
  part.out.data = m->rival_out.data();
  const std::int64_t columns = output_columns(kind, part);
  const auto row_terms = static_cast<double>(columns * terms_of_output(kind, part));
  const auto rows = std::clamp<std::int64_t>(static_cast<std::int64_t>(kDefinedTerms / row_terms),
                                             1, output_rows(kind, part));
  part = block(part, kind, 0, 1, 0, rows, 0, columns);
  return {.name = "scalar", .work = terms(kind, part), .run = [m, definition, rules, part] {
            definition(rules, part);
          }};
}

prepared_case prepare(const contraction_task& task) {
  const auto m = allocate(task);
  const contraction_kind kind = task.kind;
  const policy<binary32> rules = rules_of(task.arithmetic);
  const auto kernel = simd_backend().contraction(task.arithmetic, kind, task.gradient);
  const auto definition = scalar_backend().contraction(task.arithmetic, kind, task.gradient);

  prepared_case p;
  p.memory = m;
  p.kernel.name = "simd";
  p.kernel.work = terms(kind, m->problem);
  if (kernel == nullptr || kernel == definition) {
    p.absent = "the simd backend computes it by the definition";
    return p;
  }
  p.kernel.run = [m, kernel, rules] { kernel(rules, m->problem); };
  p.run_on = [m, kernel, kind, rules](int threads) {
    contract_in_parallel(kernel, rules, kind, m->problem, threads);
  };
  p.check = [m, definition, rules, run_on = p.run_on](int threads) {
    // What is not written is not by chance right from an earlier run.
    std::ranges::fill(m->out, std::bit_cast<float>(0x7fdeadafU));
    run_on(threads);
    compare(*m, definition, rules);
  };
  p.others.push_back(definition_on_a_part(m, definition, rules));
  const contraction_problem plain = plain_problem(*m);
  // Another arithmetic's kernel of the same frame, on plain operands.
  const auto add_kernel_of = [&](const std::string& arithmetic, const std::string& name) {
    const auto other = simd_backend().contraction(arithmetic, kind, derivative::approx);
    if (task.arithmetic == arithmetic || other == nullptr ||
        other == scalar_backend().contraction(arithmetic, kind, derivative::approx)) {
      return;
    }
    p.others.push_back({.name = name,
                        .work = p.kernel.work,
                        .run = [m, other, plain, other_rules = rules_of(arithmetic)] {
                          other(other_rules, plain);
                        }});
  };
  if (m->problem.a.narrow != nullptr) {
    p.others.push_back({.name = "binary32 operands",
                        .work = p.kernel.work,
                        .run = [m, kernel, rules, plain] { kernel(rules, plain); }});
  }
  add_kernel_of("exact", "multiply, then add");
  add_kernel_of("pam", "pam");
  p.rivals = rival_of(kind, plain, m->rival_out.data());
  return p;
}

}  // namespace

comparison comparison_for(double terms) {
  if (terms <= kComparedTerms) return {1};
  // A step of s leaves two s-ths of the elements.
  return {std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(2 * terms / kComparedTerms)),
                                   2, kGreatestStep)};
}

measured_case contraction_case(const contraction_task& task) {
  measured_case c;
  c.name = task.format == "binary32" ? task.name : task.name + " of " + task.format;
  c.arithmetic = task.arithmetic;
  c.data = task.data;
  c.shape = fmt::format("{}{}x{}x{}", task.batch == 1 ? "" : fmt::format("{} of ", task.batch),
                        task.m, task.n, task.k);
  c.prepare = [task] { return prepare(task); };
  return c;
}

}  // namespace pamkit::benchmarks

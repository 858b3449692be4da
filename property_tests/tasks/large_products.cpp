/// P50, where a kernel cuts a product into blocks: the golden model is too slow for products that fill more than one
/// block along each axis, so their elements are compared with the same backend's products of single rows and columns,
/// which P44 judges.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>
#include <stdexcept>

#include "contiguous_product.hpp"
#include "fact_comparisons.hpp"
#include "golden_contraction.hpp"
#include "pamkit/simd/contraction_blocks.hpp"
#include "pamkit/tensor/parallel.hpp"
#include "pamkit/tensor/split.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P50",
    .part = "large",
    .sentence = "a product of many rows, columns and terms, whole, on several threads, or in parts by batch, has the "
                "bits of the products of its rows and columns by themselves",
    .domain = "more than one block of a kernel's rows and terms, under the default policies also of columns and terms, and "
              "of rows and columns; in binary32 also with zeros and near the least normal number; 67 x 131 outputs of 37 "
              "terms for scalar and emulated backends",
    .operation = "",
    .promise = "",
    .promised = nullptr};

const property_text exception_text = {
    .id = "facts",
    .part = "exceptions",
    .sentence = "who asks for a product on several threads receives the exception of a part of it",
    .domain = "one product on one thread and on four",
    .operation = "",
    .promise = ""};

/// Of an output [rows, columns], each a sum of `terms` terms.
struct extent {
  std::int64_t rows, columns, terms;
};

// More than one block of any kernel along each pair of axes, and no multiple of a tile's side.
constexpr std::int64_t kRows = simd::kRowBlock + 7;
constexpr std::int64_t kColumns = simd::kColumnBlock + 35;
constexpr std::int64_t kTerms = simd::kTermBlock + 11;
constexpr extent kLarge[] = {{kRows, 67, kTerms}, {7, kColumns, kTerms}, {kRows, kColumns, 5}};
// Several tiles, for backends that take microseconds a term, or have no blocks.
constexpr extent kModest[] = {{67, 131, 37}};
constexpr int kThreads = 4;
constexpr std::int64_t kBatch = 5;
constexpr std::int64_t kParts[] = {2, 7};  // fewer than matrices, and more

using index_list = std::vector<std::int64_t>;

index_list all_of(std::int64_t count) {
  index_list list(static_cast<std::size_t>(count));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

// The ends of the axis and of what may be a block or a tile of it.
index_list some_of(std::int64_t count) {
  index_list list;
  for (const std::int64_t i : index_list{0, 1, 5, 6, 7, 8, 31, 32, 63, 64, 95, 96, 127, 128, 255, 256, 511, 512,
                                         simd::kColumnBlock - 1, simd::kColumnBlock}) {
    if (i < count - 1) list.push_back(i);
  }
  list.push_back(count - 1);
  return list;
}

column picked(const column& matrix, std::int64_t width, const index_list& rows, const index_list& columns) {
  column part;
  part.reserve(rows.size() * columns.size());
  for (const std::int64_t r : rows) {
    for (const std::int64_t c : columns) part.push_back(matrix[static_cast<std::size_t>(r * width + c)]);
  }
  return part;
}

// What the outputs `rows` x `columns` of a contraction depend on.
contraction_case part_of(contraction_kind kind, const contraction_case& c, const index_list& rows,
                         const index_list& columns) {
  using enum contraction_kind;
  const index_list m = kind == vjp_b ? all_of(c.m) : rows;
  const index_list n = kind == vjp_a ? all_of(c.n) : columns;
  const index_list k = kind == product ? all_of(c.k) : kind == vjp_a ? columns : rows;
  return {.batch = 1,
          .m = static_cast<std::int64_t>(m.size()),
          .n = static_cast<std::int64_t>(n.size()),
          .k = static_cast<std::int64_t>(k.size()),
          .a = picked(c.a, c.k, m, k),
          .b = picked(c.b, c.n, k, n),
          .d = picked(c.d, c.n, m, n)};
}

contraction_plan plan_for(contraction_kind kind, contraction_content content, const extent& e) {
  using enum contraction_kind;
  if (kind == vjp_a) return {content, 1, e.rows, e.terms, e.columns};
  if (kind == vjp_b) return {content, 1, e.terms, e.columns, e.rows};
  return {content, 1, e.rows, e.columns, e.terms};
}

struct found_difference {
  std::string where;
  contraction_case part;
  contraction_mismatch values;
};

/// One kind of contraction of one backend.
struct contraction_of {
  const subject& s;
  contraction_kind kind;
  derivative gradient;

  column compute(const contraction_case& c, memory_layout layout = memory_layout::contiguous) const {
    return contract(s, kind, gradient, c, layout);
  }

  // The first of the outputs `rows` x `columns` that is not what the part of the problem alone gives.
  std::optional<found_difference> compare(const contraction_case& c, const column& whole, std::int64_t width,
                                          const index_list& rows, const index_list& columns) const {
    const column expected = compute(part_of(kind, c, rows, columns));
    const column got = picked(whole, width, rows, columns);
    const auto [g, e] = std::ranges::mismatch(got, expected);
    if (g == got.end() && e == expected.end()) return std::nullopt;
    const auto at = static_cast<std::size_t>(std::min(g - got.begin(), std::ssize(got) - 1));
    const std::int64_t row = rows[at / columns.size()];
    const std::int64_t column = columns[at % columns.size()];
    return found_difference{fmt::format("row {}, column {} of {}", row, column, c.shape()),
                            part_of(kind, c, {row}, {column}),
                            {got[at], e == expected.end() ? 0 : *e}};
  }

  // Every row with some columns, every column with some rows.
  std::optional<found_difference> compare_all(const contraction_case& c, const column& whole, const extent& e,
                                              bool in_two_calls) const {
    if (in_two_calls) {
      auto found = compare(c, whole, e.columns, all_of(e.rows), some_of(e.columns));
      return found ? found : compare(c, whole, e.columns, some_of(e.rows), all_of(e.columns));
    }
    const index_list columns = some_of(e.columns);
    for (std::int64_t r = 0; r < e.rows; ++r) {
      if (auto found = compare(c, whole, e.columns, {r}, columns)) return found;
    }
    constexpr std::int64_t kAtATime = 5;  // fewer than any vector has
    const index_list rows = {0, e.rows / 2, e.rows - 1};
    for (std::int64_t j = 0; j < e.columns; j += kAtATime) {
      index_list some = all_of(std::min(kAtATime, e.columns - j));
      for (std::int64_t& i : some) i += j;
      if (auto found = compare(c, whole, e.columns, rows, some)) return found;
    }
    return std::nullopt;
  }

  // The whole problem once more, by `run`.
  template <class Run>
  std::optional<found_difference> compare_runs(const contraction_case& c, std::string_view how, const Run& run) const {
    const contraction_function f = s.implementation().contraction(s.rules().arithmetic, kind, gradient);
    const policy<binary32> rules = contraction_rules(s.rules());
    const column whole = contiguous_product(kind, c, [&](const contraction_problem& p) { f(rules, p); });
    for (const bool are_columns : {false, true}) {
      const column got =
          contiguous_product(kind, c, [&](const contraction_problem& p) { run(f, rules, p); }, are_columns);
      const auto [g, e] = std::ranges::mismatch(got, whole);
      if (g == got.end()) continue;
      return found_difference{fmt::format("output {} of {} {}{}", g - got.begin(), c.shape(), how,
                                          are_columns ? ", column by column" : ""),
                              {},
                              {*g, *e}};
    }
    return std::nullopt;
  }

  std::optional<found_difference> compare_threads(const contraction_case& c) const {
    return compare_runs(c, fmt::format("on {} threads", kThreads),
                        [&](auto f, const auto& rules, const contraction_problem& p) {
                          contract_in_parallel(f, rules, kind, p, kThreads);
                        });
  }

  std::optional<found_difference> compare_parts(const contraction_case& c) const {
    std::optional<found_difference> found;
    for (const std::int64_t parts : kParts) {
      if (found) break;
      found = compare_runs(c, fmt::format("in {} parts", parts),
                           [&](auto f, const auto& rules, const contraction_problem& p) {
                             for (const contraction_problem& part : split(p, kind, parts)) f(rules, part);
                           });
    }
    return found;
  }
};

struct judged_kind {
  contraction_kind kind;
  derivative gradient;
};

std::vector<judged_kind> kinds_of(const tensor_operation& operation, const arithmetic_info& info, const backend& b) {
  using enum contraction_kind;
  std::vector<judged_kind> kinds;
  if (!operation.is_vjp) kinds = {{product, derivative::approx}};
  for (const derivative gradient : {derivative::approx, derivative::exact}) {
    if (operation.is_vjp && info.has_derivative(gradient)) {
      kinds.insert(kinds.end(), {{vjp_a, gradient}, {vjp_b, gradient}});
    }
  }
  std::erase_if(kinds, [&](const judged_kind& k) { return b.contraction(info.name, k.kind, k.gradient) == nullptr; });
  return kinds;
}

// The contents, each in another layout: terms of every sum apart, beside each other, and off any boundary.
constexpr std::pair<contraction_content, memory_layout> kContents[] = {
    {contraction_content::moderate, memory_layout::contiguous},
    {contraction_content::zeros, memory_layout::transposed},
    {contraction_content::underflowing, memory_layout::padded}};

// How large, and how much, a backend computes.
struct effort {
  std::span<const extent> sizes = kLarge;
  bool is_emulated = false;  // a call costs a launch, a term microseconds
  bool has_threads = true;
};

bool judge_kind(result& row, suite_context& context, const setting& s, const subject& subject, const judged_kind& k,
                const effort& effort) {
  const contraction_of judged{subject, k.kind, k.gradient};
  entropy source(context.options().seed);
  const auto make = [&](const contraction_plan& plan) {
    return widened(s.format, make_contraction_case(s.shape(2), plan, source));
  };
  std::optional<found_difference> found;
  for (const auto& [content, layout] : kContents) {
    for (const extent& size : effort.sizes) {
      if (found || context.is_stopping()) break;
      const contraction_case c = make(plan_for(k.kind, content, size));
      found = judged.compare_all(c, judged.compute(c, layout), size, effort.is_emulated);
      ++row.cases;
      if (!found && effort.has_threads && content == contraction_content::moderate) found = judged.compare_threads(c);
    }
    // One content will do where only what widens the elements is another.
    if (effort.is_emulated || !std::holds_alternative<binary32>(s.format)) break;
  }
  if (!found) found = judged.compare_parts(make({contraction_content::moderate, kBatch, 7, 9, 11}));
  ++row.cases;
  if (!found && effort.has_threads) {
    found = judged.compare_threads(make({contraction_content::moderate, kBatch, 50, 60, 70}));
    ++row.cases;
  }
  // Sums without a term are +0, which is written.
  if (!found && effort.has_threads) {
    contraction_plan none = plan_for(k.kind, contraction_content::moderate, {50, 60, 0});
    none.batch = kBatch;
    found = judged.compare_threads(make(none));
    ++row.cases;
  }
  if (!found) return true;
  row.status = run_status::fail;
  row.reason = found->where + " differs";
  if (k.kind != contraction_kind::product) row.derivative = name_of(k.gradient);
  const contraction_case& part = found->part;
  row.shape = part.shape();
  column operands = part.a;
  operands.insert(operands.end(), part.b.begin(), part.b.end());
  if (k.kind != contraction_kind::product) operands.insert(operands.end(), part.d.begin(), part.d.end());
  set_counterexample(row, describe(binary32{}), operands, found->values.got, found->values.expected);
  return false;
}

rows run_large(suite_context& context, const setting& s, const tensor_operation& operation) {
  rows found;
  // Planted faults that are backends of their own are active on one thread.
  const auto& backends = context.options().backends;
  // How the output is cut into tiles depends on sizes alone.
  const bool is_usual = s.is_default() && std::holds_alternative<binary32>(s.format);
  const bool has_faults = context.options().observer != nullptr && std::ranges::any_of(backends, [](const backend* b) {
                            return b->name != "scalar" && b->name != "simd";
                          });
  for (const backend* b : backends) {
    if (context.is_stopping()) return {};
    if (!context.is_judged(*b)) continue;
    const auto kinds = kinds_of(operation, *s.arithmetic->info, *b);
    if (kinds.empty()) continue;  // P44 says so
    const bool is_emulated = context.stride(*b) > 1;
    if (is_emulated && !is_usual) continue;
    result row = s.row(text);
    row.operation = operation.name;
    row.backend = b->name;
    row.seed = context.options().seed;
    const bool is_modest = b == &scalar_backend() || is_emulated || context.is_quick();
    effort effort{.is_emulated = is_emulated, .has_threads = is_usual && !has_faults && !is_modest};
    // The blocks of columns are cut by code that knows no policy.
    if (!s.is_default()) effort.sizes = std::span(kLarge).first(1);
    if (is_modest) effort.sizes = kModest;
    const subject subject = s.under(*b);
    for (const judged_kind& k : kinds) {
      if (!judge_kind(row, context, s, subject, k, effort)) break;
    }
    found.push_back(std::move(row));
  }
  return found;
}

void add_tasks_of(suite_context& context, const tensor_operation& operation) {
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const bool is_binary32 = std::holds_alternative<binary32>(format);
      // Kernels read binary32mN as binary32.
      if (std::holds_alternative<binary32m>(format)) continue;
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        // Other formats differ in what widens their elements, whatever the policy.
        if (!is_binary32 && !s.is_default()) return;
        context.add_task(
            fmt::format("P50.large {} {} {}", operation.name, arithmetic.label, describe(format).name),
            [&context, s, &operation] { return run_large(context, s, operation); }, 0, 0.3);
      });
    }
  }
}

[[noreturn]] void refuse_part(const policy<binary32>&, const contraction_problem&) {
  throw std::runtime_error("refused");
}

rows run_exceptions() {
  comparisons c;
  const auto [rows, columns, terms] = kLarge[0];
  const std::vector<float> a(static_cast<std::size_t>(rows * terms));
  const std::vector<float> b(static_cast<std::size_t>(terms * columns));
  std::vector<float> out(static_cast<std::size_t>(rows * columns));
  const contraction_problem p{.m = rows,
                              .n = columns,
                              .k = terms,
                              .a = {a.data(), terms},
                              .b = {b.data(), columns},
                              .d = {},
                              .out = {.data = out.data(), .row_stride = columns}};
  for (const int threads : {1, kThreads}) {
    bool is_passed_on = false;
    try {
      contract_in_parallel(refuse_part, {}, contraction_kind::product, p, threads);
    } catch (const std::runtime_error&) {
      is_passed_on = true;
    }
    c.equal(fmt::format("an exception on {} threads is passed on", threads), is_passed_on, true);
  }
  return {c.row(exception_text, "any", "any")};
}

void add_tasks(suite_context& context) {
  if (context.wants(exception_text)) context.add_task("facts of exceptions", run_exceptions);
  if (!context.wants(text)) return;
  for (const char* name : {"matmul", "matmul_vjp"}) {
    if (context.wants_operation(name)) add_tasks_of(context, *find_tensor_operation(name));
  }
}

}  // namespace

namespace tasks {
task_family large_products() {
  return {.texts = {&text, &exception_text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

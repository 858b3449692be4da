/// P50 where a call is long: indices of more than 16 bits, and rows that no kernel takes in one piece.
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "golden_contraction.hpp"
#include "golden_layer.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/tensor/split.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P50",
    .part = "long",
    .sentence = "a call over more elements, rows, terms or matrices than 16 bits count has the bits of calls over some of "
                "them, of the golden model or of its definition",
    .domain = "66561 elements of every elementwise operation, in parts; from level standard on layers and products that are "
              "as long along one axis, of pam against the golden model, of other arithmetics against the definition; "
              "binary32, products in bfloat16 too, default policies; not for emulated backends",
    .operation = "",
    .promise = ""};

const property_text far_text = {
    .id = "P50",
    .part = "far",
    .sentence = "a product of matrices that, or whose rows or columns, lie far apart in memory has the bits of one of close ones",
    .domain = "2^31 + 64 elements apart, of one operand in e4m3 or binary32, or of the result; whole and in parts; not for "
              "emulated backends",
    .operation = "",
    .promise = ""};

constexpr auto kLong = static_cast<std::size_t>(long_count);
constexpr std::size_t kPart = 1000;

result row_of(suite_context& context, const setting& s, const backend& b, std::string operation) {
  result row = s.row(text);
  row.operation = std::move(operation);
  row.backend = b.name;
  row.seed = context.options().seed;
  return row;
}

result judge_elements(suite_context& context, const setting& s, const operation_info& o, const backend& b) {
  result row = row_of(context, s, b, std::string(o.name));
  const subject subject = s.under(b);
  const auto pool = context.cases().pool(s.shape(o.arity));
  operand_columns all(static_cast<std::size_t>(o.arity));
  for (std::size_t j = 0; j < all.size(); ++j) {
    const column& given = pool->operands[j];
    // Another case at every place, since the second operand begins elsewhere.
    for (std::size_t i = 0; i < kLong; ++i) all[j].push_back(given[(i + j * (i / given.size())) % given.size()]);
  }
  const column whole = subject.apply(o.name, all);
  for (std::size_t first = 0; first < kLong; first += kPart) {
    operand_columns part(all.size());
    const auto end = static_cast<std::ptrdiff_t>(std::min(first + kPart, kLong));
    for (std::size_t j = 0; j < all.size(); ++j) {
      part[j].assign(all[j].begin() + static_cast<std::ptrdiff_t>(first), all[j].begin() + end);
    }
    const column expected = subject.apply(o.name, part);
    row.cases += expected.size();
    const auto [e, g] = std::ranges::mismatch(expected, column(whole.begin() + static_cast<std::ptrdiff_t>(first),
                                                               whole.begin() + end));
    if (e == expected.end() || row.status == run_status::fail) continue;
    const auto at = static_cast<std::size_t>(e - expected.begin());
    row.status = run_status::fail;
    row.reason = fmt::format("element {} of {} is another one than by itself", first + at, kLong);
    set_counterexample(row, describe(s.format), case_at(part, at), whole[first + at], *e);
  }
  return row;
}

// The golden model is slow: it judges the long calls of pam, or of the only arithmetic there is. The definitions are one
// text for all arithmetics, and judge the other kernels.
bool is_golden(const suite_context& context, const setting& s) {
  return s.arithmetic->label == "pam" || context.options().arithmetics.size() == 1;
}

void fail(result& row, const contraction_mismatch& d) {
  row.status = run_status::fail;
  row.reason = fmt::format("a long call gives {:08X} where {:08X} is right", d.got, d.expected);
}

rows run_long_layer(suite_context& context, const setting& s, const layer_operation& o) {
  rows found;
  const arithmetic_info& info = *s.arithmetic->info;
  const bool by_golden = is_golden(context, s) && has_golden_layer(o, info.oracle);
  const bool is_defined = has_layer(scalar_backend(), o, info) && (!o.is_vjp || info.has_derivative(derivative::approx));
  const auto cases = make_layer_cases(o.layer->name, binary32{}, context.options().seed, layer_case_size::long_counts);
  if (cases.empty() || !is_defined) return found;
  // The exact derivative reads operands that the other does not.
  const derivative gradient = info.has_derivative(derivative::exact) ? derivative::exact : derivative::approx;
  const auto results = [&](const backend& b, const layer_case& c) {
    return apply_layer(s.under(b), *o.layer, o.is_vjp, gradient, c);
  };
  std::vector<std::vector<tensor>> expected;
  for (const layer_case& c : cases) {
    if (context.is_stopping()) return {};
    expected.push_back(by_golden ? golden_layer(o, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow, c)
                                 : results(scalar_backend(), c));
  }
  for (const backend* b : context.options().backends) {
    if (context.is_stopping()) return {};
    if (context.stride(*b) > 1 || !context.is_judged(*b) || !has_layer(*b, o, info)) continue;
    if (!by_golden && b == &scalar_backend()) continue;
    found.push_back(row_of(context, s, *b, o.name()));
    result& row = found.back();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ++row.cases;
      const auto d = first_difference(results(*b, cases[i]), expected[i]);
      if (d && row.status != run_status::fail) fail(row, *d);
    }
  }
  return found;
}

// Long along each axis in turn.
constexpr contraction_plan kLongProducts[] = {{contraction_content::moderate, 1, long_count, 1, 1},
                                              {contraction_content::moderate, 1, 1, long_count, 1},
                                              {contraction_content::moderate, 1, 1, 1, long_count},
                                              {contraction_content::moderate, long_count, 1, 1, 1}};

rows run_long_product(suite_context& context, const setting& s, const tensor_operation& o) {
  using enum contraction_kind;
  rows found;
  const arithmetic_info& info = *s.arithmetic->info;
  constexpr derivative kGradient = derivative::approx;
  const bool by_golden = is_golden(context, s) && has_golden_results(o, kGradient, info.oracle);
  if (o.is_vjp && !info.has_derivative(kGradient)) return found;
  std::vector<contraction_case> cases;
  std::vector<std::vector<column>> expected;
  entropy source(context.options().seed);
  for (const contraction_plan& plan : kLongProducts) {
    if (context.is_stopping()) return {};
    cases.push_back(make_contraction_case(s.shape(2), plan, source));
    const contraction_case& c = cases.back();
    expected.push_back(by_golden ? golden_results(o, kGradient, *s.arithmetic, s.format, s.subnormals, s.overflow, c)
                                 : backend_results(o, kGradient, s.under(scalar_backend()), c, memory_layout::contiguous));
  }
  for (const backend* b : context.options().backends) {
    if (context.is_stopping()) return {};
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    if (b->contraction(info.name, o.is_vjp ? vjp_a : product, kGradient) == nullptr) continue;  // P44 says so
    if (!by_golden && b == &scalar_backend()) continue;
    found.push_back(row_of(context, s, *b, std::string(o.name)));
    result& row = found.back();
    constexpr memory_layout kAsItIs[] = {memory_layout::contiguous};
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ++row.cases;
      const auto d = compare_contraction(o, kGradient, s.under(*b), cases[i], expected[i], kAsItIs);
      if (d && row.status != run_status::fail) fail(row, *d);
    }
  }
  return found;
}

rows run_long_elements(suite_context& context, const setting& s) {
  rows found;
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    for (const operation_info& o : operations()) {
      if (context.is_stopping()) return {};
      if (!context.wants_operation(o.name) || !s.under(*b).defines(o.name)) continue;
      found.push_back(judge_elements(context, s, o, *b));
    }
  }
  return found;
}

// Address space, of which what is never touched costs no memory.
class address_space {
 public:
  explicit address_space(std::size_t bytes)
      : size_(bytes),
        first_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~address_space() {
    if (is_there()) munmap(first_, size_);
  }
  address_space(const address_space&) = delete;
  address_space& operator=(const address_space&) = delete;

  bool is_there() const { return first_ != MAP_FAILED; }
  std::uint8_t* data() const { return static_cast<std::uint8_t*>(first_); }

 private:
  std::size_t size_;
  void* first_;
};

// Where the elements of two matrices of 2 x 2 lie.
struct far_placement {
  std::int64_t batch_stride, row_stride, column_stride;

  std::int64_t at(std::size_t i) const {
    const auto n = static_cast<std::int64_t>(i);
    return n / 4 * batch_stride + n / 2 % 2 * row_stride + n % 2 * column_stride;
  }
};

constexpr std::size_t kOfFar = 8;  // elements of two matrices of 2 x 2
constexpr far_placement kClose = {4, 2, 1};
// In e4m3, and the same numbers in binary32.
constexpr std::array<std::uint8_t, kOfFar> kNarrow = {0x3A, 0xB8, 0x45, 0x33, 0x3C, 0xC1, 0x2B, 0x39};
constexpr std::array<float, kOfFar> kWide = {1.25F, -1.0F, 3.25F, 0.6875F, 1.5F, -2.25F, 0.34375F, 1.125F};

// One matrix of the product's three, in e4m3 if `is_narrow`, in memory that `first` is the first element of.
struct far_matrix {
  char which;  ///< of a, b and the output, 'o'
  bool is_narrow;
  far_placement where;
  void* first;
};

// In so many parts.
column product_with(const subject& s, const far_matrix& far, std::int64_t parts) {
  std::vector<float> out(kOfFar);
  contraction_problem p{.batch = 2,
                        .m = 2,
                        .n = 2,
                        .k = 2,
                        .a = {kWide.data(), 2, 1, 4},
                        .b = {kWide.data(), 2, 1, 4},
                        .d = {},
                        .out = {.data = out.data(), .row_stride = 2, .column_stride = 1, .batch_stride = 4}};
  const auto [batch_stride, row_stride, column_stride] = far.where;
  auto* const floats = static_cast<float*>(far.first);
  if (far.which == 'o') {
    p.out = {.data = floats, .row_stride = row_stride, .column_stride = column_stride, .batch_stride = batch_stride};
  } else {
    for (std::size_t i = 0; i < kOfFar; ++i) {
      if (far.is_narrow) static_cast<std::uint8_t*>(far.first)[far.where.at(i)] = kNarrow[i];
      if (!far.is_narrow) floats[far.where.at(i)] = kWide[i];
    }
    matrix_view v{floats, row_stride, column_stride, batch_stride};
    if (far.is_narrow) v = {nullptr, row_stride, column_stride, batch_stride, far.first, element_format::e4m3};
    (far.which == 'a' ? p.a : p.b) = v;
  }
  const contraction_function f =
      s.implementation().contraction(s.rules().arithmetic, contraction_kind::product, derivative::approx);
  for (const contraction_problem& part : split(p, contraction_kind::product, parts)) f(contraction_rules(s.rules()), part);
  column sums;
  for (std::size_t i = 0; i < kOfFar; ++i) {
    sums.push_back(std::bit_cast<std::uint32_t>(far.which == 'o' ? floats[far.where.at(i)] : out[i]));
  }
  return sums;
}

rows run_far(suite_context& context, const setting& s) {
  constexpr std::int64_t kApart = (std::int64_t{1} << 31) + 64;
  // One stride is far, so that far elements lie beside each other; and heads lie within rows.
  constexpr std::pair<char, bool> kFarOnes[] = {{'a', true}, {'a', false}, {'b', true}, {'b', false}, {'o', false}};
  constexpr far_placement kPlacements[] = {{kApart, 2, 1}, {2, kApart, 1}, {4, 1, kApart}};
  rows found;
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b) || !b->reads_narrow_elements) continue;
    result row = s.row(far_text);
    row.operation = "matmul";
    row.backend = b->name;
    const subject subject = s.under(*b);
    for (const auto& [which, is_narrow] : kFarOnes) {
      const auto bytes = static_cast<std::size_t>(is_narrow ? 1 : sizeof(float));
      // The first element lies in the middle, so that an offset that was cut does not lead out.
      const address_space memory((2 * static_cast<std::size_t>(kApart) + 4096) * bytes);
      if (!memory.is_there()) {
        row.status = run_status::not_run;
        row.reason = fmt::format("there is no address space for two times {} elements", kApart);
        break;
      }
      std::array<float, kOfFar> close{};
      const column expected = product_with(subject, {which, is_narrow, kClose, close.data()}, 1);
      for (std::size_t i = 0; i < 2 * std::size(kPlacements); ++i) {
        const far_placement& where = kPlacements[i / 2];
        void* const first = memory.data() + static_cast<std::size_t>(kApart) * bytes;
        const column got = product_with(subject, {which, is_narrow, where, first}, i % 2 == 0 ? 1 : 3);
        row.cases += got.size();
        const auto [g, e] = std::ranges::mismatch(got, expected);
        if (g == got.end() || row.status == run_status::fail) continue;
        row.status = run_status::fail;
        row.reason = fmt::format("a stride of {} elements of {}: {:08X} where close ones give {:08X}", kApart,
                                 which == 'o' ? "the output" : std::string(1, which), *g, *e);
      }
    }
    found.push_back(std::move(row));
  }
  return found;
}

void add_far_tasks(suite_context& context) {
  if (!context.wants(far_text) || !context.wants_operation("matmul") || !context.wants_binary32()) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const setting s{&arithmetic, binary32{}, context.options().policies.front(), context.options().overflows.front()};
    context.add_task(fmt::format("P50.far {}", arithmetic.label), [&context, s] { return run_far(context, s); });
  }
}

void add_tasks(suite_context& context) {
  add_far_tasks(context);
  if (!context.wants(text) || !context.wants_binary32()) return;
  const auto rules_of = [&](const arithmetic_choice& a) {
    return setting{&a, binary32{}, context.options().policies.front(), context.options().overflows.front()};
  };
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const setting s = rules_of(arithmetic);
    const auto add = [&](std::string_view what, auto run, double seconds) {
      context.add_task(fmt::format("P50.long {} {}", what, arithmetic.label), std::move(run), 0, seconds);
    };
    add("elements", [&context, s] { return run_long_elements(context, s); }, 1);
    if (const auto released = under_profile(arithmetic, profile::paper);
        released && context.wants_profile(profile::paper)) {
      add("elements under profile paper", [&context, released] {
        const setting paper{.arithmetic = &*released};
        return run_long_elements(context, paper);
      }, 1);
    }
    if (context.is_quick()) continue;
    for (const layer_operation& o : layer_operations()) {
      if (!context.wants_operation(o.name())) continue;
      add(o.name(), [&context, s, o] { return run_long_layer(context, s, o); }, 1);
    }
    for (const char* name : {"bmm", "bmm_vjp"}) {
      const tensor_operation* o = find_tensor_operation(name);
      if (!context.wants_operation(name)) continue;
      // Elements that are stored in 16 bits are read by other code.
      for (const any_format& format : {any_format(binary32{}), any_format(bfloat16{})}) {
        setting stored = s;
        stored.format = format;
        if (is_golden(context, s) || std::holds_alternative<binary32>(format)) {
          add(name, [&context, stored, o] { return run_long_product(context, stored, *o); }, 1);
        }
      }
    }
  }
}

}  // namespace

namespace tasks {
task_family long_calls() {
  return {.texts = {&text, &far_text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties

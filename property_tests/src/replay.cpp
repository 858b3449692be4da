#include <fmt/format.h>

#include <stdexcept>

#include "judge.hpp"
#include "pamkit/properties/suite.hpp"
#include "result_text.hpp"

namespace pamkit::properties {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

void require_count(const replay_request& r, std::size_t wanted) {
  if (r.operands.size() != wanted) {
    refuse(fmt::format("{} needs {} operands, got {}", r.property, wanted, r.operands.size()));
  }
}

void require_well_formed(const replay_request& r, const any_format& format) {
  const format_description f = describe(format);
  for (const std::uint32_t x : r.operands) {
    if (!f.is_well_formed(x)) refuse(fmt::format("{:X} is no encoding of {}", x, f.name));
  }
}

subject subject_of(const replay_request& r) {
  return {*r.implementation, r.arithmetic, r.format, r.subnormals, r.overflow};
}

replay_verdict replay_golden(const replay_request& r) {
  const operation_info* operation = find_operation(r.operation);
  if (operation == nullptr) refuse("no elementwise operation is called '" + r.operation + "'");
  require_count(r, static_cast<std::size_t>(operation->arity));
  require_well_formed(r, r.format);
  const auto oracle =
      elementwise_oracle::find(r.operation, r.arithmetic, r.format, r.subnormals, r.overflow);
  const subject s = subject_of(r);
  if (!oracle || !s.defines(r.operation)) {
    refuse(fmt::format("{} defines no {}", r.arithmetic.label, r.operation));
  }
  const auto expected = oracle->results(r.operands);
  const std::uint32_t got =
      s.apply(r.operation, column{r.operands.front()}, column{r.operands.back()}).front();
  return {.in_domain = true,
          .holds = expected.contains(got),
          .sentence = std::string(golden_text().sentence),
          .got = hexadecimal(s.format(), got),
          .expected = hexadecimal(s.format(), expected.lowest)};
}

replay_verdict replay_scalar(const replay_request& r, const scalar_property& property) {
  require_count(r, static_cast<std::size_t>(property.arity));
  require_well_formed(r, r.format);
  const subject s = subject_of(r);
  std::string missing = missing_in_arithmetic(property, *r.arithmetic.info);
  if (missing.empty()) missing = missing_in_backend(property, s);
  if (!missing.empty()) refuse(missing);
  operand_columns operands;
  for (const std::uint32_t x : r.operands) operands.push_back({x});
  const judgement j = judge(property, s, operands);
  replay_verdict v{.in_domain = j.cases != 0,
                   .holds = !j.failing,
                   .sentence = std::string(property.text.sentence),
                   .got = {},
                   .expected = {}};
  if (j.failing) {
    v.got = hexadecimal(s.format(), j.got);
    v.expected = hexadecimal(s.format(), j.expected);
  }
  return v;
}

// The operands of a tensor case from one list: a, b, and d where it is read.
contraction_case tensor_case(const replay_request& r, bool reads_d) {
  auto c = parse_shape(r.shape);
  if (!c) refuse("'" + r.shape + "' is no shape; batch x m x n x k would be right, as in 1x2x3x4");
  const auto a = static_cast<std::size_t>(c->batch * c->m * c->k);
  const auto b = static_cast<std::size_t>(c->batch * c->k * c->n);
  const auto d = static_cast<std::size_t>(c->batch * c->m * c->n);
  require_count(r, a + b + (reads_d ? d : 0));
  const auto next = [&, first = r.operands.begin()](std::size_t count) mutable {
    const auto begin = first;
    first += static_cast<std::ptrdiff_t>(count);
    return column(begin, first);
  };
  auto take = next;
  c->a = take(a);
  c->b = take(b);
  c->d = reads_d ? take(d) : column(d, 0);
  return *c;
}

replay_verdict verdict_of(const std::optional<contraction_mismatch>& mismatch,
                          const format_description& format, std::string_view sentence) {
  replay_verdict v{.in_domain = true,
                   .holds = !mismatch,
                   .sentence = std::string(sentence),
                   .got = {},
                   .expected = {}};
  if (mismatch) {
    v.got = hexadecimal(format, mismatch->got);
    v.expected = hexadecimal(format, mismatch->expected);
  }
  return v;
}

replay_verdict replay_golden_contraction(const replay_request& r) {
  const tensor_operation* operation = find_tensor_operation(r.operation);
  if (operation == nullptr) refuse("no tensor operation is called '" + r.operation + "'");
  require_well_formed(r, r.format);
  const contraction_case c = tensor_case(r, operation->is_vjp);
  const derivative gradient = r.derivative.value_or(derivative::approx);
  const subject s = subject_of(r);
  const auto expected =
      golden_results(*operation, gradient, r.arithmetic, r.format, r.subnormals, r.overflow, c);
  return verdict_of(compare_contraction(*operation, gradient, s, c, expected), s.format(),
                    golden_contraction_text().sentence);
}

replay_verdict replay_contraction(const replay_request& r, const contraction_property& property) {
  require_well_formed(r, binary32{});
  const contraction_case c = tensor_case(r, false);
  const subject s = subject_of(r);
  if (!property.in_domain(s, c)) {
    return {.in_domain = false,
            .holds = true,
            .sentence = std::string(property.text.sentence),
            .got = {},
            .expected = {}};
  }
  return verdict_of(property.evaluate(s, c), describe(binary32{}), property.text.sentence);
}

}  // namespace

replay_verdict replay(const replay_request& r) {
  if (r.implementation == nullptr || r.arithmetic.info == nullptr) {
    refuse("a replay needs a backend and an arithmetic");
  }
  if (r.property == golden_text().id) return replay_golden(r);
  if (r.property == golden_contraction_text().id) return replay_golden_contraction(r);
  // Several statements may share a number: the first that fails speaks, else the first in whose
  // domain the case is.
  std::optional<replay_verdict> verdict;
  for (const statement& s : statements_in_order()) {
    if (text_of(s).id != r.property) continue;
    const auto* scalar = std::get_if<scalar_property>(&s);
    if (scalar != nullptr && scalar->vjp && r.derivative && scalar->vjp != r.derivative) continue;
    replay_verdict v = scalar != nullptr ? replay_scalar(r, *scalar)
                                         : replay_contraction(r, std::get<contraction_property>(s));
    if (!v.holds) return v;
    if (!verdict || (v.in_domain && !verdict->in_domain)) verdict = std::move(v);
  }
  if (!verdict) refuse("no property is called '" + r.property + "'");
  return *verdict;
}

}  // namespace pamkit::properties

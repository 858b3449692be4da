#include "suite_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "pamkit/properties/backends.hpp"
#include "result_text.hpp"

namespace pamkit::properties {
namespace {

sample_sizes sizes_of(const suite_options& options) {
  if (options.count != 0) {
    const auto count = static_cast<std::size_t>(options.count);
    return {count, count};
  }
  switch (options.level) {
    case suite_level::quick:
      return {6000, 4000};
    case suite_level::standard:
      return {20'000, 20'000};
    default:
      return {100'000, 100'000};
  }
}

template <class T>
std::vector<T> or_all(const std::vector<T>& asked, std::vector<T> all) {
  return asked.empty() ? std::move(all) : asked;
}

std::vector<const backend*> present_backends() {
  std::vector<const backend*> list;
  for (const backend* b : emulator_backends()) {
    const auto same_name = [&](const backend* other) { return other->name == b->name; };
    if (std::ranges::none_of(list, same_name)) list.push_back(b);
  }
  return list;
}

}  // namespace

suite_options resolved(suite_options o) {
  o.backends = or_all(o.backends, present_backends());
  o.arithmetics = or_all(o.arithmetics, default_arithmetics());
  o.formats = or_all(o.formats, level_formats(o.level));
  o.policies = or_all(o.policies, {subnormal_policy::flush, subnormal_policy::gradual});
  o.overflows = or_all(o.overflows, {overflow_policy::infinity, overflow_policy::saturate});
  o.operations = or_all(o.operations, suite_operations());
  o.profiles = or_all(o.profiles, {profile::standard, profile::paper});
  if (o.properties.empty()) {
    for (const property_description& p : properties()) o.properties.emplace_back(p.id);
  }
  return o;
}

result setting::row(const property_text& text) const {
  return make_row(text, *arithmetic, format, subnormals, overflow);
}

suite_context::suite_context(const suite_options& options, std::stop_token stop)
    : options_(resolved(options)),
      sizes_(sizes_of(options_)),
      cases_(options_.seed, sizes_.golden, is_quick()),
      stop_(std::move(stop)) {}

bool is_whole_run(const suite_options& options) {
  return options.formats.empty() && options.policies.empty() && options.overflows.empty() &&
         options.count == 0;
}

std::size_t suite_context::stride(const backend& b) const {
  constexpr std::size_t kOfEmulated = 8;
  return options_.level != suite_level::exhaustive && is_emulated(b) ? kOfEmulated : 1;
}

std::size_t suite_context::place_of(const setting& s) const {
  const std::size_t arithmetic =
      static_cast<std::size_t>(s.arithmetic->info - arithmetics().data()) + s.arithmetic->alpha.size();
  const std::size_t policies = (s.subnormals == subnormal_policy::flush ? 0U : 1U) +
                               (s.overflow == overflow_policy::infinity ? 0U : 2U);
  return s.format.index() + arithmetic + policies;
}

std::size_t suite_context::first_case(const setting& s, const backend& b) const {
  return place_of(s) % stride(b);
}

bool suite_context::wants(const property_text& text) const {
  return std::ranges::any_of(options_.properties,
                             [&](const std::string& asked) { return is_named(asked, text); });
}

bool suite_context::wants_operation(std::string_view name) const {
  return std::ranges::find(options_.operations, name) != options_.operations.end();
}

bool suite_context::wants_profile(profile p) const {
  return std::ranges::find(options_.profiles, p) != options_.profiles.end();
}

void suite_context::add_task(std::string what, std::function<rows()> run, int phase,
                             double seconds) {
  tasks_.push_back({std::move(what), std::move(run), phase, seconds});
}

void suite_context::add_row(result row) {
  constexpr double kNothing = 1e-4;
  std::string what = row.property;
  add_task(std::move(what), [row = std::move(row)] { return rows{row}; }, 0, kNothing);
}

int suite_context::add_phase(std::function<void()> before) {
  phases_.push_back(std::move(before));
  return static_cast<int>(phases_.size()) - 1;
}

bool suite_context::is_enumerated(const setting& s, int arity) const {
  if (arity > 2 || options_.count != 0) return false;
  const std::uint64_t size = enumeration_size(s.format, arity);
  return size <= 65536 && (!is_quick() || s.is_default() || arity == 2);
}

bool suite_context::wants_binary32() const {
  return std::ranges::any_of(options_.formats, [](const any_format& f) {
    return std::holds_alternative<binary32>(f);
  });
}

operand_columns suite_context::operands_for(const setting& s, int arity, std::size_t sampled,
                                            result& row) {
  if (is_enumerated(s, arity)) {
    row.mode = run_mode::exhaustive;
    return enumerate(s.format, arity, 0, enumeration_size(s.format, arity));
  }
  row.mode = run_mode::sampled;
  row.seed = options_.seed;
  const auto pool = cases_.pool(s.shape(arity));
  operand_columns operands = pool->operands;
  for (column& c : operands) c.resize(std::min(c.size(), sampled));
  return operands;
}

bool is_named(std::string_view asked, const property_text& text) {
  return asked == text.id || asked == text.key();
}

std::optional<replay_verdict> weightier(std::optional<replay_verdict> first,
                                        std::optional<replay_verdict> second) {
  if (!first || !second) return first ? first : second;
  if (!first->holds) return first;
  if (!second->holds) return second;
  return first->in_domain || !second->in_domain ? first : second;
}

bool is_promised(const property_text& text, const subject& s) {
  return text.promised == nullptr || text.promised(s.promised());
}

void set_status(result& row, const property_text& text, bool promised, bool violated) {
  if (!promised) {
    row.status = run_status::not_promised;
    row.reason = fmt::format("{} does not promise {}{}", row.arithmetic, text.promise,
                             violated ? "" : "; no counterexample was met");
    if (!violated && !text.unpromised.empty()) row.reason += fmt::format(": {}", text.unpromised);
  } else if (violated) {
    row.status = run_status::fail;
    row.reason = text.sentence;
  } else if (row.cases == 0) {
    row.status = run_status::not_run;
    row.reason = no_case_reason;
  }
}

void set_counterexample(result& row, const format_description& format, const column& operands,
                        std::uint32_t got, std::uint32_t expected) {
  counterexample c;
  for (const std::uint32_t x : operands) c.operands.push_back(hexadecimal(format, x));
  c.got = hexadecimal(format, got);
  c.expected = hexadecimal(format, expected);
  c.replay = replay_command(row, c.operands);
  row.counterexample = std::move(c);
}

void refuse(const std::string& what) { throw std::invalid_argument(what); }

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

}  // namespace pamkit::properties

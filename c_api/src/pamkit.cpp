#include "pamkit.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/reference/golden_model.hpp"

/// Opaque in C: one arithmetic under one set of rules, resolved.
struct pamkit_context {
  pamkit::configuration rules;
  pamkit::format_description format;
  pamkit::reference::rules golden;
};

namespace {

using pamkit::backend;

// Nothing is thrown through C.
template <class Function>
pamkit_status guarded(const Function& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return PAMKIT_OUT_OF_MEMORY;
  } catch (...) {
    return PAMKIT_INTERNAL_ERROR;
  }
}

bool are_well_formed(const pamkit_context& c, const std::uint32_t* x, std::size_t count) {
  return std::all_of(x, x + count, [&](std::uint32_t e) { return c.format.is_well_formed(e); });
}

std::string or_default(const char* text, const char* otherwise) {
  return text == nullptr ? otherwise : text;
}

// What elementwise and golden refuse before they compute.
pamkit_status check_elementwise(const pamkit_context* context, const char* operation,
                                const std::uint32_t* a, const std::uint32_t* b,
                                const std::uint32_t* out, std::size_t count) {
  if (context == nullptr || operation == nullptr) return PAMKIT_BAD_ARGUMENT;
  const pamkit::operation_info* info = pamkit::find_operation(operation);
  if (info == nullptr) return PAMKIT_UNKNOWN_NAME;
  if (!pamkit::find_arithmetic(context->rules.arithmetic)->defines(operation))
    return PAMKIT_NOT_DEFINED;
  if (count == 0) return PAMKIT_OK;
  if (a == nullptr || out == nullptr || (info->arity == 2 && b == nullptr))
    return PAMKIT_BAD_ARGUMENT;
  const bool is_good =
      are_well_formed(*context, a, count) && (info->arity == 1 || are_well_formed(*context, b, count));
  return is_good ? PAMKIT_OK : PAMKIT_BAD_ARGUMENT;
}

std::vector<float> widened(const pamkit_context& c, const std::uint32_t* x, std::size_t count) {
  std::vector<float> values(count);
  pamkit::widen(c.rules.format, std::span(x, count), values);
  return values;
}

// binary32 results in the format; formats stored in 32 bits keep them.
void write_results(const pamkit_context& c, std::span<const float> values, std::uint32_t* out) {
  const std::span<std::uint32_t> target(out, values.size());
  if (c.format.storage_bits != 32) return pamkit::narrow(c.rules, values, target);
  std::ranges::transform(values, target.begin(),
                         [](float x) { return std::bit_cast<std::uint32_t>(x); });
}

}  // namespace

extern "C" {

const char* pamkit_status_text(pamkit_status status) {
  switch (status) {
    case PAMKIT_OK:
      return "all is well";
    case PAMKIT_UNKNOWN_NAME:
      return "no format, arithmetic, policy or operation has this name";
    case PAMKIT_NOT_DEFINED:
      return "the arithmetic does not define the operation";
    case PAMKIT_BAD_ARGUMENT:
      return "a null pointer, or a word that is no encoding of the format";
    case PAMKIT_OUT_OF_MEMORY:
      return "out of memory";
    case PAMKIT_INTERNAL_ERROR:
      return "a defect of pamkit";
  }
  return "no status of pamkit";
}

const char* pamkit_version(void) { return PAMKIT_VERSION; }

pamkit_status pamkit_open(const pamkit_rules* rules, pamkit_context** context) {
  if (context == nullptr) return PAMKIT_BAD_ARGUMENT;
  *context = nullptr;
  return guarded([&] {
    const pamkit_rules asked = rules == nullptr ? pamkit_rules{} : *rules;
    const auto format = pamkit::parse_format(or_default(asked.format, "binary32"));
    const auto arithmetic = pamkit::parse_arithmetic(or_default(asked.arithmetic, "pam"));
    const std::string policy = or_default(asked.policy, "flush");
    const std::string overflow = or_default(asked.overflow, "infinity");
    const bool is_known = format && arithmetic && (policy == "flush" || policy == "gradual") &&
                          (overflow == "infinity" || overflow == "saturate");
    if (!is_known) return PAMKIT_UNKNOWN_NAME;
    auto made = std::make_unique<pamkit_context>();
    made->rules = arithmetic->configure(
        *format,
        policy == "flush" ? pamkit::subnormal_policy::flush : pamkit::subnormal_policy::gradual,
        overflow == "infinity" ? pamkit::overflow_policy::infinity
                               : pamkit::overflow_policy::saturate);
    made->format = pamkit::describe(*format);
    made->golden = {.format = made->format,
                    .subnormals = made->rules.subnormals,
                    .overflow = made->rules.overflow,
                    .compensation = made->rules.compensation,
                    .arithmetic = std::string(arithmetic->info->oracle),
                    .widened_from_bits = 0};
    *context = made.release();
    return PAMKIT_OK;
  });
}

void pamkit_close(pamkit_context* context) { delete context; }

int pamkit_storage_bits(const pamkit_context* context) {
  return context == nullptr ? 0 : context->format.storage_bits;
}

int32_t pamkit_compensation(const pamkit_context* context) {
  return context == nullptr ? 0 : context->rules.compensation;
}

size_t pamkit_operation_count(void) { return pamkit::operations().size(); }

const char* pamkit_operation_name(size_t index) {
  // Names are literals, and end with a zero.
  return index < pamkit::operations().size() ? pamkit::operations()[index].name.data() : nullptr;
}

int pamkit_operand_count(const char* operation) {
  const auto* info = operation == nullptr ? nullptr : pamkit::find_operation(operation);
  return info == nullptr ? 0 : info->arity;
}

pamkit_status pamkit_elementwise(const pamkit_context* context, const char* operation,
                                 const uint32_t* a, const uint32_t* b, uint32_t* out,
                                 size_t count) {
  return guarded([&] {
    const pamkit_status status = check_elementwise(context, operation, a, b, out, count);
    if (status != PAMKIT_OK || count == 0) return status;
    const auto apply = pamkit::simd_backend().elementwise(operation, context->rules.arithmetic);
    if (apply == nullptr) return PAMKIT_INTERNAL_ERROR;
    apply(context->rules, a, b == nullptr ? a : b, out, count);
    return PAMKIT_OK;
  });
}

pamkit_status pamkit_golden(const pamkit_context* context, const char* operation, const uint32_t* a,
                            const uint32_t* b, uint32_t* out, size_t count) {
  return guarded([&] {
    const pamkit_status status = check_elementwise(context, operation, a, b, out, count);
    if (status != PAMKIT_OK || count == 0) return status;
    const auto oracle = pamkit::reference::find(operation, context->golden.arithmetic);
    if (oracle == nullptr) return PAMKIT_INTERNAL_ERROR;
    const auto arity = static_cast<std::size_t>(pamkit::find_operation(operation)->arity);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t operands[] = {a[i], arity == 2 ? b[i] : 0};
      out[i] = oracle(context->golden, std::span(operands).first(arity));
    }
    return PAMKIT_OK;
  });
}

pamkit_status pamkit_matmul(const pamkit_context* context, size_t m, size_t n, size_t k,
                            const uint32_t* a, const uint32_t* b, uint32_t* out) {
  return guarded([&] {
    // Sizes whose products fit what memory can hold.
    constexpr std::size_t kMost = std::size_t{1} << 31;
    if (context == nullptr || m >= kMost || n >= kMost || k >= kMost) return PAMKIT_BAD_ARGUMENT;
    const bool lacks = (m * k != 0 && a == nullptr) || (k * n != 0 && b == nullptr) ||
                       (m * n != 0 && out == nullptr);
    if (lacks || !are_well_formed(*context, a, m * k) || !are_well_formed(*context, b, k * n))
      return PAMKIT_BAD_ARGUMENT;
    const auto multiply = pamkit::simd_backend().contraction(
        context->rules.arithmetic, pamkit::contraction_kind::product, pamkit::derivative::approx);
    if (multiply == nullptr) return PAMKIT_NOT_DEFINED;
    const std::vector<float> wide_a = widened(*context, a, m * k);
    const std::vector<float> wide_b = widened(*context, b, k * n);
    std::vector<float> sums(m * n);
    pamkit::contraction_problem p;
    p.m = static_cast<std::int64_t>(m);
    p.n = static_cast<std::int64_t>(n);
    p.k = static_cast<std::int64_t>(k);
    p.a = {wide_a.data(), p.k, 1, 0};
    p.b = {wide_b.data(), p.n, 1, 0};
    p.out = {sums.data(), p.n, 1, 0};
    multiply(pamkit::contraction_rules(context->rules), p);
    write_results(*context, sums, out);
    return PAMKIT_OK;
  });
}

pamkit_status pamkit_rows(const pamkit_context* context, const char* operation, size_t rows,
                          size_t length, const uint32_t* x, uint32_t* out) {
  return guarded([&] {
    constexpr std::size_t kMost = std::size_t{1} << 31;
    if (context == nullptr || operation == nullptr || rows >= kMost || length >= kMost)
      return PAMKIT_BAD_ARGUMENT;
    const pamkit::layer_info* info = pamkit::find_layer(operation);
    const bool is_row_operation = info != nullptr && info->inputs.size() == 1 && !info->is_variadic;
    if (!is_row_operation) return PAMKIT_UNKNOWN_NAME;
    const std::size_t count = rows * length;
    if (count != 0 && (x == nullptr || !are_well_formed(*context, x, count)))
      return PAMKIT_BAD_ARGUMENT;
    const auto apply = pamkit::simd_backend().layer(operation, context->rules.arithmetic);
    if (apply == nullptr) return PAMKIT_NOT_DEFINED;
    pamkit::tensor operand{{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(length)}, {}};
    for (const float value : widened(*context, x, count)) {
      operand.encodings.push_back(std::bit_cast<std::uint32_t>(value));
    }
    const std::vector<pamkit::tensor> results =
        apply(pamkit::contraction_rules(context->rules), pamkit::derivative::approx,
              std::span(&operand, 1), {});
    const auto& words = results.front().encodings;
    if (!words.empty() && out == nullptr) return PAMKIT_BAD_ARGUMENT;
    std::vector<float> values(words.size());
    std::ranges::transform(words, values.begin(), [](std::uint32_t e) { return std::bit_cast<float>(e); });
    write_results(*context, values, out);
    return PAMKIT_OK;
  });
}

}  // extern "C"

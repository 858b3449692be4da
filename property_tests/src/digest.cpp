#include "pamkit/properties/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "committed_digests.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/operand_stream.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/properties/vector_text.hpp"
#include "pamkit/provenance/sha256.hpp"

namespace pamkit::properties {
namespace {

constexpr std::uint64_t kSeed = 1;  // the default of `vectors`
// Of operands that cannot be enumerated in as many: half of them systematic ones of level standard in a
// scattered order, half weighted random ones.
constexpr std::uint64_t kSampledLines = std::uint64_t{1} << 15;
constexpr int kEnumeratedBits = 16;

constexpr std::array<std::string_view, 5> kLibraryFunctions = {"exp2", "log2", "exp", "log", "pow"};
constexpr std::array<std::string_view, 8> kLayersWithThem = {
    "softmax", "log_softmax", "logsumexp", "cross_entropy", "attention", "sigmoid", "tanh", "gelu"};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_library_dependent(const arithmetic_choice& a, std::string_view name, bool is_layer) {
  if (a.info->name != "exact") return false;
  return is_layer ? contains(kLayersWithThem, name) : contains(kLibraryFunctions, name);
}

template <class Function>
void for_each_policy(const Function& f) {
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      f(subnormals, overflow);
    }
  }
}

void add_elementwise(std::vector<digest_item>& items, const arithmetic_choice& arithmetic) {
  for (const operation_info& operation : operations()) {
    if (!arithmetic.info->defines(operation.name)) continue;
    if (is_library_dependent(arithmetic, operation.name, false)) continue;
    for (const any_format& format : default_formats()) {
      const format_description f = describe(format);
      const bool is_enumerated =
          operation.arity * (f.storage_bits - f.dropped_bits) <= kEnumeratedBits;
      for_each_policy([&](subnormal_policy subnormals, overflow_policy overflow) {
        if (!covers(profile_of(arithmetic.info->name), format, subnormals, overflow)) return;
        items.push_back({.operation = std::string(operation.name),
                         .arithmetic = arithmetic,
                         .format = format,
                         .subnormals = subnormals,
                         .overflow = overflow,
                         .lines = is_enumerated ? enumeration_size(format, operation.arity)
                                                : kSampledLines});
      });
    }
  }
}

// Layers are binary32 inside: all policies there, the default ones of the other formats.
void add_tensors(std::vector<digest_item>& items, const arithmetic_choice& arithmetic,
                 const tensor_function& f, std::optional<derivative> gradient) {
  // Three and one of each content.
  constexpr std::uint64_t kFew = std::size(stream_contents);
  const std::uint64_t long_rows = 3 * kFew;
  // Gradients of what several rows share are sums over blocks of 128 of them.
  const auto differentiable =
      std::ranges::count(f.info->inputs, true, &layer_operand::is_differentiable);
  const bool shares = f.is_vjp && !f.is_product && differentiable > 1;
  for (const any_format& format : default_formats()) {
    const bool is_binary32 = describe(format).name == "binary32";
    for_each_policy([&](subnormal_policy subnormals, overflow_policy overflow) {
      const bool is_default =
          subnormals == subnormal_policy::flush && overflow == overflow_policy::infinity;
      if (!f.is_product && !is_binary32 && !is_default) return;
      digest_item item{.operation = f.name(),
                       .arithmetic = arithmetic,
                       .format = format,
                       .subnormals = subnormals,
                       .overflow = overflow,
                       .gradient = gradient,
                       .shape = row_shape(f, 2, 37).text(),
                       .lines = long_rows};
      items.push_back(item);
      if (!shares) return;
      item.shape = row_shape(f, 130, 2).text();
      item.lines = kFew;
      items.push_back(item);
    });
  }
}

void add_tensors(std::vector<digest_item>& items, const arithmetic_choice& arithmetic,
                 bool products) {
  for (const tensor_function& f : tensor_functions()) {
    if (f.is_product != products) continue;
    if (is_library_dependent(arithmetic, f.info->name, true)) continue;
    const auto add = [&](std::optional<derivative> gradient) {
      const derivative kind = gradient.value_or(derivative::approx);
      if (!bind_function(f, scalar_backend(), arithmetic.info->name, kind)) return;
      add_tensors(items, arithmetic, f, gradient);
    };
    if (!f.is_vjp) {
      add(std::nullopt);
    } else {
      add(derivative::approx);
      if (arithmetic.info->has_derivative(derivative::exact)) add(derivative::exact);
    }
  }
}

}  // namespace

std::string_view name_of(digest_group group) {
  switch (group) {
    case digest_group::elementwise:
      return "elementwise";
    case digest_group::contractions:
      return "contractions";
    default:
      return "layers";
  }
}

std::string digest_item::arguments() const {
  std::string text = fmt::format("{} --arithmetic {} --format {} --policy {} --overflow {}",
                                 operation, arithmetic.label, describe(format).name,
                                 name_of(subnormals), name_of(overflow));
  if (gradient) text += fmt::format(" --derivative {}", name_of(*gradient));
  const profile p = profile_of(arithmetic.info->name);
  if (p != profile::standard) text += fmt::format(" --profile {}", name_of(p));
  text += is_elementwise() ? " --level standard" : fmt::format(" --shape {}", shape);
  return text + fmt::format(" --count {}", lines);
}

std::vector<digest_item> digest_items(digest_group group,
                                      const std::vector<arithmetic_choice>& arithmetics) {
  std::vector<digest_item> items;
  for (const arithmetic_choice& arithmetic : arithmetics) {
    if (group == digest_group::elementwise) {
      add_elementwise(items, arithmetic);
      const auto paper = under_profile(arithmetic, profile::paper);
      if (paper) add_elementwise(items, *paper);
    } else {
      add_tensors(items, arithmetic, group == digest_group::contractions);
    }
  }
  return items;
}

digest_functions functions_for(const digest_item& item, const backend& b) {
  const std::string_view arithmetic = item.arithmetic.info->name;
  if (item.is_elementwise()) return {.elementwise = b.elementwise(item.operation, arithmetic), .tensor = {}};
  const derivative kind = item.gradient.value_or(derivative::approx);
  return {.elementwise = nullptr,
          .tensor = bind_function(*find_tensor_function(item.operation), b, arithmetic, kind)};
}

std::shared_ptr<const operand_columns> digest_operands::get(const digest_item& item) {
  const case_shape shape{item.format, find_operation(item.operation)->arity,
                         item.rules().compensation, profile_of(item.arithmetic.info->name)};
  const std::uint64_t lines = item.lines;
  const std::scoped_lock lock(mutex_);
  auto& slot =
      made_[{describe(shape.format).name, shape.arity, shape.compensation, shape.profile}];
  if (slot == nullptr) {
    operand_stream stream(shape, suite_level::standard, kSeed, lines);
    operand_columns all(static_cast<std::size_t>(shape.arity));
    operand_columns block;
    while (stream.next(block, lines)) {
      for (std::size_t j = 0; j < all.size(); ++j) {
        all[j].insert(all[j].end(), block[j].begin(), block[j].end());
      }
    }
    slot = std::make_shared<const operand_columns>(std::move(all));
  }
  return slot;
}

digest_cases::digest_cases(const digest_item& item, digest_operands& operands) : item_(item) {
  if (item.is_elementwise()) {
    operands_ = operands.get(item);
    return;
  }
  function_ = find_tensor_function(item.operation);
  const tensor_function itself{function_->info, function_->is_product, false};
  tensor_stream stream(*function_,
                       bind_function(itself, scalar_backend(), item.arithmetic.info->name, derivative::approx),
                       item.rules(), *parse_layer_shape(item.shape), kSeed);
  for (std::uint64_t i = 0; i < item.lines; ++i) cases_.push_back(stream.next());
}

column digest_cases::results(const digest_functions& functions) const {
  const configuration rules = item_.rules();
  if (item_.is_elementwise()) {
    column out(operands_->front().size());
    functions.elementwise(rules, operands_->front().data(), operands_->back().data(), out.data(),
                          out.size());
    return out;
  }
  const derivative kind = item_.gradient.value_or(derivative::approx);
  return results({}, [&](const layer_case& c) {
    return compute(*function_, functions.tensor, rules, kind, c);
  });
}

column digest_cases::results(
    const std::function<std::uint32_t(const column&)>& elementwise,
    const std::function<std::vector<tensor>(const layer_case&)>& tensors) const {
  column all;
  if (item_.is_elementwise()) {
    for (std::size_t i = 0; i < operands_->front().size(); ++i) {
      all.push_back(elementwise(case_at(*operands_, i)));
    }
  }
  for (const layer_case& c : cases_) {
    for (const tensor& t : tensors(c)) {
      all.insert(all.end(), t.encodings.begin(), t.encodings.end());
    }
  }
  return all;
}

std::string digest_cases::lines(const column& results) const {
  const format_description format = describe(item_.format);
  std::string text;
  if (item_.is_elementwise()) {
    append_lines(text, format, *operands_, results);
    return text;
  }
  const std::size_t each = results.size() / cases_.size();
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    const auto first = results.begin() + static_cast<std::ptrdiff_t>(i * each);
    append_line(text, *function_, format, cases_[i],
                {tensor{{}, column(first, first + static_cast<std::ptrdiff_t>(each))}});
  }
  return text;
}

std::string digest_cases::digest(const column& results) const {
  return provenance::sha256_hex(lines(results));
}

const std::map<std::string, std::string, std::less<>>& committed_digests() {
  static const auto all = [] {
    constexpr std::size_t kDigits = 64;
    std::map<std::string, std::string, std::less<>> map;
    for (std::string_view rest : committed_digest_files) {
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line.size() < kDigits + 2 || line.starts_with('#')) continue;
        map.emplace(line.substr(kDigits + 2), line.substr(0, kDigits));
      }
    }
    return map;
  }();
  return all;
}

}  // namespace pamkit::properties

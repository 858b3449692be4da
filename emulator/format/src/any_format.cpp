#include "pamkit/format/any_format.hpp"

#include <charconv>

namespace pamkit {
namespace {

constexpr std::string_view kBinary32m = "binary32m";

// The names of the formats without a parameter, beside their types: the only place a name is spelled.
std::string name_of(binary32) { return "binary32"; }
std::string name_of(bfloat16) { return "bfloat16"; }
std::string name_of(binary16) { return "binary16"; }
std::string name_of(e5m2) { return "e5m2"; }
std::string name_of(e4m3) { return "e4m3"; }
std::string name_of(binary32m f) { return std::string(kBinary32m) + std::to_string(f.kept_bits); }

template <std::size_t Index = 0>
std::optional<any_format> find_fixed(std::string_view name) {
  if constexpr (Index == std::variant_size_v<any_format>) {
    return std::nullopt;
  } else {
    const std::variant_alternative_t<Index, any_format> format{};
    if constexpr (!std::is_same_v<std::remove_cv_t<decltype(format)>, binary32m>) {
      if (name_of(format) == name) return format;
    }
    return find_fixed<Index + 1>(name);
  }
}

template <std::size_t Index = 0>
void append_names(std::vector<std::string>& names) {
  if constexpr (Index < std::variant_size_v<any_format>) {
    using type = std::variant_alternative_t<Index, any_format>;
    if constexpr (std::is_same_v<type, binary32m>) {
      names.push_back(std::string(kBinary32m) + "N");
    } else {
      names.push_back(name_of(type{}));
    }
    append_names<Index + 1>(names);
  }
}

template <std::size_t Index = 0>
void append_formats(std::vector<any_format>& formats) {
  if constexpr (Index < std::variant_size_v<any_format>) {
    using type = std::variant_alternative_t<Index, any_format>;
    if constexpr (std::is_same_v<type, binary32m>) {
      formats.emplace_back(binary32m{7});
    } else {
      formats.emplace_back(type{});
    }
    append_formats<Index + 1>(formats);
  }
}

}  // namespace

format_description describe(const any_format& format) {
  return std::visit(
      []<class F>(F f) {
        format_description d;
        d.name = name_of(f);
        d.storage_bits = static_cast<int>(8 * sizeof(typename F::storage));
        d.exponent_bits = F::exponent_bits;
        d.fraction_bits = F::fraction_bits;
        d.kept_bits = kept_fraction_bits(f);
        d.dropped_bits = f.dropped_bits();
        d.bias = F::bias;
        d.has_infinity = F::has_infinity;
        d.sign_mask = sign_mask<F>;
        d.magnitude_mask = magnitude_mask<F>;
        d.one = static_cast<std::uint32_t>(one_magnitude<F>);
        d.min_normal = static_cast<std::uint32_t>(min_magnitude<F>);
        d.max_finite = static_cast<std::uint32_t>(max_magnitude(f));
        d.infinity = F::has_infinity ? static_cast<std::uint32_t>(top_binade<F>)
                                     : canonical_nan_bits<F>;
        d.nan = canonical_nan_bits<F>;
        return d;
      },
      format);
}

std::optional<any_format> parse_format(std::string_view name) {
  if (auto fixed = find_fixed(name)) return fixed;
  if (!name.starts_with(kBinary32m)) return std::nullopt;
  const std::string_view digits = name.substr(kBinary32m.size());
  int kept = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), kept);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || digits.front() == '0' || kept < 1 || kept > binary32m::fraction_bits) {
    return std::nullopt;
  }
  return binary32m{kept};
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  append_names(names);
  return names;
}

std::vector<any_format> default_formats() {
  std::vector<any_format> formats;
  append_formats(formats);
  return formats;
}

}  // namespace pamkit

#include <algorithm>
#include <bit>
#include <cmath>

#include "compensated_sum.hpp"
#include "identities/identities.hpp"
#include "real/real_groups.hpp"
#include "real/real_pairs.hpp"
#include "sample_data.hpp"

namespace pamkit::reports {
namespace {

constexpr const char* kName = "softmax_row_sum";

// Every quotient is within the range of pad times the ordinary one, and those add up to 1.
bound_group real_group(const std::string& label) {
  const real_range range = real_error_range(pair_kind::quotient, reference::rational(0));
  bound_group group{.operation = kName,
                    .format = kRealFormat,
                    .arithmetic = label,
                    .encoding = describe(binary32{}),
                    .bounds = {}};
  const auto add = [&](const char* metric, const real_extreme& e, const char* row) {
    const reference::rational ratio = e.error + reference::rational(1);
    group.bounds.push_back(
        {.metric = metric,
         .value = static_cast<double>(ratio.to_high_precision()),
         .exact = fraction_text(ratio),
         .evidence = evidence_kind::proved,
         .cases = range.cases,
         .note = std::string("each quotient e / sum(e) lies within the exact range of the quotient, "
                             "so the row's sum does; attained by a row of ") +
                 row});
  };
  add("min_ratio", range.least, "two equal elements");
  add("max_ratio", range.greatest, "three equal elements");
  return group;
}

class row_sums {
 public:
  explicit row_sums(const group_request& request)
      : function_(scalar_backend().layer("softmax", request.arithmetic.info->name)),
        rules_(contraction_rules(request.arithmetic.configure(binary32{}, request.policy,
                                                              overflow_policy::infinity))) {}

  void add(const std::vector<float>& x) {
    std::vector<tensor> in(1);
    in[0].shape = {1, static_cast<std::int64_t>(x.size())};
    for (const float v : x) in[0].encodings.push_back(std::bit_cast<std::uint32_t>(v));
    const std::vector<tensor> out = function_(rules_, derivative::approx, in, {});
    compensated_sum sum;
    for (const std::uint32_t y : out[0].encodings) sum.add(std::bit_cast<float>(y));
    const long double value = sum.value();
    total_.add(value);
    ++rows_;
    if (rows_ == 1 || value < least_) {
      least_ = value;
      least_row_ = in[0].encodings;
    }
    if (rows_ == 1 || value > greatest_) {
      greatest_ = value;
      greatest_row_ = in[0].encodings;
    }
  }

  void report(bound_group& group, const char* note) const {
    const auto bound_of = [&](const char* metric, long double value) {
      return bound{.metric = metric,
                   .value = static_cast<double>(value),
                   .evidence = evidence_kind::sampled,
                   .cases = rows_,
                   .note = note};
    };
    const auto extreme = [&](const char* metric, long double value,
                             const std::vector<std::uint32_t>& row) {
      bound b = bound_of(metric, value);
      constexpr std::size_t kLongestRow = 8;
      if (row.size() <= kLongestRow) {
        b.operands = row;
        b.result = std::bit_cast<std::uint32_t>(static_cast<float>(value));
      }
      group.bounds.push_back(std::move(b));
    };
    extreme("min_ratio", least_, least_row_);
    extreme("max_ratio", greatest_, greatest_row_);
    group.bounds.push_back(bound_of("mean_ratio", total_.value() / static_cast<long double>(rows_)));
  }

 private:
  layer_function function_;
  policy<binary32> rules_;
  compensated_sum total_;
  std::uint64_t rows_ = 0;
  long double least_ = 0;
  long double greatest_ = 0;
  std::vector<std::uint32_t> least_row_;
  std::vector<std::uint32_t> greatest_row_;
};

}  // namespace

std::vector<bound_group> softmax_row_sums(const group_request& request) {
  std::vector<bound_group> groups;
  const std::string& label = request.arithmetic.label;
  if (scalar_backend().layer("softmax", request.arithmetic.info->name) == nullptr) return groups;
  const bool is_plain = request.arithmetic.info->name == "pam" && request.arithmetic.alpha.empty();
  if (is_plain) groups.push_back(real_group(label));
  const auto group = [&](std::string_view data, std::string shape) -> bound_group& {
    groups.push_back({.operation = kName,
                      .format = "binary32",
                      .arithmetic = label,
                      .policy = std::string(name_of(request.policy)),
                      .domain = std::string(name_of(error_domain::in_range)),
                      .data = std::string(data),
                      .shape = std::move(shape),
                      .encoding = describe(binary32{}),
                      .bounds = {}});
    return groups.back();
  };
  const std::size_t budget = request.level == report_level::quick ? std::size_t{1} << 14
                                                                  : std::size_t{1} << 18;
  row_sums all(request);
  // Rows of equal elements: e is 1 throughout, the quotient is pad(1, length).
  constexpr std::size_t kLongest = 256;
  for (std::size_t n = 1; n <= kLongest; ++n) all.add(std::vector<float>(n, 0.0F));
  std::vector<bound_group> sampled;
  for (const std::string_view data : kDataKinds) {
    for (const std::size_t n : {std::size_t{2}, std::size_t{16}, std::size_t{64}, std::size_t{256},
                                std::size_t{1024}}) {
      request.check_stop();
      row_sums sums(request);
      sample_data numbers(data, request.seed, "softmax_row_sum/" + std::to_string(n));
      for (std::size_t used = 0; used < budget; used += n) {
        const std::vector<float> row = numbers.numbers(n, 4);
        sums.add(row);
        all.add(row);
      }
      bound_group& g = group(data, std::to_string(n));
      sums.report(g, "random rows, deviation or half width 4");
    }
  }
  bound_group& g = group("", "");
  all.report(g, "rows of equal elements of every length up to 256, and all the random rows");
  return groups;
}

}  // namespace pamkit::reports

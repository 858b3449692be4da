#pragma once

#include <cstdint>
#include <vector>

#include "measurement/tally.hpp"

namespace pamkit::reports {

/// What a case counts for.
enum class counting : std::uint8_t { all, extremes_only };

/// Collects operands into blocks and tallies the results.
class case_collector {
 public:
  case_collector(const evaluator& evaluate, error_domain domain)
      : evaluate_(evaluate), domain_(domain) {
    a_.reserve(kBlock);
    b_.reserve(kBlock);
  }

  void add(std::uint32_t a, std::uint32_t b, counting how) {
    if (how != how_ || a_.size() == kBlock) flush();
    how_ = how;
    a_.push_back(a);
    b_.push_back(b);
  }
  tally& finish() {
    flush();
    return tally_;
  }

 private:
  void flush();
  bool is_in_range(std::size_t i) const;

  const evaluator& evaluate_;
  error_domain domain_;
  counting how_ = counting::all;
  std::vector<std::uint32_t> a_;
  std::vector<std::uint32_t> b_;
  std::vector<std::uint32_t> out_;
  std::vector<std::uint32_t> rounded_;
  tally tally_;
};

}  // namespace pamkit::reports

#include "recorded_tensor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <sstream>

#include "pamkit/backend.hpp"
#include "recorded_training.hpp"

namespace pamkit::properties {
namespace {

using piece = std::vector<float>;

constexpr std::array kKinds = {training_kind::weights, training_kind::activations,
                               training_kind::gradients, training_kind::logits};
constexpr std::array<std::string_view, 4> kNames = {"weights", "activations", "gradients",
                                                    "logits"};

// "KIND HEX HEX ...", a line each; comments start with #.
std::array<std::vector<piece>, 4> read_pieces() {
  std::array<std::vector<piece>, 4> all;
  std::istringstream lines{std::string(recorded_training)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    const auto* const found = std::ranges::find(kNames, kind);
    if (found == kNames.end()) continue;
    piece& numbers = all[static_cast<std::size_t>(found - kNames.begin())].emplace_back();
    for (std::uint32_t bits = 0; words >> std::hex >> bits;) {
      numbers.push_back(std::bit_cast<float>(bits));
    }
  }
  return all;
}

const std::vector<piece>& pieces_of(training_kind kind) {
  static const auto all = read_pieces();
  return all[static_cast<std::size_t>(std::ranges::find(kKinds, kind) - kKinds.begin())];
}

// The recorded gradients lie around 2^-18; they shall lie 3 binades above the least normal number,
// or higher.
int loss_scale(const any_format& format, training_kind kind) {
  constexpr int kExponent = -18;
  if (kind != training_kind::gradients) return 0;
  return std::max(0, 1 - describe(format).bias + 3 - kExponent);
}

column encoded(const any_format& format, training_kind kind, std::span<const float> values) {
  std::vector<float> scaled;
  for (const float x : values) scaled.push_back(std::ldexp(x, loss_scale(format, kind)));
  configuration rules;
  rules.format = format;
  rules.subnormals = subnormal_policy::gradual;
  column encodings(values.size());
  narrow(rules, scaled, encodings);
  return encodings;
}

// Up to `most` neighbours; of logits the greatest is among them.
std::span<const float> some_of(const piece& all, training_kind kind, std::size_t most,
                               entropy& source) {
  const std::size_t length = std::min(most, all.size());
  std::size_t first = 0;
  std::size_t last = all.size() - length;
  if (kind == training_kind::logits) {
    const auto peak = static_cast<std::size_t>(std::ranges::max_element(all) - all.begin());
    first = peak < length ? 0 : peak + 1 - length;
    last = std::min(last, peak);
  }
  return std::span(all).subspan(first + source.below(last - first + 1), length);
}

}  // namespace

column recorded_tensor(const any_format& format, training_kind kind, std::size_t count,
                       std::size_t row_length, entropy& source) {
  const std::vector<piece>& pieces = pieces_of(kind);
  const std::size_t row = row_length == 0 ? count : row_length;
  std::vector<float> values;
  while (values.size() < count) {
    const std::size_t end_of_row = (values.size() / row + 1) * row;
    const std::size_t most = std::min(count, end_of_row) - values.size();
    const auto part = some_of(pieces[source.below(pieces.size())], kind, most, source);
    values.insert(values.end(), part.begin(), part.end());
  }
  return encoded(format, kind, values);
}

bool is_recorded(const any_format& format, std::span<const std::uint32_t> encodings) {
  constexpr std::size_t kFirst = 8;
  if (encodings.size() < kFirst) return false;
  const auto first = encodings.first(kFirst);
  if (std::ranges::all_of(first, [](std::uint32_t x) { return x == 0; })) return false;
  return std::ranges::any_of(kKinds, [&](training_kind kind) {
    return std::ranges::any_of(pieces_of(kind), [&](const piece& p) {
      const column recorded = encoded(format, kind, p);
      return std::search(recorded.begin(), recorded.end(), first.begin(), first.end()) !=
             recorded.end();
    });
  });
}

}  // namespace pamkit::properties

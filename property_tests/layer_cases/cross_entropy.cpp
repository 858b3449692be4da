#include <cmath>

#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void cross_entropy(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::int64_t rows, classes;
    double smoothing = 0;
    double fairseq = 0;
    bool ignores = false;
    layer_content incoming = ordinary;
  };
  std::vector<plan> plans = {{ordinary, 3, 33, 0.1},
                             {ordinary, 3, 5, 0.1, 1, true},
                             {ordinary, 1, 1},
                             {ordinary, 0, 3, 0.1},
                             {ordinary, 35, 3, 0.6, 1, true},
                             {masked, 4, 6},
                             {masked, 4, 6, 0.1},
                             {ordinary, 3, 4, 1, 1},
                             {ordinary, 3, 4, 1},
                             {one_special, 9, 4, 0.1},
                             {weighted, 5, 3, 0, 0, true},
                             {spread, 4, 9, 0, 0, true, weighted},
                             {huge, 2, 5, 0.3},
                             {tiny, 2, 5, 0.3, 1, false, tiny},
                             {training, 2, 40, 0.1},
                             {recorded, 2, 40, 0.1}};
  if (!source.is_quick()) {
    plans.insert(plans.end(), {{ordinary, 4, 131, 0.1, 1},
                               {ordinary, 70, 2, 0.2, 0, true},
                               {cancelling, 3, 65, 0.1},
                               {ties, 6, 7, 0.1, 0, true},
                               {weighted, 2, 2, 0.1},
                               {weighted, 1, 3, 0.1, 1},
                               // Targets that are subnormal, and others that round to 0.
                               {masked, 4, 6, 1e-38},
                               {masked, 4, 6, 1e-50},
                               {masked, 4, 6, -1e-50},
                               {masked, 4, 6, -0.0, -0.0},
                               {spread, 4, 6, 1e-38, 0, false, huge},
                               // More classes than a byte counts, more rows than a block has, and a block of them.
                               {ordinary, 2, 300, 0.1},
                               {spread, 131, 2, 0.1, 0, true},
                               {ordinary, 128, 2},
                               // More rows that count than a byte does.
                               {ordinary, 600, 2, 0, 0, true},
                               {cancelling, 300, 2, 0.1, 0, true},
                               // No part of a whole: beyond what a distribution allows, and computed all the same.
                               {ordinary, 3, 5, 1.5},
                               // One class, which has all of the distribution, or more.
                               {ordinary, 2, 1, 0, 1},
                               {ordinary, 2, 1, 0.1, 1},
                               {ordinary, 3, 5, -0.25, 1}});
  }
  constexpr std::uint32_t kIgnored = 0xFFFFFFFF;
  for (const plan& p : plans) {
    layer_case c;
    c.inputs = {source.numbers({p.rows, p.classes}, p.content),
                source.words({p.rows}, static_cast<std::uint32_t>(p.classes))};
    if (p.classes > 256) c.inputs[1].encodings[0] = static_cast<std::uint32_t>(p.classes - 1);
    if (p.ignores) {
      for (std::size_t i = 0; i < c.inputs[1].encodings.size(); i += 3) {
        c.inputs[1].encodings[i] = kIgnored;
      }
    }
    c.incoming = {source.numbers({}, p.incoming)};
    // Defaults are left out, so that they are judged as defaults.
    if (p.smoothing != 0 || std::signbit(p.smoothing)) c.attributes["smoothing"] = p.smoothing;
    if (p.fairseq != 0 || std::signbit(p.fairseq)) c.attributes["fairseq"] = p.fairseq;
    source.add(std::move(c));
  }
  for (const double smoothing : {0.0, 0.1}) {
    source.add_long([&](std::int64_t length) {
      layer_case c;
      c.inputs = {source.numbers({1, length}, ordinary), {{1}, {static_cast<std::uint32_t>(length - 2)}}};
      c.incoming = {source.numbers({}, ordinary)};
      if (smoothing != 0) c.attributes["smoothing"] = smoothing;
      return c;
    });
  }
  // An infinite derivative, and targets of -0 that it does not meet.
  layer_case infinite;
  infinite.inputs = {source.numbers({3, 4}, ordinary), source.words({3}, 4)};
  infinite.incoming = {tensor{{}, {source.infinity()}}};
  infinite.attributes = {{"smoothing", -1e-50}};
  source.add(std::move(infinite));
  // More rows than 16 bits count, every third of them ignored.
  source.add_long([&](std::int64_t rows) {
    layer_case c;
    c.inputs = {source.numbers({rows, 2}, ordinary), source.words({rows}, 2)};
    for (std::size_t i = 0; i < c.inputs[1].encodings.size(); i += 3) c.inputs[1].encodings[i] = kIgnored;
    c.incoming = {source.numbers({}, ordinary)};
    return c;
  });
  // No row is kept: 0 / 0.
  layer_case none;
  none.inputs = {source.numbers({2, 3}, ordinary), tensor{{2}, {kIgnored, kIgnored}}};
  none.incoming = {source.numbers({}, ordinary)};
  source.add(std::move(none));
  // In binary32, a target that is subnormal beside one whose term nothing absorbs.
  if (source.is_binary32()) {
    layer_case c;
    c.inputs = {tensor{{1, 3}, {0x0D800000, 0xC2700000, 0xC2700000}}, tensor{{1}, {0}}};
    c.incoming = {source.numbers({}, ordinary)};
    c.attributes = {{"smoothing", 1e-38}};
    source.add(std::move(c));
  }
  layer_case no_classes;
  no_classes.inputs = {source.numbers({2, 0}, ordinary), tensor{{2}, {kIgnored, kIgnored}}};
  no_classes.incoming = {source.numbers({}, ordinary)};
  source.add(std::move(no_classes));
}

}  // namespace pamkit::properties::layer_cases

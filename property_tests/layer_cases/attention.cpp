#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void attention(layer_case_source& source) {
  using enum layer_content;
  enum class hiding { none, causal, random };
  struct plan {
    layer_content content;
    std::int64_t batch, queries, keys, width;
    hiding hidden = hiding::none;
  };
  std::vector<plan> plans = {{ordinary, 2, 3, 5, 4},
                             {ordinary, 1, 4, 4, 3, hiding::causal},
                             {ordinary, 2, 2, 7, 5, hiding::random},
                             {ordinary, 1, 2, 35, 2},
                             {ordinary, 1, 2, 0, 2},
                             {ordinary, 0, 2, 2, 2},
                             {ordinary, 2, 0, 3, 2},
                             {ordinary, 1, 2, 3, 0},
                             {one_special, 1, 3, 3, 3, hiding::random},
                             {weighted, 1, 2, 2, 1},
                             {cancelling, 1, 2, 6, 8},
                             {tiny, 1, 2, 3, 2},
                             {huge, 1, 2, 3, 2, hiding::causal},
                             {training, 1, 4, 9, 8, hiding::causal},
                             {recorded, 1, 4, 9, 8, hiding::causal}};
  if (!source.is_quick()) {
    plans.insert(plans.end(), {{ordinary, 2, 5, 33, 8, hiding::random},
                               {ordinary, 3, 9, 9, 7, hiding::causal},
                               {spread, 1, 4, 6, 5},
                               {weighted, 4, 2, 3, 2, hiding::random},
                               {one_special, 3, 3, 4, 2},
                               // More keys, and numbers of a query, than any kernel takes together.
                               {ordinary, 1, 3, 70, 4, hiding::random},
                               {ordinary, 1, 72, 70, 2, hiding::causal},
                               {ordinary, 1, 2, 3, 320}});
  }
  // More keys, and more scores, than 16 bits count.
  source.add_long([&](std::int64_t keys) {
    layer_case c;
    c.inputs = {source.numbers({1, 1, 1}, ordinary), source.numbers({1, keys, 1}, ordinary),
                source.numbers({1, keys, 1}, ordinary), source.words({1, 1, keys}, 2)};
    c.incoming = {source.numbers({1, 1, 1}, ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t) {
    constexpr std::int64_t kTokens = 257;
    layer_case c;
    for (int i = 0; i < 3; ++i) c.inputs.push_back(source.numbers({1, kTokens, 1}, ordinary));
    c.inputs.push_back(source.words({1, kTokens, kTokens}, 2));
    c.incoming = {source.numbers({1, kTokens, 1}, ordinary)};
    return c;
  });
  for (const plan& p : plans) {
    layer_case c;
    c.inputs = {source.numbers({p.batch, p.queries, p.width}, p.content),
                source.numbers({p.batch, p.keys, p.width}, p.content),
                source.numbers({p.batch, p.keys, p.width}, p.content),
                source.words({p.batch, p.queries, p.keys}, 2)};
    tensor& hidden = c.inputs[3];
    for (std::size_t i = 0; i < hidden.encodings.size(); ++i) {
      const auto key = static_cast<std::int64_t>(i) % p.keys;
      const auto query = static_cast<std::int64_t>(i) / p.keys % p.queries;
      // The last query of a random mask sees nothing.
      const bool sees_nothing = query == p.queries - 1;
      if (p.hidden == hiding::none) hidden.encodings[i] = 0;
      if (p.hidden == hiding::causal) hidden.encodings[i] = key > query ? 1 : 0;
      if (p.hidden == hiding::random && sees_nothing) hidden.encodings[i] = 1;
      // Every word but 0 hides.
      constexpr std::uint32_t hides[] = {1, 2, 0x80000000, 0x3F800000, 0xFFFFFFFF};
      hidden.encodings[i] *= hides[i % std::size(hides)];
    }
    c.incoming = {source.numbers({p.batch, p.queries, p.width}, p.content)};
    source.add(std::move(c));
  }
}

}  // namespace pamkit::properties::layer_cases

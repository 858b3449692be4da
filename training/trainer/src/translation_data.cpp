#include "pamkit/training/translation_data.hpp"

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {

void take_test(const parallel_corpus& tested, std::size_t max_sentence_tokens,
               translation_data& data) {
  require_known_text(*data.codec, tested);
  data.test_name = tested.files.name;
  data.test_sources =
      encode_sources(*data.codec, tested.source, tested.files.source.string(), max_sentence_tokens);
  for (const std::string& line : tested.target)
    data.test_references.push_back(data.codec->reference(line));
}

namespace {

// Of everything that is read: the lines of all splits, their pieces' numbers, and the settings that
// made those.
std::string key_of(const text_codec& codec, const subword_settings& settings,
                   std::initializer_list<const parallel_corpus*> splits) {
  sha256 all;
  all.update("pamkit corpus 2\n" + codec.key() + "\n");
  for (const parallel_corpus* const split : splits) {
    all.update(subwords::cache_key(split->source, split->target, settings) + "\n");
  }
  return all.hex();
}

}  // namespace

translation_data load_translation_data(const std::filesystem::path& folder, const recipe& from,
                                       const std::optional<std::string>& test,
                                       const std::filesystem::path& cache) {
  const parallel_corpus train = read_train(folder);
  const parallel_corpus valid = read_validation(folder);
  const parallel_corpus tested = read_test(folder, test);
  const subword_settings settings{.vocabulary = from.data.vocabulary};
  translation_data data;
  if (is_prepared(folder)) {
    if (!from.model.separate_source) {
      throw input_error(
          folder.string(),
          "holds a dictionary for each language, but " + from.name + " has one for both",
          "give translation-iwslt14, or raw text");
    }
    data.codec = read_dictionaries(folder);
    require_known_text(*data.codec, train);
    require_known_text(*data.codec, valid);
  } else {
    if (from.model.separate_source) {
      throw input_error(folder.string(),
                        "has no dict.de.txt and dict.en.txt, which " + from.name + " needs",
                        "give prepared text, or a recipe for raw text such as translation-small");
    }
    data.codec = make_codec(subwords::load_or_train(cache, train.source, train.target, settings));
  }
  data.corpus_key = key_of(*data.codec, settings, {&train, &valid, &tested});
  data.train = encode_corpus(*data.codec, train, from.data.max_sentence_tokens);
  data.valid = encode_corpus(*data.codec, valid, from.data.max_sentence_tokens);
  take_test(tested, from.data.max_sentence_tokens, data);
  return data;
}

}  // namespace pamkit::training

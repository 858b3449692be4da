#include "pamkit/training/translation_data.hpp"

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

void load_test(const std::filesystem::path& folder, const std::optional<std::string>& test,
               translation_data& data) {
  const parallel_corpus tested = read_test(folder, test);
  data.test_name = tested.files.name;
  for (const std::string& line : tested.source) data.test_sources.push_back(data.codec->encode_source(line));
  for (const std::string& line : tested.target) data.test_references.push_back(data.codec->reference(line));
}

translation_data load_translation_data(const std::filesystem::path& folder, const recipe& from,
                                       const std::optional<std::string>& test,
                                       const std::filesystem::path& cache) {
  const parallel_corpus train = read_train(folder);
  const parallel_corpus valid = read_validation(folder);
  const subword_settings settings{.vocabulary = from.data.vocabulary};
  translation_data data;
  if (is_prepared(folder)) {
    if (!from.model.separate_source) {
      throw input_error(folder.string(), "holds a dictionary for each language, but " + from.name +
                                             " has one for both",
                        "give translation-iwslt14, or raw text");
    }
    data.codec = read_dictionaries(folder);
  } else {
    if (from.model.separate_source) {
      throw input_error(folder.string(), "has no dict.de.txt and dict.en.txt, which " + from.name + " needs",
                        "give prepared text, or a recipe for raw text such as translation-small");
    }
    data.codec = make_codec(subwords::load_or_train(cache, train.source, train.target, settings));
  }
  data.corpus_key = subwords::cache_key(train.source, train.target, settings);
  data.train = encode_corpus(*data.codec, train, from.data.max_sentence_tokens);
  data.valid = encode_corpus(*data.codec, valid, from.data.max_sentence_tokens);
  load_test(folder, test, data);
  return data;
}

}  // namespace pamkit::training

#include "pamkit/training/translation_data.hpp"

#include "pamkit/training/corpus.hpp"

namespace pamkit::training {

translation_data load_translation_data(const std::filesystem::path& folder, const recipe& from,
                                       const std::optional<std::string>& test,
                                       const std::filesystem::path& cache) {
  const parallel_corpus train = read_train(folder);
  const parallel_corpus valid = read_validation(folder);
  parallel_corpus tested = read_test(folder, test);
  const subword_settings settings{.vocabulary = from.data.vocabulary};
  subwords pieces = subwords::load_or_train(cache, train.source, train.target, settings);
  id_corpus train_ids = encode_corpus(pieces, train, from.data.max_sentence_tokens);
  id_corpus valid_ids = encode_corpus(pieces, valid, from.data.max_sentence_tokens);
  std::vector<std::vector<std::int32_t>> sources;
  for (const std::string& line : tested.source) sources.push_back(pieces.encode(line));
  return {.pieces = std::move(pieces),
          .corpus_key = subwords::cache_key(train.source, train.target, settings),
          .train = std::move(train_ids),
          .valid = std::move(valid_ids),
          .test_name = tested.files.name,
          .test_sources = std::move(sources),
          .test_references = std::move(tested.target)};
}

}  // namespace pamkit::training

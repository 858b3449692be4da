#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "durable_file.hpp"
#include "pamkit/training/beam_search.hpp"
#include "pamkit/training/bleu.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/translation_data.hpp"
#include "resources.hpp"
#include "training_step.hpp"
#include "translation_model.hpp"

namespace pamkit::training {
namespace {

class translation_task : public task {
 public:
  translation_task(const recipe& what, const translation_data& data, const arm& products,
                   std::uint64_t seed)
      : what_(what),
        data_(data),
        seed_(seed),
        model_(translation_model_settings(what, *data.codec), products, seed),
        planner_(data.train.pairs, what.data.max_tokens) {}

  parameter_list& parameters() override { return model_.parameters(); }

  part_result forward_backward(std::uint64_t step, const batch_part& part) override {
    const data_position at = planner_.locate(step);
    if (order_.empty() || at.epoch != order_epoch_) {
      order_ = planner_.training_order(seed_, at.epoch);
      order_epoch_ = at.epoch;
    }
    return forward_backward(order_[at.batch], step, part);
  }

  // The first batch, and the one with the longest sentences.
  void sample_passes() override {
    const batch_order by_length = planner_.sorted_order();
    const std::array batches = {planner_.training_order(seed_, 0).front(), by_length.back()};
    const std::int64_t parts = what_.training.parts;
    for (const auto& rows : batches) {
      // The smallest and the largest.
      forward_backward(rows, 0, {0, parts});
      if (parts > 1) forward_backward(rows, 0, {parts - 1, parts});
    }
  }

  validation_result validate() override {
    const double loss = validation_loss(model_, data_.valid.pairs, what_.data.max_tokens);
    return {loss, "perplexity", std::exp(loss)};
  }

  std::optional<test_result> test(const std::filesystem::path& folder,
                                  const go_on& keep_going) override {
    const double start = wall_seconds();
    const auto ids = translate(model_, what_.search, data_.test_sources, keep_going);
    if (!keep_going(1)) return std::nullopt;
    std::vector<std::string> hypotheses;
    for (const auto& pieces : ids) hypotheses.push_back(data_.codec->decode_target(pieces));
    const bleu_score bleu = corpus_bleu(hypotheses, data_.test_references);
    const double seconds = wall_seconds() - start;
    write_lines_durably(folder / "hypotheses.txt", hypotheses);
    write_lines_durably(folder / "references.txt", data_.test_references);
    return test_result{"bleu",
                       bleu.score,
                       bleu_signature(),
                       {{"bleu",
                         {{"precisions", bleu.precisions},
                          {"brevity_penalty", bleu.brevity_penalty},
                          {"hypothesis_length", bleu.statistics.hypothesis_length},
                          {"reference_length", bleu.statistics.reference_length}}}},
                       seconds};
  }

 private:
  part_result forward_backward(const std::vector<std::uint32_t>& rows, std::uint64_t step,
                               const batch_part& part) {
    part_result result;
    for (const std::uint32_t row : rows) result.all_items += data_.train.pairs[row].target_tokens();
    const auto [first, end] = part.rows_of(rows.size());
    if (first == end) {
      clear_gradients(model_.parameters());
      return result;
    }
    const batch b = make_batch(data_.train.pairs, std::span(rows).subspan(first, end - first));
    result.items = b.target_tokens;
    result.loss = double{
        training::forward_backward(model_, what_, b, seed_, step, part.index, result.share())};
    return result;
  }

  const recipe& what_;
  const translation_data& data_;
  std::uint64_t seed_;
  transformer model_;
  batch_planner planner_;
  batch_order order_;
  std::uint32_t order_epoch_ = 0;
};

class translation_dataset : public dataset {
 public:
  translation_dataset(const recipe& what, translation_data data)
      : what_(what), data_(std::move(data)) {}

  nlohmann::ordered_json identity() const override {
    return {{"corpus_sha256", data_.corpus_key}, {"test", data_.test_name}};
  }
  nlohmann::ordered_json sizes() const override {
    const auto dropped = [](const id_corpus& corpus) {
      return nlohmann::ordered_json{{"empty", corpus.dropped_empty}, {"long", corpus.dropped_long}};
    };
    return {{"examples", examples("sentence pairs", data_.train.pairs.size(),
                                  data_.valid.pairs.size(), data_.test_sources.size())},
            {"dropped", {{"train", dropped(data_.train)}, {"validation", dropped(data_.valid)}}}};
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> lines;
    for (const auto& [name, corpus] :
         {std::pair{"training", &data_.train}, std::pair{"validation", &data_.valid}}) {
      const std::size_t dropped = corpus->dropped_empty + corpus->dropped_long;
      if (dropped == 0) continue;
      lines.push_back(fmt::format(
          "{} leaves out {} of {} sentence pairs: {}", name, dropped,
          dropped + corpus->pairs.size(),
          told_drops(corpus->dropped_empty, corpus->dropped_long, what_.data.max_sentence_tokens)));
    }
    return lines;
  }
  std::size_t updates_per_epoch() const override {
    return batch_planner(data_.train.pairs, what_.data.max_tokens).updates_per_epoch();
  }
  std::string items() const override { return "tokens"; }
  std::unique_ptr<task> make_task(const arm& products, std::uint64_t seed, std::uint64_t,
                                  const own_parts&) const override {
    return std::make_unique<translation_task>(what_, data_, products, seed);
  }
  void save(const std::filesystem::path& folder) const override { data_.codec->save(folder); }
  file_digests vocabulary() const override { return data_.codec->digests(); }

 private:
  const recipe& what_;
  translation_data data_;
};

}  // namespace

transformer_settings translation_model_settings(const recipe& what, const text_codec& codec) {
  transformer_settings s = what.model;
  s.vocabulary = codec.target_size();
  s.source_vocabulary = codec.source_size();
  return s;
}

std::unique_ptr<dataset> load_translation(const recipe& what, const std::filesystem::path& folder,
                                          const std::optional<std::string>& test,
                                          const std::filesystem::path& cache) {
  return std::make_unique<translation_dataset>(what,
                                               load_translation_data(folder, what, test, cache));
}

}  // namespace pamkit::training

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// A recipe: everything that decides a run but arithmetic, seed and data. A readable file, one per recipe,
/// carried by the program.
struct recipe {
  struct data_settings {
    int vocabulary;                     ///< joint subwords
    std::size_t max_tokens;             ///< of a batch, padding included, on neither side above this
    std::size_t max_sentence_tokens;    ///< longer pairs are left out of training
  };
  struct training_settings {
    std::uint32_t epochs;
    std::uint64_t steps;     ///< updates; 0: as many as the epochs have
    double label_smoothing;  ///< FairSeq's form
    double peak_rate;
    std::uint64_t warmup;    ///< updates
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;     ///< decoupled, on all parameters
    double clip_norm;        ///< 0: off
  };
  struct search_settings {
    std::int64_t beam;
    double length_factor;         ///< at most factor * source pieces + constant pieces
    std::int64_t length_constant;
    std::int64_t sentences;       ///< translated together
  };
  struct checkpoint_settings {
    std::uint64_t steps;  ///< a checkpoint at least each so many updates
    double seconds;       ///< and after so much time
  };

  std::string name;
  transformer_settings model;  ///< vocabulary as trained, see data_settings
  double dropout;
  data_settings data;
  training_settings training;
  search_settings search;
  checkpoint_settings checkpoint;
  nlohmann::ordered_json settings;  ///< all of it as written, for config.json
};

/// The names of the recipes carried by the program, in alphabetical order.
std::vector<std::string> recipe_names();

/// A recipe by its name or the path of its file (one that ends in .json), with overrides "KEY=VALUE" where KEY
/// is as "model.width". Throws input_error naming what is wrong: no such recipe, key (the valid ones are
/// listed) or value.
recipe load_recipe(const std::string& name_or_path, const std::vector<std::string>& overrides);

}  // namespace pamkit::training

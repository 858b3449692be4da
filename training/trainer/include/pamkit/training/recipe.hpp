#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/training/image_loader.hpp"
#include "pamkit/training/image_models.hpp"
#include "pamkit/training/optimizer.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// A recipe: everything that decides a run but arithmetic, scope, seed and data. A readable file, one per recipe,
/// carried by the program.
struct recipe {
  enum class task : std::uint8_t { translation, images, characters };

  struct data_settings {
    int vocabulary;                     ///< joint subwords; of prepared text its own dictionaries decide
    std::size_t max_tokens;             ///< of a batch, padding included, on neither side above this
    std::size_t max_sentence_tokens;    ///< longer pairs are left out of training
  };
  struct training_settings {
    std::uint32_t epochs;
    std::uint64_t steps;     ///< updates; 0: as many as the epochs have
    std::int64_t parts;      ///< of a batch, computed one by one, whose gradients are then added
    loss_settings loss;  ///< smoothing is FairSeq's form for text, PyTorch's for images
    double peak_rate;
    std::uint64_t warmup;    ///< updates
    double warmup_epochs;    ///< more of them, in epochs
    double clip_norm;        ///< 0: off
    double adder_eta;        ///< of AdderNet's adaptive rate; 0: off
    optimizer_settings update;
  };
  struct search_settings {
    std::int64_t beam;
    double length_factor;         ///< at most factor * source pieces + constant pieces
    std::int64_t length_constant;
    std::int64_t sentences;       ///< translated together
  };
  struct character_settings {
    std::int64_t layers;
    std::int64_t width;
    std::int64_t feed_forward;
    std::int64_t heads;
    std::int64_t context;  ///< bytes that a prediction sees at most
    std::int64_t batch;    ///< pieces of that length in an update
  };
  struct checkpoint_settings {
    std::uint64_t steps;  ///< a checkpoint at least each so many updates
    double seconds;       ///< and after so much time
  };

  std::string name;
  task kind;
  double dropout;
  training_settings training;
  checkpoint_settings checkpoint;
  adder_settings adder{};

  // Of translation.
  transformer_settings model{};  ///< vocabulary as trained, see data_settings
  data_settings data{};
  search_settings search{};

  // Of images.
  image_model_settings image_model{};  ///< classes as the data have them
  image_settings images{};

  // Of characters.
  character_settings characters{};

  nlohmann::ordered_json settings;  ///< all of it as written, with defaults, for config.json
};

/// The names of the recipes carried by the program, in alphabetical order.
std::vector<std::string> recipe_names();

/// A recipe by its name or the path of its file (one that ends in .json), with overrides "KEY=VALUE" where KEY
/// is as "model.width". Throws input_error naming what is wrong: no such recipe, key (the valid ones are
/// listed) or value.
recipe load_recipe(const std::string& name_or_path, const std::vector<std::string>& overrides);

/// The recipe of settings as load_recipe left them in `settings`; `where` is for messages. Throws input_error.
recipe make_recipe(nlohmann::ordered_json settings, const std::string& where);

}  // namespace pamkit::training

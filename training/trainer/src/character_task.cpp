#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pamkit/training/character_model.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/sha256.hpp"
#include "pamkit/training/task.hpp"
#include "resources.hpp"
#include "training_step.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNoByte = -100;

struct character_data {
  std::string train;
  std::string valid;
};

// The one file of these names, in whichever compression it is there; empty where none is.
fs::path text_file(const fs::path& folder, std::initializer_list<const char*> names) {
  fs::path found;
  for (const char* const name : names) {
    for (const char* const ending : {".txt", ".txt.gz", ".txt.xz"}) {
      const fs::path path = folder / (std::string(name) + ending);
      std::error_code error;
      if (!fs::exists(path, error)) continue;
      if (!found.empty()) {
        throw input_error(folder.string(),
                          fmt::format("both {} and {} are there", found.filename().string(),
                                      path.filename().string()),
                          "one of them was expected");
      }
      found = path;
    }
  }
  return found;
}

// train.txt and val.txt, or the first nine tenths and the rest of input.txt; of `needed` bytes or
// more each.
character_data read_text(const fs::path& folder, std::size_t needed) {
  const auto require_long = [&](const fs::path& file, const char* part, const std::string& text) {
    if (text.size() >= needed) return;
    throw input_error(file.string(), fmt::format("{} {} bytes", part, text.size()),
                      fmt::format("{} or more were expected (data.context + 1)", needed));
  };
  const fs::path train = text_file(folder, {"train"});
  const fs::path valid = text_file(folder, {"val", "valid"});
  if (!train.empty() && !valid.empty()) {
    character_data data{read_file(train), read_file(valid)};
    require_long(train, "has", data.train);
    require_long(valid, "has", data.valid);
    return data;
  }
  const fs::path whole = text_file(folder, {"input"});
  if (whole.empty()) {
    throw input_error(folder.string(), "holds no text",
                      "input.txt, or train.txt and val.txt (plain, .gz or .xz) were expected");
  }
  const std::string text = read_file(whole);
  const std::size_t cut = text.size() / 10 * 9;
  character_data data{text.substr(0, cut), text.substr(cut)};
  require_long(whole, "its first nine tenths, which are trained on, have", data.train);
  require_long(whole, "its last tenth, which validates, has", data.valid);
  return data;
}

struct pieces {
  at::Tensor input;
  at::Tensor target;
};

class character_task : public task {
 public:
  character_task(const recipe& what, const character_data& data, const arm& products,
                 std::uint64_t seed)
      : what_(what),
        data_(data),
        seed_(seed),
        model_({.encoder_layers = what.characters.layers,
                .width = what.characters.width,
                .feed_forward = what.characters.feed_forward,
                .heads = what.characters.heads,
                .adder = what.adder},
               products, seed) {}

  parameter_list& parameters() override { return model_.parameters(); }

  part_result forward_backward(std::uint64_t step, const batch_part& part) override {
    clear_gradients(model_.parameters());
    const auto length = static_cast<std::size_t>(what_.characters.context);
    const auto rows = static_cast<std::size_t>(what_.characters.batch);
    const auto [first, end] = part.rows_of(rows);
    part_result result{0, (end - first) * length, rows * length};
    dropout_pass dropout(model_.products(), what_.dropout, seed_, static_cast<std::uint32_t>(step),
                         static_cast<std::uint32_t>(part.index));
    const at::Tensor loss = loss_of(random_pieces(step, first, end), dropout, false);
    backward(loss, result.share());
    result.loss = double{loss.item<float>()};
    return result;
  }

  // The smallest and the largest part.
  void sample_passes() override {
    const std::int64_t parts = what_.training.parts;
    forward_backward(0, {0, parts});
    if (parts > 1) forward_backward(0, {parts - 1, parts});
  }

  validation_result validate() override {
    const double loss = measure([](double) { return true; });
    return {loss, "perplexity", std::exp(loss)};
  }

  std::optional<test_result> test(const fs::path&, const go_on& keep_going) override {
    const double start = wall_seconds();
    const double loss = measure(keep_going);
    if (!keep_going(1)) return std::nullopt;
    return test_result{"perplexity",
                       std::exp(loss),
                       "per byte of the validation text",
                       {{"bits_per_byte", loss / std::log(2.0)}},
                       wall_seconds() - start};
  }

 private:
  pieces pieces_at(const std::string& text, const std::vector<std::size_t>& starts) const {
    const std::int64_t length = what_.characters.context;
    const auto rows = static_cast<std::int64_t>(starts.size());
    pieces p{at::empty({rows, length}, at::kLong), at::empty({rows * length}, at::kLong)};
    std::int64_t* input = p.input.mutable_data_ptr<std::int64_t>();
    std::int64_t* target = p.target.mutable_data_ptr<std::int64_t>();
    for (const std::size_t start : starts) {
      for (std::size_t i = start; i < start + static_cast<std::size_t>(length); ++i) {
        *input++ = static_cast<unsigned char>(text[i]);
        *target++ = static_cast<unsigned char>(text[i + 1]);
      }
    }
    return {to_training_device(p.input), to_training_device(p.target)};
  }

  // Pieces [first, end) of a batch, at places of the training text drawn by Philox.
  pieces random_pieces(std::uint64_t step, std::size_t first, std::size_t end) const {
    const std::size_t places =
        data_.train.size() - static_cast<std::size_t>(what_.characters.context);
    std::vector<std::size_t> starts;
    for (std::size_t i = first; i < end; ++i) {
      const philox_counter r = philox4x32_10({static_cast<std::uint32_t>(step), 0,
                                              site::order_of_pairs, static_cast<std::uint32_t>(i)},
                                             philox_key_of(seed_));
      starts.push_back((std::uint64_t{r[0]} << 32 | r[1]) % places);
    }
    return pieces_at(data_.train, starts);
  }

  at::Tensor loss_of(const pieces& p, dropout_pass& dropout, bool ordinary) const {
    const at::Tensor logits = model_(p.input, dropout).view({p.target.size(0), -1});
    const arm& products = model_.products();
    return ordinary
               ? products.ordinary_cross_entropy(logits, p.target, 0, kNoByte)
               : products.cross_entropy(logits, p.target, what_.training.loss, kNoByte);
  }

  double measure(const go_on& keep_going) const {
    const at::NoGradGuard no_grad;
    const auto length = static_cast<std::size_t>(what_.characters.context);
    double sum = 0;
    double count = 0;
    std::vector<std::size_t> starts;
    const std::size_t size = data_.valid.size();
    const auto share = [&](std::size_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(size);
    };
    for (std::size_t at = 0; at + length < size && keep_going(share(at)); at += length) {
      starts.push_back(at);
      const bool last = at + 2 * length >= size;
      if (starts.size() < 64 && !last) continue;
      dropout_pass none;
      const auto bytes = static_cast<double>(starts.size() * length);
      sum += double{loss_of(pieces_at(data_.valid, starts), none, true).item<float>()} * bytes;
      count += bytes;
      starts.clear();
    }
    return sum / count;
  }

  const recipe& what_;
  const character_data& data_;
  std::uint64_t seed_;
  character_model model_;
};

class character_dataset : public dataset {
 public:
  character_dataset(const recipe& what, character_data data)
      : what_(what), data_(std::move(data)) {}

  nlohmann::ordered_json identity() const override {
    return {{"corpus_sha256", sha256_hex(sha256_hex(data_.train) + sha256_hex(data_.valid))},
            {"test", "validation text"}};
  }
  nlohmann::ordered_json sizes() const override {
    return {{"examples",
             examples("bytes", data_.train.size(), data_.valid.size(), data_.valid.size())}};
  }
  std::size_t updates_per_epoch() const override {
    const auto bytes = static_cast<std::size_t>(what_.characters.batch * what_.characters.context);
    return std::max<std::size_t>(1, data_.train.size() / bytes);
  }
  std::string items() const override { return "tokens"; }
  std::unique_ptr<task> make_task(const arm& products, std::uint64_t seed, std::uint64_t,
                                  const own_parts&) const override {
    return std::make_unique<character_task>(what_, data_, products, seed);
  }
  // The input of each layer, which its derivative needs, and the scores of one attention.
  double least_bytes_of_part() const override {
    const recipe::character_settings& c = what_.characters;
    const std::int64_t parts = what_.training.parts;
    const auto pieces = static_cast<double>((c.batch + parts - 1) / parts);
    const auto context = static_cast<double>(c.context);
    return pieces * context * sizeof(float) *
           (static_cast<double>(c.layers * c.width) + static_cast<double>(c.heads) * context);
  }
  void save(const fs::path&) const override {}

 private:
  const recipe& what_;
  character_data data_;
};

}  // namespace

std::unique_ptr<dataset> load_characters(const recipe& what, const fs::path& folder) {
  require_folder(folder, "a folder with input.txt was expected");
  const auto needed = static_cast<std::size_t>(what.characters.context) + 1;
  return std::make_unique<character_dataset>(what, read_text(folder, needed));
}

}  // namespace pamkit::training

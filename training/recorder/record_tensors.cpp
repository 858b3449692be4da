/// Trains for a while and writes pieces of the tensors of one more step, as text: what the
/// properties' tensors of training are (property_tests/recorded_tensors/training.txt).
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <iostream>
#include <map>

#include "operator_record.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/parameter_update.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"

namespace pamkit::training {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::int64_t kNumbers = 48;  // of one piece, a part of a row
constexpr std::uint32_t kTries = 64;   // to find one that is not padding

/// Pieces from every operator that has tensors of a kind.
class recorder {
 public:
  void look_at(const operator_event& e) {
    const at::NoGradGuard no_grad;
    if (e.name == "pamkit::cross_entropy" && !e.is_backward) {
      for (int i = 0; i < 24; ++i) add_logits(e.tensor(0));
    } else if (e.name == "pamkit::linear" && !e.is_backward) {
      for (int i = 0; i < 4; ++i) add_activations(e.tensor(0));
      add("weights", e.tensor(1));
    } else if (e.name == "pamkit::product_vjp_a") {
      add("gradients", e.tensor(2));
    }
  }

  void print() const {
    for (const auto& [kind, pieces] : pieces_) {
      for (const std::vector<float>& piece : pieces) {
        std::cout << kind;
        for (const float x : piece) fmt::print(" {:08X}", std::bit_cast<std::uint32_t>(x));
        std::cout << std::flush << '\n';
      }
    }
  }

 private:
  std::uint32_t draw(std::uint32_t end) {
    return random_bits(kSeed, 0, 0, draws_++, 0) % end;
  }

  static std::vector<float> row_of(const at::Tensor& t, std::int64_t row, std::int64_t first) {
    const at::Tensor part =
        t.detach().reshape({-1, t.size(-1)})[row].narrow(0, first, kNumbers).contiguous();
    const float* const x = part.const_data_ptr<float>();
    return {x, x + kNumbers};
  }

  static bool is_wide(const at::Tensor& t) {
    return t.defined() && t.numel() > 0 && t.size(-1) >= kNumbers;
  }

  // Behind a ReLU.
  void add_activations(const at::Tensor& t) {
    if (t.min().item<float>() == 0) add("activations", t);
  }

  void add(const std::string& kind, const at::Tensor& t) {
    if (!is_wide(t)) return;
    for (std::uint32_t i = 0; i < kTries; ++i) {
      const std::vector<float> piece =
          row_of(t, draw(static_cast<std::uint32_t>(t.numel() / t.size(-1))),
                 draw(static_cast<std::uint32_t>(t.size(-1) - kNumbers + 1)));
      if (std::ranges::count(piece, 0.0F) > kNumbers * 3 / 4) continue;
      pieces_[kind].push_back(piece);
      return;
    }
  }

  // Around the greatest of a row, which lies anywhere in the piece.
  void add_logits(const at::Tensor& t) {
    if (!is_wide(t)) return;
    const std::int64_t row = draw(static_cast<std::uint32_t>(t.size(0)));
    const std::int64_t peak = t[row].argmax().item<std::int64_t>();
    const std::int64_t first = peak - draw(static_cast<std::uint32_t>(kNumbers));
    pieces_["logits"].push_back(
        row_of(t, row, std::clamp<std::int64_t>(first, 0, t.size(-1) - kNumbers)));
  }

  std::map<std::string, std::vector<std::vector<float>>> pieces_;
  std::uint32_t draws_ = 0;
};

int record(const std::string& recipe_name, const std::string& folder, std::uint64_t updates,
           const std::string& cache) {
  const recipe what = load_recipe(recipe_name, {});
  const std::unique_ptr<dataset> data = load_dataset(what, folder, {}, cache);
  const arm products("pam", derivative::approx, scope::all);
  const std::unique_ptr<task> model = data->make_task(products, kSeed, updates + 1, {});
  optimizer rule(model->parameters(), what.training.update, products);
  double loss = 0;
  for (std::uint64_t i = 0; i < updates; ++i) {
    loss = model->forward_backward(i, {}).loss;
    const double rate =
        learning_rate(what.training.peak_rate, i + 1, what.training.warmup, 2 * updates);
    update_parameters(model->parameters(), what, products, rule, rate, i + 1);
    if (i % 20 == 0) std::cerr << "update " << i + 1 << " of " << updates << ", loss " << loss << '\n';
  }
  recorder seen;
  {
    const operator_record operators([&](const operator_event& e) { seen.look_at(e); });
    loss = model->forward_backward(updates, {}).loss;
  }
  std::cout << "# Pieces of rows of the tensors of one training step, binary32 encodings: " << recipe_name
            << ", pam in\n# scope all, after " << updates << " updates (loss "
            << fmt::format("{:.2f}", loss) << "), corpus "
            << data->identity().value("corpus_sha256", "").substr(0, 16)
            << ".\n# pamkit-record-tensors " << recipe_name << " DATA " << updates << " CACHE\n";
  seen.print();
  return std::cout.flush() ? 0 : 3;
}

}  // namespace
}  // namespace pamkit::training

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  std::uint64_t updates = 0;
  if (given.size() == 4) std::from_chars(given[2].data(), given[2].data() + given[2].size(), updates);
  if (updates == 0) {
    std::cerr << "pamkit-record-tensors: four arguments were expected: RECIPE DATA UPDATES CACHE\n";
    return 2;
  }
  try {
    return pamkit::training::record(given[0], given[1], updates, given[3]);
  } catch (const std::exception& error) {
    std::cerr << "pamkit-record-tensors: " << error.what() << '\n';
    return 2;
  }
}

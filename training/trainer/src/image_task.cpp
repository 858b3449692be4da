#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>

#include "pamkit/training/device.hpp"
#include "pamkit/training/image_loader.hpp"
#include "pamkit/training/image_models.hpp"
#include "pamkit/training/task.hpp"
#include "resources.hpp"
#include "training_step.hpp"

namespace pamkit::training {
namespace {

constexpr std::int64_t kNoClass = -100;
constexpr std::size_t kEvaluated = 100;  ///< images at once

at::Tensor pixels_of(const image_batch& b, int size) {
  at::Tensor t = at::empty({static_cast<std::int64_t>(b.labels.size()), 3, size, size}, at::kFloat);
  std::memcpy(t.mutable_data_ptr<float>(), b.pixels.data(), b.pixels.size() * sizeof(float));
  return to_training_device(t);
}

at::Tensor classes_of(const std::vector<std::int64_t>& labels) {
  at::Tensor t = at::empty({static_cast<std::int64_t>(labels.size())}, at::kLong);
  std::ranges::copy(labels, t.mutable_data_ptr<std::int64_t>());
  return to_training_device(t);
}

class image_task : public task {
 public:
  image_task(const recipe& what, const image_data& data, const image_model_settings& model,
             const arm& products, std::uint64_t seed, std::uint64_t steps, const own_parts& own)
      : what_(what),
        data_(data),
        seed_(seed),
        steps_(steps),
        own_(own),
        model_(make_image_model(model, products, seed)) {}

  parameter_list& parameters() override { return model_->parameters(); }

  part_result forward_backward(std::uint64_t step, const batch_part& part) override {
    if (!ahead_) {
      const int threads = std::clamp(at::get_num_threads() - 1, 1, 8);
      const auto own = static_cast<std::uint64_t>(own_.end - own_.first);
      ahead_.emplace(
          [this, own](std::uint64_t number) {
            const std::int64_t index = own_.first + static_cast<std::int64_t>(number % own);
            return images_of(number / own, {index, own_.count});
          },
          step * own, steps_ * own, threads);
    }
    return forward_backward(ahead_->next(), step, part);
  }

  void sample_passes() override {
    // Running averages are state, and this is no step.
    std::vector<at::Tensor> before;
    for (const buffer& b : model_->parameters().buffers()) before.push_back(b.value.clone());
    // The smallest and the largest part.
    const batch_part small{0, own_.count};
    const batch_part large{own_.count - 1, own_.count};
    forward_backward(images_of(0, small), 0, small);
    if (own_.count > 1) forward_backward(images_of(0, large), 0, large);
    std::size_t next = 0;
    for (const buffer& b : model_->parameters().buffers()) b.value.copy_(before[next++]);
  }

  validation_result validate() override {
    const measured m = measure([](double) { return true; });
    return {m.loss, "accuracy", m.accuracy};
  }

  std::optional<test_result> test(const std::filesystem::path&, const go_on& keep_going) override {
    const double start = wall_seconds();
    const measured m = measure(keep_going);
    if (!keep_going(1)) return std::nullopt;
    return test_result{"accuracy",
                       m.accuracy,
                       "top-1, percent of the validation images",
                       {},
                       wall_seconds() - start};
  }

 private:
  struct measured {
    double loss = 0;
    double accuracy = 0;
  };

  at::Tensor loss_against(const at::Tensor& logits, const std::vector<std::int64_t>& labels) const {
    return model_->products().cross_entropy(logits, classes_of(labels), what_.training.loss,
                                            kNoClass, false);
  }

  image_batch images_of(std::uint64_t step, const batch_part& part) const {
    const auto [first, end] = part.rows_of(images_of_update(*data_.train, what_.images));
    return training_batch(*data_.train, what_.images, seed_, step, first, end);
  }

  part_result forward_backward(const image_batch& b, std::uint64_t step, const batch_part& part) {
    clear_gradients(model_->parameters());
    part_result result{0, b.labels.size(), images_of_update(*data_.train, what_.images)};
    if (result.items == 0) return result;
    dropout_pass dropout(model_->products(), what_.dropout, seed_, static_cast<std::uint32_t>(step),
                         static_cast<std::uint32_t>(part.index));
    const at::Tensor logits = (*model_)(pixels_of(b, what_.images.size), dropout);
    at::Tensor loss = loss_against(logits, b.labels);
    if (!b.others.empty()) {
      const arm& products = model_->products();
      loss = products.scaled(loss, b.share) +
             products.scaled(loss_against(logits, b.others), 1 - b.share);
    }
    backward(loss, result.share());
    result.loss = double{loss.item<float>()};
    return result;
  }

  measured measure(const go_on& keep_going) const {
    const at::NoGradGuard no_grad;
    double loss = 0;
    std::size_t right = 0;
    const std::size_t count = data_.valid->size();
    const auto share = [&](std::size_t images) {
      return static_cast<double>(images) / static_cast<double>(count);
    };
    for (std::size_t first = 0; first < count && keep_going(share(first)); first += kEvaluated) {
      const image_batch b =
          evaluation_batch(*data_.valid, what_.images, first, std::min(kEvaluated, count - first));
      dropout_pass none;
      const at::Tensor logits = (*model_)(pixels_of(b, what_.images.size), none);
      loss += double{model_->products()
                         .ordinary_cross_entropy(logits, classes_of(b.labels), 0, kNoClass, false)
                         .item<float>()} *
              static_cast<double>(b.labels.size());
      right += static_cast<std::size_t>(
          logits.argmax(1).eq(classes_of(b.labels)).sum().item<std::int64_t>());
    }
    const auto all = static_cast<double>(count);
    return {loss / all, 100 * static_cast<double>(right) / all};
  }

  const recipe& what_;
  const image_data& data_;
  std::uint64_t seed_;
  std::uint64_t steps_;
  own_parts own_;
  std::unique_ptr<image_model> model_;
  std::optional<prefetcher> ahead_;  ///< from the first update on
};

class image_dataset : public dataset {
 public:
  image_dataset(const recipe& what, image_data data) : what_(what), data_(std::move(data)) {}

  nlohmann::ordered_json identity() const override {
    return {
        {"corpus_sha256", data_.key}, {"test", "validation images"}, {"classes", data_.classes}};
  }
  nlohmann::ordered_json sizes() const override {
    return {{"examples",
             examples("images", data_.train->size(), data_.valid->size(), data_.valid->size())}};
  }
  std::size_t updates_per_epoch() const override {
    return training::updates_per_epoch(*data_.train, what_.images);
  }
  std::string items() const override { return "images"; }
  std::unique_ptr<task> make_task(const arm& products, std::uint64_t seed, std::uint64_t steps,
                                  const own_parts& own) const override {
    image_model_settings model = what_.image_model;
    model.classes = static_cast<std::int64_t>(data_.classes.size());
    return std::make_unique<image_task>(what_, data_, model, products, seed, steps, own);
  }
  // Pixels as they are loaded and as a tensor, and what the first layer makes of them.
  double least_bytes_of_part() const override {
    const std::size_t parts = static_cast<std::size_t>(what_.training.parts);
    const std::size_t images =
        std::max((images_of_update(*data_.train, what_.images) + parts - 1) / parts,
                 std::min(kEvaluated, data_.valid->size()));
    const image_model_settings& m = what_.image_model;
    const bool in_patches = m.kind == "vit" || m.kind == "convmixer";
    const double side = static_cast<double>(m.size);
    const double first_side = side / static_cast<double>(in_patches ? m.patch : 1);
    const bool fixed_width = m.kind == "vgg" || m.kind == "resnext";
    const double channels = fixed_width ? 64 : static_cast<double>(m.width);
    return static_cast<double>(images) * sizeof(float) *
           (2 * 3 * side * side + channels * first_side * first_side);
  }
  void save(const std::filesystem::path&) const override {}

 private:
  const recipe& what_;
  image_data data_;
};

}  // namespace

std::unique_ptr<dataset> load_images(const recipe& what, const std::filesystem::path& folder) {
  return std::make_unique<image_dataset>(what, open_images(folder));
}

}  // namespace pamkit::training

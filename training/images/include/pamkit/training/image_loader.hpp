#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "pamkit/training/augmentation.hpp"
#include "pamkit/training/image_set.hpp"

namespace pamkit::training {

/// How images become numbers.
struct image_settings {
  int size = 32;                 ///< height and width
  std::int64_t batch = 128;      ///< images of an update
  std::array<double, 3> mean{};  ///< of R, G, B on [0, 1]
  std::array<double, 3> deviation{};
  augmentation augment;
  double mixup = 0;    ///< alpha of the Beta distribution; 0: none
  double cutmix = 0;   ///< the same; where both are on, each batch takes one by the toss of a coin
  double erasing = 0;  ///< probability that a rectangle of an image becomes noise
};

/// A batch as a row-major [images, 3, size, size] and its classes. Of mixed batches the loss is
/// share times that of `labels` plus 1 - share times that of `others`.
struct image_batch {
  std::vector<float> pixels;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> others;  ///< empty where nothing is mixed
  double share = 1;
};

/// Full batches of an epoch: floor(images / batch), at least one (all images).
std::size_t updates_per_epoch(const image_set& images, const image_settings& settings);

/// Images of an update.
std::size_t images_of_update(const image_set& images, const image_settings& settings);

/// The training batch of update `step` (from 0): a function of the seed and the step. Images are in
/// a random order of each epoch, by Philox with site::order_of_pairs; those that fill no batch are
/// left out.
image_batch training_batch(const image_set& images, const image_settings& settings,
                           std::uint64_t seed, std::uint64_t step);

/// Images [first, end) of that batch, as they are in it. Loads only them, and those that they are
/// mixed with.
image_batch training_batch(const image_set& images, const image_settings& settings,
                           std::uint64_t seed, std::uint64_t step, std::size_t first,
                           std::size_t end);

/// Images [first, first + count) without randomness, fitted to the size.
image_batch evaluation_batch(const image_set& images, const image_settings& settings,
                             std::size_t first, std::size_t count);

/// Computes make(0), make(1), ... ahead on threads of its own; next() returns them in order from
/// `first` on. Throws what make threw, at its place.
class prefetcher {
 public:
  prefetcher(std::function<image_batch(std::uint64_t)> make, std::uint64_t first, std::uint64_t end,
             int threads);
  prefetcher(const prefetcher&) = delete;
  prefetcher& operator=(const prefetcher&) = delete;
  ~prefetcher();

  image_batch next();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace pamkit::training

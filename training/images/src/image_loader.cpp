#include "pamkit/training/image_loader.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "pamkit/training/batches.hpp"

namespace pamkit::training {
namespace {

std::size_t batch_size(const image_set& images, const image_settings& s) {
  return std::min(images.size(), static_cast<std::size_t>(s.batch));
}

// Row-major planes of one image, normalised: (x / 255 - mean) / deviation in binary64, rounded
// once.
void write_pixels(const image& from, const image_settings& s, float* to) {
  const std::size_t plane = from.rgb.size() / 3;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < plane; ++i) {
      to[c * plane + i] =
          static_cast<float>((from.rgb[i * 3 + c] / 255.0 - s.mean[c]) / s.deviation[c]);
    }
  }
}

// Gamma(alpha, 1) by Marsaglia and Tsang 2000, for alpha below 1 by their boost.
double gamma(double alpha, image_randomness& random) {
  if (alpha < 1) return gamma(alpha + 1, random) * std::pow(1 - random.uniform(), 1 / alpha);
  const double d = alpha - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return d * v;
  }
}

double beta(double alpha, image_randomness& random) {
  const double a = gamma(alpha, random);
  const double b = gamma(alpha, random);
  return a + b == 0 ? 0.5 : a / (a + b);
}

struct rectangle {
  int top, left, height, width;
};

// Standard normal noise in a rectangle of 2 to 33 % of the area, sides 3:10 to 10:3.
void erase(float* planes, const image_settings& s, image_randomness& random) {
  if (random.uniform() >= s.erasing) return;
  for (int tries = 0; tries < 10; ++tries) {
    const double area = (0.02 + 0.31 * random.uniform()) * s.size * s.size;
    const double ratio = std::exp(std::log(10.0 / 3) * (2 * random.uniform() - 1));
    const rectangle r{0, 0, static_cast<int>(std::lround(std::sqrt(area * ratio))),
                      static_cast<int>(std::lround(std::sqrt(area / ratio)))};
    if (r.height < 1 || r.width < 1 || r.height >= s.size || r.width >= s.size) continue;
    const int top = random.below(s.size - r.height + 1);
    const int left = random.below(s.size - r.width + 1);
    for (int c = 0; c < 3; ++c) {
      for (int y = top; y < top + r.height; ++y) {
        for (int x = left; x < left + r.width; ++x) {
          planes[(c * s.size + y) * s.size + x] = static_cast<float>(random.normal());
        }
      }
    }
    return;
  }
}

// Image i of the batch is mixed with the i-th from the end, as both were. `partners` holds the
// pixels of those.
void mix(image_batch& b, const image_settings& s, image_randomness& random, bool cuts,
         const std::vector<float>& partners) {
  if (!cuts) {
    for (std::size_t i = 0; i < b.pixels.size(); ++i) {
      float& x = b.pixels[i];
      x = static_cast<float>(b.share * double{x} + (1 - b.share) * double{partners[i]});
    }
    return;
  }
  const int side = static_cast<int>(s.size * std::sqrt(1 - b.share));
  const int row = random.below(s.size);
  const int column = random.below(s.size);
  const auto inside = [&](int x) { return std::clamp(x, 0, s.size); };
  const rectangle r{inside(row - side / 2), inside(column - side / 2),
                    inside(row + side - side / 2) - inside(row - side / 2),
                    inside(column + side - side / 2) - inside(column - side / 2)};
  const std::size_t planes = 3 * b.labels.size();
  for (std::size_t c = 0; c < planes; ++c) {
    for (int y = r.top; y < r.top + r.height; ++y) {
      const std::size_t at = (c * static_cast<std::size_t>(s.size) + static_cast<std::size_t>(y)) *
                                 static_cast<std::size_t>(s.size) +
                             static_cast<std::size_t>(r.left);
      std::copy_n(partners.data() + at, r.width, b.pixels.data() + at);
    }
  }
  b.share = 1 - static_cast<double>(r.height) * r.width / (static_cast<double>(s.size) * s.size);
}

}  // namespace

std::size_t updates_per_epoch(const image_set& images, const image_settings& s) {
  return images.size() / batch_size(images, s);
}

std::size_t images_of_update(const image_set& images, const image_settings& s) {
  return batch_size(images, s);
}

image_batch training_batch(const image_set& images, const image_settings& s, std::uint64_t seed,
                           std::uint64_t step) {
  return training_batch(images, s, seed, step, 0, batch_size(images, s));
}

image_batch training_batch(const image_set& images, const image_settings& s, std::uint64_t seed,
                           std::uint64_t step, std::size_t first, std::size_t end) {
  const std::size_t count = batch_size(images, s);
  const std::size_t updates = updates_per_epoch(images, s);
  const auto epoch = static_cast<std::uint32_t>(step / updates);
  const std::vector<std::uint32_t> order =
      random_order(images.size(), seed, epoch, site::order_of_pairs);
  const std::size_t length =
      3 * static_cast<std::size_t>(s.size) * static_cast<std::size_t>(s.size);
  const auto number_of = [&](std::size_t i) {
    return order[static_cast<std::size_t>(step % updates) * count + i];
  };
  const auto prepare = [&](std::size_t i, float* to) {
    image_randomness random(seed, epoch, number_of(i));
    write_pixels(augmented(images.load(number_of(i)), s.size, s.augment, random), s, to);
    erase(to, s, random);
  };
  image_batch b;
  b.pixels.resize((end - first) * length);
  for (std::size_t i = first; i < end; ++i) {
    prepare(i, b.pixels.data() + (i - first) * length);
    b.labels.push_back(images.label(number_of(i)));
  }
  if (s.mixup <= 0 && s.cutmix <= 0) return b;
  // A number that no image has: the batch's own draws, the same for each part of it.
  image_randomness random(seed, static_cast<std::uint32_t>(step), 0xFFFFFFFF);
  const bool cuts = s.cutmix > 0 && (s.mixup <= 0 || random.uniform() < 0.5);
  b.share = beta(cuts ? s.cutmix : s.mixup, random);
  std::vector<float> partners(b.pixels.size());
  for (std::size_t i = first; i < end; ++i) {
    const std::size_t partner = count - 1 - i;
    float* const to = partners.data() + (i - first) * length;
    if (first <= partner && partner < end) {
      std::copy_n(b.pixels.data() + (partner - first) * length, length, to);
    } else {
      prepare(partner, to);
    }
    b.others.push_back(images.label(number_of(partner)));
  }
  mix(b, s, random, cuts, partners);
  return b;
}

image_batch evaluation_batch(const image_set& images, const image_settings& s, std::size_t first,
                             std::size_t count) {
  const std::size_t length =
      3 * static_cast<std::size_t>(s.size) * static_cast<std::size_t>(s.size);
  image_batch b;
  b.pixels.resize(count * length);
  for (std::size_t i = 0; i < count; ++i) {
    write_pixels(fitted(images.load(first + i), s.size, s.size), s, b.pixels.data() + i * length);
    b.labels.push_back(images.label(first + i));
  }
  return b;
}

struct prefetcher::state {
  std::function<image_batch(std::uint64_t)> make;
  std::uint64_t taken = 0;  ///< the next that a thread takes
  std::uint64_t given = 0;  ///< the next that next() returns
  std::uint64_t end = 0;
  std::size_t ahead = 0;
  bool stopped = false;
  std::map<std::uint64_t, image_batch> ready;
  std::map<std::uint64_t, std::exception_ptr> failed;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return stopped || (taken < end && taken < given + ahead); });
      if (stopped) return;
      const std::uint64_t number = taken++;
      lock.unlock();
      image_batch made;
      std::exception_ptr error;
      try {
        made = make(number);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) {
        failed[number] = error;
      } else {
        ready[number] = std::move(made);
      }
      changed.notify_all();
    }
  }
};

prefetcher::prefetcher(std::function<image_batch(std::uint64_t)> make, std::uint64_t first,
                       std::uint64_t end, int threads)
    : state_(std::make_unique<state>()) {
  state_->make = std::move(make);
  state_->taken = first;
  state_->given = first;
  state_->end = end;
  state_->ahead = static_cast<std::size_t>(threads) + 1;
  for (int i = 0; i < threads; ++i) state_->threads.emplace_back([s = state_.get()] { s->work(); });
}

prefetcher::~prefetcher() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  state_->changed.notify_all();
  for (std::thread& t : state_->threads) t.join();
}

image_batch prefetcher::next() {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t number = state_->given;
  if (number == state_->end) throw std::out_of_range("prefetcher: no batch is left");
  state_->changed.wait(
      lock, [&] { return state_->ready.contains(number) || state_->failed.contains(number); });
  if (const auto error = state_->failed.find(number); error != state_->failed.end()) {
    std::rethrow_exception(error->second);
  }
  image_batch result = std::move(state_->ready.extract(number).mapped());
  ++state_->given;
  lock.unlock();
  state_->changed.notify_all();
  return result;
}

}  // namespace pamkit::training

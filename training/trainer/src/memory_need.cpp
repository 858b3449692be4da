#include "memory_need.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

constexpr double kGibibyte = 1 << 30;
constexpr double kBytes = sizeof(float);

// Four matrices of attention and two of feed-forward.
double layer_parameters(double width, double feed_forward) {
  return 4 * width * width + 2 * width * feed_forward;
}

double least_parameters_of(const image_model_settings& m) {
  const auto width = static_cast<double>(m.width);
  const auto depth = static_cast<double>(m.depth);
  constexpr double area = 9;  // of 3 x 3 kernels
  if (m.kind == "vit") return depth * layer_parameters(width, static_cast<double>(m.feed_forward));
  if (m.kind == "convmixer") {
    return depth * (width * width + static_cast<double>(m.kernel * m.kernel) * width);
  }
  // The convolutions behind the first, from width to 4 width.
  if (m.kind == "cnn") return area * width * width * (1 + 2 + 4 + 8 + 16);
  // The second convolution of each block, in three stages that double the width.
  if (m.kind == "preresnet") return (depth - 2) / 6 * area * width * width * (1 + 4 + 16);
  // The grouped convolution of each block.
  if (m.kind == "resnext") {
    return (depth - 2) / 9 * area * static_cast<double>(m.cardinality) * width * width * (1 + 4 + 16);
  }
  return 0;
}

void require_memory(const recipe& what, double bytes, const char* purpose) {
  const double there = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes <= there) return;
  throw input_error("recipe " + what.name,
                    fmt::format("{} takes {:.1f} GiB of memory or more, and this machine has {:.1f}",
                                purpose, bytes / kGibibyte, there / kGibibyte),
                    "give a smaller model or batch, or more training.parts");
}

}  // namespace

double least_parameters(const recipe& what) {
  switch (what.kind) {
    case recipe::task::images:
      return least_parameters_of(what.image_model);
    case recipe::task::characters: {
      const recipe::character_settings& c = what.characters;
      return static_cast<double>(c.layers) *
             layer_parameters(static_cast<double>(c.width), static_cast<double>(c.feed_forward));
    }
    case recipe::task::translation:
      break;
  }
  const transformer_settings& m = what.model;
  return static_cast<double>(m.encoder_layers + m.decoder_layers) *
         layer_parameters(static_cast<double>(m.width), static_cast<double>(m.feed_forward));
}

void require_memory_to_train(const recipe& what, const dataset& data) {
  // Value and gradient, and AdamW's two moments.
  const double copies = what.training.update.rule == optimizer_settings::method::adamw ? 4 : 2;
  require_memory(what, copies * kBytes * least_parameters(what) + data.least_bytes_of_part(),
                 "training");
}

void require_memory_to_use(const recipe& what) {
  require_memory(what, kBytes * least_parameters(what), "its model");
}

}  // namespace pamkit::training

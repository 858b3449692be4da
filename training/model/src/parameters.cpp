#include "pamkit/training/parameters.hpp"

#include <ATen/Functions.h>

#include <bit>
#include <span>
#include <stdexcept>

#include "pamkit/training/device.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {

static_assert(std::endian::native == std::endian::little,
              "hashes and checkpoints write binary32 as it lies in memory");

void parameter_list::take_name(const std::string& name) {
  if (!names_.insert(name).second) {
    throw std::logic_error("two tensors of a model are called " + name);
  }
}

at::Tensor parameter_list::add(std::string name, at::Tensor value, double rate_scale) {
  take_name(name);
  at::Tensor placed = to_training_device(value);
  placed.requires_grad_(true);
  all_.push_back({std::move(name), placed, rate_scale, false, false});
  return placed;
}

at::Tensor parameter_list::add_uniform(std::string name, std::initializer_list<std::int64_t> shape,
                                       double limit, double rate_scale) {
  at::Tensor value = at::empty(shape, at::kFloat);
  float* const to = value.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    const std::uint32_t bits = random_bits(seed_, drawn_, 0, site::initial_parameters,
                                           static_cast<std::uint32_t>(i));
    to[i] = static_cast<float>(((bits + 0.5) / 2147483648.0 - 1) * limit);
  }
  ++drawn_;
  return add(std::move(name), value, rate_scale);
}

at::Tensor parameter_list::add_constant(std::string name,
                                        std::initializer_list<std::int64_t> shape, float value) {
  return add(std::move(name), at::full(shape, value, at::kFloat), 1);
}

at::Tensor parameter_list::add_buffer(std::string name, std::initializer_list<std::int64_t> shape,
                                      float value) {
  take_name(name);
  at::Tensor made = to_training_device(at::full(shape, value, at::kFloat));
  buffers_.push_back({std::move(name), made});
  return made;
}

std::int64_t parameter_list::count() const {
  std::int64_t sum = 0;
  for (const parameter& p : all_) sum += p.value.numel();
  return sum;
}

std::string parameter_list::sha256() const {
  training::sha256 hash;
  for (const parameter& p : all_) {
    hash.update(p.name);
    hash.update(std::string_view("\0", 1));
    const at::Tensor values = on_host(p.value);
    hash.update(std::as_bytes(std::span(values.const_data_ptr<float>(),
                                        static_cast<std::size_t>(values.numel()))));
  }
  return hash.hex();
}

}  // namespace pamkit::training

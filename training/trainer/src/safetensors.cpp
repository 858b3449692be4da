#include "safetensors.hpp"

#include <ATen/Functions.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "durable_file.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

using json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

std::vector<std::pair<std::string, at::Tensor>> tensors_of(const parameter_list& parameters) {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const parameter& p : parameters.all()) all.emplace_back(p.name, p.value.detach());
  for (const buffer& b : parameters.buffers()) all.emplace_back(b.name, b.value);
  return all;
}

std::size_t bytes_of(const at::Tensor& t) {
  return static_cast<std::size_t>(t.numel()) * sizeof(float);
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const parameter_list& parameters,
                       const std::map<std::string, std::string>& metadata) {
  json header = {{"__metadata__", metadata}};
  std::string values;
  for (const auto& [name, tensor] : tensors_of(parameters)) {
    const std::size_t start = values.size();
    values.resize(start + bytes_of(tensor));
    const at::Tensor here = on_host(tensor);
    std::memcpy(values.data() + start, here.const_data_ptr<float>(), bytes_of(tensor));
    header[name] = {{"dtype", "F32"},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {start, values.size()}}};
  }
  std::string text = header.dump();
  // Values begin at a multiple of 8 bytes.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  write_durably(path, bytes + text + values);
}

void read_safetensors(const std::filesystem::path& path, const parameter_list& parameters) {
  const std::string bytes = read_file(path);
  const auto refuse = [&](const std::string& what) {
    throw input_error(path.string(), what, "the parameters of this run's recipe were expected");
  };
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) refuse("is cut off");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length) refuse("is cut off or no safetensors file");
  const json header = json::parse(bytes.substr(sizeof length, length), nullptr, false);
  if (!header.is_object()) refuse("has a damaged header");
  const std::size_t start = sizeof length + length;
  for (const auto& [name, tensor] : tensors_of(parameters)) {
    if (!header.contains(name)) refuse("lacks " + name);
    const json& entry = header[name];
    const json shape = tensor.sizes().vec();
    const bool fits = entry.is_object() && entry.value("dtype", "") == "F32" &&
                      entry.contains("shape") && entry["shape"] == shape &&
                      entry.contains("data_offsets") && entry["data_offsets"].size() == 2;
    if (!fits) refuse(name + " has another shape or type");
    const auto begin = entry["data_offsets"][0].get<std::size_t>();
    const auto end = entry["data_offsets"][1].get<std::size_t>();
    if (end - begin != bytes_of(tensor) || end > bytes.size() - start) refuse("is cut off");
    const at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
    std::memcpy(values.mutable_data_ptr<float>(), bytes.data() + start + begin, bytes_of(tensor));
    tensor.copy_(values);
  }
}

}  // namespace pamkit::training

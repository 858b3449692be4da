#include "safetensors.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "durable_file.hpp"
#include "json_fields.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"
#include "parsed_json.hpp"

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

// Where a tensor's values lie behind the header.
struct byte_range {
  std::size_t begin;
  std::size_t end;
};

// The two offsets of an entry, where they are such.
std::optional<byte_range> range_of(const json& entry) {
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) return std::nullopt;
  const json& begin = (*offsets)[0];
  const json& end = (*offsets)[1];
  if (!begin.is_number_unsigned() || !end.is_number_unsigned()) return std::nullopt;
  const byte_range range{begin.get<std::size_t>(), end.get<std::size_t>()};
  return range.begin <= range.end ? std::optional(range) : std::nullopt;
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
  std::vector<byte_range> ranges;
  for (const auto& [name, tensor] : tensors_of(parameters)) {
    if (!header.contains(name)) refuse("lacks " + name);
    const json& entry = header[name];
    const json shape = tensor.sizes().vec();
    const bool fits = entry.is_object() && entry.contains("dtype") && entry["dtype"] == "F32" &&
                      entry.contains("shape") && entry["shape"] == shape;
    if (!fits) refuse(name + " has another shape or type");
    const std::optional<byte_range> range = range_of(entry);
    if (!range) refuse("has no offsets of " + name);
    if (range->end > bytes.size() - start) refuse("is cut off: " + name + " ends behind it");
    if (range->end - range->begin != bytes_of(tensor)) {
      refuse("has offsets of " + name + " that do not fit its shape");
    }
    ranges.push_back(*range);
    const at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
    std::memcpy(values.mutable_data_ptr<float>(), bytes.data() + start + range->begin,
                bytes_of(tensor));
    tensor.copy_(values);
  }
  std::ranges::sort(ranges, {}, &byte_range::begin);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) refuse("has tensors that overlap");
  }
}

void read_parameters_of_run(const std::filesystem::path& folder, const parameter_list& parameters) {
  const std::filesystem::path file = folder / "parameters.safetensors";
  read_safetensors(file, parameters);
  const std::filesystem::path summary_file = folder / "summary.json";
  std::error_code error;
  if (!std::filesystem::exists(summary_file, error)) return;
  const std::string summary_expected = "the summary of a finished run was expected";
  const json summary = parsed_json(summary_file, summary_expected);
  const json_fields fields(summary, summary_file, summary_expected);
  if (!fields.has("parameters_sha256")) return;
  const std::string expected = fields.text("parameters_sha256");
  const std::string found = parameters.sha256();
  if (found == expected) return;
  throw input_error(file.string(),
                    "its parameters have SHA-256 " + found + ", but " + summary_file.string() +
                        " says " + expected,
                    "the parameters that this run ended with were expected");
}

}  // namespace pamkit::training

#include "pamkit/training/checkpoint.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "durable_file.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/sha256.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

// A file is the magic line, one line of JSON, the tensors' bytes, and 64 digits of SHA-256 over all that.
constexpr std::string_view kMagic = "pamkit.checkpoint/1\n";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kKept = 2;

std::size_t bytes_of(const at::Tensor& t) {
  return static_cast<std::size_t>(t.numel()) * sizeof(float);
}

std::vector<fs::path> checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint-") && name.ends_with(".bin")) found.push_back(entry.path());
  }
  std::ranges::sort(found, std::greater());  // numbers have equal length: newest first
  return found;
}

std::string serialized(const checkpoint_content& content) {
  json header = {{"state", content.state}, {"tensors", json::array()}};
  for (const auto& [name, tensor] : content.tensors) {
    header["tensors"].push_back({{"name", name}, {"shape", tensor.sizes().vec()}});
  }
  std::string bytes = std::string(kMagic) + header.dump() + "\n";
  for (const auto& [name, tensor] : content.tensors) {
    const std::size_t start = bytes.size();
    bytes.resize(start + bytes_of(tensor));
    const at::Tensor values = on_host(tensor);
    std::memcpy(bytes.data() + start, values.const_data_ptr(), bytes_of(tensor));
  }
  return bytes + sha256_hex(bytes);
}

// Nothing where the bytes are not a whole checkpoint.
std::optional<std::string> whole_content(const fs::path& path) {
  std::string bytes;
  try {
    bytes = read_file(path);
  } catch (const input_error&) {
    return std::nullopt;
  }
  if (bytes.size() < kMagic.size() + kDigits || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::string digits = bytes.substr(bytes.size() - kDigits);
  bytes.resize(bytes.size() - kDigits);
  if (sha256_hex(bytes) != digits) return std::nullopt;
  return bytes;
}

// Empty, or what `judge` says against it, and then nothing is restored.
std::string restore(const fs::path& path, const std::string& bytes, const checkpoint_judge& judge,
                    checkpoint_content& content) {
  const std::size_t line_end = std::min(bytes.find('\n', kMagic.size()), bytes.size());
  const json header =
      json::parse(bytes.substr(kMagic.size(), line_end - kMagic.size()), nullptr, false);
  const bool is_header = line_end < bytes.size() && header.is_object() && header.contains("state") &&
                         header.contains("tensors") && header["tensors"].is_array();
  if (!is_header) {
    throw input_error(path.string(), "has no header that this program wrote",
                      "take it away, or give --force to start anew");
  }
  const json& listed = header["tensors"];
  bool same = listed.size() == content.tensors.size();
  std::size_t total = 0;
  for (std::size_t i = 0; same && i < listed.size(); ++i) {
    const auto& [name, tensor] = content.tensors[i];
    same = listed[i] == json{{"name", name}, {"shape", tensor.sizes().vec()}};
    total += bytes_of(tensor);
  }
  if (!same || bytes.size() - line_end - 1 != total) {
    throw input_error(path.string(), "is a checkpoint of another model",
                      "give another --out, or --force to start anew");
  }
  if (std::string reason = judge(path, header["state"]); !reason.empty()) return reason;
  std::size_t at = line_end + 1;
  for (auto& [name, tensor] : content.tensors) {
    const at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
    std::memcpy(values.mutable_data_ptr(), bytes.data() + at, bytes_of(tensor));
    tensor.copy_(values);
    at += bytes_of(tensor);
  }
  content.state = header.at("state");
  return {};
}

}  // namespace

void save_checkpoint(const fs::path& folder, std::uint64_t step,
                     const checkpoint_content& content) {
  write_durably(folder / fmt::format("checkpoint-{:010}.bin", step), serialized(content));
  const std::vector<fs::path> all = checkpoints(folder);
  for (std::size_t i = kKept; i < all.size(); ++i) fs::remove(all[i]);
}

std::optional<fs::path> load_checkpoint(const fs::path& folder, checkpoint_content& content,
                                        const checkpoint_judge& judge,
                                        const std::function<void(const std::string&)>& warn) {
  const std::vector<fs::path> all = checkpoints(folder);
  bool is_any_whole = false;
  for (const fs::path& path : all) {
    const std::optional<std::string> bytes = whole_content(path);
    is_any_whole = is_any_whole || bytes;
    const std::string reason = bytes ? restore(path, *bytes, judge, content)
                                     : "checkpoint is damaged (its checksum does not fit)";
    if (reason.empty()) return path;
    const bool is_last = path == all.back();
    if (is_last && is_any_whole) {
      throw input_error(path.string(), reason, "no other is there: give --force to start anew");
    }
    warn(path.string() + ": " + reason +
         (is_last ? "; no other is there: this starts anew" : "; the one before it is used"));
  }
  return std::nullopt;
}

}  // namespace pamkit::training

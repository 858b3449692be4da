#include "measurement/operand_sequence.hpp"

#include <string>

namespace pamkit::reports {

std::uint64_t sample_count(report_level level) {
  switch (level) {
    case report_level::quick:
      return std::uint64_t{1} << 16;
    case report_level::standard:
      return std::uint64_t{1} << 21;
    case report_level::exhaustive:
      return std::uint64_t{1} << 26;
  }
  return 0;
}

std::uint64_t stream_seed(const measurement_request& request, error_domain domain) {
  return stream_seed(request.seed, std::string(request.operation->name) + '/' +
                                       describe(request.format).name + '/' +
                                       std::string(name_of(domain)));
}

std::uint64_t stream_seed(std::uint64_t seed, std::string_view subject) {
  // FNV-1a over what names the stream: a task draws the same operands whatever else is measured.
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : subject) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return operand_sequence(hash ^ seed).next();
}

}  // namespace pamkit::reports

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pamkit::provenance {

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces; OpenSSL's implementation.
class sha256 {
 public:
  sha256();
  sha256(sha256&&) noexcept;
  sha256& operator=(sha256&&) noexcept;
  ~sha256();

  /// Appends bytes. Any split into pieces gives the same digest.
  void update(std::span<const std::byte> bytes);

  /// Appends the characters of `text`, without a terminating NUL.
  void update(std::string_view text);

  /// The digest of all bytes so far, 64 lower-case hexadecimal digits. More may be appended
  /// afterwards.
  std::string hex() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// sha256 of one text.
std::string sha256_hex(std::string_view text);

}  // namespace pamkit::provenance

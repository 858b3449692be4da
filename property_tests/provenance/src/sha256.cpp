#include "pamkit/provenance/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>
#include <stdexcept>

namespace pamkit::provenance {
namespace {

struct context_deleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using context_pointer = std::unique_ptr<EVP_MD_CTX, context_deleter>;

context_pointer make_context() {
  context_pointer context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  return context;
}

void require(int status) {
  if (status != 1) throw std::runtime_error("sha256: OpenSSL refused");
}

}  // namespace

struct sha256::state {
  context_pointer context = make_context();
};

sha256::sha256() : state_(std::make_unique<state>()) {
  require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}

sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;
sha256::~sha256() = default;

void sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

void sha256::update(std::string_view text) { update(std::as_bytes(std::span(text))); }

std::string sha256::hex() const {
  const context_pointer copy = make_context();
  require(EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()));
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr));
  constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  for (const unsigned char byte : digest) {
    result += kDigits[byte >> 4];
    result += kDigits[byte & 15];
  }
  return result;
}

std::string sha256_hex(std::string_view text) {
  sha256 hash;
  hash.update(text);
  return hash.hex();
}

}  // namespace pamkit::provenance

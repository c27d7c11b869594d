#include "prepared.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <iostream>

namespace creel::bench {
namespace {

[[noreturn]] void fail(std::string_view text) {
  std::cerr << "load: " << text << "\n";
  std::exit(64);
}

std::string key_of(std::string_view secret) {
  if (secret.starts_with("whsec_")) secret.remove_prefix(6);
  std::string key(secret.size(), '\0');
  int bytes =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                      reinterpret_cast<const unsigned char*>(secret.data()), static_cast<int>(secret.size()));
  if (bytes < 0) fail("the secret is not base64");
  while (secret.ends_with('=')) {
    secret.remove_suffix(1);
    --bytes;
  }
  key.resize(static_cast<std::size_t>(bytes));
  return key;
}

void append_hex(std::uint64_t value, std::string& out) {
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(value >> shift) & 15];
}

// A bijection of 64 bits that looks random (splitmix64's finish), so that ids never repeat within a run.
std::uint64_t scramble(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// HMAC-SHA256 under one key, many times.
class Mac {
 public:
  explicit Mac(const std::string& key) {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_ = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    char digest[] = "SHA256";
    const std::array parameters{OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                OSSL_PARAM_construct_end()};
    if (!EVP_MAC_init(context_, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                      parameters.data())) {
      fail("no HMAC-SHA256 in this OpenSSL");
    }
  }
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;
  ~Mac() { EVP_MAC_CTX_free(context_); }

  std::array<unsigned char, 32> operator()(std::string_view text) {
    std::array<unsigned char, 32> out{};
    std::size_t bytes = 0;
    EVP_MAC_init(context_, nullptr, 0, nullptr);
    EVP_MAC_update(context_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MAC_final(context_, out.data(), &bytes, out.size());
    return out;
  }

 private:
  EVP_MAC_CTX* context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

PreparedRequests::PreparedRequests(const RequestShape& shape, std::size_t count)
    : size_(count), corrupt_percent_(shape.corrupt_percent) {
  const std::string now = std::to_string(std::time(nullptr));

  body_ = R"({"id":"evt_685343a1381c819085d44c354e1b330e","object":"event","created_at":)" + now +
          R"(,"type":"response.completed","data":{)";
  number_at_ = body_.size() + kNumberMark.size();
  body_ += std::string(kNumberMark) + std::string(kNumberDigits, '0') + "\"";
  const std::string_view padded = R"(,"note":")", end = "}}";
  if (body_.size() + padded.size() + 1 + end.size() <= shape.body_bytes) {
    body_ += padded;
    while (body_.size() + 1 + end.size() < shape.body_bytes)
      body_ += "every event once, and none of them lost "[body_.size() % 40];
    body_ += "\"";
  }
  body_ += end;

  before_id_ = "POST " + shape.path + " HTTP/1.1\r\nHost: " + shape.host +
               "\r\nUser-Agent: OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
               "\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body_.size()) + "\r\nwebhook-id: ";
  between_ = "\r\nwebhook-timestamp: " + now + "\r\nwebhook-signature: v1,";
  after_signature_ = "\r\n\r\n";

  std::array<std::uint64_t, 2> seed{};
  RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), sizeof seed);
  Mac mac(key_of(shape.secret));
  marks_.reserve(count * kMarkBytes);
  std::string signed_text;
  std::array<unsigned char, kSignatureBytes + 1> encoded{};
  for (std::size_t i = 0; i < count; ++i) {
    signed_text = "wh_";
    append_hex(scramble(seed[0] + i), signed_text);
    append_hex(scramble(seed[1] ^ i), signed_text);
    marks_ += signed_text;
    signed_text += "." + now + ".";
    write_body(i, signed_text);
    auto digest = mac(signed_text);
    if (corrupt(i)) digest[0] ^= 1;
    EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    marks_.append(reinterpret_cast<const char*>(encoded.data()), kSignatureBytes);
  }
}

void PreparedRequests::write_body(std::size_t index, std::string& out) const {
  const std::size_t start = out.size();
  out += body_;
  for (std::size_t digit = 0; digit < kNumberDigits; ++digit) {
    out[start + number_at_ + digit] = "0123456789abcdef"[(index >> (4 * (kNumberDigits - 1 - digit))) & 15];
  }
}

void PreparedRequests::write(std::size_t index, std::string& out) const {
  const std::string_view mark = std::string_view(marks_).substr(index * kMarkBytes, kMarkBytes);
  out.assign(before_id_);
  out += mark.substr(0, kIdBytes);
  out += between_;
  out += mark.substr(kIdBytes);
  out += after_signature_;
  write_body(index, out);
}

}  // namespace creel::bench

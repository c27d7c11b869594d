// Signed webhooks, made before the clock starts and written down in full when they are sent.
//
// Each has a random id, as real ones are: ids that count up would flatter every index with a b-tree in it.
// Each body carries its number, so a destination can tell the order in which things were sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace creel::bench {

struct RequestShape {
  std::string host = "127.0.0.1:3000";  // for the Host header
  std::string path = "/webhooks/openai";
  std::string secret;            // "whsec_…"
  std::size_t body_bytes = 300;  // as far as an event can be that small
  int corrupt_percent = 0;       // so many get a signature with one bit turned
};

std::string sha256_hex(std::string_view bytes);

class PreparedRequests {
 public:
  static constexpr std::size_t kIdBytes = 35;         // "wh_" and 32 hex digits
  static constexpr std::size_t kSignatureBytes = 44;  // base64 of 32 bytes

  PreparedRequests(const RequestShape& shape, std::size_t count);

  std::size_t size() const { return size_; }
  std::size_t body_bytes() const { return body_.size(); }
  std::string_view id(std::size_t index) const {
    return std::string_view(marks_).substr(index * kMarkBytes, kIdBytes);
  }
  bool corrupt(std::size_t index) const { return static_cast<int>(index % 100) < corrupt_percent_; }

  // The whole request, into `out`, which keeps its memory.
  void write(std::size_t index, std::string& out) const;

  // Hex digits of a body's number, and where they begin in `body`; npos when it is not one of ours.
  static constexpr std::size_t kNumberDigits = 16;
  static constexpr std::string_view kNumberMark = "\"id\":\"resp_";

 private:
  static constexpr std::size_t kMarkBytes = kIdBytes + kSignatureBytes;
  void write_body(std::size_t index, std::string& out) const;

  std::size_t size_;
  int corrupt_percent_;
  std::string before_id_, between_, after_signature_;  // the head around id and signature
  std::string body_;                                   // with zeros where the number stands
  std::size_t number_at_ = 0;
  std::string marks_;  // id and signature of each request, back to back: 79 bytes a request
};

}  // namespace creel::bench

// libcurl's transfers, all on one thread, over two pools of connections.
//
// A connection that was made for a destination of ours must never serve one that is untrusted, whose
// addresses are checked: those have a pool of their own. Both move with one multi handle.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/model.h"
#include "core/threads.h"

namespace creel {

class HttpTransfer;
struct HttpReach;

class HttpMulti {
 public:
  explicit HttpMulti(std::size_t connections_max);
  // After all transfers.
  ~HttpMulti();
  HttpMulti(const HttpMulti&) = delete;
  HttpMulti& operator=(const HttpMulti&) = delete;

  // Moves all transfers on as far as they go without waiting, and calls on_end of those that ended.
  void perform() ON_DELIVER;
  // Waits until a transfer can move on, wake() was called, or the time is over.
  void wait(std::chrono::milliseconds at_most) ON_DELIVER;
  // From any thread: ends a wait(), or the next one.
  void wake();

 private:
  friend class HttpTransfer;

  void* multi_ = nullptr;      // CURLM
  void* untrusted_ = nullptr;  // CURLSH, with the pool of untrusted destinations
};

// One easy handle, and what came back through it. Used again and again.
class HttpTransfer {
 public:
  struct Limits {
    std::size_t reply_bytes_max = 1024;                 // of head and body, kept
    std::size_t body_bytes_max = std::size_t{1} << 20;  // read
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  };
  // `multi` and `reach` outlive it.
  HttpTransfer(HttpMulti& multi, const HttpReach& reach, const Limits& limits);
  virtual ~HttpTransfer();  // ends what runs
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

 protected:
  // Once begin() was true: the transfer has ended, and may begin again.
  virtual void on_end() ON_DELIVER = 0;

  // False when libcurl refuses.
  bool begin(std::chrono::milliseconds timeout) ON_DELIVER;

  // Of the transfer that ended.
  AttemptResult result() const;
  // The cause for a person, one sentence without a secret; "" for a success.
  std::string sentence() const;
  AttemptTimings timings() const;
  int status() const { return status_; }
  std::string& reply() { return reply_; }
  std::string_view body() const { return std::string_view(reply_).substr(body_at_); }  // as far as it is kept
  const std::string& retry_after() const { return retry_after_; }

  void* easy() const { return easy_; }  // CURL

 private:
  friend class HttpMulti;
  friend struct HttpReach;

  void end(int code) ON_DELIVER;
  void keep(std::string_view part);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* user);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* user);
  AttemptResult failure() const;

  HttpMulti& multi_;
  const HttpReach& reach_;
  const Limits limits_;
  void* easy_ = nullptr;
  bool is_running_ = false;
  std::array<char, 256> error_{};  // CURL_ERROR_SIZE

  int code_ = 0;  // CURLcode
  int status_ = 0;
  std::string reply_;
  std::size_t head_bytes_ = 0, body_bytes_ = 0, body_at_ = 0;
  bool is_too_long_ = false;
  std::string retry_after_;
  std::string refused_;  // why the guard let a connection not be
};

}  // namespace creel

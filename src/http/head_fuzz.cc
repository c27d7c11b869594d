// What check_head accepts Beast reads the same way, and nobody can disagree about where the request ends.
//
// The input is a head and whatever follows it. Beast is the other opinion: a parser of another author that is
// more lenient, so it has to accept all that ours accepts, with the same method, target, headers and body.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "http/chunked.h"
#include "http/head.h"

namespace {

namespace beast = boost::beast;
using creel::Header;
using creel::http::ChunkDecoder;
using creel::http::Head;
using creel::http::HeadLimits;

constexpr std::size_t kBodyBytesMax = 4096;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

// Collects what Beast understands.
class Opinion final : public beast::http::basic_parser<true> {
 public:
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  using Verb = beast::http::verb;
  using Field = beast::http::field;
  using Text = beast::string_view;
  using Error = beast::error_code;

  void on_request_impl(Verb, Text the_method, Text the_target, int, Error&) override {
    method = std::string(the_method);
    target = std::string(the_target);
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(Field, Text name, Text value, Error&) override { fields.emplace_back(name, value); }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text bytes, Error&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Error&) override {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(Error&) override {}
};

// The body by our own reading, and where the request ends; 0 where it does not end or is refused.
std::size_t read_body(const Head& head, std::size_t head_bytes, std::string_view input, std::string& body) {
  const std::string_view after = input.substr(head_bytes);
  if (!head.chunked) {
    if (head.content_length > after.size()) return 0;
    body = after.substr(0, static_cast<std::size_t>(head.content_length));
    return head_bytes + body.size();
  }
  std::string bytes(after);
  ChunkDecoder decoder(kBodyBytesMax);
  const auto progress = decoder.decode(bytes.data(), bytes);
  require(progress.produced <= progress.consumed && progress.consumed <= bytes.size(),
          "decoding makes nothing up");
  if (progress.status != ChunkDecoder::Status::done) return 0;
  body = bytes.substr(0, progress.produced);
  return head_bytes + progress.consumed;
}

void compare(const Head& head, const std::vector<Header>& headers, std::size_t head_bytes,
             std::string_view input) {
  std::string body;
  const std::size_t ends = read_body(head, head_bytes, input, body);

  Opinion beast_says;
  beast_says.eager(true);
  beast_says.header_limit(1 << 20);
  beast_says.body_limit(std::uint64_t{1} << 62);
  std::string_view rest = input;
  beast::error_code error;
  while (!rest.empty() && !beast_says.is_done()) {
    const std::size_t used = beast_says.put(boost::asio::buffer(rest.data(), rest.size()), error);
    rest.remove_prefix(used);
    if (error || used == 0) break;
  }
  require(beast_says.is_header_done(), "Beast reads a head that we accept");
  require(beast_says.method == head.method, "the same method");
  require(beast_says.target == head.target, "the same target");
  require(beast_says.chunked() == head.chunked, "the same coding");
  require(beast_says.fields.size() >= headers.size(), "no header more than Beast has");  // It adds trailers.
  for (std::size_t number = 0; number < headers.size(); ++number) {
    require(beast_says.fields[number].first == headers[number].name, "the same names");
    require(beast_says.fields[number].second == headers[number].value, "the same values");
  }
  if (ends == 0) return;
  // Beast gives meaning to trailers and so refuses some that are only dropped here. It may refuse, not see
  // another end.
  if (head.chunked && error) return;
  require(beast_says.is_done(), "Beast sees the end that we see");
  require(beast_says.body == body, "the same body");
  require(input.size() - rest.size() == ends, "the same end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits{.bytes_max = 4096, .headers_max = 20};
  std::size_t scanned = 0;
  const auto found = creel::http::find_head_end(input, scanned, limits);
  if (!found || *found == 0) return 0;
  std::vector<Header> headers;
  const std::string_view head_bytes = input.substr(0, *found);
  const auto head = creel::http::check_head(head_bytes, limits, headers);
  if (!head) {
    require(head.error().status >= 400 && !head.error().reason.empty(), "a refusal says why");
    return 0;
  }
  compare(*head, headers, *found, input);
  return 0;
}

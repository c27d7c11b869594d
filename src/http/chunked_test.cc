#include "http/chunked.h"

#include <string>

#include <gtest/gtest.h>

namespace creel::http {
namespace {

using Status = ChunkDecoder::Status;

struct Decoded {
  Status status = Status::more;
  std::string body;
  std::string rest;
};

// Decodes in place, as a session does, `step` bytes at a time.
Decoded decode(std::string bytes, std::size_t step = 1'000'000, std::uint64_t body_bytes_max = 100) {
  ChunkDecoder decoder(body_bytes_max);
  std::size_t written = 0;
  std::size_t read = 0;
  while (read < bytes.size()) {
    const auto progress = decoder.decode(bytes.data() + written, std::string_view(bytes).substr(read, step));
    written += progress.produced;
    read += progress.consumed;
    if (progress.status != Status::more)
      return {progress.status, bytes.substr(0, written), bytes.substr(read)};
  }
  return {Status::more, bytes.substr(0, written), ""};
}

TEST(Chunked, JoinsWhatCameInPieces) {
  const std::string bytes = "5\r\nhello\r\n00B;a=\"b\"\r\n wide world\r\n0\r\nA: b\r\nC:\r\n\r\nGET";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Decoded decoded = decode(bytes, step);
    EXPECT_EQ(decoded.status, Status::done);
    EXPECT_EQ(decoded.body, "hello wide world");
    EXPECT_EQ(decoded.rest, "GET");
  }
}

TEST(Chunked, GoesOnUntilTheLastEmptyLine) {
  const std::string bytes = "1\r\na\r\n0\r\n\r\n";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    EXPECT_EQ(decode(bytes.substr(0, cut)).status, Status::more);
  EXPECT_EQ(decode(bytes).status, Status::done);
}

TEST(Chunked, RefusesEveryOtherSpelling) {
  for (const char* bytes : {"\r\n",         " 1\r\na\r\n",     "1 \r\na\r\n",
                            "+1\r\n",       "-1\r\n",          "0x1\r\n",
                            "g\r\n",        "1\na\n",          "1\r\r\n",
                            "1\r\na\n",     "1\r\nab",         "1\r\na\rX",
                            "0\r\n\n",      "0\r\n\rX",        "0\r\n folded\r\n",
                            "0\r\n: a\r\n", "0\r\nA b: c\r\n", "0\r\nA: b\n",
                            "1;a\nb",       "1;\x01\r\n",      "0000000000000000\r\n"}) {
    EXPECT_EQ(decode(bytes).status, Status::malformed) << bytes;
  }
}

TEST(Chunked, SaysAtOnceThatAChunkIsTooLarge) {
  EXPECT_EQ(decode("65").status, Status::too_large);
  EXPECT_EQ(decode("64\r\n").status, Status::more);
  EXPECT_EQ(decode("1\r\na\r\n64").status, Status::too_large);
  EXPECT_EQ(decode("FFFFFFFFFFFFFFF\r\n").status, Status::too_large);
}

TEST(Chunked, BoundsWhatItDrops) {
  EXPECT_EQ(decode("1;" + std::string(4095, 'a') + "\r\n").status, Status::more);
  EXPECT_EQ(decode("1;" + std::string(4096, 'a') + "\r\n").status, Status::malformed);
  std::string many;
  for (int times = 0; times < 60; ++times)
    many += "1;" + std::string(99, 'a') + "\r\nb\r\n";
  EXPECT_EQ(decode(many).status, Status::malformed);
}

}  // namespace
}  // namespace creel::http

// The head of an event (request line and header lines) taken apart for a script, and put together again with
// what the script changed.
//
// Whatever did not change keeps its order, its spelling and its bytes, and nothing of a value can end a line:
// what could is refused.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace creel {

// One header line or one field of the query. The views point into the head.
struct HeadField {
  std::string_view text;        // as it stands there, without line end or '&'
  std::string_view shown_name;  // of a header as it is spelled
  std::string name;             // of a header in lower case, of the query decoded
  std::string value;            // of the query decoded
  bool is_field = true;         // Not for a line that is no header, and for nothing between two '&'.
};

// What a script wants of one name, all its values in order.
struct WantedField {
  std::string name;                        // as the script has it
  std::string normalised;                  // of a header in lower case; else the same
  std::size_t first_value = 0, count = 0;  // in HeadChange::values
};

struct HeadChange {
  std::vector<WantedField> fields;
  std::vector<std::string> values;

  void clear() {
    fields.clear();
    values.clear();
  }
};

// Memory is reused from head to head.
class TransformHead {
 public:
  // `head` must hold still until the next call.
  void read(std::string_view head);

  std::string_view method() const { return method_; }
  // As it came, without authority and query.
  std::string_view path() const { return path_; }
  const std::vector<HeadField>& headers() const { return headers_; }
  const std::vector<HeadField>& query() const { return query_; }

  // The head with these in place of its own; null means no change. Content-Type becomes JSON's, where the
  // body became JSON and the script did not say otherwise. The error is a sentence.
  std::expected<std::string, std::string> write(HeadChange* headers, HeadChange* query,
                                                bool body_became_json) const;

 private:
  void read_query(std::string_view query);
  void read_header(std::string_view line);
  std::string written_line(HeadChange* query) const;
  HeadChange all_headers() const;
  void set_json_type(HeadChange& headers) const;

  std::string_view head_, line_, method_, target_, path_, rest_;
  std::size_t query_at_ = 0;  // in the target; its size when there is none
  std::size_t query_end_ = 0;
  std::vector<HeadField> headers_, query_;
};

}  // namespace creel

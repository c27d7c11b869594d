// The resources of the API: each turns parameters into a question to the store, and the store's word into an
// answer.
//
// Questions run on a read thread and own everything they use.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admin/admin.h"
#include "admin/json.h"
#include "admin/query.h"
#include "admin/selection.h"
#include "core/metrics.h"
#include "http/http.h"
#include "store/store.h"

namespace creel::admin {

struct Answer {
  http::Response response;
  std::optional<EventId> event;  // of a search for one event, when it was found
  // Of a list of events: whether it holds none, and where to go on.
  bool is_empty = false;
  bool has_more = false;
  std::optional<EventId> next;
  // Of rejected requests that are to be accepted, when there was no error.
  std::optional<RejectedRequest> rejected;
  std::optional<RejectedPage> page;
};
using Question = std::move_only_function<Answer(Reader&, Staleness)>;

using Destinations = std::function<std::vector<DestinationStatus>()>;
// Why deliveries wait.
struct HeldReasons {
  // By destination; "" for one that takes them. Nothing when that is not known.
  std::optional<std::map<std::string, std::string, std::less<>>> destinations;
  // Of a delivery by itself; see AdminOptions::held.
  decltype(AdminOptions::held) delivery;
};
using Explain = std::function<std::vector<Finding>(const RejectedRequest&)>;

// --- Answers (answers.cc)
// --------------------------------------------------------------------------------------------

// A problem as RFC 9457 has them, with its name as `code`: the message says what is wrong and what to do.
http::Response error(int status, std::string_view code, std::string_view message);
http::Response error(StoreError trouble);
http::Response json_response(JsonWriter& json);
http::Response bytes_response(std::string bytes, std::string_view content_type);
// 400 for a parameter that is none of `known`.
std::optional<http::Response> complain_of_unknown(const Query& query,
                                                  const std::vector<std::string_view>& known);
// "limit": 1 to 1000, 50 without one.
std::expected<std::size_t, http::Response> limit_of(const Query& query);
// A time, nothing when the parameter is missing; 400 when it is none.
std::expected<std::optional<Time>, http::Response> time_of(const Query& query, std::string_view name);
http::Response bad_time(std::string_view name);
std::optional<std::uint64_t> parse_number(std::string_view text);
void write_staleness(JsonWriter& json, Staleness staleness);

// --- Events (events.cc)
// ----------------------------------------------------------------------------------------------

struct EventList {
  Selection selection;
  EventQuery query;              // without its filter, which is the selection's
  std::chrono::seconds wait{0};  // how long to wait for something after the cursor
};
// `with_wait`: that parameter is known too.
std::expected<EventList, http::Response> parse_event_list(const Query& query, bool with_wait);
Question list_events(const EventList& list, const AdminOptions& options);
// "cursor", "more" and "scanned" of a page; `before` is the cursor that it was asked with. At the end the
// cursor stays where it is, so that a reader of the oldest can come back and find what has come since.
void write_page_end(JsonWriter& json, const EventPage& page, std::optional<EventId> before);
// `id`: an event's, or a provider's that only one event has.
Question show_event(std::string id, const AdminOptions& options);
enum class EventPart { head, body };
Question event_bytes(std::string id, EventPart part);
std::expected<EventRow, http::Response> find_event(Reader& reader, std::string_view id) ON_READ;

// --- Deliveries (deliveries.cc)
// --------------------------------------------------------------------------------------

// The event that a command is about, when it has a delivery to `destination` ("": to any).
Question find_deliveries(std::string id, std::string destination);
// `held` as held_reason() says it.
void write_delivery_members(JsonWriter& json, const DeliveryRow& delivery, std::string_view held);
void write_history(JsonWriter& json, const DeliveryRow& delivery);
void write_delivery(JsonWriter& json, const DeliveryRow& delivery, std::string_view held, bool with_history);
// Those that a selection takes, of a page of events (delivery_list.cc).
std::expected<Question, http::Response> list_deliveries(const Query& query, const AdminOptions& options);
Question show_delivery(std::string id, const AdminOptions& options);
// Asks for them; `delivery` is called for one that is pending.
std::function<HeldReasons()> held_reasons(const AdminOptions& options);
// Why a delivery that is pending waits for more than its time: a transform failed, something is paused, its
// destination is held; "destination unknown" for one that is not configured; "" when nothing is known.
// `content` is null where it is not at hand.
std::string held_reason(const HeldReasons& held, const DeliveryRow& delivery, std::string_view source,
                        const StoredEvent* content);

// --- Rejected requests (rejected.cc; what changes them is in accept.h)
// ------------------------------------------------

std::expected<Question, http::Response> list_rejected(const Query& query);
Question show_rejected(std::string id);
Question explain_rejected(std::string id, const Explain& explain);
// For whoever accepts: the request, or a page of requests, and no response.
Question fetch_rejected(std::uint64_t id);
Question list_acceptable(RejectedQuery query);
std::expected<RejectedRequest, http::Response> find_rejected(Reader& reader, std::string_view id) ON_READ;
// Whether the body was kept as it came: else nothing can be verified any more.
inline bool is_whole(const RejectedRequest& rejected) {
  return rejected.body.size() == rejected.row.body_bytes;
}

// --- The others (destinations.cc, routes.cc, sources.cc, status.cc, metrics.cc)
// ------------------------------------------------

Question list_routes(const AdminOptions& options);
Question show_route(std::string name, const AdminOptions& options);
Question list_destinations(const AdminOptions& options);
Question show_destination(std::string name, const AdminOptions& options);
Question list_sources(const AdminOptions& options, Time now);
Question show_source(std::string name, const AdminOptions& options, Time now);
http::Response show_status(const StoreStatus& store, std::string_view version, Time started, Time now);

// What /metrics says beyond what the parts of the program count themselves: the state of the store and its
// deliveries.
class StoreMetrics {
 public:
  StoreMetrics(Metrics& metrics, std::string_view version);
  ~StoreMetrics();
  // Brings the gauges up to date and writes all metrics of the process.
  Question exposition(const Store& store, Time now);

 private:
  struct Gauges;
  std::shared_ptr<Gauges> gauges_;
};

}  // namespace creel::admin

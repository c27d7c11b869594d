// creel rejected accept
#include <fmt/format.h>

#include <map>
#include <ostream>

#include "cli/admin_client.h"
#include "cli/confirm.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

constexpr std::int64_t kCountMax = 1000;

// What became of one request, in a line.
std::string outcome_of(const Json& result) {
  const std::string id = shown(result.find("id")), what = result.text("result");
  const std::string event = result.text("event");
  if (what == "accepted") return fmt::format("{}: accepted as {}", id, event);
  if (what == "already_accepted")
    return event.empty() ? id + ": accepted before" : fmt::format("{}: accepted before as {}", id, event);
  if (what == "duplicate") return id + ": its event was there already";
  return fmt::format("{}: {}: {}: {}", id, what == "still_rejected" ? "still rejected" : "not tried",
                     displayed(result.text("cause")), displayed(result.text("text"), 1024));
}

int code_of(const Json& result) {
  const std::string what = result.text("result"), cause = result.text("cause");
  if (what == "still_rejected") return kNegative;
  if (what != "cannot") return kFine;
  const bool may_pass = cause.starts_with("store_") || cause == "stopping" || cause == "underway";
  return may_pass ? kTryAgain : kNegative;
}

int accept_one(AdminClient& client, const AcceptOptions& options, Io& io) {
  const auto result = client.post("/api/v1/rejected/" + percent_encoded(options.id) + "/accept");
  if (!result) return result.error();
  io.out << (options.format == Format::json ? result->dump() : outcome_of(*result)) << '\n';
  return code_of(*result);
}

// Of all slices together.
struct Tally {
  std::map<std::string, std::int64_t> results, causes;
  std::int64_t looked_at = 0;
  int code = kFine;

  std::int64_t of(const std::string& result) const {
    const auto found = results.find(result);
    return found == results.end() ? 0 : found->second;
  }
  void add(const Json& result) {
    ++looked_at;
    ++results[result.text("result")];
    const int code_now = code_of(result);
    if (code_now != kFine) ++causes[result.text("cause")];
    // What is rejected for good outweighs what may pass.
    if (code_now != kFine && code != kNegative) code = code_now;
  }
};

void summarize(const Tally& tally, Format format, Io& io) {
  if (format == Format::json) {
    Json summary = Json::object();
    for (const auto* name : {"accepted", "duplicate", "already_accepted", "still_rejected", "cannot"})
      summary.set(name, Json::of(tally.of(name)));
    io.out << summary.dump() << '\n';
    return;
  }
  io.out << fmt::format("{} accepted, {} there already, {} still rejected, {} not tried\n",
                        tally.of("accepted"), tally.of("duplicate") + tally.of("already_accepted"),
                        tally.of("still_rejected"), tally.of("cannot"));
  for (const auto& [cause, count] : tally.causes)
    complain(io.err, fmt::format("{} for {}", count, displayed(cause)));
}

struct Filter {
  std::string source, cause, since, until;
};

// How many it would be, at most kCountMax; the error is an exit code.
std::expected<std::int64_t, int> count(AdminClient& client, const Filter& filter) {
  std::string cursor;
  while (true) {
    QueryText query;
    query.add("source", filter.source).add("cause", filter.cause).add("since", filter.since);
    query.add("until", filter.until).add("accepted", "false").add("limit", std::to_string(kCountMax));
    query.add("cursor", cursor);
    const auto page = client.get("/api/v1/rejected" + query.text());
    if (!page) return std::unexpected(page.error());
    const auto found = static_cast<std::int64_t>(page->items("rejected").size());
    if (found > 0 || !page->is_true("more")) return found;
    cursor = shown(page->find("cursor"));
  }
}

int confirm(AdminClient& client, const Filter& filter, const AcceptOptions& options, Io& io) {
  if (options.yes) return kFine;
  if (!io.in_is_terminal) {
    complain(io.err, "this may accept many requests: say --yes");
    return kUsage;
  }
  const auto many = count(client, filter);
  if (!many) return many.error();
  const std::string act = fmt::format("accept {}{} rejected requests of {}", *many,
                                      *many >= kCountMax ? " or more" : "", displayed(filter.source));
  return cli::confirm(act, "say --yes", io);
}

int accept_all(AdminClient& client, const AcceptOptions& options, Io& io) {
  const auto since = time_text(options.since, "--since", io);
  const auto until = time_text(options.until, "--until", io);
  if (!since || !until) return kUsage;
  const Filter filter{options.source, options.cause, *since, *until};
  if (const int code = confirm(client, filter, options, io); code != kFine) return code;

  Json body = Json::object();
  body.set("source", Json::of(std::string_view(filter.source)));
  const auto add = [&body](std::string_view name, const std::string& text) {
    if (!text.empty()) body.set(name, Json::of(std::string_view(text)));
  };
  add("cause", filter.cause);
  add("since", filter.since);
  add("until", filter.until);
  Tally tally;
  while (true) {
    const auto slice = client.post("/api/v1/rejected/accept", body.dump());
    if (!slice) {
      if (tally.looked_at > 0) summarize(tally, options.format, io);
      return slice.error();
    }
    for (const Json& result : slice->items("results")) {
      tally.add(result);
      if (options.format == Format::json) io.out << result.dump() << '\n';
    }
    if (!slice->is_true("more")) break;
    complain(io.err,
             fmt::format("{} looked at, {} accepted; going on", tally.looked_at, tally.of("accepted")));
    body.set("cursor", *slice->find("cursor"));
  }
  summarize(tally, options.format, io);
  return tally.code;
}

}  // namespace

int rejected_accept(const AcceptOptions& options, Io& io) {
  const bool has_filter =
      !options.source.empty() || !options.cause.empty() || !options.since.empty() || !options.until.empty();
  if (options.all == !options.id.empty() || (!options.all && has_filter)) {
    complain(io.err, "say which: creel rejected accept REQUEST, or --all --source NAME");
    return kUsage;
  }
  if (options.all && options.source.empty()) {
    complain(io.err, "--all wants --source NAME");
    return kUsage;
  }
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  return options.all ? accept_all(*client, options, io) : accept_one(*client, options, io);
}

}  // namespace creel::cli

// creel trigger PROVIDER TYPE
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/units.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/webhook_maker.h"
#include "core/text.h"

namespace creel::cli {
namespace {

int list_types(const TriggerOptions& options, Io& io) {
  const auto source = signing_source(options.secret, io);
  if (!source) return source.error();
  for (std::string_view type : sample_types(*source->config.provider)) {
    io.out << (options.format == Format::json ? Json::object().set("type", Json::of(type)).dump()
                                              : std::string(type))
           << '\n';
  }
  return kFine;
}

int print_request(const TriggerOptions& options, WebhookMaker& maker, Io& io) {
  const auto webhook = maker.make();
  if (!webhook) return webhook.error();
  if (options.format == Format::json) {
    io.out << maker.shown_as_json(*webhook).dump() << '\n';
  } else {
    io.out << maker.shown(*webhook);
  }
  return kFine;
}

void report(const TriggerOptions& options, const WebhookMaker& maker, const MadeWebhook& webhook,
            const HttpAnswer& answer, Io& io) {
  if (options.format == Format::json) {
    io.out << Json::object()
                  .set("type", Json::of(options.type))
                  .set("webhook_id", Json::of(webhook.id))
                  .set("to", Json::of(maker.target()))
                  .set("status", Json::of(answer.status))
                  .set("answer", Json::of(displayed(answer.body, 4096)))
                  .dump();
  } else {
    io.out << answer.status << ' ' << displayed(answer.body, 4096);
  }
  io.out << std::endl;
}

int unreachable(const WebhookMaker& maker, std::string_view why, Io& io) {
  complain(io.err, fmt::format("cannot reach {}: {}. Start creel serve, or say where with --to URL",
                               maker.target(), why));
  return kUnreachable;
}

int send_in_turn(const TriggerOptions& options, WebhookMaker& maker, Io& io) {
  int code = kFine;
  for (int i = 0; i < options.repeat; ++i) {
    const auto webhook = maker.make();
    if (!webhook) return webhook.error();
    for (int copy = 0; copy <= options.chaos.duplicates; ++copy) {
      const auto answer = exchange(webhook->request);
      if (!answer) return unreachable(maker, answer.error().message, io);
      report(options, maker, *webhook, *answer, io);
      if (answer->status / 100 != 2) code = kNegative;
    }
  }
  return code;
}

double milliseconds(const LoadResult& result, double share) {
  const auto& latencies = result.latencies;
  if (latencies.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1) + 0.5);
  return static_cast<double>(latencies[at].count()) / 1000;
}

void summarise(const LoadResult& result, std::size_t sent, Format format, Io& io) {
  const double seconds = std::chrono::duration<double>(result.took).count();
  if (format == Format::json) {
    Json statuses = Json::object();
    for (const auto& [status, count] : result.statuses)
      statuses.set(fmt::to_string(status), Json::of(static_cast<std::int64_t>(count)));
    io.out << Json::object()
                  .set("sent", Json::of(static_cast<std::int64_t>(sent)))
                  .set("statuses", std::move(statuses))
                  .set("unanswered", Json::of(static_cast<std::int64_t>(result.unanswered)))
                  .set("seconds", Json{seconds})
                  .set("p50_ms", Json{milliseconds(result, 0.5)})
                  .set("p99_ms", Json{milliseconds(result, 0.99)})
                  .dump()
           << '\n';
    return;
  }
  io.out << fmt::format("sent {} in {:.1f} s ({:.1f}/s)\n", sent, seconds,
                        seconds > 0 ? static_cast<double>(sent) / seconds : 0);
  for (const auto& [status, count] : result.statuses)
    io.out << fmt::format("  {}        {}\n", status, count);
  if (result.unanswered > 0)
    io.out << fmt::format("  no answer  {} ({})\n", result.unanswered, displayed(result.failure));
  io.out << fmt::format("latency p50 {:.1f} ms, p99 {:.1f} ms\n", milliseconds(result, 0.5),
                        milliseconds(result, 0.99));
}

int send_at_rate(const TriggerOptions& options, double rate, WebhookMaker& maker, Io& io) {
  // Made once before the start, so that what is wrong is said and nothing is sent.
  auto webhook = maker.make();
  if (!webhook) return webhook.error();
  const auto copies = static_cast<std::size_t>(options.chaos.duplicates) + 1;
  Load load{.count = static_cast<std::size_t>(options.repeat) * copies,
            .rate = rate,
            .request =
                [&](std::size_t index) {
                  if (index > 0 && index % copies == 0) {
                    if (auto next = maker.make()) webhook = std::move(next);
                  }
                  return webhook->request;
                },
            .progress = {}};
  if (io.err_is_terminal) {
    load.progress = [&](std::size_t begun, std::size_t answered) {
      io.err << fmt::format("\r{} of {} sent, {} under way  ", begun, load.count, begun - answered)
             << std::flush;
    };
  }
  const LoadResult result = run_load(load);
  if (io.err_is_terminal) io.err << "\r\x1b[K" << std::flush;
  if (result.statuses.empty()) return unreachable(maker, result.failure, io);
  summarise(result, load.count, options.format, io);
  const auto is_good = [](const auto& each) { return each.first / 100 == 2; };
  return result.unanswered == 0 && std::ranges::all_of(result.statuses, is_good) ? kFine : kNegative;
}

}  // namespace

int trigger(const TriggerOptions& options, Io& io) {
  if (options.list) return list_types(options, io);
  std::optional<double> rate;
  if (!options.rate.empty()) {
    const auto read = parse_rate(options.rate);
    if (!read) {
      complain(io.err, "--rate: " + read.error());
      return kUsage;
    }
    rate = *read;
  }
  auto maker = WebhookMaker::open(options, io);
  if (!maker) return maker.error();
  if (options.print) return print_request(options, *maker, io);
  return rate ? send_at_rate(options, *rate, *maker, io) : send_in_turn(options, *maker, io);
}

}  // namespace creel::cli

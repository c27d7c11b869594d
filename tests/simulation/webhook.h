// A webhook on its way into the store, with everything its append points into.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"
#include "tests/support/vouch.h"

namespace creel::simulation {

struct Webhook {
  std::string source, type, head, body;
  std::vector<std::string> keys;  // one an item; the items share the body evenly
  std::vector<std::string> destinations;
  std::vector<std::optional<std::vector<Target>>> targets;  // one an item
  Time received;
  std::chrono::seconds window{0};

  std::string_view slice(std::size_t item) const {
    const std::size_t each = body.size() / keys.size();
    return std::string_view(body).substr(item * each, each);
  }
  // Where an item goes, and whether by way of a transform.
  std::map<std::string, bool> ways(std::size_t item) const {
    std::map<std::string, bool> ways;
    if (!targets[item]) {
      for (const std::string& destination : destinations)
        ways[destination] = false;
    } else {
      for (const Target& target : *targets[item])
        ways[destinations[target.destination]] = target.transformed;
    }
    return ways;
  }
};

class Sending final : public Append {
 public:
  // `answered` gets this one when it is done.
  Sending(std::unique_ptr<Webhook> webhook, std::vector<Sending*>& answered)
      : Sending(std::move(webhook), answered, std::make_unique<Views>()) {}

  void done() override { answered_.push_back(this); }
  const Webhook& webhook() const { return *webhook_; }

 private:
  struct Views {
    std::vector<NewItem> items;
    std::vector<std::string_view> destinations;
  };
  Sending(std::unique_ptr<Webhook> webhook, std::vector<Sending*>& answered, std::unique_ptr<Views> views)
      : Append(Genuine<Voucher>::vouch(view(*webhook, *views))),
        webhook_(std::move(webhook)),
        views_(std::move(views)),
        answered_(answered) {}

  static NewEvent view(const Webhook& webhook, Views& views) {
    for (std::size_t i = 0; i < webhook.keys.size(); ++i) {
      const std::string_view slice = webhook.slice(i);
      views.items.push_back({.dedupe_key = webhook.keys[i],
                             .provider_id = webhook.keys[i],
                             .type = webhook.type,
                             .subject = "batch_1",
                             .occurred = webhook.received,
                             .body_offset = static_cast<std::uint32_t>(slice.data() - webhook.body.data()),
                             .body_bytes = static_cast<std::uint32_t>(slice.size())});
      if (webhook.targets[i]) views.items.back().targets = *webhook.targets[i];
    }
    views.destinations.assign(webhook.destinations.begin(), webhook.destinations.end());
    return {.source = webhook.source,
            .received = webhook.received,
            .dedupe_window = webhook.window,
            .peer = "127.0.0.1",
            .secret_label = "first",
            .head = webhook.head,
            .body = webhook.body,
            .items = views.items,
            .destinations = views.destinations};
  }

  std::unique_ptr<Webhook> webhook_;
  std::unique_ptr<Views> views_;
  std::vector<Sending*>& answered_;
};

}  // namespace creel::simulation

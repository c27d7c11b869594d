// What the gateway is configured with at the moment: one immutable value that a reload puts another in the
// place of.
//
// Whoever has taken it goes on with it as long as they hold it, receivers and rows included.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "app/config.h"
#include "rules/routes.h"

namespace creel {

struct Live {
  struct Source {
    std::shared_ptr<const Receiver> receiver;
    ReceiverOptions options;  // it was made with
  };
  Config config;  // without its keys, which went to the receivers
  std::shared_ptr<const Routes> routes;
  std::map<std::string, Source, std::less<>> sources;

  const SourceConfig* find(std::string_view source) const;
};

// The keys that a source's tokens are checked with, where they are published; see ReceiverOptions::jwks.
using PublishedKeys =
    std::function<std::function<std::shared_ptr<const JwkSet>()>(const SourceConfig& source)>;

// Makes the receivers and the routes. `published` is asked for sources whose keys are fetched. The error, a
// sentence, is a filter that cannot be read: load_config() lets none through.
std::expected<std::shared_ptr<const Live>, std::string> make_live(Config config,
                                                                  const PublishedKeys& published);

// The crossing: a place that every thread may look into.
class LivePlace {
 public:
  std::shared_ptr<const Live> now() const {
    const std::lock_guard lock(mutex_);
    return live_;
  }
  void set(std::shared_ptr<const Live> live) {
    const std::lock_guard lock(mutex_);
    std::swap(live_, live);  // the old one goes after the lock
  }
  // Null when there is no such source.
  std::shared_ptr<const Receiver> receiver(std::string_view source) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Live> live_;
};

}  // namespace creel

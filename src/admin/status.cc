// How the process and its store stand.
#include "admin/resources.h"

namespace creel::admin {

http::Response show_status(const StoreStatus& store, std::string_view version, Time started, Time now) {
  const auto seconds = [](auto duration) { return std::chrono::duration<double>(duration).count(); };
  JsonWriter json;
  json.begin_object()
      .member("version", version)
      .member("started", started)
      .member("uptime_seconds",
              std::int64_t{std::chrono::floor<std::chrono::seconds>(now - started).count()});
  json.key("store").begin_object().member("can_commit", store.can_commit);
  if (!store.can_commit) json.member("reason", store.reason);
  json.member("synced", store.synced)
      .member("indexed", store.indexed)
      .member("index_lag_seconds", seconds(store.index_lag))
      .member("bytes", store.bytes)
      .end_object()
      .end_object();
  return json_response(json);
}

}  // namespace creel::admin

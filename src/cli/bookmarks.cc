// creel bookmarks list | get | add | remove
#include <fmt/format.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

std::string path_of(const std::string& name) {
  return "/api/v1/bookmarks/" + percent_encoded(name);
}

}  // namespace

int bookmarks_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto all = client->get("/api/v1/bookmarks");
  if (!all) return all.error();
  Table table({"BOOKMARK", "EVENT", "CREATED", "NOTE"});
  for (const Json& bookmark : all->items("bookmarks")) {
    if (options.names) {
      io.out << bookmark.text("name") << '\n';
    } else if (options.format == Format::json) {
      io.out << bookmark.dump() << '\n';
    }
    table.add({bookmark.text("name"), bookmark.text("event"), local_time(bookmark.text("created")),
               bookmark.text("note")});
  }
  if (options.names) return kFine;
  if (!table.has_rows()) complain(io.err, "no bookmarks");
  if (options.format == Format::text && table.has_rows()) table.print(io.out, {}, true);
  return kFine;
}

int bookmarks_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto bookmark = client->get(path_of(options.id));
  if (!bookmark) return bookmark.error();
  if (options.format == Format::json) {
    io.out << bookmark->dump() << '\n';
    return kFine;
  }
  std::vector<std::pair<std::string, std::string>> fields{{"bookmark", bookmark->text("name")},
                                                          {"event", bookmark->text("event")},
                                                          {"created", local_time(bookmark->text("created"))},
                                                          {"note", bookmark->text("note")}};
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(io.out, fields);
  return kFine;
}

int bookmarks_add(const BookmarkOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  Json body = Json::object();
  body.set("event", Json::of(std::string_view(options.event)));
  if (!options.note.empty()) body.set("note", Json::of(std::string_view(options.note)));
  const auto bookmark = client->put(path_of(options.name), body.dump());
  if (!bookmark) return bookmark.error();
  io.out << (options.format == Format::json
                 ? bookmark->dump()
                 : fmt::format("{} is event {}, and is kept until the bookmark is removed",
                               bookmark->text("name"), bookmark->text("event")))
         << '\n';
  return kFine;
}

int bookmarks_remove(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  if (const auto gone = client->remove(path_of(options.id)); !gone) return gone.error();
  if (options.format == Format::json) {
    io.out << Json::object().set("removed", Json::of(std::string_view(options.id))).dump() << '\n';
  } else {
    io.out << fmt::format("{} is removed\n", displayed(options.id));
  }
  return kFine;
}

}  // namespace creel::cli

// The commands that change deliveries: replay, retry, cancel, dlq; and jobs and bookmarks.
#include "cli/grammar.h"

namespace creel::cli {

void Grammar::selection_options(CLI::App* command, Selection& select, bool has_state) {
  const auto add = [command](const char* flag, std::string& into, const char* what, const char* type) {
    return command->add_option(flag, into, what)->type_name(type);
  };
  add("--source", select.source, "Only of this source", "NAME");
  command
      ->add_option("-e,--events,--type", select.types, "Only these types; * and ? match, a comma separates")
      ->expected(1)
      ->take_all()
      ->delimiter(',')
      ->type_name("GLOBS");
  add("--id", select.id, "Only with this id, be it creel's or the provider's", "ID");
  add("--subject", select.subject, "Only about this object, such as batch_42", "ID");
  add("--destination", select.destination, "Only with a delivery to this destination", "NAME");
  if (has_state) {
    add("--state", select.state, "Only with a delivery in this state", "pending|delivered|dead|cancelled")
        ->check(CLI::IsMember({"pending", "delivered", "dead", "cancelled"}));
  }
  add("--status", select.status, "Only whose newest attempt was answered with: 503, 5xx, 500-599", "STATUS");
  add("--error", select.error, "Only whose newest attempt ended so: timeout, connect, tls, status …",
      "RESULT");
  add("--since", select.since, "Only received since: 1h (ago), 2026-11-23T12:00:00Z or unix seconds", "TIME");
  add("--until", select.until, "Only received before", "TIME");
  add("--text", select.text, "Only with this text in body or headers", "TEXT");
  add("--filter", select.filter,
      "Only what a route with this filter would take: JSON, or a file of it behind @", "FILTER");
}

void Grammar::job_options(CLI::App* command) {
  command->add_flag("--plan", job_.plan, "Count what it would do, and change nothing");
  command->add_flag("-y,--yes", job_.yes, "Do not ask, also where it is more than one delivery");
  command->add_flag("--detach", job_.detach, "Print the job's id and do not wait for its end");
  command->add_option("--rate", job_.rate, "At most so many deliveries: 100/s, 1000/m")->type_name("RATE");
  command
      ->add_option("--idempotency-key", job_.idempotency_key,
                   "Said again with the same key it is the same job, and done once")
      ->type_name("KEY");
  server_options(command, job_.server);
  format_option(command, job_.format);
}

void Grammar::add_job(CLI::App* command, const char* ids, bool has_state,
                      int (*act)(const JobOptions&, Io&)) {
  command->add_option("ids", job_.select.ids, ids);
  selection_options(command, job_.select, has_state);
  command->add_flag("--all", job_.select.all, "Every one, without any filter");
  job_options(command);
  runs(command, [this, act] { return act(job_, io_); });
}

void Grammar::to_option(CLI::App* command) {
  command
      ->add_option("--to", job_.to,
                   "Deliver to this destination, whether or not a route leads there; may be given again "
                   "(default: wherever it went)")
      ->expected(1)
      ->take_all()
      ->delimiter(',')
      ->type_name("NAME");
}

void Grammar::add_replay() {
  CLI::App* replaying = command(
      "replay", kOperating, "Make new deliveries out of stored events",
      "Examples:\n"
      "  creel replay cev_0000000010000\n"
      "  creel replay --source openai --since 2h --plan\n"
      "  creel replay -e 'batch.*' --since 2026-11-23T12:00:00Z --to archive --rate 100/s --yes\n"
      "  creel replay --filter '{\"body\":{\"data\":{\"status\":\"failed\"}}}' --since 1d --detach --yes\n"
      "  creel replay --bookmark paid-invoice\n"
      "Exit codes: 0 done, 1 it failed, was cancelled or nothing matched, 64 nobody could be asked: say "
      "--yes.");
  replaying->add_option("--bookmark", job_.bookmark, "The event of this bookmark")->type_name("NAME");
  to_option(replaying);
  add_job(replaying, "Ids of events or deliveries", true, &replay);
}

void Grammar::add_changes() {
  CLI::App* retrying =
      command("retry", kOperating, "Deliver again, now: one event, or what is dead of all that match",
              "Examples:\n"
              "  creel retry cev_0000000010000\n"
              "  creel retry cev_0000000010000 --destination app\n"
              "  creel retry cev_0000000010000.app.1\n"
              "  creel retry --destination app --status 5xx --since 1h --plan\n"
              "  creel retry --source openai --state delivered --since 10m --yes\n"
              "Of all that match only dead deliveries are retried, unless --state says otherwise.");
  add_job(retrying, "Ids of events or deliveries", true, &retry);

  CLI::App* cancelling = command("cancel", kOperating, "Stop trying to deliver, and give up what is dead",
                                 "Examples:\n"
                                 "  creel cancel cev_0000000010000 --yes\n"
                                 "  creel cancel cev_0000000010000 --destination app\n"
                                 "  creel cancel --destination app --state pending --until 1d --plan");
  add_job(cancelling, "Ids of events or deliveries", true, &cancel);
}

void Grammar::add_dlq() {
  CLI::App* dlq = command("dlq", kOperating, "Show, retry and drop dead letters",
                          "Examples:\n"
                          "  creel dlq list --destination app --since 1d\n"
                          "  creel dlq get cev_0000000010000.app.1\n"
                          "  creel dlq retry cev_0000000010000.app.1\n"
                          "  creel dlq retry --destination app --status 503\n"
                          "  creel dlq drop --error timeout --until 7d --plan\n"
                          "  creel dlq retry --all --yes");
  dlq->require_subcommand(1);
  CLI::App* list = dlq->add_subcommand("list", "List dead letters, those of the newest events first");
  selection_options(list, events_list_.select, false);
  page_options(list);
  runs(list, [this] { return dlq_list(events_list_, io_); });

  CLI::App* get = dlq->add_subcommand("get", "Show one dead letter with every attempt");
  get->add_option("delivery", one_.id, "Its id, or an event's")->required();
  server_options(get, one_.server);
  format_option(get, one_.format);
  runs(get, [this] { return dlq_get(one_, io_); });

  add_job(dlq->add_subcommand("retry", "Deliver dead letters again, now"), "Ids of events or deliveries",
          false, &dlq_retry);
  add_job(dlq->add_subcommand("drop", "Give dead letters up: they are cancelled"),
          "Ids of events or deliveries", false, &dlq_drop);
}

void Grammar::add_one(CLI::App* group, const char* name, const char* argument, const char* what,
                      int (*act)(const OneOptions&, Io&)) {
  CLI::App* one = group->add_subcommand(name, what);
  one->add_option(argument, one_.id, "Which")->required();
  server_options(one, one_.server);
  format_option(one, one_.format);
  runs(one, [this, act] { return act(one_, io_); });
}

void Grammar::add_jobs() {
  CLI::App* jobs = command("jobs", kOperating, "Show, follow and stop what replay, retry and cancel began",
                           "Examples:\n"
                           "  creel jobs list\n"
                           "  creel jobs wait job_7\n"
                           "  creel jobs cancel job_7\n"
                           "A job outlives a restart of creel and goes on where it stood.");
  jobs->require_subcommand(1);
  list_of(jobs, "List them, the newest first", &jobs_list);
  add_one(jobs, "get", "job", "Show one with what it is to do and how far it is", &jobs_get);
  add_one(jobs, "cancel", "job", "Stop one; what it has done stays done", &jobs_cancel);
  add_one(jobs, "wait", "job", "Follow one to its end: 0 done, 1 failed, cancelled or nothing matched",
          &jobs_wait);
}

void Grammar::add_bookmarks() {
  CLI::App* bookmarks =
      command("bookmarks", kOperating, "Give events names, keep them, and replay them at will",
              "Examples:\n"
              "  creel bookmarks add paid-invoice cev_0000000010000 --note 'with two lines'\n"
              "  creel bookmarks replay paid-invoice --to app\n"
              "  creel bookmarks list\n"
              "An event that has a bookmark is kept however old it gets.");
  bookmarks->require_subcommand(1);
  list_of(bookmarks, "List them", &bookmarks_list);
  add_one(bookmarks, "get", "bookmark", "Show one", &bookmarks_get);

  CLI::App* add = bookmarks->add_subcommand("add", "Give an event a name; a name that is there gets another");
  add->add_option("name", bookmark_.name, "Letters, digits and . _ -, at most 100")->required();
  add->add_option("event", bookmark_.event, "The event's id, creel's or the provider's")->required();
  add->add_option("--note", bookmark_.note, "What is worth knowing of it")->type_name("TEXT");
  server_options(add, bookmark_.server);
  format_option(add, bookmark_.format);
  runs(add, [this] { return bookmarks_add(bookmark_, io_); });

  add_one(bookmarks, "remove", "bookmark", "Take a name away; its event is then kept as others are",
          &bookmarks_remove);

  CLI::App* replaying = bookmarks->add_subcommand("replay", "Make new deliveries of its event");
  replaying->add_option("bookmark", job_.bookmark, "Which")->required();
  to_option(replaying);
  job_options(replaying);
  runs(replaying, [this] { return replay(job_, io_); });
}

}  // namespace creel::cli

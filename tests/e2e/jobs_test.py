"""Dead letters, replay, jobs and bookmarks with the commands of a new user, and jobs that are killed on their way."""
import collections
import json
import signal
import subprocess
import time
import unittest

from gateway import PROGRAM, Gateway, Handler, Webhook, eventually

# One attempt and it is dead; in line with no breaker.
ONCE = 'retry = { initial = "20ms", factor = 1, max = "20ms", jitter = 0, attempts = 1 }'


def toml(handler, names):
    text = "[sources.openai]\n"
    for name in names:
        text += f'[destinations.{name}]\nurl = "{handler.url}/{name}"\n{ONCE}\nconcurrency = 64\n'
    return text


def destination(request):
    return request["path"].rpartition("/")[2]


class WithCommands:
    """What both kinds of tests do."""

    def cli(self, *arguments, code=0, **more):
        done = self.creel.cli(*arguments, **more)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def objects(self, *arguments, **more):
        return [json.loads(line) for line in self.cli(*arguments, "--format", "json", **more).splitlines()]

    def post(self, count=1, type="response.completed", **more):
        hooks = [Webhook(type=type, **more) for _ in range(count)]
        self.creel.post_all(hooks)
        return [hook.id for hook in hooks]

    def until_states(self, type, **wanted):
        """Once so many deliveries of events of this type are in these states, and no others."""
        def there():
            states = collections.Counter(delivery["state"] for event in self.creel.events(f"&type={type}")
                                         for delivery in event["deliveries"])
            return states == collections.Counter(wanted)
        eventually(there, f"{type}: {wanted}")

    def deliveries_at(self, name):
        """The ids of the deliveries that came to a destination, each time that one came."""
        with self.handler.lock:
            return [request["headers"]["creel-delivery-id"] for request in self.handler.requests
                    if destination(request) == name]


class Operating(WithCommands, unittest.TestCase):
    """One gateway; each test has types of its own. Everything goes to app, and nothing is routed to archive."""

    @classmethod
    def setUpClass(cls):
        cls.replies = {}
        cls.handler = cls.enterClassContext(Handler(reply=cls.reply))
        cls.creel = cls.enterClassContext(Gateway(
            toml=toml(cls.handler, ("app", "books", "archive"))
            + '[[routes]]\nfrom = "openai"\nto = "app"\n[[routes]]\nfrom = "openai"\ntypes = "both.*"\nto = "books"\n'))

    @classmethod
    def reply(cls, request):
        type = json.loads(request["body"])["type"].partition(".")[0]
        return cls.replies.get((destination(request), type), 200)

    def dead(self, type, count=1, status=503):
        """Events of this type that are dead letters of app; what comes next is accepted."""
        self.replies["app", type] = status
        ids = self.post(count, type + ".x")
        self.until_states(type + ".x", dead=count)
        self.replies["app", type] = 200
        return ids

    def test_dead_letters_are_listed_shown_retried_and_dropped(self):
        ids = self.dead("letter", 3)
        letters = self.objects("dlq", "list", "--type", "letter.*")
        self.assertEqual([letter["state"] for letter in letters], ["dead"] * 3)
        self.assertEqual(letters[0]["last_attempt"]["status"], 503)
        table = self.cli("dlq", "list", "--type", "letter.*").splitlines()
        self.assertRegex(table[0], "^DELIVERY +TYPE +LAST TRY +TRIES +WHY$")
        self.assertRegex(table[1], r"^cev_\w+\.app\.1 +letter\.x +\d.* ago +1 +status 503$")
        self.assertLessEqual(max(map(len, table)), 80)

        first, second, third = [letter["id"] for letter in letters]
        shown = self.cli("dlq", "get", first)
        self.assertIn("state        dead", shown)
        self.assertIn("status 503", shown)
        self.assertEqual(self.objects("dlq", "get", ids[0])[0]["state"], "dead")

        self.assertRegex(self.cli("dlq", "retry", first), r"^job_\d+: done: 1 delivery retried, ")
        self.until_states("letter.x", dead=2, delivered=1)
        self.assertIn("no dead letter", self.creel.cli("dlq", "get", first).stderr)
        self.assertRegex(self.cli("dlq", "drop", second), r"^job_\d+: done: 1 delivery cancelled, ")
        self.until_states("letter.x", dead=1, delivered=1, cancelled=1)
        self.cli("dlq", "get", "cev_0000000000000.app.1", code=66)
        # Nothing that is over is a dead letter.
        self.cli("dlq", "retry", first, second, "--yes", code=1)
        self.cli("dlq", "drop", third)

    def test_what_changes_many_is_counted_and_asked_about(self):
        self.dead("asked", 3)
        done = self.creel.cli("dlq", "retry", "--type", "asked.*")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("would retry 3 deliveries of 3 events", done.stderr)
        self.assertIn("this would retry 3 deliveries: say --yes", done.stderr)
        plan = self.objects("dlq", "retry", "--type", "asked.*", "--plan")[0]
        self.assertEqual((plan["events"], plan["deliveries"], plan["destinations"]), (3, 3, {"app": 3}))
        self.cli("dlq", "retry", code=64)
        self.until_states("asked.x", dead=3)
        self.cli("dlq", "retry", "--type", "asked.*", "--yes")
        self.until_states("asked.x", delivered=3)
        self.cli("dlq", "retry", "--type", "asked.*", "--plan", code=1)

    def test_all_dead_letters_at_once(self):
        self.dead("every", 2)
        self.assertEqual({letter["type"] for letter in self.objects("dlq", "list")}, {"every.x"})
        self.assertEqual(self.objects("dlq", "retry", "--all", "--yes")[0]["deliveries"], 2)
        self.until_states("every.x", delivered=2)
        self.cli("dlq", "drop", "--all", "--yes", code=1)

    def test_retry_and_cancel_by_filter(self):
        ids = self.dead("by", 2, status=500)
        wanted = ("--filter", '{"body":{"type":"by.x"}}', "--error", "status", "--since", "10m")
        self.cli("retry", *wanted, "--status", "404", "--yes", code=1)
        wanted += ("--status", "5xx")
        self.assertEqual(len(self.objects("events", "list", *wanted)), 2)
        self.assertEqual(self.objects("retry", *wanted, "--yes")[0]["deliveries"], 2)
        self.until_states("by.x", delivered=2)
        # Delivered ones only when that is said.
        self.cli("retry", "--type", "by.x", "--yes", code=1)
        self.assertEqual(self.objects("retry", "--type", "by.x", "--state", "delivered", "--yes")[0]["deliveries"], 2)
        eventually(lambda: all(self.objects("events", "get", id)[0]["deliveries"][0]["attempts"] == 3 for id in ids),
                   "they were delivered again")

        self.cli("destinations", "pause", "books")
        (id,) = self.post(1, "both.x")
        self.until_states("both.x", delivered=1, held=1)
        text = json.loads(self.creel.raw(id))["data"]["id"]
        self.assertEqual(len(self.objects("events", "list", "--text", text)), 1)
        self.assertRegex(self.cli("cancel", "--text", text, "--destination", "books"), r"1 delivery cancelled")
        self.until_states("both.x", delivered=1, cancelled=1)
        self.cli("destinations", "resume", "books")

    def test_one_delivery_is_retried_and_cancelled_by_its_id(self):
        (id,) = self.dead("one")
        delivery = self.objects("events", "get", id)[0]["deliveries"][0]["id"]
        self.assertEqual(self.cli("retry", delivery), f"{delivery}: retry accepted\n")
        self.until_states("one.x", delivered=1)
        self.cli("cancel", delivery, code=1)

    def test_a_replay_makes_new_deliveries_where_they_went_before(self):
        (id,) = self.post(1, "both.again")
        self.until_states("both.again", delivered=2)
        self.assertEqual(self.cli("replay", id, code=64), "")
        self.assertRegex(self.cli("replay", id, "--plan"),
                         r"^would replay 2 deliveries of 1 event .*\n  DESTINATION +DELIVERIES\n  app +1\n  books +1\n$")
        self.assertRegex(self.cli("replay", id, "--yes"), r"^job_\d+: done: 2 deliveries replayed, 1 event looked at\n")
        self.until_states("both.again", delivered=4)
        self.assertRegex(self.cli("replay", id, "--destination", "books"), "1 delivery replayed")
        self.until_states("both.again", delivered=5)
        ids = [d["id"].partition(".")[2] for d in self.objects("events", "get", id)[0]["deliveries"]]
        self.assertEqual(sorted(ids), ["app.1", "app.2", "books.1", "books.2", "books.3"])
        history = self.objects("events", "get", id)[0]["deliveries"][-1]["history"]
        self.assertEqual(history[-1]["trigger"], "replay")

    def test_a_replay_goes_to_a_destination_that_no_route_leads_to(self):
        ids = self.post(5, "unrouted.x")
        self.until_states("unrouted.x", delivered=5)
        self.cli("replay", "--type", "unrouted.*", "--to", "archive", "--yes")
        self.until_states("unrouted.x", delivered=10)
        with self.handler.lock:
            archived = [r["headers"]["webhook-id"] for r in self.handler.requests if destination(r) == "archive"]
        self.assertEqual(sorted(set(ids) & set(archived)), sorted(ids))
        self.cli("replay", "--type", "unrouted.*", "--to", "nowhere", "--yes", code=65)

    def test_a_rate_spreads_a_replay(self):
        self.post(40, "slow.x")
        self.until_states("slow.x", delivered=40)
        begun = time.monotonic()
        self.cli("replay", "--type", "slow.*", "--rate", "20/s", "--yes")
        self.assertGreater(time.monotonic() - begun, 0.7)
        self.until_states("slow.x", delivered=80)

    def test_a_job_is_followed_stopped_and_asked_for_once(self):
        self.post(60, "watched.x")
        self.until_states("watched.x", delivered=60)
        wanted = ("replay", "--type", "watched.*", "--rate", "10/s", "--yes", "--detach", "--idempotency-key", "night-1")
        job = self.cli(*wanted).strip()
        self.assertRegex(job, r"^job_\d+$")
        self.assertEqual(self.cli(*wanted).strip(), job)
        other = self.creel.cli("replay", "--all", "--yes", "--idempotency-key", "night-1")
        self.assertEqual(other.returncode, 65, other.stderr)

        shown = self.objects("jobs", "get", job)[0]
        self.assertEqual((shown["kind"], shown["state"], shown["rate"]), ("replay", "running", "10/s"))
        self.assertIn("select      ", self.cli("jobs", "get", job))
        table = self.cli("jobs", "list").splitlines()
        self.assertRegex(table[1], rf"^{job} +replay +running ")
        self.assertLessEqual(max(map(len, table)), 80)
        self.assertIn(job, self.cli("jobs", "list", "--names").split())

        with self.follow(job) as waiting:
            waiting.send_signal(signal.SIGINT)
            self.assertEqual(waiting.wait(20), 130)
            self.assertIn(f"creel jobs cancel {job} stops it", waiting.stderr.read())
        self.assertEqual(self.objects("jobs", "get", job)[0]["state"], "running")

        self.assertRegex(self.cli("jobs", "cancel", job), rf"^{job}: cancelled: \d+ deliver(y|ies) replayed")
        self.cli("jobs", "cancel", job, code=1)
        self.assertIn("cancelled", self.cli("jobs", "wait", job, code=1))
        self.cli("jobs", "get", "job_999", code=66)
        self.cli("jobs", "wait", "nonsense", code=66)

    def follow(self, job):
        """`creel jobs wait`, once it has said that it follows."""
        env = {**self.creel.environment(), "CREEL_SERVER": f"http://127.0.0.1:{self.creel.admin_port}",
               "CREEL_ADMIN_TOKEN": self.creel.token()}
        process = subprocess.Popen([PROGRAM, "jobs", "wait", job], env=env, cwd=self.creel.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.assertIn("ctrl-C leaves it running", process.stderr.readline())
        return process

    def test_bookmarks_name_events_and_replay_them(self):
        (id,) = self.post(1, "marked.x")
        self.until_states("marked.x", delivered=1)
        event = self.objects("events", "get", id)[0]["id"]
        self.assertIn(f"paid.v1 is event {event}", self.cli("bookmarks", "add", "paid.v1", id, "--note", "two lines"))
        self.assertEqual(self.objects("bookmarks", "list")[0]["note"], "two lines")
        self.assertRegex(self.cli("bookmarks", "list"), rf"^BOOKMARK +EVENT +CREATED +NOTE\npaid.v1 +{event} ")
        self.assertIn(event, self.cli("bookmarks", "get", "paid.v1"))
        self.cli("bookmarks", "replay", "paid.v1", "--to", "archive")
        self.cli("replay", "--bookmark", "paid.v1", code=64)
        self.cli("replay", "--bookmark", "paid.v1", "--yes")
        self.until_states("marked.x", delivered=4)  # app, archive, and both again.
        self.cli("bookmarks", "add", "a/b", id, code=65)
        self.cli("bookmarks", "add", "none", "wh_none", code=66)
        self.assertEqual(self.cli("bookmarks", "remove", "paid.v1"), "paid.v1 is removed\n")
        self.cli("bookmarks", "get", "paid.v1", code=66)
        self.cli("replay", "--bookmark", "paid.v1", code=66)

    def test_mistakes_are_told_before_anything_is_done(self):
        for arguments, code, said in (
                (("replay",), 64, "say which"), (("replay", "--all", "--since", "1h"), 64, "--all means every one"),
                (("replay", "--filter", '{"body":{"a":{"$regex":"x"}}}'), 65, "body.a.$regex"),
                (("retry", "--filter", "@nothing.json"), 66, "cannot read nothing.json"),
                (("cancel", "--status", "many", "--yes"), 65, "status"), (("retry", "--error", "bad", "--yes"), 65, "error"),
                (("replay", "cev_0000000000000", "--yes"), 1, "nothing matched"),
                (("replay", "--all", "--rate", "x"), 64, "--rate")):
            done = self.creel.cli(*arguments)
            self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr}")
            self.assertIn(said, done.stderr)


class Rebuilt(WithCommands, unittest.TestCase):
    """What operators did is in the journal: an index made anew shows the same."""

    def test_jobs_pauses_bookmarks_and_dead_letters(self):
        statuses = {"app": 500}
        self.handler = self.enterContext(Handler(reply=lambda request: statuses.get(destination(request), 200)))
        self.creel = self.enterContext(Gateway(toml=toml(self.handler, ("app", "archive"))
                                               + '[[routes]]\nfrom = "openai"\nto = "app"\n'))
        ids = self.post(30)
        self.until_states("*", dead=30)
        self.cli("dlq", "drop", ids[0], ids[1], code=65)  # Of many they are creel's own.
        letters = [letter["id"] for letter in self.objects("dlq", "list")]
        self.cli("dlq", "drop", *letters[:5], "--yes")
        statuses["app"] = 200
        self.cli("dlq", "retry", *letters[5:15], "--yes")
        self.until_states("*", dead=15, cancelled=5, delivered=10)
        self.cli("replay", "--all", "--to", "archive", "--yes")
        self.until_states("*", dead=15, cancelled=5, delivered=40)
        stopped = self.cli("replay", "--all", "--rate", "5/s", "--yes", "--detach").strip()
        self.cli("jobs", "cancel", stopped)
        self.cli("bookmarks", "add", "first", ids[0], "--note", "the first")
        for command in (("destinations", "pause", "archive"), ("sources", "pause", "openai")):
            self.cli(*command)

        def shown():
            events = {event["id"]: event for event in self.creel.events()}
            pauses = [self.objects(what, "get", name)[0]["pause"]
                      for what, name in (("destinations", "archive"), ("destinations", "app"), ("sources", "openai"))]
            return (self.objects("jobs", "list"), self.objects("bookmarks", "list"), self.objects("dlq", "list"), pauses,
                    [self.objects("events", "get", id)[0]["deliveries"] for id in sorted(events)])
        before = shown()
        self.creel.stop()
        self.cli("doctor", "--store", self.creel.store, "--rebuild-index")
        self.creel.start()
        self.maxDiff = None
        for was, now in zip(before, shown()):
            self.assertEqual(was, now)


class Killed(WithCommands, unittest.TestCase):
    """A job that a kill -9 interrupts goes on after the restart, and does everything once."""

    EVENTS = 600

    def setUp(self):
        self.status = 200
        self.handler = self.enterContext(Handler(reply=lambda request: self.status if destination(request) == "app" else 200))
        self.creel = self.enterContext(Gateway(toml=toml(self.handler, ("app", "archive"))
                                               + '[[routes]]\nfrom = "openai"\nto = "app"\n'))

    def kill_on_the_way(self, *command):
        """Begins a job that takes a while and kills creel three times while it runs; gives it once it is done."""
        job = self.cli(*command, "--rate", "200/s", "--yes", "--detach").strip()
        for goal in (0.1, 0.4, 0.7):
            def is_there():
                return self.objects("jobs", "get", job)[0]["deliveries"] >= goal * self.EVENTS
            eventually(is_there, f"{job} is at {goal}")
            self.assertEqual(self.objects("jobs", "get", job)[0]["state"], "running")
            self.creel.kill()
            self.creel.start()
        done = self.objects("jobs", "wait", job)[0]
        self.assertEqual((done["state"], done["deliveries"], done["progress"]), ("done", self.EVENTS, 1))
        return done

    def everything(self):
        return [delivery for event in self.creel.events() for delivery in event["deliveries"]]

    def test_during_a_replay(self):
        self.post(self.EVENTS)
        self.until_states("*", delivered=self.EVENTS)
        events = {event["id"] for event in self.creel.events()}
        self.kill_on_the_way("replay", "--type", "response.*", "--to", "archive")
        self.until_states("*", delivered=2 * self.EVENTS)
        # At the handler: exactly one new delivery an event. One whose outcome a kill took comes again, as itself.
        self.assertEqual(set(self.deliveries_at("archive")), {id + ".archive.1" for id in events})
        self.assertEqual(len(self.everything()), 2 * self.EVENTS)

        # The same where it went before: the next ordinal of each, and no other.
        self.kill_on_the_way("replay", "--source", "openai", "--destination", "app")
        self.until_states("*", delivered=3 * self.EVENTS)
        self.assertEqual(set(self.deliveries_at("app")), {f"{id}.app.{n}" for id in events for n in (1, 2)})

    def test_during_a_retry(self):
        self.status = 500
        self.post(self.EVENTS)
        self.until_states("*", dead=self.EVENTS)
        self.status = 200
        before = collections.Counter(self.deliveries_at("app"))
        self.kill_on_the_way("dlq", "retry", "--all")
        self.until_states("*", delivered=self.EVENTS)
        self.assertEqual(set(self.deliveries_at("app")), set(before))
        self.assertEqual([d["attempts"] for d in self.everything()], [2] * self.EVENTS)

    def test_during_a_drop(self):
        self.status = 500
        self.post(self.EVENTS)
        self.until_states("*", dead=self.EVENTS)
        seen = len(self.deliveries_at("app"))
        self.kill_on_the_way("dlq", "drop", "--status", "500")
        self.until_states("*", cancelled=self.EVENTS)
        self.assertEqual(len(self.deliveries_at("app")), seen)
        self.assertEqual(self.objects("dlq", "list"), [])


if __name__ == "__main__":
    unittest.main()

"""The commands with which somebody sees why deliveries wait, stops them and lets them go on."""
import json
import os
import subprocess
import tempfile
import unittest

from gateway import PROGRAM, Gateway, Handler, Webhook, eventually

QUICK = 'retry = { initial = "50ms", factor = 1, max = "50ms", jitter = 0 }'


class Operate(unittest.TestCase):
    """One gateway; each test has a destination, a source or a route of its own."""

    NAMES = ("app", "books", "weak", "gone", "flaky", "named", "unnamed")

    @classmethod
    def setUpClass(cls):
        cls.replies = {}
        cls.handler = cls.enterClassContext(
            Handler(reply=lambda request: cls.replies.get(request["path"].rpartition("/")[2], 200)))
        toml = "[sources.openai]\n[sources.other]\nprovider = \"openai\"\nsecrets = [\"${OPENAI_WEBHOOK_SECRET}\"]\npath = \"/other\"\n"
        for name in cls.NAMES:
            toml += f'[destinations.{name}]\nurl = "{cls.handler.url}/{name}"\n{QUICK}\n'
            if name == "weak":
                toml += 'breaker = { attempts = 4, window = "10s", probe_after = "300ms" }\nrate = "500/s"\n'
        for name in cls.NAMES:
            if name != "unnamed":
                toml += f'[[routes]]\nname = "to-{name}"\n'
                toml += f'from = ["openai", "other"]\ntypes = ["{name}.*"]\nto = ["{name}"]\n'
        toml += '[[routes]]\nfrom = "openai"\ntypes = ["unnamed.*"]\nto = "unnamed"\n'
        cls.creel = cls.enterClassContext(Gateway(toml=toml))

    def cli(self, *arguments, code=0, **more):
        done = self.creel.cli(*arguments, **more)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def one(self, what, name):
        return json.loads(self.cli(what, "get", name, "--format", "json"))

    def post(self, type, path="/webhooks/openai"):
        webhook = Webhook(type=type)
        self.assertEqual(self.creel.post(webhook, path).status, 200)
        return webhook.id

    def delivery(self, id):
        return json.loads(self.cli("events", "get", id, "--format", "json"))["deliveries"][0]

    def until(self, id, state):
        """The delivery of the event with this id of the provider's, once it is in that state."""
        def there():
            done = self.creel.cli("events", "get", id, "--format", "json")
            if done.returncode != 0:
                return None
            delivery = json.loads(done.stdout)["deliveries"][0]
            return delivery if delivery["state"] == state else None
        return eventually(there, f"{id} is {state}")

    def test_a_paused_destination_holds_what_comes_until_it_is_resumed(self):
        said = self.cli("destinations", "pause", "app")
        self.assertEqual(said, "app is paused: new events are kept and held, 0 deliveries so far; "
                               "resume with: creel destinations resume app\n")
        id = self.post("app.x")
        self.assertIn("paused", self.until(id, "held")["held"])
        self.assertIn("1 delivery so far", self.cli("destinations", "pause", "app"))
        shown = self.one("destinations", "app")
        self.assertEqual((shown["kind"], shown["pending"], shown["pause"]["reason"]), ("http", 1, "by hand"))
        self.assertIn("resume with  creel destinations resume app", self.cli("destinations", "get", "app"))
        self.assertIn("paused", self.cli("destinations", "list"))
        self.assertEqual(self.handler.ids().count(id), 0)

        self.assertIn("app is resumed: ", self.cli("destinations", "resume", "app"))
        delivered = self.until(id, "delivered")
        self.assertEqual((delivered["attempts"], delivered["history"][0]["trigger"]), (1, "resume"))
        self.assertIsNone(self.one("destinations", "app")["pause"])
        self.assertIn("app is resumed: ", self.cli("destinations", "resume", "app"))

    def test_a_paused_source_holds_its_own_events_and_no_others(self):
        self.assertIn("other is paused: ", self.cli("sources", "pause", "other"))
        held, free = self.post("books.x", "/other"), self.post("books.x")
        self.until(free, "delivered")
        self.assertIn("source other is paused", self.until(held, "held")["held"])
        shown = self.one("sources", "other")
        self.assertEqual((shown["held_deliveries"], shown["held_more"]), (1, False))
        self.assertIn("paused since", self.cli("sources", "list"))
        self.assertIn("source other is paused", self.cli("events", "get", held))
        self.assertEqual(self.cli("sources", "resume", "other"), "other is resumed: what it held goes now\n")
        self.until(held, "delivered")

    def test_a_paused_route_holds_what_it_decides_about(self):
        self.cli("routes", "pause", "to-named")
        held, free = self.post("named.x"), self.post("books.x")
        self.until(free, "delivered")
        self.assertIn("route to-named is paused", self.until(held, "held")["held"])
        self.assertEqual(self.one("routes", "to-named")["held_deliveries"], 1)
        self.assertIn("paused since", self.cli("routes", "get", "to-named").replace("1 delivery: ", ""))
        self.cli("routes", "resume", "to-named")
        self.until(held, "delivered")

    def test_what_cannot_be_paused_is_said_with_an_exit_code(self):
        for what in ("sources", "routes", "destinations"):
            for verb in ("pause", "resume", "get"):
                done = self.creel.cli(what, verb, "nobody")
                self.assertEqual((done.returncode, done.stdout), (66, ""), done.stderr)
                self.assertIn(f"No {what[:-1]} has the name nobody", done.stderr)
        names = self.cli("routes", "list", "--names").splitlines()
        done = self.creel.cli("routes", "pause", names[-1])
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn(f"{names[-1]} has no name of its own", done.stderr)
        self.until(self.post("unnamed.x"), "delivered")

    def test_pauses_outlive_a_kill(self):
        self.cli("destinations", "pause", "books")
        self.cli("sources", "pause", "other")
        self.creel.kill()
        self.creel.start()
        self.assertEqual(self.one("destinations", "books")["pause"]["reason"], "by hand")
        self.assertEqual(self.one("sources", "other")["pause"]["reason"], "by hand")
        id = self.post("books.y", "/other")
        self.assertIn("paused", self.until(id, "held")["held"])
        self.cli("destinations", "resume", "books")
        self.assertIn("source other is paused", self.until(id, "held")["held"])
        self.cli("sources", "resume", "other")
        self.until(id, "delivered")

    def test_an_open_breaker_is_shown_and_closes_by_itself(self):
        self.replies["weak"] = 500
        ids = [self.post("weak.x") for _ in range(8)]
        shown = eventually(lambda: (lambda now: now if now["breaker"] in ("open", "half_open") else None)(
            self.one("destinations", "weak")), "the breaker opens")
        self.assertIn(shown["held"], ("breaker open", "breaker half open"))
        self.assertEqual(shown["rate"], "500/s")
        self.assertIn("breaker", self.cli("destinations", "get", "weak"))
        eventually(lambda: any(self.delivery(id)["state"] == "held" for id in ids), "what waits is shown as held")
        self.replies["weak"] = 200
        for id in ids:
            self.until(id, "delivered")
        eventually(lambda: self.one("destinations", "weak")["breaker"] == "closed", "it is closed again")

    def test_a_destination_that_is_gone_is_paused_and_nothing_is_lost(self):
        self.replies["gone"] = 410
        id = self.post("gone.x")
        shown = eventually(lambda: (lambda now: now if now["pause"] else None)(self.one("destinations", "gone")),
                           "410 pauses it")
        self.assertEqual(shown["pause"]["reason"], "it answered 410 Gone")
        self.assertEqual(self.until(id, "held")["attempts"], 1)
        self.assertIn("(it answered 410 Gone)", self.cli("destinations", "get", "gone"))
        self.replies["gone"] = 200
        self.cli("destinations", "resume", "gone")
        self.until(id, "delivered")

    def test_the_timeline_tells_every_attempt(self):
        self.replies["flaky"] = 503
        id = self.post("flaky.x")
        eventually(lambda: self.handler.ids().count(id) >= 2, "it is tried again")
        self.replies["flaky"] = 200
        delivery = self.until(id, "delivered")
        history = delivery["history"]
        self.assertEqual([attempt["number"] for attempt in history], list(range(1, len(history) + 1)))
        self.assertEqual([attempt["trigger"] for attempt in history], ["first"] + ["retry"] * (len(history) - 1))
        self.assertGreater(history[0]["timings_us"]["first_byte"], 0)
        self.assertEqual([attempt["result"] for attempt in history[-2:]], ["status", "delivered"])

        text = self.cli("events", "get", id)
        self.assertRegex(text, r"  # +WHY +STARTED +TOOK .*FIRST BYTE +RESULT\n  1 +first .* status 503: ")
        self.assertRegex(text, r"\n  \d+ +retry .* delivered 200\n")
        self.assertRegex(text, r"\n  reply of attempt \d+\n    HTTP/1.1 503 ")
        self.cli("retry", id)
        again = eventually(lambda: (lambda now: now if now["attempts"] > len(history) else None)(self.delivery(id)),
                           "it is made again")
        self.assertEqual(again["history"][-1]["trigger"], "manual")

    def test_a_shell_completes_the_names_of_what_runs(self):
        ask = ('source <("$0" completion bash)\nCOMP_LINE="$1" COMP_POINT=${#1}\n_creel\nprintf "%s\\n" "${COMPREPLY[@]}"')
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "creel")
            os.symlink(os.path.abspath(PROGRAM), program)
            surroundings = {**os.environ, "CREEL_SERVER": f"http://127.0.0.1:{self.creel.admin_port}",
                            "CREEL_ADMIN_TOKEN": self.creel.token()}
            def completed(line, env=None):
                asked = subprocess.run(["bash", "--norc", "-c", ask, program, program + line], cwd=folder, text=True,
                                       env={**surroundings, **(env or {})}, capture_output=True, timeout=60)
                self.assertEqual(asked.stderr, "", line)
                return asked.stdout.split()
            self.assertEqual(completed(" destinations pause "), list(self.NAMES))
            self.assertEqual(completed(" destinations resume b"), ["books"])
            self.assertEqual(completed(" sources get o"), ["openai", "other"])
            self.assertEqual(completed(" events list --destination w"), ["weak"])
            # The one without a name of its own has a space in it, and cannot be paused.
            self.assertEqual(completed(" routes pause "), ["to-" + name for name in self.NAMES if name != "unnamed"])
            self.cli("bookmarks", "add", "odd-one", self.post("app.named"))
            self.assertEqual(completed(" bookmarks replay "), ["odd-one"])
            self.assertEqual(completed(" replay --bookmark o"), ["odd-one"])
            self.assertEqual(completed(" replay --to b"), ["books"])
            job = self.cli("replay", "--all", "--to", "books", "--yes", "--detach").strip()
            self.assertEqual(completed(" jobs wait "), [job])
            self.assertEqual(completed(" routes pause ", {"CREEL_SERVER": "http://127.0.0.1:9"}), [])


if __name__ == "__main__":
    unittest.main()

"""A replay of 100 000 events by a filter: its progress, a stop on the way, and a kill that it goes on after."""
import collections
import json
import re
import unittest

from gateway import Gateway, Webhook, eventually

EVENTS, OTHERS = 100_000, 2_000
FILTER = '{"body":{"type":{"$startsWith":"batch."}}}'
# So that stopping and killing find it on its way.
RATE = "25000/s"


class BigReplay(unittest.TestCase):
    def setUp(self):
        # Nothing is routed; what is replayed goes to standard output, which keeps up with anything.
        self.creel = self.enterContext(Gateway(
            toml='[sources.openai]\n[destinations.lines]\nstdout = true\n'
                 '[[routes]]\nfrom = "openai"\ntypes = "none"\nto = "lines"\n'))

    def cli(self, *arguments, code=0):
        done = self.creel.cli(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def job(self, id):
        return json.loads(self.cli("jobs", "get", id, "--format", "json"))

    def until_done(self, id, share):
        eventually(lambda: self.job(id)["deliveries"] >= share * EVENTS, f"{id} has made {share} of it")
        return self.job(id)

    def begin(self):
        return self.cli("replay", "--filter", FILTER, "--to", "lines", "--rate", RATE, "--yes", "--detach").strip()

    def post(self, count, type):
        for first in range(0, count, 10_000):
            self.creel.post_all([Webhook(type=type) for _ in range(min(10_000, count - first))], at_once=128)

    def test_it_is_stopped_and_outlives_a_kill(self):
        self.post(EVENTS // 2, "batch.completed")
        self.post(OTHERS, "response.completed")
        self.post(EVENTS - EVENTS // 2, "batch.failed")
        eventually(lambda: "behind" not in self.creel.admin("/api/v1/events?limit=1").json(), "all is indexed")

        plan = json.loads(self.cli("replay", "--filter", FILTER, "--to", "lines", "--plan", "--format", "json"))
        self.assertEqual((plan["events"], plan["deliveries"], plan["scanned"]), (EVENTS, EVENTS, EVENTS + OTHERS))

        self.look_for_the_first()
        stopped = self.begin()
        self.assertLess(self.until_done(stopped, 0.2)["progress"], 0.9)
        self.assertIn(f"{stopped}: cancelled: ", self.cli("jobs", "cancel", stopped))
        made = self.job(stopped)["deliveries"]
        self.assertLess(made, EVENTS)

        whole = self.begin()
        self.until_done(whole, 0.3)
        self.creel.kill()
        self.creel.start()
        after = self.job(whole)
        self.assertEqual(after["state"], "running")
        self.assertGreaterEqual(after["deliveries"], 0.3 * EVENTS)
        waited = self.creel.cli("jobs", "wait", whole)
        self.assertEqual(waited.returncode, 0, waited.stderr)
        self.assertIn(f"{whole}: done: {EVENTS} deliveries replayed, {EVENTS + OTHERS} events looked at", waited.stdout)
        self.assertRegex(waited.stderr, rf"{whole}: \d+ %, \d+ events looked at, \d+ deliveries")
        self.assertEqual(self.job(stopped)["deliveries"], made)

        # Each event has its delivery of this job, and those that the stopped one came to have one more.
        ids = eventually(lambda: (lambda found: found if len(found) >= EVENTS + made else None)(self.printed()),
                         "all is printed", 120)
        self.assertEqual(len(ids), EVENTS + made)
        ordinals = collections.Counter(id.rpartition(".")[2] for id in ids)
        self.assertEqual(ordinals, {"1": EVENTS, "2": made})
        self.assertEqual(len({id.partition(".")[0] for id in ids}), EVENTS)

    def look_for_the_first(self):
        """By a text in its headers. No page looks at everything, and each says how to go on."""
        (first,) = self.creel.admin("/api/v1/events?order=oldest&limit=1").json()["events"]
        text, found, cursor, pages = first["provider_id"], [], (), 0
        while True:
            page = self.creel.cli("events", "list", "--text", text, "--format", "json", *cursor)
            self.assertEqual(page.returncode, 0, page.stderr)
            found += [json.loads(line)["id"] for line in page.stdout.splitlines()]
            pages += 1
            goes_on = re.search(r"stopped after \d+ events, .* --cursor (\S+)$", page.stderr)
            if not goes_on:
                break
            cursor = ("--cursor", goes_on.group(1))
        self.assertEqual(found, [first["id"]])
        self.assertGreater(pages, 1)

    def printed(self):
        """The ids of all deliveries on standard output; one whose outcome the kill took is there again, as itself."""
        return set(re.findall(r'"delivery":"([^"]+)"', self.creel.out()))


if __name__ == "__main__":
    unittest.main()

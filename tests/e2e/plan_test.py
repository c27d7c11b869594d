"""creel plan and creel routes test: what a changed configuration would do to the events that are kept."""
import base64
import hashlib
import hmac
import json
import os
import resource
import signal
import sys
import time
import unittest

from gateway import Gateway, Webhook, eventually, free_port, is_sanitized

CLIENT_SECRET = "an app's client secret"
URL = "https://hooks.example.com/webhooks/hubspot"
TYPES = ["company.creation", "contact.creation", "contact.propertyChange", "deal.deletion"]
REQUESTS, ITEMS = (20, 500) if is_sanitized() else (100, 1000)
EVENTS = REQUESTS * ITEMS
ORDERS = 500

SOURCES = f'''
[sources.hubspot]
url = "{URL}"
secrets = ["{CLIENT_SECRET}"]
[sources.shop]
provider = "none"
id = "header:X-Request-Id"
'''


def destination(name, port, sign="none"):
    return f'[destinations.{name}]\nurl = "http://127.0.0.1:{port}/"\nsign = "{sign}"\n'


def transform(lines, types="contact.*"):
    return f'[[routes]]\nname = "contacts"\nfrom = "hubspot"\ntypes = "{types}"\nto = "app"\ntransform = """\n{lines}\n"""\n'


ALL = '[[routes]]\nname = "all"\nfrom = ["hubspot", "shop"]\nto = "app"\n'


def send_hubspot(creel, first):
    items = [{"eventId": i, "subscriptionType": TYPES[i % 4], "portalId": 1, "subscriptionId": 2, "occurredAt": 3, "objectId": i}
             for i in range(first, first + ITEMS)]
    body, now = json.dumps(items), f"{int(time.time())}000"
    mac = hmac.new(CLIENT_SECRET.encode(), f"POST{URL}{body}{now}".encode(), hashlib.sha256).digest()
    answer = creel.request("POST", "/webhooks/hubspot", body, {
        "X-HubSpot-Request-Timestamp": now, "X-HubSpot-Signature-v3": base64.b64encode(mac).decode()})
    assert answer.status == 200, answer


def send_orders(creel):
    """Each order twice, under an id of its own each time."""
    class Order:
        def __init__(self, number):
            self.body = json.dumps({"type": "order.paid", "order": number % ORDERS}).encode()
            self.head = (f"POST /webhooks/shop HTTP/1.1\r\nHost: hooks\r\nX-Request-Id: r{number}\r\n"
                         f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n").encode()

        def raw(self):
            return self.head + self.body
    creel.post_all([Order(number) for number in range(2 * ORDERS)], connections=1)


class Planning(Gateway):
    def say(self, toml, file="creel.toml"):
        with open(self.path(file), "w", encoding="utf-8") as out:
            out.write(toml)

    def reload(self):
        before = self.log().count("configuration reloaded")
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.log().count("configuration reloaded") > before, "the configuration is read again")

    def plan(self, *arguments):
        """The exit code, the summary, the differences and the duplicates."""
        begun = time.monotonic()
        done = self.cli("plan", *arguments, "--format", "json")
        took = time.monotonic() - begun
        if done.returncode not in (0, 1):
            raise AssertionError(f"{done.returncode}: {done.stderr}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        kinds = {kind: [line for line in lines if line["kind"] == kind] for kind in ("difference", "duplicate", "summary")}
        print(f"plan {' '.join(arguments)}: {took:.1f} s", file=sys.stderr)
        return done.returncode, kinds["summary"][0], kinds["difference"], kinds["duplicate"], took


def counts(summary):
    return {name: value for name, value in summary.items() if value and name not in ("kind", "notes")}


class Plan(unittest.TestCase):
    def test_a_plan_over_a_hundred_thousand_events_counts_every_one(self):
        port = free_port()
        ports = destination("app", port) + destination("other", port)
        # Kept without a route, so that nothing is delivered meanwhile.
        with Planning(toml=SOURCES + ports, secret=None) as creel:
            for i in range(REQUESTS):
                send_hubspot(creel, i * ITEMS)
            send_orders(creel)
            creel.say(SOURCES + ports + ALL)
            creel.reload()
            total = EVENTS + 2 * ORDERS
            last = ("--last", "200000")
            before = creel.rss_mb()

            with self.subTest("what runs is no change"):
                code, summary, differences, duplicates, _ = creel.plan(*last)
                self.assertEqual((code, counts(summary), differences, duplicates), (0, {"events": total, "unchanged": total}, [], []))

            with self.subTest("types, a filter, a transform, another destination and another id"):
                shop = SOURCES.replace('id = "header:X-Request-Id"', 'id = "/order"')
                creel.say(shop + ports
                          + transform("function(event) event.body.portalId = nil event.body.seen = true return event end")
                          + f'''[[routes]]
name = "few-deals"
from = "hubspot"
types = "deal.*"
to = "app"
filter = {{ body = {{ objectId = {{ "$lt" = {EVENTS // 5} }} }} }}
[[routes]]
name = "shop"
from = "shop"
to = ["app", "other"]
''', "new.toml")
                code, summary, differences, duplicates, took = creel.plan("new.toml", *last)
                quarter = EVENTS // 4
                self.assertEqual(code, 1)
                self.assertEqual(counts(summary), {
                    "events": total, "unchanged": quarter // 5, "filtered": quarter + quarter * 4 // 5,
                    "transformed": 2 * quarter, "more": 2 * ORDERS, "duplicates": ORDERS})
                self.assertEqual((len(differences), len(duplicates)), (20, 20))
                self.assertEqual(differences[0]["type"], "company.creation")
                [made] = [delivery["after"] for delivery in differences[1]["deliveries"]]
                self.assertEqual(made["route"], "contacts")
                body = json.loads(made["body"])
                self.assertEqual((body["seen"], "portalId" in body), (True, False))
                self.assertLess(took, 60)

            with self.subTest("one source, and only the last of it"):
                _, summary, _, _, _ = creel.plan("new.toml", "--last", "600", "--source", "shop")
                self.assertEqual(counts(summary), {"events": 600, "more": 600, "duplicates": 100})
                _, summary, _, _, _ = creel.plan("new.toml", *last, "--since", str(int(time.time()) + 3600))
                self.assertEqual(counts(summary), {})

            with self.subTest("a transform that fails"):
                creel.say(SOURCES + ports + transform(
                    "function(event) if event.body.objectId % 1000 == 1 then error('no thanks') end return event end") + ALL)
                _, summary, differences, _, _ = creel.plan(*last, "--show", "1000")
                failed = EVENTS // 1000
                # An event that its transform gives back as it was goes out as it is.
                self.assertEqual(counts(summary), {"events": total, "unchanged": total - failed, "failed": failed})
                errors = [delivery["after"].get("error", "") for line in differences for delivery in line["deliveries"]]
                self.assertTrue(any("no thanks" in error for error in errors), errors[:3])

            with self.subTest("a transform that never ends"):
                creel.say(SOURCES + ports + transform("function(event) while true do end end") + ALL)
                code, summary, _, _, took = creel.plan(*last)
                self.assertEqual(code, 1)
                self.assertEqual(summary["unchanged"], 2 * quarter + 2 * ORDERS)
                self.assertEqual(summary["failed"] + summary["not_tried"], 2 * quarter)
                self.assertGreater(summary["not_tried"], summary["failed"])
                self.assertLess(took, 60)
            # Nothing of all this stays.
            if not is_sanitized():
                self.assertLess(creel.rss_mb() - before, 100)
                self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 300)

    def test_a_plan_says_what_changes_and_how_it_ends(self):
        port = free_port()
        first = '[[routes]]\nname = "first"\nfrom = "openai"\nto = "app"\n'
        toml = '[sources.openai]\nsecrets = ["${OPENAI_WEBHOOK_SECRET}"]\n' + destination("app", port, "source")
        with Planning(toml=toml + first) as creel:
            webhook = Webhook(body='{"id":"evt_1","type":"batch.completed","data":{"id":"batch_1"}}')
            self.assertEqual(creel.post(webhook).status, 200)
            [event] = creel.events()
            self.assertEqual(creel.cli("plan").returncode, 0)
            creel.say(toml + first + 'transform = "function(event) event.body.data.id = nil return event end"\n')
            done = creel.cli("plan")
            self.assertEqual((done.returncode, done.stderr), (1, ""))
            self.assertEqual(done.stdout, f'''1 event
  0  unchanged
  1  transformed differently

{event["id"]}  openai  batch.completed: transformed
    app: first → first, transformed (sign = "source" signs creel's bytes)
      body
        @@ -1,7 +1,5 @@
         {{
        -  "data": {{
        -    "id": "batch_1"
        -  }},
        +  "data": {{}},
           "id": "evt_1",
           "type": "batch.completed"
         }}
''')
            # The same from two files, without what runs.
            creel.say(toml + first, "old.toml")
            self.assertEqual(creel.cli("plan", "old.toml", "--against", "creel.toml").returncode, 1)
            self.assertEqual(creel.cli("plan", "old.toml", "--against", "old.toml").returncode, 0)
            creel.say(toml + "[[routes]]\nform = 1\n", "bad.toml")
            self.assertEqual(creel.cli("plan", "bad.toml").returncode, 78)
            creel.stop()
            self.assertEqual(creel.cli("plan", "old.toml").returncode, 69)

    def test_one_event_is_put_to_the_routes(self):
        port = free_port()
        toml = '[sources.openai]\nsecrets = ["${OPENAI_WEBHOOK_SECRET}"]\n' + destination("app", port)
        few = '[[routes]]\nname = "few"\nfrom = "openai"\nto = "app"\nfilter = { body = { data = { id = "batch_2" } } }\n'
        with Planning(toml=toml + few) as creel:
            webhook = Webhook(body='{"id":"evt_1","type":"batch.completed","data":{"id":"batch_1"}}')
            self.assertEqual(creel.post(webhook).status, 200)
            [event] = creel.events()
            listed = creel.cli("routes", "list", "--format", "json")
            self.assertEqual(json.loads(listed.stdout)["filter"], {"body": {"data": {"id": "batch_2"}}})
            self.assertIn('"id": "batch_2"', creel.cli("routes", "get", "few").stdout)
            done = creel.cli("routes", "test", event["id"])
            self.assertEqual(done.returncode, 1)
            self.assertIn("few    no: filter, body.data.id\n", done.stdout)
            creel.say(toml + few.replace("batch_2", "batch_1"), "new.toml")
            done = creel.cli("routes", "test", webhook.id, "--config", "new.toml")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("app          few         as it is\n", done.stdout)
            # A file and a body need no server.
            creel.stop()
            with open(creel.path("body.json"), "wb") as file:
                file.write(webhook.body)
            done = creel.cli("routes", "test", "--body", "body.json", "--config", "new.toml", "--format", "json")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(json.loads(done.stdout)["type"], "batch.completed")


if __name__ == "__main__":
    unittest.main()

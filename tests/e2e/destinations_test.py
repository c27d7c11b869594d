"""Destinations of every kind, and what protects them: limits, breaker, order, guard."""
import base64
import hashlib
import hmac
import ipaddress
import json
import os
import socket
import stat
import threading
import time
import unittest

from gateway import Gateway, Handler, Webhook, eventually

SOURCE = '[sources.openai]\nprovider = "openai"\n'
ROUTE = '[[routes]]\nfrom = "openai"\nto = "app"\n'


def toml(lines):
    return f"{SOURCE}[destinations.app]\n{lines}\n{ROUTE}"


def send(creel, count):
    webhooks = [Webhook() for _ in range(count)]
    creel.post_all(webhooks, connections=1)
    return [webhook.id for webhook in webhooks]


def arrived(handler, ids):
    eventually(lambda: set(handler.ids()) >= set(ids), f"{len(ids)} are delivered")


def delivery(creel, index=0):
    return creel.event(creel.events("&order=oldest")[index]["id"])["deliveries"][0]


def leads_here(name):
    """Whether it is an address that is not of the internet."""
    try:
        return not any(ipaddress.ip_address(found[4][0]).is_global for found in socket.getaddrinfo(name, 80))
    except OSError:
        return False


class Limits(unittest.TestCase):
    def test_a_rate_is_kept(self):
        with Handler() as app, Gateway(toml=toml(f'url = "{app.url}"\nrate = {{ rate = "40/s", burst = 5 }}')) as creel:
            arrived(app, send(creel, 85))
            times = sorted(request["at"] for request in app.requests)
            # 5 at once, the others one every 25 ms; a little less where the machine holds some up.
            self.assertGreater(times[-1] - times[0], 1.8)
            most = max(sum(1 for at in times if begin <= at < begin + 0.5) for begin in times)
            self.assertLessEqual(most, 20 + 5 + 20)
            # Waiting is no attempt.
            self.assertEqual(creel.metric("creel_attempts_total", destination="app"), 85)

    def test_retry_after_holds_the_whole_destination(self):
        begin = []

        def reply(_):
            if begin:
                return 200
            begin.append(time.time())
            return 503, {"Retry-After": "2"}

        lines = 'concurrency = 1\nretry = { initial = "10ms", max = "20ms" }'
        with Handler(reply=reply) as app, Gateway(toml=toml(f'url = "{app.url}"\n{lines}')) as creel:
            ids = send(creel, 10)
            arrived(app, ids)
            self.assertGreater(min(request["at"] for request in app.requests[1:]) - begin[0], 1.9)
            self.assertEqual(len(app.requests), 11)

    def test_concurrency_follows_how_it_does(self):
        failing = [True]
        lines = 'concurrency = 16\nadaptive_concurrency = true\nretry = { initial = "20ms", max = "50ms" }'
        with Handler(reply=lambda _: 503 if failing[0] else 200) as app, \
                Gateway(toml=toml(f'url = "{app.url}"\n{lines}')) as creel:
            ids = send(creel, 50)
            slots = lambda: creel.admin("/api/v1/destinations/app").json()["slots"]
            eventually(lambda: slots() < 8, "it is given less")
            failing[0] = False
            arrived(app, ids)
            fallen = slots()
            send(creel, 300)
            eventually(lambda: slots() > fallen, "it is given more again")

    def test_statuses_say_what_is_tried_again(self):
        lines = 'retry = { initial = "10ms", statuses = ["5xx"] }'
        with Handler(reply=lambda _: 404) as app, Gateway(toml=toml(f'url = "{app.url}"\n{lines}')) as creel:
            send(creel, 1)
            eventually(lambda: delivery(creel)["state"] == "dead", "404 is final")
            self.assertEqual(len(app.requests), 1)


class Breaker(unittest.TestCase):
    LINES = ('concurrency = 4\nretry = { initial = "20ms", max = "50ms" }\n'
             'breaker = { ratio = 0.5, attempts = 5, window = "10s", probe_after = "400ms" }')

    def test_it_opens_and_heals_by_itself(self):
        failing = [True]
        with Handler(reply=lambda _: 500 if failing[0] else 200) as app, \
                Gateway(toml=toml(f'url = "{app.url}"\n{self.LINES}')) as creel:
            state = lambda: creel.metric("creel_destination_breaker_state", destination="app")
            self.assertEqual(state(), 0)
            ids = send(creel, 40)
            eventually(lambda: creel.metric("creel_destination_breaker_changes_total", destination="app", state="open"),
                       "it opens")
            count = len(app.requests)
            time.sleep(1.5)
            # One canary every 400 ms and nothing else; those that ran may have come after.
            self.assertLessEqual(len(app.requests) - count, 4 + 4)
            self.assertIn("breaker", creel.admin("/api/v1/destinations/app").json()["held"])
            failing[0] = False
            arrived(app, ids)
            eventually(lambda: not creel.events("&state=pending"), "everything is delivered")
            self.assertEqual(state(), 0)
            self.assertEqual(creel.metric("creel_destination_breaker_changes_total", destination="app", state="closed"), 1)
            # Held was the rest, which cost no attempt.
            attempts = [len(creel.event(event["id"])["deliveries"][0]["history"]) for event in creel.events()]
            self.assertEqual(sum(attempts), len(app.requests))


    def test_by_its_defaults_it_opens_on_what_hangs(self):
        with Handler(reply=lambda _: time.sleep(3) or 200) as app, \
                Gateway(toml=toml(f'url = "{app.url}"\nconcurrency = 4\ntimeout = "150ms"\nbreaker = {{}}')) as creel:
            send(creel, 30)
            eventually(lambda: "breaker open" in creel.log(), "it opens")
            self.assertEqual(creel.metric("creel_destination_breaker_changes_total", destination="app", state="open"), 1)
            # Two rounds of four at most, where a hundred would have been wanted.
            self.assertLessEqual(len(app.requests), 12)


class Order(unittest.TestCase):
    def test_deliveries_of_one_key_keep_their_order_under_failures(self):
        failed, lock, done = set(), threading.Lock(), []

        def reply(request):
            key = (request["data"]["id"], request["data"]["number"])
            with lock:
                # Every third one fails twice before it is taken.
                if request["data"]["number"] % 3 == 0 and sum(1 for each in failed if each[0] == key) < 2:
                    failed.add((key, time.monotonic_ns()))
                    return 500
                done.append(key)
                return 200

        lines = 'order_by = "data.id"\nconcurrency = 8\nretry = { initial = "20ms", max = "40ms" }'
        with Handler(reply=lambda request: reply({**request, **json.loads(request["body"])})) as app, \
                Gateway(toml=toml(f'url = "{app.url}"\n{lines}')) as creel:
            webhooks = [Webhook(body=json.dumps({"type": "response.completed", "data": {"id": f"k{number % 5}", "number": number}}))
                        for number in range(60)]
            for webhook in webhooks[:30]:
                self.assertEqual(creel.post(webhook).status, 200)
            creel.kill()
            creel.start()
            for webhook in webhooks[30:]:
                self.assertEqual(creel.post(webhook).status, 200)
            eventually(lambda: len(set(done)) == 60, "all are delivered")
            for key in {each[0] for each in done}:
                first = list(dict.fromkeys(number for each, number in done if each == key))
                self.assertEqual(first, sorted(first), key)

    def test_a_parked_key_waits_for_an_operator_and_others_go_on(self):
        broken = [True]

        def reply(request):
            return 500 if broken[0] and b'"bad"' in request["body"] else 200

        lines = 'order_by = "data.id"\non_failure = "park"\nretry = { initial = "10ms", attempts = 2 }'
        with Handler(reply=reply) as app, Gateway(toml=toml(f'url = "{app.url}"\n{lines}')) as creel:
            def webhook(key, mark):
                return Webhook(body=json.dumps({"type": "x", "data": {"id": key, "mark": mark}}))
            bad, behind, other = webhook("a", "bad"), webhook("a", "good"), webhook("b", "good")
            for each in (bad, behind):
                self.assertEqual(creel.post(each).status, 200)
            eventually(lambda: creel.events("&state=dead"), "the first is given up")
            creel.kill()
            creel.start()
            self.assertEqual(creel.post(other).status, 200)
            arrived(app, [other.id])
            time.sleep(0.3)
            self.assertNotIn(behind.id, app.ids())
            broken[0] = False
            event = creel.events("&state=dead")[0]["id"]
            self.assertEqual(creel.cli("retry", event).returncode, 0)
            arrived(app, [behind.id])
            self.assertLess(app.ids().index(bad.id), app.ids().index(behind.id))


class Kinds(unittest.TestCase):
    SCRIPT = """#!/bin/sh
body=$(cat)
printf '%s %s %s %s\\n' "$CREEL_EVENT_ID" "$CREEL_ATTEMPT" "$COLOUR" "$body" >> "$1"
case "$body" in
  *later*) [ "$CREEL_ATTEMPT" -lt 3 ] && { echo "not yet" >&2; exit 75; } ;;
  *never*) echo "no use" >&2; exit 65 ;;
  *hang*) sleep 60 & sleep 60 ;;
esac
exit 0
"""

    def test_a_program_takes_events(self):
        with Gateway(start=False) as creel:
            program, output = creel.path("handler"), creel.path("handled")
            with open(program, "w", encoding="ascii") as file:
                file.write(self.SCRIPT)
            os.chmod(program, stat.S_IRWXU)
            with open(creel.path("creel.toml"), "w", encoding="utf-8") as file:
                file.write(toml(f'exec = ["{program}", "{output}"]\nenvironment = {{ COLOUR = "blue" }}\ntimeout = "2s"\n'
                                'retry = { initial = "10ms", attempts = 4 }'))
            creel.start()
            bodies = [json.dumps({"type": "x", "data": {"say": word}}) for word in ("now", "later", "never", "hang")]
            for body in bodies[:3]:
                self.assertEqual(creel.post(Webhook(body=body)).status, 200)
            eventually(lambda: not creel.events("&state=pending"), "all have ended")
            now, later, never = (delivery(creel, number) for number in range(3))
            self.assertEqual((now["state"], later["state"], never["state"]), ("delivered", "delivered", "dead"))
            self.assertEqual(len(later["history"]), 3)
            self.assertEqual(len(never["history"]), 1)
            self.assertIn("no use", json.dumps(never["history"]))
            with open(output, encoding="utf-8") as file:
                lines = file.read().splitlines()
            self.assertEqual(sum(1 for line in lines if line.endswith(bodies[0])), 1)
            self.assertTrue(all(" blue " in line for line in lines))
            self.assertEqual([line.split()[1] for line in lines if "later" in line], ["1", "2", "3"])

            # What hangs is ended with its children, and creel does not wait for it when it stops.
            self.assertEqual(creel.post(Webhook(body=bodies[3])).status, 200)
            eventually(lambda: delivery(creel, 3).get("history"), "the time is over")
            self.assertEqual(delivery(creel, 3)["history"][0]["result"], "timeout")

    def test_standard_output_gets_a_line_an_event(self):
        with Gateway(toml=toml("stdout = true")) as creel:
            ids = send(creel, 20)
            eventually(lambda: not creel.events("&state=pending"), "all are written")
            lines = [json.loads(line) for line in creel.out().splitlines()]
            self.assertEqual(len(lines), 20)
            headers = [dict((name.lower(), value) for name, value in line["headers"]) for line in lines]
            self.assertEqual({each["webhook-id"] for each in headers}, set(ids))
            self.assertTrue(all(line["source"] == "openai" and line["body"]["object"] == "event" for line in lines))
            self.assertEqual({line["id"] for line in lines}, {event["id"] for event in creel.events()})


class Http(unittest.TestCase):
    def test_it_is_shown_who_creel_is(self):
        lines = 'headers = { X-Team = "a" }\nauth = { %s }'
        with Handler() as app:
            for auth, header, expected in (
                    ('basic = "me:pass:word"', "authorization", "Basic " + base64.b64encode(b"me:pass:word").decode()),
                    ('bearer = "${TOKEN}"', "authorization", "Bearer t0ken"),
                    ('header = "X-Api-Key", value = "${TOKEN}"', "x-api-key", "t0ken")):
                with self.subTest(auth), Gateway(toml=toml(f'url = "{app.url}"\n{lines % auth}'), env={"TOKEN": "t0ken"}) as creel:
                    arrived(app, send(creel, 1))
                    self.assertEqual(app.requests[-1]["headers"][header], expected)
                    self.assertEqual(app.requests[-1]["headers"]["x-team"], "a")

    def test_it_can_check_a_mac_over_what_it_got(self):
        auth = 'auth = { hmac = { secret = "s3cret", header = "X-Sum", prefix = "v1=", encoding = "hex" } }'
        with Handler() as app, Gateway(toml=toml(f'url = "{app.url}"\n{auth}')) as creel:
            arrived(app, send(creel, 1))
            request = app.requests[0]
            expected = "v1=" + hmac.new(b"s3cret", request["body"], hashlib.sha256).hexdigest()
            self.assertEqual(request["headers"]["x-sum"], expected)

    def test_a_stranger_does_not_lead_to_this_machine(self):
        name = next((name for name in ("ip6-localhost", "ip6-loopback", socket.gethostname()) if leads_here(name)), None)
        if not name:
            self.skipTest("no name but localhost leads to this machine")
        with Handler() as app:
            lines = f'url = "http://{name}:{app.port}/"\nuntrusted = true\nretry = {{ initial = "10ms", attempts = 2 }}'
            with Gateway(toml=toml(lines)) as creel:
                send(creel, 1)
                eventually(lambda: delivery(creel)["state"] == "dead", "it is refused")
                self.assertEqual({attempt["result"] for attempt in delivery(creel)["history"]}, {"refused"})
                self.assertEqual(app.requests, [])
            lines = f'url = "{app.url}"\nuntrusted = true\nguard = {{ networks = ["127.0.0.0/8"] }}'
            with Gateway(toml=toml(lines)) as creel:
                send(creel, 1)
                eventually(lambda: app.requests, "the exception counts")


if __name__ == "__main__":
    unittest.main()

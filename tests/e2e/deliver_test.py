"""From the sender to the handler: what is sent, what is tried again, and when it is given up."""
import email.utils
import time
import unittest

from gateway import SECRET, Gateway, Handler, Webhook, eventually

QUICK = '''[destinations.app]
url = "{url}"
timeout = "{timeout}"
retry = {{ initial = "{initial}", factor = 1, max = "{initial}", jitter = 0, attempts = {attempts} }}
{more}
[[routes]]
from = ["openai"]
to = ["app"]

[sources.openai]
provider = "openai"
path = "/webhooks/openai"
secrets = ["${{OPENAI_WEBHOOK_SECRET}}"]
'''


def config(url, initial="50ms", attempts=100, timeout="5s", more=""):
    return QUICK.format(url=url, initial=initial, attempts=attempts, timeout=timeout, more=more)


def deliveries(creel, webhook):
    return [delivery for event in creel.events("&id=" + webhook.id) for delivery in event["deliveries"]]


def in_state(creel, webhook, state):
    return [delivery["state"] for delivery in deliveries(creel, webhook)] == [state]


class Delivery(unittest.TestCase):
    def test_a_handler_is_given_the_same_bytes_and_a_signature_of_its_own(self):
        with Handler() as handler, Gateway(forward_to=handler.url) as creel:
            webhook = Webhook(body='{"type":"a.b",  "text":"\u00e9\\n"}\n')
            creel.request("POST", "/webhooks/openai", webhook.body,
                          {**webhook.headers, "X-Kept": "1", "Authorization": "Bearer outside", "Cookie": "a=b",
                           "Proxy-Authorization": "p", "creel-event-id": "forged"})
            request = eventually(lambda: handler.requests, "a delivery")[0]
            headers = request["headers"]
            self.assertEqual(request["body"], webhook.body)
            self.assertEqual(headers["webhook-id"], webhook.id)
            expected = Webhook(body=webhook.body, id=webhook.id, age=int(time.time()) - int(headers["webhook-timestamp"]))
            self.assertEqual(headers["webhook-signature"], expected.signature)
            self.assertEqual(headers["x-kept"], "1")
            self.assertEqual((headers["creel-source"], headers["creel-attempt"]), ("openai", "1"))
            self.assertTrue(headers["creel-event-id"].startswith("cev_"))
            self.assertTrue(headers["creel-delivery-id"].startswith(headers["creel-event-id"]))
            for name in ("authorization", "cookie", "proxy-authorization", "expect"):
                self.assertNotIn(name, headers)
            self.assertNotEqual(headers["host"], f"127.0.0.1:{creel.port}")
            eventually(lambda: in_state(creel, webhook, "delivered"), "it is delivered")

    def test_a_handler_that_was_down_gets_everything_when_it_is_back(self):
        with Handler() as handler:
            handler.stop()
            with Gateway(toml=config(handler.url)) as creel:
                webhooks = [Webhook() for _ in range(20)]
                for webhook in webhooks:
                    self.assertEqual(creel.post(webhook).status, 200)
                first = eventually(lambda: deliveries(creel, webhooks[0])[0]["attempts"] >= 2 and creel.event(
                    creel.events("&id=" + webhooks[0].id)[0]["id"]), "some attempts")
                self.assertEqual(first["deliveries"][0]["history"][0]["result"], "connect")
                handler.start()
                eventually(lambda: set(handler.ids()) >= {webhook.id for webhook in webhooks}, "all are delivered")
                eventually(lambda: all(in_state(creel, webhook, "delivered") for webhook in webhooks), "all say so")
                self.assertGreater(int(handler.requests[0]["headers"]["creel-attempt"]), 1)

    def test_a_failure_is_tried_again_and_then_dead(self):
        with Handler(reply=lambda _: 500) as handler, Gateway(toml=config(handler.url, attempts=3)) as creel:
            webhook = Webhook()
            creel.post(webhook)
            eventually(lambda: in_state(creel, webhook, "dead"), "it is dead")
            self.assertEqual([request["headers"]["creel-attempt"] for request in handler.requests], ["1", "2", "3"])
            history = creel.event(creel.events("&id=" + webhook.id)[0]["id"])["deliveries"][0]["history"]
            self.assertEqual([attempt["status"] for attempt in history], [500, 500, 500])

    def test_a_dead_letter_is_made_again_by_hand(self):
        reply = [500]
        with Handler(reply=lambda _: reply[0]) as handler, Gateway(toml=config(handler.url, attempts=1)) as creel:
            webhook = Webhook()
            creel.post(webhook)
            eventually(lambda: in_state(creel, webhook, "dead"), "it is dead")
            reply[0] = 204
            event = creel.events("&id=" + webhook.id)[0]["id"]
            self.assertIn(creel.admin(f"/api/v1/events/{event}/retry", "POST").status, (200, 202))
            eventually(lambda: in_state(creel, webhook, "delivered"), "it is delivered")

    def test_a_cancelled_delivery_is_not_tried_again(self):
        with Handler(reply=lambda _: 503) as handler, Gateway(toml=config(handler.url, initial="200ms")) as creel:
            webhook = Webhook()
            creel.post(webhook)
            eventually(lambda: handler.requests, "an attempt")
            event = creel.events("&id=" + webhook.id)[0]["id"]
            self.assertIn(creel.admin(f"/api/v1/events/{event}/cancel", "POST").status, (200, 202))
            eventually(lambda: in_state(creel, webhook, "cancelled"), "it is cancelled")
            made = len(handler.requests)
            time.sleep(0.6)
            self.assertLessEqual(len(handler.requests), made + 1)  # one may have been under way

    def test_retry_after_is_waited_for_in_seconds_and_as_a_date(self):
        for header in (lambda: "2", lambda: email.utils.formatdate(time.time() + 3, usegmt=True)):
            first = lambda request: ((503, {"Retry-After": header()}) if request["headers"]["creel-attempt"] == "1" else 200)
            with Handler(reply=first) as handler, Gateway(toml=config(handler.url)) as creel:
                creel.post(Webhook())
                eventually(lambda: len(handler.requests) == 2, "a second attempt")
                waited = handler.requests[1]["at"] - handler.requests[0]["at"]
                self.assertGreater(waited, 1.5)

    def test_a_redirect_is_a_failure_and_is_not_followed(self):
        with Handler() as other, Handler(reply=lambda _: (302, {"Location": other.url})) as handler:
            with Gateway(toml=config(handler.url, attempts=1)) as creel:
                webhook = Webhook()
                creel.post(webhook)
                eventually(lambda: in_state(creel, webhook, "dead"), "it is dead")
                self.assertEqual(other.requests, [])

    def test_a_handler_that_hangs_runs_into_its_time_limit(self):
        with Handler(reply=lambda _: time.sleep(3) or 200) as handler:
            with Gateway(toml=config(handler.url, attempts=1, timeout="300ms")) as creel:
                webhook = Webhook()
                creel.post(webhook)
                eventually(lambda: in_state(creel, webhook, "dead"), "it is dead")
                history = creel.event(creel.events("&id=" + webhook.id)[0]["id"])["deliveries"][0]["history"]
                self.assertEqual(history[0]["result"], "timeout")

    def test_one_destination_that_hangs_does_not_slow_another(self):
        with Handler(reply=lambda _: time.sleep(30) or 200) as slow, Handler() as quick:
            more = f'[destinations.quick]\nurl = "{quick.url}"\n[[routes]]\nfrom = ["openai"]\nto = ["quick"]\n'
            with Gateway(toml=config(slow.url, more="concurrency = 2\n" + more, timeout="60s")) as creel:
                webhooks = [Webhook() for _ in range(50)]
                for webhook in webhooks:
                    creel.post(webhook)
                eventually(lambda: len(set(quick.ids())) == 50, "the quick one has all")
                self.assertLessEqual(len(slow.requests), 2)

    def test_standard_signing_uses_the_destinations_own_secret(self):
        own = "whsec_" + "b3duIHNlY3JldCBvZiB0aGUgZGVzdGluYXRpb24h"
        with Handler() as handler:
            with Gateway(toml=config(handler.url, more='sign = "standard"\nsecret = "' + own + '"\n')) as creel:
                webhook = Webhook()
                creel.post(webhook)
                headers = eventually(lambda: handler.requests, "a delivery")[0]["headers"]
                age = int(time.time()) - int(headers["webhook-timestamp"])
                self.assertEqual(headers["webhook-signature"],
                                 Webhook(body=webhook.body, id=headers["webhook-id"], secret=own, age=age).signature)

    def test_original_passes_the_signature_through_and_none_sends_none(self):
        for mode in ("original", "none"):
            with self.subTest(mode), Handler() as handler, Gateway(toml=config(handler.url, more=f'sign = "{mode}"\n')) as creel:
                webhook = Webhook(age=60)
                creel.post(webhook)
                headers = eventually(lambda: handler.requests, "a delivery")[0]["headers"]
                given = headers.get("webhook-signature"), headers.get("webhook-timestamp")
                self.assertEqual(given, (webhook.signature, webhook.timestamp) if mode == "original" else (None, None))


if __name__ == "__main__":
    unittest.main()

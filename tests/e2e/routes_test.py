"""Which events go where, and what becomes of them on the way: types, filters, transforms, and what holds a delivery."""
import base64
import hashlib
import hmac
import json
import time
import unittest

from gateway import SECRET, Gateway, Handler, Webhook, eventually
from reload_test import Reloading

QUICK = 'retry = { initial = "50ms", factor = 1, max = "50ms", jitter = 0 }\n'
CLIENT_SECRET = "a client secret of an app"


def destination(name, handler, more=""):
    return f'[destinations.{name}]\nurl = "{handler.url}/{name}"\n{QUICK}{more}\n'


def webhook(type, **data):
    return Webhook(json.dumps({"id": "evt_1", "object": "event", "created_at": int(time.time()), "type": type, "data": data}))


def is_signed_as_openai(request):
    """Whether the provider's SDK would take it: the signature fits these bytes."""
    headers = request["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["body"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == "v1," + mac


def arrived(handler):
    """The names of the destinations, each with the ids of what it got."""
    by_name = {}
    with handler.lock:
        for request in handler.requests:
            by_name.setdefault(request["path"].rpartition("/")[2], []).append(request["headers"].get("webhook-id"))
    return {name: sorted(ids, key=str) for name, ids in by_name.items()}


def one_delivery(creel, webhook):
    event = creel.event(creel.events("&id=" + webhook.id)[0]["id"])
    assert len(event["deliveries"]) == 1, event
    return event["deliveries"][0]


def state(creel, webhook):
    return one_delivery(creel, webhook)["state"]


class Routing(unittest.TestCase):
    def test_many_sources_lead_to_many_destinations(self):
        with Handler() as handler:
            toml = (destination("app", handler) + destination("books", handler) + destination("acme", handler, 'sign = "none"')
                    + '''
[sources.openai]
[sources.shop]
provider = "token"
header = "X-Token"
secrets = ["s3cret"]
id = "/id"

[[routes]]
name = "batches"
from = "openai"
types = ["batch.*", "eval.run.?ailed"]
transform = \'\'\'
function(event)
  event.body.data.customer = nil
  event.body.seen = true
  return event
end\'\'\'
to = "app"

[[routes]]
from = "openai"
to = "app"

[[routes]]
from = ["openai", "shop"]
filter = { body = { data = { amount = { "$gte" = 100 } } } }
to = "books"

[[routes]]
from = "shop"
filter = '{ "headers": { "x-tenant": { "$startsWith": "acme" } }, "body": { "type": { "$in": ["a.b", "c.d"] } } }'
to = ["acme", "books"]
''')
            with Gateway(toml=toml) as creel:
                batch, failed = webhook("batch.completed", customer="x", amount=100), webhook("eval.run.failed", amount=99)
                other = webhook("response.completed", customer="x", amount="100")
                for each in (batch, failed, other):
                    self.assertEqual(creel.post(each).status, 200)
                for id, tenant, amount, type in ((1, "acme-eu", 1, "a.b"), (2, "acme-eu", 1, "x.y"), (3, "other", 500, "a.b")):
                    body = json.dumps({"id": f"shop_{id}", "type": type, "data": {"amount": amount}})
                    answer = creel.request("POST", "/webhooks/shop", body, {"X-Token": "s3cret", "X-Tenant": tenant})
                    self.assertEqual(answer.status, 200)

                # Of what shop sends, the first goes to acme and books, the second nowhere, the third to books.
                eventually(lambda: len(handler.requests) >= 3 + 1 + 2 + 1, "everything arrives")
                self.assertEqual(len(handler.requests), 7)
                self.assertEqual(arrived(handler)["app"], sorted(each.id for each in (batch, failed, other)))
                bodies = {}
                for request in handler.requests:
                    bodies.setdefault(request["path"].rpartition("/")[2], []).append(json.loads(request["body"]))
                    if "webhook-id" in request["headers"]:
                        self.assertTrue(is_signed_as_openai(request), request)
                self.assertEqual([body["id"] for body in bodies["acme"]], ["shop_1"])
                self.assertEqual(sorted(body["id"] for body in bodies["books"]), ["evt_1", "shop_1", "shop_3"])
                # The first route that leads to app decided: the general one changed nothing.
                by_type = {body["type"]: body for body in bodies["app"]}
                self.assertEqual(by_type["batch.completed"]["data"], {"amount": 100})
                self.assertIs(by_type["batch.completed"]["seen"], True)
                self.assertIs(by_type["eval.run.failed"]["seen"], True)
                self.assertEqual(by_type["response.completed"], json.loads(other.body))
                # What is kept is what was received, and books got it as it is.
                kept = creel.events("&id=" + batch.id)[0]
                self.assertEqual(creel.raw(kept["id"]), batch.body)
                self.assertIn(batch.body, [request["body"] for request in handler.requests if request["path"].endswith("books")])
                self.assertEqual(creel.events("&source=shop&type=x.y")[0]["deliveries"], [])

    def test_the_items_of_a_request_go_different_ways(self):
        url = "https://hooks.example.com/webhooks/hubspot"
        with Handler() as handler:
            toml = (destination("people", handler, 'sign = "none"') + destination("money", handler, 'sign = "none"') + f'''
[sources.hubspot]
url = "{url}"
secrets = ["{CLIENT_SECRET}"]
[[routes]]
from = "hubspot"
types = "contact.*"
to = "people"
[[routes]]
from = "hubspot"
types = "deal.*"
filter = {{ body = {{ objectId = {{ "$gt" = 10 }} }} }}
transform = "function(event) event.body.portalId = nil return event end"
to = "money"
''')
            with Gateway(toml=toml, secret=None) as creel:
                types = ["contact.creation", "deal.creation", "deal.creation", "ticket.creation", "contact.deletion"]
                items = [{"eventId": i, "subscriptionType": type, "portalId": 1, "subscriptionId": 2, "occurredAt": 3,
                          "objectId": 10 * i} for i, type in enumerate(types)]
                body, now = json.dumps(items), f"{int(time.time())}000"
                mac = hmac.new(CLIENT_SECRET.encode(), f"POST{url}{body}{now}".encode(), hashlib.sha256).digest()
                answer = creel.request("POST", "/webhooks/hubspot", body, {
                    "X-HubSpot-Request-Timestamp": now, "X-HubSpot-Signature-v3": base64.b64encode(mac).decode()})
                self.assertEqual(answer.status, 200, answer)
                eventually(lambda: len(handler.requests) >= 3, "three of them arrive")
                eventually(lambda: creel.metric("creel_attempts_total", outcome="delivered") == 3, "and that is said")
                got = {}
                for request in handler.requests:
                    got.setdefault(request["path"].rpartition("/")[2], []).append(json.loads(request["body"]))
                self.assertEqual(sorted(item["eventId"] for item in got["people"]), [0, 4])
                self.assertEqual([item["eventId"] for item in got["money"]], [2])
                self.assertNotIn("portalId", got["money"][0])
                self.assertEqual(len(creel.events()), 5)


FAILING = '''[[routes]]
from = "openai"
transform = "function(event) if event.body.data.bad then error('no thanks') end event.body.by = 'first' return event end"
to = "app"
'''
MENDED = '''[[routes]]
from = "openai"
transform = "function(event) event.body.by = 'second' return event end"
to = "app"
'''


class Held(unittest.TestCase):
    def toml(self, handler, routes):
        return "[sources.openai]\n" + destination("app", handler) + routes

    def test_a_failing_transform_holds_its_delivery_until_it_is_mended(self):
        with Handler() as handler, Reloading(self.toml(handler, FAILING)) as creel:
            good, bad, later = webhook("a.b"), webhook("a.b", bad=True), webhook("a.b")
            for each in (good, bad, later):
                self.assertEqual(creel.post(each).status, 200)

            def is_held():
                eventually(lambda: state(creel, bad) == "held", "the delivery is held")
                delivery = one_delivery(creel, bad)
                self.assertIn("no thanks", delivery["held"])
                self.assertEqual(delivery["attempts"], 0)
                self.assertEqual(arrived(handler), {"app": sorted([good.id, later.id])})
            eventually(lambda: len(handler.requests) == 2, "the others go on")
            is_held()
            eventually(lambda: creel.metric("creel_deliveries_held", destination="app") == 1, "it is counted")
            app = creel.admin("/api/v1/destinations").json()["destinations"][0]
            self.assertEqual(app["held_by_transform"], 1)
            self.assertIn("no thanks", app["transform_error"])
            shown = creel.cli("events", "get", creel.events("&id=" + bad.id)[0]["id"])
            self.assertIn("no thanks", shown.stdout)

            # Neither a crash nor a reload that mends nothing changes anything.
            creel.kill()
            creel.start()
            is_held()
            creel.reload()
            time.sleep(0.2)
            is_held()

            creel.say(self.toml(handler, MENDED))
            self.assertTrue(creel.reload()["routes_changed"])
            eventually(lambda: state(creel, bad) == "delivered", "it is delivered")
            request = handler.requests[-1]
            self.assertEqual(request["headers"]["creel-attempt"], "1")
            self.assertEqual(json.loads(request["body"])["by"], "second")
            self.assertTrue(is_signed_as_openai(request))
            self.assertEqual(arrived(handler), {"app": sorted([good.id, bad.id, later.id])})
            eventually(lambda: creel.metric("creel_deliveries_held", destination="app") == 0, "nothing is held")

    def test_a_transform_that_returns_nil_cancels(self):
        routes = '''[[routes]]
from = "openai"
transform = "function(event) if event.type == 'a.b' then return nil end return event end"
to = "app"
'''
        with Handler() as handler, Reloading(self.toml(handler, routes)) as creel:
            unwanted, wanted = webhook("a.b"), webhook("c.d")
            creel.post(unwanted)
            creel.post(wanted)
            eventually(lambda: state(creel, unwanted) == "cancelled", "it is cancelled")
            eventually(lambda: state(creel, wanted) == "delivered", "the other is delivered")
            self.assertEqual(handler.ids(), [wanted.id])
            self.assertEqual(one_delivery(creel, unwanted)["attempts"], 0)
            creel.restart()
            self.assertEqual(state(creel, unwanted), "cancelled")

    def test_what_was_to_be_changed_never_goes_out_as_it_is(self):
        with Handler() as handler, Reloading(self.toml(handler, FAILING)) as creel:
            bad, plain = webhook("a.b", bad=True), webhook("a.b")
            creel.post(bad)
            eventually(lambda: state(creel, bad) == "held", "it is held")
            creel.say(self.toml(handler, FAILING.replace("[[routes]]\n", '[[routes]]\ntypes = "x.y"\n')))
            creel.reload()
            eventually(lambda: "no route" in one_delivery(creel, bad).get("held", ""), "it is held for another reason")
            # A route without a transform says that it goes as it is.
            creel.say(self.toml(handler, '[[routes]]\nfrom = "openai"\nto = "app"\n'))
            creel.reload()
            creel.post(plain)
            eventually(lambda: state(creel, plain) == "delivered", "a new one is delivered")
            eventually(lambda: state(creel, bad) == "delivered", "and the old one by the new route")
            self.assertEqual(arrived(handler), {"app": sorted([bad.id, plain.id])})


class Destinations(unittest.TestCase):
    def test_a_destination_goes_and_comes_back(self):
        with Handler() as handler, Handler() as other:
            handler.stop()
            with_it = "[sources.openai]\n" + destination("app", handler) + '[[routes]]\nfrom = "openai"\nto = "app"\n'
            with Reloading(with_it) as creel:
                first, second, third = webhook("a.b"), webhook("a.b"), webhook("a.b")
                creel.post(first)
                eventually(lambda: one_delivery(creel, first)["attempts"] > 0, "an attempt")
                creel.say("[sources.openai]\n" + destination("other", other) + '[[routes]]\nfrom = "openai"\nto = "other"\n')
                line = creel.reload()
                self.assertEqual((line["destinations_added"], line["destinations_removed"]), ("other", "app"))
                creel.post(second)
                eventually(lambda: state(creel, second) == "delivered", "the new destination gets what comes")
                eventually(lambda: state(creel, first) == "held", "what waits for the old one is held")
                self.assertEqual(one_delivery(creel, first)["held"], "destination unknown")
                self.assertIsNone(creel.metric("creel_queue_depth", destination="app"))
                self.assertEqual(creel.metric("creel_queue_depth", destination="other"), 0)

                handler.start()
                creel.say(with_it)
                self.assertEqual(creel.reload()["destinations_added"], "app")
                eventually(lambda: state(creel, first) == "delivered", "it gets what waited for it")
                creel.post(third)
                eventually(lambda: state(creel, third) == "delivered", "and what comes")
                self.assertEqual(arrived(handler), {"app": sorted([first.id, third.id])})
                self.assertEqual(arrived(other), {"other": [second.id]})
                self.assertEqual(creel.metric("creel_attempts_total", destination="app", outcome="delivered"), 2)

    def test_a_backlog_goes_to_the_new_url(self):
        with Handler(reply=lambda _: 503) as old, Handler() as new:
            def toml(handler):
                return "[sources.openai]\n" + destination("app", handler) + '[[routes]]\nfrom = "openai"\nto = "app"\n'
            with Reloading(toml(old)) as creel:
                webhooks = [webhook("a.b") for _ in range(300)]
                creel.post_all(webhooks)
                eventually(lambda: len(old.requests) >= 100, "attempts at the old address")
                creel.say(toml(new))
                self.assertEqual(creel.reload()["destinations_changed"], "app")
                ids = sorted(each.id for each in webhooks)
                eventually(lambda: len(new.requests) >= 300, "all arrive at the new one")
                eventually(lambda: creel.metric("creel_attempts_total", outcome="delivered") == 300, "and are counted")
                self.assertEqual(sorted(new.ids()), ids)
                before = len(old.requests)
                time.sleep(0.3)
                self.assertEqual(len(old.requests), before)


if __name__ == "__main__":
    unittest.main()

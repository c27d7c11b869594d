"""Sources, routes and destinations are paused and resumed: nothing is lost or let through, whatever dies meanwhile."""
import concurrent.futures
import os
import signal
import time
import unittest

from gateway import Gateway, Handler, Webhook, eventually


def toml(**destinations):
    """Events go by the routes `batches` and `rest` to app, and by a route without a name to the others."""
    text = '[sources.openai]\nprovider = "openai"\n'
    for name, url in destinations.items():
        text += f'[destinations.{name}]\nurl = "{url}"\nretry = {{ initial = "50ms", max = "100ms" }}\n'
    text += '[[routes]]\nname = "batches"\nfrom = "openai"\ntypes = "batch.*"\nto = "app"\n'
    text += '[[routes]]\nname = "rest"\nfrom = "openai"\nto = "app"\n'
    others = [name for name in destinations if name != "app"]
    return text + (f'[[routes]]\nfrom = "openai"\nto = {others}\n' if others else "")


def send(creel, count, type="response.completed"):
    webhooks = [Webhook(type=type) for _ in range(count)]
    for webhook in webhooks:
        assert creel.post(webhook).status == 200
    return [webhook.id for webhook in webhooks]


def change(creel, kind, name, word):
    return creel.admin(f"/api/v1/{kind}/{name}/{word}", method="POST")


def arrived(handler, ids):
    eventually(lambda: set(handler.ids()) >= set(ids), f"{len(ids)} are delivered")


def pending(creel, destination="app"):
    return {event["provider_id"] for event in creel.events(f"&destination={destination}&state=pending")}


class Pause(unittest.TestCase):
    def test_a_paused_destination_holds_over_crashes_and_then_drains(self):
        with Handler() as app, Handler() as books, Gateway(toml=toml(app=app.url, books=books.url)) as creel:
            arrived(app, send(creel, 3))
            paused = creel.cli("destinations", "pause", "app")
            self.assertEqual(paused.returncode, 0, paused.stderr)
            app.requests.clear()
            ids = send(creel, 10)
            arrived(books, ids)
            creel.kill()
            creel.start()
            ids += send(creel, 10)
            arrived(books, ids)
            self.assertEqual(app.ids(), [])
            self.assertEqual(pending(creel), set(ids))
            self.assertEqual(creel.metric("creel_destination_paused", destination="app"), 1)
            event = creel.events("&destination=app&state=pending")[0]
            states = {delivery["destination"]: delivery for delivery in creel.event(event["id"])["deliveries"]}
            self.assertEqual(states["app"]["state"], "held")
            self.assertEqual(states["app"]["held"], "paused: by hand")
            self.assertEqual(states["books"]["state"], "delivered")

            resumed = creel.cli("destinations", "resume", "app")
            self.assertEqual(resumed.returncode, 0, resumed.stderr)
            creel.kill()
            creel.start()
            arrived(app, ids)
            eventually(lambda: not pending(creel), "nothing is left")
            self.assertEqual(creel.metric("creel_destination_paused", destination="app"), 0)
            arrived(app, send(creel, 1))

    def test_a_paused_source_is_received_and_held(self):
        with Handler() as app, Gateway(toml=toml(app=app.url)) as creel:
            self.assertEqual(change(creel, "sources", "openai", "pause").status, 200)
            ids = send(creel, 10)
            creel.kill()
            creel.start()
            ids += send(creel, 5)
            time.sleep(0.5)
            self.assertEqual(app.ids(), [])
            event = creel.event(creel.events()[0]["id"])
            self.assertEqual(event["deliveries"][0]["held"], "source openai is paused: by hand")
            self.assertEqual(change(creel, "sources", "openai", "resume").status, 200)
            arrived(app, ids)

    def test_a_paused_route_holds_what_it_decides_about(self):
        with Handler() as app, Gateway(toml=toml(app=app.url)) as creel:
            self.assertEqual(creel.cli("routes", "pause", "batches").returncode, 0)
            batches, rest = send(creel, 5, "batch.completed"), send(creel, 5)
            arrived(app, rest)
            creel.kill()
            creel.start()
            rest += send(creel, 5)
            arrived(app, rest)
            time.sleep(0.3)
            self.assertEqual(set(app.ids()), set(rest))
            event = creel.event(creel.events("&state=pending")[0]["id"])
            self.assertEqual(event["deliveries"][0]["held"], "route batches is paused: by hand")
            self.assertEqual(creel.cli("routes", "resume", "batches").returncode, 0)
            arrived(app, batches)

    def test_what_is_gone_is_paused_until_it_is_resumed(self):
        answers = [410]
        with Handler(reply=lambda request: answers[0]) as app, Gateway(toml=toml(app=app.url)) as creel:
            first = send(creel, 1)
            # Said once it is kept.
            eventually(lambda: '"message":"paused"' in creel.log(), "it is paused")
            self.assertEqual(creel.metric("creel_destination_paused", destination="app"), 1)
            self.assertIn("410 Gone", creel.log())
            count = len(app.ids())
            more = send(creel, 5)
            creel.kill()
            creel.start()
            time.sleep(0.5)
            self.assertEqual(len(app.ids()), count)
            self.assertEqual(pending(creel), set(first + more))
            destination = creel.admin("/api/v1/destinations/app").json()
            self.assertEqual(destination["pause"]["reason"], "it answered 410 Gone")
            answers[0] = 200
            self.assertEqual(change(creel, "destinations", "app", "resume").status, 200)
            arrived(app, first + more)
            eventually(lambda: not pending(creel), "nothing is left")

    def test_two_at_the_same_time_both_count(self):
        with Handler() as app, Handler() as books, Gateway(toml=toml(app=app.url, books=books.url)) as creel:
            changes = [("destinations", "app"), ("destinations", "books"), ("routes", "rest"), ("sources", "openai")]
            with concurrent.futures.ThreadPoolExecutor(len(changes)) as threads:
                for word in ("pause", "resume", "pause"):
                    answers = list(threads.map(lambda each, word=word: change(creel, *each, word), changes))
                    self.assertEqual([answer.status for answer in answers], [200] * len(changes))
            creel.kill()
            creel.start()
            ids = send(creel, 3)
            time.sleep(0.3)
            self.assertEqual(app.ids() + books.ids(), [])
            for kind, name in changes:
                self.assertEqual(change(creel, kind, name, "resume").status, 200)
            arrived(app, ids)
            arrived(books, ids)

    def test_only_what_has_a_name_can_be_paused(self):
        with Handler() as app, Handler() as books, Gateway(toml=toml(app=app.url, books=books.url)) as creel:
            self.assertEqual(change(creel, "destinations", "nobody", "pause").status, 404)
            self.assertEqual(change(creel, "destinations", "nobody", "resume").status, 404)
            self.assertEqual(change(creel, "routes", "route%203", "pause").status, 409)
            self.assertEqual(change(creel, "sources", "openai", "resume").status, 200)

    def test_a_reload_keeps_pauses_and_warns_of_those_without_a_name(self):
        with Handler() as app, Gateway(toml=toml(app=app.url)) as creel:
            self.assertEqual(change(creel, "routes", "batches", "pause").status, 200)
            self.assertEqual(change(creel, "destinations", "app", "pause").status, 200)

            def reload(text):
                with open(creel.path("creel.toml"), "w", encoding="utf-8") as file:
                    file.write(text)
                count = creel.log().count("configuration reloaded")
                os.kill(creel.process.pid, signal.SIGHUP)
                eventually(lambda: creel.log().count("configuration reloaded") > count, "it is reloaded")

            reload(toml(app=app.url).replace('"batches"', '"bundles"'))
            self.assertIn("paused, but not in the configuration", creel.log())
            ids = send(creel, 3, "batch.completed")
            time.sleep(0.3)
            self.assertEqual(app.ids(), [])
            self.assertEqual(change(creel, "destinations", "app", "resume").status, 200)
            arrived(app, ids)
            # Back by its name, it holds again.
            reload(toml(app=app.url))
            held = send(creel, 3, "batch.completed")
            time.sleep(0.3)
            self.assertEqual(set(app.ids()) & set(held), set())
            self.assertEqual(change(creel, "routes", "batches", "resume").status, 200)
            arrived(app, held)


if __name__ == "__main__":
    unittest.main()

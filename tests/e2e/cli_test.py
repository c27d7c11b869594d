"""The other commands, against a gateway that runs."""
import json
import threading
import unittest

from gateway import Gateway, Handler, Webhook, eventually, run


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.replies = {"status": 200}
        cls.handler = cls.enterClassContext(Handler(reply=lambda _: cls.replies["status"]))
        cls.creel = cls.enterClassContext(Gateway(forward_to=cls.handler.url))

    def cli(self, *arguments, code=0, **more):
        done = self.creel.cli(*arguments, **more)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def trigger(self, type="response.completed", *more):
        return self.cli("trigger", "openai", type, "--to", f"http://127.0.0.1:{self.creel.port}/webhooks/openai", *more)

    def test_trigger_sends_a_signed_event_that_is_delivered(self):
        self.trigger("batch.completed", "--set", "data.id=batch_e2e")
        event = eventually(lambda: self.creel.events("&subject=batch_e2e"), "the event is kept")[0]
        self.assertEqual(event["type"], "batch.completed")
        eventually(lambda: b"batch_e2e" in b"".join(request["body"] for request in self.handler.requests), "it is delivered")

    def test_trigger_knows_every_type(self):
        types = self.cli("trigger", "openai", "--list").stdout.split()
        self.assertGreaterEqual(len([name for name in types if "." in name]), 33)

    def test_events_are_listed_as_lines_of_json(self):
        webhook = Webhook(type="list.test")
        self.creel.post(webhook)
        def listed():
            lines = self.cli("events", "list", "--format", "json").stdout.splitlines()
            return [event for event in map(json.loads, lines) if event.get("provider_id") == webhook.id]
        self.assertEqual(eventually(listed, "it is listed")[0]["type"], "list.test")

    def test_an_event_is_shown_and_its_bytes_are_given(self):
        webhook = Webhook()
        self.creel.post(webhook)
        id = eventually(lambda: self.creel.events("&id=" + webhook.id), "the event is kept")[0]["id"]
        self.assertIn(webhook.id, self.cli("events", "get", id).stdout)
        self.assertEqual(self.cli("events", "raw", id).stdout.encode(), webhook.body)

    def test_an_event_that_is_not_there_ends_with_66(self):
        self.cli("events", "get", "cev_0000000000000", code=66)

    def test_retry_makes_a_delivery_again(self):
        webhook = Webhook()
        self.creel.post(webhook)
        eventually(lambda: self.handler.ids().count(webhook.id) == 1, "it is delivered")
        id = eventually(lambda: self.creel.events("&id=" + webhook.id), "the event is kept")[0]["id"]
        self.cli("retry", id)
        eventually(lambda: self.handler.ids().count(webhook.id) == 2, "it is delivered again")

    def test_cancel_ends_what_is_pending(self):
        self.replies["status"] = 503
        try:
            webhook = Webhook()
            self.creel.post(webhook)
            find = lambda: self.creel.events("&id=" + webhook.id)
            id = eventually(find, "the event is kept")[0]["id"]
            answer = json.loads(self.cli("cancel", id, "--format", "json").stdout)
            self.assertEqual(answer["deliveries"][0]["state"], "cancelled", answer)
            eventually(lambda: find()[0]["deliveries"][0]["state"] == "cancelled", "it is cancelled")
            self.assertIn("nothing to cancel", self.cli("cancel", id, code=1).stderr)
        finally:
            self.replies["status"] = 200
        self.cli("retry", id)
        eventually(lambda: find()[0]["deliveries"][0]["state"] == "delivered", "a retry makes it after all")

    def test_tail_shows_what_comes_from_now_on(self):
        before = Webhook(type="tail.old")
        self.creel.post(before)
        eventually(lambda: self.creel.events("&id=" + before.id), "it is kept")
        seen, posted = [], []
        tail = threading.Thread(target=lambda: seen.append(
            self.creel.cli("events", "tail", "-e", "tail.*", "--count", "3", "--format", "json")))
        tail.start()
        while tail.is_alive():
            posted.append(Webhook(type="tail.new"))
            self.creel.post(posted[-1])
            self.creel.post(Webhook(type="other.new"))
            tail.join(0.1)
        self.assertEqual(seen[0].returncode, 0, seen[0].stderr)
        shown = [json.loads(line)["provider_id"] for line in seen[0].stdout.splitlines()]
        ids = [webhook.id for webhook in posted]
        first = ids.index(shown[0])
        self.assertEqual(shown, ids[first:first + 3])

    def test_nobody_listening_ends_with_69_and_a_wrong_token_with_77(self):
        self.cli("events", "list", code=69, env={"CREEL_SERVER": "http://127.0.0.1:9"})
        self.cli("events", "list", code=77, env={"CREEL_ADMIN_TOKEN": "wrong"})

    def test_version_is_told(self):
        self.assertRegex(run("version").stdout, r"\d+\.\d+\.\d+")

    def test_a_mistyped_command_ends_with_64(self):
        self.assertEqual(run("sevre").returncode, 64)

    def test_healthcheck_tells_a_running_gateway_from_none(self):
        alive = run("healthcheck", "--listen", f"127.0.0.1:{self.creel.port}")
        self.assertEqual((alive.returncode, alive.stdout), (0, "ready\n"), alive.stderr)
        self.assertEqual(run("healthcheck", "--listen", "127.0.0.1:9").returncode, 1)


if __name__ == "__main__":
    unittest.main()

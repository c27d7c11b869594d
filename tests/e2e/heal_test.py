"""A wrong secret was configured: the rejected requests are explained, the secret is mended, and each becomes an event
once, whatever is killed on the way."""
import base64
import json
import re
import secrets
import signal
import subprocess
import unittest

from gateway import PROGRAM, SECRET, Gateway, Handler, Webhook, eventually

WRONG = "whsec_" + base64.b64encode(b"the secret of some other project").decode()


def toml(secret, handler=None):
    return f"""[sources.openai]
provider = "openai"
secrets = [{{ value = "{secret}", label = "the one" }}]

[sources.door]
provider = "token"
header = "X-Door-Key"
id = "/id"
secrets = ["{'right key' if secret == SECRET else 'wrong key'}"]
""" + (f"""[destinations.app]
url = "{handler.url}"
[[routes]]
from = ["openai", "door"]
to = ["app"]
""" if handler else "")


class Heal(unittest.TestCase):
    def start(self, *arguments, **options):
        return self.enterContext(Gateway(*arguments, secret=None, **options))

    def configure(self, creel, text):
        with open(creel.path("creel.toml"), "w", encoding="utf-8") as file:
            file.write(text)

    def reject(self, creel, count):
        webhooks = [Webhook() for _ in range(count)]
        for webhook in webhooks:
            self.assertEqual(creel.post(webhook).status, 400)
        return webhooks

    def rejected(self, creel):
        found, cursor = [], ""
        while True:
            page = creel.admin(f"/api/v1/rejected?limit=500&accepted=false{cursor}").json()
            found += page["rejected"]
            if not page["more"]:
                return found
            cursor = f"&cursor={page['cursor']}"

    def test_explained_mended_and_accepted_once(self):
        handler = self.enterContext(Handler())
        creel = self.start(toml=toml(WRONG, handler))
        [webhook] = self.reject(creel, 1)
        eventually(lambda: self.rejected(creel), "the request is in quarantine")
        [row] = self.rejected(creel)
        self.assertEqual(row["cause"], "signature_mismatch")
        explained = creel.cli("rejected", "explain", str(row["id"]))
        self.assertEqual(explained.returncode, 0, explained)
        self.assertIn("no given secret makes this signature", explained.stdout)
        self.assertNotIn(WRONG, explained.stdout + explained.stderr)
        still = creel.cli("rejected", "accept", str(row["id"]))
        self.assertEqual(still.returncode, 1, still)
        self.assertEqual(creel.events(), [])

        self.configure(creel, toml(SECRET, handler))
        creel.process.send_signal(signal.SIGHUP)
        eventually(lambda: "configuration reloaded" in creel.log(), "the configuration is reloaded")
        accepted = creel.cli("rejected", "accept", str(row["id"]))
        self.assertEqual(accepted.returncode, 0, accepted)
        again = creel.cli("rejected", "accept", str(row["id"]))
        self.assertEqual(again.returncode, 0, again)
        [event] = creel.events()
        self.assertIn(event["id"], again.stdout)
        self.assertEqual(creel.raw(event["id"]), webhook.body)
        eventually(lambda: handler.requests, "the event is delivered")
        self.assertEqual(handler.requests[0]["body"], webhook.body)
        self.assertEqual(self.rejected(creel), [])
        # The provider tries again: it is the same event.
        self.assertEqual(creel.post(webhook).json(), {"received": True, "duplicate": True})

    def test_a_masked_credential_is_compared_and_never_shown(self):
        creel = self.start(toml=toml(WRONG))
        body = json.dumps({"id": secrets.token_hex(8)}).encode()
        for key, status in (("right key", 401), ("somebody else's", 401)):
            self.assertEqual(creel.request("POST", "/webhooks/door", body, {"X-Door-Key": key}).status, status)
        # What stands in the store is no key to the door.
        eventually(lambda: len(self.rejected(creel)) == 2, "both are in quarantine")
        ids = [row["id"] for row in self.rejected(creel)]
        head = creel.admin(f"/api/v1/rejected/{min(ids)}").json()["head"]
        masked = re.search(r"X-Door-Key: (\S+)", head).group(1)
        self.assertTrue(masked.startswith("creel-hmac:"), masked)

        self.configure(creel, toml(SECRET))
        creel.process.send_signal(signal.SIGHUP)
        eventually(lambda: "configuration reloaded" in creel.log(), "the configuration is reloaded")
        self.assertEqual(creel.request("POST", "/webhooks/door", body, {"X-Door-Key": masked}).status, 401)
        self.assertEqual(creel.cli("rejected", "accept", str(min(ids))).returncode, 0)
        self.assertEqual(creel.cli("rejected", "accept", str(max(ids))).returncode, 1)
        self.assertEqual(len(creel.events("&source=door")), 1)

    def test_killed_while_accepting_every_request_is_one_event(self):
        handler = self.enterContext(Handler())
        creel = self.start(toml=toml(WRONG, handler))
        webhooks = self.reject(creel, 400)
        eventually(lambda: len(self.rejected(creel)) == len(webhooks), "all are in quarantine")
        self.configure(creel, toml(SECRET, handler))
        creel.restart()
        for _ in range(3):
            accepting = subprocess.Popen(
                [PROGRAM, "rejected", "accept", "--all", "--source", "openai", "--yes"], cwd=creel.folder,
                env={**creel.environment(), "CREEL_SERVER": f"http://127.0.0.1:{creel.admin_port}", "CREEL_ADMIN_TOKEN": creel.token()},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = len(creel.events())
            eventually(lambda: accepting.poll() is not None or len(creel.events()) > before, "some are accepted")
            creel.kill()
            accepting.wait(20)
            creel.start()
        done = creel.cli("rejected", "accept", "--all", "--source", "openai", "--yes")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(sorted(event["provider_id"] for event in creel.events()), sorted(webhook.id for webhook in webhooks))
        self.assertEqual(self.rejected(creel), [])
        eventually(lambda: len({request["headers"]["webhook-id"] for request in handler.requests}) == len(webhooks), "all are delivered")
        self.assertEqual(creel.stop(), 0)
        checked = creel.cli("doctor", "--store", creel.store, "--compare-index")
        self.assertEqual(checked.returncode, 0, checked)

    def test_accepting_many_asks_first_and_an_unknown_one_is_not_found(self):
        creel = self.start(toml=toml(WRONG))
        self.reject(creel, 1)
        [row] = eventually(lambda: self.rejected(creel), "it is in quarantine")
        self.configure(creel, toml(SECRET).replace("[sources.door]", "[sources.elsewhere]"))
        creel.restart()
        self.assertEqual(creel.cli("rejected", "accept", "999999").returncode, 66)
        done = creel.cli("rejected", "accept", "--all", "--source", "openai")
        self.assertEqual(done.returncode, 64, done)  # It would have to ask, and there is no terminal.
        self.assertEqual(creel.events(), [])
        self.assertEqual(creel.cli("rejected", "accept", str(row["id"])).returncode, 0)

    def test_a_secret_that_is_not_used_any_more_is_said_to_be_so(self):
        creel = self.start(toml=toml(WRONG).replace("secrets = [{", f'secrets = ["{SECRET}", {{', 1))
        self.assertEqual(creel.post(Webhook()).status, 200)
        shown = creel.cli("sources", "get", "openai", "--format", "json")
        self.assertEqual(shown.returncode, 0, shown)
        used = {each["label"]: each for each in json.loads(shown.stdout)["secrets"]}
        self.assertIsNotNone(used["secret 1"]["last_used"])
        self.assertEqual(used["secret 1"]["events"], 1)
        self.assertIsNone(used["the one"]["last_used"])
        self.assertNotIn(SECRET, shown.stdout)


if __name__ == "__main__":
    unittest.main()

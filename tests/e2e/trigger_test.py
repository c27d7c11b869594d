"""creel trigger against a gateway with sources of every family, and what is made to go wrong on the way."""
import json
import unittest

from gateway import Gateway, eventually, run

TOML = """
[sources.openai]
provider = "openai"
secrets = ["whsec_dGhlIG5ldyBzZWNyZXQgb2YgYW4gZW5kIHRvIGVuZA==",
           { value = "whsec_dGhlIG9sZCBzZWNyZXQgb2YgYW4gZW5kIHRvIGVuZA==", label = "old" }]
[sources.pay]
provider = "stripe"
path = "/pay"
secrets = ["whsec_stripe"]
[sources.code]
provider = "github"
secrets = ["a secret of github's"]
[sources.sms]
provider = "twilio"
secrets = ["an auth token"]
url = "https://hooks.example.com/webhooks/sms"
[sources.subscriptions]
provider = "chargebee"
secrets = ["user:pass:word"]
[sources.legacy]
provider = "token"
query = "key"
secrets = ["a token, in a query"]
[sources.identity]
provider = "fusionauth"
secrets = ["a key for tokens"]
[sources.mail]
provider = "mailgun"
secrets = ["a signing key"]
[sources.chat]
provider = "slack"
secrets = ["a signing secret"]
[sources.billing]
provider = "hmac"
header = "X-Billing"
hash = "sha512"
encoding = "base64"
prefix = "sig="
secrets = ["a secret of billing's"]
[sources.open]
provider = "none"
"""

SECRETS = ["dGhlIG", "whsec_stripe", "an auth token", "pass:word", "in a query", "in%20a%20query", "key for tokens"]


class Trigger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.creel = cls.enterClassContext(Gateway(toml=TOML, secret=None))

    def trigger(self, *arguments, code=0):
        done = self.creel.cli("trigger", *arguments, env={"PORT": str(self.creel.port)})
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        for secret in SECRETS:
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done.stdout

    def first_type(self, source):
        return self.trigger(source, "--list").split()[0]

    def test_every_family_is_accepted_and_kept(self):
        for source in ["openai", "pay", "code", "sms", "subscriptions", "legacy", "identity", "mail", "chat", "billing", "open"]:
            with self.subTest(source):
                type = self.first_type(source)
                answer = json.loads(self.trigger("none" if source == "open" else source, type, "--format", "json"))
                self.assertEqual(answer["status"] // 100, 2)
                kept = eventually(lambda: self.creel.events(f"&source={source}"), "the event is kept")
                self.assertIn(type, [event["type"] for event in kept])

    def test_every_sample_is_read_as_its_type(self):
        for source in ["pay", "code", "sms", "chat", "mail"]:
            types = self.trigger(source, "--list").split()
            self.assertGreater(len(types), 2)
            for type in types:
                self.trigger(source, type)
            seen = lambda: {event["type"] for event in self.creel.events(f"&source={source}")}
            eventually(lambda: set(types) <= seen(), f"{types} are among the events")

    def test_a_duplicate_is_answered_and_not_kept(self):
        answers = self.trigger("openai", "batch.completed", "--dup", "2", "--set", "data.id=batch_dup").splitlines()
        self.assertEqual(len(answers), 3)
        self.assertNotIn("duplicate", answers[0])
        self.assertIn('"duplicate":true', answers[1])
        self.assertIn('"duplicate":true', answers[2])
        self.assertEqual(len(eventually(lambda: self.creel.events("&subject=batch_dup"), "it is kept")), 1)

    def test_a_wrong_clock_is_refused_where_the_time_is_signed(self):
        for skew in ["-600", "600"]:
            self.assertIn("400 Invalid signature", self.trigger("pay", "invoice.paid", "--skew", skew, code=1))
        self.trigger("pay", "invoice.paid", "--skew", "-200")
        self.trigger("code", "push", "--skew", "-600")

    def test_a_bad_signature_is_refused_by_every_family(self):
        for source, status in [("openai", 400), ("pay", 400), ("code", 401), ("sms", 403), ("subscriptions", 401), ("legacy", 401),
                               ("identity", 401), ("billing", 401)]:
            with self.subTest(source):
                answer = self.trigger(source, self.first_type(source), "--bad-signature", code=1)
                self.assertEqual(int(answer.split()[0]), status, answer)

    def test_a_body_that_changed_on_the_way_is_refused(self):
        for option in ["--truncate", "--shuffle"]:
            for source in ["openai", "pay", "code", "chat", "billing"]:
                with self.subTest(f"{option} {source}"):
                    self.assertIn("nvalid", self.trigger(source, self.first_type(source), option, code=1))

    def test_a_token_does_not_cover_the_body(self):
        type = self.first_type("subscriptions")
        self.assertIn("400 Invalid JSON payload", self.trigger("subscriptions", type, "--truncate", code=1))
        self.trigger("subscriptions", type, "--shuffle")

    def test_the_old_secret_is_still_good(self):
        answer = json.loads(self.trigger("openai", "batch.completed", "--secret", "old", "--format", "json"))
        self.assertEqual(answer["status"], 200)
        event = eventually(lambda: self.creel.events("&id=" + answer["webhook_id"]), "it is kept")[0]
        self.assertEqual(self.creel.event(event["id"]).get("secret", "old"), "old")
        self.trigger("openai", "batch.completed", "--secret-name", "older", code=78)

    def test_a_rate_is_kept_and_summed_up(self):
        done = json.loads(self.trigger("pay", "invoice.paid", "--rate", "500/s", "--repeat", "250", "--format", "json"))
        self.assertEqual(done["sent"], 250)
        self.assertEqual(done["statuses"], {"200": 250})
        self.assertEqual(done["unanswered"], 0)
        # The last of 250 is due 0.498 s after the first.
        self.assertGreater(done["seconds"], 0.49)
        self.assertLess(done["p50_ms"], 1000)
        text = self.trigger("pay", "invoice.paid", "--rate", "100/s", "--repeat", "3", "--bad-signature", code=1)
        self.assertIn("  400        3\n", text)

    def test_options_combine(self):
        answers = self.trigger("openai", "batch.completed", "--dup", "1", "--repeat", "2", "--secret", "old", "--shuffle", code=1)
        self.assertEqual(answers, "400 Invalid signature\n" * 4)

    def test_what_is_signed_is_what_sign_prints(self):
        body = '{"id":"evt_1","type":"invoice.paid"}'
        headers = self.creel.cli("sign", "pay", input=body).stdout
        name, _, value = headers.strip().partition(": ")
        answer = self.creel.request("POST", "/pay", body, {name: value, "Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer)

    def test_a_provider_with_a_private_key_is_explained(self):
        done = self.creel.cli("trigger", "discord", self.first_type("discord"), env={"PORT": str(self.creel.port)})
        self.assertEqual(done.returncode, 64)
        self.assertIn("private key", done.stderr)

    def test_nobody_listening_ends_with_69(self):
        done = run("trigger", "stripe", "invoice.paid", "--secret", "s", env={"PORT": "1"}, cwd="/")
        self.assertEqual(done.returncode, 69)
        self.assertIn("Start creel serve", done.stderr)


if __name__ == "__main__":
    unittest.main()

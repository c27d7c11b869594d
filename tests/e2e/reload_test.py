"""SIGHUP: the configuration is read again, all of it or nothing, and no request is lost meanwhile."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import secrets
import signal
import subprocess
import threading
import time
import unittest

from gateway import SECRET, Answer, Gateway, Handler, Webhook, eventually, is_sanitized


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


RELOADED = '"message":"configuration reloaded"'
REFUSED = '"message":"configuration not reloaded'


class Reloading(Gateway):
    """A gateway whose creel.toml is written anew."""

    def __init__(self, toml, **more):
        super().__init__(toml='[log]\nformat = "json"\n' + toml, **more)

    def say(self, toml):
        write(self.path("creel.toml"), '[log]\nformat = "json"\n' + toml)

    def reload(self, expected=RELOADED):
        """SIGHUP, and waits until the log says what came of it; gives that line."""
        before = self.log().count(expected)
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.log().count(expected) > before, expected)
        return json.loads([line for line in self.log().splitlines() if expected in line][-1])


class Reload(unittest.TestCase):
    def test_a_secret_is_rotated_twenty_times_under_load(self):
        toml = '[sources.openai]\nsecrets = ["${file:current}", "${file:old}"]\n'
        with Reloading(toml, start=False) as creel:
            old, current = new_secret(), new_secret()
            write(creel.path("current"), current)
            write(creel.path("old"), old)
            creel.start()
            using, ended, answers, failures = [current], threading.Event(), [], []

            def send():
                while not ended.is_set():
                    webhook = Webhook(secret=using[0])
                    try:
                        answer = creel.post(webhook)
                    except OSError as error:
                        failures.append(error)
                        continue
                    (answers if answer.status == 200 else failures).append(webhook.id if answer.status == 200 else answer)

            clients = [threading.Thread(target=send) for _ in range(4)]
            for client in clients:
                client.start()
            try:
                for _ in range(20):
                    old, current = current, new_secret()
                    write(creel.path("old"), old)
                    write(creel.path("current"), current)
                    self.assertEqual(creel.reload()["sources_changed"], "openai")
                    # In the overlap both are good; then the clients go over to the new one.
                    self.assertEqual(creel.post(Webhook(secret=old)).status, 200)
                    self.assertEqual(creel.post(Webhook(secret=current)).status, 200)
                    using[0] = current
                    before = len(answers)
                    eventually(lambda: len(answers) > before + 8, "requests with the new secret")
            finally:
                ended.set()
                for client in clients:
                    client.join()
            self.assertEqual(failures, [])
            self.assertEqual(creel.metric("creel_config_reloads_total", result="applied"), 20)
            kept = {event["provider_id"] for event in creel.events()}
            self.assertEqual(set(answers) - kept, set())
            self.assertEqual(len(kept), len(answers) + 40)

    def test_a_bad_file_leaves_everything_as_it_was(self):
        good = '[sources.openai]\nsecrets = ["${OPENAI_WEBHOOK_SECRET}"]\n'
        with Reloading(good) as creel:
            creel.say('[sources.other]\nprovider = "nobody"\n[store]\nretentoin = "1d"\n')
            creel.reload(REFUSED)
            self.assertIn('creel.toml:4:12: unknown provider \\"nobody\\"', creel.log())
            self.assertIn("creel.toml:6:1: unknown key", creel.log())
            self.assertEqual(creel.post(Webhook()).status, 200)
            self.assertEqual(creel.metric("creel_config_reloads_total", result="refused"), 1)
            for text, where in (("[server\n", "3:8"), ("[[[\n", "3:3"), ("a = 2020-01-01T.\n", "3:5")):
                creel.say(text)
                creel.reload(REFUSED)
                self.assertIn(f"creel.toml:{where}: ", creel.log())
                self.assertEqual(creel.post(Webhook()).status, 200)
            creel.say(good)
            line = creel.reload()
            self.assertEqual((line["sources_added"], line["sources_removed"], line["sources_changed"]), ("", "", ""))

    def test_a_file_that_is_gone_for_a_moment_takes_nothing_away(self):
        good = '[sources.openai]\nsecrets = ["${OPENAI_WEBHOOK_SECRET}"]\n[destinations.app]\nurl = "http://127.0.0.1:1/"\n'
        with Reloading(good) as creel:
            os.remove(creel.path("creel.toml"))
            line = creel.reload(REFUSED)
            self.assertEqual(line["reason"], "creel.toml is not there any more")
            os.mkdir(creel.path("creel.toml"))
            creel.reload(REFUSED)
            self.assertIn("cannot read creel.toml", creel.log())
            os.rmdir(creel.path("creel.toml"))
            creel.say(good)
            self.assertEqual(creel.reload()["destinations_removed"], "")

    def test_what_needs_a_restart_refuses_the_whole_of_it(self):
        with Reloading('[sources.openai]\n') as creel:
            creel.say('[store]\nretention = "60d"\n[sources.openai]\n[sources.b]\nprovider = "openai"\n'
                      '[destinations.new]\nurl = "http://127.0.0.1:1/"\n')
            creel.reload(REFUSED)
            self.assertIn("store.retention changed: restart creel to apply it", creel.log())
            self.assertNotIn('destination \\"new\\" changed', creel.log())
            self.assertEqual(creel.post(Webhook(), "/webhooks/b").status, 404)

    def test_a_longer_dedupe_window_needs_a_restart(self):
        with Reloading('[sources.openai]\ndedupe = "8d"\n') as creel:
            creel.say('[sources.openai]\ndedupe = "9d"\n[sources.b]\nprovider = "openai"\n')
            creel.reload(REFUSED)
            self.assertIn("a dedupe window is longer than any was at the start: restart creel to apply it", creel.log())
            self.assertEqual(creel.post(Webhook(), "/webhooks/b").status, 404)
            creel.say('[sources.openai]\ndedupe = "7d"\n')
            creel.reload()
            creel.say('[sources.openai]\ndedupe = "8d"\n')
            creel.reload()

    def test_sources_come_and_go(self):
        one = '[sources.one]\nprovider = "openai"\npath = "/one"\nsecrets = ["${OPENAI_WEBHOOK_SECRET}"]\n'
        two = '[sources.two]\nprovider = "token"\nheader = "X-Token"\npath = "/two"\nsecrets = ["s3cret"]\n'
        with Reloading(one) as creel:
            self.assertEqual(creel.post(Webhook(), "/one").status, 200)
            creel.say(two)
            line = creel.reload()
            self.assertEqual((line["sources_added"], line["sources_removed"]), ("two", "one"))
            self.assertEqual(creel.post(Webhook(), "/one").status, 404)
            body = json.dumps({"type": "a.b"})
            self.assertEqual(creel.request("POST", "/two", body, {"X-Token": "s3cret"}).status, 200)
            self.assertEqual(creel.request("POST", "/two", body, {"X-Token": "wrong"}).status, 401)
            creel.say(one.replace("/one", "/1"))
            creel.reload()
            self.assertEqual(creel.post(Webhook(), "/1").status, 200)
            self.assertEqual(len(creel.events("&source=one")), 2)

    def test_a_secret_in_a_file_is_read_again(self):
        with Reloading('[sources.openai]\nsecrets = ["${file:secret}"]\n', start=False) as creel:
            write(creel.path("secret"), SECRET + "\n")
            creel.start()
            self.assertEqual(creel.post(Webhook()).status, 200)
            other = new_secret()
            write(creel.path("secret"), other)
            self.assertEqual(creel.post(Webhook(secret=other)).status, 400)
            creel.reload()
            self.assertEqual(creel.post(Webhook(secret=other)).status, 200)
            self.assertEqual(creel.post(Webhook()).status, 400)

    def test_a_level_of_the_log_counts_from_then_on(self):
        with Reloading('[sources.openai]\n') as creel:
            creel.post(Webhook())
            eventually(lambda: "event accepted" in creel.log(), "the event is said")
            creel.say('level = "error"\n[sources.openai]\n')
            creel.process.send_signal(signal.SIGHUP)
            eventually(lambda: creel.metric("creel_config_reloads_total", result="applied") == 1, "it is taken over")
            creel.post(Webhook())
            # An error comes after whatever was said before it.
            creel.say("[server\n")
            creel.reload(REFUSED)
            self.assertEqual(creel.log().count("event accepted"), 1)

    def test_a_route_leads_to_a_destination_from_then_on(self):
        with Handler() as handler:
            toml = f'[sources.openai]\n[destinations.app]\nurl = "{handler.url}"\n'
            with Reloading(toml) as creel:
                creel.post(Webhook())
                creel.say(toml + '[[routes]]\nfrom = ["openai"]\nto = ["app"]\n')
                self.assertTrue(creel.reload()["routes_changed"])
                webhook = Webhook()
                creel.post(webhook)
                eventually(lambda: handler.ids() == [webhook.id], "the delivery of the second event")

    def test_many_signals_at_once_are_few_reloads(self):
        with Reloading('[sources.openai]\n') as creel:
            for _ in range(50):
                creel.process.send_signal(signal.SIGHUP)
            eventually(lambda: RELOADED in creel.log(), "a reload")
            creel.say('[sources.openai]\npath = "/last"\n')
            creel.process.send_signal(signal.SIGHUP)
            eventually(lambda: creel.post(Webhook(), "/last").status == 200, "the last one counts")


class Generations:
    """A configuration that is another one in each generation, and senders who know which was in force.

    Generation K leads every event to `all`, and those whose slot is K's to a destination of its own by way of a transform. It
    keeps the destination of the generation before; older ones are gone, and back at the end.
    """
    COUNT = 100

    def __init__(self, creel, handler):
        self.creel, self.url = creel, handler.url
        self.ended = threading.Event()
        self.signalled = self.completed = 0
        self.sent, self.failures, self.lock = {}, [], threading.Lock()

    def destinations(self, numbers):
        return "".join(f'[destinations.g{k}]\nurl = "{self.url}/g{k}"\nconcurrency = {1 + k % 10}\n' for k in numbers)

    @staticmethod
    def reply(request):
        # So that some generations end before what they lead to their destination is there.
        if request["path"].endswith("0"):
            time.sleep(0.1)
        return 200

    @staticmethod
    def route(k):
        return (f"""[[routes]]
from = "openai"
types = ["none.{k}", "batch.*"]
filter = {{ body = {{ data = {{ slot = {{ "$in" = [{k % 2}, {10 + k}] }} }} }} }}
transform = "function(event) event.body.data.by = {k} return event end"
to = "g{k}"
""")

    def toml(self, own, kept):
        return (f'[sources.openai]\n[destinations.all]\nurl = "{self.url}/all"\n' + self.destinations(kept) +
                "".join(self.route(k) for k in own) + '[[routes]]\nfrom = ["openai"]\nto = ["all"]\n')

    def of(self, k):
        return self.toml([k], [k - 1, k] if k else [0])

    def send(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.creel.port, timeout=20)
        slot = 0
        while not self.ended.is_set():
            slot = 1 - slot
            webhook = Webhook(json.dumps({"id": "evt_" + secrets.token_hex(8), "object": "event", "created_at": int(time.time()),
                                          "type": "batch.completed", "data": {"slot": slot}}))
            earliest = self.completed
            try:
                connection.request("POST", "/webhooks/openai", webhook.body, webhook.headers)
                answer = connection.getresponse()
                answer = Answer(answer.status, answer.headers, answer.read())
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
                connection.close()
                continue
            if answer.status != 200:
                self.failures.append(answer)
            with self.lock:
                self.sent[webhook.id] = (slot, range(earliest, self.signalled + 1), webhook.body)
            time.sleep(0.004)
        connection.close()

    def expected(self, id):
        """The sets of destinations that the configurations in force while it was sent would have led it to."""
        slot, generations, _ = self.sent[id]
        return [{"all"} | ({f"g{k}"} if slot == k % 2 else set()) for k in generations]


class ReloadUnderLoad(unittest.TestCase):
    def test_routes_and_destinations_change_a_hundred_times_and_nothing_is_lost(self):
        count = 20 if is_sanitized() else Generations.COUNT
        with Handler(reply=Generations.reply) as handler, Reloading("[sources.openai]\n", start=False) as creel:
            world = Generations(creel, handler)
            creel.say(world.of(0))
            creel.start()
            clients = [threading.Thread(target=world.send) for _ in range(3)]
            for client in clients:
                client.start()
            try:
                for k in range(1, count + 1):
                    creel.say(world.of(k))
                    world.signalled = k
                    line = creel.reload()
                    world.completed = k
                    self.assertEqual(line["destinations_added"], f"g{k}")
                    self.assertTrue(line["routes_changed"])
                    before = len(world.sent)
                    eventually(lambda: len(world.sent) >= before + 4, "requests in this generation")
            finally:
                world.ended.set()
                for client in clients:
                    client.join()
            self.assertEqual(world.failures, [])
            self.assertEqual(creel.metric("creel_config_reloads_total", result="applied"), count)

            # What its destination or its route left behind goes on when both are back.
            creel.say(world.toml(range(count + 1), range(count + 1)))
            creel.reload()
            eventually(lambda: all(not event["deliveries"] or {delivery["state"] for delivery in event["deliveries"]} ==
                                   {"delivered"} for event in creel.events()), "everything is delivered", 60)
            self.check(world, handler)
            self.assertEqual({event["provider_id"] for event in creel.events()}, set(world.sent))

    def check(self, world, handler):
        arrived = {id: [] for id in world.sent}
        for request in handler.requests:
            id, name = request["headers"]["webhook-id"], request["path"].rpartition("/")[2]
            arrived[id].append(name)
            body, original = json.loads(request["body"]), json.loads(world.sent[id][2])
            if name == "all":
                self.assertEqual(request["body"], world.sent[id][2])
            else:
                self.assertEqual(body.pop("data"), {**original.pop("data"), "by": int(name[1:])})
                self.assertEqual(body, original)
            key = base64.b64decode(SECRET.removeprefix("whsec_"))
            signed = f"{id}.{request['headers']['webhook-timestamp']}.".encode() + request["body"]
            mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            self.assertEqual(request["headers"]["webhook-signature"], "v1," + mac)
        wrong = {id: (names, world.expected(id)) for id, names in arrived.items()
                 if len(names) != len(set(names)) or set(names) not in world.expected(id)}
        self.assertEqual(wrong, {})
        transformed = sum(len(names) == 2 for names in arrived.values())
        self.assertGreater(transformed, len(arrived) // 4)


def openssl(*arguments, input=None):
    return subprocess.run(["openssl", *arguments], input=input, capture_output=True, check=True, timeout=60).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenKey:
    """An RSA key with an id, which signs tokens over bodies."""

    def __init__(self, id):
        self.id, self.pem = id, openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        modulus = openssl("rsa", "-modulus", "-noout", input=self.pem).decode().strip().removeprefix("Modulus=")
        self.jwk = {"kty": "RSA", "kid": id, "alg": "RS256", "use": "sig", "e": "AQAB", "n": base64url(bytes.fromhex(modulus))}

    def token(self, body, folder, **header):
        header = {"alg": "RS256", "kid": self.id, **header}
        claims = {"request_body_sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
                  "iat": int(time.time()), "exp": int(time.time()) + 60}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        path = os.path.join(folder, "token.pem")
        with open(path, "wb") as file:
            file.write(self.pem)
        return text + "." + base64url(openssl("dgst", "-sha256", "-sign", path, input=text.encode()))


class Publisher:
    """Publishes keys on loopback; `answer` may be a status instead."""

    def __init__(self):
        self.keys, self.status, self.location, self.asked = [], 200, None, []

    def __enter__(self):
        publisher = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.asked.append(self.path)
                body = json.dumps({"keys": publisher.keys}).encode()
                self.send_response(publisher.status)
                if publisher.location:
                    self.send_header("Location", publisher.location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class PublishedKeys(unittest.TestCase):
    def setUp(self):
        self.key = TokenKey("first")

    @staticmethod
    def post(creel, key, **header):
        body = json.dumps({"event": {"type": "user.create", "id": secrets.token_hex(16)}}).encode()
        token = key.token(body, creel.folder, **header)
        return creel.request("POST", "/webhooks/login", body, {"X-FusionAuth-Signature-JWT": token})

    @staticmethod
    def toml(where):
        return f'[sources.login]\nprovider = "fusionauth"\nalgorithms = ["RS256"]\njwks = "{where}"\n'

    def test_tokens_are_checked_with_the_keys_that_are_published(self):
        with Publisher() as publisher, Publisher() as stranger:
            publisher.keys = [self.key.jwk]
            with Reloading(self.toml(publisher.url + "/keys"), secret=None) as creel:
                eventually(lambda: self.post(creel, self.key).status == 200, "the keys are there")
                other = TokenKey("other")
                stranger.keys = [other.jwk]
                self.assertEqual(self.post(creel, other).status, 401)
                # Wherever a token says its key is: nobody goes there.
                answer = self.post(creel, other, jku=stranger.url + "/keys", x5u=stranger.url + "/cert")
                self.assertEqual(answer.status, 401)
                self.assertEqual(stranger.asked, [])
                self.assertEqual(set(publisher.asked), {"/keys"})
                self.assertGreater(creel.metric("creel_jwks_fetched_timestamp_seconds", source="login"), time.time() - 600)

    def test_without_keys_the_sender_is_told_to_come_again(self):
        with Publisher() as publisher, Publisher() as elsewhere:
            elsewhere.keys = [self.key.jwk]
            publisher.status, publisher.location = 302, elsewhere.url
            with Reloading(self.toml(publisher.url), secret=None) as creel:
                eventually(lambda: "cannot fetch published keys" in creel.log(), "the failure is said")
                self.assertEqual(self.post(creel, self.key).status, 503)
                self.assertEqual(elsewhere.asked, [])
                self.assertEqual(creel.metric("creel_jwks_failing", source="login"), 1)

    def test_keys_of_a_file_are_read_again(self):
        with Reloading(self.toml("keys.json"), secret=None, start=False) as creel:
            write(creel.path("keys.json"), json.dumps({"keys": [self.key.jwk]}))
            creel.start()
            self.assertEqual(self.post(creel, self.key).status, 200)
            other = TokenKey("second")
            write(creel.path("keys.json"), json.dumps({"keys": [other.jwk]}))
            self.assertEqual(creel.reload()["sources_changed"], "login")
            self.assertEqual(self.post(creel, other).status, 200)
            self.assertEqual(self.post(creel, self.key).status, 401)


if __name__ == "__main__":
    unittest.main()

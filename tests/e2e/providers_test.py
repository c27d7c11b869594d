"""What each provider is told over HTTP: one source of each, requests signed here from the facts, not by creel.

A case makes a genuine request; everything else is that request with one thing wrong.
"""
import atexit
import base64
import functools
import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from gateway import Gateway, eventually

OUTER = "https://hooks.example.com"  # the address that providers think they call
WHSEC = "whsec_" + base64.b64encode(b"an end-to-end test's own secret!").decode()
RECEIVED = (200, b'{"received":true}')
REFUSED, UNAUTHORIZED = b"Invalid signature", b"Unauthorized"


def mac(secret, *parts, hash="sha256"):
    return hmac.new(secret.encode(), b"".join(p.encode() if isinstance(p, str) else p for p in parts), hash)


def hexed(*args, **kw):
    return mac(*args, **kw).hexdigest()


def based(*args, **kw):
    return base64.b64encode(mac(*args, **kw).digest()).decode()


class PrivateKey:
    """A key that only a provider would have, by the openssl program."""

    def __init__(self, *algorithm):
        self.folder = tempfile.mkdtemp(prefix="creel-e2e-key-")
        atexit.register(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "key.pem")
        self.run("genpkey", "-algorithm", *algorithm, "-out", self.file)

    @staticmethod
    def run(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout

    def public(self):
        return self.run("pkey", "-in", self.file, "-pubout", "-outform", "DER")

    def sign(self, data, *options):
        path = os.path.join(self.folder, "data")
        with open(path, "wb") as file:
            file.write(data)
        return self.run("pkeyutl", "-sign", "-inkey", self.file, "-rawin", "-in", path, *options)


class Case:
    """One provider. `sign(secret, body, now, id, type)` gives its headers (and "?…" for the query under "query")."""
    secret = "a secret of the tests"
    other = "another secret altogether"
    options = ""             # further lines of the source
    tolerance = None         # seconds, where there is a window
    refusal = (400, REFUSED)
    missing = None           # where it differs from `refusal`
    accepted = RECEIVED
    type, unknown = "thing.happened", "thing.never_heard_of"
    is_json = True
    methods = ("POST",)
    covers_body = True       # whether another body shows
    content_type = "application/json"
    proof = None             # the header that proves; by default the one named …signature…

    def body(self, id, type):
        return json.dumps({"id": id, "type": type, "data": {"id": "object_1"}}).encode()

    def unsigned_headers(self, id, type):
        return {}

    def sign(self, secret, body, now, id, type):
        raise NotImplementedError

    def make(self, secret=None, body=None, age=0, id=None, type=None):
        id, type = id or secrets.token_hex(12), type or self.type
        body = self.body(id, type) if body is None else body
        headers = {"Content-Type": self.content_type, **self.unsigned_headers(id, type),
                   **self.sign(secret or self.secret, body, int(time.time()) - age, id, type)}
        return headers.pop("query", ""), headers, body

    def proof_name(self, headers):
        return self.proof or next(name for name in headers if "signature" in name.lower() and "timestamp" not in name.lower())


class Standard(Case):
    secret, other, tolerance = WHSEC, "whsec_" + base64.b64encode(b"another secret altogether, 32 by").decode(), 300
    prefix = "webhook-"

    def sign(self, secret, body, now, id, type):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, f"{id}.{now}.".encode() + body, "sha256").digest()).decode()
        return {self.prefix + "id": id, self.prefix + "timestamp": str(now), self.prefix + "signature": "v1," + signature}


class Openai(Standard):
    type, unknown = "batch.completed", "batch.resurrected"


class StandardWebhooks(Standard):
    is_json = False


class Svix(Standard):
    prefix, is_json = "svix-", False


class Resend(Standard):
    prefix, type = "svix-", "email.sent"


class Clerk(Standard):
    prefix, type = "svix-", "user.created"


class Replicate(Standard):
    type = "succeeded"

    def body(self, id, type):
        return json.dumps({"id": "prediction_1", "status": type, "n": id}).encode()


class Stripe(Case):
    tolerance, type = 300, "invoice.paid"

    def sign(self, secret, body, now, id, type):
        return {"Stripe-Signature": f"t={now},v0={'0' * 64},v1={hexed(secret, f'{now}.', body)}"}


class Elevenlabs(Case):
    tolerance, type, refusal = 1800, "post_call_transcription", (401, REFUSED)

    def body(self, id, type):
        return json.dumps({"type": type, "event_timestamp": int(time.time()), "data": {"conversation_id": id}}).encode()

    def sign(self, secret, body, now, id, type):
        return {"ElevenLabs-Signature": f"t={now},v0={hexed(secret, f'{now}.', body)}"}


class Paddle(Case):
    tolerance, type = 5, "subscription.created"

    def body(self, id, type):
        return json.dumps({"event_id": "evt_" + id, "event_type": type}).encode()

    def sign(self, secret, body, now, id, type):
        return {"Paddle-Signature": f"ts={now};h1={hexed(secret, f'{now}:', body)}"}


class Shopify(Case):
    type, unknown = "orders/create", "orders/teleport"

    def unsigned_headers(self, id, type):
        return {"X-Shopify-Topic": type, "X-Shopify-Event-Id": id, "X-Shopify-Webhook-Id": "w" + id}

    def sign(self, secret, body, now, id, type):
        return {"X-Shopify-Hmac-SHA256": based(secret, body)}

    def proof_name(self, headers):
        return "X-Shopify-Hmac-SHA256"


class Github(Case):
    type, refusal = "push", (401, REFUSED)

    def unsigned_headers(self, id, type):
        return {"X-GitHub-Event": type, "X-GitHub-Delivery": id}

    def sign(self, secret, body, now, id, type):
        return {"X-Hub-Signature-256": "sha256=" + hexed(secret, body)}


class Cursor(Case):
    type, refusal = "statusChange", (401, REFUSED)

    def unsigned_headers(self, id, type):
        return {"X-Webhook-ID": id, "X-Webhook-Event": type}

    def sign(self, secret, body, now, id, type):
        return {"X-Webhook-Signature": "sha256=" + hexed(secret, body)}


class Vercel(Case):
    type = "deployment.created"

    def sign(self, secret, body, now, id, type):
        return {"x-vercel-signature": hexed(secret, body, hash="sha1")}


class Woocommerce(Case):
    type = "order.created"

    def unsigned_headers(self, id, type):
        return {"X-WC-Webhook-Topic": type, "X-WC-Webhook-Delivery-ID": id}

    def sign(self, secret, body, now, id, type):
        return {"X-WC-Webhook-Signature": based(secret, body)}


class Hookdeck(Case):
    refusal, is_json = (401, REFUSED), False

    def unsigned_headers(self, id, type):
        return {"x-hookdeck-eventid": id}

    def sign(self, secret, body, now, id, type):
        return {"x-hookdeck-signature": based(secret, body)}


class Webflow(Case):
    tolerance, type = 300, "site_publish"

    def body(self, id, type):
        return json.dumps({"triggerType": type, "payload": {"id": id}}).encode()

    def sign(self, secret, body, now, id, type):
        return {"x-webflow-timestamp": f"{now}000", "x-webflow-signature": hexed(secret, f"{now}000:", body)}


class Slack(Case):
    tolerance, type, refusal, accepted = 300, "message", (401, REFUSED), (200, b"")

    def body(self, id, type):
        return json.dumps({"type": "event_callback", "event_id": "Ev" + id, "event": {"type": type, "channel": "C1"}}).encode()

    def sign(self, secret, body, now, id, type):
        return {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": "v0=" + hexed(secret, f"v0:{now}:", body)}


class Zoom(Case):
    tolerance, type, refusal = 300, "meeting.started", (401, REFUSED)

    def body(self, id, type):
        return json.dumps({"event": type, "event_ts": 1, "payload": {"account_id": "a", "object": {"uuid": id}}}).encode()

    def sign(self, secret, body, now, id, type):
        return {"x-zm-request-timestamp": str(now), "x-zm-signature": "v0=" + hexed(secret, f"v0:{now}:", body)}


class Linear(Case):
    tolerance, type = 60, "Issue.create"

    def make(self, secret=None, body=None, age=0, id=None, type=None):
        self.age = age  # the time stands in the body
        return super().make(secret, body, 0, id, type)

    def body(self, id, type):
        kind, _, action = type.partition(".")
        return json.dumps({"action": action, "type": kind, "data": {"id": id}, "createdAt": "2026-01-01T00:00:00Z",
                           "webhookTimestamp": int((time.time() - self.age) * 1000)}).encode()

    def sign(self, secret, body, now, id, type):
        return {"Linear-Signature": hexed(secret, body)}


class Square(Case):
    type, refusal, options = "payment.created", (401, REFUSED), f'url = "{OUTER}/webhooks/square"'

    def body(self, id, type):
        return json.dumps({"event_id": id, "type": type}).encode()

    def sign(self, secret, body, now, id, type):
        return {"x-square-hmacsha256-signature": based(secret, f"{OUTER}/webhooks/square", body)}


class Hubspot(Case):
    tolerance, type, refusal = 300, "contact.creation", (401, REFUSED)
    options = f'url = "{OUTER}/webhooks/hubspot"'

    def body(self, id, type):
        return json.dumps([{"eventId": id, "portalId": 1, "subscriptionId": 2, "occurredAt": 1750000000000, "objectId": 3,
                            "subscriptionType": type}]).encode()

    def sign(self, secret, body, now, id, type):
        return {"X-HubSpot-Request-Timestamp": f"{now}000",
                "X-HubSpot-Signature-v3": based(secret, f"POST{OUTER}/webhooks/hubspot", body, f"{now}000")}


class Twilio(Case):
    type, unknown, refusal, missing = "message.delivered", "message.teleported", (403, REFUSED), (400, REFUSED)
    accepted, is_json, content_type = (200, b"<Response/>"), False, "application/x-www-form-urlencoded"
    options = f'url = "{OUTER}/webhooks/twilio"'

    def body(self, id, type):
        return urllib.parse.urlencode({"MessageSid": id, "MessageStatus": type.removeprefix("message."), "Body": "é & ü"}).encode()

    def sign(self, secret, body, now, id, type):
        fields = sorted(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        text = f"{OUTER}/webhooks/twilio?a=1" + "".join(name + value for name, value in fields)
        return {"X-Twilio-Signature": based(secret, text, hash="sha1"), "query": "?a=1"}


class Mailgun(Case):
    tolerance, type, refusal, covers_body = 12 * 3600, "delivered", (401, REFUSED), False

    def make(self, secret=None, body=None, age=0, id=None, type=None):
        if body is not None:  # Its proof stands in the body, so it cannot be authentic and no JSON.
            return "", {"Content-Type": "application/json"}, body
        id, now, token = id or secrets.token_hex(12), str(int(time.time()) - age), secrets.token_hex(25)
        return "", {"Content-Type": "application/json"}, json.dumps({
            "signature": {"timestamp": now, "token": token, "signature": hexed(secret or self.secret, now, token)},
            "event-data": {"id": id, "event": type or self.type}}).encode()


class Discord(Case):
    key = PrivateKey("ed25519")
    secret = key.public()[-32:].hex()
    type, refusal, accepted = "APPLICATION_AUTHORIZED", (401, REFUSED), (204, b"")

    def body(self, id, type):
        return json.dumps({"version": 1, "application_id": id, "type": 1, "event": {"type": type, "timestamp": "2026-01-01T00:00:00Z"}}).encode()

    def sign(self, secret, body, now, id, type):
        key = self.key if secret == self.secret else PrivateKey("ed25519")
        return {"X-Signature-Timestamp": str(now), "X-Signature-Ed25519": key.sign(f"{now}".encode() + body).hex()}

    def proof_name(self, headers):
        return "X-Signature-Ed25519"


class Sendgrid(Case):
    key = PrivateKey("EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    secret = base64.b64encode(key.public()).decode()
    type = "delivered"

    def body(self, id, type):
        return json.dumps([{"sg_event_id": id, "event": type, "timestamp": 1750000000}]).encode() + b"\r\n"

    def sign(self, secret, body, now, id, type):
        key = self.key if secret == self.secret else PrivateKey("EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        signature = key.sign(f"{now}".encode() + body, "-digest", "sha256")
        return {"X-Twilio-Email-Event-Webhook-Timestamp": str(now),
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode()}


class Fusionauth(Case):
    type, refusal, proof = "user.create", (401, REFUSED), "X-FusionAuth-Signature-JWT"

    def body(self, id, type):
        return json.dumps({"event": {"id": id, "type": type, "createInstant": 1750000000000}}).encode()

    def sign(self, secret, body, now, id, type):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
        claim = base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps({"request_body_sha256": claim}).encode())
        return {"X-FusionAuth-Signature-JWT": text + "." + part(mac(secret, text).digest())}


class Credential(Case):
    refusal, covers_body = (401, UNAUTHORIZED), False


class Gitlab(Credential):
    type, proof = "push", "X-Gitlab-Token"

    def body(self, id, type):
        return json.dumps({"object_kind": type}).encode()

    def unsigned_headers(self, id, type):
        return {"Idempotency-Key": id}

    def sign(self, secret, body, now, id, type):
        return {"X-Gitlab-Token": secret}


class Basic(Credential):
    secret, other, proof = "user:pass:with:colons", "user:pass", "Authorization"

    def sign(self, secret, body, now, id, type):
        return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


class Chargebee(Basic):
    type = "payment_succeeded"

    def body(self, id, type):
        return json.dumps({"id": id, "event_type": type}).encode()


class Deepgram(Basic):
    refusal, missing, methods = (403, UNAUTHORIZED), (401, UNAUTHORIZED), ("POST", "PUT")
    type = unknown = "transcription.callback"

    def body(self, id, type):
        return json.dumps({"metadata": {"request_id": id}}).encode()


class GenericBasic(Basic):
    is_json, options, type, unknown = False, 'id = "/id"\ntype = "/type"', "a.b", "c.d"


class Postmark(Credential):
    type, unknown = "Bounce", "Levitation"

    def body(self, id, type):
        return json.dumps({"RecordType": type, "MessageID": id, "ID": 7}).encode()

    def sign(self, secret, body, now, id, type):
        return {"query": "?token=" + urllib.parse.quote(secret)}

    def proof_name(self, headers):
        return None


class Token(Credential):
    is_json, proof = False, "X-Door-Key"
    options = 'header = "X-Door-Key"\nid = "/id"\ntype = "/type"'

    def sign(self, secret, body, now, id, type):
        return {"X-Door-Key": secret}


class Hmac(Case):
    refusal, is_json, tolerance = (401, REFUSED), False, 120
    options = ('header = "X-Sig"\nhash = "sha512"\nencoding = "base64"\nprefix = "v9="\ncontent = "{timestamp}|{body}"\n'
               'timestamp_header = "X-Time"\ntolerance = "2m"\nid = "header:X-Id"\ntype = "/type"')

    def unsigned_headers(self, id, type):
        return {"X-Id": id}

    def sign(self, secret, body, now, id, type):
        return {"X-Time": str(now), "X-Sig": "v9=" + based(secret, f"{now}|", body, hash="sha512")}

    def proof_name(self, headers):
        return "X-Sig"


CASES = {"openai": Openai, "standard-webhooks": StandardWebhooks, "svix": Svix, "resend": Resend, "clerk": Clerk,
         "replicate": Replicate, "stripe": Stripe, "elevenlabs": Elevenlabs, "paddle": Paddle, "shopify": Shopify,
         "github": Github, "cursor": Cursor, "vercel": Vercel, "woocommerce": Woocommerce, "hookdeck": Hookdeck,
         "webflow": Webflow, "slack": Slack, "zoom": Zoom, "linear": Linear, "square": Square, "hubspot": Hubspot,
         "twilio": Twilio, "mailgun": Mailgun, "discord": Discord, "sendgrid": Sendgrid, "fusionauth": Fusionauth,
         "gitlab": Gitlab, "chargebee": Chargebee, "deepgram": Deepgram, "postmark": Postmark, "token": Token,
         "basic": GenericBasic, "hmac": Hmac}


def configuration():
    return "".join(f"[sources.{name}]\nprovider = {json.dumps(name)}\nsecrets = [{json.dumps(case.secret)}]\n{case.options}\n"
                   for name, case in CASES.items()) + '[sources.none]\nprovider = "none"\npath = "/in/3f9c0d"\n'


def for_each_provider(check):
    @functools.wraps(check)
    def checked(self):
        for name, kind in CASES.items():
            with self.subTest(provider=name):
                check(self, name, kind())
    return checked


class Providers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.creel = cls.enterClassContext(Gateway(toml=configuration(), secret=None))

    def send(self, name, query, headers, body, method="POST"):
        answer = self.creel.request(method, f"/webhooks/{name}{query}", body, headers)
        return answer.status, answer.body

    def test_health(self):
        answer = self.creel.get("/health")
        self.assertEqual((answer.status, answer.body), (200, b'{"status":"ok"}'))

    @for_each_provider
    def test_a_valid_request_becomes_an_event_with_its_type(self, name, case):
        for method in case.methods:
            before = len(self.creel.events(f"&source={name}"))
            self.assertEqual(self.send(name, *case.make(), method=method), case.accepted)
            events = eventually(lambda: (found := self.creel.events(f"&source={name}"))[before:] and found, "the event is listed")
            self.assertEqual(events[0]["type"], case.type)

    @for_each_provider
    def test_a_type_that_nobody_knows_is_accepted(self, name, case):
        self.assertEqual(self.send(name, *case.make(type=case.unknown)), case.accepted)

    @for_each_provider
    def test_a_duplicate_is_accepted_and_kept_once(self, name, case):
        id = secrets.token_hex(12)
        once = case.make(id=id)
        before = len(self.creel.events(f"&source={name}"))
        self.assertEqual(self.send(name, *once), case.accepted)
        again = (200, b'{"received":true,"duplicate":true}') if case.accepted == RECEIVED else case.accepted
        self.assertEqual(self.send(name, *once), again)
        self.assertEqual(len(self.creel.events(f"&source={name}")), before + 1)

    @for_each_provider
    def test_another_secret_is_refused(self, name, case):
        self.assertEqual(self.send(name, *case.make(secret=case.other)), case.refusal)

    @for_each_provider
    def test_another_body_is_refused_where_it_is_covered(self, name, case):
        query, headers, body = case.make()
        at = len(body) // 2
        answer = self.send(name, query, headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1:])
        if case.covers_body:
            self.assertEqual(answer, case.refusal)

    @for_each_provider
    def test_without_proof_it_is_refused(self, name, case):
        query, headers, body = case.make()
        if name == "mailgun":
            body = json.dumps({"event-data": {"id": "x", "event": "delivered"}}).encode()
        elif case.proof_name(headers) is None:
            query = ""
        else:
            del headers[case.proof_name(headers)]
        self.assertEqual(self.send(name, query, headers, body), case.missing or case.refusal)

    @for_each_provider
    def test_malformed_proof_is_refused(self, name, case):
        query, headers, body = case.make()
        proof = case.proof_name(headers) if name != "mailgun" else None
        if proof is None:
            return
        for junk in ("x", "invalid_format", headers[proof] + "00", headers[proof][:-2], "\x7f" + headers[proof], "é"):
            answer = self.send(name, query, {**headers, proof: junk.encode("utf-8")}, body)
            # The HTTP rules refuse a control character before any provider's do.
            self.assertIn(answer[0], (400,) if junk[0] == "\x7f" else (case.refusal[0], (case.missing or case.refusal)[0]), junk)

    @for_each_provider
    def test_the_window_has_two_sides(self, name, case):
        if case.tolerance is None:
            return
        for age in (case.tolerance + 100, -case.tolerance - 100):
            self.assertEqual(self.send(name, *case.make(age=age)), case.refusal, age)
        self.assertEqual(self.send(name, *case.make(age=case.tolerance - 4 if case.tolerance > 5 else 1)), case.accepted)

    @for_each_provider
    def test_authentic_junk_is_refused_where_json_is_sent(self, name, case):
        if name == "mailgun" or name == "linear":  # Without JSON there is no proof, or no time.
            self.assertEqual(self.send(name, *case.make(body=b"not json"))[0], case.refusal[0])
            return
        expected = (400, b"Invalid JSON payload") if case.is_json else case.accepted
        self.assertEqual(self.send(name, *case.make(body=b"not json")), expected)

    @for_each_provider
    def test_other_methods_are_refused_with_those_that_are_not(self, name, case):
        answer = self.creel.request("DELETE", f"/webhooks/{name}")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, ", ".join(case.methods)))

    def test_the_unsigned_source_takes_everything(self):
        answer = self.creel.request("POST", "/in/3f9c0d", b"anything at all", {})
        self.assertEqual((answer.status, answer.body), RECEIVED)


class Peculiarities(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.creel = cls.enterClassContext(Gateway(toml=configuration() + """
[sources.meta]
provider = "hmac"
header = "X-Hub-Signature-256"
prefix = "sha256="
secrets = ["app secret"]
handshake = "hub_challenge"
verify_token = "open sesame"

[sources.graph]
provider = "token"
header = "X-Door-Key"
secrets = ["door key"]
handshake = "validation_token"

[sources.graph-once]
provider = "token"
header = "X-Door-Key"
secrets = ["door key"]
replay = "1d"
""", secret=None))

    def post(self, name, request):
        query, headers, body = request
        answer = self.creel.request("POST", f"/webhooks/{name}{query}", body, headers)
        return answer.status, answer.body

    def count(self, name):
        return len(self.creel.events(f"&source={name}"))

    def test_shopify_is_told_401_for_compliance_topics(self):
        for topic, status in (("customers/redact", 401), ("customers/data_request", 401), ("shop/redact", 401), ("orders/create", 400)):
            self.assertEqual(self.post("shopify", Shopify().make(secret="wrong one", type=topic))[0], status, topic)

    def test_slack_gets_its_challenge_back_only_when_it_signed(self):
        case, before = Slack(), self.count("slack")
        body = b'{"token":"unused","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}'
        self.assertEqual(self.post("slack", case.make(body=body)), (200, b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"))
        self.assertEqual(self.post("slack", case.make(body=body, secret="wrong one"))[0], 401)
        self.assertEqual(self.count("slack"), before)

    def test_zoom_gets_its_token_hashed(self):
        case, before = Zoom(), self.count("zoom")
        body = b'{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}'
        status, answer = self.post("zoom", case.make(body=body))
        self.assertEqual((status, json.loads(answer)), (200, {"plainToken": "qgg8vlvZRS6UYooatFL8Aw",
                                                             "encryptedToken": hexed(case.secret, "qgg8vlvZRS6UYooatFL8Aw")}))
        self.assertEqual(self.post("zoom", case.make(body=body, secret="wrong one"))[0], 401)
        self.assertEqual(self.count("zoom"), before)

    def test_discord_is_answered_its_pings(self):
        case, before = Discord(), self.count("discord")
        self.assertEqual(self.post("discord", case.make(body=b'{"id":"1","application_id":"2","type":1,"version":1}')), (200, b'{"type":1}'))
        self.assertEqual(self.post("discord", case.make(body=b'{"version":1,"application_id":"2","type":0}')), (204, b""))
        self.assertEqual(self.post("discord", case.make(body=b'{"type":1}', secret="wrong one"))[0], 401)
        self.assertEqual(self.count("discord"), before)

    def test_woocommerce_may_ping_unsigned_and_nothing_else(self):
        before = self.count("woocommerce")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.post("woocommerce", ("", form, b"webhook_id=23"))[0], 200)
        for other in (b"webhook_id=23&x=1", b"webhook_id=", b"id=23", b"webhook_id=x", b""):
            self.assertEqual(self.post("woocommerce", ("", form, other))[0], 400, other)
        self.assertEqual(self.count("woocommerce"), before)

    def test_each_item_of_an_array_is_an_event_once(self):
        for name, case, item in (
                ("sendgrid", Sendgrid(), lambda id: {"sg_event_id": id, "event": "open", "timestamp": 1}),
                ("hubspot", Hubspot(), lambda id: {"eventId": id, "portalId": 1, "subscriptionId": 2, "occurredAt": 3, "objectId": 4,
                                                   "subscriptionType": "deal.creation"})):
            with self.subTest(provider=name):
                before = self.count(name)
                first, second, third = (secrets.token_hex(8) for _ in range(3))
                self.assertEqual(self.post(name, case.make(body=json.dumps([item(first), item(second)]).encode())), RECEIVED)
                self.assertEqual(self.post(name, case.make(body=json.dumps([item(second), item(third)]).encode())), RECEIVED)
                self.assertEqual(self.count(name), before + 3)
                self.assertEqual(self.post(name, case.make(body=b"[]")), RECEIVED)
                self.assertEqual(self.count(name), before + 3)

    def test_github_and_slack_may_send_forms(self):
        form = "application/x-www-form-urlencoded"
        github = Github()
        github.content_type = form
        body = b"payload=" + urllib.parse.quote('{"repository":{"full_name":"a/b"}}').encode()
        self.assertEqual(self.post("github", github.make(body=body)), RECEIVED)
        event = self.creel.events("&source=github")[0]
        self.assertEqual((event["type"], event["subject"]), ("push", "a/b"))
        self.assertEqual(self.creel.raw(event["id"]), body)
        slack = Slack()
        slack.content_type = form
        self.assertEqual(self.post("slack", slack.make(body=b"command=%2Fweather&trigger_id=1.2.3&channel_id=C1")), (200, b""))
        self.assertEqual(self.creel.events("&source=slack")[0]["type"], "/weather")

    def test_an_id_that_is_not_signed_does_not_hide_another_body(self):
        id, before = secrets.token_hex(12), self.count("github")
        for n in (1, 2):
            self.assertEqual(self.post("github", Github().make(id=id, body=json.dumps({"n": n}).encode())), RECEIVED)
        self.assertEqual(self.count("github"), before + 2)

    def test_without_an_id_every_request_is_an_event_unless_replay_is_set(self):
        for source, events in (("graph", 2), ("graph-once", 1)):
            before = self.count(source)
            for _ in range(2):
                request = ("", {"X-Door-Key": "door key"}, b'{"event":"doorbell"}')
                self.assertEqual(self.post(source, request)[0], 200)
            self.assertEqual(self.count(source), before + events, source)

    def test_a_subscription_is_confirmed_with_the_verify_token_alone(self):
        def ask(token, mode="subscribe"):
            query = urllib.parse.urlencode({"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"})
            answer = self.creel.get("/webhooks/meta?" + query)
            return answer.status, answer.body
        self.assertEqual(ask("open sesame"), (200, b"1158201444"))
        self.assertEqual(ask("open barley")[0], 403)
        self.assertNotIn(ask("open sesame", "unsubscribe")[1], (b"1158201444",))

    def test_a_validation_token_is_echoed_as_text(self):
        answer = self.creel.request("POST", "/webhooks/graph?validationToken=Validation%3A+Token%3Cb%3E", b"", {})
        self.assertEqual((answer.status, answer.body), (200, b"Validation: Token<b>"))
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
        self.assertEqual(self.count("graph"), 0)

    def test_no_credential_reaches_the_disk(self):
        for name in ("gitlab", "chargebee", "deepgram", "postmark", "token", "basic"):
            for secret in (None, "a wrong one:that is secret too"):
                self.post(name, CASES[name]().make(secret=secret))
        self.creel.get("/webhooks/meta?hub.mode=subscribe&hub.verify_token=open%20sesame&hub.challenge=1")
        self.creel.stop()
        kept = b""
        for folder, _, files in os.walk(self.creel.store):
            for file in files:
                with open(os.path.join(folder, file), "rb") as content:
                    kept += content.read()
        self.creel.start()
        for name in ("gitlab", "chargebee", "deepgram", "postmark", "token", "basic"):
            secret = CASES[name].secret
            for text in (secret, urllib.parse.quote(secret), base64.b64encode(secret.encode()).decode(), "that is secret too"):
                self.assertNotIn(text.encode(), kept, f"{name}: {text}")
                self.assertNotIn(text, self.creel.log(), name)


if __name__ == "__main__":
    unittest.main()

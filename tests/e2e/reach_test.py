"""How destinations are reached: by a token, with a certificate, through a proxy, and never waiting for another's name."""
import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from gateway import WAIT, Gateway, Handler, Webhook, eventually, free_port

RETRY = 'retry = { initial = "20ms", max = "50ms" }'


def toml(lines):
    return f"""[sources.openai]
provider = "openai"
[destinations.app]
{lines}
[[routes]]
from = "openai"
to = "app"
"""


def send(creel, count=1):
    webhooks = [Webhook() for _ in range(count)]
    for webhook in webhooks:
        assert creel.post(webhook).status == 200
    return [webhook.id for webhook in webhooks]


def arrived(handler, ids):
    eventually(lambda: set(handler.ids()) >= set(ids), f"{len(ids)} are delivered")


def history(creel, index=0):
    """The attempts of the one delivery of an event, the oldest first."""
    return creel.event(creel.events("&order=oldest")[index]["id"])["deliveries"][0].get("history", [])


def reload(creel, text=None):
    if text is not None:
        with open(creel.path("creel.toml"), "w", encoding="utf-8") as file:
            file.write(text)
    before = creel.log().count("configuration reloaded")
    os.kill(creel.process.pid, signal.SIGHUP)
    eventually(lambda: creel.log().count("configuration reloaded") > before, "it is reloaded")


class Authority:
    """Issues certificates, in a folder of its own."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="creel-e2e-ca-")
        self.run("-subj", "/CN=authority", "-keyout", self.path("ca-key"), "-out", self.path("ca"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name + ".pem")

    def run(self, *arguments):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", *arguments], check=True, capture_output=True, timeout=60)

    def issue(self, file, name):
        self.run("-CA", self.path("ca"), "-CAkey", self.path("ca-key"), "-subj", f"/CN={name}",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
                 "-keyout", self.path(file + "-key"), "-out", self.path(file))

    def server(self, wants_certificate=False):
        """What a server of this authority speaks."""
        self.issue("server", "server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server"), self.path("server-key"))
        if wants_certificate:
            context.load_verify_locations(self.path("ca"))
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Tokens(Handler):
    """A server of tokens for client credentials: the token it gave last is the good one."""

    def __init__(self):
        super().__init__(reply=self.answer)
        self.is_up, self.given, self.forms = True, 0, []

    @property
    def bearer(self):
        return f"Bearer tok-{self.given}"

    def answer(self, request):
        if not self.is_up:
            return 503
        form = dict(urllib.parse.parse_qsl(request["body"].decode()))
        self.forms.append((form, request["headers"].get("authorization")))
        self.given += 1
        body = {"access_token": f"tok-{self.given}", "token_type": "Bearer", "expires_in": 3600}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


class OAuth2(unittest.TestCase):
    LINES = """url = "{url}"
{retry}
[destinations.app.auth.oauth2]
token_url = "{tokens}"
client_id = "creel"
client_secret = "${{CLIENT_SECRET}}"
"""

    def setUp(self):
        self.tokens = self.enterContext(Tokens())
        self.app = self.enterContext(Handler(
            reply=lambda request: 200 if request["headers"].get("authorization") == self.tokens.bearer else 401))

    def start(self, more=""):
        text = toml(self.LINES.format(url=self.app.url, tokens=self.tokens.url, retry=RETRY) + more)
        return self.enterContext(Gateway(toml=text, env={"CLIENT_SECRET": "s3cr/et"}))

    def test_a_token_serves_until_it_is_refused(self):
        creel = self.start('scope = "hooks.write"\naudience = "app"')
        for _ in range(3):
            arrived(self.app, send(creel))
        expected = {"grant_type": "client_credentials", "scope": "hooks.write", "audience": "app"}
        basic = "Basic " + base64.b64encode(b"creel:s3cr%2Fet").decode()
        self.assertEqual(self.tokens.forms, [(expected, basic)])
        # Taken back before its time: the same attempt goes once more with another.
        self.tokens.given += 10
        arrived(self.app, send(creel))
        eventually(lambda: not creel.events("&state=pending"), "it is delivered")
        self.assertEqual([each["result"] for each in history(creel, 3)], ["delivered"])
        self.assertEqual(len(self.tokens.forms), 2)
        shown = "".join((creel.log(), creel.cli("config", "show").stdout, creel.admin("/api/v1/destinations").body.decode(),
                         creel.cli("events", "get", creel.events()[0]["id"]).stdout))
        for secret in ("s3cr/et", "s3cr%2Fet", "tok-", basic):
            self.assertNotIn(secret, shown)

    def test_without_a_token_nothing_goes_and_nothing_is_lost(self):
        self.tokens.is_up = False
        creel = self.start("in_body = true")
        ids = send(creel, 5)
        eventually(lambda: len(history(creel)) >= 2, "it is tried again")
        self.assertEqual({each["result"] for each in history(creel)}, {"auth"})
        self.assertEqual(self.app.requests, [])
        self.tokens.is_up = True
        arrived(self.app, ids)
        form, authorization = self.tokens.forms[0]
        self.assertEqual((form["client_id"], form["client_secret"], authorization), ("creel", "s3cr/et", None))


class Certificates(unittest.TestCase):
    def test_it_shows_the_certificate_that_the_file_holds_now(self):
        authority = self.enterContext(Authority())
        authority.issue("client", "first")
        app = self.enterContext(Handler(tls=authority.server(wants_certificate=True)))
        tls = (f'tls = {{ certificate = "{authority.path("client")}", key = "{authority.path("client-key")}", '
               f'ca = "{authority.path("ca")}" }}')
        without = toml(f'url = "{app.url}"\n{RETRY}\ntls = {{ ca = "{authority.path("ca")}" }}')
        creel = self.enterContext(Gateway(toml=without))
        ids = send(creel)
        eventually(lambda: history(creel), "it is refused")
        self.assertIn(history(creel)[0]["result"], ("tls", "reset"))
        self.assertEqual(app.requests, [])
        reload(creel, toml(f'url = "{app.url}"\n{RETRY}\n{tls}'))
        arrived(app, ids)
        authority.issue("client", "second")
        reload(creel)
        arrived(app, send(creel))
        names = [dict(pair for part in request["peer"]["subject"] for pair in part)["commonName"] for request in app.requests]
        self.assertEqual(names, ["first", "second"])
        eventually(lambda: not creel.events("&state=pending"), "both are delivered")
        self.assertGreater(history(creel, 1)[0]["timings_us"]["tls"], 0)

    def test_it_trusts_nobody_else(self):
        authority, other = self.enterContext(Authority()), self.enterContext(Authority())
        app = self.enterContext(Handler(tls=authority.server()))
        ca = f'tls = {{ ca = "{other.path("ca")}" }}'
        creel = self.enterContext(Gateway(toml=toml(f'url = "{app.url}"\n{RETRY}\n{ca}')))
        send(creel)
        eventually(lambda: history(creel), "it is tried")
        self.assertEqual(history(creel)[0]["result"], "tls")
        self.assertEqual(app.requests, [])


class Proxy:
    """An https:// proxy that wants to be told user and password."""

    def __init__(self, context, password):
        self.context, self.asked = context, []
        self.expected = "Basic " + base64.b64encode(f"creel:{password}".encode()).decode()
        self.port = free_port()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(WAIT)
            with self.context.wrap_socket(connection, server_side=True) as client:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = client.recv(65536)
                    if not got:
                        return
                    head += got
                line, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
                self.asked.append(line)
                if headers.get("proxy-authorization") != self.expected:
                    return client.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                method, target, _ = line.split(" ")
                where = target if method == "CONNECT" else urllib.parse.urlsplit(target).netloc
                host, _, port = where.rpartition(":")
                with socket.create_connection((host, int(port)), WAIT) as server:
                    if method == "CONNECT":
                        client.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
                    else:
                        # What is meant for a proxy goes no further.
                        kept = [each for each in lines if not each.lower().startswith("proxy-")]
                        server.sendall("\r\n".join([line, *kept, "", ""]).encode() + head.partition(b"\r\n\r\n")[2])
                    self.relay(client, server)

    @staticmethod
    def relay(client, server):
        def back():
            with contextlib.suppress(OSError):
                while got := server.recv(65536):
                    client.sendall(got)
        threading.Thread(target=back, daemon=True).start()
        while got := client.recv(65536):
            server.sendall(got)


class Proxies(unittest.TestCase):
    def test_an_https_proxy_leads_to_both_kinds_of_destinations(self):
        authority = self.enterContext(Authority())
        proxy = self.enterContext(Proxy(authority.server(), "pr0xy"))
        for tls in (None, authority.server()):
            with self.subTest(tls=bool(tls)), Handler(tls=tls) as app:
                lines = (f'url = "{app.url}"\n{RETRY}\ntls = {{ ca = "{authority.path("ca")}" }}\n'
                         f'proxy = "https://creel:${{PASSWORD}}@127.0.0.1:{proxy.port}"')
                with Gateway(toml=toml(lines), env={"PASSWORD": "wrong"}) as creel:
                    send(creel)
                    eventually(lambda: history(creel), "it is refused")
                    self.assertIn(history(creel)[0]["result"], ("connect", "status"))
                    self.assertEqual(app.requests, [])
                    shown = creel.log() + creel.cli("config", "show").stdout + creel.admin("/api/v1/destinations").body.decode()
                    self.assertNotIn("wrong", shown)
                with Gateway(toml=toml(lines), env={"PASSWORD": "pr0xy"}) as creel:
                    arrived(app, send(creel, 3))
                    self.assertNotIn("has no part in", creel.log())
                    if tls:
                        self.assertNotIn("proxy-authorization", app.requests[0]["headers"])
                wanted = f"CONNECT 127.0.0.1:{app.port} HTTP/1.1" if tls else f"POST {app.url} HTTP/1.1"
                self.assertIn(wanted, proxy.asked)

    def test_none_of_the_environment_is_used(self):
        proxies = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")}
        app = self.enterContext(Handler())
        creel = self.enterContext(Gateway(toml=toml(f'url = "{app.url}"'), env=proxies))
        arrived(app, send(creel))


if __name__ == "__main__":
    unittest.main()

"""TLS on the ports: signed webhooks, a certificate renewed under load, and one that must not be taken."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest

from gateway import SECRET, WAIT, Answer, Gateway, Webhook, eventually, read_answer

TOML = """[log]
format = "json"
[server]
tls = {certificate = "chain.pem", key = "key.pem"}
[sources.openai]
"""
RELOADED = '"message":"configuration reloaded"'
REFUSED = '"message":"configuration not reloaded'


def make_certificate(folder, name, prefix=""):
    """A self-signed one for 127.0.0.1, good for a month."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", os.path.join(folder, prefix + "key.pem"), "-out", os.path.join(folder, prefix + "chain.pem")],
                   check=True, capture_output=True, timeout=60)


class TlsGateway(Gateway):
    """Its ports speak TLS; whoever asks them trusts the certificates in `trusted`."""

    def __init__(self, toml=TOML, **more):
        super().__init__(toml=toml, start=False, **more)
        self.trusted, self.is_admin_tls = ssl.create_default_context(cafile=None), "[admin]" in toml
        self.renew("first")
        self.start()

    def renew(self, name):
        make_certificate(self.folder, name)
        self.trusted.load_verify_locations(self.path("chain.pem"))

    def reload(self, expected=RELOADED):
        before = self.log().count(expected)
        self.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.log().count(expected) > before, expected)
        return json.loads([line for line in self.log().splitlines() if expected in line][-1])

    def request(self, method, path, body=None, headers=None, port=None):
        if port == self.admin_port and not self.is_admin_tls:
            return super().request(method, path, body, headers, port)
        connection = http.client.HTTPSConnection("127.0.0.1", port or self.port, timeout=WAIT, context=self.trusted)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def connect(self):
        self.connections.append(self.trusted.wrap_socket(super().connect(), server_hostname="127.0.0.1"))
        return self.connections[-1]

    def shown(self):
        """The name in the certificate that a new connection is shown."""
        names = self.connect().getpeercert()["subject"]
        return dict(pair for part in names for pair in part)["commonName"]


class Tls(unittest.TestCase):
    def test_curl_posts_a_signed_webhook(self):
        if not shutil.which("curl"):
            self.skipTest("no curl")
        with TlsGateway() as creel:
            webhook = Webhook()
            with open(creel.path("body"), "wb") as file:
                file.write(webhook.body)
            headers = [part for name, value in webhook.headers.items() for part in ("-H", f"{name}: {value}")]
            for version in (["--tlsv1.3"], ["--tls-max", "1.2"]):
                done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", creel.path("chain.pem"), *version, *headers,
                                       "--data-binary", "@" + creel.path("body"), "-w", " %{http_code} %{http_version}",
                                       f"https://127.0.0.1:{creel.port}/webhooks/openai"],
                                      capture_output=True, text=True, timeout=WAIT)
                self.assertEqual(done.stderr, "")
                self.assertTrue(done.stdout.startswith('{"received":true') and done.stdout.endswith(" 200 1.1"), done.stdout)
            self.assertEqual([event["provider_id"] for event in creel.events()], [webhook.id])

    def test_plain_http_is_told_and_logged(self):
        with TlsGateway() as creel:
            with socket.create_connection(("127.0.0.1", creel.port), WAIT) as plain:
                plain.settimeout(WAIT)
                plain.sendall(Webhook().raw())
                answer, _ = read_answer(plain)
            self.assertEqual((answer.status, answer.body), (400, b"this port speaks HTTPS\n"))
            eventually(lambda: "plain HTTP on a port that speaks HTTPS" in creel.log(), "a line of the log")
            self.assertEqual(creel.events(), [])

    def test_old_versions_are_refused_with_a_line_of_the_log(self):
        with TlsGateway() as creel:
            client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{creel.port}", "-tls1_1",
                                     "-cipher", "ALL:@SECLEVEL=0"],
                                    input=b"", capture_output=True, timeout=WAIT)
            self.assertNotEqual(client.returncode, 0)
            eventually(lambda: "TLS: unsupported protocol" in creel.log(), "a line of the log")

    def test_a_certificate_is_renewed_under_load_without_a_lost_request(self):
        with TlsGateway() as creel:
            ended, answers, failures = threading.Event(), [], []

            def send(keeps):
                connection, rest = None, b""
                while not ended.is_set():
                    webhook = Webhook()
                    try:
                        connection = connection if keeps and connection else creel.connect()
                        connection.sendall(webhook.raw())
                        answer, rest = read_answer(connection, rest)
                        (answers if answer and answer.status == 200 else failures).append(webhook.id if answer else None)
                        if not keeps:
                            connection.close()
                    except OSError as error:
                        failures.append(error)
                        connection, rest = None, b""

            clients = [threading.Thread(target=send, args=(keeps,)) for keeps in (True, True, False, False)]
            for client in clients:
                client.start()
            try:
                for number in range(5):
                    name = f"renewed-{number}"
                    creel.renew(name)
                    creel.reload()
                    self.assertEqual(creel.shown(), name)
                    before = len(answers)
                    eventually(lambda: len(answers) > before + 20, "requests after the reload")
            finally:
                ended.set()
                for client in clients:
                    client.join()
            self.assertEqual(failures, [])
            kept = {event["provider_id"] for event in creel.events()}
            self.assertEqual(kept, set(answers))

    def test_a_bad_certificate_is_refused_and_the_old_one_goes_on(self):
        with TlsGateway() as creel:
            old = creel.connect()
            make_certificate(creel.folder, "other", "other-")
            shutil.copy(creel.path("other-key.pem"), creel.path("key.pem"))
            creel.reload(REFUSED)
            self.assertIn("the private key does not belong to the certificate (CN=first)", creel.log())
            self.assertEqual(creel.shown(), "first")
            self.assertEqual(creel.post(Webhook()).status, 200)
            old.sendall(Webhook().raw())
            self.assertEqual(read_answer(old)[0].status, 200)
            os.remove(creel.path("chain.pem"))
            creel.reload(REFUSED)
            self.assertEqual(creel.shown(), "first")
            with open(creel.path("other-key.pem"), encoding="ascii") as file:
                secret = file.read().splitlines()[1]
            self.assertNotIn(secret, creel.log())

    def test_a_bad_certificate_ends_the_start(self):
        with TlsGateway() as creel:
            creel.stop()
            with open(creel.path("chain.pem"), "w", encoding="ascii") as file:
                file.write("hello\n")
            creel.start(wait=False)
            self.assertEqual(creel.process.wait(WAIT), 78)
            self.assertIn("the certificate's file holds no certificate in PEM", creel.log())

    def test_a_stop_answers_what_is_under_way(self):
        with TlsGateway() as creel:
            webhook, connection, idle = Webhook(), creel.connect(), creel.connect()
            raw = webhook.raw()
            connection.sendall(raw[:-10])
            creel.process.send_signal(signal.SIGTERM)
            self.assertEqual(idle.recv(1), b"")  # TLS's own end: anything else would be an error here.
            connection.sendall(raw[-10:])
            answer, _ = read_answer(connection)
            self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
            self.assertEqual(connection.recv(1), b"")
            self.assertEqual(creel.process.wait(WAIT), 0)

    def test_commands_reach_ports_that_speak_it(self):
        admin = TOML + '[admin]\ntls = {certificate = "chain.pem", key = "key.pem"}\n'
        with TlsGateway(admin) as creel:
            env = {"CREEL_SERVER": "", "OPENAI_WEBHOOK_SECRET": SECRET}
            health = creel.cli("healthcheck", "--port", str(creel.port), env=env)
            self.assertEqual((health.returncode, health.stdout), (0, "ready\n"), health.stderr)
            self.assertEqual(creel.admin("/api/v1/events").status, 200)
            creel.post(Webhook())
            listed = creel.cli("events", "list", "--format", "json", "--server", f"https://127.0.0.1:{creel.admin_port}", env=env)
            self.assertEqual((listed.returncode, len(listed.stdout.splitlines())), (0, 1), listed.stderr)
            plain = creel.cli("events", "list", "--server", f"http://127.0.0.1:{creel.admin_port}", env=env)
            self.assertNotEqual(plain.returncode, 0)


if __name__ == "__main__":
    unittest.main()

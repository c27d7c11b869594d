"""Runs the real program in a folder of its own on free ports, and speaks to it.

    with Gateway() as creel:
        webhook = Webhook()
        assert creel.post(webhook).status == 200

Everything is on loopback. Whatever a test starts is ended with it; a folder is removed unless the test failed.
"""
import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.environ.get("CREEL") or os.path.join(os.path.dirname(__file__), "../../build/creel")
SECRET = "whsec_" + base64.b64encode(b"an end-to-end test's own secret!").decode()
WAIT = 20  # seconds for anything that has to come about; a slow machine is no failure

def is_sanitized():
    """Whether the program is one of the slow builds that need a multiple of the memory."""
    with open(PROGRAM, "rb") as file:
        return b"__sanitizer_" in file.read()


if not os.path.exists(PROGRAM):
    print(f"skipped: {PROGRAM} is not built", file=sys.stderr)
    sys.exit(77)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(check, what, seconds=WAIT):
    """Asks until the answer is true, and gives it; fails with `what` when it never is."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Webhook:
    """A webhook as OpenAI sends it, signed."""

    def __init__(self, body=None, id=None, secret=SECRET, age=0, type="response.completed"):
        self.id = id or "wh_" + secrets.token_hex(16)
        if body is None:
            body = json.dumps({"id": "evt_" + secrets.token_hex(8), "object": "event", "created_at": int(time.time()),
                               "type": type, "data": {"id": "resp_" + secrets.token_hex(8)}})
        self.body = body.encode() if isinstance(body, str) else body
        self.timestamp = str(int(time.time()) - age)
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{self.id}.{self.timestamp}.".encode() + self.body, hashlib.sha256)
        self.signature = "v1," + base64.b64encode(mac.digest()).decode()

    @property
    def headers(self):
        return {"content-type": "application/json", "webhook-id": self.id, "webhook-timestamp": self.timestamp,
                "webhook-signature": self.signature}

    def raw(self, path="/webhooks/openai", extra=""):
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"POST {path} HTTP/1.1\r\nHost: hooks\r\n{lines}{extra}Content-Length: {len(self.body)}\r\n\r\n"
        return head.encode() + self.body


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:300]!r}"


class Gateway:
    """creel serve. Ends with its `with` block; `kill()` and `start()` in between are for crashes."""

    def __init__(self, *arguments, toml=None, env=None, secret=SECRET, store=None, forward_to=None, start=True):
        self.folder = tempfile.mkdtemp(prefix="creel-e2e-")
        self.store = store or os.path.join(self.folder, "store")
        self.port, self.admin_port = free_port(), free_port()
        self.arguments, self.env, self.toml = list(arguments), dict(env or {}), toml
        if forward_to:
            self.arguments += ["--forward-to", forward_to]
        if secret:
            self.env["OPENAI_WEBHOOK_SECRET"] = secret
        if toml is not None:
            with open(os.path.join(self.folder, "creel.toml"), "w", encoding="utf-8") as file:
                file.write(toml)
        self.process, self.connections = None, []
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for connection in self.connections:
            connection.close()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind:
            print(f"--- log of {self.folder}\n{self.log()[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("OPENAI_", "CREEL_")) and name != "PORT"}
        return {**kept, **self.env}

    def command(self):
        return [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin_port}",
                "--store", self.store, *self.arguments]

    def start(self, wait=True):
        with open(self.path("out"), "ab") as out, open(self.path("err"), "ab") as err:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"creel ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/-/ready").status == 200
        eventually(ready, "creel is ready")

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self.path("err"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def out(self):
        with open(self.path("out"), encoding="utf-8", errors="replace") as file:
            return file.read()

    # --- ending it

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT)

    def stop(self):
        """SIGTERM; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)

    def restart(self):
        self.stop()
        return self.start()

    # --- the ingest port

    def request(self, method, path, body=None, headers=None, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=WAIT)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, webhook, path="/webhooks/openai"):
        return self.request("POST", path, webhook.body, webhook.headers)

    def post_all(self, webhooks, connections=8, at_once=32):
        """Many, over connections kept alive and without waiting for each answer; every one has to be accepted."""
        def send(part):
            with socket.create_connection(("127.0.0.1", self.port), WAIT) as connection:
                connection.settimeout(WAIT)
                for first in range(0, len(part), at_once):
                    some, rest = part[first:first + at_once], b""
                    connection.sendall(b"".join(webhook.raw() for webhook in some))
                    for _ in some:
                        answer, rest = read_answer(connection, rest)
                        assert answer and answer.status == 200, answer
        with concurrent.futures.ThreadPoolExecutor(connections) as threads:
            list(threads.map(send, [webhooks[i::connections] for i in range(connections)]))

    def rss_mb(self):
        """The most memory that this process has had."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), WAIT)
        connection.settimeout(WAIT)
        self.connections.append(connection)
        return connection

    # --- the admin port

    def token(self):
        with open(os.path.join(self.store, "admin.token"), encoding="ascii") as file:
            return file.read().strip()

    def admin(self, path, method="GET", token=None, body=None, headers=None):
        headers = {"Authorization": "Bearer " + (token or self.token()), **(headers or {})}
        return self.request(method, path, body, headers, port=self.admin_port)

    def events(self, query=""):
        """Every event that the filter lets through, over all pages."""
        found, cursor = [], ""
        while True:
            answer = self.admin(f"/api/v1/events?limit=1000{query}{cursor}")
            assert answer.status == 200, answer
            page = answer.json()
            found += page["events"]
            if not page["more"]:
                return found
            cursor = "&cursor=" + page["cursor"]

    def event(self, id):
        answer = self.admin(f"/api/v1/events/{id}")
        assert answer.status == 200, answer
        return answer.json()

    def raw(self, id, part="body"):
        answer = self.admin(f"/api/v1/events/{id}/raw?part={part}")
        assert answer.status == 200, answer
        return answer.body

    def metric(self, name, **labels):
        """A metric's value, summed over the series that have these labels; None when there is none."""
        found = None
        for line in self.admin("/metrics").body.decode().splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name and all(f'{label}="{text}"' in series for label, text in labels.items()):
                found = (found or 0) + float(value)
        return found

    def cli(self, *arguments, input=None, env=None):
        """Another command of the program, told where this gateway is."""
        surroundings = {**self.environment(), "CREEL_SERVER": f"http://127.0.0.1:{self.admin_port}",
                        "CREEL_ADMIN_TOKEN": self.token() if os.path.exists(os.path.join(self.store, "admin.token")) else "",
                        **(env or {})}
        return run(*arguments, input=input, env=surroundings, cwd=self.folder)


def run(*arguments, input=None, env=None, cwd=None):
    """A command of the program to its end: returncode, stdout and stderr as text."""
    return subprocess.run([PROGRAM, *arguments], input=input, env=env, cwd=cwd, capture_output=True, text=True, timeout=60)


def read_answer(connection, buffer=b""):
    """One answer off a raw socket: the answer and what came after it. (None, b"") when the peer closed first."""
    while b"\r\n\r\n" not in buffer:
        got = connection.recv(65536)
        if not got:
            return None, buffer
        buffer += got
    head, _, rest = buffer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    status = int(lines[0].split()[1])
    length = 0 if status < 200 else int(headers.get("content-length", 0))
    while len(rest) < length:
        got = connection.recv(65536)
        if not got:
            break
        rest += got
    return Answer(status, headers, rest[:length]), rest[length:]


def is_closed(connection):
    """Whether the peer closes the connection without another byte."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


class Handler:
    """A destination: keeps what it is sent and answers as `reply` says, by default 200: a status, or with it headers,
    or with them a body. With a context it speaks TLS, and knows whose certificate it was shown."""

    def __init__(self, port=None, reply=None, tls=None):
        self.port, self.tls = port or free_port(), tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"
        self.requests, self.lock = [], threading.Lock()
        self.reply = reply or (lambda request: 200)
        self.server = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        handler = self

        class Receive(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = {"path": self.path, "headers": dict((n.lower(), v) for n, v in self.headers.items()), "body": body,
                           "at": time.time(), "peer": self.connection.getpeercert() if handler.tls else None}
                with handler.lock:
                    handler.requests.append(request)
                answer = handler.reply(request)
                status, headers, said = (*answer, b"")[:3] if isinstance(answer, tuple) else (answer, {}, b"")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # creel may be killed while it talks to us

        self.server = Server(("127.0.0.1", self.port), Receive)
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def ids(self):
        with self.lock:
            return [request["headers"].get("webhook-id") for request in self.requests]

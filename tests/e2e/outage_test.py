"""Destinations that are down, slow or mad: what waits for one slows no other, is bounded, and is made in order."""
import contextlib
import socket
import threading
import time
import unittest

from gateway import Gateway, Handler, Webhook, eventually, free_port, is_sanitized

MEMORY_MAX = 1500 if is_sanitized() else 150  # MB
CONFIG = '''[sources.openai]
provider = "openai"
path = "/webhooks/openai"
secrets = ["${OPENAI_WEBHOOK_SECRET}"]
'''
DESTINATION = '''[destinations.{name}]
url = "{url}"
{more}
[[routes]]
from = ["openai"]
to = ["{name}"]
'''


class Misbehaving:
    """A destination that reads what comes and then does with the connection what it is told to."""

    def __init__(self, behave):
        self.port, self.behave, self.connections = free_port(), behave, 0
        self.url = f"http://127.0.0.1:{self.port}/"
        self.stopped = threading.Event()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            self.behave(connection, self.stopped)


def hang(_, stopped):
    stopped.wait(60)


def crawl(connection, stopped):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * 10:
        connection.sendall(bytes([byte]))
        if stopped.wait(0.3):
            return


class Flood:
    """Answers with a gigabyte; counts what was taken of it."""

    def __init__(self):
        self.most = 0

    def __call__(self, connection, stopped):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        sent = 0
        try:
            while not stopped.is_set() and sent < 1 << 30:
                sent += connection.send(bytes(65536))
        finally:
            self.most = max(self.most, sent)


def due_of(creel):
    """When each pending delivery is due, by the provider's id, while nothing is attempted."""
    return {event["provider_id"]: event["deliveries"][0]["due"] for event in creel.events()
            if event["deliveries"][0]["state"] in ("pending", "held")}


class Outage(unittest.TestCase):
    def test_destinations_that_hang_crawl_or_flood_slow_no_other(self):
        flood = Flood()
        with Misbehaving(hang) as hanging, Misbehaving(crawl) as crawling, Misbehaving(flood) as flooding, Handler() as healthy:
            toml = CONFIG
            for name, url in (("hangs", hanging.url), ("crawls", crawling.url), ("floods", flooding.url)):
                toml += DESTINATION.format(name=name, url=url, more='timeout = "5s"')
            toml += DESTINATION.format(name="healthy", url=healthy.url, more="")
            with Gateway(toml=toml) as creel:
                webhooks = [Webhook() for _ in range(3000)]
                creel.post_all(webhooks)
                # Three thousand at five seconds each, 32 at once, would take eight minutes.
                eventually(lambda: len(set(healthy.ids())) == len(webhooks), "the healthy one has all", 60)
                self.assertEqual(len(healthy.requests), len(webhooks))
                eventually(lambda: all(one.connections for one in (hanging, crawling, flooding)), "all were tried")
                # A 200 is a 200, however much comes after it; creel reads little of it, the rest is the sockets' buffers.
                eventually(lambda: (creel.metric("creel_attempts_total", destination="floods", outcome="delivered") or 0) >= 100,
                           "what floods has accepted")
                self.assertLess(flood.most, 16 << 20)
                for destination in ("hangs", "crawls"):
                    self.assertFalse(creel.metric("creel_attempts_total", destination=destination, outcome="delivered"))
                self.assertLess(creel.rss_mb(), MEMORY_MAX)

    def test_a_backlog_drains_in_order_of_due_time_after_a_restart(self):
        down = f"http://127.0.0.1:{free_port()}/"
        one_at_a_time = 'concurrency = 1\nretry = { initial = "2s", factor = 1, max = "2s", jitter = 0.9 }'
        with Handler() as handler:
            with Gateway(toml=CONFIG + DESTINATION.format(name="app", url=down, more=one_at_a_time)) as creel:
                def restart(toml):
                    with open(creel.path("creel.toml"), "w", encoding="utf-8") as file:
                        file.write(toml)
                    creel.start()
                webhooks = [Webhook() for _ in range(4000)]
                creel.post_all(webhooks)
                eventually(lambda: (creel.metric("creel_attempts_total") or 0) > 2000, "attempts fail")
                creel.kill()
                restart(CONFIG)  # Without the destination nothing is tried, and what is pending can be looked at.
                eventually(lambda: creel.metric("creel_index_lag_seconds") == 0, "the index has caught up")
                due = due_of(creel)
                self.assertEqual(set(due), {webhook.id for webhook in webhooks})
                creel.kill()
                restart(CONFIG + DESTINATION.format(name="app", url=handler.url, more=one_at_a_time))
                eventually(lambda: len(handler.requests) == len(webhooks), "all are delivered", 120)
                times = [due[id] for id in handler.ids()]
                self.assertEqual(times, sorted(times))
                self.assertGreater(len(set(times)), 1000)
                self.assertLess(creel.rss_mb(), MEMORY_MAX)

    def test_a_kill_while_a_backlog_drains_loses_nothing_and_repeats_little(self):
        with Handler() as handler:
            handler.stop()
            more = 'retry = { initial = "1s", factor = 1, max = "1s" }'
            with Gateway(toml=CONFIG + DESTINATION.format(name="app", url=handler.url, more=more)) as creel:
                webhooks = [Webhook() for _ in range(10000)]
                creel.post_all(webhooks)
                self.assertLess(creel.rss_mb(), MEMORY_MAX)
                handler.start()
                for share in (0.2, 0.5):
                    eventually(lambda: len(handler.requests) > share * len(webhooks), "it drains", 60)
                    creel.kill()
                    creel.start()
                eventually(lambda: set(handler.ids()) == {webhook.id for webhook in webhooks}, "all are delivered", 120)
                # Each kill may repeat what ran, and what was not yet written down: 10 ms' worth, on a quick machine.
                self.assertLess(len(handler.requests) - len(webhooks), 1000)
                eventually(lambda: creel.metric("creel_deliveries", state="pending") == 0, "none is pending")
                self.assertEqual(creel.metric("creel_deliveries", state="delivered"), len(webhooks))
                self.assertLess(creel.rss_mb(), MEMORY_MAX)

    def test_webhooks_are_taken_as_fast_while_a_handler_is_down(self):
        with Gateway(forward_to=f"http://127.0.0.1:{free_port()}/") as creel:
            creel.post_all([Webhook() for _ in range(2000)])
            eventually(lambda: (creel.metric("creel_attempts_total") or 0) > 0, "attempts fail")
            slowest = 0
            for _ in range(100):
                begun = time.monotonic()
                self.assertEqual(creel.post(Webhook()).status, 200)
                slowest = max(slowest, time.monotonic() - begun)
            self.assertLess(slowest, 2)


if __name__ == "__main__":
    unittest.main()

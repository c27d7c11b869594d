"""What destinations cost each other: the drain of a backlog, what a fresh event waits for meanwhile, and a neighbour that never answers."""
import http.client
import json
import os
import socket
import statistics
import subprocess
import threading
import time

import receivers
from receivers import SECRET, Creel, Sink, pinned

CONFIG = """
[sources.openai]
provider = "openai"
secrets  = ["${{OPENAI_WEBHOOK_SECRET}}"]

[destinations.app]
url = "http://127.0.0.1:{port}/webhooks/openai"

[[routes]]
from = ["openai"]
to   = ["app"]
"""
# A second destination, which takes connections and never answers.
NEIGHBOUR = """
[destinations.silent]
url = "http://127.0.0.1:{port}/"
timeout = "30s"

[[routes]]
from = ["openai"]
to   = ["silent"]
"""


class Silent:
    """Takes connections and whatever they bring, and never says a word."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.peers = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.peers.append(self.listener.accept()[0])
            except OSError:
                return

    def stop(self):
        self.listener.close()
        for peer in self.peers:
            peer.close()


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)]


class Destinations:
    def __init__(self, row, build, folder, quick):
        self.row, self.build, self.folder, self.quick = row, build, folder, quick

    def creel(self, config, keep_store=False):
        return Creel(self.folder, os.path.join(self.build, "creel"), config=config, keep_store=keep_store)

    def config(self, neighbour=None):
        return CONFIG.format(port=receivers.SINK_PORT) + (NEIGHBOUR.format(port=neighbour) if neighbour else "")

    def load(self, ids=None, **options):
        command = [*pinned(1), os.path.join(self.build, "bench/creel-load"), "--port", str(receivers.PORT), "--secret", SECRET, "--json"]
        for name, value in {"warmup": 0, **options, **({"ids": ids} if ids else {})}.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
        return json.loads(done.stdout)

    def operate(self, creel, what):
        """Pauses or resumes the destination."""
        with open(os.path.join(creel.store, "admin.token"), encoding="ascii") as file:
            token = file.read().strip()
        connection = http.client.HTTPConnection("127.0.0.1", receivers.ADMIN_PORT, timeout=60)
        connection.request("POST", f"/api/v1/destinations/app/{what}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{what}: {answer.status} {answer.read().decode()}")

    def sink(self, log=None):
        return Sink(os.path.join(self.build, "bench/creel-sink"), 0, log)

    def until_came(self, sink, count, seconds):
        end = time.monotonic() + seconds
        while (came := sink.stats()["distinct"]) < count:
            if time.monotonic() > end:
                raise RuntimeError(f"{came} of {count} came within {seconds} s")
            time.sleep(0.05)

    def fill(self, creel, count):
        """A backlog, while the destination is paused."""
        self.operate(creel, "pause")
        there = 0
        while there < count:
            # The signatures of one load are good for five minutes.
            there += self.load(seconds=250, count=min(count - there, 500_000))["accepted"]
        return there

    def waited_ms(self, ids, log):
        """From when each webhook was due to be sent until it came to the handler, by the clock of the machine."""
        with open(ids, encoding="ascii") as file:
            sent = {line.split()[0]: int(line.split()[2]) for line in file}
        with open(log, encoding="ascii") as file:
            came = {line.split()[2]: int(line.split()[3]) for line in file}
        missing = len(sent.keys() - came.keys())
        if missing:
            raise RuntimeError(f"{missing} of {len(sent)} did not come")
        return [(came[one] - at) / 1e6 for one, at in sent.items()]

    # --- the parts

    def alone(self, count):
        """What libcurl does by itself to the same sink, on creel's core."""
        sink = self.sink()
        try:
            done = subprocess.run([*pinned(0), os.path.join(self.build, "bench/creel-curl"), "--url", sink.url, "--count", str(count),
                                   "--concurrency", "32"], capture_output=True, text=True, check=True)
            return json.loads(done.stdout)["rps"]
        finally:
            sink.stop()

    def drain(self, count):
        before = self.alone(min(count, 200_000))
        creel = self.creel(self.config())
        try:
            there = self.fill(creel, count)
            sink = self.sink()
            try:
                began = time.monotonic()
                self.operate(creel, "resume")
                self.until_came(sink, there, 60 + there / 500)
                rate = there / (time.monotonic() - began)
                twice = sink.stats()["requests"] - there
            finally:
                sink.stop()
        finally:
            creel.stop()
        reference = statistics.mean([before, self.alone(min(count, 200_000))])
        self.row(f"drain of {there} pending, beside libcurl alone", f"{rate / reference:.2f} × ({rate:.0f}/s)", "≥ 0.5 ×",
                 rate / reference >= 0.5)
        self.row("… delivered more than once", f"{twice}", "0", twice == 0)

    def fresh(self, count, seconds):
        """How long an event that comes now waits for its handler, alone and beside a backlog that drains."""
        waited = []
        for backlog in (0, count):
            log, ids = os.path.join(self.folder, "came"), os.path.join(self.folder, "ids")
            creel = self.creel(self.config())
            try:
                if backlog:
                    self.fill(creel, backlog)
                sink = self.sink(log)
                try:
                    if backlog:
                        self.operate(creel, "resume")
                    accepted = self.load(ids, rate=200, seconds=seconds)["accepted"]
                    if backlog and sink.stats()["distinct"] >= backlog + accepted:
                        raise RuntimeError("the backlog had drained before the fresh events had come: a larger one is needed")
                    self.until_came(sink, backlog + accepted, 60 + backlog / 500)
                finally:
                    sink.stop()
            finally:
                creel.stop()
            waited.append(percentile(self.waited_ms(ids, log), 0.99))
        idle, draining = waited
        self.row("p99 from sender to handler while a backlog drains, beside idle", f"{draining / idle:.2f} × ({draining:.1f} ms)", "≤ 3 ×",
                 draining <= 3 * idle)

    def neighbour(self, seconds, rounds):
        """One destination times out after 30 s; how long another's deliveries take."""
        silent = Silent()
        waited = {False: [], True: []}
        try:
            for _ in range(rounds):
                for beside, found in waited.items():
                    log, ids = os.path.join(self.folder, "came"), os.path.join(self.folder, "ids")
                    sink = self.sink(log)
                    creel = self.creel(self.config(silent.port if beside else None))
                    try:
                        accepted = self.load(ids, rate=1000, seconds=seconds)["accepted"]
                        self.until_came(sink, accepted, 60)
                    finally:
                        creel.stop()
                        sink.stop()
                    found.append(percentile(self.waited_ms(ids, log), 0.99))
        finally:
            silent.stop()
        alone, beside = (statistics.median(found) for found in waited.values())
        self.row("p99 beside a destination that never answers", f"{beside / alone:.2f} × ({beside:.1f} ms)", "≤ 1.25 ×", beside <= 1.25 * alone)

    def run(self):
        self.drain(20_000 if self.quick else 1_000_000)
        self.fresh(60_000 if self.quick else 400_000, 2 if self.quick else 10)
        self.neighbour(3 if self.quick else 35, 1 if self.quick else 3)


def measure(row, build, folder, quick):
    Destinations(row, build, folder, quick).run()

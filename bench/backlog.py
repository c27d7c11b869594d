#!/usr/bin/env python3
"""What a long outage of a handler costs: pending deliveries by the million, a kill, a restart, and the drain.

Loads creel while nothing listens where it delivers to, watches it for a while, kills it, starts it again, and then lets
a handler take everything. Says how much memory, processor and disk each part took, how long a restart takes, and whether
every webhook arrived, how often, and in which order. Ends with 1 when a limit is broken.

    bench/backlog.py                    a million, about 10 minutes
    bench/backlog.py --count 100000     fewer

Server on core 0, load and handler on core 1; the default policy of retries, everything else by default, too.
"""
import argparse
import contextlib
import glob
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import receivers
from receivers import ROOT, SECRET, Creel, Sink, cpu_seconds, pinned

sys.path.insert(0, os.path.join(ROOT, "tests/support"))

# How far a delivery may come out of order: the attempts that run at once overtake each other, and a page of deliveries is
# read ahead.
PLACES_MAX = 512


def peak_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


def disk_mb(folder):
    found = 0
    for path in glob.glob(os.path.join(folder, "**"), recursive=True):
        with contextlib.suppress(FileNotFoundError):
            found += os.stat(path).st_blocks * 512 / 1e6
    return found


def event_number(text):
    """The number behind an event's id as text: base 32 with the digits 0-9 and a-v."""
    return int(text.removeprefix("cev_"), 32)


def displaced(arrivals, due):
    """How many places a delivery came too early or too late, at most, among those that were waiting. Those that are due at
    the same millisecond have no order among them."""
    waited = [due[event] for event in arrivals if event in due]
    first, last = {}, {}
    for place, at in enumerate(sorted(waited)):
        first.setdefault(at, place)
        last[at] = place
    return max((max(first[at] - place, place - last[at], 0) for place, at in enumerate(waited)), default=0)


class Backlog:
    def __init__(self, options, row):
        self.options, self.row = options, row
        build = os.path.join(ROOT, options.build)
        self.program = os.path.join(build, "creel")
        self.load_program = os.path.join(build, "bench/creel-load")
        self.sink_program = os.path.join(build, "bench/creel-sink")
        self.folder = tempfile.mkdtemp(prefix="creel-backlog-", dir=options.folder)
        self.url = f"http://127.0.0.1:{receivers.SINK_PORT}/webhooks/openai"
        self.creel, self.sink, self.acknowledged = None, None, set()
        os.environ.setdefault("CREEL", self.program)

    # --- tools

    def start(self, forward_to, keep_store=True):
        self.creel = Creel(self.folder, self.program, forward_to=forward_to, keep_store=keep_store)
        return self.creel

    def limit(self, what, measured, most, unit):
        self.row(what, f"{measured:.3g} {unit}" if measured < 100 else f"{measured:.0f} {unit}", f"< {most} {unit}", measured < most)

    def say(self, what, measured):
        self.row(what, measured, "", None)

    def until(self, check, seconds, what):
        end = time.monotonic() + seconds
        while not (found := check()):
            if time.monotonic() > end:
                raise RuntimeError(f"not within {seconds} s: {what}")
            time.sleep(0.01)
        return found

    def status_of(self, path):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", receivers.PORT, timeout=5)
            connection.request("GET", path)
            return connection.getresponse().status
        return None

    def post(self):
        """One webhook, as soon as it is taken."""
        from gateway import Webhook  # needs to know the program
        webhook = Webhook(secret=SECRET)
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", receivers.PORT, timeout=5)
                connection.request("POST", "/webhooks/openai", webhook.body, webhook.headers)
                if connection.getresponse().status == 200:
                    self.acknowledged.add(webhook.id)
                    return
            if self.creel.process.poll() is not None:
                raise RuntimeError("creel has ended")
            time.sleep(0.002)

    def load(self, count):
        ids = os.path.join(self.folder, "ids")
        done = subprocess.run([*pinned(1), self.load_program, "--port", str(receivers.PORT), "--secret", SECRET, "--json",
                               "--seconds", "280", "--warmup", "0", "--count", str(count), "--ids", ids],
                              capture_output=True, text=True, timeout=600)
        if not done.stdout:
            raise RuntimeError(f"the load failed: {done.stderr}")
        with open(ids, encoding="ascii") as file:
            self.acknowledged.update(line.split()[0] for line in file)
        return json.loads(done.stdout)

    # --- the parts

    def fill(self):
        creel = self.start(self.url, keep_store=False)
        answered = refused = 0
        begun = time.monotonic()
        while len(self.acknowledged) < self.options.count:
            # The signatures of one load are good for five minutes.
            result = self.load(min(self.options.count - len(self.acknowledged), 1_000_000))
            answered += result["answered"]
            refused += result["answered"] - result["accepted"]
        self.row(f"{len(self.acknowledged)} taken while the handler is down: refused", f"{refused}", "0", refused == 0)
        self.say("… a second", f"{answered / (time.monotonic() - begun):.0f}")
        self.say("… attempts meanwhile", f"{creel.metric('creel_attempts_total'):.0f}")
        self.say("… disk", f"{disk_mb(creel.store):.0f} MB")

    def outage(self):
        creel, seconds = self.creel, self.options.outage
        attempts, cpu, disk = creel.metric("creel_attempts_total"), cpu_seconds(creel.process.pid), disk_mb(creel.store)
        time.sleep(seconds)
        attempts = creel.metric("creel_attempts_total") - attempts
        cpu, disk = cpu_seconds(creel.process.pid) - cpu, disk_mb(creel.store) - disk
        self.say(f"attempts a second in {seconds} s of outage", f"{attempts / seconds:.0f}")
        self.say("… of a core", f"{100 * cpu / seconds:.0f} %")
        self.say("… disk", f"{disk / seconds:.1f} MB/s, {1e6 * disk / max(attempts, 1):.0f} B an attempt")
        self.say("… index behind", f"{creel.metric('creel_index_lag_seconds'):.1f} s")
        self.limit("… RSS, at most", peak_mb(creel.process.pid), 300, "MB")

    def restart(self):
        self.creel.process.send_signal(signal.SIGKILL)
        self.creel.process.wait()
        begun = time.monotonic()
        creel = self.start(self.url)
        self.post()
        self.limit("kill -9: from start to the first 200", time.monotonic() - begun, 5, "s")
        self.until(lambda: self.status_of("/-/ready") == 200, 60, "ready")
        self.limit("… to /-/ready", time.monotonic() - begun, 5, "s")
        self.until(lambda: creel.metric("creel_attempts_total") > 0, 120, "attempts begin")
        self.say("… to the first attempt", f"{time.monotonic() - begun:.2f} s")
        self.limit("… RSS, at most", peak_mb(creel.process.pid), 300, "MB")
        creel.stop()

    def due_times(self):
        """When each delivery is due, by the number of its event, out of an index that is at rest."""
        # Without a destination nothing is attempted, and the index reaches the end of the journal.
        creel = self.start(None)
        self.until(lambda: creel.metric("creel_index_lag_seconds") == 0 and self.pending() == len(self.acknowledged), 120,
                   "all are pending in the index")
        creel.stop()
        copy = os.path.join(self.folder, "index")
        shutil.copytree(os.path.join(creel.store, "index"), copy)
        with contextlib.closing(sqlite3.connect(os.path.join(copy, "index.sqlite"))) as index:
            due = dict(index.execute("SELECT event, due FROM pending"))
        shutil.rmtree(copy)
        return due

    def pending(self):
        """Of destinations that are known and of those that are not."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.creel.admin("/metrics").splitlines()
                   if line.startswith("creel_deliveries{") and 'state="pending"' in line)

    def drain(self, due):
        came = os.path.join(self.folder, "came")
        self.sink = Sink(self.sink_program, self.options.rate, came)
        late = sorted(at / 1000 - time.time() for at in due.values())
        overdue = sum(1 for at in late if at <= 0)
        begun = time.monotonic()
        creel = self.start(self.url)
        wait = max(late[-1], 0) + 60 + len(due) / (self.options.rate or 1000)
        enough = 0.9 * overdue
        self.until(lambda: self.sink.stats()["distinct"] >= enough, wait, "most have arrived")
        self.say("drain, while most are due", f"{enough / (time.monotonic() - begun):.0f} a second")
        self.until(lambda: self.sink.stats()["distinct"] >= len(self.acknowledged), wait, "all have arrived")
        self.say("… the last, due after", f"{time.monotonic() - begun:.0f} s, {max(late[-1], 0):.0f} s")
        self.until(lambda: self.pending() == 0, 60, "none is pending")
        self.limit("… RSS, at most", peak_mb(creel.process.pid), 300, "MB")
        creel.stop()
        stats = self.sink.stats()
        with open(came, encoding="ascii") as file:
            lines = [line.split() for line in file]
        missing = self.acknowledged - {line[2] for line in lines}
        self.row("… acknowledged and not delivered", f"{len(missing)}", "0", not missing)
        self.row("… delivered twice", f"{stats['requests'] - stats['distinct']}", "0", stats["requests"] == stats["distinct"])
        places = displaced([event_number(line[0]) for line in lines], due)
        self.row("… furthest from its place by due time", f"{places} places", f"≤ {PLACES_MAX}", places <= PLACES_MAX)

    def run(self):
        try:
            self.fill()
            self.outage()
            self.restart()
            self.drain(self.due_times())
        finally:
            if self.creel:
                self.creel.stop()
            if self.sink:
                self.sink.stop()
            if self.options.keep:
                print(f"kept: {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)


def measure(row, **options):
    """Runs it all; `row` is told what, measured, wanted, and whether that was reached (None where nothing is wanted)."""
    settings = {"count": 1_000_000, "outage": 60, "rate": 0, "build": "build", "folder": None, "keep": False, **options}
    Backlog(argparse.Namespace(**settings), row).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="webhooks")
    parser.add_argument("--outage", type=int, default=60, help="seconds to watch the retries for")
    parser.add_argument("--rate", type=float, default=0, help="answers a second of the handler, when it is back (no limit)")
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("--folder", default=None, help="where the store goes (the folder for temporary files)")
    parser.add_argument("--port", type=int, default=receivers.PORT, help="the first of three ports")
    parser.add_argument("--keep", action="store_true", help="keep the store and the logs")
    options = parser.parse_args()
    receivers.PORT, receivers.ADMIN_PORT, receivers.SINK_PORT = options.port, options.port + 1, options.port + 2
    del options.port
    rows = []

    def row(what, measured, target, reached):
        rows.append(reached)
        mark = "" if reached is None else "yes" if reached else "NO"
        print(f"{what:58} {measured:>22} {target:>12} {mark}", flush=True)

    measure(row, **vars(options))
    sys.exit(1 if False in rows else 0)


if __name__ == "__main__":
    main()

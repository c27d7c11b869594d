#!/usr/bin/env python3
"""Kills creel -9 at random moments under load and checks the promise.

After each series of kills on one store: every webhook that was acknowledged is there once, with the bytes that were
sent, has been delivered at least once, and the index equals one that is made anew from the journal.

    crash.py --creel build/creel --rounds 1000 [--seed N]
"""
import argparse
import hashlib
import http.client
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))


class Series:
    """A store, a destination, and some kills."""

    def __init__(self, gateway, tools, dice):
        self.tools, self.dice = tools, dice
        self.sink_port = gateway.free_port()
        # Now and then slower than the load, so that there is a backlog when the end comes.
        self.sink = subprocess.Popen([tools.sink, "--port", str(self.sink_port), "--rate", str(dice.choice([0, 0, 500, 2000]))])
        self.creel = gateway.Gateway(forward_to=f"http://127.0.0.1:{self.sink_port}/hook", start=False)
        self.accepted = {}

    def close(self):
        self.creel.__exit__(None)
        self.sink.kill()
        self.sink.wait()

    def round(self):
        """Starts creel, loads it, kills it at some moment, its start included."""
        creel, dice = self.creel, self.dice
        moment = dice.uniform(0.01, 0.15) if dice.random() < 0.2 else dice.uniform(0.15, 0.9)
        begun = time.monotonic()
        creel.start(wait=False)
        load, ids = None, creel.path("ids")
        while time.monotonic() - begun < moment:
            if load is None and self.listens():
                load = subprocess.Popen(
                    [self.tools.load, "--port", str(creel.port), "--secret", creel.env["OPENAI_WEBHOOK_SECRET"], "--connections",
                     str(dice.choice([1, 8, 32])), "--warmup", "0", "--seconds", "3", "--rate", str(dice.choice([300, 1500, 4000])),
                     "--ids", ids, "--body", str(dice.choice([200, 300, 3000]))],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if creel.process.poll() is not None:
                raise AssertionError(f"creel ended by itself with {creel.process.returncode}:\n{creel.log()[-3000:]}")
            time.sleep(0.002)
        creel.kill()
        if load:
            load.wait(30)
            with open(ids, encoding="ascii") as file:
                self.accepted.update(line.split()[:2] for line in file)
            os.unlink(ids)

    def listens(self):
        try:
            self.creel.connect().close()
            return True
        except OSError:
            return False

    def check(self):
        """Starts it once more and looks at everything. Gives the number of webhooks."""
        creel = self.creel
        creel.start()
        self.wait_until_delivered()
        kept = {}
        for event in creel.events():
            assert event["provider_id"] not in kept, f"{event['provider_id']} is there twice"
            kept[event["provider_id"]] = event["id"]
        lost = self.accepted.keys() - kept.keys()
        assert not lost, f"{len(lost)} of {len(self.accepted)} acknowledged webhooks are lost: {sorted(lost)[:5]}"
        self.compare_bytes(kept)
        delivered = set(self.ask_sink("/ids").split())
        missed = self.accepted.keys() - delivered
        assert not missed, f"{len(missed)} acknowledged webhooks were not delivered: {sorted(missed)[:5]}"
        assert creel.stop() == 0, "it did not stop well"
        doctor = [os.environ["CREEL"], "doctor", creel.store, "--compare-index"]
        compared = subprocess.run(doctor, capture_output=True, text=True, timeout=120)
        assert compared.returncode == 0, compared.stdout + compared.stderr
        return len(self.accepted)

    def wait_until_delivered(self, seconds=120):
        end = time.monotonic() + seconds
        while True:
            rows = self.creel.admin("/api/v1/destinations").json()["destinations"]
            status = self.creel.admin("/api/v1/status").json()["store"]
            if not sum(row["pending"] for row in rows) and status["indexed"] >= status["synced"]:
                return
            assert time.monotonic() < end, f"still pending: {rows}, {status}"
            time.sleep(0.05)

    def compare_bytes(self, kept):
        connection = http.client.HTTPConnection("127.0.0.1", self.creel.admin_port, timeout=30)
        headers = {"Authorization": "Bearer " + self.creel.token()}
        for id, digest in self.accepted.items():
            connection.request("GET", f"/api/v1/events/{kept[id]}/raw", headers=headers)
            body = connection.getresponse().read()
            assert hashlib.sha256(body).hexdigest() == digest, f"{id}: other bytes are kept than were sent: {body[:200]!r}"
        connection.close()

    def ask_sink(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.sink_port, timeout=30)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text


class Tools:
    def __init__(self, creel):
        folder = os.path.dirname(os.path.abspath(creel))
        while not os.path.exists(os.path.join(folder, "CMakeCache.txt")) and folder != "/":
            folder = os.path.dirname(folder)
        self.load = os.path.join(folder, "bench/creel-load")
        self.sink = os.path.join(folder, "bench/creel-sink")
        for tool in (self.load, self.sink):
            if not os.path.exists(tool):
                sys.exit(f"{tool} is not built; script/test builds it")


def run(creel, rounds, seed, rounds_per_store=10):
    os.environ["CREEL"] = os.path.abspath(creel)
    import gateway  # looks for the program when it is loaded

    tools = Tools(creel)
    dice = random.Random(seed)
    print(f"seed {seed}, {rounds} rounds", flush=True)
    done, webhooks = 0, 0
    while done < rounds:
        series = Series(gateway, tools, dice)
        try:
            for _ in range(min(rounds_per_store, rounds - done)):
                series.round()
                done += 1
            webhooks += series.check()
        except BaseException:
            print(f"failed with seed {seed} after round {done}; the log ends:\n{series.creel.log()[-2000:]}", file=sys.stderr)
            raise
        finally:
            series.close()
        print(f"{done} kills, {webhooks} acknowledged webhooks, none lost", flush=True)
    assert webhooks > 0, "nothing was ever acknowledged: the load did not reach creel"
    return webhooks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--creel", default="build/creel")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    run(options.creel, options.rounds, options.seed)


if __name__ == "__main__":
    main()

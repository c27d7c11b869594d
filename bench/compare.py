#!/usr/bin/env python3
"""Measures creel beside nginx, Go and Express, and writes the table of docs/performance.md.

Server on core 0 and load on core 1, 64 connections kept alive, bodies of 300 bytes, random ids, every answer checked,
every id counted in the store afterwards. The receivers take turns, so ratios of one invocation mean something even when
absolute figures do not.

    bench/compare.py                    everything, about half an hour
    bench/compare.py --quick            short runs, one round: to see that it works
    bench/compare.py --only closed,open these parts alone; docs/performance.md is then left as it is
"""
import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import backlog
import destinations
import receivers
from receivers import HERE, PORT, ROOT, SECRET, Creel, Nginx, Postgres, Sink, WithPostgres, pinned

PARTS = ["verify", "start", "closed", "minute", "open", "forward", "burst", "growth", "backlog", "rules", "destinations"]
# A source and its route, whose destination takes nothing: what routing costs, without what delivering does.
ROUTED = """
[sources.openai]
provider = "openai"
secrets = ["${OPENAI_WEBHOOK_SECRET}"]

[destinations.nowhere]
url = "http://127.0.0.1:9/"
concurrency = 1

[[routes]]
from = ["openai"]
to = ["nowhere"]
"""
# Takes every event of the load.
RULES = """
types = ["response.*", "batch.*"]
filter = { body = { object = "event", data = { id = { "$exist" = true } }, created_at = { "$gt" = 1000 } } }
"""


class Bench:
    def __init__(self, options):
        self.options, self.build = options, os.path.join(ROOT, options.build)
        self.creel_program = os.path.join(self.build, "creel")
        self.load_program = os.path.join(self.build, "bench/creel-load")
        self.sink_program = os.path.join(self.build, "bench/creel-sink")
        self.folder = tempfile.mkdtemp(prefix="creel-bench-", dir=options.folder)
        self.postgres, self.rows, self.results = None, [], {}
        self.seconds = 2 if options.quick else 5

    # --- the tools

    def load(self, path="/webhooks/openai", **more):
        command = [*pinned(1), self.load_program, "--port", str(PORT), "--secret", SECRET, "--path", path, "--json"]
        for name, value in {"seconds": self.seconds, "warmup": 1, **more}.items():
            command += [f"--{name}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if not done.stdout:
            raise RuntimeError(f"the load failed: {done.stderr}")
        result = json.loads(done.stdout)
        for what in ("wrong", "broken", "unanswered"):
            if result[what]:
                print(f"    note: {result[what]} {what}: {done.stdout.strip()}", file=sys.stderr)
        return result

    def creel(self, **more):
        return Creel(self.folder, self.creel_program, **more)

    def row(self, what, measured, target, reached):
        """A line of the table: reached is True, False, or None where there is no target."""
        self.rows.append((what, measured, target, {True: "yes", False: "**no**", None: ""}[reached]))
        print(f"  {what}: {measured} (target {target}) {'' if reached is None else 'reached' if reached else 'NOT REACHED'}", flush=True)

    def counted(self, receiver, result):
        """Compares what was acknowledged with what is in the store."""
        kept = receiver.counted()
        if kept is not None and kept != result["accepted"]:
            raise RuntimeError(f"{result['accepted']} were acknowledged and {kept} are in the store")
        return kept

    def start_postgres(self):
        if self.postgres is None:
            self.postgres = Postgres(self.folder)
            go = os.path.join(self.folder, "go/src/receiver")
            os.makedirs(go)
            shutil.copy(os.path.join(HERE, "peers/receiver.go"), go)
            subprocess.run(["go", "build", "-o", os.path.join(self.folder, "go-receiver"), "."], cwd=go, check=True,
                           env={**os.environ, "GO111MODULE": "off", "GOPATH": self.folder + "/go:/usr/share/gocode",
                                "GOCACHE": self.folder + "/go-cache"})
            node = os.path.join(self.folder, "express")
            os.makedirs(node)
            for name in ("express.js", "package.json", "package-lock.json"):
                shutil.copy(os.path.join(HERE, "peers", name), node)
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=node, check=True)
        return self.postgres

    def receiver(self, name):
        if name == "nginx":
            return Nginx(self.folder)
        if name == "creel":
            return self.creel()
        command = {"go": [os.path.join(self.folder, "go-receiver")], "express": ["node", os.path.join(self.folder, "express/express.js")]}
        return WithPostgres(self.folder, self.start_postgres(), command[name])

    # --- the parts

    def verify(self):
        done = subprocess.run([*pinned(0), os.path.join(self.build, "bench/verify_bench"), "--benchmark_format=json",
                               "--benchmark_repetitions=5", "--benchmark_enable_random_interleaving=true",
                               f"--benchmark_min_time={0.02 if self.options.quick else 0.2}"],
                              capture_output=True, text=True, check=True)
        runs = json.loads(done.stdout)["benchmarks"]
        median = {run["run_name"]: run["cpu_time"] for run in runs if run.get("aggregate_name") == "median"}
        allocations = max(run["allocations"] for run in runs if "allocations" in run and run["run_type"] == "iteration")
        time_300 = median["verify/300"]
        self.row("verification of 300 B", f"{time_300 / 1000:.2f} µs", "< 0.6 µs", time_300 < 600)
        for size, most in ((300, 1.6), (4096, 1.15), (65536, 1.15)):
            ratio = median[f"verify/{size}"] / median[f"bare_hmac/{size}"]
            self.row(f"beside the bare HMAC, {size} B", f"{ratio:.2f} ×", f"≤ {most} ×", ratio <= most)
        self.row("heap allocations a verification", f"{allocations:.0f}", "0", allocations == 0)

    def start(self):
        times = []
        for _ in range(5):
            creel = self.creel()
            times.append(creel.ready_after * 1000)
            time.sleep(0.5)
            idle = receivers.rss_mb(creel.process.pid)
            creel.stop()
        self.row("start to serving, empty store", f"{statistics.median(times):.0f} ms", "< 100 ms", statistics.median(times) < 100)
        self.row("RSS idle", f"{idle:.0f} MB", "< 20 MB", idle < 20)

    def closed(self):
        names, found = ["nginx", "creel", "go", "express"], {}
        for _ in range(1 if self.options.quick else 3):
            for name in names:
                receiver = self.receiver(name)
                try:
                    before = receivers.cpu_seconds(receiver.process.pid)
                    result = self.load(seconds=self.seconds)
                    result["cpu_us"] = (receivers.cpu_seconds(receiver.process.pid) - before) / result["answered"] * 1e6
                    result["rss"] = receivers.rss_mb(receiver.process.pid)
                    self.counted(receiver, result)
                finally:
                    receiver.stop()
                found.setdefault(name, []).append(result)
        middle = {name: {key: statistics.median(run[key] for run in runs) for key in ("rps", "p50", "p99", "p999", "cpu_us", "rss")}
                  for name, runs in found.items()}
        self.results["closed"] = middle
        rps = {name: values["rps"] for name, values in middle.items()}
        for name, least in (("nginx", 0.35), ("go", 9), ("express", 17)):
            ratio = rps["creel"] / rps[name]
            label = {"nginx": "nginx, static 200", "go": "Go + PostgreSQL", "express": "Express + PostgreSQL"}[name]
            self.row(f"verified, synced, acknowledged: beside {label}", f"{ratio:.2f} ×", f"≥ {least} ×", ratio >= least)
        self.row("RSS under load", f"{middle['creel']['rss']:.0f} MB", "< 150 MB", middle["creel"]["rss"] < 150)

    def nginx_rate(self):
        if "closed" in self.results:
            return self.results["closed"]["nginx"]["rps"]
        nginx = Nginx(self.folder)
        try:
            return self.load(seconds=self.seconds)["rps"]
        finally:
            nginx.stop()

    def minute(self):
        nginx = self.nginx_rate()
        creel, lags, done = self.creel(), [], threading.Event()

        def watch():
            while not done.wait(1):
                lags.append(creel.metric("creel_index_lag_seconds"))
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            result = self.load(seconds=5 if self.options.quick else 60)
            done.set()
            watcher.join()
            rss = receivers.rss_mb(creel.process.pid)
            self.counted(creel, result)
        finally:
            done.set()
            creel.stop()
        ratio = result["rps"] / nginx
        self.row("over a minute, beside nginx", f"{ratio:.2f} × ({result['rps']:.0f}/s)", "≥ 0.28 ×", ratio >= 0.28)
        self.row("index behind, at most", f"{max(lags):.2f} s", "≤ 2 s", max(lags) <= 2)
        self.row("RSS after a minute of full load", f"{rss:.0f} MB", "< 150 MB", rss < 150)

    def max_rate(self):
        if "closed" in self.results:
            return self.results["closed"]["creel"]["rps"]
        creel = self.creel()
        try:
            return self.load()["rps"]
        finally:
            creel.stop()

    def open(self):
        rate = int(self.max_rate() / 2)
        for heavy in (False, True):
            creel, done = self.creel(), threading.Event()
            if heavy:  # something to search in
                self.load(seconds=self.seconds)

            def search():
                while not done.is_set():
                    creel.admin("/api/v1/events?limit=1000&order=oldest&type=no.such.*")
            searcher = threading.Thread(target=search)
            try:
                if heavy:
                    searcher.start()
                result = self.load(rate=rate, seconds=2 * self.seconds)
            finally:
                done.set()
                if heavy:
                    searcher.join()
                creel.stop()
            what = f"p99.9 in an open loop at {rate}/s" + (", beside a heavy query" if heavy else "")
            self.row(what, f"{result['p999'] / 1000:.1f} ms", "≤ 10 ms", result["p999"] <= 10000 and not result["refused"])

    def pending(self, creel):
        rows = json.loads(creel.admin("/api/v1/destinations"))["destinations"]
        return sum(row["pending"] for row in rows)

    def forward(self):
        rate = int(self.nginx_rate() * 0.15)
        sink = Sink(self.sink_program)
        try:
            creel = self.creel(forward_to=sink.url)
            try:
                result = self.load(rate=rate, warmup=0, seconds=4 if self.options.quick else 20)
                time.sleep(2)
                left = self.pending(creel)
                stats = sink.stats()
                rss = receivers.rss_mb(creel.process.pid)
            finally:
                creel.stop()
        finally:
            sink.stop()
        self.row(f"end to end at {rate}/s: pending 2 s after", f"{left}", "0", left == 0 and stats["distinct"] >= result["accepted"])
        self.row("… p99 of the acknowledgement", f"{result['p99'] / 1000:.1f} ms", "", None)
        self.row("… delivered more than once", f"{stats['requests'] - stats['distinct']}", "0", stats["requests"] == stats["distinct"])
        self.row("… RSS", f"{rss:.0f} MB", "< 150 MB", rss < 150)

    def burst(self):
        rate, seconds = 10000, 3 if self.options.quick else 20
        creel = self.creel()
        try:
            alone = self.load(rate=rate, seconds=seconds)
        finally:
            creel.stop()
        sink = Sink(self.sink_program, 1000)
        try:
            creel = self.creel(forward_to=sink.url)
            try:
                result = self.load(rate=rate, seconds=seconds)
                begun = time.monotonic()
                while self.pending(creel) and time.monotonic() - begun < 60 + result["accepted"] / 900:
                    time.sleep(1)
                left, drained = self.pending(creel), time.monotonic() - begun
                stats = sink.stats()
            finally:
                creel.stop()
        finally:
            sink.stop()
        refused = result["answered"] - result["accepted"] + result["unanswered"]
        self.row(f"burst, {seconds} s at {rate}/s into 1000/s: not 2xx", f"{refused}", "0", refused == 0)
        ratio = result["p99"] / alone["p99"]
        self.row("… p99 beside that without a destination", f"{ratio:.2f} × ({result['p99'] / 1000:.1f} ms)", "≤ 2 ×", ratio <= 2)
        self.row("… drained", f"{stats['distinct']} in {drained:.0f} s, {left} left", "all", left == 0 and stats["distinct"] >= result["accepted"])
        # 32 at once may overtake each other, and a page is read ahead; far more than that is disorder.
        self.row("… furthest out of order", f"{stats['out_of_order_max']} places", "≤ 512", stats["out_of_order_max"] <= 512)

    def growth(self):
        program = os.path.join(self.build, "bench/index_growth")
        if not os.path.exists(program):
            return
        command = [*pinned(0), program, "200000" if self.options.quick else "10000000", os.path.join(self.folder, "growth")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        self.results["growth"] = done.stdout.strip()
        print(done.stdout, done.stderr)

    def backlog(self):
        backlog.measure(self.row, count=20_000 if self.options.quick else 1_000_000, outage=5 if self.options.quick else 60,
                        build=self.options.build, folder=self.folder)

    def rules(self):
        found = {"": [], RULES: []}
        for _ in range(1 if self.options.quick else 5):
            for more, runs in found.items():
                creel = self.creel(config=ROUTED + more)
                try:
                    runs.append(self.load()["rps"])
                    unrouted = creel.metric("creel_events_unrouted_total")
                finally:
                    creel.stop()
                if unrouted:
                    raise RuntimeError(f"the filter let {unrouted:.0f} events go nowhere")
        plain, ruled = (statistics.median(runs) for runs in found.values())
        self.row("with a type glob and a filter, beside no rules", f"{ruled / plain:.2f} × ({ruled:.0f}/s)", "≥ 0.9 ×", ruled / plain >= 0.9)
        program = os.path.join(self.build, "bench/transform_bench")
        done = subprocess.run([*pinned(0), program, "--benchmark_filter=transform/one_field", "--benchmark_repetitions=5",
                               "--benchmark_format=json"], capture_output=True, text=True, check=True)
        runs = json.loads(done.stdout)["benchmarks"]
        time_us = next(run["cpu_time"] for run in runs if run.get("aggregate_name") == "median") / 1000
        self.row("a transform of 1 KiB", f"{time_us:.0f} µs", "≤ 50 µs", time_us <= 50)

    def destinations(self):
        destinations.measure(self.row, self.build, self.folder, self.options.quick)

    # --- the whole

    def run(self):
        parts = self.options.only.split(",") if self.options.only else PARTS
        try:
            for part in parts:
                print(f"{part}:", flush=True)
                getattr(self, part)()
        finally:
            if self.postgres:
                self.postgres.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
        if not self.options.only and not self.options.quick:
            self.write()

    def table(self):
        lines = ["| what | measured | wanted | reached |", "|---|---|---|---|"]
        lines += [f"| {what} | {measured} | {target} | {reached} |" for what, measured, target, reached in self.rows]
        lines += ["", "| receiver | work before the 200 | requests/s | p50 ms | p99.9 ms | CPU µs/request | RSS MB |",
                  "|---|---|---|---|---|---|---|"]
        work = {"nginx": ("nginx, static 200", "none"), "creel": ("creel", "verify, commit"),
                "go": ("Go net/http + PostgreSQL", "verify, parse, insert"),
                "express": ("Express + PostgreSQL", "verify, parse, insert")}
        for name, run in self.results["closed"].items():
            cpu = f"{run['cpu_us']:.0f}" + ("" if name in ("nginx", "creel") else " and the database's")
            lines.append(f"| {work[name][0]} | {work[name][1]} | {run['rps']:.0f} | {run['p50'] / 1000:.2f} | {run['p999'] / 1000:.2f} "
                         f"| {cpu} | {run['rss']:.0f} |")
        if self.results.get("growth"):
            lines += ["", "The cost of indexing as the index grows:", "", "```", self.results["growth"], "```"]
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            cpu = re.search(r"model name\s*: (.*)", file.read())
        lines += ["", f"Measured on {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {cpu.group(1) if cpu else platform.machine()}, "
                      f"Linux {platform.release().split('-')[0]}."]
        return "\n".join(lines)

    def write(self):
        """Between the two marks of the page; the text around them is written by hand."""
        page = os.path.join(ROOT, "docs/performance.md")
        with open(page, encoding="utf-8") as file:
            text = file.read()
        start, end = "<!-- table: made by script/bench -->\n", "<!-- end of table -->"
        text = text[: text.index(start) + len(start)] + self.table() + "\n" + text[text.index(end):]
        with open(page, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"written to {page}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs")
    parser.add_argument("--only", default="", help="parts, with commas: " + " ".join(PARTS))
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("--folder", default=None, help="where stores and databases go (the folder for temporary files)")
    options = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("two cores are needed, one for the server and one for the load")
    Bench(options).run()


if __name__ == "__main__":
    main()

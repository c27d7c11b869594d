"""Starts and stops what is compared, each on core 0, with a fresh store, and counts what it kept."""
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PORT, ADMIN_PORT, SINK_PORT, PG_PORT = 8181, 8182, 8183, 55439
PGURL = f"postgres://creel@127.0.0.1:{PG_PORT}/creel?sslmode=disable"
TABLE = """drop table if exists events;
create table events (id bigserial primary key, source text not null, webhook_id text not null, type text,
  state smallint not null default 0, due timestamptz not null default now(), received timestamptz not null,
  body bytea not null, unique (source, webhook_id));
create index on events (state, due); checkpoint;"""


def pinned(core):
    return ["taskset", "-c", str(core)]


def wait_for_port(port, process, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        time.sleep(0.002)
    raise RuntimeError(f"{process.args} does not listen on {port}")


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(pid):
    """The process and those it has started (nginx has a worker)."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [pid] + [member for child in file.read().split() for member in family(int(child))]


def rss_mb(pid):
    total = 0
    for member in family(pid):
        with open(f"/proc/{member}/status", encoding="ascii", errors="replace") as status:
            total += next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))
    return total


def cpu_seconds(pid):
    ticks = 0
    for member in family(pid):
        with open(f"/proc/{member}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Postgres:
    """A cluster of our own with the durability that comes by default."""
    programs = "/usr/lib/postgresql/15/bin/"

    def __init__(self, folder):
        self.data = os.path.join(folder, "pg")
        shutil.rmtree(self.data, ignore_errors=True)
        os.makedirs(self.data)
        # PostgreSQL does not run as root.
        self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"] if os.getuid() == 0 else []
        if self.user:
            owner = pwd.getpwnam("postgres")
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
            os.chmod(folder, 0o755)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*self.user, self.programs + "initdb", "-D", self.data, "-A", "trust", "-U", "creel", "--locale=C"],
                       check=True, cwd="/", **quiet)
        self.process = subprocess.Popen(
            [*pinned(0), *self.user, self.programs + "postgres", "-D", self.data, "-p", str(PG_PORT), "-h", "127.0.0.1",
             "-k", self.data, "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"], cwd="/", **quiet)
        wait_for_port(PG_PORT, self.process)
        time.sleep(1)
        self.run("create database creel", "postgres")

    def run(self, text, database="creel"):
        return subprocess.run(["psql", "-q", "-At", "-h", "127.0.0.1", "-p", str(PG_PORT), "-U", "creel", database, "-c", text],
                              check=True, capture_output=True, text=True).stdout.strip()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Receiver:
    """One of the compared programs while it runs. `counted()` says how many events it kept, None where it keeps none."""
    path = "/webhooks/openai"

    def __init__(self, command, env=None, cwd=None):
        self.started = time.monotonic()
        self.log = open(os.path.join(cwd or "/tmp", "receiver.log"), "wb")
        self.process = subprocess.Popen([*pinned(0), *command], cwd=cwd, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "PORT": str(PORT), "OPENAI_WEBHOOK_SECRET": SECRET, **(env or {})})
        wait_for_port(PORT, self.process)

    def counted(self):
        return None

    def stop(self):
        end(self.process)
        self.log.close()


class Nginx(Receiver):
    def __init__(self, folder):
        super().__init__(["nginx", "-p", folder, "-c", os.path.join(HERE, "peers/nginx.conf"), "-e", "stderr"], cwd=folder)


class WithPostgres(Receiver):
    def __init__(self, folder, postgres, command):
        self.postgres = postgres
        postgres.run(TABLE)
        super().__init__(command, {"PGURL": PGURL, "NODE_ENV": "production"}, cwd=folder)

    def counted(self):
        return int(self.postgres.run("select count(distinct webhook_id) from events"))


class Creel(Receiver):
    def __init__(self, folder, program, forward_to=None, keep_store=False, config=None):
        self.store = os.path.join(folder, "creel-data")
        if not keep_store and os.path.exists(self.store):
            shutil.rmtree(self.store, ignore_errors=True)
            # A file system mounted with `discard` trims what was removed in the midst of the next run's syncs.
            os.sync()
            time.sleep(6)
        command = [program, "serve", "--listen", f"127.0.0.1:{PORT}", "--admin-listen", f"127.0.0.1:{ADMIN_PORT}",
                   "--store", self.store]
        if forward_to:
            command += ["--forward-to", forward_to]
        if config:
            file = os.path.join(folder, "creel.toml")
            with open(file, "w", encoding="utf-8") as into:
                into.write(config)
            command += ["--config", file]
        super().__init__(command, cwd=folder)
        self.ready_after = time.monotonic() - self.started

    def admin(self, path):
        with open(os.path.join(self.store, "admin.token")) as file:
            token = file.read().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{ADMIN_PORT}{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The sum of a metric over its labels."""
        values = [float(line.rsplit(" ", 1)[1]) for line in self.admin("/metrics").splitlines()
                  if line.startswith((name + " ", name + "{"))]
        return sum(values)

    def counted(self):
        """Every event's provider id, page by page; distinct ones are counted."""
        ids, cursor = set(), ""
        while True:
            page = json.loads(self.admin(f"/api/v1/events?limit=1000{cursor}"))
            ids.update(event["provider_id"] for event in page["events"])
            if not page["more"]:
                return len(ids)
            cursor = f"&cursor={page['cursor']}"


class Sink:
    """The destination of the end-to-end runs, on the core of the load."""

    def __init__(self, program, rate=0, log=None):
        command = [*pinned(1), program, "--port", str(SINK_PORT), "--rate", str(rate)]
        self.process = subprocess.Popen(command + (["--log", log] if log else []))
        self.url = f"http://127.0.0.1:{SINK_PORT}/webhooks/openai"
        wait_for_port(SINK_PORT, self.process)

    def stats(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{SINK_PORT}/stats", timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        end(self.process)

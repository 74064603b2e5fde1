"""The benchmarks that tests/bench/run runs: each drives the real daemon and the provider simulator
and answers rows of the table, every one beside what the bare machine did in the same run.

A benchmark is a function of a Bench; nothing here judges more than "met" or "missed".
"""

import base64
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time

import astreinte_test

CONNECTIONS = 64
CUSTOMERS = 8
DEVICE = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"  # push_bench's
ONE_PUSH_STEP = {
    "rounds": 1,
    "steps": [{"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 3600}],
    "exhausted": [{"callback": "call-centre"}],
}
# A deadline each second: nobody ever accepts.
ONE_SECOND_STEPS = {
    "rounds": 10, "round_spacing_s": 1,
    "steps": [{"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 1}] * 20,
    "exhausted": [{"callback": "call-centre"}],
}


class Broken(Exception):
    """The benchmark could not measure, or what it measured is wrong."""


class Row(collections.namedtuple("Row", "what yardstick measured ratio limit met")):
    """One line of the table: texts, but for the ratio (a number or None) and met (or None)."""


def check(condition, what):
    if not condition:
        raise Broken(what)


def milliseconds(value):
    return f"{value:.2f} ms"


def a_second(value):
    return f"{value:,.0f}/s".replace(",", " ")


def counted(value):
    return f"{value:,}".replace(",", " ")


def median_by(results, key):
    """The middle one of several results: the machine is not ours alone."""
    return sorted(results, key=lambda result: result[key])[(len(results) - 1) // 2]


class Bench:
    """Where and how much; runs the programs and remembers the yardsticks."""

    def __init__(self, build_dir, directory, quick, tickets=None):
        self.programs = pathlib.Path(build_dir) / "tests/bench"
        self.directory, self.quick = pathlib.Path(directory), quick
        self.repetitions = 1 if quick else 3
        self.tickets = tickets  # asked for by the caller; None: by default
        self.faults = []  # what went wrong besides the numbers
        self._yardstick = {}
        self._places = 0

    def place(self, name):
        """A fresh directory on the disk that is measured."""
        self._places += 1
        path = self.directory / f"{self._places}-{name}"
        path.mkdir(parents=True)
        return path

    def program(self, name, *arguments, prefix=()):
        done = subprocess.run(
            [*prefix, str(self.programs / f"bench_{name}"), *map(str, arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        check(done.returncode == 0, f"bench_{name} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    def load(self, port, requests, connections=1, **options):
        """Runs the load generator; every answer must be a good one."""
        arguments = ["--port", port, "--requests", requests, "--connections", connections]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), value]
        result = json.loads(self.program("http_load", *arguments))
        check(result["good"] == requests,
              f"only {result['good']} of {requests} requests were answered well")
        return result

    def commit_path(self):
        """The bare durable commit, one at a time."""
        if "commit" not in self._yardstick:
            results = [json.loads(self.program(
                "commit_path", "--directory", self.directory, "--commits",
                1000 if self.quick else 3000)) for _ in range(self.repetitions)]
            self._yardstick["commit"] = median_by(results, "p50_ms")
        return self._yardstick["commit"]

    @contextlib.contextmanager
    def yardstick_server(self):
        """The least that accepts durably; yields its port and process."""
        place = self.place("yardstick")
        process = subprocess.Popen(
            [str(self.programs / "bench_accept_yardstick"), "--directory", str(place)],
            stdin=subprocess.DEVNULL)
        try:
            port_file = place / "yardstick.port"
            astreinte_test.wait_until(port_file.exists, "the yardstick server", 10)
            yield int(port_file.read_text()), process
        finally:
            process.terminate()
            process.wait(10)

    def yardstick_of_storm(self, requests):
        """How long the bare server takes to accept as many requests."""
        with self.yardstick_server() as (port, _):
            self.load(port, requests, CONNECTIONS)  # warm
            return self.load(port, requests, CONNECTIONS)


class House:
    """A fresh gateway with its provider simulator and some customers, on a fresh database."""

    def __init__(self, bench, provider_arguments=("--no-log",)):
        self.bench = bench
        self.directory = bench.place("house")
        self.provider_arguments = provider_arguments
        self.provider = self.gateway = self.admin = None
        self.customers = []

    def __enter__(self):
        self.provider = astreinte_test.Simulator(
            "provider", self.directory, *self.provider_arguments).start()
        self.gateway = astreinte_test.Gateway(self.directory)
        self.gateway.use_provider(self.provider.ready)
        self.configure()
        try:
            self.gateway.start()
        except AssertionError:
            self.provider.stop(expect_success=False)
            raise
        self.admin = self.gateway.client()
        return self

    def configure(self):
        """More of the configuration, before the gateway is started."""

    def __exit__(self, kind, error, trace):
        try:
            self.gateway.stop(expect_success=kind is None)
        except AssertionError as fault:  # what was measured before holds all the same
            self.bench.faults.append(f"{self.directory}: {fault}")
        finally:
            self.provider.stop(expect_success=False)
        if kind is None and not self.bench.faults:
            shutil.rmtree(self.directory)

    def add_customers(self):
        """Customers whose one agent on call has two phones, and the desk's key for all of them."""
        for number in range(CUSTOMERS):
            customer = astreinte_test.Customer(
                self.gateway, f"client-{number}", ONE_PUSH_STEP, devices=False)
            customer.agents["paul"].register("phone-1", "apns")
            customer.agents["paul"].register("phone-2", "apns")
            self.customers.append(customer)
        self.write_token()
        bodies = [json.dumps({
            "customer": customer.slug, "severity": "major", "category": "alarme technique",
            "summary": "Ascenseur bloqué au 3e étage, une personne à l'intérieur",
            "details": "Appel de la cabine, 12 rue des Lilas. La personne est calme.",
            "caller": {"name": "Mme Martin", "phone": "+33123456789"}}, ensure_ascii=False)
            for customer in self.customers]
        (self.directory / "bodies").write_text("\n".join(bodies) + "\n")
        return self

    def write_token(self):
        answer = self.admin.post("/v1/api-keys", {
            "name": "bench", "role": "call-centre", "customers": ["*"]})
        check(answer.status == 201, f"no key: {answer}")
        path = self.directory / "token"
        path.touch(0o600)
        path.write_text(answer["key"] + "\n")

    def load(self, requests, connections=1, **options):
        return self.bench.load(
            self.gateway.port, requests, connections, token_file=self.directory / "token",
            bodies=self.directory / "bodies", **options)

    def metrics(self):
        """Every sample of /metrics by its name and labels."""
        answer = self.admin.get("/metrics")
        check(answer.status == 200, f"/metrics answers {answer.status}")
        lines = (line.rpartition(" ") for line in answer.body.decode().splitlines()
                 if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def outcomes(self):
        return self.metrics()['astreinte_commands_total{type="transport_outcome"}']

    def delivered(self, provider="apns"):
        return self.provider.control(statistics=True)[provider]

    def wait_for_outcomes(self, count, patience_s=60):
        """Until the gateway has recorded what became of so many attempts."""
        astreinte_test.wait_until(
            lambda: self.outcomes() >= count, f"{count} outcomes", patience_s)
        return time.monotonic_ns()

    def private_kib(self):
        return private_kib(self.gateway.process.pid)


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1))


# ---- idle latency ----------------------------------------------------------------------------


def frames_at_provider(house, escalations):
    """When the first and the second push of each escalation had reached the provider (ns)."""
    astreinte_test.wait_until(
        lambda: house.delivered()["requests"] >= 2 * escalations, "the pushes", 30)
    arrivals = collections.defaultdict(list)
    for record in house.provider.records():
        check(record["status"] == 200, f"a push was refused: {record['reason']}")
        arrivals[record["payload"]["escalation"]].append(record["monotonic_ns"])
    check(all(len(each) == 2 for each in arrivals.values()) and len(arrivals) == escalations,
          "not every escalation reached both phones exactly once")
    return {escalation: sorted(each) for escalation, each in arrivals.items()}


def frames_of(house, count, record, **options):
    """Milliseconds from each request to its first and to its second push, both sorted."""
    before = house.delivered()["requests"] // 2
    house.load(count, record=record, **options)
    arrivals = frames_at_provider(house, before + count)
    first, second = [], []
    for line in record.read_text().splitlines():
        sent_ns, _, _, escalation = line.split()
        one, other = arrivals[escalation]
        first.append((one - int(sent_ns)) / 1e6)
        second.append((other - int(sent_ns)) / 1e6)
    return sorted(first), sorted(second)


def idle(bench):
    """One escalation at a time: webhook sent → push frame read by the provider, committed before.

    Back to back, and with pauses in which everything falls asleep: what waking up costs on the
    machine (much, on a virtual one) is seen at the bare server, which pauses as well.
    """
    commit = bench.commit_path()
    count = 300 if bench.quick else 1000
    with bench.yardstick_server() as (port, _):
        bench.load(port, 50)
        sleepy = bench.load(port, count // 2, pause_ms=4)
    with House(bench, ()) as house:
        house.add_customers()
        house.load(20)  # connections to the provider, statements, caches
        astreinte_test.wait_until(lambda: house.delivered()["requests"] >= 40, "the pushes", 30)
        first, second = frames_of(house, count, house.directory / "back-to-back")
        paused, _ = frames_of(house, count // 2, house.directory / "paused", pause_ms=4)

    def row(what, bare, bare_ms, value, limit_ms=None):
        return Row(what, f"{bare} {milliseconds(bare_ms)}", milliseconds(value), value / bare_ms,
                   f"≤ {limit_ms} ms" if limit_ms else "",
                   value <= limit_ms if limit_ms else None)

    at99, paused99 = count * 99 // 100, count // 2 * 99 // 100
    return [
        row("webhook → push frame, p50", "bare commit", commit["p50_ms"], first[count // 2], 1),
        row("webhook → push frame, p99", "bare commit", commit["p99_ms"], first[at99], 5),
        row("  of the second phone, p50", "bare commit", commit["p50_ms"], second[count // 2]),
        row("  after a pause, p50", "bare answer", sleepy["p50_ms"], paused[count // 4], 1),
        row("  after a pause, p99", "bare answer", sleepy["p99_ms"], paused[paused99], 5)]


# ---- durable acceptance ----------------------------------------------------------------------


def accept(bench):
    """Webhooks a second that are answered durably, with the pushes flowing."""
    alone, many = (500, 3000) if bench.quick else (2000, 10000)
    ours, bare, done = {1: [], CONNECTIONS: []}, {1: [], CONNECTIONS: []}, 0
    with bench.yardstick_server() as (port, _), House(bench) as house:
        house.add_customers()
        house.load(100, CONNECTIONS)
        bench.load(port, 1000, CONNECTIONS)
        done += 2 * 100
        for _ in range(bench.repetitions):
            for connections, count in ((1, alone), (CONNECTIONS, many)):
                bare[connections].append(bench.load(port, count, connections))
                ours[connections].append(house.load(count, connections))
                done += 2 * count
                house.wait_for_outcomes(done)
    rows = []
    for connections, limit in ((1, None), (CONNECTIONS, 20000)):
        mine, its = (median_by(each[connections], "per_s") for each in (ours, bare))
        plural = "connection" if connections == 1 else "connections"
        rows.append(Row(f"acceptance, {connections} {plural}", a_second(its["per_s"]),
                        a_second(mine["per_s"]), mine["per_s"] / its["per_s"],
                        f"≥ {a_second(limit)}" if limit else "",
                        mine["per_s"] >= limit if limit else None))
        for key in ("p50_ms", "p99_ms"):
            rows.append(Row(f"  {key[:3]}", milliseconds(its[key]), milliseconds(mine[key]),
                            mine[key] / its[key], "", None))
    return rows


# ---- storm -----------------------------------------------------------------------------------


def wait_for_pushes(house, count, patience_s=60):
    """Until the provider has accepted so many; answers when."""
    until = time.monotonic() + patience_s
    while (accepted := house.delivered()["accepted"]) < count:
        check(time.monotonic() < until, f"the provider got only {accepted} of {count} pushes")
        time.sleep(0.005)
    return time.monotonic_ns()


def check_nothing_lost(house, escalations, pushes, recorded):
    provider = house.delivered()
    check(provider["accepted"] == pushes and provider["repeated"] == 0
          and provider["requests"] == pushes,
          f"{pushes} pushes were due, the provider saw {provider}")
    metrics = house.metrics()
    check(metrics["astreinte_escalations_opened_total"] == escalations, "escalations are missing")
    accepted = metrics['astreinte_push_outcomes_total{provider="apns",outcome="accepted"}']
    check(accepted == pushes and house.outcomes() == recorded, "outcomes are missing")


def one_storm(house, escalations):
    """A storm on a fresh house; seconds since its first request."""
    house.load(50)
    house.wait_for_outcomes(100)
    result = house.load(escalations, CONNECTIONS)
    pushed_ns = wait_for_pushes(house, 2 * escalations + 100)
    recorded_ns = house.wait_for_outcomes(2 * escalations + 100)
    check_nothing_lost(house, escalations + 50, 2 * escalations + 100, 2 * escalations + 100)
    return {"accepted_s": result["seconds"], "pushed_s": (pushed_ns - result["began_ns"]) / 1e9,
            "recorded_s": (recorded_ns - result["began_ns"]) / 1e9}


def storm(bench):
    """10 000 escalations of two phones each, as fast as they are accepted."""
    count = 3000 if bench.quick else 10000
    yardstick = bench.yardstick_of_storm(count)
    results = []
    for _ in range(bench.repetitions):
        with House(bench) as house:
            house.add_customers()
            results.append(one_storm(house, count))
    middle = median_by(results, "pushed_s")
    what = f"storm of {counted(count)} × 2"
    bare = f"accepted in {yardstick['seconds']:.2f} s"

    def row(name, key, limit_s):
        return Row(f"{what}: {name}", bare, f"{middle[key]:.2f} s",
                   middle[key] / yardstick["seconds"], f"≤ {limit_s:g} s" if limit_s else "",
                   middle[key] <= limit_s if limit_s else None)

    return [row("all accepted from the callers", "accepted_s", None),
            row("all at the provider, none twice", "pushed_s", 2 * count / 10000),
            row("all outcomes recorded", "recorded_s", None)]


# ---- lateness of deadlines -------------------------------------------------------------------


def lateness_buckets(metrics, histogram="astreinte_deadline_lateness_seconds"):
    """Deadlines by how late they were: {seconds: how many were no later}; or another histogram."""
    found = {}
    for name, value in metrics.items():
        match = re.fullmatch(histogram + r'_bucket\{le="(.*)"\}', name)
        if match:
            found[float(match.group(1))] = value
    return dict(sorted(found.items()))


def lateness_of(before, after, fraction):
    """The bucket's end below which this fraction of the deadlines lies, and how many there were."""
    gained = {end: after[end] - before[end] for end in after}
    total = gained[float("inf")]
    return next(end for end, count in gained.items() if count >= fraction * total), total


def open_deadlines(house, count):
    """Escalations that meet a deadline every second, spread over the second; they push by FCM."""
    customer = astreinte_test.Customer(house.gateway, "horloge", ONE_SECOND_STEPS, devices=False)
    customer.agents["paul"].register("phone-1", "fcm")
    for _ in range(count):
        answer = customer.escalate(summary="Une échéance chaque seconde")
        check(answer.status == 202, f"not accepted: {answer}")
        time.sleep(1 / count - 0.0005)


def lateness(bench):
    """How late deadlines are met while a storm is on."""
    storms, count, deadlines = (1, 5000, 400) if bench.quick else (3, 10000, 500)
    with House(bench) as house:
        house.add_customers()
        house.load(50)
        house.wait_for_outcomes(100)
        open_deadlines(house, deadlines)
        quiet = lateness_buckets(house.metrics())
        time.sleep(1 if bench.quick else 3)
        before = lateness_buckets(house.metrics())
        for number in range(storms):
            house.load(count, CONNECTIONS)
            wait_for_pushes(house, 2 * count * (number + 1) + 100)
        metrics = house.metrics()
    idle_end, idle_total = lateness_of(quiet, before, 0.999)
    end, total = lateness_of(before, lateness_buckets(metrics), 0.999)
    latest_ms = metrics["astreinte_deadline_lateness_milliseconds_max"]
    return [Row(f"lateness under storm, p99.9 of {total:.0f}",
                f"no storm: ≤ {1000 * idle_end:g} ms of {idle_total:.0f}",
                f"≤ {1000 * end:g} ms, latest {latest_ms:.0f} ms", None, "≤ 100 ms", end <= 0.1)]


# ---- push library alone ----------------------------------------------------------------------


def provider_token(ready):
    """An ES256 provider token as APNs wants it."""

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = encode(json.dumps({"alg": "ES256", "kid": ready["apns_key_id"]}).encode())
    claims = encode(json.dumps({"iss": ready["apns_team_id"], "iat": int(time.time())}).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", ready["apns_key"]],
                         input=f"{head}.{claims}".encode(), capture_output=True, check=True).stdout
    # SEQUENCE { INTEGER r, INTEGER s }, both shorter than 128 bytes.
    r_end = 4 + der[3]
    numbers = (der[4:r_end], der[r_end + 2:])
    raw = b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in numbers)
    return f"{head}.{claims}.{encode(raw)}"


class PushPair:
    """h2load and the push library, in turn, against one server pinned to core 0."""

    PINNED = ("taskset", "-c", "1")

    def __init__(self, bench, ready, port, place):
        self.bench, self.ready, self.port = bench, ready, port
        payload = {"aps": {"alert": {"title": "Astreinte", "body": "Nouvelle alerte"}}, "fill": ""}
        payload["fill"] = "x" * (1024 - len(json.dumps(payload)))
        self.payload, self.times = place / "payload", place / "h2load.times"
        self.payload.write_text(json.dumps(payload))
        self.token = provider_token(ready)

    def h2load(self, requests, in_flight):
        self.times.unlink(missing_ok=True)
        done = subprocess.run(
            [*self.PINNED, "h2load", "-n", str(requests), "-c", "1", "-m", str(in_flight),
             "-d", str(self.payload), f"--log-file={self.times}",
             "-H", f"authorization: bearer {self.token}",
             "-H", f"apns-topic: {self.ready['apns_topic']}", "-H", "apns-push-type: alert",
             "-H", "apns-priority: 10", f"https://localhost:{self.port}/3/device/{DEVICE}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        check(f"{requests} succeeded" in done.stdout, f"h2load: {done.stdout[-400:]}")
        took_us = sorted(int(line.split("\t")[2]) for line in self.times.read_text().splitlines())
        return {"per_s": float(re.search(r"([\d.]+) req/s", done.stdout).group(1)),
                "p50_ms": took_us[len(took_us) // 2] / 1000}

    def library(self, requests, in_flight):
        text = self.bench.program(
            "push_bench", "--host", "localhost", "--port", self.port, "--ca", self.ready["ca"],
            "--key", self.ready["apns_key"], "--jobs", requests, "--in-flight", in_flight,
            "--payload-bytes", 1024, prefix=self.PINNED)
        check(f"accepted: {requests}\n" in text, f"push_bench: {text}")
        found = re.search(r"p50 ([\d.]+) ms", text)
        return {"per_s": float(re.search(r"(\d+) requests/s", text).group(1)),
                "p50_ms": float(found.group(1)) if found else None}

    def compare(self, requests, in_flight, repetitions):
        bare, ours = [], []
        for _ in range(repetitions):
            bare.append(self.h2load(requests, in_flight))
            ours.append(self.library(requests, in_flight))
        return bare, ours


def push(bench):
    """The push library on one core, against h2load on the same server on the other."""
    for program in ("h2load", "taskset", "openssl"):
        check(shutil.which(program), f"{program} is not installed")
    check(os.cpu_count() >= 2, "two cores are needed")
    place = bench.place("push")
    server = astreinte_test.Simulator(
        "provider", place, "--no-log", "--first-streams", "1000").start()
    try:
        subprocess.run(["taskset", "-a", "-c", "-p", "0", str(server.process.pid)],
                       stdout=subprocess.DEVNULL, check=True)
        pair = PushPair(bench, server.ready, server.ready["apns"], place)
        requests, single = (50000, 2000) if bench.quick else (150000, 5000)
        pair.compare(5000, 1000, 1)  # warm
        bare, ours = pair.compare(requests, 1000, 2 if bench.quick else 5)
        bare_single, ours_single = pair.compare(single, 1, bench.repetitions)
    finally:
        server.stop(expect_success=False)
    shutil.rmtree(place)
    mine, its = (median_by(each, "per_s")["per_s"] for each in (ours, bare))
    ratio = statistics.median(a["per_s"] / b["per_s"] for a, b in zip(ours, bare))
    one, its_one = (median_by(each, "p50_ms")["p50_ms"] for each in (ours_single, bare_single))
    return [Row("push library, 1 KiB, 1 000 in flight", f"h2load {a_second(its)}", a_second(mine),
                ratio, f"≥ {a_second(60000)}", mine >= 60000),
            Row("push library, one at a time, p50", f"h2load {its_one:.3f} ms", f"{one:.3f} ms",
                one / its_one, "", None)]


# ---- memory ----------------------------------------------------------------------------------


def memory(bench):
    """Private memory of the daemon: after ten requests, and after a storm."""
    count = 3000 if bench.quick else 10000
    with bench.yardstick_server() as (port, process):
        bench.load(port, 10)
        bare_kib = private_kib(process.pid)
        bench.load(port, count, CONNECTIONS)
        bare_after_kib = private_kib(process.pid)
    with House(bench) as house:
        house.add_customers()
        house.load(10)
        house.wait_for_outcomes(20)
        idle_kib = house.private_kib()
        house.load(count, CONNECTIONS)
        house.wait_for_outcomes(2 * count + 20)
        after_kib = house.private_kib()

    def row(what, its_kib, kib, limit):
        return Row(what, f"bare server {its_kib / 1024:.1f} MiB", f"{kib / 1024:.1f} MiB",
                   kib / its_kib, f"≤ {limit} MB" if limit else "",
                   kib * 1024 <= limit * 1e6 if limit else None)

    return [row("private memory, idle", bare_kib, idle_kib, 10),
            row(f"private memory, after a storm of {counted(count)} × 2", bare_after_kib,
                after_kib, None)]


# ---- coverage --------------------------------------------------------------------------------


BENCHMARKS = {function.__name__: function
              for function in (idle, accept, storm, lateness, push, memory)}

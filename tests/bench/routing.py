"""Whom to dial for a number: how many such questions a second, how long one takes, alone and while
a storm of escalations is on. The yardstick is the least that the same server answers, /healthz."""

import concurrent.futures
import contextlib
import sqlite3

from benchmarks import CONNECTIONS, House, Row, a_second, check, counted, median_by, milliseconds
from filled import Crowd

NUMBERS_MAX = 1000  # http_load's requests
ASKED_AT_ONCE = 200
LIMIT_MS = 5


class Routes:
    """A gateway with many agents, whose customers are called on a number each."""

    def __init__(self, house, agents):
        self.house, self.directory = house, house.directory
        house.gateway.stop()
        path = house.directory / "astreinte.db"
        Crowd(path).grow(2 * agents)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("INSERT INTO customer_number (customer_id, position, number) SELECT "
                             "customer_id, 0, printf('+33142%06d', customer_id) FROM customer")
            numbers = [row[0] for row in database.execute(
                "SELECT number FROM customer_number ORDER BY random() LIMIT ?", (NUMBERS_MAX,))]
        house.gateway.start()
        house.admin = house.gateway.client()
        self._write("healthz", ["/healthz"])
        self._write("e164", [f"/v1/route/{number}?format=text" for number in numbers])
        self._write("json", [f"/v1/route/{number}" for number in numbers])
        self._write("national", [f"/v1/route/0{number[3:]}?format=text" for number in numbers])

    def _write(self, name, paths):
        (self.directory / f"paths-{name}").write_text("\n".join(paths) + "\n")

    def ask(self, name, requests, connections=1, **options):
        return self.house.bench.load(
            self.house.gateway.port, requests, connections,
            token_file=self.directory / "token", paths=self.directory / f"paths-{name}", **options)

    def ask_beside(self, done):
        """One question after the other until the future is done; how long each took (ms)."""
        record, took_ms = self.directory / "asked", []
        while not done.done():
            self.ask("e164", ASKED_AT_ONCE, record=record, pause_ms=1)
            for line in record.read_text().splitlines():
                sent_ns, answered_ns, *_ = line.split()
                took_ms.append((int(answered_ns) - int(sent_ns)) / 1e6)
        return sorted(took_ms)


def compare(routes, what, name, requests, connections):
    """Rows of the same questions to /healthz and to the route, in turn."""
    bare, ours = [], []
    for _ in range(routes.house.bench.repetitions):
        bare.append(routes.ask("healthz", requests, connections))
        ours.append(routes.ask(name, requests, connections))
    mine, its = (median_by(each, "per_s") for each in (ours, bare))
    rows = [Row(what, f"/healthz {a_second(its['per_s'])}", a_second(mine["per_s"]),
                mine["per_s"] / its["per_s"], "", None)]
    for key in ("p50_ms", "p99_ms"):
        limited = key == "p99_ms"
        rows.append(Row(f"  {key[:3]}", milliseconds(its[key]), milliseconds(mine[key]),
                        mine[key] / its[key], f"≤ {LIMIT_MS} ms" if limited else "",
                        mine[key] <= LIMIT_MS if limited else None))
    return rows


def route(bench):
    """Whom to dial for a number, with many agents; alone, and beside a storm of escalations."""
    agents, few, many, storm = ((10_000, 2000, 10_000, 5000) if bench.quick
                                else (100_000, 5000, 50_000, 20_000))
    with House(bench) as house:
        house.add_customers()
        routes = Routes(house, agents)
        routes.ask("national", 200)  # the library's tables, caches
        rows = compare(routes, f"route, {counted(agents)} agents, 1 connection", "e164", few, 1)
        rows += compare(routes, "route as JSON, 1 connection", "json", few, 1)
        rows += compare(routes, "route of 01 42 …, 1 connection", "national", few, 1)
        rows += compare(routes, f"route, {CONNECTIONS} connections", "e164", many, CONNECTIONS)
        alone = routes.ask("e164", few, pause_ms=1)
        house.load(50)
        with concurrent.futures.ThreadPoolExecutor(1) as others:
            took_ms = routes.ask_beside(others.submit(house.load, storm, CONNECTIONS))
    check(len(took_ms) >= ASKED_AT_ONCE, "the storm was over before anything was asked")
    for name, at in (("p50", 50), ("p99", 99)):
        value, bare = took_ms[len(took_ms) * at // 100], alone[f"{name}_ms"]
        rows.append(Row(f"route beside a storm of {counted(storm)}, {name} of {len(took_ms)}",
                        f"no storm {milliseconds(bare)}", milliseconds(value), value / bare,
                        f"≤ {LIMIT_MS} ms" if at == 99 else "",
                        value <= LIMIT_MS if at == 99 else None))
    return rows


BENCHMARKS = {"route": route}

"""What an operator sees when a call comes in: how long it takes behind many agents and open
escalations. The yardstick is the least that the same server answers, /healthz."""

import contextlib
import pathlib
import sqlite3

from benchmarks import House, Row, check, counted, median_by, milliseconds
from filled import Crowd

NUMBERS_MAX = 1000  # http_load's requests
OPEN = 21           # of one customer: one more than is shown
LIMIT_MS = 200      # the operator's greeting, and no more


def write_paths(house, name, paths):
    (pathlib.Path(house.directory) / f"paths-{name}").write_text("\n".join(paths) + "\n")


def ask(house, name, requests):
    return house.bench.load(house.gateway.port, requests, 1,
                            token_file=house.directory / "token",
                            paths=house.directory / f"paths-{name}")


def desk(bench):
    """What an operator sees of a call, with many agents and open escalations."""
    agents, requests = (10_000, 500) if bench.quick else (100_000, 5000)
    with House(bench) as house:
        house.add_customers()
        house.load(OPEN * len(house.customers), connections=1)
        house.gateway.stop()
        path = house.directory / "astreinte.db"
        Crowd(path).grow(2 * agents)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("INSERT INTO customer_number (customer_id, position, number) SELECT "
                             "customer_id, 0, printf('+33142%06d', customer_id) FROM customer")
            busy = [row[0] for row in database.execute(
                "SELECT number FROM customer_number n WHERE EXISTS (SELECT 1 FROM escalation e "
                "WHERE e.customer_id = n.customer_id AND e.closed_at IS NULL) LIMIT ?",
                (NUMBERS_MAX,))]
            all_numbers = [row[0] for row in database.execute(
                "SELECT number FROM customer_number ORDER BY random() LIMIT ?", (NUMBERS_MAX,))]
        check(busy, "no customer has an open escalation")
        house.gateway.start()
        write_paths(house, "healthz", ["/healthz"])
        write_paths(house, "busy", [f"/v1/desk/{number}" for number in busy])
        write_paths(house, "all", [f"/v1/desk/{number}" for number in all_numbers])
        rows = []
        for name, what in (("all", f"a call, {counted(agents)} agents"),
                           ("busy", f"a call of a customer with {OPEN} open escalations")):
            ask(house, name, requests)  # caches
            bare, ours = [], []
            for _ in range(bench.repetitions):
                bare.append(ask(house, "healthz", requests))
                ours.append(ask(house, name, requests))
            for key in ("p50_ms", "p99_ms"):
                mine, its = median_by(ours, key)[key], median_by(bare, key)[key]
                limited = key == "p99_ms"
                rows.append(Row(f"{what}, {key[:3]}", f"/healthz {milliseconds(its)}",
                                milliseconds(mine), mine / its,
                                f"≤ {LIMIT_MS} ms" if limited else "",
                                mine <= LIMIT_MS if limited else None))
    return rows


BENCHMARKS = {"desk": desk}

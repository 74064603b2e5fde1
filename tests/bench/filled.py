"""Benchmarks over a database that already holds much: a restart with work that waits, the cost of
an escalation behind millions of closed ones, memory with a full directory.

Open work comes in by the front door. History is what a real closed escalation left, cloned: every
row of every table that knows it, under new ids, older than whatever comes next.
"""

import contextlib
import json
import sqlite3
import time

import astreinte_test
from benchmarks import CONNECTIONS, ONE_PUSH_STEP, House, Row, check, counted, milliseconds

CLONED_TABLES = ("ticket", "escalation", "caller", "attempt", "timeline")
CLONES_PER_STATEMENT = 50_000
# A second of grace to accept all of them, long before the first is due.
SECOND_STEP_AFTER_S = 25
TWO_PUSH_STEPS = {
    "rounds": 1,
    "steps": [{"notify": [{"on_call": "principal"}], "by": ["push"],
               "accepted_within_s": SECOND_STEP_AFTER_S},
              {"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 3600}],
    "exhausted": [{"callback": "call-centre"}],
}
OVERDUE_SEVERITIES = ("minor", "major", "critical", "minor")


# ---- history ---------------------------------------------------------------------------------


def new_id(number, rank):
    """SQL for the id of a clone: ascending with its number, and before every id of today."""
    return f"CAST(char(1) || printf('%014d', {number}) || char(65 + {rank}) AS BLOB)"


class History:
    """Clones the closed escalations of a stopped gateway's database, one for each customer."""

    REPLACED = {"ticket_id": new_id("n", 0), "escalation_id": new_id("n", 1),
                "attempt_id": new_id("n", "2 + rank")}

    def __init__(self, path, summary="summary"):
        """summary: SQL for what the nth ticket says."""
        self.summary = summary
        self.database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF",
                       "cache_size = -200000", "locking_mode = EXCLUSIVE"):
            self.database.execute(f"PRAGMA {pragma}")
        self.customers = [row[0] for row in self.database.execute(
            "SELECT DISTINCT customer_id FROM escalation WHERE closed_at IS NOT NULL")]
        check(self.customers, "no escalation is closed that could be cloned")

    def _columns(self, table):
        return [row[1] for row in self.database.execute(f"PRAGMA table_info({table})")]

    def _make_templates(self):
        for table in CLONED_TABLES:
            order = {"timeline": "seq", "attempt": "attempt_id"}.get(table, "1")
            key = "ticket_id" if table == "ticket" else "escalation_id"
            self.database.execute(
                f"CREATE TEMP TABLE template_{table} AS SELECT row_number() OVER "
                f"(PARTITION BY customer_id ORDER BY {order}) - 1 AS rank, * FROM {table} "
                f"WHERE (customer_id, {key}) IN (SELECT customer_id, min({key}) "
                f"FROM escalation WHERE closed_at IS NOT NULL GROUP BY customer_id)")

    def _clone(self, table, customer, first, count, sequence):
        columns = self._columns(table)
        replaced = dict(self.REPLACED, seq=f"{sequence[0]} + (n - {first}) * {sequence[1]} + rank")
        if table == "ticket":  # callers and attempts have a number, too
            replaced.update(number="1100 + 11 * n", summary=self.summary)
        values = ", ".join(replaced.get(name, name) for name in columns)
        self.database.execute(
            f"WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n < {first + count - 1}) "
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "
            f"FROM numbers, template_{table} WHERE customer_id = {customer} ORDER BY n, rank")

    def grow(self, tickets):
        """As many more closed tickets, evenly over the customers; answers rows of timeline each."""
        self._make_templates()
        entries = self.database.execute(
            "SELECT count(*) FROM template_timeline WHERE customer_id = ?",
            (self.customers[0],)).fetchone()[0]
        number = 1
        while number <= tickets:
            for customer in self.customers:
                count = min(CLONES_PER_STATEMENT, max(1, tickets // len(self.customers)),
                            tickets - number + 1)
                if count > 0:
                    self._grow_customer(customer, number, count, entries)
                    number += count
        return entries

    def _grow_customer(self, customer, number, count, entries):
        (last,) = self.database.execute(
            "SELECT timeline_seq FROM customer WHERE customer_id = ?", (customer,)).fetchone()
        self.database.execute("BEGIN")
        for table in CLONED_TABLES:
            self._clone(table, customer, number, count, (last + 1, entries))
        self.database.execute("UPDATE customer SET timeline_seq = ? WHERE customer_id = ?",
                              (last + count * entries, customer))
        self.database.execute("COMMIT")

    def close(self):
        # Else the writer would index them while it is measured.
        self.database.execute("UPDATE ticket_indexed SET ticket_id = "
                              "(SELECT max(ticket_id) FROM ticket WHERE number IS NOT NULL)")
        self.database.execute("PRAGMA locking_mode = NORMAL")
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.close()


def close_one_each(house):
    """An escalation of each customer that was accepted and done: the template of history."""
    for customer in house.customers:
        escalation = customer.escalate(summary="Ascenseur bloqué, une personne à l'intérieur")["id"]
        for verb in ("accept", "done"):
            answer = customer.agents["paul"].verb(escalation, verb)
            check(answer.status == 200, f"{verb}: {answer}")
        customer.wait_for_state(escalation, "done")


@contextlib.contextmanager
def house_with_history(bench, tickets):
    with House(bench) as house:
        house.add_customers()
        close_one_each(house)
        if tickets:
            house.gateway.stop()
            history = History(house.directory / "astreinte.db")
            history.grow(tickets)
            history.close()
            house.gateway.start()
            house.admin = house.gateway.client()
        yield house


# ---- the cost of one more --------------------------------------------------------------------


def writer_cpu_s(house):
    """Seconds of processor that the writer's thread has used."""
    for task in astreinte_test.pathlib.Path(f"/proc/{house.gateway.process.pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().rpartition(")")
        if name.partition("(")[2] == "writer":
            return sum(map(int, rest.split()[11:13])) / 100
    check(False, "the daemon has no thread named writer")
    return None


def cost_of_one(house, count):
    """Microseconds of the writer's processor for one escalation with its two pushes."""
    outcomes, before = house.outcomes(), writer_cpu_s(house)
    result = house.load(count, CONNECTIONS)
    house.wait_for_outcomes(outcomes + 2 * count)
    return (writer_cpu_s(house) - before) * 1e6 / count, result["p50_ms"]


def tickets(bench):
    """What an escalation costs behind many closed tickets, beside an empty store."""
    history = bench.tickets or (100_000 if bench.quick else 1_000_000)
    count = 2000 if bench.quick else 5000
    empty, filled = [], []
    with house_with_history(bench, 0) as bare, house_with_history(bench, history) as house:
        size = (house.directory / "astreinte.db").stat().st_size
        for number in range(1 + max(bench.repetitions, 3)):
            for where, results in ((bare, empty), (house, filled)):
                result = cost_of_one(where, count)
                if number > 0:  # the first warms
                    results.append(result)
    rows = []
    for column, what, unit in ((0, "writer's processor", lambda us: f"{us:.0f} us"),
                               (1, "p50 of the answer", milliseconds)):
        its, mine = (sorted(each[column] for each in results)[len(results) // 2]
                     for results in (empty, filled))
        rows.append(Row(f"an escalation behind {counted(history)} tickets, {size / 1e9:.1f} GB: "
                        f"{what}", f"empty store {unit(its)}", unit(mine), mine / its,
                        "" if column else "≤ 1.3", None if column else mine / its <= 1.3))
    return rows


# ---- restart ---------------------------------------------------------------------------------


def prepare_overdue(house, open_count, overdue_count):
    """Escalations that wait for an hour, and some whose second step is due soon."""
    house.load(open_count - overdue_count, CONNECTIONS)
    expected = 2 * (open_count - overdue_count)
    house.wait_for_outcomes(expected, 300)
    for customer in house.customers:
        customer.admin_path("PUT", "procedures/nuit", TWO_PUSH_STEPS, 200, 201)
    lines = (house.directory / "bodies").read_text().splitlines()
    bodies = [json.dumps({**json.loads(line), "severity": severity}, ensure_ascii=False)
              for line in lines for severity in OVERDUE_SEVERITIES]
    (house.directory / "bodies").write_text("\n".join(bodies) + "\n")
    began = time.monotonic()
    house.load(overdue_count, CONNECTIONS)
    expected += 2 * overdue_count
    house.wait_for_outcomes(expected)
    took_s = time.monotonic() - began
    check(took_s < SECOND_STEP_AFTER_S - 2, f"accepting them took {took_s:.0f} s: some were due")
    return began


def order_of_severities(records):
    """How far, in parts of all pushes, the last critical push came from where it should be."""
    severities = [record["payload"].get("severity") for record in records]
    critical = [place for place, severity in enumerate(severities) if severity == "critical"]
    check(critical, "no critical push is among them")
    return critical[-1] + 1, len(critical)


def recovery(bench):
    """A restart with many open escalations, some of them overdue."""
    open_count, overdue = (10_000, 1_000) if bench.quick else (100_000, 10_000)
    with House(bench, ()) as house:
        house.add_customers()
        began = prepare_overdue(house, open_count, overdue)
        house.gateway.kill()
        before = house.delivered()["requests"]
        time.sleep(max(0.0, began + SECOND_STEP_AFTER_S + 5 - time.monotonic()))
        started = time.monotonic()
        house.gateway.start()
        ready_s = time.monotonic() - started
        while house.delivered()["requests"] < before + 2 * overdue:
            check(time.monotonic() < started + 120, "the overdue pushes did not all come")
            time.sleep(0.005)
        sent_s = time.monotonic() - started
        house.admin = house.gateway.client()
        house.wait_for_outcomes(2 * overdue)
        check(house.delivered()["repeated"] == 0, "a push went out twice")
        last, critical = order_of_severities(house.provider.records()[before:])
    what = f"restart with {counted(open_count)} open, {counted(overdue)} overdue"
    bare_s = bench.yardstick_of_storm(overdue)["seconds"]
    bare = f"bare server, as many {bare_s:.2f} s"
    return [Row(f"{what}: ready", bare, f"{ready_s:.2f} s", ready_s / bare_s, "", None),
            Row("  all sent", bare, f"{sent_s:.2f} s", sent_s / bare_s, "≤ 5 s", sent_s <= 5),
            Row("  number of the last critical push", f"critical ones {counted(critical)}",
                counted(last), last / critical, "", None)]


# ---- memory ----------------------------------------------------------------------------------

DEVICES_OF_CUSTOMER = 100


class Crowd:
    """Clones the first customer of a stopped gateway's database, with all that is its own."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA foreign_keys = OFF")

    def _columns(self, table, *without):
        return [row[1] for row in self.database.execute(f"PRAGMA table_info({table})")
                if row[1] not in without]

    def _clone(self, table, where, replaced, numbers):
        key = f"{table}_id"
        columns = self._columns(table, key)
        values = ", ".join(replaced.get(name, f"t.{name}") for name in columns)
        self.database.execute(
            f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n < {numbers}) INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {values} FROM numbers, {table} t WHERE {where}")

    def grow(self, devices):
        """Customers until there are so many devices: each has half as many agents."""
        one = "SELECT min(customer_id) FROM customer"
        customers = devices // DEVICES_OF_CUSTOMER
        self.database.execute("BEGIN")
        (first,) = self.database.execute(
            "SELECT max(customer_id) + 1 FROM customer").fetchone()
        self._clone("customer", f"customer_id = ({one})", {
            "slug": f"'crowd-' || ({first} + n)"}, customers)
        mine = {"customer_id": f"{first} - 1 + n"}
        for table in ("rota", "procedure"):
            self._clone(table, f"customer_id = ({one})", mine, customers)
        agents = devices // 2
        here = {"customer_id": f"{first} + (n - 1) / {DEVICES_OF_CUSTOMER // 2}"}
        (agent,) = self.database.execute("SELECT max(agent_id) + 1 FROM agent").fetchone()
        self._clone("agent", f"customer_id = ({one}) AND slug = 'paul'", {
            **here, "slug": f"CASE (n - 1) % {DEVICES_OF_CUSTOMER // 2} WHEN 0 THEN 'paul' "
                            f"WHEN 1 THEN 'marie' ELSE 'agent-' || n END"}, agents)
        for table in ("enrolment", "device"):
            self._clone(table, f"agent_id = (SELECT min(agent_id) FROM agent WHERE slug = 'paul')",
                        {**here, "agent_id": f"{agent} - 1 + n",
                         "code_hash": "randomblob(32)", "token_hash": "randomblob(32)",
                         "target": "lower(hex(randomblob(32)))"}, agents)
        self.database.execute("COMMIT")
        self.database.close()


def start_and_weigh(house):
    """Seconds until a filled gateway is ready, and its private memory after some work."""
    started = time.monotonic()
    house.gateway.start()
    ready_s = time.monotonic() - started
    house.admin = house.gateway.client()
    house.load(100)
    house.wait_for_outcomes(200)
    return ready_s, house.private_kib()


def crowd(bench):
    """Private memory and start with many devices and tickets, and with as many agents."""
    devices, history = (10_000, 20_000) if bench.quick else (100_000, 1_000_000)
    rows = []
    with House(bench) as house:
        house.add_customers()
        close_one_each(house)
        path = house.directory / "astreinte.db"
        before = path.stat().st_size
        for times, limit_mb in ((1, 64), (2, None)):
            house.gateway.stop()
            if not rows:
                filler = History(path)
                filler.grow(history)
                filler.close()
            Crowd(path).grow(devices)
            grown_mb = (path.stat().st_size - before) / 1e6
            ready_s, kib = start_and_weigh(house)
            what = f"{counted(times * devices // 2)} agents, {counted(times * devices)} devices"
            rows += [
                Row(f"private memory with {what}, {counted(history)} tickets",
                    f"database {grown_mb:.0f} MB", f"{kib / 1024:.1f} MiB",
                    kib * 1.024e-3 / grown_mb, f"≤ {limit_mb} MB" if limit_mb else "",
                    kib * 1024 <= limit_mb * 1e6 if limit_mb else None),
                Row("  start until ready", "", f"{ready_s:.2f} s", None, "", None)]
    return rows


BENCHMARKS = {function.__name__: function for function in (recovery, tickets, crowd)}

"""Lists of tickets and the search in their words, behind many: how long one answer takes. The
yardstick is SQLite alone, which is asked the same of the same file in the same run."""

import contextlib
import random
import sqlite3
import time
import urllib.parse

from benchmarks import House, Row, check, counted, milliseconds
from filled import History, close_one_each

PAGE = 50
LIMIT_MS = 100  # a reader's
WORDS = ("ascenseur", "fuite", "alarme", "porte", "chaudière", "coupure", "serveur", "portail",
         "pompe", "sirène", "badge", "incendie")
# Common words, a rare one beside them, and one place among many.
SUMMARY = ("CASE n % 12 " + " ".join(
    f"WHEN {number} THEN '{word}'" for number, word in enumerate(WORDS))
    + " END || ' bloqué bâtiment ' || (n % 1000) || ' appel ' || n")
ROW = ("t.customer_id, t.ticket_id, t.category, t.summary, t.details, t.fields, t.opened_at, "
       "t.closed_at, t.number, t.duplicate_of, t.erased_at")
LIST = f"SELECT {ROW} FROM ticket AS t WHERE customer_id = ? ORDER BY ticket_id DESC LIMIT {PAGE}"
SEARCH = (f"SELECT {ROW} FROM (SELECT rowid AS id FROM ticket_words WHERE ticket_words MATCH ? "
          f"ORDER BY rowid DESC LIMIT {PAGE}) AS w CROSS JOIN ticket_document AS d "
          "ON d.document_id = w.id CROSS JOIN ticket AS t ON t.customer_id = d.customer_id "
          "AND t.ticket_id = d.ticket_id")


def index_all(database):
    """As the gateway would, which takes its time."""
    database.execute("BEGIN")
    database.execute(
        "INSERT INTO ticket_document (customer_id, ticket_id, words) SELECT customer_id, ticket_id,"
        " char(57344) || customer_id || ' ' || number || ' ' || summary FROM ticket "
        "ORDER BY ticket_id")
    database.execute("INSERT INTO ticket_words (rowid, words) SELECT document_id, words "
                     "FROM ticket_document")
    database.execute("COMMIT")


def percentiles(took_ms):
    took_ms.sort()
    return {"p50": took_ms[len(took_ms) // 2], "p99": took_ms[len(took_ms) * 99 // 100]}


def questions(history, customers):
    """(what, [(the gateway's query, SQL, its parameters)])."""
    draw = random.Random(7)
    slugs = [(customer_id, slug) for customer_id, slug in customers]

    def search(words, customer=None):
        quoted = [f'"{word}"' for word in words]
        if customer:
            quoted.insert(0, f'"\ue000{customer[0]}"')
        query = {"q": " ".join(words), "limit": PAGE}
        if customer:
            query["customer"] = customer[1]
        return "?" + urllib.parse.urlencode(query), SEARCH, (" AND ".join(quoted),)

    def many(make, count=300):
        return [make() for _ in range(count)]
    yield "list of a customer", many(lambda: (lambda customer: (
        f"?customer={customer[1]}&limit={PAGE}", LIST, (customer[0],)))(draw.choice(slugs)))
    yield "search: a word in one of 12 tickets", many(lambda: search([draw.choice(WORDS)]))
    yield "search: the same, of a customer", many(
        lambda: search([draw.choice(WORDS)], draw.choice(slugs)))
    yield "search: three words", many(
        lambda: search([draw.choice(WORDS), "bloque", str(draw.randrange(1000))],
                       draw.choice(slugs)))
    yield "search: one ticket of all", many(lambda: search([str(draw.randrange(history))]))


def ask_bare(database, asked):
    took_ms = []
    for _, sql, parameters in asked:
        began = time.perf_counter()
        database.execute(sql, parameters).fetchall()
        took_ms.append((time.perf_counter() - began) * 1e3)
    return percentiles(took_ms)


def ask_gateway(client, asked):
    took_ms = []
    for query, _, _ in asked:
        began = time.perf_counter()
        answer = client.get(f"/v1/tickets{query}")
        took_ms.append((time.perf_counter() - began) * 1e3)
        check(answer.status == 200 and answer["complete"], f"{query}: {answer}")
    return percentiles(took_ms)


def search(bench):
    """Lists of tickets and search in their words behind many tickets, beside SQLite alone."""
    tickets = bench.tickets or (100_000 if bench.quick else 1_000_000)
    rows = []
    with House(bench) as house:
        house.add_customers()
        close_one_each(house)
        house.gateway.stop()
        path = house.directory / "astreinte.db"
        history = History(path, SUMMARY)
        history.grow(tickets)
        index_all(history.database)
        history.close()
        house.gateway.start()
        house.admin = house.gateway.client()
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            customers = database.execute("SELECT customer_id, slug FROM customer").fetchall()
            for what, asked in questions(tickets, customers):
                ask_bare(database, asked)  # warms
                bare, ours = ask_bare(database, asked), ask_gateway(house.admin, asked)
                for name, value in ours.items():
                    judged = name == "p99"
                    rows.append(Row(f"{what}, {counted(tickets)} tickets, {name}",
                                    f"SQLite alone {milliseconds(bare[name])}",
                                    milliseconds(value), value / bare[name],
                                    f"≤ {LIMIT_MS} ms" if judged else "",
                                    value <= LIMIT_MS if judged else None))
    return rows


BENCHMARKS = {"search": search}

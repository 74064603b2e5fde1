"""A database as years of calls leave it: closed tickets with their escalation, caller, attempt and
six timeline entries, written with SQL while no gateway runs."""

import contextlib
import sqlite3

ENTRIES = 6

NUMBERS = ("WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number "
           "WHERE n < :count)")

# Ids in the order of time, as UUIDv7 are.
STATEMENTS = (
    """INSERT INTO ticket (customer_id, ticket_id, category, summary, details, opened_at, closed_at,
              number)
       SELECT :customer, unhex(printf('01800000%024X', n)), 'ascenseur', 'Personne bloquée ' || n,
              'Entre le 2e et le 3e étage, code portail ' || n, 1700000000000 + n,
              1700000600000 + n, :highest + 11 * n FROM number""",
    """INSERT INTO escalation (customer_id, escalation_id, ticket_id, state, severity, drill,
              quarantined, round, step, position, holder_kind, holder_id, holder_name, holder_path,
              intervention, handed_back_kind, handed_back_id, handed_back_name, announcements,
              notices, callers_count, opened_at, closed_at, next_what, version, owner, fence)
       SELECT :customer, unhex(printf('01810000%024X', n)), unhex(printf('01800000%024X', n)), 8, 2,
              0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, '', 0, 0, 1, 1700000000000 + n,
              1700000600000 + n, '', 3, 0, 0 FROM number""",
    """INSERT INTO caller SELECT :customer, unhex(printf('01810000%024X', n)), 1, 'Mme Martin',
              '+33612345678', 1700000000000 + n, NULL, NULL, 0 FROM number""",
    """INSERT INTO attempt (customer_id, escalation_id, attempt_id, purpose, path, platform,
              person_kind, person_id, device_id, callback, round, step, position, state, answer,
              severity, planned_engine, planned_at, received_at, reason, provider_id, tries, number)
       SELECT :customer, unhex(printf('01810000%024X', n)), unhex(printf('01820000%024X', n)), 0, 0,
              0, 0, 1, 1, '', 1, 1, 1, 3, 1, 2, 1700000000000 + n, 1700000000000 + n,
              1700000001000 + n, '', 'provider-' || n, 1, 0 FROM number""",
    f"""INSERT INTO timeline
       SELECT :customer, :head + (n - 1) * {ENTRIES} + e.value,
              unhex(printf('01810000%024X', n)), 1, 1700000000000 + n, 1700000000000 + n,
              '{{"step":1,"agent":"paul","device":"phone-1"}}', NULL, randomblob(32)
       FROM number, json_each('[1,2,3,4,5,6]') AS e""",
    f"""UPDATE customer SET timeline_seq = :head + :count * {ENTRIES}
       WHERE customer_id = :customer""",
)


def fill(path, tickets):
    """Adds closed tickets to the database's first customer; answers how large it is then."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        # SQLite 3.41 brings its own.
        database.create_function("unhex", 1, bytes.fromhex, deterministic=True)
        database.execute("PRAGMA wal_autocheckpoint = 0")
        customer, head = database.execute(
            "SELECT customer_id, timeline_seq FROM customer ORDER BY customer_id").fetchone()
        highest, = database.execute("SELECT coalesce(max(number), 990) FROM ticket "
                                    "WHERE customer_id = ?", [customer]).fetchone()
        values = {"customer": customer, "head": head, "count": tickets, "highest": highest}
        for statement in STATEMENTS:
            insert, rest = (statement.split("SELECT", 1) + [""])[:2]
            database.execute(f"{insert} {NUMBERS} SELECT {rest}" if rest else statement, values)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return database.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]

"""What a stopped gateway left in its database, as plain rows, and whether its journal is whole.

The chain's formula is that of gateway/store/store_timeline.c, written down a second time on
purpose: a change of either is noticed by the other.
"""

import contextlib
import hashlib
import shutil
import sqlite3
import struct

# Numbers of gateway/core/words.h.
ALERT = 0
PUSH, CALL, CALLBACK = 0, 1, 2
PLANNED, HANDED_OVER, ACCEPTED, RECEIVED, SEEN, FAILED, EXPIRED, UNCERTAIN = range(8)
NOTIFYING, WAITING, HELD, OVERDUE, EXHAUSTED, TAKEN, CANCELLING, CANCELLED, DONE = range(9)
NOBODY = 0
NO_ANSWER_YET, ANSWER_ACCEPTED, ANSWER_DECLINED = 0, 3, 4
ENTRY_ACCEPTED = 16


def read_rows(path, *tables):
    """{table: [row as dict]} of a database that nobody writes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
                for table in tables}


def count_in_flight(path):
    """Attempts without an outcome in a live database. Reads only, so that it never checkpoints."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM attempt WHERE state = ?",
                                  (HANDED_OVER,)).fetchone()[0]


def copy_database(path, target):
    """The files as they are: after a SIGKILL the log belongs to the content."""
    for suffix in ("", "-wal"):
        if path.with_name(path.name + suffix).exists():
            shutil.copyfile(path.with_name(path.name + suffix),
                            target.with_name(target.name + suffix))
    return target


def file_faults(path):
    """What SQLite itself finds."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = [f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check")
                 if row[0] != "ok"]
        return found + [f"foreign key: {tuple(row)}"
                        for row in connection.execute("PRAGMA foreign_key_check")]


def chain_next(before, row):
    """The link behind `before`: of the personal text only the salted digest is in it."""
    return hashlib.sha256(
        before + struct.pack(">qqqq", row["seq"], row["kind"], row["at"], row["at_engine"])
        + row["escalation_id"] + row["facts"].encode() + (row["personal_digest"] or b"")).digest()


def chain_faults(customers, timeline, personal):
    """Gaps, links that do not hold, personal texts that are not those of their digests."""
    found = []
    texts = {(row["customer_id"], row["seq"]): row for row in personal}
    for customer in customers:
        chain, seq = bytes(32), 0
        rows = sorted((row for row in timeline if row["customer_id"] == customer["customer_id"]),
                      key=lambda row: row["seq"])
        for row in rows:
            seq += 1
            place = f"timeline of {customer['slug']} at {row['seq']}"
            if row["seq"] != seq:
                found.append(f"{place}: gap before it")
                seq = row["seq"]
            chain = chain_next(chain, row)
            if chain != row["chain"]:
                found.append(f"{place}: chain is broken")
                chain = row["chain"]
            text = texts.get((row["customer_id"], row["seq"]))
            if text is not None and row["personal_digest"] != hashlib.sha256(
                    text["salt"] + text["text"].encode()).digest():
                found.append(f"{place}: personal text was changed")
        if (customer["timeline_seq"], customer["timeline_chain"]) != (seq, chain):
            found.append(f"timeline of {customer['slug']}: its head is not its last entry")
    return found

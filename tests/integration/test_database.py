"""What befalls the database's files under a running daemon, which nobody asks for anything: told to
the call centre at once, and nothing new is taken. A restart would mend none of it, so systemd,
played by the test, must not be made to try one."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import astreinte_test
import supervised
from astreinte_test import wait_until

ON_THE_TELEPHONE = astreinte_test.procedure(steps=[
    {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 3600}])


class DatabaseTest(supervised.SupervisedTest):
    simulators = ("telephony",)

    def setUp(self):
        super().setUp()
        self.database = pathlib.Path(self.gateway.sections["gateway"]["database"])
        self.telephony.control(number="*", behaviour="silent")
        self.ours = self.customer(definition=ON_THE_TELEPHONE, devices=False)
        self.open = self.ours.escalate()["id"]

    def ask_database(self, sql):
        """With a connection of its own; the gateway's stay open."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            return database.execute(sql).fetchall()

    def reasons(self):
        ready = self.gateway.client().get("/readyz")
        return ready.status, ready["reasons"]

    def logged_alarms(self, kind):
        """The details of all that were logged."""
        lines = [json.loads(line) for line in self.gateway.log().splitlines()
                 if '"event":"alarm"' in line]
        return [each["detail"] for each in lines if each["kind"] == kind]

    def self_checks_failed(self):
        return [line for line in self.gateway.log().splitlines()
                if "daemon.self_check_failed" in line]

    def check_petted(self):
        """Longer than the watchdog of systemd waits."""
        until = time.monotonic() + self.gateway.watchdog_s + 4
        while time.monotonic() < until:
            self.assertEqual(self.gateway.ends, [])
            time.sleep(0.1)
        self.assertNotIn("hangs", "".join(self.self_checks_failed()))


class Damaged(DatabaseTest):
    def test_page_of_an_idle_gateway(self):
        root, = self.ask_database("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND "
                                  "name = 'escalation'")[0]
        self.ask_database("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.database, "r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(os.urandom(4096))
        since = time.monotonic()
        wait_until(lambda: self.alarms("database.damaged"), "the alarm")
        self.assertLess(time.monotonic() - since, 5)
        self.assert_problem(self.ours.escalate(), 500, "corrupt")
        self.assertEqual(self.reasons(), (503, ["the database is damaged"]))
        self.check_petted()
        self.assertIn("the database is damaged", self.self_checks_failed()[0])
        cannot_read = self.gateway.log().count("watchdog.cannot_read")
        self.assertLessEqual(cannot_read, time.monotonic() - since + 2)


class Removed(DatabaseTest):
    def files(self):
        """Of the database, but for SQLite's index of the log."""
        return [self.database, pathlib.Path(f"{self.database}-wal")]

    def assert_removed(self, answer):
        """The gateway's state, which somebody may mend: not a fault of this request."""
        self.assert_problem(answer, 503, "database-removed")
        self.assertIn("its administrator must put it back", answer["detail"])
        self.assertGreater(int(answer.headers["Retry-After"]), 0)

    def wait_until_refused(self):
        """Within two looks of the watchdog; what is open goes on meanwhile."""
        since, told = time.monotonic(), len(self.logged_alarms("database.removed"))
        answer = wait_until(lambda: (lambda each: each if each.status != 202 else None)(
            self.ours.escalate()), "a refusal")
        self.assertLess(time.monotonic() - since, 5)
        self.assert_removed(answer)
        wait_until(lambda: self.alarms("database.removed"), "the alarm")  # once a minute
        logged = wait_until(lambda: self.logged_alarms("database.removed")[told:], "its line")
        self.assertEqual(self.reasons(), (503, ["the database was removed or replaced"]))
        self.assertEqual(self.ours.verb(self.open, "notes", text="Rappelle").status, 200)
        return logged[-1]

    def test_moved_and_put_back(self):
        for file in self.files():
            with self.subTest(file.name):
                aside = file.with_name("aside")
                file.rename(aside)
                self.assertIn(str(file), self.wait_until_refused())
                aside.rename(file)
                wait_until(lambda: self.ours.escalate().status == 202, "it goes on")
                self.assertEqual(self.reasons(), (200, []))
        self.assertTrue(self.alarms("database.put_back"))

    def test_replaced__and_not_backed_up(self):
        aside = self.database.with_name("aside")
        self.database.rename(aside)
        shutil.copy(aside, self.database)
        self.wait_until_refused()
        self.assert_removed(self.admin.post("/v1/backups"))
        self.check_petted()
        aside.rename(self.database)
        wait_until(lambda: self.reasons()[0] == 200, "it goes on")

    def test_removed__and_the_alarm_says_how_to_get_it_back(self):
        for file in self.database.parent.glob(f"{self.database.name}*"):
            file.unlink()
        taken = self.ours.escalate()["id"]  # before anybody has looked
        told = self.wait_until_refused()
        self.assertIn("the database was removed", self.self_checks_failed()[-1])
        steps = told[told.index("kill -STOP"):told.index("; then start it")]
        self.assertEqual(told.rsplit(" ", 1)[1], str(self.database))
        steps = steps.replace("DATABASE", str(self.database)).replace("-STOP", "-s STOP").replace(
            "-KILL", "-s KILL")
        subprocess.run(["sh", "-e", "-c", steps.replace("; ", "\n")], check=True)
        self.gateway.wait_for_ends(1)
        for each in (self.open, taken):
            self.assertEqual(self.view(self.ours, each)["state"], "notifying")
        self.assertEqual(
            [each["kind"] for each in self.view(self.ours, self.open)["timeline"]].count("note"), 1)
        self.assertEqual(self.ask_database("PRAGMA integrity_check"), [("ok",)])


class Emptied(unittest.TestCase):
    """A start would begin a new database where one was: it must not, and nobody says it is good."""

    def setUp(self):
        self.gateway = astreinte_test.Gateway(self.enterContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        self.addCleanup(lambda: self.gateway.process and self.gateway.stop())
        self.database = self.gateway.sections["gateway"]["database"]

    def beside(self, suffix):
        return pathlib.Path(f"{self.database}{suffix}")

    def sizes(self):
        return {each.name: each.stat().st_size
                for each in self.database.parent.glob(f"{self.database.name}*")}

    def use(self):
        """A night with one escalation; answers the customer, its id, and a backup."""
        ours = astreinte_test.Customer(self.gateway.start(), "acme", ON_THE_TELEPHONE,
                                       devices=False)
        escalation = ours.escalate()["id"]
        admin = self.gateway.client()
        backup = admin.post("/v1/backups")["id"]
        name = wait_until(lambda: admin.get(f"/v1/backups/{backup}").json.get("name"), "a backup")
        self.gateway.stop()
        return ours, escalation, self.beside("-backups") / name

    def run_daemon(self, *options):
        self.gateway.write_configuration()
        return subprocess.run(
            [astreinte_test.ASTREINTED, "--config", self.gateway.directory / "astreinted.ini",
             *options], capture_output=True, text=True, check=False,
            timeout=astreinte_test.PATIENCE_S)

    def check_refused(self, suffix):
        before = self.sizes()
        for options in (("--check-config",), ("--check-database",), ()):
            with self.subTest(options=options):
                done = self.run_daemon(*options)
                self.assertEqual(done.returncode, 1, done.stdout)
                told = done.stderr.splitlines()[-1]
                for word in (f"database {self.database}: ", "--restore", f"its {suffix} says",
                             "put it back", "keep the backups"):
                    self.assertIn(word, told)
        self.assertEqual(self.sizes(), before)

    def test_is_refused_until_it_is_restored(self):
        ours, escalation, backup = self.use()
        self.database.write_bytes(b"")
        self.check_refused("-ballast")
        self.assertEqual(self.run_daemon("--restore", backup).returncode, 0)
        self.gateway.start()
        self.assertEqual(ours.show(escalation)["id"], escalation)

    def spoil(self, table):
        """Rubbish in place of the first page of a table."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            page, = database.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        with self.database.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xde\xad\xbe\xef" * 1024)

    def search(self, ours, words):
        answer = ours.desk.get(f"/v1/tickets?customer=acme&q={words}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_search_damaged__all_else_goes_on_until_it_is_rebuilt(self):
        ours, escalation, _ = self.use()
        self.gateway.start()
        word = max(ours.show(escalation)["summary"].split(), key=len)
        self.gateway.stop()
        self.spoil("ticket_words_config")
        self.gateway.start()
        ours.escalate()
        found = self.search(ours, word)
        self.assertEqual((len(found["items"]), found["complete"]), (2, False))
        self.assertEqual(self.gateway.client().get("/readyz").status, 200)
        wait_until(lambda: "tickets.search_damaged" in self.gateway.log(), "the alarm")
        running = self.run_daemon("--rebuild-search")
        self.assertEqual(running.returncode, 1, running.stdout)
        self.assertIn("another gateway runs on this database", running.stderr)
        self.gateway.stop()
        done = self.run_daemon("--rebuild-search")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the next start fills it (damaged pages were left out", done.stdout)
        self.assertEqual(self.run_daemon("--check-database").returncode, 0)
        self.gateway.start()
        found = self.search(ours, word)
        self.assertEqual((len(found["items"]), found["complete"]), (2, True))

    def test_is_refused_without_a_ballast(self):
        self.gateway.sections["gateway"]["reserve_mb"] = 0
        self.use()
        self.database.write_bytes(b"")
        self.check_refused("-poison")

    def test_gone__is_refused_until_all_is_removed(self):
        self.use()
        self.database.unlink()
        self.check_refused("-ballast")
        for suffix in ("-ballast", "-poison"):
            self.beside(suffix).unlink()
        self.gateway.start()

    def test_first_start_that_ended_early__is_no_reason(self):
        self.gateway.start().stop()
        for suffix in ("-ballast", "-poison"):
            kept = self.beside(suffix).read_bytes()
            with self.subTest(suffix):  # what it left before it had a database
                for each in self.database.parent.glob(f"{self.database.name}*"):
                    each.unlink()
                self.database.write_bytes(b"")
                self.beside(suffix).write_bytes(kept if suffix == "-poison" else b"")
                self.assertEqual(self.run_daemon("--check-config").returncode, 0)
                self.gateway.start().stop()

    def crash(self):
        """Answers the customer and an escalation that only the log has."""
        ours = astreinte_test.Customer(self.gateway.start(), "acme", ON_THE_TELEPHONE,
                                       devices=False)
        escalation = ours.escalate()["id"]
        self.gateway.kill()
        return ours, escalation

    def test_log_removed__is_refused_until_it_is_back(self):
        ours, escalation = self.crash()
        for suffixes in (("-wal",), ("-wal", "-shm")):
            kept = {suffix: self.beside(suffix).read_bytes() for suffix in suffixes
                    if self.beside(suffix).exists()}
            for suffix in kept:
                self.beside(suffix).unlink()
            for options in (("--check-database",), ()):
                with self.subTest(suffixes=suffixes, options=options):
                    done = self.run_daemon(*options)
                    self.assertEqual(done.returncode, 1, done.stdout)
                    told = done.stderr.splitlines()[-1]
                    for word in (str(self.database), "its -wal was removed", "Put the right files "
                                 "back, or restore a backup", "remove its -poison"):
                        self.assertIn(word, told)
            for suffix, data in kept.items():
                self.beside(suffix).write_bytes(data)
        self.assertEqual(self.run_daemon("--check-database").returncode, 0)
        self.gateway.start()
        self.assertEqual(ours.show(escalation)["id"], escalation)

    def test_log_removed__with_administration_alone_in_it(self):
        """What was promised may be no escalation."""
        self.gateway.start()
        answer = self.gateway.client().put("/v1/customers/acme", {
            "name": "Acme", "time_zone": "Europe/Paris", "language": "fr", "alias": "acme"})
        self.assertEqual(answer.status, 201, answer)
        self.gateway.kill()
        for suffix in ("-wal", "-shm"):
            self.beside(suffix).unlink()
        done = self.run_daemon()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("its -wal was removed", done.stderr)

    def test_log_removed__starts_once_its_loss_is_accepted(self):
        ours, escalation = self.crash()
        for suffix in ("-wal", "-shm", "-poison"):
            self.beside(suffix).unlink()
        self.gateway.start()
        self.assertNotEqual(ours.desk.get(f"/v1/escalations/{escalation}").status, 200)

    def test_log_emptied_into_the_database_by_another_program__is_no_reason(self):
        ours, escalation = self.crash()
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute("SELECT count(*) FROM escalation").fetchall()
        self.assertFalse(self.beside("-wal").exists())
        self.gateway.start()
        self.assertEqual(ours.show(escalation)["id"], escalation)

    def test_older_copy__is_refused_and_a_restore_is_not(self):
        ours, escalation, backup = self.use()
        older = self.database.read_bytes()
        self.gateway.start()
        later = ours.escalate()["id"]
        self.gateway.stop()
        self.database.write_bytes(older)
        done = self.run_daemon()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("an older copy stands here", done.stderr)
        self.assertEqual(self.run_daemon("--restore", backup).returncode, 0)
        self.gateway.start()
        self.assertEqual(ours.show(escalation)["id"], escalation)
        self.assertEqual(ours.desk.get(f"/v1/escalations/{later}").status, 404)

    def test_second_gateway__is_refused_without_the_notes_too(self):
        _, _, backup = self.use()
        self.gateway.start()
        self.beside("-poison").unlink()
        for options in ((), ("--check-database",), ("--restore", backup)):
            with self.subTest(options=options):
                done = self.run_daemon(*options)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(f"{self.database}: another gateway runs on this database",
                              done.stderr)
                self.assertFalse(self.beside("-poison").exists())  # whose would it be?
        self.gateway.stop()


if __name__ == "__main__":
    unittest.main()

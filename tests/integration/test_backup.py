"""Backup while the gateway works, restore, and what is refused: the daemon and its commands."""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

import astreinte_test
import filled_database
from astreinte_test import Customer, Gateway, Simulator, wait_until, webhook_secret

CTL = os.environ.get("ASTREINTECTL", str(astreinte_test.BUILD_DIR / "gateway/ctl/astreintectl"))
TICKETS = 20000  # so that a backup is long enough to be interrupted
MIGRATIONS = sorted((astreinte_test.SOURCE_DIR / "schema/sqlite").glob("0*.sql"))
FIRST_WITH_CHECK_INS = 8
VERSIONS = astreinte_test.SOURCE_DIR / "tests/unit/store/versions"
ON_THE_TELEPHONE = astreinte_test.procedure(steps=[
    {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 3600}])


def astreinted(gateway, *arguments):
    """The daemon's program on a gateway's configuration."""
    gateway.write_configuration()
    return subprocess.run(
        [astreinte_test.ASTREINTED, "--config", gateway.directory / "astreinted.ini", *arguments],
        capture_output=True, text=True, check=False, timeout=astreinte_test.PATIENCE_S)


def content(path):
    """The hash of a file; None: there is no such file, or nothing in it."""
    file = pathlib.Path(path)
    data = file.read_bytes() if file.exists() else b""
    return hashlib.sha256(data).hexdigest() if data else None


def contents(path):
    """Of a database and its log."""
    return [content(path), content(f"{path}-wal")]


def rows(path, sql):
    """Rows of a backup, which nothing else has open."""
    database = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


class BackupTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        secret = webhook_secret()
        self.gateway = self.make_gateway("gateway")
        self.telephony = Simulator("telephony", self.directory, "--secret", secret,
                                   "--api-key-file",
                                   self.gateway.directory / "root.key").start()
        self.addCleanup(self.telephony.stop)
        for name in ("telephony", "call-centre"):
            self.gateway.use_endpoint(name, self.telephony.ready["url"], secret)
        self.database = self.gateway.directory / "astreinte.db"
        self.folder = self.gateway.directory / "astreinte.db-backups"

    def make_gateway(self, name):
        directory = self.directory / name
        directory.mkdir()
        gateway = Gateway(directory)
        self.addCleanup(lambda: gateway.process and gateway.stop())
        return gateway

    def ctl(self, *arguments, code=0):
        done = subprocess.run(
            [CTL, "--url", f"http://127.0.0.1:{self.gateway.port}", "--key-file",
             self.gateway.directory / "root.key", *arguments],
            capture_output=True, text=True, check=False, timeout=astreinte_test.PATIENCE_S)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def backup(self):
        """Makes one with the command; answers what it says and the file."""
        answer = json.loads(self.ctl("backup", "--json").stdout)
        self.assertEqual(answer["state"], "done", answer)
        path = pathlib.Path(answer["folder"]) / answer["name"]
        data = path.read_bytes()
        self.assertEqual(hashlib.sha256(data).hexdigest(), answer["sha256"])
        self.assertEqual(len(data), answer["bytes"])
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertTrue(path.name.endswith(answer["sha256"][:16]), path.name)
        self.assertEqual(rows(path, "PRAGMA integrity_check"), [("ok",)])
        return answer, path

    def fill(self, tickets=TICKETS):
        """The gateway, stopped for it, has years of calls behind it."""
        self.gateway.stop()
        filled_database.fill(self.database, tickets)
        self.gateway.start()


class Backup(BackupTest):
    def setUp(self):
        super().setUp()
        self.gateway.start()
        self.customer = Customer(self.gateway, "ascenseurs", ON_THE_TELEPHONE, devices=False)

    def work(self, stop, posted, taken):
        """Escalations, every other one taken at the desk, as fast as they are answered."""
        desk = self.gateway.client(self.customer.desk_key)
        while not stop.is_set():
            answer = desk.post("/v1/escalations", {
                "customer": self.customer.slug, "severity": "major", "summary": "Sous charge"})
            if answer.status != 202:
                continue
            posted.append(answer["id"])
            if len(posted) % 2 == 0:
                took = desk.post(f"/v1/escalations/{answer['id']}/take", {"operator": "Léa"})
                if took.status == 200:
                    taken.append(answer["id"])

    def test_under_load(self):
        stop, posted, taken = threading.Event(), [], []
        workers = [threading.Thread(target=self.work, args=(stop, posted, taken))
                   for _ in range(2)]
        for worker in workers:
            worker.start()
        try:
            for number in range(3):
                wait_until(lambda: len(taken) > 20 * (number + 1), "some work")
                before, held = list(posted), list(taken)
                answer, path = self.backup()
                inside = {bytes(row[0]).hex(): row[1] for row in rows(
                    path, "SELECT escalation_id, holder_name FROM escalation")}
                self.assertLessEqual({each.replace("-", "") for each in before}, set(inside))
                for each in held:
                    self.assertEqual(inside[each.replace("-", "")], "Léa")
                self.assertEqual(answer["escalations"], len(inside))
                self.assertGreaterEqual(answer["escalations"], len(before))
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        self.assertEqual(len(list(self.folder.iterdir())), 3)

    def test_metrics_and_who_may(self):
        page = self.gateway.client().get("/metrics").body.decode()
        self.assertIn("astreinte_backup_newest_timestamp_seconds 0\n", page)
        for key, status in ((self.customer.desk_key, 403), ("", 401)):
            answer = self.gateway.client(key).post("/v1/backups")
            self.assertEqual(answer.status, status, answer)
        part = self.gateway.client().post("/v1/api-keys", {
            "name": "of one", "role": "admin", "customers": [self.customer.slug]})["key"]
        self.assertEqual(self.gateway.client(part).post("/v1/backups").status, 403)
        self.assertFalse(self.folder.exists())
        self.backup()
        page = self.gateway.client().get("/metrics").body.decode()
        self.assertIn('astreinte_backups_total{outcome="done"} 1\n', page)
        self.assertNotIn("astreinte_backup_newest_timestamp_seconds 0\n", page)

    def test_one_at_a_time_and_no_trace_of_a_killed_one(self):
        self.fill()
        _, first = self.backup()
        client = self.gateway.client()
        begun = client.post("/v1/backups")
        self.assertEqual(begun.status, 202, begun)
        again = client.post("/v1/backups")
        self.assertEqual((again.status, again.problem), (409, "conflict"), again)
        self.assertIn(begun["id"], again["detail"])
        wait_until(lambda: [each for each in self.folder.iterdir()
                            if each.name.startswith(".partial") and each.stat().st_size > 0],
                   "a copy that has begun")
        self.gateway.kill()
        self.assertEqual(len(list(self.folder.iterdir())), 2)
        self.gateway.start()
        self.assertEqual(list(self.folder.iterdir()), [first])
        unknown = self.gateway.client().get(f"/v1/backups/{begun['id']}")
        self.assertEqual(unknown.status, 404, unknown)
        self.backup()
        # Stopping ends one as well, and waits for nothing but the piece at hand.
        self.assertEqual(self.gateway.client().post("/v1/backups").status, 202)
        self.gateway.stop()
        self.assertEqual(len(list(self.folder.iterdir())), 2)

    def test_the_newest_are_kept(self):
        self.gateway.stop()
        self.gateway.sections["gateway"]["backups_kept"] = 2
        self.gateway.start()
        made = []
        foreign = self.folder / "notes.txt"
        for number in range(4):
            self.customer.add_contact(f"chef-{number}", "Chef", "+33600000099")
            made.append(self.backup()[1])
            foreign.write_text("not a backup")
            # As if years lay between them: their names are what counts.
            older = made[-1].with_name(made[-1].name.replace("-20", f"-1{number}", 1))
            os.rename(made[-1], older)
            made[-1] = older
        self.assertEqual({each.name for each in self.folder.iterdir()},
                         {made[-1].name, made[-2].name, foreign.name})

    @contextlib.contextmanager
    def traced(self, calls):
        """Gives a list, which in the end holds those of these calls that the gateway made and that
        succeeded, each as (its name, all of it)."""
        log, made = self.directory / "strace.log", []
        tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-o", log, "-e", f"trace={','.join(calls)}", "-p",
             str(self.gateway.process.pid)], stderr=subprocess.PIPE, text=True)
        try:
            self.assertTrue(any("attached" in line for line in iter(tracer.stderr.readline, "")))
            yield made
        finally:
            tracer.terminate()
            tracer.wait(astreinte_test.PATIENCE_S)
            tracer.stderr.close()
        begun = {}  # by thread: another one's line came in between
        for line in log.read_text().splitlines():
            thread, text = line.split(maxsplit=1)
            if text.endswith("<unfinished ...>"):
                begun[thread] = text
            else:
                text = begun.pop(thread, "") + text
                if re.search(r" = \d+$", text):
                    made.append((text.split("(")[0], text))

    def test_it_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(self):
        """As the kernel sees it: a power cut leaves a whole backup under its name, or none."""
        self.fill(100)
        self.assertFalse(self.folder.exists())
        names = {"pwrite64": "write", "renameat": "rename", "renameat2": "rename",
                 "mkdirat": "mkdir"}
        with self.traced(("write", "fsync", "fdatasync", "?rename", "?mkdir", *names)) as made:
            _, path = self.backup()
        order = []
        for call, text in made:
            if ".partial-" in text:
                order.append((names.get(call, call), "copy"))
            elif call == "fsync" and f"<{self.folder}>" in text:
                order.append((call, "folder"))
            elif "mkdir" in call or f"<{self.folder.parent}>" in text and call == "fsync":
                order.append((names.get(call, call), "its parent"))
        self.assertEqual(order[:2], [("mkdir", "its parent"), ("fsync", "its parent")])
        renamed = order.index(("rename", "copy"))
        self.assertIn(("write", "copy"), order[:renamed])
        # Each piece was synchronised as it came, for the writer's sake; this one is for all.
        self.assertEqual(order[renamed - 1:], [
            ("fsync", "copy"), ("rename", "copy"), ("fsync", "folder")])
        self.assertTrue(path.exists())

    def test_damage_in_the_database_is_found(self):
        self.fill(2000)
        self.gateway.stop()
        whole = self.database.read_bytes()
        pages = [at for at in range(0, len(whole), 4096)
                 if whole.count(b'"device":"phone-1"', at, at + 4096) > 10]  # of the timeline
        with open(self.database, "r+b") as file:  # one in the middle, which no start reads
            file.seek(pages[len(pages) // 2])
            file.write(b"\xa5" * 4096)
        self.gateway.start()
        failed = json.loads(self.ctl("backup", "--json", code=1).stdout)
        self.assertEqual((failed["state"], failed["problem"]), ("failed", "corrupt"), failed)
        self.assertEqual(list(self.folder.iterdir()), [])
        wait_until(lambda: [line for line in self.telephony.records()
                            if "database.damaged" in json.dumps(line)], "the alarm")
        self.gateway.stop()
        before = contents(self.database)
        checked = astreinted(self.gateway, "--check-database")
        self.assertEqual(checked.returncode, 1, checked)
        self.assertIn("--restore", checked.stderr)
        self.assertEqual(contents(self.database), before)

    def test_a_start_that_meets_damage_names_the_file_and_the_way_out(self):
        self.gateway.stop()
        whole = self.database.read_bytes()
        for table in ("customer", "procedure"):
            with self.subTest(table=table):
                root = rows(self.database, "SELECT rootpage FROM sqlite_schema WHERE "
                            f"type = 'table' AND name = '{table}'")
                at = (root[0][0] - 1) * 4096
                self.database.write_bytes(whole[:at] + b"\xa5" * 4096 + whole[at + 4096:])
                refused = astreinted(self.gateway)
                self.assertEqual(refused.returncode, 1, refused)
                told = refused.stderr.splitlines()[-1]
                for word in (f"database {self.database}: ", "damaged", "--restore"):
                    self.assertIn(word, told)
                self.database.write_bytes(whole)


class Restore(BackupTest):
    def open_one(self, customer):
        answer = customer.escalate()
        self.assertEqual(answer.status, 202, answer)
        return answer["id"]

    def calls_of(self, escalation):
        return [line for line in self.telephony.records()
                if line["type"] == "call.requested" and line["body"]["escalation"] == escalation]

    def test_into_a_fresh_folder(self):
        self.gateway.start()
        customer = Customer(self.gateway, "ascenseurs", astreinte_test.procedure(
            rounds=3, steps=[{"notify": [{"on_call": "principal"}], "by": ["call"],
                              "accepted_within_s": 2}]), devices=False)
        held, waiting = self.open_one(customer), self.open_one(customer)
        self.assertEqual(customer.verb(held, "take").status, 200)
        _, path = self.backup()
        later = self.open_one(customer)
        self.gateway.kill()  # the machine is gone
        known = len(self.calls_of(waiting))
        fresh = self.make_gateway("another-machine")
        for name in ("root.key", "secret", "endpoint-telephony.secret",
                     "endpoint-call-centre.secret"):
            shutil.copy(self.gateway.directory / name, fresh.directory / name)
        for name in ("telephony", "call-centre"):
            fresh.sections[f"endpoint.{name}"] = self.gateway.sections[f"endpoint.{name}"]
        fresh.root_key = self.gateway.root_key
        hidden = (fresh.directory / "secret").rename(fresh.directory / "hidden")
        done = astreinted(fresh, "--restore", path)  # systemd's credentials are not there then
        hidden.rename(fresh.directory / "secret")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("2 escalations (2 open)", done.stdout)
        fresh.start()
        desk = fresh.client(customer.desk_key)
        view = desk.get(f"/v1/escalations/{held}").json
        self.assertEqual((view["state"], view["holder"]["name"]), ("taken", "Léa"), view)
        self.assertEqual(desk.get(f"/v1/escalations/{later}").status, 404)
        # The one that was open goes on: the next round rings.
        wait_until(lambda: len(self.calls_of(waiting)) > known, "the procedure to go on")
        fresh.stop()
        sound = astreinted(fresh, "--check-database")
        self.assertEqual(sound.returncode, 0, sound)
        self.assertIn("sound", sound.stdout)

    def test_what_was_there_is_kept_and_what_is_no_backup_is_refused(self):
        self.gateway.start()
        customer = Customer(self.gateway, "ascenseurs", ON_THE_TELEPHONE, devices=False)
        _, path = self.backup()
        later = self.open_one(customer)
        running = astreinted(self.gateway, "--restore", path)
        self.assertEqual(running.returncode, 1)
        self.assertIn("stop it first", running.stderr)
        self.gateway.kill()  # its last escalation is in the log alone
        before = contents(self.database)
        self.assertIsNotNone(before[1])
        for name, spoil, words in (
                ("garbage", lambda data: b"x" * 8192, "no backup of the gateway"),
                ("packed", lambda data: gzip.compress(data), "unpack it first"),
                ("empty", lambda data: b"", "is empty"),
                ("cut", lambda data: data[:len(data) // 2 // 4096 * 4096], "is cut short"),
                ("few", lambda data: data[:30], "is cut short"),
                ("torn", lambda data: data[:4096] + b"x" * 8192 + data[12288:],
                 "is damaged inside: take another backup"),
                ("newer", lambda data: data[:60] + (99).to_bytes(4, "big") + data[64:],
                 "version 99"),
                ("another", lambda data: data[:68] + (7).to_bytes(4, "big") + data[72:],
                 "another program"),
                (path.name, lambda data: data[:-1] + bytes([data[-1] ^ 1]), "rotted"),
                ("missing", None, "No such file"),
                ("", None, "is a folder: name a backup in it")):
            with self.subTest(name=name):
                bad = self.directory / name
                if spoil is not None:
                    bad.write_bytes(spoil(path.read_bytes()))
                refused = astreinted(self.gateway, "--restore", bad)
                self.assertEqual(refused.returncode, 1, refused)
                self.assertIn(words, refused.stderr)
                self.assertIn(str(bad), refused.stderr)
                self.assertNotIn("-copy", refused.stderr)  # a file that is gone again
                self.assertEqual(contents(self.database), before)
        done = astreinted(self.gateway, "--restore", path)
        self.assertEqual(done.returncode, 0, done)
        aside = next(self.gateway.directory.glob("astreinte.db-before-restore-*"))
        self.assertIn(str(aside), done.stdout)
        self.assertEqual(contents(aside / "astreinte.db"), before)
        self.gateway.start()
        self.assertEqual(self.gateway.client(customer.desk_key).get(
            f"/v1/escalations/{later}").status, 404)

    def test_one_that_fails_leaves_nothing(self):
        self.gateway.start()
        _, path = self.backup()
        self.gateway.stop()
        fresh = self.make_gateway("another-machine")
        fresh.write_configuration()
        before = sorted(fresh.directory.iterdir())
        torn = self.directory / "torn"
        data = path.read_bytes()
        torn.write_bytes(data[:4096] + b"x" * 8192 + data[12288:])
        for bad in (torn, self.directory / "missing"):
            refused = astreinted(fresh, "--restore", bad)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertEqual(sorted(fresh.directory.iterdir()), before)
        self.assertEqual(astreinted(fresh, "--restore", path).returncode, 0)

    def test_two_at_once__one_is_refused(self):
        self.gateway.start()
        _, path = self.backup()
        self.gateway.stop()
        fresh = self.make_gateway("another-machine")
        fresh.write_configuration()
        folder = os.open(fresh.directory, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_EX)  # as another restore holds it
        refused = astreinted(fresh, "--restore", path)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn("another restore", refused.stderr)
        fcntl.flock(folder, fcntl.LOCK_UN)
        self.assertEqual(astreinted(fresh, "--restore", path).returncode, 0)

    def test_the_database_is_no_backup_of_itself(self):
        self.gateway.start()
        Customer(self.gateway, "ascenseurs", ON_THE_TELEPHONE, devices=False)
        self.gateway.stop()
        link = self.directory / "link"
        link.symlink_to(self.database)
        before = contents(self.database)
        listed = sorted(self.gateway.directory.iterdir())
        for itself in (self.database, link):
            refused = astreinted(self.gateway, "--restore", itself)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn(f"{itself}: is the database itself: name a backup", refused.stderr)
        self.assertEqual(contents(self.database), before)
        self.assertEqual(sorted(self.gateway.directory.iterdir()), listed)

    def test_an_interrupted_one_is_done_again(self):
        self.gateway.start()
        Customer(self.gateway, "ascenseurs", ON_THE_TELEPHONE, devices=False)
        _, path = self.backup()
        self.gateway.stop()
        # As a crash leaves it: the database is aside, the copy not yet in its place.
        self.database.rename(self.gateway.directory / "elsewhere")
        shutil.copy(path, f"{self.database}.restoring")
        for _ in range(2):
            refused = astreinted(self.gateway)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn("a restore was interrupted", refused.stderr)
            self.assertFalse(self.database.exists())
        self.assertEqual(astreinted(self.gateway, "--restore", path).returncode, 0)
        self.gateway.start()
        self.assertEqual(self.gateway.client().get("/v1/customers/ascenseurs").status, 200)
    def kill_at(self, number, path):
        """Restores, and is killed behind the n-th call that changes something; whether it was."""
        calls = "rename,mkdir,fsync"
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
             f"inject={calls}:signal=SIGKILL:when={number}", astreinte_test.ASTREINTED, "--config",
             self.gateway.directory / "astreinted.ini", "--restore", path],
            capture_output=True, text=True, check=False, timeout=astreinte_test.PATIENCE_S,
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))  # it cannot trace the traced
        self.assertIn(done.returncode, (0, -9), done)
        return done.returncode == -9

    def assert_safe(self, before, backup):
        """The old database, the new one, or no start: never another, never a new empty one."""
        if pathlib.Path(f"{self.database}.restoring").exists():
            refused = astreinted(self.gateway)
            self.assertEqual(refused.returncode, 1, refused)
            self.assertIn("a restore was interrupted", refused.stderr)
            return "refused"
        now = contents(self.database)
        self.assertIn(now, (before, [backup, None]))
        return "old" if now == before else "new"

    def test_killed_at_any_of_its_calls(self):
        self.gateway.start()
        customer = Customer(self.gateway, "ascenseurs", ON_THE_TELEPHONE, devices=False)
        _, path = self.backup()
        self.open_one(customer)
        self.gateway.kill()
        log = pathlib.Path(f"{self.database}-wal")
        files = self.database.read_bytes(), log.read_bytes()
        before, backup, seen = contents(self.database), content(path), []
        self.assertIsNotNone(before[1])
        for number in range(1, 100):
            with self.subTest(call=number):
                killed = self.kill_at(number, path)
                seen.append(self.assert_safe(before, backup))
                self.assertEqual(astreinted(self.gateway, "--restore", path).returncode, 0)
                self.assertEqual(contents(self.database), [backup, None])
                kept = [content(each) for folder in
                        self.gateway.directory.glob("astreinte.db-before-restore-*")
                        for each in folder.iterdir()]
                self.assertIn(before[0], kept)
                self.assertIn(before[1], kept)
                for folder in self.gateway.directory.glob("astreinte.db-before-restore-*"):
                    shutil.rmtree(folder)
                self.database.write_bytes(files[0])
                log.write_bytes(files[1])
            if not killed:
                break
        self.assertEqual(sorted(set(seen)), ["new", "old", "refused"])
        self.assertEqual(seen, sorted(seen, key=["old", "refused", "new"].index))


class Upgrade(BackupTest):
    WAITING, HELD = ("018bcfe5-687b-7100-0000-000000000001",
                     "018bcfe5-687b-7100-0000-000000000002")

    def make_database(self, version):
        """As the gateway of that version left it, escalations open."""
        for suffix in ("", "-wal", "-shm", "-poison"):
            pathlib.Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        database = sqlite3.connect(self.database)
        database.execute("PRAGMA journal_mode = WAL")
        for number, migration in enumerate(MIGRATIONS[:version], 1):
            database.executescript(migration.read_text())
            database.execute(f"PRAGMA user_version = {number}")
            database.executescript((VERSIONS / f"{number:04}.sql").read_text())
        database.close()

    def test_the_night_goes_on_under_the_new_version(self):
        for version in range(1, len(MIGRATIONS) + 1):
            with self.subTest(version=version):
                self.make_database(version)
                before = self.tickets()
                known = len(self.telephony.records())
                self.gateway.start()
                call = wait_until(lambda: [
                    line for line in self.telephony.records()[known:]
                    if line["type"] == "call.requested"
                    and line["body"]["escalation"] == self.WAITING], "the next step")[0]
                self.assertEqual(call["body"]["to"], "+33600000011")
                held = self.gateway.client().get(f"/v1/escalations/{self.HELD}").json
                self.assertEqual((held["state"], held["holder"]["name"]), ("taken", "Léa"))
                self.gateway.stop()
                checked = astreinted(self.gateway, "--check-database")
                self.assertEqual(checked.returncode, 0, checked)
                # Shifts of today that nobody took up are asked about, where a version plans that.
                after = self.tickets()
                self.assertLessEqual(before, after)
                self.assertIn(f"schema version {len(MIGRATIONS)}, {len(after)} tickets",
                              checked.stdout)
                self.assertTrue(before == after or version >= FIRST_WITH_CHECK_INS)

    def tickets(self):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            return {row[0] for row in database.execute("SELECT ticket_id FROM ticket")}

    def test_a_newer_one_is_refused(self):
        self.make_database(len(MIGRATIONS))
        database = sqlite3.connect(self.database)
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        database.commit()
        database.close()
        before = contents(self.database)
        refused = astreinted(self.gateway)
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn(f"schema version {len(MIGRATIONS) + 1}, this program knows up to "
                      f"{len(MIGRATIONS)}: install the newer program", refused.stderr)
        self.assertEqual(contents(self.database), before)


if __name__ == "__main__":
    unittest.main()

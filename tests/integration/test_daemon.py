"""The daemon's own duties: configuration check, systemd notification, reload, heartbeat, stop."""

import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import unittest

import astreinte_test

NOBODY = 65534


class NotifySocket:
    """What systemd would listen on."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(astreinte_test.PATIENCE_S)

    def wait_for(self, wanted):
        """The first message that holds the line."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            if wanted in lines:
                return lines

    def close(self):
        self.socket.close()


class DaemonTest(astreinte_test.GatewayTest):
    def setUp(self):
        if self.gateway.is_running():
            self.gateway.stop()
        (self.gateway.directory / "root.key").write_text(self.gateway.root_key + "\n")
        self.gateway.start()

    def test_notifies_systemd__ready_watchdog_reload_stop(self):
        notify = NotifySocket(self.gateway.directory / "notify")
        self.addCleanup(notify.close)
        self.gateway.stop()
        self.gateway.environment["NOTIFY_SOCKET"] = notify.path
        self.gateway.start()
        notify.wait_for("READY=1")
        notify.wait_for("WATCHDOG=1")
        self.gateway.process.send_signal(signal.SIGHUP)
        notify.wait_for("RELOADING=1")
        notify.wait_for("READY=1")
        self.gateway.process.send_signal(signal.SIGTERM)
        notify.wait_for("STOPPING=1")
        self.assertEqual(self.gateway.process.wait(astreinte_test.PATIENCE_S), 0)
        del self.gateway.environment["NOTIFY_SOCKET"]

    def test_hangup__takes_the_new_root_key_and_refuses_the_old(self):
        old = self.gateway.root_key
        new = astreinte_test.random_key()
        (self.gateway.directory / "root.key").write_text(new + "\n")
        self.assertEqual(self.gateway.client(old).get("/v1/customers").status, 200)
        self.gateway.process.send_signal(signal.SIGHUP)
        astreinte_test.wait_until(
            lambda: self.gateway.client(new).get("/v1/customers").status == 200, "the new key")
        self.assertEqual(self.gateway.client(old).get("/v1/customers").status, 401)

    def test_hangup__with_a_bad_file_keeps_what_it_had(self):
        key = self.gateway.root_key
        (self.gateway.directory / "root.key").write_text("not a key\n")
        self.gateway.process.send_signal(signal.SIGHUP)
        astreinte_test.wait_until(lambda: "daemon.reload_refused" in self.gateway.log(),
                                  "the refusal in the log")
        self.assertEqual(self.gateway.client(key).get("/v1/customers").status, 200)

    def test_database__is_readable_by_its_owner_alone(self):
        mode = stat.S_IMODE(os.stat(self.gateway.directory / "astreinte.db").st_mode)
        self.assertEqual(mode & 0o077, 0)

    def test_second_daemon_on_the_same_database__is_refused(self):
        second = subprocess.run(
            [astreinte_test.ASTREINTED, "--config", self.gateway.directory / "astreinted.ini"],
            capture_output=True, timeout=astreinte_test.PATIENCE_S, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"another", second.stderr)
        self.assertEqual(self.gateway.client("").get("/healthz").status, 200)


class SecretFileTest(astreinte_test.GatewayTest):
    def test_secret_file__open_to_everybody_is_warned_of(self):
        secret = self.gateway.directory / "secret"
        self.assertNotIn("daemon.secret_exposed", self.gateway.log())
        secret.chmod(0o644)
        self.gateway.process.send_signal(signal.SIGHUP)
        astreinte_test.wait_until(lambda: "daemon.reloaded" in self.gateway.log(), "the reload")
        line = [line for line in self.gateway.log().splitlines() if "daemon.secret_exposed" in line]
        self.assertEqual(len(line), 1)
        event = json.loads(line[0])
        self.assertEqual((event["level"], event["key"], event["remedy"]),
                         ("warning", "[gateway] secret_file", f"chmod 600 {secret}"))
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.gateway.log().count("daemon.secret_exposed"), 2)


class HeartbeatTest(astreinte_test.GatewayTest):
    simulators = ("telephony",)

    def test_heartbeat__goes_out_after_the_self_check(self):
        self.gateway.stop()
        telephony = self.gateway.sections["endpoint.telephony"]
        self.gateway.sections["heartbeat"] = dict(telephony, method="POST")
        self.gateway.start()
        astreinte_test.wait_until(
            lambda: any(each["type"] == "gateway.heartbeat" for each in self.telephony.records()),
            "a heartbeat")


def help_page():
    """What it says of the configuration."""
    done = subprocess.run([astreinte_test.ASTREINTED, "--help"], capture_output=True, text=True,
                          check=True, timeout=astreinte_test.PATIENCE_S)
    return done.stdout[done.stdout.index("\n[gateway]"):done.stdout.index("\nEXAMPLE")]


class CommandLineTest(unittest.TestCase):
    def test_options__are_taken_by_their_whole_names(self):
        for options, said in (
                (["--conf", "/nowhere"], "'--conf': names are written in full: --config"),
                (["--conf=/nowhere"], "'--conf': names are written in full: --config"),
                (["--config", "/nowhere", "--check-c"],
                 "'--check-c': names are written in full: --check-config"),
                (["--hel"], "'--hel': names are written in full: --help"),
                (["--config", "--conf", "--vers"], "'--vers': names are written in full"),
                (["--nosuch"], "'--nosuch'")):
            with self.subTest(options):
                done = subprocess.run([astreinte_test.ASTREINTED, *options], capture_output=True,
                                      text=True, check=False, timeout=astreinte_test.PATIENCE_S)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"unrecognized option {said}", done.stderr)
                self.assertTrue(done.stderr.endswith("\nTry: astreinted --help\n"), done.stderr)


class CheckConfigTest(unittest.TestCase):
    def check(self, text, mode=0o600, **files):
        directory = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        for name, content in {"secret": secrets.token_hex(32), **files}.items():
            (directory / name).write_text(content)
            (directory / name).chmod(mode)
        path = directory / "astreinted.ini"
        path.write_text(text.replace("DIR", str(directory)))
        return subprocess.run([astreinte_test.ASTREINTED, "--check-config", "--config", path],
                              capture_output=True, text=True, check=False,
                              timeout=astreinte_test.PATIENCE_S)

    GOOD = "[gateway]\ndatabase = DIR/a.db\nsecret_file = DIR/secret\n"

    ENDPOINT = "[endpoint.telephony]\nsecret_file = DIR/good_secret\nurl = "

    def test_good(self):
        done = self.check(self.GOOD + self.ENDPOINT + "https://pbx.example.org/\n",
                          good_secret=astreinte_test.webhook_secret())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("warning", done.stdout)

    def test_good__but_everybody_can_read_a_secret(self):
        done = self.check(self.GOOD + self.ENDPOINT + "https://pbx.example.org/\n", mode=0o644,
                          good_secret=astreinte_test.webhook_secret())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for key, name in (("[gateway] secret_file", "secret"),
                          ("[endpoint.telephony] secret_file", "good_secret")):
            self.assertRegex(done.stdout,
                             rf"(?m)^  warning: {re.escape(key)}: (\S+/{name}) is open to "
                             r"everybody on this machine: chmod 600 \1$")

    def test_example__names_every_key(self):
        """With its default, where there is one, behind a comment mark."""
        known = re.findall(r"^ +((?:\w+, )*\w+)(?: = |  )", help_page(), re.MULTILINE)
        names = {name for line in known for name in line.split(", ")}
        self.assertGreater(len(names), 40)
        example = (astreinte_test.SOURCE_DIR / "contrib/examples/astreinted.conf").read_text()
        self.assertEqual(names - set(re.findall(r"^#?(\w+) =", example, re.MULTILINE)), set())

    def test_good__but_no_phone_would_ring(self):
        for rest in ("", "[heartbeat]\nurl = https://x.example.org/\n"):
            done = self.check(self.GOOD + rest)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("good", done.stdout)
            self.assertIn("warning: neither [push] nor [endpoint.telephony]", done.stdout)
            self.assertNotIn("names no account", done.stdout)

    def test_good__but_nothing_would_be_pushed(self):
        for rest in ("[push]\n", "[push]\nfcm_port = 443\n"):
            done = self.check(self.GOOD + rest + self.ENDPOINT + "https://pbx.example.org/\n",
                              good_secret=astreinte_test.webhook_secret())
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("warning: [push] names no account: nothing would be pushed; give it "
                          "apns_topic with Apple's key, fcm_service_account_file or web_key_file, "
                          "or remove the section", done.stdout)

    def test_good__database_that_is_there(self):
        for content in ("", "SQLite format 3\0 and so on"):
            done = self.check(self.GOOD, **{"a.db": content})
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_good__address_whose_port_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = self.check(self.GOOD + f"listen_port = {port}\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_faults__a_database_of_two_names(self):
        """Whatever is asked for: beside each name lies a lock of its own."""
        directory = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        (directory / "secret").write_text(secrets.token_hex(32))
        (directory / "a.db").write_bytes(b"")
        (directory / "soft.db").symlink_to(directory / "a.db")
        (directory / "loose.db").symlink_to(directory / "nowhere.db")
        (directory / "hard.db").hardlink_to(directory / "a.db")
        path = directory / "astreinted.ini"
        table = (("soft", f"soft.db is a symbolic link: name the file itself, {directory}/a.db"),
                 ("loose", "loose.db is a symbolic link: name the file itself, which is not"),
                 ("hard", "hard.db has 2 names (hard links): remove all but this one"))
        tasks = ([], ["--check-config"], ["--check-database"], ["--restore", directory / "a.db"])
        for name, wanted in table:
            path.write_text(f"[gateway]\ndatabase = {directory}/{name}.db\n"
                            f"secret_file = {directory}/secret\nlisten_port = 0\n")
            for task in tasks:
                with self.subTest(wanted, task=task):
                    done = subprocess.run([astreinte_test.ASTREINTED, *task, "--config", path],
                                          capture_output=True, text=True, check=False,
                                          timeout=astreinte_test.PATIENCE_S)
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertIn(f"[gateway] database: {directory}/{wanted}", done.stderr)
        self.assertEqual((directory / "soft.db").readlink(), directory / "a.db")

    def test_faults__are_named_with_their_place(self):
        table = (
            ("[gateway]\nsecret_file = DIR/secret\n", "database"),
            ("[gateway]\ndatabase = DIR/a.db\n", "secret_file"),
            (self.GOOD + "colour = blue\n", "[gateway] colour"),
            (self.GOOD + "listen_port = 70000\n", "listen_port"),
            (self.GOOD + "[push]\napns_critical = maybe\n", "apns_critical"),
            (self.GOOD + "[push]\nfcm_service_account_file = DIR/nowhere\n", "nowhere"),
            (self.GOOD + "[endpoint.telephony]\nurl = https://pbx.example.org/\n", "secret_file"),
            (self.GOOD + "not a line\n", "line 4"),
            (self.GOOD + "listen_address = localhost\n", "listen_address"),
            (self.GOOD + "public_url = foo\n", "public_url"),
            (self.GOOD + "threads = 0\n", "1 to 64"),
            (self.GOOD + "root_key_file = DIR/bad\n", "root_key_file"),
            (self.GOOD.replace("DIR/a.db", "DIR/nowhere/a.db"), "[gateway] database"),
            (self.GOOD.replace("DIR/a.db", "DIR"), "is a folder: name a file in it"),
            (self.GOOD.replace("DIR/a.db", "/dev/null"), "[gateway] database: /dev/null"),
            (self.GOOD.replace("DIR/a.db", "DIR/bad"), "bad is no database: name another file"),
            (self.GOOD + "[push]\napns_key_id = ABC\n", "[push] apns_topic"),
            (self.GOOD + "[push]\nfcm_service_account_file = DIR/bad\n",
             "fcm_service_account_file"),
            (self.GOOD + "[push]\napns_key_file = DIR/bad\napns_key_id = A123456789\n"
             "apns_team_id = B123456789\napns_topic = org.example\n", "apns_key_file"),
            (self.GOOD + "[endpoint.telephony]\nurl = https://pbx.example.org/\n"
             "secret_file = DIR/bad\n", "secret_file"),
            (self.GOOD + self.ENDPOINT + "http://pbx.example.org/\n",
             "[endpoint.telephony] url: must be https"),
            (self.GOOD + self.ENDPOINT + "pbx\n", "[endpoint.telephony] url: must be https://"),
            (self.GOOD + self.ENDPOINT + "https://me@pbx.example.org/\n",
             "[endpoint.telephony] url: must have no user"),
            (self.GOOD + self.ENDPOINT.replace("good_", "bad_") + "https://pbx.example.org/\n",
             "[endpoint.telephony] secret_file: secret 1"),
            (self.GOOD + "[endpoint.telephony]\nsecret_file = DIR/bad\n", "url"),
            (self.GOOD + "[endpoint.heartbeat]\nurl = https://x.example.org/\n", "[heartbeat]"),
            (self.GOOD + "[heartbeat]\nmethod = PUT\n", "GET or POST"),
            (self.GOOD + "[heartbeat]\nevery_s = 5\ntimeout_s = 6\n", "timeout_s"),
            (self.GOOD + "[heartbeat]\nurl = http://x.example.org/\n",
             "[heartbeat] url: must be https"),
            (self.GOOD + "[heartbeat]\nurl = https://x.example.org/\n"
             "secret_file = DIR/good_secret\n", "POST"),
        )
        for text, wanted in table:
            with self.subTest(wanted):
                done = self.check(text, bad="zz", bad_secret="whsec_zz",
                                  good_secret=astreinte_test.webhook_secret())
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(wanted, done.stderr)


def make_pair(directory, name):
    """A key and its certificate, for TLS."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.cert"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return key, certificate


class PlacesTest(unittest.TestCase):
    """What --check-config refuses the start refuses, in the same words; nothing is left behind."""

    GOOD = ("[gateway]\ndatabase = DIR/own/a.db\nsecret_file = DIR/secret\nlisten_port = 0\n"
            "reserve_mb = 0\n")
    ENDPOINT = ("[endpoint.telephony]\nurl = https://pbx.example.org/\n"
                "secret_file = DIR/hook\n[telephony]\n")
    TABLE = (
        (ENDPOINT + "ca_file = DIR/junk\n",
         ("[telephony] ca_file: DIR/junk holds no certificate: ", "PEM")),
        (ENDPOINT + "ca_file = DIR/empty\n",
         ("[telephony] ca_file: DIR/empty holds no certificate: ",)),
        (ENDPOINT + "ca_file = DIR/own\n", ("[telephony] ca_file: DIR/own",)),
        (ENDPOINT + "ca_file = DIR/nowhere\n",
         ("[telephony] ca_file: DIR/nowhere: No such file", "name a file")),
        ("tls_key_file = DIR/junk\ntls_cert_file = DIR/one.cert\n",
         ("[gateway] tls_key_file: DIR/junk holds no private key: ", "PEM")),
        ("tls_key_file = DIR/locked\ntls_cert_file = DIR/one.cert\n",
         ("[gateway] tls_key_file: DIR/locked holds no private key: ", "pass phrase")),
        ("tls_key_file = DIR/one.key\ntls_cert_file = DIR/junk\n",
         ("[gateway] tls_cert_file: DIR/junk holds no certificate: ", "PEM")),
        ("tls_key_file = DIR/one.cert\ntls_cert_file = DIR/one.key\n",
         ("[gateway] tls_key_file: DIR/one.cert holds no private key: ",)),
        ("tls_key_file = DIR/two.key\ntls_cert_file = DIR/one.cert\n",
         ("[gateway] tls_key_file: DIR/two.key is not the key of the first certificate in "
          "tls_cert_file DIR/one.cert: ",)),
        ("tls_key_file = DIR/nowhere\ntls_cert_file = DIR/one.cert\n",
         ("[gateway] tls_key_file: DIR/nowhere: No such file", "name a file")),
        ("tls_key_file = DIR/one.key\ntls_cert_file = DIR/own\n",
         ("[gateway] tls_cert_file: DIR/own is a folder: ",)),
        ("port_file = DIR/nowhere/port\n",
         ("[gateway] port_file: DIR/nowhere/port: folder DIR/nowhere: No such file", "make it")),
        ("port_file = DIR/own\n", ("[gateway] port_file: DIR/own is a folder: ",)),
        ("port_file = DIR/junk/port\n", ("[gateway] port_file: DIR/junk/port: ", "folder")),
        ("listen_address = 192.0.2.1\n",
         ("[gateway] listen_address: 192.0.2.1 (port 0) is no address of this machine: ",)),
        ("listen_address = fe80::1\n", ("[gateway] listen_address: fe80::1 ",)),
        ("listen_address = 2001:db8::1\n",
         ("[gateway] listen_address: 2001:db8::1 (port 0) is no address of this machine: ",)),
        ("backup_folder = DIR/junk\n", ("[gateway] backup_folder: DIR/junk is no folder: ",)),
        ("backup_folder = DIR/own\n",
         ("[gateway] backup_folder: DIR/own is the folder of the database itself: ",)),
        ("backup_folder = DIR/own/../own/\n", ("[gateway] backup_folder: DIR/own/../own/ is",)),
    )

    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        cls.directory = directory
        (directory / "own").mkdir()
        (directory / "secret").write_text(secrets.token_hex(32))
        (directory / "hook").write_text(astreinte_test.webhook_secret())
        (directory / "junk").write_text("this is no PEM\n")
        (directory / "empty").write_text("")
        key, _ = make_pair(directory, "one")
        make_pair(directory, "two")
        subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out",
                        directory / "locked"], check=True, capture_output=True)

    def run_daemon(self, text, *options):
        path = self.directory / "astreinted.ini"
        path.write_text(text.replace("DIR", str(self.directory)))
        return subprocess.run(
            [astreinte_test.ASTREINTED, *options, "--config", path], capture_output=True,
            text=True, check=False, stdin=subprocess.DEVNULL,
            timeout=astreinte_test.PATIENCE_S)

    def assert_refused(self, text, options, wanted):
        done = self.run_daemon(text, *options)
        self.assertEqual(done.returncode, 1, done.stdout)
        for each in wanted:
            self.assertIn(each.replace("DIR", str(self.directory)), done.stderr.splitlines()[-1])

    def test_faults__are_named_by_the_check_and_by_the_start(self):
        for text, wanted in self.TABLE:
            for options in (("--check-config",), ()):
                with self.subTest(wanted[0], options=options):
                    self.assert_refused(self.GOOD + text, options, wanted)
        self.assertEqual(sorted((self.directory / "own").iterdir()), [])

    def as_nobody(self, *options):
        """The daemon's program without the rights of root."""
        def drop():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return subprocess.run(
            [astreinte_test.ASTREINTED, *options, "--config", self.directory / "rights/a.ini"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            preexec_fn=drop if os.getuid() == 0 else None, timeout=astreinte_test.PATIENCE_S)

    def make_rights(self):
        """A database and what is beside it, of the user that as_nobody() is."""
        own = self.directory / "rights"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        self.directory.chmod(0o755)
        (own / "a.ini").write_text(self.GOOD.replace("DIR/own", str(own)).replace(
            "DIR/secret", str(own / "secret")) + f"backup_folder = {own}/backups\n")
        (own / "secret").write_text(secrets.token_hex(32))
        (own / "backups").mkdir()
        for suffix in ("", "-wal", "-shm", "-poison", "-ballast"):
            (own / f"a.db{suffix}").write_text("")
        if os.getuid() == 0:
            for each in (own, *own.iterdir()):
                os.chown(each, NOBODY, NOBODY)
        return own

    def test_rights__are_named_by_the_check_and_by_the_start(self):
        own = self.make_rights()
        self.assertEqual(self.as_nobody("--check-config").returncode, 0)
        for suffix in ("", "-wal", "-shm", "-poison"):
            for mode in (0o000, 0o400):
                for options in (("--check-config",), ()):
                    with self.subTest(suffix, mode=oct(mode), options=options):
                        (own / f"a.db{suffix}").chmod(mode)
                        done = self.as_nobody(*options)
                        self.assertEqual(done.returncode, 1, done.stdout)
                        told = done.stderr.splitlines()[-1]
                        self.assertIn(f"[gateway] database: {own}/a.db{suffix}: Permission", told)
                        self.assertIn("let the gateway's user read and write it", told)
            (own / f"a.db{suffix}").chmod(0o600)

    def test_rights_of_what_a_start_can_do_without__are_a_warning(self):
        own = self.make_rights()
        (own / "backups").chmod(0o500)
        (own / "a.db-ballast").chmod(0o400)
        done = self.as_nobody("--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"warning: [gateway] backup_folder: {own}/backups: Permission", done.stdout)
        self.assertIn(f"warning: [gateway] reserve_mb: {own}/a.db-ballast: Permission", done.stdout)

    def test_header__says_whose_the_database_is(self):
        database = self.directory / "own" / "a.db"
        self.addCleanup(database.unlink)
        for pragmas, wanted in (("application_id = 7", "another program's database"),
                                ("user_version = 9", "not a database of the gateway"),
                                ("application_id = 1098085490; PRAGMA user_version = 999",
                                 "install the newer program")):
            with self.subTest(pragmas):
                database.unlink(missing_ok=True)
                with contextlib.closing(sqlite3.connect(database)) as other:
                    other.executescript(f"CREATE TABLE t (a); PRAGMA {pragmas};")
                for options in (("--check-config",), ()):
                    self.assert_refused(self.GOOD, options, (wanted, str(database)))
                for each in ("-poison", "-wal", "-shm"):
                    database.with_name(f"a.db{each}").unlink(missing_ok=True)

    def test_good__all_of_them(self):
        done = self.run_daemon(
            self.GOOD + "tls_key_file = DIR/one.key\ntls_cert_file = DIR/one.cert\n"
            "port_file = DIR/port\nlisten_address = 127.0.0.2\nbackup_folder = DIR/backups\n" +
            self.ENDPOINT + "ca_file = DIR/one.cert\n", "--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted((self.directory / "own").iterdir()), [])

    def test_fatal_fault__is_an_error_event_too(self):
        """Who collects JSON lines must not see a calm stop alone."""
        for text, key in ((self.GOOD + "port_file = DIR/own\n", "port_file"),
                          (self.GOOD + "port_file = DIR/own\ncolour = blue\n", "colour")):
            done = self.run_daemon(text)
            self.assertEqual(done.returncode, 1)
            *lines, said = done.stderr.splitlines()
            events = [json.loads(line) for line in lines]
            failed = [each for each in events if each["event"] == "daemon.failed"]
            self.assertEqual([each["level"] for each in failed], ["error"])
            self.assertIn(f"[gateway] {key}", failed[0]["detail"])
            self.assertEqual(said, "astreinted: " + failed[0]["detail"])

    def test_port_in_use__is_named_with_address_and_key(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assert_refused(self.GOOD.replace("port = 0", f"port = {port}"), (),
                                ("[gateway] listen_address, listen_port: ",
                                 f"127.0.0.1 port {port}: ", "another program"))


if __name__ == "__main__":
    unittest.main()

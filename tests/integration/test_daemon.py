"""The daemon's own duties: configuration check, systemd notification, reload, heartbeat, stop."""

import os
import pathlib
import secrets
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import astreinte_test


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


class CheckConfigTest(unittest.TestCase):
    def check(self, text, **files):
        directory = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        (directory / "secret").write_text(secrets.token_hex(32))
        for name, content in files.items():
            (directory / name).write_text(content)
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

    def test_good__but_no_phone_would_ring(self):
        for rest in ("", "[heartbeat]\nurl = https://x.example.org/\n"):
            done = self.check(self.GOOD + rest)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("good", done.stdout)
            self.assertIn("warning: neither [push] nor [endpoint.telephony]", done.stdout)

    def test_good__database_that_is_there(self):
        for content in ("", "SQLite format 3\0 and so on"):
            done = self.check(self.GOOD, **{"a.db": content})
            self.assertEqual((done.returncode, done.stderr), (0, ""))

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


if __name__ == "__main__":
    unittest.main()

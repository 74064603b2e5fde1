"""The dead-man's heartbeat: it arrives while the gateway is well, and stays away when any part that
a page needs stands still."""

import http.server
import secrets
import signal
import ssl
import subprocess
import threading
import time
import unittest

import supervised
from astreinte_test import wait_until

EVERY_S = 1
TOKEN = secrets.token_hex(16)  # the address is the secret


class Receiver(http.server.ThreadingHTTPServer):
    """What watches for signs of life, over TLS."""

    daemon_threads = True

    def __init__(self, directory):
        self.beats, self.status = [], 200
        self.certificate, key = str(directory / "receiver.pem"), str(directory / "receiver.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                        "-out", self.certificate], check=True, stderr=subprocess.DEVNULL)
        super().__init__(("127.0.0.1", 0), Beat)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that does not trust us is no event."""


class Beat(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.beats.append((self.command, self.path))
        self.send_response(self.server.status)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format, *args):
        """The list of beats says it all."""


class Heartbeat(supervised.HookedTest):
    simulators = ("provider", "telephony")

    @classmethod
    def setUpClass(cls):
        cls.gateway_class = cls.make_gateway
        super().setUpClass()
        cls._stack.callback(cls.receiver.server_close)
        cls._stack.callback(cls.receiver.shutdown)

    @classmethod
    def make_gateway(cls, directory, sections, environment=None):
        cls.receiver = Receiver(directory)
        return supervised.Hooked(directory, dict(sections or {}, **{
            "telephony": {"ca_file": cls.receiver.certificate},
            "heartbeat": {"url": f"https://localhost:{cls.receiver.server_port}/{TOKEN}",
                          "every_s": EVERY_S, "timeout_s": 1}}), environment)

    def setUp(self):
        super().setUp()
        self.receiver.status = 200
        self.wait_for_beats(1)

    def wait_for_beats(self, count):
        before = len(self.receiver.beats)
        wait_until(lambda: len(self.receiver.beats) >= before + count, f"{count} beats")

    def count(self, outcome):
        name = f'astreinte_heartbeats_total{{outcome="{outcome}"}} '
        [line] = [line for line in self.admin.get("/metrics").body.decode().splitlines()
                  if line.startswith(name)]
        return int(line[len(name):])

    def tearDown(self):
        self.assertNotIn(TOKEN, self.gateway.log())
        self.assertNotIn(TOKEN, str(self.telephony.records()))

    def test_beats_arrive(self):
        self.assertEqual(set(self.receiver.beats), {("GET", f"/{TOKEN}")})
        self.wait_for_beats(2)
        self.assertGreaterEqual(self.count("delivered"), 2)
        self.assertIn("astreinte_self_check_passing 1", self.admin.get("/metrics").body.decode())

    def check_silence(self, rule, reason):
        withheld, since = self.count("withheld"), time.monotonic()
        self.gateway.hooks.set(rule)
        wait_until(lambda: self.count("withheld") > withheld, "a heartbeat withheld")
        print(f"\n{rule}: no heartbeat after {time.monotonic() - since:.2f} s", flush=True)
        ready = wait_until(lambda: (lambda answer: answer if answer.status == 503 else None)(
            self.admin.get("/readyz")), "the state")
        self.assertIn(reason, ready["reasons"])
        before = len(self.receiver.beats)
        time.sleep(2 * EVERY_S)  # nothing is what must happen
        self.assertEqual(len(self.receiver.beats), before)
        self.gateway.hooks.clear()
        self.wait_for_beats(1)
        wait_until(lambda: self.admin.get("/readyz").status == 200, "the end of it")
        wait_until(lambda: reason in self.alarms("gateway.self_check"), "the alarm")

    def test_silent_while_the_writer_hangs(self):
        self.check_silence("hang fdatasync writer", "the writer hangs")

    def test_silent_while_the_store_does_not_keep(self):
        self.check_silence("fail step writer engine_clock",
                           "what is committed does not come back")

    def test_silent_while_the_push_thread_hangs(self):
        self.check_silence("hang epoll_wait push", "the push thread hangs")

    def test_silent_while_the_telephony_thread_hangs(self):
        self.check_silence("hang poll telephony", "the telephony thread hangs")

    def test_receiver_that_fails_harms_nobody(self):
        failed = self.count("failed")
        self.receiver.status = 500
        wait_until(lambda: self.count("failed") > failed, "the failure")
        wait_until(lambda: "http_500" in self.alarms("heartbeat.not_delivered"), "the alarm")
        self.assertEqual(self.admin.get("/readyz").status, 200)
        self.assertEqual(self.customer(devices=False).escalate().status, 202)
        self.receiver.status = 200
        delivered = self.count("delivered")
        wait_until(lambda: self.count("delivered") > delivered, "a beat that arrives")

    def use_ca_file(self, path):
        self.gateway.sections["telephony"]["ca_file"] = path
        self.gateway.write_configuration()
        self.gateway.process.send_signal(signal.SIGHUP)

    def test_receiver_with_a_wrong_certificate_is_not_told(self):
        self.addCleanup(self.use_ca_file, self.receiver.certificate)
        self.use_ca_file(self.provider.ready["ca"])
        refused = '"event":"daemon.heartbeat_not_delivered","reason":"tls"'
        wait_until(lambda: refused in self.gateway.log(), "the refusal")
        before = len(self.receiver.beats)
        failed = self.count("failed")
        wait_until(lambda: self.count("failed") > failed, "another refusal")
        self.assertEqual(len(self.receiver.beats), before)
        self.assertEqual(self.admin.get("/readyz").status, 200)


if __name__ == "__main__":
    unittest.main()

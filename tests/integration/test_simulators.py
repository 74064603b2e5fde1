"""The telephony and phone simulators, seen from outside; a small server plays the gateway."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

SUPPORT_DIR = os.environ.get(
    "SUPPORT_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
)
sys.path.insert(0, SUPPORT_DIR)
sys.dont_write_bytecode = True

import simulator  # noqa: E402

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE_S = 60  # only a hang reaches it


def wait_until(condition, what):
    """Waits for a condition; a hang fails the test."""
    until = time.monotonic() + PATIENCE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def read_lines(path):
    """The whole lines of a log."""
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]
    except FileNotFoundError:
        return []


class Gateway:
    """Records what is posted to it; answers 200, or what `answers` says for a path's last word."""

    def __init__(self):
        gateway = self
        self.requests = []
        self.connections = 0
        self.answers = {}
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with gateway.lock:
                    gateway.connections += 1

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Authorization"]
                with gateway.lock:
                    gateway.requests.append((self.path, key, json.loads(body)))
                    planned = gateway.answers.get(self.path.rsplit("/", 1)[1])
                    status = planned.pop(0) if planned else 200
                content = b'{"holder":{"name":"Paul"}}'
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def seen(self, part):
        with self.lock:
            return [request for request in self.requests if part in request[0]]


class SimulatorTest(unittest.TestCase):
    """A folder, a gateway and a running simulator."""

    name = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.gateway = Gateway()
        self.addCleanup(self.gateway.stop)
        self.process = None

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, *arguments):
        program = os.path.join(SUPPORT_DIR, f"{self.name}-simulator")
        command = [program, "--dir", self.folder.name, "--die-with-parent", *arguments]
        self.process = subprocess.Popen(command)
        self.addCleanup(self.stop)
        ready = self.path(f"{self.name}.ready")

        def is_ready():
            self.assertIsNone(self.process.poll(), "the simulator ended")
            return os.path.exists(ready)

        wait_until(is_ready, "the ready file")
        with open(ready, encoding="utf-8") as file:
            self.ready = json.load(file)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            status = self.process.wait(PATIENCE_S)
            self.process = None
            self.assertEqual(status, 0)
            self.assertFalse(os.path.exists(self.path(f"{self.name}.ready")))

    def control(self, *commands):
        return simulator.control(self.ready["control"], *commands)

    def log(self, **members):
        """The lines of the log that have these members."""
        lines = read_lines(self.path(f"{self.name}.jsonl"))
        return [line for line in lines if members.items() <= line.items()]

    def run_wrong(self, *arguments):
        program = os.path.join(SUPPORT_DIR, f"{self.name}-simulator")
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False
        ).returncode


class TelephonyTest(SimulatorTest):
    name = "telephony"

    def start_with_key(self):
        with open(self.path("key"), "w", encoding="ascii") as file:
            file.write("ak_test\n")
        self.start("--secret", SECRET, "--api-key-file", self.path("key"))

    def call(self, number, **members):
        attempt = str(uuid.uuid4())
        return {
            "type": "call.requested",
            "attempt": attempt,
            "escalation": str(uuid.uuid4()),
            "to": number,
            "role": "agent",
            "say": {"language": "fr", "text": "Astreinte.", "after_key": "Clinique."},
            "keys": {"1": "accepted", "2": "declined"},
            "ring_s": 30,
            "outcome_url": f"{self.gateway.url}/v1/telephony/calls/{attempt}/outcome",
            **members,
        }

    def post(self, value, key=KEY, shift_s=0, headers=None, signed=None):
        """Posts a webhook; `signed` replaces the body that is signed."""
        body = json.dumps(value).encode()
        name = value["attempt"]
        timestamp = str(int(time.time()) + shift_s)
        content = f"{name}.{timestamp}.".encode() + (body if signed is None else signed)
        digest = hmac.new(key, content, hashlib.sha256).digest()
        everything = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1a,xyz v1," + base64.b64encode(digest).decode(),
            **(headers or {}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.ready["port"], timeout=30)
        connection.request("POST", "/", body, everything)
        status = connection.getresponse().status
        connection.close()
        return status

    def outcomes(self, call, count):
        """Waits for that many outcomes of a call and returns their bodies."""
        path = urllib.parse.urlsplit(call["outcome_url"]).path
        wait_until(lambda: len(self.gateway.seen(path)) >= count, f"{count} outcomes")
        return [body for _, _, body in self.gateway.seen(path)]

    def test_every_behaviour_posts_its_outcomes(self):
        self.start_with_key()
        ringing, answered = {"outcome": "ringing"}, {"outcome": "answered"}
        expected = {
            "accept": [ringing, answered, {"outcome": "accepted", "digits": "1"}],
            "decline": [ringing, answered, {"outcome": "declined", "digits": "2"}],
            "busy": [{"outcome": "busy"}],
            "no_answer": [ringing, {"outcome": "no_answer"}],
            "failed": [{"outcome": "failed"}],
            "answer_no_key": [ringing, answered],
        }
        for i, (behaviour, outcomes) in enumerate(expected.items()):
            number = f"+3361234567{i}"
            self.control({"number": number, "behaviour": behaviour, "after_s": 0.02})
            call = self.call(number)
            self.assertEqual(self.post(call), 200)
            self.assertEqual(self.outcomes(call, len(outcomes)), outcomes, behaviour)
        self.assertTrue(all(key == "Bearer ak_test" for _, key, _ in self.gateway.requests))

    def test_holder_check_presses_the_key_that_extends(self):
        self.start_with_key()
        self.control({"number": "*", "behaviour": "accept", "after_s": 0})
        call = self.call("+33612345678", role="holder", keys={"3": "handed-back", "9": "extended"})
        self.post(call)
        self.assertEqual(self.outcomes(call, 3)[2], {"outcome": "accepted", "digits": "9"})

    def test_repeated_id_rings_once(self):
        self.start_with_key()
        self.control({"number": "*", "behaviour": "busy", "after_s": 0})
        call = self.call("+33612345678")
        self.assertEqual([self.post(call), self.post(call)], [200, 200])
        self.assertEqual(self.post({**call, "ring_s": 31}), 400)
        self.outcomes(call, 1)
        [first, second, changed] = self.log(attempt=call["attempt"], type="call.requested")
        self.assertEqual((first["repeat"], second["repeat"]), (False, True))
        self.assertEqual(changed["answered"], 400)
        self.stop()
        self.assertEqual(len(self.gateway.requests), 1)

    def test_count_falls_back_to_no_answer(self):
        self.start_with_key()
        self.control({"number": "+33612345678", "behaviour": "busy", "after_s": 0, "count": 1})
        first, second = self.call("+33612345678"), self.call("+33612345678")
        self.post(first)
        self.assertEqual(self.outcomes(first, 1), [{"outcome": "busy"}])
        self.post(second)
        self.assertEqual(self.outcomes(second, 2)[1], {"outcome": "no_answer"})

    def test_signature_is_checked_strictly(self):
        self.start_with_key()
        call = self.call("+33612345678")
        self.assertEqual(self.post(call, key=bytes(32)), 401)
        self.assertEqual(self.post(call, shift_s=-400), 401)
        self.assertEqual(self.post(call, shift_s=400), 401)
        self.assertEqual(self.post(call, signed=b"{}"), 401)
        self.assertEqual(self.post(call, headers={"webhook-timestamp": "soon"}), 401)
        self.assertEqual(self.post(call, headers={"webhook-id": "other"}), 401)
        self.assertEqual(len(self.log(answered=401)), 6)
        self.assertEqual(self.gateway.requests, [])

    def test_shape_is_checked_strictly(self):
        self.start_with_key()
        for members in (
            {"to": "0612345678"},
            {"role": "operator"},
            {"ring_s": "30"},
            {"keys": {"1": "yes"}},
            {"say": {"text": "x"}},
            {"outcome_url": "/relative"},
            {"surplus": 1},
        ):
            self.assertEqual(self.post(self.call("+33612345678", **members)), 400, members)
        self.assertEqual(self.post(self.call("+33612345678"), headers={"Content-Type": "x/y"}), 400)
        other = {"type": "procedure.exhausted", "attempt": str(uuid.uuid4()), "announcement": 1}
        self.assertEqual(self.post(other), 200)
        [line] = self.log(type="procedure.exhausted")
        self.assertEqual((line["body"], line["repeat"]), (other, False))

    def test_endpoint_down_refusal_and_silence(self):
        self.start_with_key()
        call = self.call("+33612345678")
        self.control({"endpoint_down": True})
        self.assertEqual(self.post(call), 503)
        self.control({"endpoint_down": False})
        self.control({"number": "*", "behaviour": "refuse_http", "http_status": 410, "count": 1})
        self.assertEqual(self.post(call), 410)
        self.control({"number": "*", "behaviour": "silent"})
        self.assertEqual(self.post(call), 200)
        [answer] = self.control({"statistics": True})
        self.assertEqual(answer["counts"], {"http_503": 1, "http_410": 1, "call.requested": 1})

    def test_outcome_is_repeated_until_answered(self):
        self.gateway.answers["outcome"] = [503, 500]
        self.start_with_key()
        self.control({"number": "*", "behaviour": "busy", "after_s": 0})
        call = self.call("+33612345678")
        self.post(call)
        self.assertEqual(self.outcomes(call, 3), [{"outcome": "busy"}] * 3)
        wait_until(lambda: self.log(type="outcome", status=200), "the outcome's line")

    def test_a_hundred_calls_at_once(self):
        self.start_with_key()
        self.control({"number": "*", "behaviour": "accept", "after_s": 0.2})
        calls = [self.call(f"+336{i:08d}") for i in range(100)]
        for call in calls:
            self.assertEqual(self.post(call), 200)
        for call in calls:
            self.assertEqual(self.outcomes(call, 3)[2]["outcome"], "accepted")
        self.assertLessEqual(self.gateway.connections, simulator.WORKERS)

    def test_wrong_control_and_command_lines(self):
        self.start_with_key()
        for command in (
            {},
            {"number": "+33612345678"},
            {"number": "06", "behaviour": "accept"},
            {"number": "*", "behaviour": "sing"},
            {"number": "*", "behaviour": "accept", "count": 0},
            {"number": "*", "behaviour": "accept", "after_s": True},
            {"number": "*", "behaviour": "accept", "surplus": 1},
            {"endpoint_down": "yes"},
        ):
            with self.assertRaises(simulator.Invalid, msg=command):
                self.control(command)
        self.assertEqual(self.run_wrong("--dir", self.folder.name), 2)
        self.assertEqual(self.run_wrong("--dir", self.folder.name, "--secret", "whsec_AAAA"), 2)
        self.assertEqual(self.run_wrong("--help"), 0)


class PhoneTest(SimulatorTest):
    name = "phone"

    def push(self, token, provider="apns", status=200, attempt=None, escalation=None, **data):
        """Appends what the provider simulator would; returns (attempt, escalation)."""
        attempt = attempt or str(uuid.uuid4())
        escalation = escalation or str(uuid.uuid4())
        data = {
            "escalation": escalation,
            "attempt": attempt,
            "severity": "critical",
            "kind": "alert",
            "received": "xt_received",
            "accept": "xt_accept",
            "decline": "xt_decline",
            **data,
        }
        payload = {"aps": {"alert": "Astreinte"}, **data}
        if provider == "fcm":
            payload = {"message": {"token": token, "data": data}}
        line = {"provider": provider, "id": attempt, "token": token, "status": status}
        with open(self.path("received.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "payload": payload}) + "\n")
        return attempt, escalation

    def start_phones(self, *arguments):
        self.start("--gateway", self.gateway.url, *arguments)

    def verbs(self, escalation, count):
        """Waits for that many verbs of an escalation: [(verb, key, body)]."""
        wait_until(lambda: len(self.gateway.seen(escalation)) >= count, f"{count} verbs")
        return [
            (path.rsplit("/", 1)[1], key.removeprefix("Bearer "), body)
            for path, key, body in self.gateway.seen(escalation)
        ]

    def behave(self, token, behaviour, **members):
        self.control(
            {
                "token": token,
                "behaviour": behaviour,
                "received_after_s": 0,
                "answer_after_s": 0.02,
                **members,
            }
        )

    def test_push_verbs_carry_action_tokens(self):
        self.start_phones()
        for provider in ("apns", "fcm"):
            for behaviour in ("accept", "decline"):
                self.behave("phone", behaviour)
                attempt, escalation = self.push("phone", provider)
                self.assertEqual(
                    self.verbs(escalation, 2),
                    [
                        ("received", "xt_received", {"attempt": attempt}),
                        (behaviour, f"xt_{behaviour}", {}),
                    ],
                )
        self.assertEqual(len(self.log(verb="accept", status=200)), 2)

    def test_later_verbs_carry_the_agent_token(self):
        self.start_phones()
        self.behave("phone", "on_site_then_done", agent_token="at_paul", eta_s=300)
        _, escalation = self.push("phone")
        self.assertEqual(
            self.verbs(escalation, 5)[2:],
            [
                ("on-my-way", "at_paul", {"eta_s": 300}),
                ("on-site", "at_paul", {}),
                ("done", "at_paul", {}),
            ],
        )
        self.behave("phone", "accept_then_hand_back", agent_token="at_paul")
        _, escalation = self.push("phone")
        self.assertEqual(self.verbs(escalation, 3)[2], ("hand-back", "at_paul", {}))
        self.behave("phone", "see", agent_token="at_paul")
        attempt, escalation = self.push("phone")
        self.assertEqual(self.verbs(escalation, 2)[1], ("seen", "at_paul", {"attempt": attempt}))

    def test_dead_refused_and_withdrawn_pushes_do_nothing(self):
        self.start_phones()
        self.push("off")
        self.behave("phone", "accept")
        self.push("phone", status=410)
        self.push("phone", kind="withdraw")
        self.behave("last", "receive")
        _, escalation = self.push("last")
        self.verbs(escalation, 1)
        self.assertEqual(len(self.gateway.requests), 1)
        self.assertEqual(len(self.log(behaviour="dead")), 1)
        self.assertEqual(len(self.log(kind="withdraw")), 1)

    def test_repeat_is_not_played_again_and_holder_only_confirms(self):
        self.start_phones()
        self.behave("phone", "accept")
        attempt, escalation = self.push("phone")
        wait_until(lambda: self.log(verb="accept", status=200), "the acceptance")
        self.push("phone", attempt=attempt, escalation=escalation)
        update, _ = self.push("phone", escalation=escalation, kind="update")
        self.assertEqual(
            self.verbs(escalation, 3)[2], ("received", "xt_received", {"attempt": update})
        )
        wait_until(lambda: self.log(attempt=update, verb="received"), "the confirmation")
        self.assertEqual(len(self.log(repeat=True)), 1)
        self.assertEqual(len(self.gateway.requests), 3)

    def test_conflict_ends_the_play(self):
        self.gateway.answers["accept"] = [409]
        self.start_phones()
        self.behave("phone", "accept_then_done", agent_token="at_paul")
        self.push("phone")
        [line] = wait_until(lambda: self.log(verb="accept"), "the refusal")
        self.assertEqual((line["status"], line["answer"]["holder"]["name"]), (409, "Paul"))
        self.stop()
        self.assertEqual(len(self.gateway.requests), 2)

    def test_verb_is_repeated_while_the_gateway_is_away(self):
        self.gateway.answers["received"] = [503, 500]
        self.start_phones()
        self.behave("phone", "receive")
        _, escalation = self.push("phone")
        self.assertEqual(len(self.verbs(escalation, 3)), 3)
        wait_until(lambda: self.log(verb="received", status=200), "the confirmation")

    def test_script_and_lines_from_before_the_start(self):
        with open(self.path("script"), "w", encoding="utf-8") as file:
            file.write('# the night\n\n{"token": "phone", "behaviour": "receive", "count": 1}\n')
        _, first = self.push("phone")
        _, second = self.push("phone")
        self.start_phones("--script", self.path("script"))
        self.verbs(first, 1)
        wait_until(lambda: self.log(behaviour="dead", escalation=second), "the second push")

    def test_a_hundred_phones_at_once(self):
        self.start_phones()
        self.behave("*", "accept", answer_after_s=0.2)
        pushed = [self.push(f"phone-{i}") for i in range(100)]
        for _, escalation in pushed:
            self.assertEqual(len(self.verbs(escalation, 2)), 2)
        self.assertLessEqual(self.gateway.connections, simulator.WORKERS)

    def test_follows_a_file_that_is_replaced_and_half_written(self):
        self.start_phones()
        self.behave("*", "receive")
        _, first = self.push("phone")
        self.verbs(first, 1)
        os.unlink(self.path("received.jsonl"))
        _, second = self.push("phone")
        self.verbs(second, 1)
        with open(self.path("received.jsonl"), "a", encoding="utf-8") as file:
            file.write("{nonsense\n")
        _, third = self.push("phone")
        self.verbs(third, 1)

    def test_wrong_control_and_command_lines(self):
        self.start_phones()
        for command in (
            {"token": "phone"},
            {"token": "", "behaviour": "accept"},
            {"token": "phone", "behaviour": "sing"},
            {"token": "phone", "behaviour": "accept", "eta_s": 5},
            {"token": "phone", "behaviour": "accept_then_done", "agent_token": "ak_1"},
            {"token": "phone", "behaviour": "accept", "count": 1.5},
            {"statistics": True, "surplus": 1},
        ):
            with self.assertRaises(simulator.Invalid, msg=command):
                self.control(command)
        wrong = ("--dir", self.folder.name, "--gateway", "gateway:8080")
        self.assertEqual(self.run_wrong(*wrong), 2)
        self.assertEqual(self.run_wrong("--help"), 0)


class LifeTest(SimulatorTest):
    name = "telephony"

    def test_ends_with_its_parent(self):
        program = os.path.join(SUPPORT_DIR, "telephony-simulator")
        command = [program, "--dir", self.folder.name, "--secret", SECRET, "--die-with-parent"]
        source = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(600)"
        parent = subprocess.Popen([sys.executable, "-c", source])
        ready = self.path("telephony.ready")
        wait_until(lambda: os.path.exists(ready), "the ready file")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_until(lambda: not os.path.exists(ready), "the simulator's end")


class ExampleTest(unittest.TestCase):
    def test_verification_for_customers_knows_the_published_example(self):
        example = os.path.join(SUPPORT_DIR, "..", "..", "contrib", "examples", "verify_webhook.py")
        subprocess.run([example], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    unittest.main()

"""Push clients that nobody here wrote, from npm, against the provider simulator: they must work and
see the errors they know. What they need was installed by tests/foreign/install."""

import json
import os
import pathlib
import random
import subprocess
import unittest

from test_provider_simulator import PATIENCE_S, Simulator, SimulatorCase

SOURCE_DIR = pathlib.Path(os.environ.get("SOURCE_DIR", "../..")).resolve()
BUILD_DIR = pathlib.Path(os.environ.get("BUILD_DIR", SOURCE_DIR / "build/debug"))
SCRIPTS = SOURCE_DIR / "tests/foreign"
INSTALLED = SOURCE_DIR / "build/foreign"
PUSHES = 50
GONE_SINCE_MS = 1700000000123
TWO_HOURS_S = 7200


def run_client(name, task, routes=None, ca=None):
    """Runs tests/foreign/<name>.js with the pinned node; its answer."""
    node = INSTALLED / "node"
    if not node.exists():
        raise AssertionError(f"{node} is missing: run tests/foreign/install")
    environment = {
        "PATH": os.environ["PATH"], "NODE_PATH": str(INSTALLED / "node_modules"),
        "FOREIGN_ROUTES": json.dumps(routes or {}),
    }
    if ca:
        environment["NODE_EXTRA_CA_CERTS"] = ca
    done = subprocess.run(
        [node, "--require", SCRIPTS / "redirect.js", SCRIPTS / f"{name}.js"],
        input=json.dumps(task), capture_output=True, text=True, env=environment,
        timeout=PATIENCE_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{name}.js ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def devices(count):
    return [f"{number:064x}" for number in range(1, count + 1)]


class ApnsClients:
    """What both of Apple's clients must see; each test class below says which."""

    client = None

    def send(self, targets):
        ready = self.simulator.ready
        task = {
            "devices": targets, "port": ready["apns"], "key": ready["apns_key"],
            "keyId": ready["apns_key_id"], "teamId": ready["apns_team_id"],
            "topic": ready["apns_topic"], "data": self.id(),
        }
        return run_client(self.client, task, {"localhost:443": ready["apns"]}, ready["ca"])

    def received(self):
        """The log's lines of this test."""
        return [line for line in self.simulator.log()
                if self.id() in json.dumps(line["payload"])]

    def assert_seen(self, behaviour, status, reason, also=None):
        """A push that the simulator answers so is seen so; the one before it is accepted."""
        good, bad = "a1" * 32, "b2" * 32
        self.simulator.control(token=bad, behaviour=behaviour, **(also or {}))
        first, second = self.send([good, bad])
        self.assertEqual(first, {"device": good, "status": 200})
        self.assertEqual((second["device"], second.get("status"), second["reason"]),
                         (bad, status, reason))
        return second

    def test_accepted(self):
        targets = devices(PUSHES)
        self.assertEqual(self.send(targets), [{"device": t, "status": 200} for t in targets])
        lines = self.received()
        self.assertEqual(sorted(line["token"] for line in lines), targets)
        self.assertEqual({(line["status"], line["new"]) for line in lines}, {(200, True)})

    def test_unregistered(self):
        seen = self.assert_seen("gone", 410, "Unregistered", {"timestamp_ms": GONE_SINCE_MS})
        self.assertEqual(seen["timestamp"], GONE_SINCE_MS)

    def test_expired_token(self):
        seen = self.assert_seen("expired", 410, "ExpiredToken", {"timestamp_ms": GONE_SINCE_MS})
        self.assertEqual(seen["timestamp"], GONE_SINCE_MS)

    def test_bad_device_token(self):
        self.assert_seen("bad_token", 400, "BadDeviceToken")

    def test_device_token_not_for_topic(self):
        self.assert_seen("wrong_sender", 400, "DeviceTokenNotForTopic")

    def test_forbidden(self):
        self.assert_seen("forbidden", 403, "Forbidden")

    def test_too_many_requests(self):
        self.assert_seen("throttle", 429, "TooManyRequests", {"retry_after_s": 1})

    def test_service_unavailable(self):
        self.assert_seen("unavailable", 503, "ServiceUnavailable")

    def test_expired_provider_token(self):
        self.simulator.control(clock_offset_s=TWO_HOURS_S)
        try:
            [seen] = self.send(devices(1))
        finally:
            self.simulator.control(clock_offset_s=0)
        self.assertEqual((seen["status"], seen["reason"]), (403, "ExpiredProviderToken"))


class TestNodeApn(ApnsClients, SimulatorCase):
    client = "node_apn"


class TestApns2(ApnsClients, SimulatorCase):
    client = "apns2"


class TestFirebaseAdmin(SimulatorCase):
    """messaging() of firebase-admin, which believes that it speaks with Google."""

    options = ("--token-uri", "https://oauth2.googleapis.com/token")

    ERRORS = {  # what the simulator is told: what the client calls it
        "gone": "messaging/registration-token-not-registered",
        "wrong_sender": "messaging/mismatched-credential",
        "bad_token": "messaging/invalid-argument",
        "throttle": "messaging/message-rate-exceeded",
        "forbidden": "messaging/third-party-auth-error",
    }

    def send(self, targets, each):
        ready, account = self.simulator.ready, self.simulator.account
        task = {"devices": targets, "serviceAccount": account, "each": each, "data": self.id()}
        routes = {"fcm.googleapis.com:443": ready["fcm"],
                  "oauth2.googleapis.com:443": ready["oauth"]}
        return run_client("firebase_admin", task, routes, ready["ca"])

    def check_accepted(self, each):
        targets = [f"token-{number:02}" for number in range(PUSHES)]
        answers = self.send(targets, each)
        lines = {line["token"]: line for line in self.simulator.log()
                 if self.id() in json.dumps(line["payload"])}
        self.assertEqual(sorted(lines), targets)
        self.assertEqual(answers, [{"device": t, "messageId": lines[t]["provider_id"]}
                                   for t in targets])

    def check_errors(self, each):
        for behaviour in self.ERRORS:
            self.simulator.control(token=f"token-{behaviour}", behaviour=behaviour)
        answers = self.send([f"token-{behaviour}" for behaviour in self.ERRORS], each)
        self.assertEqual({answer["device"].removeprefix("token-"): answer.get("code")
                          for answer in answers}, self.ERRORS)

    def test_accepted__each(self):
        self.check_accepted(True)

    def test_accepted__one_by_one(self):
        self.check_accepted(False)

    def test_errors__each(self):
        self.check_errors(True)

    def test_errors__one_by_one(self):
        self.check_errors(False)


class TestWebPush(SimulatorCase):
    """web-push, whose own encryption and VAPID token the simulator has to take."""

    ERRORS = {"gone": 410, "expired": 404, "too_large": 413, "throttle": 429, "unavailable": 503}

    def subscribe(self, name):
        answer = self.simulator.control(subscription=name)
        return {member: answer[member] for member in ("endpoint", "p256dh", "auth")}

    def send(self, messages):
        return run_client("web_push", {"messages": messages}, ca=self.simulator.ready["ca"])

    def test_accepted(self):
        texts = {f"accepted-{number}": f"{self.id()} {number} é" + number * 50 * "x"
                 for number in range(PUSHES)}
        answers = self.send([{**self.subscribe(name), "text": text}
                             for name, text in texts.items()])
        self.assertEqual([answer["status"] for answer in answers], [201] * PUSHES)
        lines = {line["token"]: line for line in self.simulator.log() if line["token"] in texts}
        self.assertEqual({name: line["plain"] for name, line in lines.items()}, texts)
        self.assertEqual([answer["location"] for answer in answers],
                         [lines[name]["provider_id"] for name in texts])

    def test_errors(self):
        messages = []
        for behaviour in self.ERRORS:
            name = f"errors-{behaviour}"
            messages.append({**self.subscribe(name), "text": "x"})
            self.simulator.control(token=name, behaviour=behaviour, retry_after_s=7)
        answers = self.send(messages)
        self.assertEqual(dict(zip(self.ERRORS, (answer["status"] for answer in answers))),
                         self.ERRORS)
        self.assertEqual([answer["retryAfter"] for answer in answers if "retryAfter" in answer],
                         ["7", "7"])

    def test_errors__too_large_by_itself(self):
        [answer] = self.send([{**self.subscribe("too-large"), "text": "x" * 4096}])
        self.assertEqual(answer["status"], 413)


class TestHttpEce(unittest.TestCase):
    """http_ece decrypts what the push library encrypts."""

    RECORDS = 200
    # RFC 8291, section 4: a record of 4096 bytes, less header, delimiter and tag.
    PLAIN_BYTES_MAX = 4096 - 86 - 1 - 16

    def test_decrypts(self):
        lengths = [0, 1, 126, 127, 128, 129, self.PLAIN_BYTES_MAX - 1, self.PLAIN_BYTES_MAX]
        lengths += [random.randint(0, self.PLAIN_BYTES_MAX)
                    for _ in range(self.RECORDS - len(lengths))]
        task = {"program": str(BUILD_DIR / "tests/foreign/seal-records"), "receivers": 20,
                "lengths": lengths}
        self.assertEqual(run_client("http_ece", task), [])


if __name__ == "__main__":
    unittest.main()

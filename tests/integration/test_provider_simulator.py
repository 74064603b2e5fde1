"""The provider simulator, seen from outside with curl: what it takes and refuses, how it fails."""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

SIMULATOR = os.environ.get("PROVIDER_SIMULATOR", "build/debug/tests/support/provider-simulator")
PATIENCE_S = 60  # only a hang reaches it
SHORT_S = "0.5"  # how long curl waits for an answer that must not come
DEVICE = "ab" * 32
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CURL_REFUSED, CURL_TIMEOUT = 7, 28


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


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der):
    """R and S of an ECDSA signature, 32 bytes each (RFC 7518, section 3.4)."""
    at, out = 2, b""
    for _ in range(2):
        size = der[at + 1]
        out += int.from_bytes(der[at + 2 : at + 2 + size], "big").to_bytes(32, "big")
        at += 2 + size
    return out


def sign(key_file, header, claims):
    """A JWT signed by openssl as the header's alg says."""
    parts = base64url(json.dumps(header).encode()) + "." + base64url(json.dumps(claims).encode())
    if header["alg"] == "none":
        return parts + "."
    if header["alg"] == "HS256":
        with open(key_file, "rb") as file:
            mac = hmac.new(file.read(), parts.encode(), hashlib.sha256).digest()
        return parts + "." + base64url(mac)
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key_file],
        input=parts.encode(), stdout=subprocess.PIPE, check=True,
    ).stdout
    if header["alg"] == "ES256":
        signature = raw_signature(signature)
    return parts + "." + base64url(signature)


class Answer:
    """What curl got: exit code, status, headers and body of the last response."""

    def __init__(self, exit_code, output):
        self.exit_code = exit_code
        self.status, self.headers, self.body = 0, {}, b""
        self.statuses = []
        rest = output
        while rest.startswith(b"HTTP/2 "):
            head, _, rest = rest.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            self.status = int(lines[0].split()[1])
            self.statuses.append(self.status)
            self.headers = dict(line.split(": ", 1) for line in lines[1:])
            size = int(self.headers.get("content-length", -1))
            following = rest.find(b"HTTP/2 ") if size < 0 else size
            self.body = rest[:following] if following >= 0 else rest
            rest = rest[following:] if following >= 0 else b""

    @property
    def json(self):
        return json.loads(self.body)


class Simulator:
    """A running provider-simulator with its own folder."""

    def __init__(self, *options, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="provider-")
        self.process = subprocess.Popen(
            [SIMULATOR, "--dir", self.folder, *options], stderr=subprocess.PIPE
        )
        path = os.path.join(self.folder, "provider.ready")
        wait_until(lambda: os.path.exists(path) or self.process.poll() is not None, "readiness")
        if self.process.poll() is not None:
            raise AssertionError(self.process.stderr.read().decode())
        with open(path, encoding="utf-8") as file:
            self.ready = json.load(file)
        with open(self.ready["service_account"], encoding="utf-8") as file:
            self.account = json.load(file)
        self.provider_token = self.make_provider_token()

    def stop(self, keep=False):
        """Ends it; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        self.errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        if not keep:
            shutil.rmtree(self.folder)
        return status

    def make_provider_token(self, key=None, header=None, **claims):
        now = int(time.time())
        return sign(
            key or self.ready["apns_key"],
            {"alg": "ES256", "kid": self.ready["apns_key_id"], **(header or {})},
            {"iss": self.ready["apns_team_id"], "iat": now, **claims},
        )

    def make_assertion(self, key=None, header=None, **claims):
        now = int(time.time())
        return sign(
            key or os.path.join(self.folder, "google.key"),
            {"alg": "RS256", "kid": self.account["private_key_id"], **(header or {})},
            {"iss": self.account["client_email"], "scope": SCOPE,
             "aud": self.account["token_uri"], "iat": now, "exp": now + 3600, **claims},
        )

    def curl(self, *arguments):
        done = subprocess.run(
            ["curl", "-s", "-i", "--http2", "--cacert", self.ready["ca"], *arguments],
            stdout=subprocess.PIPE, timeout=PATIENCE_S,
        )
        return Answer(done.returncode, done.stdout)

    def apns_arguments(self, device=DEVICE, payload='{"aps":{"alert":"x"}}', path=None, **changes):
        """A good request; a change of None leaves the header out, `also` adds raw lines."""
        also = changes.pop("also", [])
        headers = {
            "authorization": "bearer " + self.provider_token,
            "apns-topic": self.ready["apns_topic"], "apns-push-type": "alert",
            "apns-priority": "10", "apns-id": str(uuid.uuid4()), "apns-expiration": "0",
            "apns-collapse-id": "c1", "content-type": "application/json",
        }
        headers.update({name.replace("_", "-"): value for name, value in changes.items()})
        arguments = []
        for name, value in headers.items():
            if value is not None:
                arguments += ["-H", f"{name}: {value}" if value else f"{name};"]
        for line in also:
            arguments += ["-H", line]
        url = f"https://localhost:{self.ready['apns']}{path or '/3/device/' + device}"
        return [*arguments, "--data-binary", payload, url]

    def push(self, *curl, **changes):
        return self.curl(*curl, *self.apns_arguments(**changes))

    def authorize(self, assertion=None, **changes):
        form = {"grant_type": GRANT_TYPE, "assertion": assertion or self.make_assertion()}
        form.update(changes)
        body = urllib.parse.urlencode({k: v for k, v in form.items() if v is not None})
        return self.curl("-d", body, self.account["token_uri"])

    def send(self, bearer, message, *curl, path=None, envelope=None, raw=None):
        path = path or f"/v1/projects/{self.ready['project']}/messages:send"
        body = raw if raw is not None else json.dumps({"message": message, **(envelope or {})})
        arguments = ["-H", f"authorization: Bearer {bearer}"] if bearer else []
        return self.curl(
            *arguments, "-H", "content-type: application/json", *curl,
            "--data-binary", body, f"https://localhost:{self.ready['fcm']}{path}",
        )

    def control_raw(self, line):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE_S)
            peer.connect(self.ready["control"])
            peer.sendall(line)
            return json.loads(peer.makefile().readline() or "null")

    def control(self, **command):
        answer = self.control_raw(json.dumps(command).encode() + b"\n")
        if not answer["ok"]:
            raise AssertionError(answer)
        return answer

    def log(self):
        with open(os.path.join(self.folder, "received.jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]


class SimulatorCase(unittest.TestCase):
    """One simulator for a class of tests."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator(*cls.options)

    @classmethod
    def tearDownClass(cls):
        status = cls.simulator.stop()
        if status != 0:
            raise AssertionError(f"exit status {status}: {cls.simulator.errors}")

    def setUp(self):
        self.simulator.control(reset=True)

    def assert_reason(self, answer, status, reason):
        self.assertEqual((answer.status, answer.body and answer.json["reason"]), (status, reason))


class TestApns(SimulatorCase):
    def test_accept(self):
        message_id = str(uuid.uuid4())
        first = self.simulator.push(apns_id=message_id)
        second = self.simulator.push(apns_id=message_id)
        self.assertEqual((first.status, first.body), (200, b""))
        self.assertEqual(first.headers["apns-id"], message_id)
        self.assertEqual(second.status, 200)
        lines = [line for line in self.simulator.log() if line["id"] == message_id]
        self.assertEqual([line["new"] for line in lines], [True, False])
        line = lines[0]
        self.assertEqual(
            [line[name] for name in ("provider", "token", "status", "reason", "provider_id",
                                     "priority", "push_type", "collapse_id", "expiration")],
            ["apns", DEVICE, 200, "", message_id, "10", "alert", "c1", "0"])
        self.assertEqual(line["payload"], {"aps": {"alert": "x"}})

    def test_accept__what_is_optional(self):
        answer = self.simulator.push(apns_id=None, apns_priority=None, apns_expiration=None,
                                     apns_collapse_id=None)
        self.assertEqual(answer.status, 200)
        self.assertTrue(uuid.UUID(answer.headers["apns-id"]))

    def test_accept__at_the_limits(self):
        frame = len('{"aps":{"alert":""}}')
        rows = [
            {"payload": '{"aps":{"alert":"%s"}}' % ("x" * (4096 - frame))},
            {"payload": '{"aps":{"alert":"%s"}}' % ("x" * (5120 - frame)),
             "apns_push_type": "voip", "apns_topic": self.simulator.ready["apns_topic"] + ".voip"},
            {"apns_collapse_id": "x" * 64},
            {"apns_push_type": "background", "apns_priority": "5",
             "payload": '{"aps":{"content-available":1}}'},
            {"apns_priority": "1"},
            {"device": "0F"},
            {"payload": '{"aps":{"sound":{"critical":1,"name":"a","volume":0.5},'
                        '"interruption-level":"critical"},"é":[1e3,-0.5,null]}'},
            {"payload": '\n{ "aps" : {\r\n} , "a" : [ ] }\n'},
        ]
        for row in rows:
            with self.subTest(**row):
                self.assertEqual(self.simulator.push(**row).status, 200)

    def test_refusals(self):
        topic = self.simulator.ready["apns_topic"]
        rows = [
            (405, "MethodNotAllowed", {"curl": ["-X", "GET"]}),
            (404, "BadPath", {"path": "/3/devices/" + DEVICE}),
            (400, "MissingDeviceToken", {"path": "/3/device/"}),
            (400, "BadDeviceToken", {"device": "xyz0"}),
            (400, "BadDeviceToken", {"device": "abc"}),
            (400, "BadDeviceToken", {"device": DEVICE + "/x"}),
            (400, "DuplicateHeaders", {"also": ["apns-topic: " + topic]}),
            (400, "BadMessageId", {"apns_id": "1"}),
            (400, "BadMessageId", {"apns_id": str(uuid.uuid4()).replace("-", "_")}),
            (400, "BadMessageId", {"apns_id": "0190A0B0-0000-7000-8000-000000000001"}),
            (400, "MissingTopic", {"apns_topic": None}),
            (400, "BadTopic", {"apns_topic": "fr astreinte"}),
            (400, "BadTopic", {"apns_topic": ""}),
            (400, "TopicDisallowed", {"apns_topic": "com.example"}),
            (400, "TopicDisallowed", {"apns_topic": topic + ".voip"}),
            (400, "TopicDisallowed", {"apns_push_type": "voip"}),
            (400, "InvalidPushType", {"apns_push_type": "loud"}),
            (400, "InvalidPushType", {"apns_push_type": None}),
            (400, "BadPriority", {"apns_priority": "7"}),
            (400, "BadPriority", {"apns_priority": "010"}),
            (400, "BadPriority", {"apns_push_type": "background"}),
            (400, "BadPriority", {"apns_push_type": "background", "apns_priority": None}),
            (400, "BadExpirationDate", {"apns_expiration": "soon"}),
            (400, "BadExpirationDate", {"apns_expiration": "-1"}),
            (400, "BadCollapseId", {"apns_collapse_id": "x" * 65}),
            (413, "PayloadTooLarge", {"payload": '{"aps":{"alert":"%s"}}' % ("x" * 4077)}),
            (413, "PayloadTooLarge", {"payload": "x" * 100000}),
            (400, "PayloadEmpty", {"payload": ""}),
            (400, "PayloadEmpty", {"payload": "[]"}),
            (400, "PayloadEmpty", {"payload": "{}"}),
            (400, "PayloadEmpty", {"payload": '{"aps":1}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{},}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{}} x'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{"badge":01}}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{"alert":"\\x"}}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{"alert":"\t"}}'}),
            (400, "PayloadEmpty", {"payload": b'{"aps":{"alert":"\xff"}}'}),
            (400, "PayloadEmpty", {"payload": '{"a":' * 70 + "1" + "}" * 70}),
            (400, "PayloadEmpty", {"payload": '{"aps":{"sound":1}}'}),
            (400, "PayloadEmpty", {"payload": '{"aps":{"interruption-level":"loud"}}'}),
        ]
        for status, reason, changes in rows:
            with self.subTest(reason=reason, **changes):
                changes = dict(changes)
                self.assert_reason(self.simulator.push(*changes.pop("curl", []), **changes),
                                   status, reason)
                line = self.simulator.log()[-1]
                self.assertEqual((line["status"], line["reason"], line["payload"]),
                                 (status, reason, None))

    def test_refusals__provider_token(self):
        make, now = self.simulator.make_provider_token, int(time.time())
        foreign = os.path.join(self.simulator.folder, "foreign.key")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                        "-out", foreign], check=True)
        google = os.path.join(self.simulator.folder, "google.key")
        good = self.simulator.provider_token
        head, claims, signature = good.split(".")
        rows = [
            ("MissingProviderToken", None),
            ("MissingProviderToken", "basic x"),
            ("MissingProviderToken", "bearer"),
            ("InvalidProviderToken", "bearer x"),
            ("InvalidProviderToken", "bearer a.b.c"),
            ("InvalidProviderToken", "bearer " + good + ".x"),
            ("InvalidProviderToken", "bearer " + "x" * 2000),
            ("InvalidProviderToken", f"bearer {head}.{claims}."),
            ("InvalidProviderToken", f"bearer {head}.{claims}.{signature}=="),
            ("InvalidProviderToken", f"bearer {head}.{claims}.{signature[:-8]}"),
            ("InvalidProviderToken", f"bearer {head}.{claims}.{'A' * len(signature)}"),
            ("InvalidProviderToken", "bearer " + make(header={"alg": "none"})),
            ("InvalidProviderToken", "bearer " + make(header={"alg": "HS256"})),
            ("InvalidProviderToken", "bearer " + make(key=google, header={"alg": "RS256"})),
            ("InvalidProviderToken", "bearer " + make(key=foreign)),
            ("InvalidProviderToken", "bearer " + make(header={"kid": "XXXXXXXXXX"})),
            ("InvalidProviderToken", "bearer " + make(iss="XXXXXXXXXX")),
            ("InvalidProviderToken", "bearer " + make(iat="now")),
            ("InvalidProviderToken", "bearer " + make(iat=now + 600)),
            ("ExpiredProviderToken", "bearer " + make(iat=now - 3700)),
        ]
        for reason, authorization in rows:
            with self.subTest(reason=reason, authorization=authorization):
                self.assert_reason(self.simulator.push(authorization=authorization), 403, reason)
        self.assertIn("date", self.simulator.push(authorization=None).headers)
        self.assertEqual(self.simulator.push(authorization="Bearer " + good).status, 200)

    def test_token_update__too_soon_on_one_connection(self):
        other = "bearer " + self.simulator.make_provider_token(iat=int(time.time()) - 60)
        first = self.simulator.apns_arguments()
        second = self.simulator.apns_arguments(authorization=other)
        one = ["-s", "-i", "--http2", "--cacert", self.simulator.ready["ca"]]
        answer = self.simulator.curl(*first, "--next", *one, *second, "--next", *one, *first)
        self.assertEqual(answer.statuses, [200, 429, 200])
        self.assertEqual(self.simulator.log()[-2]["reason"], "TooManyProviderTokenUpdates")
        self.assertEqual(self.simulator.push(authorization=other).status, 200)

    def test_clock_offset(self):
        for offset_s, reason in ((4000, "ExpiredProviderToken"), (-600, "InvalidProviderToken")):
            with self.subTest(offset_s=offset_s):
                self.simulator.control(clock_offset_s=offset_s)
                self.assert_reason(self.simulator.push(), 403, reason)
        self.simulator.control(clock_offset_s=0)
        self.assertEqual(self.simulator.push().status, 200)

    def test_streams__one_until_a_valid_token(self):
        if shutil.which("nghttp") is None:
            self.skipTest("nghttp is not installed")
        arguments = self.simulator.apns_arguments()
        headers = [x for x in arguments if re.match(r"a(pns|uth)[a-z-]*: ", x)]
        with tempfile.NamedTemporaryFile() as body:
            body.write(b'{"aps":{}}')
            body.flush()
            output = subprocess.run(
                ["nghttp", "-nv", *[x for header in headers for x in ("-H", header)],
                 "-d", body.name, arguments[-1]],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=PATIENCE_S, check=True).stdout.decode()
        received = output[output.index("recv SETTINGS"):]
        limits = re.findall(r"recv SETTINGS|MAX_CONCURRENT_STREAMS\(0x03\):(\d+)", received)
        self.assertIn(":status: 200", output)
        self.assertEqual([int(x) for x in limits if x and x != "100"], [1, 1000])


class TestApnsBehaviours(SimulatorCase):
    def test_answers(self):
        rows = [
            ("gone", 410, "Unregistered"), ("expired", 410, "ExpiredToken"),
            ("bad_token", 400, "BadDeviceToken"), ("wrong_sender", 400, "DeviceTokenNotForTopic"),
            ("forbidden", 403, "Forbidden"), ("throttle", 429, "TooManyRequests"),
            ("error", 500, "InternalServerError"), ("unavailable", 503, "ServiceUnavailable"),
        ]
        for behaviour, status, reason in rows:
            with self.subTest(behaviour=behaviour):
                self.simulator.control(token=DEVICE, behaviour=behaviour, count=1,
                                       retry_after_s=2, timestamp_ms=1700000000123)
                answer = self.simulator.push()
                self.assert_reason(answer, status, reason)
                self.assertEqual(answer.json.get("timestamp"),
                                 1700000000123 if status == 410 else None)
                self.assertEqual(answer.headers.get("retry-after"),
                                 "2" if status in (429, 503) else None)
                self.assertEqual(self.simulator.push().status, 200)

    def test_token__others_are_accepted(self):
        self.simulator.control(token=DEVICE, behaviour="error")
        self.assertEqual(self.simulator.push(device="cd").status, 200)
        self.assertEqual([self.simulator.push().status for _ in range(3)], [500] * 3)
        self.simulator.control(token=DEVICE, behaviour="accept")
        self.assertEqual(self.simulator.push().status, 200)

    def test_provider(self):
        self.simulator.control(provider="apns", behaviour="unavailable", retry_after_s=1, count=2)
        self.assertEqual([self.simulator.push().status for _ in range(3)], [503, 503, 200])

    def test_silent(self):
        self.simulator.control(token=DEVICE, behaviour="silent", count=1)
        self.assertEqual(self.simulator.push("-m", SHORT_S).exit_code, CURL_TIMEOUT)
        line = self.simulator.log()[-1]
        self.assertEqual((line["status"], line["reason"]), (0, "silent"))
        self.assertEqual(line["payload"], {"aps": {"alert": "x"}})

    def test_cut(self):
        self.simulator.control(token=DEVICE, behaviour="cut")
        self.assertNotEqual(self.simulator.push().exit_code, 0)
        self.assertEqual(self.simulator.log()[-1]["reason"], "cut")

    def test_unprocessed__a_client_tries_again_elsewhere(self):
        for behaviour in ("goaway", "refuse_stream"):
            with self.subTest(behaviour=behaviour):
                message_id = str(uuid.uuid4())
                self.simulator.control(token=DEVICE, behaviour=behaviour, count=1)
                answer = self.simulator.push(apns_id=message_id)
                lines = [line for line in self.simulator.log() if line["id"] == message_id]
                self.assertEqual(lines[0]["reason"], behaviour)
                if answer.status != 0:  # curl's choice; what counts is that it was not processed
                    self.assertEqual([line["status"] for line in lines], [0, 200])

    def test_goaway_at(self):
        before = self.simulator.control(statistics=True)["apns"]["goaways"]
        self.simulator.control(provider="apns", goaway_at=2)
        self.assertEqual([self.simulator.push().status for _ in range(3)], [200] * 3)
        self.assertEqual(self.simulator.control(statistics=True)["apns"]["goaways"], before + 1)

    def test_down(self):
        self.simulator.control(provider="apns", down=True)
        self.assertEqual(self.simulator.push().exit_code, CURL_REFUSED)
        self.simulator.control(provider="apns", down=True)
        self.simulator.control(provider="apns", down=False)
        self.assertEqual(self.simulator.push().status, 200)

    def test_down__existing_connections_are_cut(self):
        self.simulator.control(token=DEVICE, behaviour="silent", count=1)
        waiting = subprocess.Popen(
            ["curl", "-s", "--http2", "--cacert", self.simulator.ready["ca"], "-m",
             str(PATIENCE_S), *self.simulator.apns_arguments()], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.control(statistics=True)["apns"]["streams_open"] == 1,
                   "the silent stream")
        self.simulator.control(provider="apns", down=True)
        self.assertNotIn(waiting.wait(PATIENCE_S), (0, CURL_TIMEOUT))
        self.simulator.control(provider="apns", down=False)

    def test_freeze(self):
        self.simulator.control(provider="apns", freeze=True)
        self.assertEqual(self.simulator.push("-m", SHORT_S).exit_code, CURL_TIMEOUT)
        waiting = subprocess.Popen(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--http2", "--cacert",
             self.simulator.ready["ca"], *self.simulator.apns_arguments()],
            stdout=subprocess.PIPE)
        self.simulator.control(provider="apns", freeze=False)
        self.assertEqual(waiting.communicate(timeout=PATIENCE_S)[0], b"200")


class TestFcm(SimulatorCase):
    MESSAGE = {"token": "t1", "data": {"attempt": "a1"},
               "android": {"priority": "high", "ttl": "30s", "collapse_key": "e1"}}

    def setUp(self):
        super().setUp()
        self.bearer = self.simulator.authorize().json["access_token"]

    def test_accept(self):
        answer = self.simulator.send(self.bearer, self.MESSAGE)
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.json["name"], r"^projects/astreinte-test/messages/0:\d+%[0-9a-f]+$")
        line = self.simulator.log()[-1]
        self.assertEqual(
            [line[name] for name in ("provider", "id", "token", "status", "provider_id", "priority",
                                     "collapse_id", "expiration", "payload")],
            ["fcm", "a1", "t1", 200, answer.json["name"], "high", "e1", "30s", self.MESSAGE])

    def test_refusals__message(self):
        rows = [
            {"data": {}}, {"token": ""}, {"token": "t", "topic": "x"}, {"token": 1},
            {"token": "t", "colour": "red"}, {"token": "t", "data": {"a": 1}},
            {"token": "t", "data": {"from": "x"}}, {"token": "t", "data": {"google.a": "x"}},
            {"token": "t", "data": "x"}, {"token": "t", "data": {"a": "x" * 4096}},
            {"token": "t", "android": {"priority": "urgent"}},
            {"token": "t", "android": {"ttl": 30}}, {"token": "t", "android": {"ttl": "30"}},
            {"token": "t", "android": {"ttl": "-1s"}}, {"token": "t", "android": {"ttl": "s"}},
            {"token": "t", "android": {"ttl": "2419201s"}},
            {"token": "t", "android": {"urgent": True}},
            {"token": "t", "android": {"direct_boot_ok": "yes"}},
            {"token": "t", "android": {"notification": {"channel": "x"}}},
            {"token": "t", "notification": {"text": "x"}},
        ]
        for message in rows:
            with self.subTest(message=message):
                self.assert_fault(self.simulator.send(self.bearer, message), 400,
                                  "INVALID_ARGUMENT", "INVALID_ARGUMENT")
        send = self.simulator.send
        for changes in ({"envelope": {"messages": []}}, {"raw": "x"}, {"raw": "[]"}, {"raw": "{}"},
                        {"raw": ""}):
            with self.subTest(**changes):
                self.assert_fault(send(self.bearer, self.MESSAGE, **changes), 400,
                                  "INVALID_ARGUMENT", "INVALID_ARGUMENT")

    def assert_fault(self, answer, status, name, code=None):
        self.assertEqual(answer.status, status)
        error = answer.json["error"]
        self.assertEqual((error["code"], error["status"]), (status, name))
        codes = [detail["errorCode"] for detail in error["details"] if "errorCode" in detail]
        self.assertEqual(codes, [code] if code else [])

    def test_refusals__request(self):
        send = self.simulator.send
        self.assert_fault(send(None, self.MESSAGE), 401, "UNAUTHENTICATED")
        self.assert_fault(send("ya29.c.x", self.MESSAGE), 401, "UNAUTHENTICATED")
        self.assert_fault(send(self.bearer, self.MESSAGE, path="/v1/projects/x/messages:send"),
                          403, "PERMISSION_DENIED")
        self.assert_fault(send(self.bearer, self.MESSAGE, path="/v1/messages:send"),
                          404, "NOT_FOUND")
        self.assert_fault(send(self.bearer, self.MESSAGE, "-X", "PUT"), 405, "INVALID_ARGUMENT")
        self.assert_fault(send(self.bearer, self.MESSAGE, raw="x" * 70000), 413,
                          "INVALID_ARGUMENT")

    def test_bearer__expired_and_revoked(self):
        self.simulator.control(clock_offset_s=3700)
        self.assert_fault(self.simulator.send(self.bearer, self.MESSAGE), 401, "UNAUTHENTICATED")
        self.simulator.control(clock_offset_s=0)
        self.assertEqual(self.simulator.send(self.bearer, self.MESSAGE).status, 200)
        self.simulator.control(provider="oauth", revoke=True)
        self.assert_fault(self.simulator.send(self.bearer, self.MESSAGE), 401, "UNAUTHENTICATED")

    def test_behaviours(self):
        rows = [
            ("gone", 404, "NOT_FOUND", "UNREGISTERED"),
            ("bad_token", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
            ("wrong_sender", 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
            ("forbidden", 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
            ("throttle", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
            ("error", 500, "INTERNAL", "INTERNAL"),
            ("unavailable", 503, "UNAVAILABLE", "UNAVAILABLE"),
        ]
        for behaviour, status, name, code in rows:
            with self.subTest(behaviour=behaviour):
                self.simulator.control(token="t1", behaviour=behaviour, count=1, retry_after_s=3)
                answer = self.simulator.send(self.bearer, self.MESSAGE)
                self.assert_fault(answer, status, name, code)
                self.assertEqual(answer.headers.get("retry-after"),
                                 "3" if status in (429, 503) else None)
                self.assertEqual(self.simulator.send(self.bearer, self.MESSAGE).status, 200)


class TestOauth(SimulatorCase):
    def test_accept(self):
        answer = self.simulator.authorize()
        self.assertEqual(answer.status, 200)
        self.assertEqual((answer.json["expires_in"], answer.json["token_type"]), (3599, "Bearer"))

    def test_refusals(self):
        make, now = self.simulator.make_assertion, int(time.time())
        apns_key = self.simulator.ready["apns_key"]
        rows = [
            ("unsupported_grant_type", {"grant_type": "password"}),
            ("invalid_request", {"grant_type": None}),
            ("invalid_request", {"assertion": ""}),
            ("invalid_grant", {"assertion": "x"}),
            ("invalid_grant", {"assertion": make(header={"alg": "none"})}),
            ("invalid_grant", {"assertion": make(header={"alg": "HS256"})}),
            ("invalid_grant", {"assertion": make(key=apns_key, header={"alg": "ES256"})}),
            ("invalid_grant", {"assertion": make(header={"kid": "x"})}),
            ("invalid_grant", {"assertion": make(iss="x@example.com")}),
            ("invalid_grant", {"assertion": make(aud="https://oauth2.googleapis.com/token")}),
            ("invalid_grant", {"assertion": make(exp=now + 4000)}),
            ("invalid_grant", {"assertion": make(iat=now - 3700, exp=now - 100)}),
            ("invalid_grant", {"assertion": make(iat=now + 600, exp=now + 1200)}),
            ("invalid_grant", {"assertion": make(iat=None)}),
            ("invalid_scope", {"assertion": make(scope="https://www.googleapis.com/auth/drive")}),
            ("invalid_scope", {"assertion": make(scope=SCOPE + "x")}),
        ]
        for error, changes in rows:
            with self.subTest(error=error, **changes):
                if changes.get("assertion") == "":
                    changes = {"assertion": " ", "grant_type": GRANT_TYPE}
                    form = urllib.parse.urlencode({"grant_type": GRANT_TYPE})
                    answer = self.simulator.curl("-d", form, self.simulator.account["token_uri"])
                else:
                    answer = self.simulator.authorize(**changes)
                self.assertEqual((answer.status, answer.json["error"]), (400, error))

    def test_refusals__request(self):
        uri = self.simulator.account["token_uri"]
        self.assertEqual(self.simulator.curl(uri).status, 405)
        self.assertEqual(self.simulator.curl("-d", "a=b", uri + "s").status, 404)
        self.assertEqual(self.simulator.curl("-H", "content-type: application/json", "-d", "{}",
                                             uri).status, 400)
        self.assertEqual(self.simulator.curl("-d", "grant_type=%zz", uri).status, 400)

    def test_behaviours(self):
        for behaviour, status in (("throttle", 429), ("error", 500), ("unavailable", 503),
                                  ("bad_token", 400)):
            with self.subTest(behaviour=behaviour):
                self.simulator.control(provider="oauth", behaviour=behaviour, count=1)
                self.assertEqual(self.simulator.authorize().status, status)
                self.assertEqual(self.simulator.authorize().status, 200)


class TestControl(SimulatorCase):
    def test_refusals(self):
        rows = [
            b"x\n", b"[]\n", b"{}\n", b'{"what":1}\n', b'{"token":"t"}\n',
            b'{"token":"","behaviour":"accept"}\n', b'{"token":"t","behaviour":"dance"}\n',
            b'{"token":"t","behaviour":"gone","count":0}\n',
            b'{"token":"t","behaviour":"gone","colour":1}\n',
            b'{"provider":"apple","down":true}\n', b'{"provider":"apns"}\n',
            b'{"provider":"apns","down":"yes"}\n', b'{"provider":"apns","max_streams":1001}\n',
            b'{"provider":"apns","goaway_at":-1}\n', b'{"clock_offset_s":"x"}\n',
        ]
        for line in rows:
            with self.subTest(line=line):
                answer = self.simulator.control_raw(line)
                self.assertFalse(answer["ok"])
                self.assertTrue(answer["error"])

    def test_line__too_long(self):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE_S)
            peer.connect(self.simulator.ready["control"])
            try:
                peer.sendall(b"x" * 200000)
                self.assertEqual(peer.recv(1), b"")
            except (BrokenPipeError, ConnectionResetError):
                pass
        self.assertTrue(self.simulator.control(statistics=True)["ok"])

    def test_lines__several_at_once(self):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE_S)
            peer.connect(self.simulator.ready["control"])
            count = 5000  # more than the socket holds
            lines = [json.dumps({"token": f"many{i}", "behaviour": "gone"}) for i in range(count)]
            writer = threading.Thread(
                target=peer.sendall, args=[("\n".join(lines) + "\n").encode()])
            writer.start()
            self.addCleanup(writer.join)
            reader = peer.makefile()
            time.sleep(float(SHORT_S))  # both directions fill up before anything is read
            for _ in range(count):
                self.assertTrue(json.loads(reader.readline())["ok"])
        self.assertEqual(self.simulator.control(statistics=True)["tokens_scripted"], count)

    def test_http1_is_refused(self):
        done = subprocess.run(["curl", "-s", "--http1.1", "--cacert", self.simulator.ready["ca"],
                               *self.simulator.apns_arguments()], stdout=subprocess.DEVNULL,
                              timeout=PATIENCE_S)
        self.assertNotEqual(done.returncode, 0)


class TestProcess(unittest.TestCase):
    def test_restart__keys_and_log_stay(self):
        first = Simulator()
        token = first.provider_token
        self.assertEqual(first.push().status, 200)
        self.assertEqual(first.stop(keep=True), 0)
        self.assertFalse(os.path.exists(os.path.join(first.folder, "provider.ready")))
        second = Simulator(folder=first.folder)
        self.assertEqual(second.push(authorization="bearer " + token).status, 200)
        self.assertEqual(len(second.log()), 2)
        self.assertEqual(second.stop(), 0)

    def test_options(self):
        simulator = Simulator("--no-log", "--key-id", "K", "--team-id", "T", "--topic", "a.b",
                              "--project", "p", "--token-age-s", "5", "--oauth-expires-s", "7",
                              "--max-streams", "3", "--token-update-s", "0")
        self.addCleanup(simulator.stop)
        self.assertEqual(simulator.push().status, 200)
        self.assertEqual(simulator.authorize().json["expires_in"], 7)
        self.assertFalse(os.path.exists(os.path.join(simulator.folder, "received.jsonl")))
        old = "bearer " + simulator.make_provider_token(iat=int(time.time()) - 60)
        self.assertEqual(simulator.push(authorization=old).json["reason"], "ExpiredProviderToken")

    def test_usage(self):
        self.assertEqual(subprocess.run([SIMULATOR, "--help"], stdout=subprocess.DEVNULL,
                                        check=False).returncode, 0)
        for arguments in ([], ["--dance"], ["--dir", ""], ["--dir", "x", "--apns-port", "70000"],
                          ["--dir", "x", "y"], ["--dir", "x", "--max-streams", "0"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(subprocess.run([SIMULATOR, *arguments], check=False,
                                                stderr=subprocess.DEVNULL).returncode, 64)

    def test_die_with_parent(self):
        with tempfile.TemporaryDirectory() as folder:
            script = '"$0" --dir "$1" --die-with-parent & echo $!; read -r _'
            parent = subprocess.Popen(["sh", "-c", script, SIMULATOR, folder],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
            ready = os.path.join(folder, "provider.ready")
            wait_until(lambda: os.path.exists(ready), "the ready file")
            parent.kill()
            parent.wait()
            wait_until(lambda: not os.path.exists(ready), "the simulator's end")
            parent.stdin.close()
            parent.stdout.close()


if __name__ == "__main__":
    unittest.main()

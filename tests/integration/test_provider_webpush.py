"""The provider simulator as a Web Push service, and what it decrypts for every provider."""

import json
import time

from provider_client import PushKey, base64url, encrypt, vapid_claims
from test_provider_simulator import DEVICE, SimulatorCase, sign

PUSH_ID = "0190a0b0-0000-7000-8000-000000000001"
PLAIN = ('{"title":"Té","body":"B","data":{"push_id":"%s"}}' % PUSH_ID).encode()


class TestWebPush(SimulatorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = PushKey()
        cls.other = PushKey()
        cls.port = cls.simulator.ready["webpush"]

    @classmethod
    def tearDownClass(cls):
        cls.key.remove()
        cls.other.remove()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.subscription = self.simulator.control(subscription="s1")

    def vapid(self, key=None, k=None, alg="ES256", **claims):
        token = sign((key or self.key).path, {"typ": "JWT", "alg": alg},
                     vapid_claims(self.port, **claims))
        return f"vapid t={token}, k={k or base64url(self.key.point)}"

    def push(self, record=None, path=None, *curl, **changes):
        headers = {"authorization": self.vapid(), "ttl": "60", "urgency": "high", "topic": "t1",
                   "content-encoding": "aes128gcm"}
        headers.update({name.replace("_", "-"): value for name, value in changes.items()})
        arguments = []
        for name, value in headers.items():
            if value is not None:
                arguments += ["-H", f"{name}: {value}"]
        with open(self.simulator.folder + "/record", "wb") as file:
            file.write(encrypt(self.subscription, PLAIN, 40) if record is None else record)
        url = f"https://localhost:{self.port}{path}" if path else self.subscription["endpoint"]
        return self.simulator.curl(*curl, *arguments, "--data-binary", "@" + file.name, url)

    def test_accept(self):
        answer = self.push()
        self.assertEqual((answer.status, answer.body), (201, b""))
        line = self.simulator.log()[-1]
        self.assertEqual(
            [line[name] for name in ("provider", "token", "status", "priority", "collapse_id",
                                     "expiration", "plain", "id", "provider_id")],
            ["webpush", "s1", 201, "high", "t1", "60", PLAIN.decode(),
             PUSH_ID, answer.headers["location"]])

    def test_accept__without_keys(self):
        self.assertEqual(self.push(path="/push/somebody").status, 201)
        self.assertIsNone(self.simulator.log()[-1]["plain"])

    def test_accept__what_is_optional(self):
        self.assertEqual(self.push(urgency=None, topic=None, ttl="0").status, 201)

    def test_refusals__headers(self):
        rows = [{"ttl": None}, {"ttl": "soon"}, {"ttl": "-1"}, {"urgency": "urgent"},
                {"topic": "x" * 33}, {"topic": "a b"}, {"content_encoding": None},
                {"content_encoding": "aesgcm"}]
        for changes in rows:
            with self.subTest(**changes):
                answer = self.push(**changes)
                self.assertEqual((answer.status, answer.json["error"]), (400, "Bad Request"))

    def test_refusals__record(self):
        good = encrypt(self.subscription, PLAIN)
        rows = [b"", b"x", good[:86], good[:-1], good[:-1] + bytes([good[-1] ^ 1]),
                good[:16] + (17).to_bytes(4, "big") + good[20:],
                good[:16] + (18).to_bytes(4, "big") + good[20:],
                good[:20] + b"\0" + good[21:], good[:22] + bytes(64) + good[86:]]
        for record in rows:
            with self.subTest(record=record[:90]):
                self.assertEqual(self.push(record).status, 400)
                self.assertTrue(self.simulator.log()[-1]["detail"])
        self.assertEqual(self.push(good + bytes(4097)).status, 413)
        self.assertEqual(self.push(path="/elsewhere").status, 404)
        self.assertEqual(self.push(None, None, "-X", "PUT").status, 405)

    def test_refusals__vapid(self):
        now = int(time.time())
        rows = [(401, None), (401, "bearer x"), (401, "vapid k=x"), (401, "vapid t=x, k=y"),
                (401, self.vapid(k="AAAA")), (401, self.vapid(alg="HS256")),
                (401, self.vapid(exp=now - 1)), (401, self.vapid(exp=now + 86460)),
                (401, self.vapid(exp=None)), (403, self.vapid(key=self.other)),
                (403, self.vapid(aud="https://localhost")), (403, self.vapid(sub=None)),
                (403, self.vapid(sub="duty@example.org"))]
        for status, authorization in rows:
            with self.subTest(authorization=authorization):
                answer = self.push(authorization=authorization)
                self.assertEqual((answer.status, answer.json["code"]), (status, status))
        self.assertEqual(self.push(authorization=self.vapid(sub="https://x.example")).status, 201)

    def test_behaviours(self):
        rows = [("gone", 410), ("expired", 404), ("too_large", 413), ("throttle", 429),
                ("error", 500), ("unavailable", 503), ("forbidden", 403)]
        for behaviour, status in rows:
            with self.subTest(behaviour=behaviour):
                self.simulator.control(token="s1", behaviour=behaviour, count=1, retry_after_s=4)
                answer = self.push()
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers.get("retry-after"),
                                 "4" if status in (429, 503) else None)
                self.assertEqual(self.push().status, 201)
        self.simulator.control(token="s1", behaviour="reason", status=422, reason="New", count=1)
        self.assertEqual(self.push().json["error"], "New")

    def test_device_key__apns(self):
        keys = self.simulator.control(device_key=DEVICE)
        record = base64url(encrypt(keys, PLAIN, 3))
        for encrypted, status in ((record, 200), (record[:-4] + "AAAA", 400), (record + "=", 400)):
            with self.subTest(encrypted=encrypted):
                payload = json.dumps({"aps": {"alert": "x", "mutable-content": 1},
                                      "encrypted": encrypted})
                self.assertEqual(self.simulator.push(payload=payload).status, status)
                self.assertEqual(self.simulator.log()[-1]["plain"],
                                 PLAIN.decode() if status == 200 else None)

    def test_device_key__fcm(self):
        keys = self.simulator.control(device_key="phone")
        bearer = self.simulator.authorize().json["access_token"]
        record = base64url(encrypt(keys, PLAIN, 3))
        for encrypted, status in ((record, 200), (record[:-4] + "AAAA", 400)):
            with self.subTest(encrypted=encrypted):
                data = {"push_id": "p1", "encrypted": encrypted}
                answer = self.simulator.send(bearer, {"token": "phone", "data": data})
                self.assertEqual(answer.status, status)
                line = self.simulator.log()[-1]
                self.assertEqual((line["plain"], line["id"]),
                                 (PLAIN.decode() if status == 200 else None, "p1"))

    def test_voip__limit(self):
        topic = self.simulator.ready["apns_topic"] + ".voip"
        frame = len('{"aps":{},"x":""}')
        for size, status in ((5120, 200), (5121, 413)):
            payload = '{"aps":{},"x":"%s"}' % ("x" * (size - frame))
            answer = self.simulator.push(payload=payload, apns_push_type="voip", apns_topic=topic)
            self.assertEqual(answer.status, status)

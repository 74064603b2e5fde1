"""The provider simulator's faults, seen on the wire: each one really happens."""

import os
import socket
import ssl
import time
import unittest
import uuid
import warnings

from provider_client import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS, PING, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, frame,
    hpack, openssl)
from test_provider_simulator import DEVICE, SHORT_S, SimulatorCase

PROVIDERS = ("apns", "fcm", "oauth", "webpush")
BODY = b'{"aps":{"alert":"x"}}'


class FaultCase(SimulatorCase):
    def tearDown(self):
        self.simulator.control(reset=True)

    def peer(self, provider="apns", **options):
        peer = Peer(self.simulator.ready[provider], self.simulator.ready["ca"], **options)
        self.addCleanup(peer.close)
        return peer

    def head(self, device=DEVICE):
        return [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
                (":path", "/3/device/" + device)]

    def push(self, peer, device=DEVICE, body=BODY, authorization=True):
        headers = [*self.head(device), ("apns-topic", self.simulator.ready["apns_topic"]),
                   ("apns-push-type", "alert"), ("apns-id", str(uuid.uuid4()))]
        if authorization:
            headers.append(("authorization", "bearer " + self.simulator.provider_token))
        return peer.request(headers, body)

    def proven(self):
        """A connection with one push behind it."""
        peer = self.peer()
        self.assertEqual(self.status(peer, self.push(peer)), b"\x88")
        return peer

    def status(self, peer, stream):
        """The first byte of the answer's header block: 0x88 is 200 (RFC 7541, appendix A)."""
        return peer.until(HEADERS, stream)[-1][3][:1]

    def counts(self, provider="apns"):
        return self.simulator.control(statistics=True)[provider]


class TestHttp2(FaultCase):
    def test_max_streams__live_on_every_provider(self):
        for provider in PROVIDERS:
            with self.subTest(provider=provider):
                peer = self.proven() if provider == "apns" else self.peer(provider)
                for streams in (1, 7, 0, 50):
                    self.simulator.control(provider=provider, max_streams=streams)
                    value = peer.setting(MAX_CONCURRENT_STREAMS)
                    while value in (100, 1000):  # what was said before
                        value = peer.setting(MAX_CONCURRENT_STREAMS)
                    self.assertEqual(value, streams)

    def test_goaway__debug_and_last_stream(self):
        rows = [({}, b'{"reason":"Shutdown"}'), ({"debug": ""}, b""),
                ({"debug": '{"reason":"IdleTimeout"}'}, b'{"reason":"IdleTimeout"}')]
        for extra, debug in rows:
            with self.subTest(**extra):
                peer = self.proven()
                self.simulator.control(provider="apns", goaway_at=2, **extra)
                streams = [self.push(peer) for _ in range(4)]
                payload = peer.until(GOAWAY)[-1][3]
                self.assertEqual(int.from_bytes(payload[:4], "big"), streams[1])
                self.assertEqual(payload[8:], debug)

    def test_goaway__notice_first(self):
        peer = self.proven()
        self.simulator.control(provider="apns", goaway=True, notice=True)
        self.assertEqual(peer.until(GOAWAY)[-1][3][:4], b"\x7f\xff\xff\xff")
        stream = self.push(peer)
        self.assertEqual(self.status(peer, stream), b"\x88")
        self.simulator.control(provider="apns", goaway=True, debug="")
        self.assertEqual(peer.until(GOAWAY)[-1][3], stream.to_bytes(4, "big") + bytes(4))

    def test_reset__codes(self):
        peer = self.proven()
        rows = [({}, 2), ({"error_code": "CANCEL"}, 8), ({"error_code": "ENHANCE_YOUR_CALM"}, 11)]
        for extra, code in rows:
            with self.subTest(code=code):
                self.simulator.control(token=DEVICE, behaviour="reset", count=1, **extra)
                payload = peer.until(RST_STREAM, self.push(peer))[-1][3]
                self.assertEqual(int.from_bytes(payload, "big"), code)
        before = self.counts()["streams_refused"]
        self.simulator.control(token=DEVICE, behaviour="refuse_stream", count=1)
        self.assertEqual(peer.until(RST_STREAM, self.push(peer))[-1][3], b"\0\0\0\7")
        self.assertEqual(self.counts()["streams_refused"], before + 1)

    def test_window__tiny_and_late(self):
        self.simulator.control(provider="apns", window_bytes=8, update_delay_ms=200)
        peer = self.peer()
        self.assertEqual(peer.setting(INITIAL_WINDOW_SIZE), 8)
        stream = self.push(peer, body=b"")  # headers only: refused, but the connection stands
        peer.until(HEADERS, stream)
        stream = peer.stream = peer.stream + 2
        peer.send(frame(HEADERS, END_HEADERS, stream, hpack(self.head())),
                  frame(DATA, 0, stream, b"{" * 8))
        began = time.monotonic()
        update = peer.until(WINDOW_UPDATE, stream)[-1]
        self.assertGreater(time.monotonic() - began, 0.15)
        self.assertEqual(update[3], b"\0\0\0\x08")

    def test_ping__ignored_while_answers_come(self):
        peer = self.proven()
        peer.send(frame(PING, 0, 0, b"12345678"))
        self.assertEqual(peer.until(PING)[-1][1:], (ACK, 0, b"12345678"))
        before = self.counts()["pings"]
        self.simulator.control(provider="apns", pings_ignored=True)
        peer.send(frame(PING, 0, 0, b"12345678"))
        frames = peer.until(HEADERS, self.push(peer))
        self.assertNotIn(PING, [kind for kind, *_ in frames])
        self.assertEqual(self.counts()["pings"], before + 1)

    def test_delay__of_all_and_of_one(self):
        for command in ({"provider": "apns", "answer_delay_ms": 200},
                        {"token": DEVICE, "behaviour": "accept", "delay_ms": 200, "count": 1}):
            with self.subTest(**command):
                self.simulator.control(reset=True)
                peer = self.proven()
                self.simulator.control(**command)
                began = time.monotonic()
                self.assertEqual(self.status(peer, self.push(peer)), b"\x88")
                self.assertGreater(time.monotonic() - began, 0.19)

    def test_delay__given_up(self):
        self.simulator.control(provider="apns", answer_delay_ms=300)
        peer = self.peer()
        stream = self.push(peer)
        peer.send(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
        other = self.peer()
        self.push(other)
        other.close()
        self.assertEqual(self.status(peer, self.push(peer)), b"\x88")

    def test_split__one_byte_records(self):
        self.simulator.control(provider="apns", split_bytes=1)
        peer = self.peer()
        stream = self.push(peer)
        self.assertEqual(len(peer.tls.recv(65536)), 1)
        peer.buffer = b"\0" + peer.buffer  # the first byte of SETTINGS' length
        self.assertEqual(self.status(peer, stream), b"\x88")


class TestFrames(FaultCase):
    def play(self, frames, repeat=None):
        peer = self.proven()
        extra = {"repeat": repeat} if repeat else {}
        self.simulator.control(token=DEVICE, behaviour="frames", frames=frames, count=1, **extra)
        return peer, self.push(peer)

    def test_floods(self):
        for frames, kind in (("settings_flood", SETTINGS), ("ping_flood", PING),
                             ("window_flood", WINDOW_UPDATE), ("unknown_type", 0xEE)):
            with self.subTest(frames=frames):
                peer, stream = self.play(frames, 500)
                read = peer.until(HEADERS, stream)
                self.assertGreaterEqual(sum(kind == one[0] for one in read), 500)
                self.assertEqual(read[-1][3][:1], b"\x88")

    def test_continuation_flood(self):
        peer, stream = self.play("continuation_flood", 500)
        read = peer.until(RST_STREAM, stream)
        self.assertEqual([one[0] for one in read if one[0] in (HEADERS, CONTINUATION)],
                         [HEADERS] + [CONTINUATION] * 501)
        self.assertEqual(self.simulator.log()[-1]["reason"], "frames")

    def test_empty_frames(self):
        peer = self.proven()
        self.simulator.control(token=DEVICE, behaviour="empty_frames", repeat=500, count=1)
        stream = self.push(peer)
        count = 0
        while True:
            kind, flags, _, payload = peer.until(DATA, stream)[-1]
            if flags & END_STREAM:
                break
            self.assertEqual(payload, b"")
            count += 1
        self.assertEqual(count, 500)

    def test_invalid(self):
        rows = [("bad_length", PING, 0, 7), ("data_on_stream_0", DATA, 0, 8),
                ("window_overflow", WINDOW_UPDATE, 0, 4), ("bad_settings", SETTINGS, 0, 6),
                ("push_promise", PUSH_PROMISE, 3, 5), ("bad_hpack", HEADERS, 3, 2)]
        for frames, kind, stream, size in rows:
            with self.subTest(frames=frames):
                peer, _ = self.play(frames)
                read = peer.until(kind, stream)[-1] if kind != SETTINGS else None
                while read is None or len(read[3]) != size:
                    read = peer.read()
                self.assertEqual((read[0], read[2], len(read[3])), (kind, stream, size))

    def test_no_frames_at_all(self):
        for frames, text in (("garbage", b"no frame begins"), ("http1", b"HTTP/1.1 505"),
                             ("oversized", b"\xff\xff\xff\x00")):
            with self.subTest(frames=frames):
                peer, _ = self.play(frames)
                data = peer.buffer
                while text not in data:
                    data += peer.tls.recv(65536)


class TestAnswers(FaultCase):
    def test_large(self):
        peer = self.proven()
        for behaviour, size in (("large_headers", 40 * 512), ("many_headers", 1000 * 8)):
            with self.subTest(behaviour=behaviour):
                self.simulator.control(token=DEVICE, behaviour=behaviour, count=1)
                stream = self.push(peer)
                read = peer.until(HEADERS, stream)
                while not read[-1][1] & END_HEADERS:
                    read.append(peer.read())
                self.assertGreater(sum(len(one[3]) for one in read), size)
        self.simulator.control(token=DEVICE, behaviour="large_body", count=1)
        self.assertEqual(len(self.simulator.push().body), 1 << 20)

    def test_bodies(self):
        simulator = self.simulator
        bearer = simulator.authorize().json["access_token"]
        for behaviour, part in (("html", b"<!DOCTYPE"), ("empty_body", b""), ("broken_body", b"{")):
            for status in (200, 400, 503):
                with self.subTest(behaviour=behaviour, status=status):
                    for token in (DEVICE, "t1"):
                        simulator.control(token=token, behaviour=behaviour, status=status, count=1)
                    for answer in (simulator.push(), simulator.send(bearer, {"token": "t1"})):
                        self.assertEqual(answer.status, status)
                        self.assertTrue(answer.body.startswith(part))
                        self.assertEqual(bool(answer.body), bool(part))

    def test_reason__unknown_words(self):
        simulator = self.simulator
        bearer = simulator.authorize().json["access_token"]
        for token in (DEVICE, "t1"):
            simulator.control(token=token, behaviour="reason", status=418, reason="NewWord")
        self.assert_reason(simulator.push(), 418, "NewWord")
        answer = simulator.send(bearer, {"token": "t1"})
        self.assertEqual((answer.status, answer.json["error"]["details"][0]["errorCode"]),
                         (418, "NewWord"))

    def test_oauth__lies(self):
        simulator = self.simulator
        for seconds in (0, -5, 2**62):
            simulator.control(provider="oauth", behaviour="expires_in", expires_in=seconds, count=1)
            self.assertEqual(simulator.authorize().json["expires_in"], seconds)
        simulator.control(provider="oauth", behaviour="empty_token", count=1)
        self.assertEqual(simulator.authorize().json["access_token"], "")
        simulator.control(provider="oauth", behaviour="wrong_token", count=1)
        wrong = simulator.authorize().json["access_token"]
        self.assertEqual(simulator.send(wrong, {"token": "t1"}).status, 401)
        simulator.control(provider="oauth", behaviour="html", count=1)
        self.assertIn(b"hotel", simulator.authorize().body)
        simulator.control(provider="oauth", behaviour="reason", status=400, reason="new", count=1)
        self.assertEqual(simulator.authorize().json["error"], "new")


class TestArrivals(FaultCase):
    def tcp(self, provider="apns"):
        peer = socket.create_connection(("127.0.0.1", self.simulator.ready[provider]),
                                        timeout=float(SHORT_S))
        self.addCleanup(peer.close)
        return peer

    def test_unreachable(self):
        for provider in PROVIDERS:
            with self.subTest(provider=provider):
                self.simulator.control(provider=provider, arrivals="unreachable")
                with self.assertRaises(TimeoutError):
                    self.tcp(provider)
                self.simulator.control(provider=provider, arrivals="serve")
                self.peer(provider).until(SETTINGS)

    def test_stall__the_others_go_on(self):
        peer = self.proven()
        self.simulator.control(provider="apns", arrivals="stall")
        context = ssl.create_default_context(cafile=self.simulator.ready["ca"])
        tcp = self.tcp()
        with self.assertRaises(TimeoutError):
            context.wrap_socket(tcp, server_hostname="localhost")
        self.assertEqual(self.status(peer, self.push(peer)), b"\x88")
        self.simulator.control(provider="apns", arrivals="serve")
        self.proven()

    def test_mute__http1__garbage(self):
        rows = [("mute", None), ("http1", b"HTTP/1.1 505"), ("garbage", b"\xde\xad")]
        for arrivals, text in rows:
            with self.subTest(arrivals=arrivals):
                self.simulator.control(provider="fcm", arrivals=arrivals)
                peer = self.peer("fcm")
                self.assertEqual(peer.tls.selected_alpn_protocol(), "h2")
                peer.tls.settimeout(float(SHORT_S))
                if text is None:
                    with self.assertRaises(TimeoutError):
                        peer.tls.recv(1)
                else:
                    self.assertTrue(peer.exactly(12).startswith(text))
                if arrivals == "http1":
                    with self.assertRaises(EOFError):
                        peer.exactly(1000)

    def test_tls(self):
        rows = [("wrong_name", "Hostname mismatch"), ("expired", "certificate has expired"),
                ("unknown_ca", "unable to get local issuer"), ("old", "")]
        for provider in PROVIDERS:
            for fault, text in rows:
                with self.subTest(provider=provider, fault=fault):
                    self.simulator.control(provider=provider, tls=fault)
                    with self.assertRaises(ssl.SSLError) as raised:
                        self.peer(provider)
                    self.assertIn(text, str(raised.exception))
            self.simulator.control(provider=provider, tls="good")
            self.peer(provider).until(SETTINGS)

    def test_tls__old_is_old(self):
        self.simulator.control(provider="apns", tls="old")
        context = ssl.create_default_context(cafile=self.simulator.ready["ca"])
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():  # the versions are deprecated, which is the point
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        self.assertEqual(self.peer(context=context).tls.version(), "TLSv1.1")

    def test_tls__protocols(self):
        for fault, protocol in (("no_alpn", None), ("http1", "http/1.1")):
            with self.subTest(fault=fault):
                self.simulator.control(provider="apns", tls=fault)
                peer = self.peer(alpn=("h2", "http/1.1"))
                self.assertEqual(peer.tls.selected_alpn_protocol(), protocol)
                self.assertEqual(peer.exactly(8), b"HTTP/1.1")

    def test_sessions__resumed(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                before = self.counts()
                first = self.peer(version=version)
                self.assertEqual(self.status(first, self.push(first)), b"\x88")
                second = self.peer(context=first.context, session=first.tls.session)
                self.assertTrue(second.tls.session_reused)
                second.until(SETTINGS)
                after = self.counts()
                self.assertEqual(after["resumed"], before["resumed"] + 1)
                self.assertEqual(after["connections_accepted"], before["connections_accepted"] + 2)

    def test_certificate__instead_of_a_token(self):
        ready = self.simulator.ready
        peer = self.peer(certificate=(ready["apns_client_cert"], ready["apns_client_key"]))
        self.assertEqual(peer.setting(MAX_CONCURRENT_STREAMS), 1000)
        self.assertEqual(self.status(peer, self.push(peer, authorization=False)), b"\x88")

    def test_certificate__refused(self):
        folder = self.simulator.folder
        google = os.path.join(folder, "google.key")
        foreign = os.path.join(folder, "foreign.pem")
        openssl("req", "-x509", "-new", "-key", google, "-subj", "/CN=x", "-out", foreign)
        url = self.simulator.apns_arguments(authorization=None)
        answer = self.simulator.curl("--cert", foreign, "--key", google, *url)
        self.assert_reason(answer, 403, "BadCertificate")
        self.assert_reason(self.simulator.curl(*url), 403, "MissingProviderToken")


class TestReset(FaultCase):
    def test_everything_is_as_before(self):
        for command in ({"down": True}, {"freeze": True}, {"arrivals": "stall"},
                        {"arrivals": "unreachable"}, {"tls": "expired"}, {"split_bytes": 1},
                        {"window_bytes": 1, "update_delay_ms": 60000}, {"max_streams": 0},
                        {"answer_delay_ms": 60000}, {"pings_ignored": True}):
            with self.subTest(**command):
                self.simulator.control(provider="apns", **command)
                self.simulator.control(reset=True)
                self.assertEqual(self.simulator.push().status, 200)

    def test_statistics__ids(self):
        before, message_id = self.counts(), str(uuid.uuid4())
        self.simulator.control(token=DEVICE, behaviour="error", count=1)
        for _ in range(3):
            self.simulator.push(apns_id=message_id)
        after = self.counts()
        names = ("accepted", "accepted_ids", "accepted_again", "repeated")
        self.assertEqual([after[name] - before[name] for name in names], [2, 1, 1, 2])


if __name__ == "__main__":
    unittest.main()

"""Hostile HTTP over raw sockets: doubtful framing, oversize, slow drips, too many connections; and
what a restart or a stop does to requests that are inside."""

import collections
import contextlib
import http.client
import json
import resource
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import astreinte_test

BODY_MAX = 65536
DEADLINE_S = 10


class Raw:
    """A raw connection: what is sent is exactly what is written."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def read_answer(self):
        """(status, headers, body), or None when the connection was closed first."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                return None
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        while len(self.rest) < length and self._more():
            pass
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(lines[0].split()[1]), headers, body

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, TimeoutError):
            return False
        self.rest += data
        return bool(data)

    def is_closed(self):
        """Whether the other side closes within its time."""
        while self._more():
            pass
        try:
            self.socket.setblocking(False)
            return self.socket.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HttpLimits(astreinte_test.GatewayTest):
    sections = {"gateway": {"connections_max": 40, "threads": 2}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ours = astreinte_test.Customer(cls.gateway, "ours", devices=False)

    def setUp(self):
        self.escalations = self.count()

    def count(self):
        return len(self.admin.get("/v1/escalations?customer=ours&limit=200")["items"])

    def raw(self):
        connection = Raw(self.gateway.port)
        self.addCleanup(connection.close)
        return connection

    def head(self, *headers, method="POST", path="/v1/escalations", version="1.1", host="Host: g"):
        lines = [f"{method} {path} HTTP/{version}", host,
                 f"Authorization: Bearer {self.ours.desk_key}", "Content-Type: application/json",
                 *headers]
        return "\r\n".join(line for line in lines if line) + "\r\n\r\n"

    BODY = '{"customer":"ours","severity":"info","summary":"smuggled"}'

    def assert_refused(self, request, *statuses):
        """One refusal, then the connection is closed; nothing was escalated."""
        connection = self.raw().send(request)
        answer = connection.read_answer()
        if answer is not None:
            self.assertIn(answer[0], statuses, answer)
        self.assertTrue(connection.is_closed())
        self.assertEqual(self.count(), self.escalations)
        return answer

    # ---- framing ----

    def test_doubtful_framing_is_refused_and_closed(self):
        n = len(self.BODY)
        chunked = f"{n:x}\r\n{self.BODY}\r\n0\r\n\r\n"
        smuggled = self.head(f"Content-Length: {n}") + self.BODY
        cases = {
            "two lengths": self.head(f"Content-Length: {n}", f"Content-Length: {n}") + self.BODY,
            "two different lengths":
                self.head(f"Content-Length: {n}", "Content-Length: 2") + self.BODY,
            "length list": self.head(f"Content-Length: {n}, {n}") + self.BODY,
            "signed length": self.head(f"Content-Length: +{n}") + self.BODY,
            "negative length": self.head("Content-Length: -1") + self.BODY,
            "hex length": self.head(f"Content-Length: 0x{n:x}") + self.BODY,
            "huge length": self.head("Content-Length: 99999999999999999999") + self.BODY,
            "empty length": self.head("Content-Length:") + self.BODY,
            "length and chunked":
                self.head(f"Content-Length: {n}", "Transfer-Encoding: chunked") + chunked,
            "chunked and length":
                self.head("Transfer-Encoding: chunked", "Content-Length: 4") + chunked + smuggled,
            "two encodings":
                self.head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunked,
            "unknown encoding": self.head("Transfer-Encoding: gzip") + self.BODY,
            "encoding list": self.head("Transfer-Encoding: gzip, chunked") + chunked,
            "odd encoding": self.head("Transfer-Encoding: xchunked") + chunked,
            "encoding with 1.0": self.head("Transfer-Encoding: chunked", version="1.0") + chunked,
            "blank before colon": self.head(f"Content-Length : {n}") + self.BODY,
            "two keys": self.head("Authorization: Bearer x", f"Content-Length: {n}") + self.BODY,
            "two idempotency keys": self.head("Idempotency-Key: a", "Idempotency-Key: b",
                                              f"Content-Length: {n}") + self.BODY,
            "two hosts": self.head("Host: other", f"Content-Length: {n}") + self.BODY,
            "no host": self.head(f"Content-Length: {n}", host="") + self.BODY,
            "bad chunk size":
                self.head("Transfer-Encoding: chunked") + "zz\r\n" + self.BODY + "\r\n0\r\n\r\n",
            "compressed": self.head("Content-Encoding: gzip", f"Content-Length: {n}") + self.BODY,
            "not HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 8 + "\r\n\r\n",
        }
        for name, request in cases.items():
            with self.subTest(case=name):
                self.assert_refused(request.encode("latin-1"), 400, 413, 415)

    def test_well_framed_ones_still_pass(self):
        n = len(self.BODY)
        half = n // 2
        for name, request in {
            "length": self.head(f"Content-Length: {n}") + self.BODY,
            "chunked": self.head("Transfer-Encoding: chunked") +
                       f"{half:x}\r\n{self.BODY[:half]}\r\n{n - half:X};x=1\r\n"
                       f"{self.BODY[half:]}\r\n0\r\n\r\n",
            "1.0": self.head(f"Content-Length: {n}", version="1.0") + self.BODY,
        }.items():
            with self.subTest(case=name):
                self.assertEqual(self.raw().send(request).read_answer()[0], 202)

    def test_pipelined_requests_are_answered_in_order(self):
        connection = self.raw()
        request = self.head(f"Content-Length: {len(self.BODY)}") + self.BODY
        health = self.head(method="GET", path="/healthz")
        connection.send(request + health + request)
        self.assertEqual([connection.read_answer()[0] for _ in range(3)], [202, 200, 202])

    def test_expect_continue(self):
        connection = self.raw()
        connection.send(self.head(f"Content-Length: {len(self.BODY)}", "Expect: 100-continue"))
        self.assertEqual(connection.read_answer()[0], 100)
        self.assertEqual(connection.send(self.BODY).read_answer()[0], 202)
        connection.send(self.head("Content-Length: 99999999", "Expect: 100-continue"))
        self.assertEqual(connection.read_answer()[0], 413)

    # ---- sizes ----

    def test_body_at_and_over_the_limit(self):
        body = json.dumps({"customer": "ours", "severity": "info", "summary": "s", "pad": ""})
        fits = body.replace('""', '"' + "x" * (BODY_MAX - len(body)) + '"')
        self.assertEqual(len(fits), BODY_MAX)
        self.assertEqual(self.ours.desk.post("/v1/escalations", fits).status, 202)
        self.escalations = self.count()
        over = fits.replace('"x', '"xx', 1)
        self.assert_problem(self.ours.desk.post("/v1/escalations", over), 413, "too-large")
        chunked = f"{len(over):x}\r\n{over}\r\n0\r\n\r\n"
        answer = self.assert_refused(self.head("Transfer-Encoding: chunked") + chunked, 413)
        self.assertEqual(json.loads(answer[2])["status"], 413)

    def put_calendar(self, file):
        return self.admin.request("PUT", "/v1/customers/ours/holidays.ics", file,
                                  headers={"Content-Type": "text/calendar"})

    def hold_places(self, head):
        """Begins long requests until one is refused; whoever waits for its body hears nothing."""
        held = []
        while True:
            connection = self.raw().send(head)
            connection.socket.settimeout(0.5)
            if connection.read_answer() is not None:
                return held
            held.append(connection)

    def test_a_calendar_may_be_longer(self):
        short = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
        long = short.replace("\r\n", "\r\nX-PAD:" + "x" * BODY_MAX + "\r\n", 1)
        head = self.head(f"Content-Length: {len(long)}", method="PUT",
                         path="/v1/customers/ours/holidays.ics")
        for _ in range(2):  # those before gave their places back
            held = self.hold_places(head)
            self.assertEqual(len(held), 4)
            self.assertEqual(self.put_calendar(long).status, 503)
            self.assertIn("Retry-After", self.put_calendar(long).headers)
            self.assertEqual(self.put_calendar(short).status, 204)  # needs none
            for connection in held:
                connection.close()
            astreinte_test.wait_until(lambda: self.put_calendar(long).status == 204,
                                      "a place is free again")
        self.assert_problem(self.put_calendar(long.replace("x", "xxxx")), 413, "too-large")
        chunked = f"{len(long):x}\r\n{long}\r\n0\r\n\r\n"
        answer = self.raw().send(self.head("Transfer-Encoding: chunked", method="PUT",
                                           path="/v1/customers/ours/holidays.ics")
                                 + chunked).read_answer()
        self.assertEqual(answer[0], 403)  # read whole, but not the call centre's

    def test_endless_chunks_are_cut(self):
        connection = self.raw().send(self.head("Transfer-Encoding: chunked"))
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                connection.send(chunk)
                sent += len(chunk)
        except (ConnectionError, TimeoutError):
            pass
        self.assertLess(sent, 64 * 1024 * 1024)
        self.assertEqual(self.count(), self.escalations)

    def test_long_url_and_headers(self):
        self.assert_refused(self.head(method="GET", path="/v1/escalations?a=" + "x" * 3000), 414)
        self.assert_refused(self.head(method="GET", path="/" + "x" * 40000), 400, 414, 431, 413)
        self.assert_refused(self.head("X-Long: " + "x" * 40000, method="GET"), 400, 413, 431)
        self.assert_refused(self.head(*[f"X-{n}: {n}" for n in range(5000)], method="GET"), 400,
                            413, 431)
        self.assert_refused(self.head(method="GET", path="/v1/customers/a%00b"), 400)

    # ---- time ----

    def drip(self, data, pause_s=0.25):
        """Sends a byte at a time; answers (status or None, how long it took)."""
        connection = self.raw()
        begin = time.monotonic()
        try:
            for byte in data.encode():
                connection.send(bytes([byte]))
                connection.socket.settimeout(pause_s)
                if connection._more():
                    break
                if time.monotonic() - begin > 3 * DEADLINE_S:
                    break
        except (ConnectionError, TimeoutError):
            pass
        connection.socket.settimeout(5)
        answer = connection.read_answer()
        return answer and answer[0], time.monotonic() - begin

    def test_slow_drip_is_cut_with_408(self):
        body = self.BODY
        drips = {"headers": self.head(f"Content-Length: {len(body)}"),
                 "body": None, "nothing": None}
        results = {}

        def run(name):
            if name == "nothing":
                connection, begin = self.raw(), time.monotonic()
                answer = connection.read_answer()
                results[name] = (answer and answer[0], time.monotonic() - begin)
            elif name == "body":
                connection, begin = self.raw(), time.monotonic()
                connection.send(self.head(f"Content-Length: {len(body)}"))
                connection.socket.settimeout(0.5)
                try:
                    for byte in body.encode():
                        connection.send(bytes([byte]))
                        if connection._more():
                            break
                        if time.monotonic() - begin > 3 * DEADLINE_S:
                            break
                except (ConnectionError, TimeoutError):
                    pass
                connection.socket.settimeout(5)
                answer = connection.read_answer()
                results[name] = (answer and answer[0], time.monotonic() - begin)
            else:
                results[name] = self.drip(drips[name])

        threads = [threading.Thread(target=run, args=(name,)) for name in drips]
        for thread in threads:
            thread.start()
        # Others are served meanwhile.
        self.assertEqual(self.admin.get("/healthz").status, 200)
        for thread in threads:
            thread.join(60)
        for name, (status, took_s) in results.items():
            with self.subTest(case=name):
                self.assertEqual(status, 408, results)
                self.assertLess(took_s, 2.5 * DEADLINE_S)
        self.assertEqual(self.count(), self.escalations)

    # ---- many ----

    def test_connections_over_the_limit_wait_and_are_served_later(self):
        idle = [self.raw() for _ in range(80)]
        late = Raw(self.gateway.port)
        late.socket.settimeout(1)
        late.send(self.head(method="GET", path="/healthz"))
        early = late.read_answer()
        self.assertTrue(early is None or early[0] == 200, early)
        for connection in idle:
            connection.close()
        late.close()

        def served():
            try:
                with Raw(self.gateway.port) as fresh:
                    fresh.socket.settimeout(1)
                    answer = fresh.send(self.head(method="GET", path="/healthz")).read_answer()
                    return answer is not None and answer[0] == 200
            except OSError:
                return False

        astreinte_test.wait_until(served, "a connection after the crowd has gone")

    def test_streams_end_with_their_clients(self):
        for _ in range(3):
            events = [astreinte_test.Events(self.gateway.port, self.ours.desk_key, "ours")
                      for _ in range(8)]
            self.ours.escalate(summary="seen live")
            for each in events:
                # What became of the round before may still come in.
                self.assertIn("opened", (each.next()[1] for _ in range(20)))
                each.close()

        def gone():
            text = self.admin.get("/metrics").body.decode()
            self.ours.escalate(summary="notices that they left", severity="info")
            return "astreinte_http_streams 0\n" in text

        astreinte_test.wait_until(gone, "the streams to be gone")

    def test_stream_goes_on_after_last_event_id(self):
        first = astreinte_test.Events(self.gateway.port, self.ours.desk_key, "ours")
        self.ours.escalate(summary="one")
        seen = [first.next()]
        first.close()
        self.ours.escalate(summary="two")
        again = astreinte_test.Events(self.gateway.port, self.ours.desk_key, "ours", seen[0][0])
        numbers = [seen[0][0]]
        kinds = []
        while kinds.count("opened") < 1:
            number, kind, data = again.next()
            self.assertEqual(data["seq"], number)
            numbers.append(number)
            kinds.append(kind)
        again.close()
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))


class Crowd(unittest.TestCase):
    """More callers than connections, and fewer descriptors than both: agents get in all the same,
    and what has to open a connection of its own can."""

    def test_agents_and_pushes_get_through(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with tempfile.TemporaryDirectory(prefix="astreinte-") as directory, \
                contextlib.ExitStack() as stack:
            provider = astreinte_test.Simulator("provider", directory).start()
            stack.callback(provider.stop)
            gateway = astreinte_test.Gateway(directory, {"gateway": {"connections_max": 200}})
            gateway.use_provider(provider.ready)
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
            try:
                gateway.start()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            stack.callback(gateway.stop)
            allowed, _ = resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE)
            self.assertGreater(allowed, 300, "descriptors: for 200 connections and the others")
            customer = astreinte_test.Customer(gateway, "crowded")
            early = customer.escalate(summary="before the crowd")["id"]
            for _ in range(300):
                stack.enter_context(Raw(gateway.port))
            for agent in (astreinte_test.Client(gateway.port, customer.agents["paul"].token),
                          customer.agents["paul"].client):
                answer = agent.post(f"/v1/agent/escalations/{early}/accept", {})
                self.assertEqual(answer.status, 200, answer)
                stack.callback(agent.close)
            late = customer.escalate(summary="in the crowd")["id"]
            astreinte_test.wait_until(
                lambda: any(each["payload"].get("escalation") == late
                            for each in provider.records()), "a push out of the crowd")


class Churn(astreinte_test.GatewayTest):
    """At the limit of connections all the time, by callers who come and go: each is served."""

    sections = {"gateway": {"connections_max": 8, "threads": 2}}
    CALLERS, CALLS = 24, 150
    REQUEST = "GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"

    def test_each_caller_is_served(self):
        answers = collections.Counter()

        def call():
            for _ in range(self.CALLS):
                with Raw(self.gateway.port) as caller:
                    answer = caller.send(self.REQUEST).read_answer()
                answers[answer[0] if answer else None] += 1
                if answer is None:
                    return

        callers = [threading.Thread(target=call) for _ in range(self.CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        self.assertEqual(answers, {200: self.CALLERS * self.CALLS})


class Stopping(astreinte_test.GatewayTest):
    def test_stop_with_streams_and_idle_connections(self):
        customer = self.customer("stopping", devices=False)
        events = [astreinte_test.Events(self.gateway.port, customer.desk_key, "stopping")
                  for _ in range(5)]
        idle = [Raw(self.gateway.port) for _ in range(5)]
        half = Raw(self.gateway.port)
        half.send("POST /v1/escalations HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\n{")
        begin = time.monotonic()
        self.gateway.stop()
        self.assertLess(time.monotonic() - begin, 10)
        for each in events:
            each.close()
        for each in (*idle, half):
            self.assertTrue(each.is_closed())
            each.close()
        self.gateway.start()

    def test_stop_under_load_keeps_what_was_accepted(self):
        customer = self.customer("loaded", devices=False)
        accepted, refused, failed = [], [], []

        def post():
            client = astreinte_test.Client(self.gateway.port, customer.desk_key)
            try:
                while True:
                    answer = client.post("/v1/escalations", {
                        "customer": "loaded", "severity": "info", "summary": "s"})
                    if answer.status != 202:
                        refused.append(answer.status)
                        return
                    accepted.append(answer["id"])
            except OSError as error:
                failed.append(error)
            finally:
                client.close()

        threads = [threading.Thread(target=post) for _ in range(4)]
        for thread in threads:
            thread.start()
        astreinte_test.wait_until(lambda: len(accepted) > 50, "some escalations")
        self.gateway.stop()
        for thread in threads:
            thread.join(30)
        self.assertTrue(set(refused) <= {503}, refused)
        self.gateway.start()
        for escalation in accepted:
            self.assertEqual(customer.desk.get(f"/v1/escalations/{escalation}").status, 200)


class Tls(unittest.TestCase):
    """TLS in the daemon itself, for those without a proxy in front."""

    def test_speaks_tls_and_only_tls(self):
        with tempfile.TemporaryDirectory(prefix="astreinte-") as directory:
            key, certificate = f"{directory}/key.pem", f"{directory}/cert.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
            gateway = astreinte_test.Gateway(directory, {"gateway": {
                "tls_key_file": key, "tls_cert_file": certificate}}).start()
            self.addCleanup(lambda: gateway.stop() if gateway.process else None)
            context = ssl.create_default_context(cafile=certificate)
            connection = http.client.HTTPSConnection("localhost", gateway.port, timeout=30,
                                                     context=context)
            connection.request("GET", "/v1/customers",
                               headers={"Authorization": f"Bearer {gateway.root_key}"})
            response = connection.getresponse()
            self.assertEqual((response.status, json.loads(response.read())["items"]), (200, []))
            old = ssl.create_default_context(cafile=certificate)
            old.maximum_version = ssl.TLSVersion.TLSv1_1
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                refused = http.client.HTTPSConnection("localhost", gateway.port, timeout=30,
                                                      context=old)
                refused.request("GET", "/healthz")
                refused.getresponse()
            with Raw(gateway.port) as plain:
                plain.send("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n")
                self.assertTrue(plain.is_closed())
            connection.close()
            gateway.stop()


if __name__ == "__main__":
    unittest.main()

"""Each call of the accept path and of the fire path fails, in the real process.

Escalations come in all the time and their deadlines of a second run out all the time, under one
fault after the other: each class of calls (which call, by which thread, on what) that these paths
were seen to make fails once, and for ever, which ends 0.4 s later; a few fail for ten seconds, too,
so that everything that waits before it tries again has done so. A fault that never fires fails the
test. The process goes on, or aborts or refuses to start and is started again; once the fault is
over the next escalation is answered 202 and reaches a phone, and in the end all that was answered
2xx is held against what is there (crash/evidence.py, crash/book.py).

ASTREINTE_EVERY=1 fails each of the first forty calls of every class once, and for 150 ms too:
started by tests/soak/faults, as it takes longer than ctest allows.
ASTREINTE_FAULT is a regular expression on the rows of the table.
"""

import collections
import contextlib
import errno
import os
import re
import resource
import select
import socket
import subprocess
import time
import unittest

import astreinte_test
from astreinte_test import wait_until
from crash.calls import Calls
from crash.faulty import ABORTED, REFUSED_TO_START, Case, FaultyWorld
from crash.lanes import make_ask
from crash.world import World
from races.raw import Racer, request

ONLY = re.compile(os.environ.get("ASTREINTE_FAULT", ""))
NO_ROW = f"ASTREINTE_FAULT={ONLY.pattern}: no row matches"
EVERY = bool(os.environ.get("ASTREINTE_EVERY"))
FIRST_MAX = 40 if EVERY else 1
LASTING = ("150 ms", "for ever") if EVERY else ("for ever",)
MEASURED_S, MEASURED_S_MAX = 2.5, 60
READY = request("GET", "/readyz", "")
SEEN_MIN = 4            # what happens less often may not happen while it is waited for
ERRORS = {"open": errno.EMFILE, "read": errno.EIO, "write": errno.EIO, "sync": errno.EIO,
          "truncate": errno.EIO, "map": errno.ENOMEM, "socket": errno.EMFILE,
          "connect": errno.ENETUNREACH, "accept": errno.EMFILE, "epoll_ctl": errno.ENOMEM,
          "epoll_wait": errno.EINTR, "poll": errno.EINTR, "recv": errno.ECONNRESET,
          "send": errno.EPIPE, "malloc": errno.ENOMEM, "calloc": errno.ENOMEM,
          "realloc": errno.ENOMEM}
# Of these the measurement must have seen some: else it measured something else.
EXPECTED = {
    ("door", "accept", "client"), ("http", "epoll_ctl", "client"), ("http", "epoll_wait", "other"),
    ("http", "recv", "client"), ("http", "send", "client"), ("http", "malloc", "other"),
    ("http", "calloc", "other"), ("writer", "write", "log"), ("writer", "sync", "log"),
    ("writer", "write", "other"), ("writer", "malloc", "other"),
    ("writer", "realloc", "other"), ("push", "socket", "peer"), ("push", "epoll_ctl", "peer"),
    ("push", "epoll_wait", "other"), ("push", "read", "peer"), ("push", "write", "peer"),
    ("push", "malloc", "other"), ("telephony", "send", "peer"), ("telephony", "recv", "peer"),
    ("telephony", "poll", "other"), ("telephony", "malloc", "other")}
# These fail for longer, too.
LONG = (("writer", "sync", "log"), ("writer", "write", "log"), ("door", "accept", "client"),
        ("push", "epoll_wait", "other"))
# What only a start does: (call, thread, kind).
STARTING = (("open", "main", "file"), ("open", "main", "database"), ("open", "main", "log"),
            ("read", "main", "database"), ("map", "main", "file"), ("socket", "main", "peer"),
            ("write", "main", "file"), ("malloc", "main", "other"), ("calloc", "main", "other"))


class CallFaults(unittest.TestCase):
    maxDiff = None

    def measure(self, world):
        """The classes that both paths are made of: at least those expected, and what comes with
        them."""
        before, began = world.calls.counts(), time.monotonic()
        while True:
            time.sleep(0.25)
            world.kick()
            counts = {place: number - before.get(place, 0)
                      for place, number in world.calls.counts().items()}
            seen = {place: number for place, number in counts.items() if number >= SEEN_MIN}
            past_s = time.monotonic() - began
            if past_s > MEASURED_S and EXPECTED <= set(seen):
                return seen
            self.assertLess(past_s, MEASURED_S_MAX,
                            f"the load does not reach {EXPECTED - set(seen)}")

    def cases(self, seen):
        for (thread, call, kind), number in sorted(seen.items()):
            for first in range(1, min(number, FIRST_MAX) + 1):
                yield Case(call, thread, kind, ERRORS[call], "once", first)
            for mode in LASTING:
                yield Case(call, thread, kind, ERRORS[call], mode)
        for thread, call, kind in LONG:
            yield Case(call, thread, kind, ERRORS[call], "10 s")
        for call, thread, kind in STARTING:
            yield Case(call, thread, kind, ERRORS[call], "once", 1, True)

    def test_each_class_of_calls(self):
        with contextlib.ExitStack() as stack:
            world = FaultyWorld(stack, "call faults")
            world.reach_somebody()
            seen = self.measure(world)
            faults, table = [], []
            cases = [case for case in self.cases(seen) if ONLY.search(str(case))]
            self.assertTrue(cases, NO_ROW)
            for case in cases:
                known = len(world.book.faults)
                fired, ends, answers = world.play(case)
                wrong = world.book.faults[known:] + [
                    f"it ended with {end}" for end in ends
                    if end not in (ABORTED, REFUSED_TO_START)]
                faults += [f"{case}: {fault}" for fault in wrong]
                table.append((case, fired))
                print(f"{case} fired {fired:6}  "
                      f"{f'ended {dict(collections.Counter(ends))}' if ends else 'went on':24}"
                      f" answers {dict(answers)}{' WRONG: ' * bool(wrong)}{'; '.join(wrong)}",
                      flush=True)
            world.conveyor.end()
            world.settle()
            evidence = world.collect()
            faults += world.judge(evidence)
            print(f"{len(table)} faults, fired {sum(fired for _, fired in table)} times",
                  flush=True)
            self.assertTrue(all(fired for _, fired in table))
            self.assertEqual(faults, [])


class FaultyCalls(astreinte_test.GatewayTest):
    """A gateway whose calls fail when they are armed to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.stop()
        cls.calls = Calls(cls.directory / "calls")
        cls.gateway.environment.update(cls.calls.environment)
        cls.gateway.start()


class UncertainCommit(FaultyCalls):
    """A COMMIT whose sync failed is answered neither yes nor no: the process ends, and the same
    idempotency key finds out afterwards."""

    def open_under(self, fail):
        """An escalation whose commit meets what fail() prepares; answers nothing but asserts."""
        lift = self.customer(devices=False)
        racer = Racer(self.gateway.port)
        self.addCleanup(racer.close)
        key = f"uncertain-{self.id()}"
        ask = make_ask("open", None, "POST", "/v1/escalations", lift.desk_key, {
            "customer": lift.slug, "severity": "critical", "summary": "Essai"}, key)
        with fail():
            racer.send(ask.data)
            self.assertEqual(self.read_all(racer.socket), b"", "it was answered")
            status = self.gateway.process.wait(astreinte_test.PATIENCE_S)
        self.assertEqual(status, ABORTED, self.gateway.log()[-2000:])
        self.assertIn("engine.commit_uncertain", self.gateway.log())
        self.gateway.start()
        answers = []
        for _ in range(2):
            again = Racer(self.gateway.port)
            self.addCleanup(again.close)
            answers.append(again.ask(ask.data))
        self.assertEqual([answer.status for answer in answers], [202, 202], answers)
        self.assertEqual(answers[0].json, answers[1].json)
        found = lift.desk.get(f"/v1/escalations?customer={lift.slug}").json["items"]
        self.assertEqual([each["id"] for each in found], [answers[0].json["id"]])

    def read_all(self, connection):
        """Every byte until the end of the connection."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                data += part
        return data

    def test_sync_fails(self):
        @contextlib.contextmanager
        def fail():
            self.calls.arm("fail", ["sync"], ["log"], ["writer"], errno.EIO, 1, 1)
            yield
            self.assertEqual(self.calls.fired(), 1)
            self.calls.disarm()

        self.open_under(fail)

    def test_sync_fails_in_the_kernel(self):
        """The same seen by strace, which no symbol escapes."""
        log = self.directory / "strace.log"

        @contextlib.contextmanager
        def fail():
            tracer = subprocess.Popen(
                ["strace", "-f", "-o", log, "-e", "trace=fdatasync", "-e",
                 "inject=fdatasync:error=EIO:when=1", "-p", str(self.gateway.process.pid)],
                stderr=subprocess.PIPE, text=True)
            try:
                for line in tracer.stderr:
                    if "attached" in line:
                        break
                yield
                tracer.wait(astreinte_test.PATIENCE_S)
                self.assertEqual(log.read_text().count("(INJECTED)"), 1, log.read_text())
            finally:
                tracer.kill()
                tracer.wait()
                tracer.stderr.close()

        self.open_under(fail)


class NoDescriptorLeft(unittest.TestCase):
    """accept() fails for want of descriptors: really, as the limit of the process is lowered."""

    CALLERS = 12
    LOOK_S = 0.5

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.world = World(self.stack, "descriptors")
        self.pid = self.world.gateway.process.pid

    def caller(self):
        caller = Racer(self.world.gateway.port)
        self.stack.callback(caller.close)
        return caller

    def accepts(self):
        return sum(number for (_, call, _), number in self.world.calls.counts().items()
                   if call == "accept")

    @contextlib.contextmanager
    def exhausted(self):
        limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        descriptors = os.listdir(f"/proc/{self.pid}/fd")
        lowest = max(int(each) for each in descriptors) + 1
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (lowest, limits[1]))
        try:
            yield lowest - len(descriptors)  # gaps that are still free
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, limits)

    def are_turned_away(self, callers):
        """Those that nobody has a descriptor for find their connection closed."""
        ready, _, _ = select.select([caller.socket for caller in callers], [], [], 0)
        return sum(not each.recv(1, socket.MSG_PEEK) for each in ready)

    def refuse_and_recover(self, kept):
        for caller in kept:
            self.assertEqual(caller.ask(READY).status, 200)
        with self.exhausted() as gaps:
            callers = [self.caller() for _ in range(gaps + self.CALLERS)]
            wait_until(lambda: self.are_turned_away(callers) >= self.CALLERS,
                       "the callers to be turned away")
            before = self.accepts()
            time.sleep(self.LOOK_S)
            tries = self.accepts() - before
            for caller in kept:
                self.assertEqual(caller.ask(READY).status, 200)
        for caller in [self.caller() for _ in range(self.CALLERS)]:
            self.assertEqual(caller.ask(READY).status, 200)
        self.assertLess(tries, 1000, "it tries again and again, and nobody calls")

    def test_with_connections_that_stay(self):
        self.refuse_and_recover([self.caller() for _ in range(self.CALLERS)])

    def test_without_any_connection(self):
        self.refuse_and_recover([])


class NoMemoryForConnections(FaultyCalls):
    """Callers whose connection was lost for want of memory take no place for good."""

    sections = {"gateway": {"connections_max": 8}}
    LOST = 20

    def ask(self):
        caller = Racer(self.gateway.port)
        try:
            return caller.ask(READY)
        except ConnectionError:
            return None
        finally:
            caller.close()

    def test_their_places_are_free_again(self):
        self.assertEqual(self.ask().status, 200)
        self.calls.arm("fail", ["malloc"], threads=["http"], error=errno.ENOMEM)
        answers = [self.ask() for _ in range(self.LOST)]
        self.calls.disarm()
        self.assertGreater(answers.count(None), 8, answers)
        for _ in range(self.LOST):
            self.assertEqual(self.ask().status, 200)


if __name__ == "__main__":
    unittest.main()

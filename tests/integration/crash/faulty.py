"""A gateway on a machine that fails: a supervisor that starts it again, a conveyor of escalations
whose deadlines run out all the time, and one fault after the other under it."""

import collections
import dataclasses
import json
import threading
import time

from crash.book import Book
from crash.world import World
from races.raw import Racer

PACE_S = 0.02          # between two requests of the conveyor, each on a connection of its own
ANSWER_S_MAX = 20
FIRE_S_MAX = 30        # only a fault that never fires reaches these
REACH_S_MAX = 60
KICK_EVERY_S = 0.25    # providers hang up so often while a fault is waited for
KILL_EVERY_S = 3.0     # and so often it has to begin anew: some calls are a young process' only
START_AGAIN_S = 0.05
# Ten seconds are longer than whatever waits before it tries again, judges or tells.
LASTS_S = {"once": 0.0, "150 ms": 0.15, "for ever": 0.4, "10 s": 10.0}
ABORTED, REFUSED_TO_START = -6, 1


@dataclasses.dataclass
class Case:
    """One class of calls that fails, from the first-th on."""
    call: str
    thread: str
    kind: str
    error: int
    mode: str
    first: int = 1
    starting: bool = False

    def __str__(self):
        place = f"{self.call:10} {self.thread:9} {self.kind:8}"
        return f"{place} {'start' if self.starting else 'run':5} {self.first:4} {self.mode:8}"


class Tail:
    """The lines that a growing log got since the last look."""

    def __init__(self, path):
        self._path, self._place = path, 0

    def read(self):
        if not self._path.exists():
            return []
        with open(self._path, "rb") as file:
            file.seek(self._place)
            data = file.read()
        whole = data[:data.rfind(b"\n") + 1]
        self._place += len(whole)
        return [json.loads(line) for line in whole.splitlines()]


class Conveyor(threading.Thread):
    """One request after the other, whatever becomes of them."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.book, self.number = world, world.book, 0
        self.opened = []       # escalations in the order of their first answer
        self.answers = collections.Counter()  # since the supervisor last took them
        self.failure = None
        self._ends = threading.Event()
        self._next = collections.deque()

    def _draw(self):
        if self._next:
            return self._next.popleft()
        if self.book.pending:
            return self.book.pending.pop(0)
        self.number += 1
        return self.world.ask_open("conveyor", self.number)

    def _ask(self, ask):
        try:
            racer = Racer(self.world.gateway.port)
        except OSError:
            return None
        try:
            racer.socket.settimeout(ANSWER_S_MAX)
            return racer.ask(ask.data)
        except OSError:
            return None
        finally:
            racer.close()

    def _run_once(self):
        ask = self._draw()
        new = ask.kind == "open" and ask.note["key"] not in self.book.promises
        self.book.asked(ask)
        answer = self._ask(ask)
        self.answers[answer.status if answer else "none"] += 1
        if self.book.take(ask, answer) and new and ask.note["key"] in self.book.promises:
            promise = self.book.promises[ask.note["key"]]
            self.opened.append(promise.escalation)
            self._next += [*self.world.follow(promise), self.world.ask_view(promise)]

    def run(self):
        try:
            while not self._ends.wait(PACE_S):
                self._run_once()
        except BaseException as failure:  # told by the supervisor's next look
            self.failure = failure
            raise

    def end(self):
        self._ends.set()
        self.join()


class FaultyWorld(World):
    """Only the thread that made it starts the gateway."""

    def __init__(self, stack, seed):
        super().__init__(stack, seed, Book(failing=True))
        self.pushed = Tail(self.directory / "received.jsonl")
        self.called = Tail(self.directory / "telephony.jsonl")
        self.reached, self.ends = set(), []
        self.conveyor = Conveyor(self)
        self.conveyor.start()
        stack.callback(self.conveyor.end)

    # ---- supervising ----

    def tend(self):
        """Starts it again when it ended."""
        if self.conveyor.failure is not None:
            raise AssertionError("the conveyor failed") from self.conveyor.failure
        if self.gateway.is_running():
            return
        if self.gateway.process is not None:
            self.ends.append(self.gateway.bury())
        self.gateway.begin()
        if not self.gateway.become_ready():
            self.ends.append(self.gateway.bury())
            time.sleep(START_AGAIN_S)

    def tend_until(self, condition, what, patience_s):
        until = time.monotonic() + patience_s
        while not condition():
            self.tend()
            if time.monotonic() > until:
                raise AssertionError(f"waited in vain for {what}")
            time.sleep(0.005)

    def is_serving(self):
        return self.gateway.is_running() and (self.directory / "port").exists()

    # ---- what people notice ----

    def look_who_was_reached(self):
        for line in self.pushed.read():
            payload = line.get("payload") or {}
            data = payload.get("message", payload).get("data", payload)
            if line["status"] == 200:
                self.reached.add(data.get("escalation"))
        for line in self.called.read():
            if line["type"] == "call.requested" and line["answered"] == 200:
                self.reached.add(line["body"]["escalation"])

    def reach_somebody(self):
        """Of the escalations that are opened from now on one reaches a phone. Not just the first:
        its people may have answered, or the desk cancelled it, before its push went out."""
        known = len(self.conveyor.opened)

        def is_reached():
            self.look_who_was_reached()
            return not self.reached.isdisjoint(self.conveyor.opened[known:])

        self.tend_until(is_reached, "an escalation to reach a phone", REACH_S_MAX)

    # ---- one fault ----

    def kick(self):
        for provider in ("apns", "fcm"):
            self.provider.control(provider=provider, goaway=True)

    def arm(self, case):
        self.calls.arm("fail", [case.call], [case.kind], [case.thread], case.error, case.first,
                       1 if case.mode == "once" else (1 << 63))

    def play(self, case):
        """Answers (how often it fired, how the process ended meanwhile, the answers meanwhile)."""
        self.tend_until(self.is_serving, "the gateway", REACH_S_MAX)
        self.ends, self.conveyor.answers = [], collections.Counter()
        if case.starting:
            self.gateway.kill()
        self.arm(case)
        kicked = killed = time.monotonic()

        def has_fired():
            nonlocal kicked, killed
            now = time.monotonic()
            if now - killed > KILL_EVERY_S and self.gateway.is_running():
                self.gateway.kill()
                killed = now
            elif now - kicked > KICK_EVERY_S:
                self.kick()
                kicked = now
            return self.calls.fired() > 0

        try:
            self.tend_until(has_fired, f"{case} to fire", FIRE_S_MAX)
            until = time.monotonic() + LASTS_S[case.mode]
            self.tend_until(lambda: time.monotonic() >= until, "the time to pass", REACH_S_MAX)
        finally:
            self.calls.disarm()
        fired = self.calls.fired()
        self.tend_until(self.is_serving, "the gateway", REACH_S_MAX)
        self.reach_somebody()
        return fired, self.ends, self.conveyor.answers

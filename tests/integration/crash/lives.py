"""Life after life of one gateway: each begins, serves a load, and is killed at a drawn moment."""

import collections
import contextlib
import dataclasses
import shutil
import signal
import time

from crash import evidence as evidence_module
from crash import journal, moments
from crash.evidence import Kill
from crash.lanes import converse
from crash.world import LANES, World

LOOK_EVERY = 20        # so many kills apart the database is looked at as the kill left it
PENDING_MANY = 60      # then a life opens only one more
LINGER_S_MAX = 0.15    # after the last answer a moment may still come: deadlines, pushes, calls


@dataclasses.dataclass
class Figures:
    """What the lives of one database came to."""
    kills: int = 0
    moments: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    answers: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unanswered: int = 0
    unresolved: int = 0    # attempts under way at the kills that were looked at
    pushes: int = 0
    pushes_again: int = 0
    webhooks: int = 0
    webhooks_again: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            mine, more = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine + more)


class Lives(World):
    """The lives of one database."""

    def __init__(self, stack, seed):
        super().__init__(stack, seed)
        self.figures = Figures()

    def draw_load(self, life):
        """What is still unanswered, looks at old promises, and new escalations, in any order."""
        queue, known = self.book.pending, list(self.book.promises.values())
        opens = self.chance.randint(4, 16) if len(queue) < PENDING_MANY else 1
        for promise in self.chance.sample(known, min(4, len(known))):
            queue += [self.ask_again(promise), self.ask_view(promise)]
        queue += [self.ask_open(life, number) for number in range(opens)]
        self.chance.shuffle(queue)
        self.book.pending = []
        return collections.deque(queue)

    def serve(self, life, moment):
        """Sends the load, and kills at a moment that is a time."""
        queue, left = self.draw_load(life), moment.after_events

        def count(event):
            nonlocal left
            if event == moment.event and left > 0:
                left -= 1
                if left == 0:
                    time.sleep(moment.wait_s)
                    self.gateway.process.kill()

        def sent(ask):
            self.book.asked(ask)
            count("sent")

        def answered(ask, answer):
            new = ask.kind == "open" and ask.note["key"] not in self.book.promises
            if self.book.take(ask, answer):
                count("answered")
                if new and ask.note["key"] in self.book.promises:
                    queue.extend(self.follow(self.book.promises[ask.note["key"]]))

        converse(self.gateway.port, queue, LANES, answered, self.gateway.is_running,
                 sent)
        self.book.pending += queue
        until = time.monotonic() + LINGER_S_MAX
        while self.gateway.is_running() and time.monotonic() < until:
            time.sleep(0.002)

    def live_once(self, life):
        moment = moments.draw(self.chance)
        if moment.early:
            self.calls.arm(**moment.rule)
        self.gateway.begin()
        if self.gateway.become_ready():
            if moment.rule and not moment.early:
                self.calls.arm(**moment.rule)
            self.serve(life, moment)
        name = moment.name
        if self.gateway.process.poll() is None:
            name = "after the load"
            self.gateway.process.kill()
        self.calls.disarm()
        status = self.gateway.bury()
        if status != -signal.SIGKILL:
            raise AssertionError(f"life {life} ended by itself with {status}:\n"
                                 + self.gateway.log()[-8000:])
        self.figures.kills += 1
        self.figures.moments[name] += 1
        if self.figures.kills % LOOK_EVERY == 0:
            self.look()

    def look(self):
        """Is everything that was answered durable in what the kill left?"""
        copy = journal.copy_database(self.directory / "astreinte.db", self.directory / "killed.db")
        rows = journal.read_rows(copy, "escalation", "attempt")
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        there = {evidence_module.text_of(row["escalation_id"]) for row in rows["escalation"]}
        self.book.faults += [f"lost: {promise.escalation} has no row at kill {self.figures.kills}"
                             for promise in self.book.promises.values()
                             if promise.escalation not in there]
        unresolved = [row for row in rows["attempt"]
                      if row["state"] in (journal.PLANNED, journal.HANDED_OVER)]
        self.figures.unresolved += len(unresolved)
        self.kills.append(Kill(0, unresolved, len(self.provider.records()),
                               len(self.telephony.records())))

    def count(self, evidence):
        figures = self.figures
        figures.answers, figures.unanswered = self.book.answers, self.book.unanswered
        figures.pushes = len(evidence.received)
        figures.pushes_again = sum(not line["new"] for line in evidence.received)
        webhooks = [line for line in evidence.telephony if line["type"] != "outcome"]
        figures.webhooks = len(webhooks)
        figures.webhooks_again = sum(line["repeat"] for line in webhooks)


def live(seed, kills, keep, tampered=False):
    """So many lives of one database. Answers (Figures, faults); with faults, the folder is copied
    to `keep`. tampered: shows besides that faults would be noticed."""
    with contextlib.ExitStack() as stack:
        lives = Lives(stack, seed)
        faults = []
        try:
            lives.gateway.kill()
            for life in range(kills):
                lives.live_once(life)
            lives.gateway.begin()
            if not lives.gateway.become_ready():
                raise AssertionError("it ended by itself:\n" + lives.gateway.log()[-8000:])
            lives.settle()
            evidence = lives.collect()
            lives.count(evidence)
            faults = lives.judge(evidence)
            if tampered and not faults:
                faults += [f"tampering goes unnoticed: {name}"
                           for name in lives.unnoticed_tamperings(evidence)]
        except AssertionError as failure:
            faults.append(f"failure: {failure}")
        if faults:
            lives.end()
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(lives.directory, keep, ignore=shutil.ignore_patterns("*.sock"))
        return lives.figures, faults

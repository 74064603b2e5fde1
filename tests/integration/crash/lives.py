"""Life after life of one gateway: each begins, serves a load, and is killed at a drawn moment; what
is left at the end of all is held against the book that the clients kept outside."""

import collections
import contextlib
import dataclasses
import pathlib
import random
import shutil
import signal
import sqlite3
import tempfile
import time

import astreinte_test
from astreinte_test import Customer, Gateway, Program, Simulator, wait_until
from crash import book as book_module
from crash import evidence as evidence_module
from crash import journal, moments
from crash.book import Book
from crash.calls import Calls
from crash.evidence import Evidence, Kill
from crash.lanes import converse, make_ask

LANES = 6
LOOK_EVERY = 20        # so many kills apart the database is looked at as the kill left it
PENDING_MANY = 60      # then a life opens only one more
READY_S_MAX = 60
LINGER_S_MAX = 0.15    # after the last answer a moment may still come: deadlines, pushes, calls
SETTLE_S_MAX = 240
TABLES = ("customer", "escalation", "attempt", "timeline", "timeline_personal", "device_test")
AGENTS = {"paul": "Paul Durand", "marie": "Marie Petit"}
PROCEDURE = astreinte_test.procedure(progress_within_s=86400, steps=[
    {"notify": [{"on_call": "principal"}, {"on_call": "renfort"}], "by": ["push"],
     "accepted_within_s": 1},
    {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 1},
    {"notify": [{"on_call": "renfort"}], "by": ["push", "call"], "accepted_within_s": 1}])
# What the caller's agents do about an escalation, and how often.
COURSES = (("accept", 4), ("race", 3), ("decline", 2), ("cancel", 2), ("nothing", 4))
# Not held, not closed, and not both exhausted and announced. Numbers of core/words.h.
UNSETTLED = """
    SELECT count(*) FROM escalation e WHERE holder_kind = 0 AND state NOT IN (7, 8) AND NOT
      (state = 4 AND EXISTS (SELECT 1 FROM attempt a WHERE a.customer_id = e.customer_id
       AND a.escalation_id = e.escalation_id AND a.purpose = 5 AND a.state IN (2, 3, 4)))"""


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


class LivedGateway(Gateway):
    """Is not waited for: it may not live to be ready."""

    def begin(self):
        (self.directory / "port").unlink(missing_ok=True)
        Program.start(self)

    def become_ready(self):
        """False when it died before."""
        until = time.monotonic() + READY_S_MAX
        while not (self.directory / "port").exists():
            if self.process.poll() is not None:
                return False
            if time.monotonic() > until:
                raise AssertionError("astreinted does not start:\n" + self.log()[-4000:])
            time.sleep(0.001)
        return True

    def bury(self):
        """After its end; answers the status."""
        status = self.process.wait()
        self.process = None
        return status


class Lives:
    """One database from its making to its judgment."""

    def __init__(self, stack, seed):
        self.chance = random.Random(seed)
        self.book, self.figures, self.kills = Book(), Figures(), []
        self.directory = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        self.calls = Calls(self.directory / "calls")
        self.gateway = LivedGateway(self.directory, {"telephony": {"calls_max": 512}},
                                    self.calls.environment)
        self.provider = Simulator("provider", self.directory).start()
        stack.callback(self.provider.stop)
        self.gateway.use_provider(self.provider.ready)
        secret = astreinte_test.webhook_secret()
        self.telephony = Simulator("telephony", self.directory, "--secret", secret,
                                   "--api-key-file", self.directory / "root.key").start()
        stack.callback(self.telephony.stop)
        for name in ("telephony", "call-centre"):
            self.gateway.use_endpoint(name, self.telephony.ready["url"], secret)
        self.gateway.start()
        stack.callback(self.end)
        self.customers = [self.make_customer(number) for number in range(2)]

    def end(self):
        if self.gateway.is_running():
            self.gateway.kill()

    def make_customer(self, number):
        customer = Customer(self.gateway, f"client-{number}", PROCEDURE, AGENTS)
        customer.agents["paul"].register("phone-2", "fcm")
        for behaviour, agent in zip(self.chance.sample(("busy", "accept", "no_answer"), 2),
                                    customer.agents.values()):
            self.telephony.control(number=agent.phone, behaviour=behaviour, after_s=0.05)
        return customer

    # ---- what is asked ----

    def ask_open(self, life, number):
        customer = self.chance.choice(self.customers)
        key = f"{life}-{number}"
        return make_ask("open", {"key": key, "customer": customer.slug}, "POST",
                        "/v1/escalations", customer.desk_key,
                        {"customer": customer.slug, "severity": "critical",
                         "summary": f"Appel {key}"}, key)

    def customer_of(self, slug):
        return next(each for each in self.customers if each.slug == slug)

    def ask_again(self, promise):
        note = {"key": promise.idempotency_key, "customer": promise.customer}
        ask = make_ask("open", note, "POST", "", "")
        ask.data = promise.request
        return ask

    def ask_view(self, promise):
        return make_ask("view", {"escalation": promise.escalation}, "GET",
                        f"/v1/escalations/{promise.escalation}",
                        self.customer_of(promise.customer).desk_key)

    def ask_verb(self, promise, agent, verb):
        customer = self.customer_of(promise.customer)
        return make_ask(verb, {"escalation": promise.escalation, "agent": agent}, "POST",
                        f"/v1/agent/escalations/{promise.escalation}/{verb}",
                        customer.agents[agent].token, {})

    def ask_cancel(self, promise):
        return make_ask("cancel", {"escalation": promise.escalation}, "POST",
                        f"/v1/escalations/{promise.escalation}/cancel",
                        self.customer_of(promise.customer).desk_key,
                        {"operator": "Léa", "reason": "essai"})

    def follow(self, promise):
        """What people do about an escalation that was just opened."""
        course = self.chance.choices([each[0] for each in COURSES],
                                     [each[1] for each in COURSES])[0]
        agents = self.chance.sample(list(AGENTS), 2)
        if course == "cancel":
            return [self.ask_cancel(promise)]
        if course == "nothing":
            return []
        verb = "decline" if course == "decline" else "accept"
        return [self.ask_verb(promise, agent, verb)
                for agent in (agents[:1] if course == "accept" else agents)]

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

    # ---- one life ----

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

        def answered(ask, answer):
            new = ask.kind == "open" and ask.note["key"] not in self.book.promises
            if self.book.take(ask, answer):
                count("answered")
                if new and ask.note["key"] in self.book.promises:
                    queue.extend(self.follow(self.book.promises[ask.note["key"]]))

        converse(self.gateway.port, queue, LANES, answered, self.gateway.is_running,
                 lambda: count("sent"))
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

    # ---- the end ----

    def settle(self):
        """Answers what had none, and waits until every procedure came to its end."""
        self.gateway.begin()
        assert self.gateway.become_ready(), self.gateway.log()[-4000:]
        queue = collections.deque(self.book.pending)
        self.book.pending.clear()
        converse(self.gateway.port, queue, LANES, self.book.take, self.gateway.is_running)
        path = self.directory / "astreinte.db"

        def settled():
            with contextlib.closing(
                    sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                return connection.execute(UNSETTLED).fetchone()[0] == 0

        wait_until(settled, "every procedure to end", SETTLE_S_MAX)
        wait_until(lambda: journal.count_in_flight(path) == 0, "all outcomes", SETTLE_S_MAX)

    def collect(self):
        """Each promise asked for once more, and all that is known."""
        replays, views = {}, {}

        def answered(ask, answer):
            if answer is None:
                raise AssertionError(f"no answer to {ask}")
            if ask.kind == "open":
                replays[ask.note["key"]] = (answer.status, answer.json)
            else:
                views[ask.note["escalation"]] = (answer.status, answer.json)

        promises = list(self.book.promises.values())
        queue = collections.deque(make(promise) for promise in promises
                                  for make in (self.ask_again, self.ask_view))
        converse(self.gateway.port, queue, LANES, answered, self.gateway.is_running)
        self.gateway.stop()
        database = self.directory / "astreinte.db"
        self.book.faults += journal.file_faults(database)
        return Evidence(promises, replays, views, self.kills, self.provider.records(),
                        self.telephony.records(), journal.read_rows(database, *TABLES))

    def judge(self, evidence):
        found = self.book.faults + evidence_module.faults(evidence)
        for escalation, (status, view) in evidence.views.items():
            found += self.book.view_faults(escalation, status, view)
        return found

    def unnoticed_tamperings(self, evidence):
        """Names of tamperings that judge() would not find: there must be none."""
        missed = []
        for tamper in evidence_module.TAMPERINGS:
            changed = evidence.copy()
            kind = tamper(changed)
            if not kind or not any(fault.startswith(kind)
                                   for fault in evidence_module.faults(changed)):
                missed.append(tamper.__name__)
        for tamper in book_module.TAMPERINGS:
            changed = evidence.copy()
            kind = tamper(changed.views, self.book)
            if not any(fault.startswith(kind) for fault in self.judge(changed)):
                missed.append(tamper.__name__)
        return missed

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
            lives.gateway.write_configuration()  # with the port that it got
            for life in range(kills):
                lives.live_once(life)
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

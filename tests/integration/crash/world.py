"""A gateway that dies now and then, its simulators, what its clients ask for, and the judgment over
what is left at the end: each answer that they were given is held against it."""

import collections
import contextlib
import pathlib
import random
import sqlite3
import tempfile
import time

import astreinte_test
from astreinte_test import Customer, Gateway, Program, Simulator, wait_until
from crash import book as book_module
from crash import evidence as evidence_module
from crash import journal
from crash.book import Book
from crash.calls import Calls
from crash.evidence import Evidence
from crash.lanes import converse, make_ask

LANES = 6
READY_S_MAX = 60       # only a hang reaches these
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


class MortalGateway(Gateway):
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


class World:
    """One database from its making to its judgment."""

    def __init__(self, stack, seed, book=None):
        self.chance = random.Random(seed)
        self.book, self.kills = book or Book(), []
        self.directory = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="astreinte-")))
        self.calls = Calls(self.directory / "calls")
        self.gateway = MortalGateway(self.directory, {"telephony": {"calls_max": 512}},
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
        self.gateway.write_configuration()  # with the port that it got
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

    # ---- the end ----

    def settle(self):
        """Answers what had none, and waits until every procedure came to its end."""
        queue = collections.deque(self.book.pending)
        self.book.pending.clear()
        converse(self.gateway.port, queue, LANES, self.book.take, self.gateway.is_running,
                 self.book.asked)
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
            if answer.status == 503:  # a slow machine: to be asked again
                queue.append(ask)
                return
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

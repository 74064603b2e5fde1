"""Races over real sockets: who accepts at the same instant as another, as the deadline, or as the
desk cancels and a key is pressed. Exactly one has it, and the others are told who.

ASTREINTE_RACES says how many of each (1000; fewer under sanitizers)."""

import contextlib
import datetime
import random
import sqlite3
import time
import unittest

import astreinte_test
from races import judge
from races.raw import RACES, SANITIZED, Answer, Racer, race, request, spin_until

GAP_S_MAX = 0.004 if SANITIZED else 0.0006  # between the first and the last request of a race
BATCH = max(1, min(100, RACES // 5))        # escalations whose deadlines come one after the other
SPACING_S = 0.004
SPREAD_S = 0.003        # how far from the deadline an acceptance is sent
NAMES = {"paul": "Paul Durand", "marie": "Marie Petit"}


class Races(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")
    sections = {"telephony": {"calls_max": 512}}

    def setUp(self):
        self.chance = random.Random(RACES)
        self.racers = []

    def tearDown(self):
        for racer in self.racers:
            racer.close()

    def racer(self):
        racer = Racer(self.gateway.port)
        self.racers.append(racer)
        return racer

    def open(self, racer, customer, **members):
        answer = racer.ask(request("POST", "/v1/escalations", customer.desk_key,
                                   {"customer": customer.slug, "severity": "critical",
                                    "summary": "Essai", **members}))
        self.assertEqual(answer.status, 202, answer)
        return answer.json

    @staticmethod
    def verb(agent, escalation, verb="accept"):
        return request("POST", f"/v1/agent/escalations/{escalation}/{verb}", agent.token, {})

    @staticmethod
    def show(racer, customer, escalation):
        return racer.ask(
            request("GET", f"/v1/escalations/{escalation}", customer.desk_key)).json

    def check_journal(self, opened):
        """Once more in the database: nobody's escalation was taken twice."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.directory}/astreinte.db?mode=ro", uri=True)) as database:
            most = database.execute(
                "SELECT count(*), max(n) FROM (SELECT count(*) AS n FROM timeline"
                " WHERE kind = 16 GROUP BY escalation_id)").fetchone()
        self.assertLessEqual(most[1] or 0, 1)
        print(f"{opened} races; {most[0]} taken, none twice", flush=True)

    def test_accept_against_accept(self):
        both = [{"notify": [{"on_call": "principal"}, {"on_call": "renfort"}], "by": ["push"],
                 "accepted_within_s": 600}]
        customer = self.customer(definition=astreinte_test.procedure(steps=both))
        desk, lanes = self.racer(), {who: self.racer() for who in NAMES}
        wins = dict.fromkeys(NAMES, 0)
        for _ in range(RACES):
            escalation = self.open(desk, customer)["id"]
            ready = {who: self.verb(customer.agents[who], escalation) for who in NAMES}
            order = self.chance.sample(list(NAMES), 2)
            answers = dict(zip(order, race([(lanes[who], ready[who]) for who in order],
                                           [self.chance.uniform(0, GAP_S_MAX)])))
            view = self.show(desk, customer, escalation)
            self.assertEqual(judge.accept_faults(answers, NAMES, view), [], answers)
            again = {who: lanes[who].ask(ready[who]) for who in order}
            self.assertEqual(judge.accept_faults(again, NAMES, view), [], again)
            for who in NAMES:  # twice the same answer, 200 twice for the one who has it
                self.assertEqual(again[who].status, answers[who].status)
                wins[who] += answers[who].status == 200
        self.assertEqual(sum(wins.values()), RACES)
        self.assertTrue(all(wins.values()), wins)
        print(f"won: {wins}", flush=True)
        self.check_journal(RACES)

    def test_accept_against_deadline(self):
        step = {"notify": [{"agent": "paul"}], "by": ["push"], "accepted_within_s": 1}
        second = {"notify": [{"agent": "marie"}], "by": ["push"], "accepted_within_s": 600}
        customer = self.customer(definition=astreinte_test.procedure(steps=[step, second]))
        last = astreinte_test.procedure(steps=[step], exhausted_every_s=600)
        customer.admin_path("PUT", "procedures/dernier", last, 201)
        desk, lane, late = self.racer(), self.racer(), self.racer()
        centre_s, passed, done = 0.0, 0, 0
        while done < RACES:
            opened = []
            begun = time.monotonic()
            for number in range(min(BATCH, RACES - done)):
                spin_until(begun + number * SPACING_S)
                name = self.chance.choice(("nuit", "dernier"))
                answer = self.open(desk, customer, procedure=name)
                due = datetime.datetime.fromisoformat(answer["next"]["at"]).timestamp()
                opened.append((due, name, answer["id"]))
            answers = []
            for due, _, escalation in opened:
                ready = self.verb(customer.agents["paul"], escalation)
                spin_until(due + centre_s + self.chance.uniform(-SPREAD_S, SPREAD_S), time.time)
                answers.append(lane.ask(ready))
            over = 0
            for (_, name, escalation), answer in zip(opened, answers):
                after = late.ask(self.verb(customer.agents["marie"], escalation))
                view = self.show(desk, customer, escalation)
                self.assertEqual(judge.deadline_faults(
                    answer, after, view, "paul", NAMES["paul"], name == "nuit"), [], view)
                over += judge.deadline_won(view)
            # The aim follows the machine, so that both sides win about equally often.
            centre_s += 0.001 * (1 - 2 * over / len(opened))
            passed += over
            done += len(opened)
        print(f"the deadline came first {passed} times of {done}", flush=True)
        self.assertTrue(0 < passed < done, passed)
        self.check_journal(done)

    def test_accept_against_cancel_against_key(self):
        self.telephony.control(number="*", behaviour="silent")
        both = [{"notify": [{"agent": "paul"}, {"agent": "marie"}], "by": ["push", "call"],
                 "accepted_within_s": 600}]
        customer = self.customer(definition=astreinte_test.procedure(steps=both))
        desk, lanes = self.racer(), [self.racer() for _ in range(3)]
        firsts = {"nobody": 0, "paul": 0, "marie": 0}
        for _ in range(RACES):
            escalation = self.open(desk, customer)["id"]
            calls = {attempt["to"]["who"]: attempt["id"]
                     for attempt in self.show(desk, customer, escalation)["attempts"]
                     if attempt["path"] == "call"}
            outcome = "/v1/telephony/calls/{}/outcome"
            starts = [
                self.verb(customer.agents["paul"], escalation),
                request("POST", f"/v1/escalations/{escalation}/cancel", customer.desk_key,
                        {"reason": "Fausse alerte", "operator": "Léa"}),
                request("POST", outcome.format(calls["marie"]), customer.telephony_key,
                        {"outcome": "accepted", "digits": "1"}),
            ]
            order = self.chance.sample(range(3), 3)
            gaps_s = [self.chance.uniform(0, GAP_S_MAX / 2) for _ in range(2)]
            came = race([(lanes[each], starts[each]) for each in order], gaps_s)
            accept, cancel, key = (came[order.index(each)] for each in range(3))
            view = self.show(desk, customer, escalation)
            self.assertEqual(judge.three_way_faults(accept, cancel, key, NAMES, view), [],
                             (accept, cancel, key))
            firsts[(view["holder"] or {"who": "nobody"})["who"]] += 1
            # The other telephone stops ringing: the trunk is free for the next race.
            desk.ask(request("POST", outcome.format(calls["paul"]), customer.telephony_key,
                             {"outcome": "no_answer"}))
        self.assertEqual(sum(firsts.values()), RACES)
        self.assertTrue(all(firsts.values()), firsts)
        print(f"had it: {firsts}", flush=True)
        self.check_journal(RACES)


class Judges(unittest.TestCase):
    """The races' judges can find fault: each wrong end of a race is noticed."""

    has_paul = Answer(200, {"holder": {"who": "paul", "name": NAMES["paul"]}})
    told_paul = Answer(409, {"type": "x/already-accepted", "holder": {"name": NAMES["paul"]}})
    told_marie = Answer(409, {"type": "x/already-accepted", "holder": {"name": NAMES["marie"]}})
    closed = Answer(409, {"type": "x/closed", "state": "cancelling"})
    cancelled = Answer(200, {})

    @staticmethod
    def view(*kinds, state="accepted", holder="paul", step=1):
        return {"state": state, "holder": {"who": holder} if holder else None,
                "timeline": [{"kind": kind} for kind in ("opened", "step_started", *kinds)],
                "attempts": [{"step": step, "purpose": "alert"}]}

    def test_accept_against_accept(self):
        def faults(paul, marie, view):
            return judge.accept_faults({"paul": paul, "marie": marie}, NAMES, view)

        good = self.view("accepted")
        self.assertEqual(faults(self.has_paul, self.told_paul, good), [])
        self.assertTrue(faults(self.has_paul, self.has_paul, good), "two winners")
        self.assertTrue(faults(self.told_paul, self.told_paul, good), "no winner")
        self.assertTrue(faults(self.has_paul, self.told_marie, good), "wrong name")
        self.assertTrue(faults(self.has_paul, self.closed, good), "wrong problem")
        self.assertTrue(faults(self.has_paul, self.told_paul, self.view("accepted", "accepted")))
        self.assertTrue(faults(self.has_paul, self.told_paul, self.view("accepted",
                                                                        holder="marie")))

    def test_accept_against_deadline(self):
        def faults(view, answer=self.has_paul, late=self.told_paul):
            return judge.deadline_faults(answer, late, view, "paul", NAMES["paul"], True)

        self.assertEqual(faults(self.view("accepted")), [])
        self.assertEqual(faults(self.view("step_ended", "step_started", "accepted", step=2)), [])
        self.assertTrue(faults(self.view("step_ended", "step_started", "accepted")))
        self.assertTrue(faults(self.view("accepted", "step_started", step=2)), "went on")
        self.assertTrue(faults(self.view("accepted"), answer=self.told_paul))
        self.assertTrue(faults(self.view("accepted"), late=self.has_paul))

    def test_accept_against_cancel_against_key(self):
        def faults(accept, key, view, cancel=self.cancelled):
            return judge.three_way_faults(accept, cancel, key, NAMES, view)

        held = self.view("accepted", "cancelled", state="cancelling")
        free = self.view("cancelled", state="cancelled", holder=None)
        self.assertEqual(faults(self.has_paul, self.told_paul, held), [])
        self.assertEqual(faults(self.closed, self.closed, free), [])
        self.assertTrue(faults(self.has_paul, self.has_paul, held), "two winners")
        self.assertTrue(faults(self.has_paul, self.told_paul, free), "winner forgotten")
        self.assertTrue(faults(self.closed, self.told_marie, free), "held by nobody")
        self.assertTrue(faults(self.has_paul, self.told_paul, held, cancel=self.closed))

    def test_crash(self):
        def faults(before, committed, paul=(self.has_paul,), marie=(self.told_paul,)):
            return judge.crash_faults({"paul": before, "marie": None}, committed,
                                      {"paul": paul, "marie": marie}, NAMES,
                                      self.view("accepted"))

        self.assertEqual(faults(None, None), [])
        self.assertEqual(faults(self.has_paul, "paul", (self.has_paul, self.has_paul)), [])
        self.assertTrue(faults(self.told_marie, "paul"), "another answer after the kill")
        self.assertTrue(faults(None, "marie"), "another holder after the kill")
        self.assertTrue(faults(self.has_paul, None), "answered before durable")
        self.assertTrue(faults(None, None, (self.has_paul, self.told_paul)), "not repeatable")


if __name__ == "__main__":
    unittest.main()

"""Acceptances that meet a kill -9, most of all between the commit and the answer.

A round opens some escalations, sends both agents' acceptances of each, kills the daemon a moment
later, restarts it and repeats every request. ASTREINTE_RACES (1000; fewer under sanitizers) counts
escalations that were raced for when the daemon died, not kills: 20 of them meet each kill. The
moment is aimed at the commit: later when nothing was durable yet, earlier when all was answered.
"""

import contextlib
import random
import sqlite3
import time
import unittest

import astreinte_test
from crash import journal
from races import judge
from races.raw import RACES, Racer, request, spin_until

PER_KILL = 20
NAMES = {"paul": "Paul Durand", "marie": "Marie Petit"}
DELAY_S_FIRST, DELAY_S_MIN, DELAY_S_MAX = 0.002, 0.0001, 0.5


class CrashRaces(astreinte_test.GatewayTest):
    simulators = ("provider",)

    def open(self, count):
        racer = Racer(self.gateway.port)
        names = []
        for _ in range(count):
            answer = racer.ask(request("POST", "/v1/escalations", self.lift.desk_key,
                                       {"customer": self.lift.slug, "severity": "critical",
                                        "summary": "Essai"}))
            self.assertEqual(answer.status, 202, answer)
            names.append(answer.json["id"])
        racer.close()
        return names

    def accept(self, who, escalation):
        return request("POST", f"/v1/agent/escalations/{escalation}/accept",
                       self.lift.agents[who].token, {})

    def race_and_kill(self, escalations, delay_s):
        """{(escalation, who): the answer that came before the end, or None}."""
        starts = [(escalation, who) for escalation in escalations for who in NAMES]
        self.chance.shuffle(starts)
        racers = {start: Racer(self.gateway.port) for start in starts}
        begun = time.monotonic()
        for escalation, who in starts:
            racers[escalation, who].send(self.accept(who, escalation))
        spin_until(begun + delay_s)
        self.assertTrue(self.gateway.is_running(), "it ended by itself:\n" + self.gateway.log())
        self.gateway.kill()
        answers = {start: racer.receive() for start, racer in racers.items()}
        for racer in racers.values():
            racer.close()
        return answers

    def holders(self):
        """{escalation: slug} of what was durable at the kill."""
        copy = journal.copy_database(self.directory / "astreinte.db",
                                     self.directory / "killed.db")
        with contextlib.closing(sqlite3.connect(copy)) as database:
            rows = database.execute(
                "SELECT lower(hex(escalation_id)), slug FROM escalation"
                " JOIN agent ON agent_id = holder_id WHERE holder_kind = 1").fetchall()
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        return {f"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}": slug for i, slug in rows}

    def judge(self, escalations, before, durable):
        """All requests once more, twice each; answers how many met the window."""
        racer, window = Racer(self.gateway.port), 0
        for escalation in escalations:
            order = self.chance.sample(list(NAMES), 2)
            retries = {who: [racer.ask(self.accept(who, escalation))] for who in order}
            for who in order:
                retries[who].append(racer.ask(self.accept(who, escalation)))
            view = racer.ask(request("GET", f"/v1/escalations/{escalation}",
                                     self.lift.desk_key)).json
            said = {who: before[escalation, who] for who in NAMES}
            committed = durable.get(escalation)
            self.assertEqual(judge.crash_faults(said, committed, retries, NAMES, view), [],
                             (said, committed, retries))
            window += committed is not None and said[committed] is None
        racer.close()
        return window

    def test_accept_against_kill(self):
        self.chance = random.Random(RACES)
        both = [{"notify": [{"on_call": "principal"}, {"on_call": "renfort"}], "by": ["push"],
                 "accepted_within_s": 600}]
        self.lift = self.customer(definition=astreinte_test.procedure(steps=both))
        delay_s, raced, kills, window, durable_all = DELAY_S_FIRST, 0, 0, 0, 0

        def says_something():
            return window > 0 and raced > durable_all

        while raced < RACES or not says_something() and raced < 4 * RACES:
            escalations = self.open(PER_KILL)
            before = self.race_and_kill(escalations, delay_s)
            durable = self.holders()
            self.gateway.start()
            window += self.judge(escalations, before, durable)
            committed = sum(each in durable for each in escalations)
            answered = sum(answer is not None for answer in before.values())
            if committed == 0:
                delay_s = min(delay_s * 2, DELAY_S_MAX)
            elif committed < len(escalations) / 4:
                delay_s = min(delay_s * self.chance.uniform(1, 1.5), DELAY_S_MAX)
            elif answered > len(escalations) / 2:
                delay_s = max(delay_s / self.chance.uniform(1, 1.5), DELAY_S_MIN)
            raced += len(escalations)
            durable_all += committed
            kills += 1
        print(f"{raced} escalations raced for under {kills} kills: {durable_all} were taken when "
              f"the daemon died, {window} of them between the commit and the answer", flush=True)
        self.assertGreater(window, 0, "no kill met the window: the test says nothing")
        self.assertGreater(raced, durable_all, "no kill came before a commit")


if __name__ == "__main__":
    unittest.main()

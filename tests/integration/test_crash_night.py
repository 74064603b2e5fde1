"""kill -9 at random moments of the night: nothing that was accepted is lost.

The night of contrib/night, with all simulators, while a supervisor kills the daemon and starts it
again on the same port and database. ASTREINTE_SEED repeats a run's moments, ASTREINTE_KILLS (20)
says how many.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import threading
import time
import unittest

import astreinte_test
from astreinte_test import wait_until
from crash import evidence as evidence_module
from crash import journal
from crash.clients import Ledger, PersistentGateway, load_night
from crash.evidence import Evidence, Kill

KILLS = int(os.environ.get("ASTREINTE_KILLS", "20"))
SEED = int(os.environ.get("ASTREINTE_SEED", random.SystemRandom().randrange(1 << 32)))
NIGHT_S = 34.0          # the calls' offsets end at 29 s; their procedures a little later
HOLD_S_MAX = 0.8        # how long the receivers hold their answers back before a kill
TABLES = ("customer", "escalation", "attempt", "timeline", "timeline_personal",
          "device_test")
CTL = os.environ.get("ASTREINTECTL",
                     str(astreinte_test.BUILD_DIR / "gateway/ctl/astreintectl"))
ENDED = {"accepted", "taken", "done", "cancelled", "cancelling"}


class CrashNight(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony", "phone")
    sections = {"push": {"apns_critical": "yes"}}

    def make_key(self, role):
        answer = self.admin.post("/v1/api-keys", {"name": role, "role": role, "customers": ["*"]})
        self.assertEqual(answer.status, 201, answer)
        path = self.directory / f"{role}.key"
        path.write_text(answer["key"])
        return answer["key"], str(path)

    def make_night(self):
        """The night over clients that repeat."""
        module = load_night()
        examples = astreinte_test.SOURCE_DIR / "contrib/examples"
        self.key, key_file = self.make_key("call-centre")
        night = module.Night(argparse.Namespace(
            url=f"http://127.0.0.1:{self.gateway.port}", dir=str(self.directory), ctl=CTL,
            admin_key_file=str(self.directory / "root.key"), call_centre_key_file=key_file,
            customers=str(examples / "customers.json"), phones=str(examples / "phones.json"),
            night=str(examples / "night.jsonl"), pace=1.0, patience_s=60.0), "nuit")
        self.ledger = Ledger()
        self.clients = PersistentGateway(self.gateway.port, self.ledger)
        night.gateway = night.people.gateway = self.clients
        night.people.set_up()
        for customer in night.people.customers:
            for role in customer["rotas"]:
                night.on_call(customer["slug"], role)  # asked now: it does not change in the night
        return night

    @contextlib.contextmanager
    def answers_held_back(self, chance):
        """Three kills of four meet an attempt without an outcome, if one sets out in time: the
        providers stop to answer, or the telephone, or both. What reached them then is taken after
        the kill, as from a socket whose other end is gone. The others come as they come."""
        what = chance.choice(("push", "telephone", "both", "neither"))
        push, telephone = what in ("push", "both"), what in ("telephone", "both")
        try:
            for provider in ("apns", "fcm") if push else ():
                self.provider.control(provider=provider, freeze=True)
            if telephone:
                self.telephony.process.send_signal(signal.SIGSTOP)
            until = time.monotonic() + HOLD_S_MAX
            while (push or telephone) and time.monotonic() < until and \
                    not journal.count_in_flight(self.directory / "astreinte.db"):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.02))
            yield
        finally:
            if telephone:
                self.telephony.process.send_signal(signal.SIGCONT)
            for provider in ("apns", "fcm") if push else ():
                self.provider.control(provider=provider, freeze=False)

    def kill_once(self, number, moment_s, chance):
        with self.answers_held_back(chance):
            self.assertTrue(self.gateway.is_running(),
                            "it ended by itself:\n" + self.gateway.log()[-8000:])
            self.gateway.kill()
            database = journal.copy_database(self.directory / "astreinte.db",
                                             self.directory / f"kill-{number}.db")
            lines = len(self.provider.records()), len(self.telephony.records())
        self.gateway.start()
        attempts = journal.read_rows(database, "attempt")["attempt"]
        open_ones = [row for row in attempts
                     if row["state"] in (journal.PLANNED, journal.HANDED_OVER)]
        return Kill(moment_s, open_ones, *lines)

    def play(self, night):
        """Plays in a thread of its own: who starts a daemon must live as long as the daemon."""
        chance = random.Random(SEED)
        moments = sorted(chance.uniform(0.5, NIGHT_S) for _ in range(KILLS))
        player = threading.Thread(target=night.play)
        begun, kills = time.monotonic(), []
        player.start()
        for number, moment_s in enumerate(moments):
            time.sleep(max(0.0, begun + moment_s - time.monotonic()))
            kills.append(self.kill_once(number, moment_s, chance))
        player.join()
        return kills

    def view(self, escalation):
        status, text, _ = self.clients.exchange("GET", f"/v1/escalations/{escalation}", self.key)
        return status, json.loads(text)

    def wait_until_settled(self):
        """Every procedure goes on to its end: held, closed, or exhausted and announced."""
        names = {promise.escalation for promise in self.ledger.promises}

        def announced():
            return {line["body"]["escalation"] for line in self.telephony.records()
                    if line["type"] == "procedure.exhausted" and line["answered"] == 200}

        def settled():
            told = announced()
            for name in list(names):
                state = self.view(name)[1].get("state")
                if state in ENDED or state == "exhausted" and name in told:
                    names.discard(name)
            return not names

        wait_until(settled, f"an end of {names}", 120)

        def nothing_is_overdue():
            text = self.clients.exchange("GET", "/metrics")[1].decode()
            values = [line.split()[-1] for line in text.splitlines()
                      if line.startswith("astreinte_overdue")]
            return values and all(float(value) == 0 for value in values)

        wait_until(nothing_is_overdue, "nothing to be overdue")

    def collect(self, kills):
        replays, views = {}, {}
        for promise in list(self.ledger.promises):
            status, text, _ = self.clients.exchange(
                "POST", "/v1/escalations", self.key, promise.request, promise.idempotency_key)
            replays[promise.idempotency_key] = (status, text)
            views[promise.escalation] = self.view(promise.escalation)
        self.gateway.stop()
        database = self.directory / "astreinte.db"
        self.assertEqual(journal.file_faults(database), [])
        return Evidence(self.ledger.promises, replays, views, kills, self.provider.records(),
                        self.telephony.records(), journal.read_rows(database, *TABLES))

    def test_night_of_kills(self):
        print(f"seed {SEED}, {KILLS} kills (ASTREINTE_SEED repeats the moments)", flush=True)
        night = self.make_night()
        kills = self.play(night)
        self.wait_until_settled()
        evidence = self.collect(kills)
        unresolved = sum(len(kill.unresolved) for kill in kills)
        repeats = sum(not line["new"] for line in evidence.received)
        rings = sum(line["type"] != "outcome" and line["repeat"] for line in evidence.telephony)
        failures = [f"call {call.n} ({call.line['case']}): {failure}" for call in night.calls
                    for failure in call.failures]
        print(f"{len(self.ledger.promises)} answers of 2xx, {self.ledger.repeated} requests "
              f"repeated, {unresolved} attempts without outcome at a kill, {repeats} pushes and "
              f"{rings} webhooks came again\nnot as the night's file expects: "
              f"{failures or 'nothing'}", flush=True)
        self.assertEqual(evidence_module.faults(evidence), [], f"seed {SEED}")
        self.assertGreaterEqual(len(self.ledger.promises), len(night.calls))
        self.assertGreater(unresolved, 0, "no kill met an attempt under way: the test says nothing")
        self.check_that_faults_are_noticed(evidence)

    def check_that_faults_are_noticed(self, evidence):
        """The rules above can fail: each tampering is found, and found as what it is."""
        for tamper in evidence_module.TAMPERINGS:
            with self.subTest(tamper=tamper.__name__):
                changed = evidence.copy()
                kind = tamper(changed)
                found = evidence_module.faults(changed)
                self.assertTrue(kind and any(fault.startswith(kind) for fault in found),
                                (kind, found))


if __name__ == "__main__":
    unittest.main()

"""SIGTERM drains: what was asked is answered, what is in flight comes back before the daemon ends,
and the restart neither loses nor repeats anything."""

import random
import signal
import time
import unittest

import astreinte_test
from astreinte_test import wait_until
from crash import evidence as evidence_module
from crash import journal
from crash.evidence import Evidence, Promise
from races.raw import SANITIZED, Racer, request, spin_until

STOPS = 5 if SANITIZED else 18  # their calls ring on, and hold the trunk of 512 over the restarts
IN_FLIGHT = 24
SIGNAL_AFTER_S_MAX = 0.003
TABLES = ("customer", "escalation", "attempt", "timeline", "timeline_personal",
          "device_test")


class Drain(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")
    sections = {"telephony": {"calls_max": 512}}

    def setUp(self):
        self.chance = random.Random(STOPS)
        self.telephony.control(number="*", behaviour="silent")
        self.lift = self.customer(definition=astreinte_test.procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["push", "call"],
             "accepted_within_s": 600}]))
        self.promises = []

    def post(self, key):
        body = {"customer": self.lift.slug, "severity": "critical", "summary": f"Essai {key}"}
        data = request("POST", "/v1/escalations", self.lift.desk_key, body)
        return data.replace(b"\r\n\r\n", f"\r\nIdempotency-Key: {key}\r\n\r\n".encode(), 1)

    def note(self, key, answer):
        self.promises.append(Promise(key, self.post(key), answer.status, answer.json,
                                     answer.json["id"], self.lift.slug))

    def open_lanes(self):
        """Connections that the daemon has taken: each has had an answer."""
        lanes = [Racer(self.gateway.port) for _ in range(IN_FLIGHT)]
        for lane in lanes:
            self.assertEqual(lane.ask(request("GET", "/readyz", "")).status, 200)
        return lanes

    def stop_under_load(self, stop, starved=False):
        """Every request was sent whole before the signal: each is answered, yes or not now; also
        when none of its threads had run meanwhile and no byte was read yet."""
        lanes = self.open_lanes()
        keys = [f"{self.id()}-{stop}-{number}" for number in range(IN_FLIGHT)]
        if starved:
            self.gateway.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        for lane, key in zip(lanes, keys):
            lane.send(self.post(key))
        spin_until(begun + self.chance.uniform(0, SIGNAL_AFTER_S_MAX))
        self.gateway.process.send_signal(signal.SIGTERM)
        if starved:
            self.gateway.process.send_signal(signal.SIGCONT)
        refused = []
        for lane, key in zip(lanes, keys):
            answer = lane.receive()
            lane.close()
            self.assertIsNotNone(answer, f"{key} was sent before the signal and never answered")
            self.assertIn(answer.status, (202, 503), answer)
            if answer.status == 202:
                self.note(key, answer)
            else:
                refused.append(key)
        self.assertEqual(self.gateway.stop(), 0)
        return refused

    def collect(self):
        racer, replays, views = Racer(self.gateway.port), {}, {}
        for promise in self.promises:
            answer = racer.ask(promise.request)
            replays[promise.idempotency_key] = (answer.status, answer.json)
            answer = racer.ask(request("GET", f"/v1/escalations/{promise.escalation}",
                                       self.lift.desk_key))
            views[promise.escalation] = (answer.status, answer.json)
        racer.close()
        self.gateway.stop()
        database = self.directory / "astreinte.db"
        self.assertEqual(journal.file_faults(database), [])
        evidence = Evidence(self.promises, replays, views, [], self.provider.records(),
                            self.telephony.records(), journal.read_rows(database, *TABLES))
        self.gateway.start()
        return evidence

    def unresolved(self):
        return [row for row in journal.read_rows(self.directory / "astreinte.db",
                                                 "attempt")["attempt"]
                if row["state"] in (journal.PLANNED, journal.HANDED_OVER)]

    def test_stop_under_load(self):
        refused_all = 0
        for stop in range(STOPS):
            refused = self.stop_under_load(stop, starved=stop % 2 == 1)
            self.assertEqual(self.unresolved(), [], "something did not come back")
            self.gateway.start()
            racer = Racer(self.gateway.port)
            for key in refused:  # what was refused is taken now, under the same key
                answer = racer.ask(self.post(key))
                self.assertEqual(answer.status, 202, answer)
                self.note(key, answer)
            racer.close()
            refused_all += len(refused)
        self.assertEqual(len(self.promises), STOPS * IN_FLIGHT)
        evidence = self.collect()
        print(f"{STOPS} stops, {len(self.promises)} requests in flight at them, {refused_all} "
              f"answered 503 and taken after the restart", flush=True)
        self.assertEqual(evidence_module.standing_faults(evidence), [])
        self.assertEqual(evidence_module.needless_faults(evidence), [])
        for row in evidence.database["attempt"]:
            self.assertEqual(row["state"], journal.ACCEPTED, dict(row))
        self.check_that_faults_are_noticed(evidence)

    def check_that_faults_are_noticed(self, evidence):
        changed = evidence.copy()
        own = changed.promises[0].escalation
        sent = next(line for line in changed.received
                    if evidence_module.data_of(line).get("escalation") == own)
        changed.received += [dict(sent, new=False)] * 3
        self.assertTrue(evidence_module.needless_faults(changed))
        changed = evidence.copy()
        changed.database["escalation"].clear()
        self.assertTrue(evidence_module.standing_faults(changed))

    def test_outcomes_come_back_before_the_end(self):
        """The providers answer only after the signal: the daemon waits for them."""
        self.provider.control(provider="apns", freeze=True)
        racer = Racer(self.gateway.port)
        for number in range(IN_FLIGHT):
            self.note(f"late-{number}", racer.ask(self.post(f"late-{number}")))
        racer.close()
        stops = self.gateway.log().count("daemon.stopping")
        self.gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.gateway.log().count("daemon.stopping") > stops,
                   "the daemon to notice")
        self.provider.control(provider="apns", freeze=False)
        self.assertEqual(self.gateway.stop(), 0)
        self.assertEqual(self.unresolved(), [])
        self.gateway.start()
        evidence = self.collect()
        self.assertEqual(evidence_module.standing_faults(evidence), [])
        self.assertEqual(evidence_module.needless_faults(evidence), [])

    def test_provider_that_stays_silent(self):
        """It does not wait for ever: what never came back goes out again under its id."""
        self.provider.control(provider="apns", freeze=True)
        racer = Racer(self.gateway.port)
        for number in range(IN_FLIGHT):
            self.note(f"never-{number}", racer.ask(self.post(f"never-{number}")))
        racer.close()
        self.assertEqual(self.gateway.stop(), 0)
        left = {evidence_module.text_of(row["attempt_id"]) for row in self.unresolved()}
        self.assertEqual(len(left), IN_FLIGHT)
        self.provider.control(provider="apns", freeze=False)
        self.gateway.start()
        wait_until(lambda: left <= {line["id"] for line in self.provider.records()
                                    if line["status"] == 200}, "all to be sent again")
        wait_until(lambda: journal.count_in_flight(self.directory / "astreinte.db") == 0,
                   "all outcomes")
        evidence = self.collect()
        self.assertEqual(evidence_module.standing_faults(evidence), [])
        self.assertEqual(self.unresolved(), [])


if __name__ == "__main__":
    unittest.main()

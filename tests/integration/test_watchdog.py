"""What stands still is seen, told to the call centre without it, and ended by the supervisor; what
was accepted goes on after the restart.

How long it took to be seen is judged by what the gateway itself says in the alarm, or else by the
time in its log; what the machine was late meanwhile (machine_pace.py) is not the gateway's fault.
How long people waited is printed.
"""

import datetime
import json
import re
import signal
import threading
import time
import unittest

import astreinte_test
import machine_pace
import supervised
from astreinte_test import wait_until

STEPS = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 3},
         {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 60}]
ANSWER_S = 0.7  # BUSY_QUIET_MS of apns-fcm/connection.c
SEEN_MS_MAX = 2000
# WATCHED_MS_MAX of gateway/daemon/self_check.c, and the half second between its looks.
WATCHDOG_SEEN_MS_MAX = 2500


class Watchdog(supervised.SupervisedTest):
    simulators = ("provider", "telephony")

    def setUp(self):
        super().setUp()
        self.control = self.enterContext(machine_pace.Control(self.directory))
        self.telephony.control(number="*", behaviour="silent")
        self.ours = self.customer(definition=astreinte_test.procedure(steps=STEPS), devices=False)
        self.telephony.control(number=self.ours.agents["marie"].phone, behaviour="accept",
                               after_s=0.1)
        self.told = {kind: len(self.alarms(kind)) for kind in (
            "engine.writer_stuck", "engine.overdue", "gateway.self_check", "push.down")}
        self.aborts = 1
        self.gateway.on_abort = self.at_abort

    def at_abort(self):
        """The machine is well again when the gateway comes back the last time."""
        if len(self.gateway.ends) == 0:
            self.aborted_at = time.time()
        if len(self.gateway.ends) + 1 == self.aborts:
            self.gateway.hooks.clear()

    def wait_for_alarm(self, kind, since, seen_ms_max=SEEN_MS_MAX):
        """The new alarm of this kind; nothing was restarted for it to get out."""
        wait_until(lambda: len(self.alarms(kind)) > self.told[kind], kind)
        told_s = time.time() - since
        detail = self.alarms(kind)[-1]
        seen_ms = self.seen_ms(kind, detail, since)
        print(f"\n{self._testMethodName}: {kind} seen after {seen_ms:.0f} ms as recorded, told "
              f"after {told_s:.2f} s (the machine: {self.control.late_ms:.0f} ms)", flush=True)
        self.assertLess(seen_ms, seen_ms_max + self.control.late_ms, detail)
        self.assertEqual(self.gateway.ends, [])
        return detail

    def seen_ms(self, kind, detail, since):
        recorded = re.search(r" (\d+) ms$", detail)
        if recorded:
            return int(recorded[1])
        lines = [json.loads(line) for line in self.gateway.log().splitlines()
                 if '"event":"alarm"' in line]
        times = [datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
                 for line in lines if line["kind"] == kind]
        return 1000 * (min(each for each in times if each > since) - since)

    def wait_for_restart(self, since):
        """systemd hears nothing any more, and ends it."""
        self.gateway.wait_for_ends(self.aborts)
        print(f"{self._testMethodName}: SIGABRT after {self.aborted_at - since:.2f} s, WatchdogSec "
              f"{self.gateway.watchdog_s:.0f} s", flush=True)
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * self.aborts)

    def check_reached(self, escalation):
        view = self.wait_for_view(self.ours, escalation, lambda view: view["state"] == "accepted",
                                  "the end")
        self.assertEqual((view["holder"]["who"], view["quarantined"]), ("marie", False))

    def test_writer_hangs_in_the_commit(self):
        """Twice, which accuses nobody: a commit is no escalation's in particular."""
        self.aborts = 2
        before = self.ours.escalate()["id"]
        since = time.time()
        self.gateway.hooks.set("hang fdatasync writer")
        headers = {"Idempotency-Key": self.id()}
        answers = []

        def post_until_answered():
            customer, desk = self.ours.slug, self.gateway.client(self.ours.desk_key)
            body = {"customer": customer, "severity": "critical", "summary": "Essai"}
            answers.append(self.over_restarts(
                lambda: desk.post("/v1/escalations", body, headers=headers)))

        caller = threading.Thread(target=post_until_answered)
        caller.start()
        self.assertIn("has not moved", self.wait_for_alarm("engine.writer_stuck", since))
        ready = self.gateway.client().get("/readyz")
        wait_until(lambda: self.gateway.client().get("/readyz").status == 503, "no readiness")
        self.assertIn(ready.status, (200, 503))
        self.wait_for_restart(since)
        caller.join()
        self.assertEqual(answers[0].status, 202, answers)
        self.check_reached(before)
        self.check_reached(answers[0]["id"])
        repeated = self.ours.escalate(headers=headers)
        self.assertEqual(repeated["id"], answers[0]["id"])

    def test_overdue_row(self):
        """The writer turns, but what is due fails each time: a disk that does not read."""
        before = self.ours.escalate()["id"]
        failures = self.gateway.log().count("engine.command_failed")
        self.gateway.hooks.set("fail step writer UPDATE escalation SET")
        due = self.ours.show(before)["next"]["at"]
        wait_until(lambda: self.gateway.log().count("engine.command_failed") > failures,
                   "the failure")
        since = time.time()  # the deadline came just now
        self.assertIn("overdue", self.wait_for_alarm("engine.overdue", since))
        self.assertEqual(self.ours.show(before)["next"]["at"][:17], due[:17])
        self.wait_for_restart(since)
        self.check_reached(before)

    def test_watchdog_itself_hangs(self):
        """In a read, as on a disk that does not answer."""
        before = self.ours.escalate()["id"]
        since = time.time()
        self.gateway.hooks.set("hang step watchdog")
        self.assertIn("watchdog", self.wait_for_alarm("gateway.self_check", since,
                                                   WATCHDOG_SEEN_MS_MAX))
        self.wait_for_restart(since)
        self.check_reached(before)

    def test_provider_is_silent(self):
        """It takes pushes and answers none. A restart would not mend it: the pager goes on by the
        next path, and systemd is petted."""
        theirs = self.customer(definition=astreinte_test.procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 50},
            {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 60}]))
        first = theirs.escalate()["id"]
        wait_until(lambda: theirs.show(first)["attempts"][0]["accepted_at"], "a push that arrives")
        self.provider.control(provider="apns", freeze=True)
        self.addCleanup(self.provider.control, provider="apns", freeze=False)
        since = time.time()
        second = theirs.escalate()["id"]
        self.assertTrue(self.wait_for_alarm("push.down", since).startswith("apns"))
        print(f"of which {ANSWER_S} s until its answer was overdue", flush=True)
        wait_until(lambda: theirs.show(second)["attempts"][-1]["path"] == "call", "the next path")
        pets = self.gateway.pets
        wait_until(lambda: self.gateway.pets > pets + 2, "systemd is petted")
        self.assertEqual((self.gateway.client().get("/readyz").status, self.gateway.ends),
                         (200, []))


if __name__ == "__main__":
    unittest.main()

"""What ends the process again and again is set aside after the second time, told to the call
centre, and everything else goes on."""

import contextlib
import signal
import sqlite3
import threading
import unittest

import astreinte_test
import supervised
from astreinte_test import wait_until

STEPS = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 2},
         {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 30}]


class Poison(supervised.SupervisedTest):
    simulators = ("telephony",)

    def setUp(self):
        super().setUp()
        self.telephony.control(number="*", behaviour="silent")
        self.good = self.new_customer()
        self.telephony.control(number=self.good.agents["marie"].phone, behaviour="accept",
                               after_s=0.1)

    def new_customer(self):
        return self.customer(definition=astreinte_test.procedure(steps=STEPS), devices=False)

    def poison(self, what, customer, agent="marie"):
        """From now on the writer does `what` when it records something about this agent."""
        with contextlib.closing(sqlite3.connect(self.directory / "astreinte.db")) as database:
            [number] = database.execute(
                "SELECT agent_id FROM agent JOIN customer USING (customer_id)"
                " WHERE customer.slug = ? AND agent.slug = ?", (customer.slug, agent)).fetchone()
        self.gateway.hooks.set(f'{what} bind_text writer "person":{number},',
                               f'{what} bind_text writer "person":{number}}}')

    def check_set_aside(self, customer, escalation):
        view = self.wait_for_view(customer, escalation, lambda view: view["quarantined"],
                                  "the quarantine")
        self.assertEqual([each["kind"] for each in view["timeline"]].count("quarantined"), 1)
        self.assertIn("act by telephone", str(view["next"]))
        # The desk is told twice, at once and with the escalation's own callback.
        wait_until(lambda: self.callbacks("escalation.quarantined", escalation), "the callback")
        wait_until(lambda: [each for each in self.alarms("engine.quarantine")
                            if escalation in each], "the alarm")
        # Nothing touches it any more.
        for verb, body in (("take", {}), ("notes", {"text": "x"}), ("cancel", {"reason": "x"})):
            self.assert_problem(customer.verb(escalation, verb, **body), 409, "quarantined")

    def check_reached(self, escalation):
        """Its step ended, the second agent was called and accepted."""
        view = self.wait_for_view(self.good, escalation, lambda view: view["state"] == "accepted",
                                  "the end")
        self.assertEqual(view["holder"]["who"], "marie")
        self.assertFalse(view["quarantined"])

    def test_abort_at_a_deadline(self):
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.poison("abort", ours)
        self.gateway.wait_for_ends(2)
        self.check_set_aside(ours, bad)
        after = self.over_restarts(self.good.escalate)["id"]
        self.check_reached(before)
        self.check_reached(after)
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_at_an_acknowledgment(self):
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        agent = ours.agents["paul"].enrol()
        self.poison("abort", ours, "paul")
        for number in (1, 2):
            with self.assertRaises(OSError):
                agent.client.request("POST", f"/v1/agent/escalations/{bad}/accept", {})
            self.gateway.wait_for_ends(number)
            self.view(ours, bad)  # it is back
        self.check_set_aside(ours, bad)
        self.assert_problem(agent.verb(bad, "accept"), 409, "quarantined")
        self.check_reached(before)
        self.check_reached(self.good.escalate()["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_while_it_is_accepted(self):
        """There is no escalation yet: the caller who repeats would end the gateway each time."""
        before = self.good.escalate()["id"]
        others = self.new_customer()
        self.gateway.hooks.set("abort bind_text writer Venin")

        def post():
            return others.escalate(summary="Venin", headers={"Idempotency-Key": "poison"})

        for number in (1, 2):
            with self.assertRaises(OSError):
                post()
            self.gateway.wait_for_ends(number)
            self.view(self.good, before)
        self.assert_problem(post(), 409, "quarantined")
        self.assertEqual(others.desk.get(
            f"/v1/escalations?customer={others.slug}")["items"], [])
        wait_until(lambda: self.alarms("engine.request_refused"), "the alarm")
        self.check_reached(before)
        self.check_reached(self.good.escalate(summary="Autre chose")["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_hang_at_a_deadline(self):
        """The supervisor's SIGABRT to a writer that hangs accuses like an abort of its own."""
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.poison("hang", ours)
        self.gateway.wait_for_ends(2)
        self.check_set_aside(ours, bad)
        self.check_reached(before)
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_when_its_row_is_read(self):
        """Not even setting it aside is possible the whole way: the third time only the mark is set,
        and it is not read again."""
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.assertEqual(ours.verb(bad, "take", operator="Venin lu").status, 200)
        self.gateway.hooks.set("abort column_text writer Venin lu")
        poster = threading.Thread(target=self.note_until_refused, args=(ours, bad))
        poster.start()
        self.gateway.wait_for_ends(3)
        poster.join()
        self.assertTrue(self.view(ours, bad)["quarantined"])
        wait_until(lambda: [each for each in self.alarms("engine.quarantine") if bad in each],
                   "the alarm")
        self.check_reached(before)
        self.check_reached(self.good.escalate()["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 3)

    def note_until_refused(self, customer, escalation):
        desk = self.gateway.client(customer.desk_key)

        def refused():
            try:
                return desk.post(f"/v1/escalations/{escalation}/notes",
                                 {"operator": "Léa", "text": "x"}).status == 409
            except OSError:
                return None

        wait_until(refused, "the refusal")


if __name__ == "__main__":
    unittest.main()

"""How an agent stands whom a step asks, over real sockets: paused, busy, with a phone that was not
heard of. The clock of the machine is moved where time has to pass."""

import unittest

import astreinte_test
from astreinte_test import wait_until

PUSH = [{"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 3600}]
HALF_AN_HOUR_MS = 30 * 60 * 1000


class StandingTest(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")
    moves_clock = ("gateway",)

    def setUp(self):
        super().setUp()
        self.ward = self.customer(definition=astreinte_test.procedure(steps=PUSH))
        self.paul = self.ward.agents["paul"]

    def escalate(self):
        answer = self.ward.escalate()
        self.assertEqual(answer.status, 202, answer)
        return answer["id"]

    def told(self, escalation, kind):
        """The sentences of the timeline of this kind."""
        return [each["text"] for each in self.ward.show(escalation)["timeline"]
                if each["kind"] == kind]

    def asked(self, escalation):
        """Who is asked by what."""
        ways = [(each["to"]["who"], each["path"]) for each in self.ward.show(escalation)["attempts"]
                if each["purpose"] == "alert"]
        return sorted(ways)

    def paused(self):
        own = self.paul.client.get("/v1/agent/me")["paused"]
        place = f"/v1/customers/{self.ward.slug}/agents/paul/reachability"
        seen = self.ward.desk.get(place)["paused"]
        self.assertEqual((seen or {}).get("since"), (own or {}).get("since"))
        return own

    def test_paused__is_called_at_once_and_marie_asked_as_well(self):
        self.assertIsNone(self.paused())
        first = self.escalate()
        self.assertEqual(self.asked(first), [("paul", "push")])
        said = self.paul.client.post("/v1/agent/pauses", {"minutes": 10, "reason": "ascenseur"})
        self.assertEqual(said.status, 200, said)
        wait_until(lambda: self.asked(first) == [("marie", "push"), ("paul", "call"),
                                                 ("paul", "push")], "the call")
        self.assertEqual(self.told(first, "called_too"),
                         ["Paul Durand is called, too: paused, without a network for a while."])
        self.assertEqual(self.told(first, "backed_up"),
                         ["Paul Durand is paused, without a network for a while: the backup is "
                          "asked as well."])
        self.assertEqual((self.paused()["reason"], self.paused()["operator"]), ("ascenseur", None))
        back = self.paul.client.delete("/v1/agent/pauses")
        self.assertEqual((back.status, back.json), (200, {"paused": None}))
        wait_until(lambda: self.paused() is None, "the end of the pause")
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])

    def test_paused__by_the_desk_until_it_is_over(self):
        place = f"/v1/customers/{self.ward.slug}/agents/paul/pauses"
        said = self.ward.desk.post(place, {"minutes": 5, "operator": "Lucie"})
        self.assertEqual((said.status, said["paused"]["operator"]), (200, "Lucie"), said)
        wait_until(lambda: self.paused() is not None, "the pause")
        self.assertEqual(self.paul.client.post("/v1/agent/pauses", {"minutes": 61}).status, 400)
        self.assertEqual(self.paul.client.post("/v1/agent/pauses", {"minutes": 0}).status, 400)
        self.assertEqual(self.ward.desk.post(place, {"minutes": 5}).status, 400)
        self.assertEqual(self.ward.desk.post(place.replace("paul", "nobody"),
                                             {"minutes": 5, "operator": "Lucie"}).status, 404)
        until = self.paused()["until"]
        self.clock.step_wall(HALF_AN_HOUR_MS)  # what waits does not follow it, what is shown does
        self.assertGreater(self.paused()["until"], until)
        self.clock.suspend(5 * 60 * 1000)
        wait_until(lambda: self.paused() is None, "the end of the pause")
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])

    def test_doubtful__is_called_too_until_the_phone_says_a_word(self):
        test = self.paul.client.post("/v1/agent/devices/phone-1/test")
        self.assertEqual(self.confirm_test(test["id"]).status, 200)
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])
        self.clock.step_wall(HALF_AN_HOUR_MS)
        called = self.escalate()
        self.assertEqual(self.asked(called), [("paul", "call"), ("paul", "push")])
        self.assertEqual(self.told(called, "called_too"),
                         ["Paul Durand is called, too: no phone of theirs was heard of lately."])
        self.paul.client.post("/v1/agent/devices/phone-1/contact")
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])

    def test_busy__marie_is_asked_as_well(self):
        first = self.escalate()
        self.assertEqual(self.paul.verb(first, "accept").status, 200)
        second = self.escalate()
        self.assertEqual(self.asked(second), [("marie", "push"), ("paul", "push")])
        self.assertEqual(self.told(second, "backed_up"),
                         ["Paul Durand is busy with another ticket: the backup is asked as well."])
        self.assertEqual(self.paul.verb(first, "done").status, 200)
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])

    def test_busy__as_a_member(self):
        self.ward.add_agent("zoe", "Zoé Blanc", "+33600000019")
        first = self.escalate()
        zoe = self.ward.agents["zoe"]
        self.assertEqual(self.ward.verb(first, "assign", agent="zoe").status, 200)
        self.assertEqual(zoe.verb(first, "accept")["you"], "holder")
        self.assertEqual(self.paul.verb(first, "join")["you"], "member")
        self.assertEqual(self.asked(self.escalate()), [("marie", "push"), ("paul", "push")])
        self.assertEqual(self.paul.verb(first, "done").status, 200)
        self.assertEqual(self.asked(self.escalate()), [("paul", "push")])


if __name__ == "__main__":
    unittest.main()

"""Phones of agents on duty that fall silent, over real sockets: each is probed by a push without a
sound, which its app answers by itself; who does not answer is asked anew by telephone, and who
answers is not. The machine sleeps through the half hours between."""

import datetime
import unittest

import astreinte_test
from astreinte_test import wait_until

MINUTE_MS = 60_000
PAUL, MARIE = "+33600000010", "+33600000011"
REMIND = {"notify": [{"check_in": "agent"}], "by": ["push"], "accepted_within_s": 3600}


class ProbeTest(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony", "phone")
    moves_clock = ("gateway", "provider", "telephony", "phone")

    def setUp(self):
        self.telephony.control(number="*", behaviour="no_answer")
        self.ours = self.customer()
        self.agents = self.ours.agents
        for name in ("paul", "marie"):
            self.behave(name, "see")

    def behave(self, name, behaviour):
        self.phone.control(token=self.agents[name].targets["phone-1"], behaviour=behaviour,
                           received_after_s=0.02, answer_after_s=0.05)

    def moment(self, seconds):
        at = self.clock.wall() + datetime.timedelta(seconds=seconds)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def take_up(self):
        """Paul and Marie are on duty in a rota each, and both checked in by the app."""
        self.ours.admin_path("PUT", "procedures/prise-de-poste",
                             astreinte_test.procedure(steps=[REMIND]), 200, 201)
        self.begins, self.ends = self.moment(2), self.moment(6 * 3600)
        for name, other in (("paul", "marie"), ("marie", "paul")):
            self.ours.admin_path("PUT", f"rotas/de-{name}", {
                **astreinte_test.rota(other),
                "overrides": [{"from": self.begins, "to": self.ends, "agent": name}]}, 200, 201)
            self.ours.admin_path("PUT", f"rotas/de-{name}/check-in", {
                "remind_before_s": 0, "procedure": "prise-de-poste", "probe_minutes": 30}, 201)
            answer = self.agents[name].client.post(
                "/v1/agent/check-ins", {"installation": "phone-1", "shift": f"de-{name}"})
            self.assertEqual(answer.status, 201, answer)
        for name in ("paul", "marie"):
            wait_until(lambda name=name: self.shift(name)["state"] == "taken_up" and
                       self.shift(name)["way"] == "app", f"{name}'s shift to be taken up")
        begun = self.clock.wall() + datetime.timedelta(seconds=3)
        wait_until(lambda: self.clock.wall() > begun, "the shifts to begin, and to be judged")

    def shift(self, name):
        items = self.ours.desk.get(f"/v1/customers/{self.ours.slug}/shifts?rota=de-{name}"
                                   f"&from={self.begins}&to={self.ends}")["items"]
        return [each for each in items if each["agent"] == name][-1]["check_in"]

    def probes_of(self, name):
        return [each["payload"] for each in self.provider.records()
                if each["token"] == self.agents[name].targets["phone-1"] and
                each["payload"].get("kind") == "probe"]

    def heard_at(self, name):
        return self.ours.desk.get(f"/v1/customers/{self.ours.slug}/agents/{name}/reachability")[
            "devices"][0]["proven_at"]

    def calls_to(self, number):
        return [each["body"] for each in self.telephony.records()
                if each["type"] == "call.requested" and each["to"] == number]

    def asked(self):
        items = self.ours.desk.get(
            f"/v1/escalations?customer={self.ours.slug}&state=open")["items"]
        return [each for each in items if each["kind"] == "check_in"]

    def test_probe__asks_anew_who_does_not_answer_and_nobody_else(self):
        self.take_up()
        before = {name: self.heard_at(name) for name in self.agents}
        self.assertEqual([self.probes_of(name) for name in self.agents], [[], []])
        self.behave("paul", "dead")
        self.clock.suspend(31 * MINUTE_MS)
        for name in self.agents:
            [probe] = wait_until(lambda name=name: self.probes_of(name), f"{name} to be probed")
            self.assertEqual(set(probe) & {"ticket", "escalation"}, set())
            self.assertEqual(probe["aps"]["interruption-level"], "passive")
            self.assertNotIn("sound", probe["aps"])
        wait_until(lambda: self.heard_at("marie") != before["marie"], "Marie's phone to answer")
        self.assertEqual(self.asked(), [])
        self.gateway.kill()  # the probe that is under way is known afterwards
        self.gateway.start()
        self.clock.suspend(5 * MINUTE_MS)
        [found] = wait_until(self.asked, "somebody to be asked anew")
        self.assertEqual(found["check_in_agent"], "paul")
        self.assertEqual((self.shift("paul")["state"], self.shift("paul")["asked_because"]),
                         ("missed", "phone_silent"))
        # Nothing was heard of his phone: the reminder's push calls, too.
        wait_until(lambda: self.calls_to(PAUL), "Paul to be called")
        self.assertIn("Prise de poste", self.calls_to(PAUL)[0]["say"]["text"])
        self.assertEqual(self.heard_at("paul"), before["paul"])
        [alarm] = [each["body"]["detail"] for each in self.telephony.records()
                   if each["type"] == "gateway.alarm" and not each["repeat"] and
                   each["body"]["alarm"] == "device.silent_on_shift"]
        self.assertIn(f"{self.ours.slug}/de-paul/paul", alarm)
        self.clock.suspend(31 * MINUTE_MS)
        wait_until(lambda: len(self.probes_of("marie")) == 2, "Marie to be probed again")
        self.assertEqual((self.shift("marie")["state"], self.calls_to(MARIE)), ("taken_up", []))
        self.assertEqual([each["id"] for each in self.asked()], [found["id"]])
        self.assertEqual(len(self.probes_of("paul")), 1)


if __name__ == "__main__":
    unittest.main()

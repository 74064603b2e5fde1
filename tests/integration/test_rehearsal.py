"""A rehearsal through the whole house: the API, the command line, and that nothing leaves.

That it says what then happens is proven by tests/unit/rehearsal against the engine itself.
"""
import unittest

import astreinte_test
from astreinte_test import procedure


class Rehearsal(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")

    def setUp(self):
        self.client = self.customer()

    def rehearse(self, key=None, **members):
        client = self.client.gateway.client(key) if key else self.client.desk
        return client.post("/v1/rehearsals", {
            "customer": self.client.slug, "at": "sunday 03:00", **members})

    def test_the_longest_way_and_a_short_one(self):
        answer = self.rehearse()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer["outcome"], "exhausted")
        self.assertEqual(answer["exhausted_ms"], 180000)
        self.assertEqual(answer["state"], "exhausted")
        self.assertEqual(answer["procedure"], {"slug": "nuit", "version": 1})
        self.assertIsNone(answer["holder"])
        self.assertEqual(answer["time_zone"], "Europe/Paris")
        self.assertEqual([a["path"] for a in answer["attempts"]],
                         ["push", "call", "push", "call", "callback", "callback"])
        first = answer["timeline"][0]
        self.assertEqual((first["kind"], first["when_ms"], first["at"]),
                         ("opened", 0, answer["at"]))
        whens = [entry["when_ms"] for entry in answer["timeline"]]
        self.assertEqual(whens, sorted(whens))
        answer = self.rehearse(language="en", assume=[
            {"agent": "paul", "does": "dead"},
            {"agent": "marie", "by": ["call"], "does": "accepts", "after_s": 12}])
        self.assertEqual(answer["outcome"], "held")
        self.assertEqual(answer["held_ms"], 32000)  # no reception in 20 s, no line to Paul
        self.assertEqual(answer["holder"]["who"], "marie")
        self.assertEqual(answer["assumptions_unused"], [])
        self.assertIn("Marie Petit accepted by telephone.",
                      [entry["text"] for entry in answer["timeline"]])

    def test_nothing_is_written_and_nothing_leaves(self):
        before = len(self.provider.records())
        for _ in range(5):
            self.assertEqual(self.rehearse().status, 200)
        listed = self.client.desk.get(f"/v1/escalations?customer={self.client.slug}")
        self.assertEqual(listed["items"], [])
        # A real one goes out behind them: what they had sent would have come before.
        opened = self.client.escalate()
        astreinte_test.wait_until(
            lambda: len(self.provider.records()) > before, "the real push")
        self.assertEqual(len(self.provider.records()), before + 1)
        self.assertEqual(self.telephony.records(), [])
        listed = self.client.desk.get(f"/v1/escalations?customer={self.client.slug}")
        self.assertEqual([item["id"] for item in listed["items"]], [opened["id"]])

    def test_who_may_ask(self):
        stranger = self.customer()
        self.assert_problem(self.rehearse(key=stranger.desk_key), 404, "not-found")
        self.assert_problem(self.rehearse(key=self.client.telephony_key), 403, "forbidden")
        self.assertEqual(self.rehearse(key=self.client.add_key("portal")).status, 200)
        self.assert_problem(self.client.desk.post("/v1/rehearsals", {"at": "03:00"}), 400,
                            pointer="/customer")

    def test_what_is_wrong_is_named(self):
        self.assert_problem(self.rehearse(at="some day"), 400, "invalid", "/at")
        self.assert_problem(self.rehearse(assume=[{"agent": "nobody", "does": "dead"}]), 400,
                            "invalid", "/assume/0/agent")
        self.assert_problem(self.rehearse(colour="red"), 400, "invalid", "/colour")

    def test_a_bound_is_told(self):
        slow = self.customer(definition=procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 86400}]))
        answer = slow.desk.post("/v1/rehearsals", {
            "customer": slow.slug, "at": "03:00", "span_s": 3600})
        self.assertEqual((answer["outcome"], answer["stopped_by"]), ("stopped", "span_s"))

    def ctl(self, *arguments, code=0, **environment):
        done = self.run_ctl(self.client.desk_key, *arguments, code=code, **environment)
        return done.stdout if code == 0 else done.stderr

    def test_the_command_line(self):
        told = self.ctl("rehearse", self.client.slug, "dimanche 03:00", "--assume",
                        "paul=dead,marie/call=accepts@12,contact:x=dead", code=1)
        self.assertIn("/assume/2/contact", told)
        arguments = ["rehearse", self.client.slug, "dimanche 03:00",
                     "--assume", "paul=dead,marie/call=accepts@12"]
        french = self.ctl(*arguments)  # the customer's own
        self.assertIn("Marie Petit s'en charge après +0:00:32", french)
        self.assertRegex(french, r"Début +dim. \d\d/\d\d/\d{4} 03:00:00 CES?T\n")
        self.assertIn("+0:00:20  Tour 1, palier 1\u00a0: fin, aucune réception confirmée.", french)
        unused = self.ctl(*arguments[:-1], "paul=accepts@9," + arguments[-1])
        self.assertIn("sollicite personne\u00a0: paul=accepts@9\n", unused)
        english = self.ctl(*arguments, LANG="en_GB.UTF-8")
        self.assertIn("Marie Petit has it after +0:00:32", english)
        self.assertIn("+0:00:32  Marie Petit accepted by telephone.", english)
        self.assertIn("PERSONNE ne s'en charge",
                      self.ctl("rehearse", self.client.slug, "03:00", "--language", "fr",
                               LANG="en_GB.UTF-8"))
        self.assertIn("--assume", self.ctl("rehearse", self.client.slug, "03:00", "--assume",
                                           "paul", code=2))


if __name__ == "__main__":
    unittest.main()

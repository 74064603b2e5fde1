"""Coverage through the whole house: what is found, who may ask, interventions of the timeline,
and the command line. That it is computed rightly is proven by tests/unit/coverage.
"""
import unittest

import astreinte_test
from astreinte_test import procedure, rota


class Coverage(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")

    def setUp(self):
        self.client = self.customer()

    def cover(self, key=None, **parameters):
        parameters = {"number_proof_d": 0, **parameters} # a test of its own looks at numbers
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        client = self.client.gateway.client(key) if key else self.client.desk
        return client.get("/v1/coverage" + ("?" + query if query else ""))

    def kinds(self, answer):
        self.assertEqual(answer.status, 200, answer)
        return sorted((item["kind"], item["rota"] or item["agent"] or item["procedure"])
                      for item in answer["items"])

    def test_phones_that_never_proved_anything(self):
        answer = self.cover()
        self.assertEqual(self.kinds(answer),
                         [("unproven_device", "marie"), ("unproven_device", "paul")])
        self.assertEqual((answer["customers"], answer["more"]), (1, 0))
        self.assertEqual((answer["daily_rest_h"], answer["weekly_rest_h"]), (11, 35))
        self.assertEqual(answer["procedures"], [{
            "customer": self.client.slug, "procedure": "nuit", "default": True,
            "human_within_s": 180, "worst_at": answer["from"], "reaches_nobody_s": 0,
            "approved_by": None, "approved_on": None, "review_on": None, "paper": "unapproved",
            "paper_text": "Le client n'a pas approuvé cette version."}])
        self.assertTrue(any("L3121-10" in note for note in answer["notes"]))
        # A reception proves one of them.
        opened = self.client.escalate()
        self.assertEqual(self.confirm_alert(opened["id"]).status, 200)
        astreinte_test.wait_until(
            lambda: self.kinds(self.cover()) == [("unproven_device", "marie")], "the proof")

    def test_phones_that_may_not_notify(self):
        paul = self.client.agents["paul"]
        paul.register("phone-1", target=paul.targets["phone-1"], permission="denied")
        self.assertIn(("no_permission", "paul"), self.kinds(self.cover()))
        for language, words in (("fr", "le droit d'en afficher"), ("en", "may show")):
            found = next(item for item in self.cover(language=language)["items"]
                         if item["kind"] == "no_permission")
            self.assertIn(words, found["text"])
        paul.register("phone-2")
        self.assertNotIn("no_permission", [kind for kind, _ in self.kinds(self.cover())])

    def test_numbers_that_nobody_answers(self):
        """Marie is asked by call; one answered number of several is enough, for so many days."""
        self.assertEqual(self.kinds(self.cover(number_proof_d=90)), [
            ("unproven_device", "marie"), ("unproven_device", "paul"),
            ("unproven_number", "marie"), ("unproven_number", "paul")])
        found = next(item for item in self.cover(number_proof_d=90, language="fr")["items"]
                     if item["kind"] == "unproven_number")
        self.assertIn("n'a répondu à aucun appel", found["text"])
        self.client.admin_path("PUT", "agents/marie", {
            "name": "Marie Petit", "phones": [{"number": "+33600000011"},
                                              {"number": "+33142999012"}]}, 200)
        self.client.put(numbers=["+33142999011"])
        said = self.client.telephony.post("/v1/route/+33142999011/calls", {
            "outcome": "answered", "dialled": "+33142999012"})
        self.assertEqual(said.status, 201, said)
        answer = self.cover(number_proof_d=90)
        self.assertEqual(answer["number_proof_d"], 90)
        self.assertEqual([item["agent"] for item in answer["items"]
                          if item["kind"] == "unproven_number"], ["paul"])
        self.assert_problem(self.cover(number_proof_d=-1), 400)

    def test_gaps_twice_and_nobody(self):
        until = {"layers": [{**rota("paul")["layers"][0], "until": "2024-06-03"}]}
        self.client.admin_path("PUT", "rotas/principal", until, 200)
        self.client.admin_path("PUT", "rotas/cadre", rota("marie"), 201)
        self.client.admin_path("PUT", "procedures/seul", procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 60}]), 201)
        self.client.admin_path("PUT", "procedures/deux", procedure(steps=[
            {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 60},
            {"notify": [{"on_call": "cadre"}], "by": ["call"], "accepted_within_s": 60}]), 201)
        answer = self.cover(days=7, language="en")
        self.assertEqual(self.kinds(answer), [
            ("gap", "principal"), ("reaches_nobody", "seul"), ("twice_at_once", "renfort"),
            ("unproven_device", "marie")])
        gap = next(item for item in answer["items"] if item["kind"] == "gap")
        self.assertEqual((gap["from"], gap["to"]), (answer["from"], answer["to"]))
        self.assertEqual(gap["text"], "Nobody is on call in principal.")
        alone = next(each for each in answer["procedures"] if each["procedure"] == "seul")
        self.assertIsNone(alone["human_within_s"])
        self.assertEqual(alone["reaches_nobody_s"], 7 * 86400)

    def test_interventions_without_rest(self):
        # Three right after each other, with moments between: the second has rest on neither side.
        paul = self.client.agents["paul"]
        for _ in range(3):
            opened = self.client.escalate()
            self.assertEqual(paul.verb(opened["id"], "accept").status, 200)
            self.assertEqual(paul.verb(opened["id"], "done").status, 200)
        answer = self.cover(language="fr")
        rests = [item for item in answer["items"] if item["kind"] == "daily_rest"]
        self.assertEqual([item["agent"] for item in rests], ["paul"], answer.json)
        self.assertIn("0:00 h de repos au plus", rests[0]["text"])
        self.assertIn("11:00 h sont dus", rests[0]["text"])
        self.assertIsNone(answer["history_cut"])
        self.assertNotIn("daily_rest", [kind for kind, _ in self.kinds(self.cover(daily_rest_h=0))])

    def test_who_may_ask_and_what_they_see(self):
        stranger = self.customer()
        own = self.cover(key=stranger.desk_key)
        self.assertEqual({item["customer"] for item in own["items"]}, {stranger.slug})
        self.assert_problem(self.cover(key=stranger.desk_key, customer=self.client.slug), 404)
        self.assertEqual(self.cover(key=self.client.add_key("portal")).status, 200)
        self.assert_problem(self.cover(key=self.client.telephony_key), 403, "forbidden")
        every = self.admin.get("/v1/coverage")
        self.assertGreaterEqual(every["customers"], 2)
        self.assertLessEqual({self.client.slug, stranger.slug},
                             {item["customer"] for item in every["items"]})

    def test_what_is_wrong_is_named(self):
        for name, value in (("days", 0), ("days", 91), ("days", "x"), ("daily_rest_h", 25),
                            ("weekly_rest_h", 169), ("language", "de"), ("colour", "red")):
            with self.subTest(name=name, value=value):
                answer = self.cover(**{name: value})
                self.assert_problem(answer, 400, "invalid")
                self.assertIn(name, answer["detail"])

    def ctl(self, *arguments, code=0, **environment):
        return self.run_ctl(self.client.desk_key, "coverage", *arguments, code=code,
                            **environment).stdout

    def test_the_command_line(self):
        french = self.ctl(code=4)
        self.assertIn("On sollicite Paul Durand par notification, et aucun", french)
        self.assertIn("après 0:03:00", french)
        english = self.ctl("--days", "7", code=4, LANG="en_GB.UTF-8")
        self.assertIn("Paul Durand is asked by push and no phone", english)
        self.assertIn("after 0:03:00", english)
        self.client.admin_path("PUT", "procedures/nuit", procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 60}]), 200)
        self.assertIn("rien à signaler", self.ctl("--number-proof", "0"))
        self.assertIn("aucun appel", self.ctl("--number-proof", "30", code=4))
        self.ctl("--days", "91", code=1)


if __name__ == "__main__":
    unittest.main()

"""Who can be reached now, path by path, and what shows it, over real sockets. The clock of the
machine is moved where time has to pass."""

import json
import unittest

import astreinte_test
from astreinte_test import wait_until

CALL = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 600}]


class ReachabilityTest(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")
    moves_clock = ("gateway",)

    def agent(self, customer, slug="paul", status=200):
        answer = customer.desk.get(f"/v1/customers/{customer.slug}/agents/{slug}/reachability")
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def push(self, customer):
        return self.agent(customer)["push"]

    def prove(self, customer):
        """A test push comes back from Paul's phone."""
        paul = customer.agents["paul"]
        test = paul.client.post("/v1/agent/devices/phone-1/test")
        self.assertEqual(test.status, 201, test)
        done = self.confirm_test(test["id"])
        self.assertEqual(done.status, 200, done)
        return done["received_at"]

    # ---- by push ----

    def test_push__without_a_phone(self):
        customer = self.customer(devices=False)
        push = self.push(customer)
        self.assertEqual((push["state"], push["why"], push["proven_at"], push["proof"]),
                         ("unreachable", "no_device", None, None))

    def test_push__proven_by_a_test_push(self):
        customer = self.customer()
        self.assertEqual((self.push(customer)["state"], self.push(customer)["why"]),
                         ("unknown", "never_proven"))
        received_at = self.prove(customer)
        seen = self.agent(customer)
        self.assertEqual(seen["push"], {"state": "proven", "since": received_at, "why": None,
                                        "proven_at": received_at, "proof": "test_push"})
        self.assertEqual([(each["installation"], each["platform"], each["heard_at"])
                          for each in seen["devices"]], [("phone-1", "apns", received_at)])
        # What the directory says of the phone is as old as the customer's last change; this is not.
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.agent(customer)["push"], seen["push"])

    def test_push__proven_by_a_real_alert(self):
        customer = self.customer()
        escalation = customer.escalate()["id"]
        wait_until(lambda: customer.agents["paul"].verb(escalation, "received").status == 200,
                   "the agent to confirm")
        self.assertEqual(self.push(customer)["state"], "unknown")  # and not that a push came
        self.assertEqual(self.confirm_alert(escalation).status, 200)
        self.assertEqual((self.push(customer)["state"], self.push(customer)["proof"]),
                         ("proven", "alert"))

    def test_push__unheard_is_doubtful_until_it_says_a_word(self):
        customer = self.customer()
        received_at = self.prove(customer)
        self.clock.step_wall(29 * 60 * 1000)
        self.assertEqual(self.push(customer)["state"], "proven")
        self.clock.step_wall(60 * 1000)
        push = self.push(customer)
        self.assertEqual((push["state"], push["why"], push["proven_at"]),
                         ("doubtful", "unheard", received_at))
        said = customer.agents["paul"].client.post("/v1/agent/devices/phone-1/contact")
        self.assertEqual(said.status, 204, said)
        self.assertEqual((self.push(customer)["state"], self.push(customer)["proven_at"]),
                         ("proven", received_at))
        heard_at = self.agent(customer)["devices"][0]["heard_at"]
        self.assertGreater(heard_at, received_at)
        # Once a minute is enough to be written down; a check-in is heard, too.
        self.clock.step_wall(30 * 1000)
        customer.agents["paul"].client.post("/v1/agent/devices/phone-1/contact")
        self.assertEqual(self.agent(customer)["devices"][0]["heard_at"], heard_at)
        self.clock.step_wall(60 * 1000)
        customer.agents["paul"].client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertGreater(self.agent(customer)["devices"][0]["heard_at"], heard_at)

    def test_push__a_test_that_nobody_confirms(self):
        customer = self.customer()
        self.prove(customer)
        self.clock.step_wall(1)  # the test is behind the proof
        customer.agents["paul"].client.post("/v1/agent/devices/phone-1/test")
        self.assertEqual(self.push(customer)["state"], "proven")
        self.clock.step_wall(61 * 1000)
        self.assertEqual((self.push(customer)["state"], self.push(customer)["why"]),
                         ("doubtful", "test_not_confirmed"))
        self.prove(customer)
        self.assertEqual(self.push(customer)["state"], "proven")

    def test_push__without_permission_or_logged_out(self):
        customer = self.customer()
        paul = customer.agents["paul"]
        self.prove(customer)
        paul.client.put("/v1/agent/devices/phone-1", {
            "platform": "apns", "target": paul.targets["phone-1"], "environment": "production",
            "permission": "denied"})
        self.assertEqual((self.push(customer)["state"], self.push(customer)["why"]),
                         ("unreachable", "permission_denied"))
        paul.client.delete("/v1/agent/devices/phone-1")
        self.assertEqual((self.push(customer)["why"], self.agent(customer)["devices"]),
                         ("no_device", []))

    def test_contact__of_no_phone_of_theirs(self):
        customer = self.customer()
        paul = customer.agents["paul"]
        self.assert_problem(paul.client.post("/v1/agent/devices/phone-9/contact"), 404)
        self.assert_problem(customer.desk.post("/v1/agent/devices/phone-1/contact"), 403)
        paul.client.delete("/v1/agent/devices/phone-1")
        self.assert_problem(paul.client.post("/v1/agent/devices/phone-1/contact"), 409)

    # ---- by call ----

    def call(self, customer, *outcomes):
        """Paul is called; what the telephony layer reports of it."""
        escalation = customer.escalate()["id"]
        attempt = next(each["id"] for each in customer.show(escalation)["attempts"]
                       if each["path"] == "call")
        for outcome in outcomes:
            answer = customer.telephony.post(f"/v1/telephony/calls/{attempt}/outcome",
                                             {"outcome": outcome})
            self.assertEqual(answer.status, 200, answer)
        return self.agent(customer)["call"]

    def test_call__by_what_became_of_it(self):
        customer = self.customer(definition=astreinte_test.procedure(steps=CALL), devices=False)
        call = self.agent(customer)["call"]
        self.assertEqual((call["phone"], call["state"], call["why"]),
                         ("+33600000010", "unknown", "never_proven"))
        for outcomes, state, why, proof in (
                (["ringing"], "unknown", "never_proven", None),
                (["ringing", "failed"], "doubtful", "call_failed", None),
                (["answered"], "doubtful", "answered_without_a_key", "answer"),
                (["answered", "accepted"], "proven", None, "key"),
                (["busy"], "proven", None, "key"),
                (["failed"], "doubtful", "call_failed", "key"),
                (["declined"], "proven", None, "key")):
            with self.subTest(outcomes=outcomes):
                call = self.call(customer, *outcomes)
                self.assertEqual((call["state"], call["why"], call["proof"]), (state, why, proof))
                self.clock.step_wall(1 * 1000)
        # Another number is another path.
        customer.add_agent("paul", "Paul Durand", "+33600000099", devices=False)
        self.assertEqual(self.agent(customer)["call"]["state"], "unknown")
        # What was known of one that went is gone with it.
        customer.add_agent("paul", "Paul Durand", "+33600000010", devices=False)
        self.assertEqual(self.agent(customer)["call"]["state"], "unknown")

    # ---- the list, the desk ----

    def test_list__in_pages_by_slug(self):
        customer = self.customer(devices=False)
        for n in range(100):
            customer.admin_path("PUT", f"agents/a-{n:03d}", {
                "name": f"A {n}", "phone": "+33600000020", "active": n != 7}, 201)
        path = f"/v1/customers/{customer.slug}/reachability"
        first = customer.desk.get(path).json
        self.assertEqual([each["agent"] for each in first["items"]],
                         [f"a-{n:03d}" for n in range(100) if n != 7] + ["marie"])
        self.assertEqual(first["next_after"], "marie")
        rest = customer.desk.get(f"{path}?after=marie").json
        self.assertEqual(([each["agent"] for each in rest["items"]], rest["next_after"]),
                         (["paul"], None))
        self.assertEqual(rest["items"][0], self.agent(customer))
        self.assert_problem(customer.desk.get(path + "?colour=1"), 400)
        self.agent(customer, "nobody", 404)

    def test_desk__sees_who_is_on_call_and_proven(self):
        customer = self.customer()
        customer.put(numbers=["+33142999001"])
        self.prove(customer)
        principal, backup = customer.desk.get("/v1/desk/+33142999001")["on_call"]
        shown = principal["agents"][0]
        self.assertEqual((shown["agent"], shown["push"], shown["call"]),
                         ("paul", self.agent(customer)["push"], self.agent(customer)["call"]))
        self.assertEqual(backup["agents"][0]["push"]["why"], "never_proven")

    def test_ctl__says_it_in_both_languages(self):
        customer = self.customer()
        customer.put(numbers=["+33142999002"], greeting="Bonsoir.")
        self.prove(customer)
        for arguments in (("reachability", customer.slug), ("desk", "01 42 99 90 02")):
            english = self.run_ctl(customer.desk_key, *arguments, "--language", "en").stdout
            self.assertRegex(english, r"Paul Durand +\+33600000010\n +push +proven \(last proof ")
            self.assertRegex(english,
                             r"Marie Petit.*\n +push +never proven\n +call +never proven\n")
            french = self.run_ctl(customer.desk_key, *arguments, LC_ALL="fr_FR.UTF-8").stdout
            self.assertRegex(french, r"Paul Durand.*\n +notification +prouvée \(dernière preuve ")
        self.assertIn("Bonsoir.", french)
        self.assertIn("nuit v1, non approuvée par le client", french)
        one = self.run_ctl(customer.desk_key, "reachability", customer.slug, "marie", "--json")
        self.assertEqual(json.loads(one.stdout), self.agent(customer, "marie"))
        self.run_ctl(customer.desk_key, "desk", "+33142999002", "--language", "de", code=2)
        self.run_ctl(customer.desk_key, "desk", "+33142999003", code=1)

    def test_only_for_the_desk(self):
        customer, other = self.customer(), self.customer(devices=False)
        path = f"/v1/customers/{customer.slug}/reachability"
        self.assert_problem(customer.telephony.get(path), 403)
        self.assert_problem(customer.agents["paul"].client.get(path), 403)
        self.assert_problem(other.desk.get(path), 404)


if __name__ == "__main__":
    unittest.main()

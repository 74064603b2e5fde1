"""Several telephone numbers of one person over real sockets: put and shown in their order, called
one after the other by the telephony layer, each with its own proof; put through in that order."""

import itertools
import unittest

import astreinte_test
from astreinte_test import wait_until

CALL = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 120}]
MOBILE, HOME, OFFICE = "+33612300001", "+33142300002", "+33142300003"
CALLED = itertools.count(1)


class NumbersTest(astreinte_test.GatewayTest):
    simulators = ("telephony",)

    def house(self, *phones):
        """Paul, who is on call, has these numbers."""
        customer = self.customer(definition=astreinte_test.procedure(steps=CALL), devices=False)
        self.put(customer, *phones)
        return customer

    def put(self, customer, *phones, kind="agents", slug="paul", status=200, **members):
        return customer.admin_path("PUT", f"{kind}/{slug}", {
            "name": "Paul Durand", "phones": [
                phone if isinstance(phone, dict) else {"number": phone} for phone in phones],
            **members}, status)

    def reach(self, customer, kind="agents", slug="paul"):
        answer = customer.desk.get(f"/v1/customers/{customer.slug}/{kind}/{slug}/reachability")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def numbers(self, customer, **who):
        return {each["phone"]: each for each in self.reach(customer, **who)["numbers"]}

    def behave(self, number, behaviour):
        self.telephony.control(number=number, behaviour=behaviour, after_s=0.05)

    def calls(self, escalation):
        return [each["body"] for each in self.telephony.records()
                if each["type"] == "call.requested" and each["answered"] == 200
                and not each["repeat"] and each["body"]["escalation"] == escalation]

    # ---- configuration ----

    def test_put__in_the_persons_order(self):
        customer = self.house("06 12 30 00 01", {"number": HOME, "label": "domicile"})
        shown = customer.admin_path("GET", "agents/paul", None, 200)
        self.assertEqual(shown["phone"], MOBILE)
        self.assertEqual(shown["phones"], [{"number": MOBILE, "label": None},
                                           {"number": HOME, "label": "domicile"}])
        both = self.put(customer, HOME, MOBILE, phone="01 42 30 00 02")
        self.assertEqual([each["number"] for each in both["phones"]], [HOME, MOBILE])
        # What is put is all there is, as of any other member.
        one = customer.admin_path("PUT", "agents/paul", {"name": "Paul", "phone": OFFICE}, 200)
        self.assertEqual((one["phone"], one["phones"]),
                         (OFFICE, [{"number": OFFICE, "label": None}]))

    def test_put__what_is_refused_and_where(self):
        customer = self.house(MOBILE)
        for members, pointer in (
                ({}, "/phone"),
                ({"phones": []}, "/phones"),
                ({"phones": [{"number": f"+3314230001{n}"} for n in range(5)]}, "/phones"),
                ({"phones": [MOBILE]}, "/phones/0"),
                ({"phones": [{"number": MOBILE}, {"label": "x"}]}, "/phones/1/number"),
                ({"phones": [{"number": MOBILE}, {"number": "12"}]}, "/phones/1/number"),
                ({"phones": [{"number": MOBILE}, {"number": "06 12 30 00 01"}]},
                 "/phones/1/number"),
                ({"phones": [{"number": MOBILE, "label": ""}]}, "/phones/0/label"),
                ({"phones": [{"number": MOBILE, "kind": "x"}]}, "/phones/0/kind"),
                ({"phones": [{"number": MOBILE}], "phone": HOME}, "/phone")):
            with self.subTest(members=members):
                answer = self.admin.put(f"/v1/customers/{customer.slug}/agents/paul",
                                        {"name": "Paul", **members})
                self.assert_problem(answer, 400, pointer=pointer)

    # ---- calls ----

    def test_call__the_first_is_busy_the_second_rings(self):
        customer = self.house(MOBILE, {"number": HOME, "label": "domicile"}, OFFICE)
        self.behave(MOBILE, "busy")
        self.behave(HOME, "accept")
        escalation = customer.escalate()["id"]
        wait_until(lambda: customer.show(escalation)["state"] == "accepted", "the second's answer")
        calls = self.calls(escalation)
        self.assertEqual([each["to"] for each in calls], [MOBILE, HOME])
        # The step's two minutes are for all three, and what is left of them for the other two.
        self.assertEqual(calls[0]["ring_s"], 40)
        self.assertGreater(calls[1]["ring_s"], 40)
        # Which one: by its place, never by its digits.
        timeline = customer.show(escalation)["timeline"]
        said = [each["text"] for each in timeline if each["kind"] == "call_progress"]
        self.assertIn("The call to Paul Durand: busy.", said)
        self.assertTrue(any("(second number)" in each for each in said), said)
        self.assertNotIn("+33", str(timeline))
        numbers = self.numbers(customer)
        self.assertEqual([(numbers[each]["state"], numbers[each]["proof"], numbers[each]["label"])
                          for each in (MOBILE, HOME, OFFICE)],
                         [("unknown", None, None), ("proven", "key", "domicile"),
                          ("unknown", None, None)])
        self.assertEqual(numbers[HOME]["proven_by"], calls[1]["attempt"])
        self.assertEqual((self.reach(customer)["call"]["phone"],
                          self.reach(customer)["call"]["state"]), (HOME, "proven"))
        # It moves with its number, over a restart, too, and goes with it.
        self.put(customer, HOME, OFFICE)
        self.gateway.stop()
        self.gateway.start()
        moved = self.numbers(customer)
        self.assertEqual(list(moved), [HOME, OFFICE])
        self.assertEqual(moved[HOME]["proven_at"], numbers[HOME]["proven_at"])
        self.put(customer, OFFICE)
        self.put(customer, OFFICE, HOME)
        self.assertEqual(self.numbers(customer)[HOME]["state"], "unknown")

    def test_call__all_fail_and_the_step_is_over_at_once(self):
        customer = self.house(MOBILE, HOME)
        self.behave(MOBILE, "failed")
        self.behave(HOME, "no_answer")
        escalation = customer.escalate()["id"]
        wait_until(lambda: any(each["kind"] == "step_ended"
                               for each in customer.show(escalation)["timeline"]),
                   "the end of the step, long before its time")
        self.assertEqual([each["to"] for each in self.calls(escalation)], [MOBILE, HOME])
        self.assertEqual(self.numbers(customer)[MOBILE]["why"], "call_failed")

    # ---- put through ----

    def test_forwarding__all_numbers_of_one_before_the_next(self):
        called = f"+3314290{next(CALLED):04d}"
        customer = self.house(MOBILE, HOME)
        customer.admin_path("PUT", "contacts/chief", {
            "name": "Chief", "phones": [{"number": OFFICE}, {"number": "+33142300009"}]}, 201)
        customer.put(numbers=[called], emergency_phone="+33142300008")
        answer = customer.telephony.get(f"/v1/route/{called}")
        self.assertEqual([(each["phone"], each.get("place")) for each in answer["ladder"]],
                         [(MOBILE, None), (HOME, 2), ("+33142300008", None)])
        text = customer.telephony.get(f"/v1/route/{called}?format=ladder").body.decode()
        self.assertEqual(text.split(), [MOBILE, HOME, "+33142300008"])
        twiml = customer.telephony.get(f"/v1/route/{called}?format=twiml").body.decode()
        self.assertIn(f"<Number>{MOBILE}</Number><Number>{HOME}</Number>", twiml)
        for dialled, who, slug in ((HOME, "agents", "paul"), ("+33142300009", "contacts", "chief")):
            said = customer.telephony.post(f"/v1/route/{called}/calls", {
                "outcome": "answered", "dialled": dialled})
            self.assertEqual(said.status, 201, said)
            number = self.numbers(customer, kind=who, slug=slug)[dialled]
            self.assertEqual((number["state"], number["why"], number["proof"],
                              number["proven_by"]),
                             ("doubtful", "answered_without_a_key", "answer", said["ticket"]))
        self.assertEqual(self.numbers(customer)[MOBILE]["state"], "unknown")

    # ---- contacts, the command line ----

    def test_contacts__are_seen_too(self):
        customer = self.house(MOBILE)
        self.put(customer, HOME, OFFICE, kind="contacts", slug="chief", status=201)
        chief = self.reach(customer, kind="contacts", slug="chief")
        self.assertEqual((chief["contact"], chief["call"]["phone"], chief["call"]["state"]),
                         ("chief", HOME, "unknown"))
        self.assertEqual([each["phone"] for each in chief["numbers"]], [HOME, OFFICE])
        self.assertNotIn("push", chief)
        path = f"/v1/customers/{customer.slug}/reachability"
        self.assertEqual(customer.desk.get(path + "?of=contacts")["items"], [chief])
        agents = customer.desk.get(path + "?of=agents")["items"]
        self.assertEqual([each["agent"] for each in agents], ["marie", "paul"])
        self.assert_problem(customer.desk.get(path + "?of=all"), 400)
        self.assert_problem(customer.desk.get(
            f"/v1/customers/{customer.slug}/contacts/nobody/reachability"), 404)
        self.assert_problem(customer.telephony.get(
            f"/v1/customers/{customer.slug}/contacts/chief/reachability"), 403)
        shown = self.run_ctl(customer.desk_key, "reachability", customer.slug, "--language",
                             "en").stdout
        self.assertRegex(shown, rf"Paul Durand +\{HOME}\n +\{HOME} +never proven\n +\{OFFICE} +n")
        one = self.run_ctl(customer.desk_key, "reachability", customer.slug, "--contact", "chief",
                           "--language", "fr").stdout
        self.assertIn(OFFICE, one)
        self.assertNotIn("notification", one)
        self.run_ctl(customer.desk_key, "reachability", customer.slug, "paul", "--contact",
                     "chief", code=2)


if __name__ == "__main__":
    unittest.main()

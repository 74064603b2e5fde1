"""Direct forwarding over HTTP: whom to dial for a number, in every form, whatever the writer does;
and the call's ticket. test_forwarding_sip.py has the calls themselves."""

import concurrent.futures
import contextlib
import itertools
import json
import re
import secrets
import sqlite3
import unittest
import xml.etree.ElementTree

import astreinte_test
import supervised
from astreinte_test import wait_until

PAUL, MARIE, EMERGENCY, CHIEF = (f"+3361200000{digit}" for digit in "1234")


NUMBERS = itertools.count()


def fresh_number():
    return f"+33142{next(NUMBERS):06d}"


class Forwarding(supervised.HookedTest):
    simulators = ("telephony",)

    def forwarded(self, *numbers, definition=None, **members):
        """A customer that is called on these numbers; Paul is on call, Marie behind him."""
        customer = self.customer(definition=definition, devices=False)
        customer.add_agent("paul", "Paul Durand", PAUL, devices=False)
        customer.add_agent("marie", "Marie Petit", MARIE, devices=False)
        customer.put(numbers=numbers, **members)
        return customer

    def route(self, number, form=None, client=None):
        query = f"?format={form}" if form else ""
        answer = (client or self.admin).get(f"/v1/route/{number}{query}")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return answer

    def tickets(self):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.gateway.directory}/astreinte.db?mode=ro", uri=True)) as database:
            return {row[0]: row[1:] for row in database.execute(
                "SELECT lower(hex(ticket_id)), category, summary, fields, closed_at IS NULL,"
                " (SELECT slug FROM customer WHERE customer_id = ticket.customer_id) FROM ticket")}

    def ticket(self, answer):
        """(category, summary, fields, whether it is open, whose) of an answer's ticket."""
        category, summary, fields, is_open, customer = \
            self.tickets()[answer["ticket"].replace("-", "")]
        return category, summary, json.loads(fields), bool(is_open), customer

    def alarms_count(self):
        page = self.admin.get("/metrics").body.decode()
        return int(re.search(r"^astreinte_alarms_total (\d+)", page, re.MULTILINE)[1])

    # ---- whom to dial ----

    def test_every_form_says_the_same(self):
        number = fresh_number()
        customer = self.forwarded(number, emergency_phone=EMERGENCY)
        answer = self.route(number, client=customer.telephony)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.json, {
            "customer": customer.slug, "number": number, "dial": PAUL, "ring_s": 25,
            "ladder": [
                {"phone": PAUL, "agent": "paul", "name": "Paul Durand", "role": "principal",
                 "step": 1, "emergency": False},
                {"phone": MARIE, "agent": "marie", "name": "Marie Petit", "role": "renfort",
                 "step": 3, "emergency": False},
                {"phone": EMERGENCY, "emergency": True}],
            "warnings": []})
        self.assertEqual(self.route(number, "json").json, answer.json)

        text = self.route(number, "text")
        self.assertEqual((text.status, text.headers["Content-Type"], text.body),
                         (200, "text/plain; charset=utf-8", f"{PAUL}\n".encode()))
        ladder = self.route(number, "ladder")
        self.assertEqual(ladder.body.decode().split("\n"), [PAUL, MARIE, EMERGENCY, ""])
        twiml = self.route(number, "twiml")
        self.assertEqual(twiml.headers["Content-Type"], "application/xml")
        response = xml.etree.ElementTree.fromstring(twiml.body)
        self.assertEqual((response.tag, [each.tag for each in response]), ("Response", ["Dial"]))
        self.assertEqual(response[0].attrib, {"sequential": "true", "timeout": "25"})
        self.assertEqual([(each.tag, each.text) for each in response[0]],
                         [("Number", PAUL), ("Number", MARIE), ("Number", EMERGENCY)])

    def test_number_as_people_and_proxies_write_it(self):
        number = fresh_number()
        customer = self.forwarded(fresh_number(), number)
        national = "0" + number[3:]
        for written in (number, "%2B" + number[1:], national, "00" + number[1:], number[1:],
                        "%20".join((national[:2], national[2:4], national[4:])),
                        f"+33%20(0){number[3:]}", ".".join((national[:2], national[2:]))):
            with self.subTest(written=written):
                answer = self.route(written)
                self.assertEqual((answer.status, answer["customer"]), (200, customer.slug), answer)
                self.assertEqual(answer["number"], number)
        for written in ("paul", "12", "+", "+33", "%2B%2B33142000000", "+" + "1" * 16, "sip:x"):
            with self.subTest(written=written):
                self.assertIn(self.route(written).status, (400, 404))

    def test_follows_every_change_at_once(self):
        number = fresh_number()
        customer = self.forwarded(number)
        customer.admin_path("PUT", "rotas/principal", astreinte_test.rota("marie"), 200)
        self.assertEqual(self.route(number)["dial"], MARIE)
        customer.add_agent("marie", "Marie Petit", CHIEF, devices=False)
        self.assertEqual(self.route(number, "text").body.decode(), CHIEF + "\n")
        other = fresh_number()
        customer.put(numbers=[other])
        self.assertEqual(self.route(other)["dial"], CHIEF)
        self.assert_problem(self.route(number), 404, "not-found")

    def test_customer_that_is_not_active_is_put_through(self):
        number = fresh_number()
        self.forwarded(number, active=False)
        answer = self.route(number)
        self.assertEqual((answer.status, answer["dial"]), (200, PAUL))
        self.assertEqual(len(answer["warnings"]), 1)

    # ---- nobody ----

    def test_nobody_is_a_refusal_in_every_form(self):
        number = fresh_number()
        definition = astreinte_test.procedure(steps=[
            {"notify": [{"on_call": "vacant"}], "by": ["call"], "accepted_within_s": 60}])
        customer = self.customer(devices=False)
        customer.put(numbers=[number])
        customer.admin_path("PUT", "rotas/vacant", astreinte_test.rota("paul"), 201)
        customer.admin_path("PUT", "procedures/nuit", definition, 200)
        customer.admin_path("PUT", "agents/paul",
                            {"name": "Paul", "phone": PAUL, "active": False}, 200)
        for form in ("json", "text", "ladder", "twiml"):
            with self.subTest(form=form):
                answer = self.route(number, form, customer.telephony)
                self.assert_problem(answer, 409, "conflict")
                self.assertEqual((answer["dial"], answer["ladder"], answer["customer"]),
                                 (None, [], customer.slug))
                self.assertIn("emergency_phone", answer["detail"])
        wait_until(lambda: any(customer.slug in each for each in self.alarms("forwarding.nobody")),
                   "the alarm")
        customer.put(numbers=[number], emergency_phone=EMERGENCY)
        self.assertEqual(self.route(number)["dial"], EMERGENCY)

    def test_number_of_nobody(self):
        theirs, ours = fresh_number(), fresh_number()
        self.forwarded(theirs)
        customer = self.forwarded(ours)
        for number in (theirs, fresh_number()):
            answer = self.route(number, client=customer.telephony)
            self.assert_problem(answer, 404, "not-found")
            self.assertNotIn(number, answer.body.decode())
        wait_until(lambda: self.alarms("forwarding.unknown_number"), "the alarm")
        self.assert_problem(customer.telephony.post(f"/v1/route/{theirs}/calls",
                                                    {"outcome": "answered"}), 404, "not-found")

    def test_a_query_by_hand_wakes_nobody(self):
        customer = self.forwarded(fresh_number())
        before = self.alarms_count()
        self.assert_problem(self.route(fresh_number(), client=customer.desk), 404, "not-found")
        self.assertEqual(self.alarms_count(), before)
        self.assert_problem(self.route(fresh_number(), client=customer.telephony), 404)
        self.assertEqual(self.alarms_count(), before + 1)

    # ---- whatever the writer does ----

    def test_writer_hangs(self):
        number = fresh_number()
        customer = self.forwarded(number)
        self.gateway.hooks.set("hang fdatasync writer")
        with concurrent.futures.ThreadPoolExecutor(1) as others:
            hanging = others.submit(customer.escalate)
            wait_until(lambda: self.alarms("engine.writer_stuck"), "the watchdog's alarm")
            for _ in range(50):
                self.assertEqual(self.route(number, "text", customer.telephony).body.decode(),
                                 PAUL + "\n")
            self.assertFalse(hanging.done())
            self.gateway.hooks.clear()
            self.assertEqual(hanging.result().status, 202)

    # ---- for the record ----

    def test_answered_call_is_a_closed_ticket(self):
        number = fresh_number()
        customer = self.forwarded(number, emergency_phone=EMERGENCY)
        answer = customer.telephony.post(f"/v1/route/0{number[3:]}/calls", {
            "outcome": "answered", "caller": "06 12 34 56 78", "dialled": "0" + MARIE[3:],
            "call_id": "a84b4c76e66710@pbx"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual((answer["customer"], answer["closed"]), (customer.slug, True))
        self.assertEqual(self.ticket(answer), (
            "forwarded-call", "Appel transféré à Marie Petit",
            {"number": number, "caller": "+33612345678", "dialled": MARIE, "agent": "marie",
             "outcome": "answered", "call_id": "a84b4c76e66710@pbx"}, False, customer.slug))

        for dialled, summary in ((EMERGENCY, "Appel transféré au numéro d'urgence"),
                                 ("+33199000000", "Appel transféré"), (None, "Appel transféré")):
            with self.subTest(dialled=dialled):
                answer = customer.telephony.post(f"/v1/route/{number}/calls", {
                    "outcome": "answered", "dialled": dialled, "caller": "anonymous"})
                self.assertEqual(self.ticket(answer)[1], summary)
                self.assertEqual(self.ticket(answer)[2]["caller"], "anonymous")

    def test_call_that_nobody_answered_stays_open_and_is_told(self):
        number = fresh_number()
        customer = self.forwarded(number)
        for outcome in ("busy", "no_answer", "failed", "abandoned"):
            with self.subTest(outcome=outcome):
                told = len(self.alarms("forwarding.unanswered"))
                answer = customer.telephony.post(f"/v1/route/{number}/calls", {"outcome": outcome})
                self.assertEqual((answer.status, answer["closed"]), (201, False), answer)
                self.assertTrue(self.ticket(answer)[3])
                if outcome == "busy":  # the same of the same customer is told once a minute
                    wait_until(lambda: len(self.alarms("forwarding.unanswered")) > told,
                               "the alarm")
        self.assertTrue(any(customer.slug in each
                            for each in self.alarms("forwarding.unanswered")))

    def test_in_english(self):
        number = fresh_number()
        customer = self.forwarded(number, language="en")
        for body, summary in (
                ({"outcome": "answered", "dialled": PAUL}, "Call put through to Paul Durand"),
                ({"outcome": "answered"}, "Call put through"),
                ({"outcome": "no_answer"}, "Forwarded call that nobody answered"),
                ({"outcome": "abandoned"},
                 "Forwarded call: the caller hung up before anybody answered")):
            answer = customer.telephony.post(f"/v1/route/{number}/calls", body)
            self.assertEqual(self.ticket(answer)[1], summary)

    def test_recorded_once_for_each_key(self):
        number, other = fresh_number(), fresh_number()
        customer = self.forwarded(number, other)
        headers = {"Idempotency-Key": secrets.token_hex(8)}

        def post(place, outcome="answered"):
            return customer.telephony.post(f"/v1/route/{place}/calls", {"outcome": outcome},
                                           headers=headers)

        first = post(number)
        before = len(self.tickets())
        again = post(number)
        self.assertEqual((again.status, again.json), (201, first.json))
        self.assert_problem(post(number, "busy"), 422, "idempotency-key-reused")
        self.assert_problem(post(other), 422, "idempotency-key-reused")
        self.assertEqual(len(self.tickets()), before)

    def test_recorded_once_for_each_call(self):
        number, other = fresh_number(), fresh_number()
        customer = self.forwarded(number, other)
        call = {"outcome": "no_answer", "caller": "+33612345678", "dialled": PAUL,
                "call_id": secrets.token_hex(8)}

        def post(place=number, client=customer.telephony, **members):
            answer = client.post(f"/v1/route/{place}/calls", {**call, **members})
            self.assertEqual(answer.status, 201, answer)
            return answer["ticket"]

        first = post()
        before = len(self.tickets())
        self.assertEqual(post(), first)
        self.assertEqual(post(caller="06 12 34 56 78"), first)  # the same, written otherwise
        self.assertEqual(post(client=customer.desk), first)     # and whoever says it
        self.assertEqual(len(self.tickets()), before)
        # An id that is given to every call makes none of them disappear.
        others = {post(outcome="busy"), post(caller="+33612345679"), post(place=other),
                  post(dialled="+33612345678"), post(call_id="x")}
        self.assertEqual(len(others | {first}), 6)
        stranger_number = fresh_number()
        stranger = self.forwarded(stranger_number)
        self.assertNotIn(post(stranger_number, stranger.telephony), others | {first})

    def test_get_records_nothing(self):
        number = fresh_number()
        customer = self.forwarded(number)
        before = self.tickets()
        self.assertEqual(self.route(number, client=customer.telephony).status, 200)
        self.assertEqual(self.tickets(), before)


if __name__ == "__main__":
    unittest.main()

"""What an operator sees when a call comes in (GET /v1/desk/{number}), over real sockets."""

import datetime
import itertools
import unittest

import astreinte_test

NUMBERS = itertools.count()
FIELDS = [{"name": "site", "label": "Quel bâtiment ?", "type": "choice", "required": True,
           "choices": ["A", "B"]},
          {"name": "etage", "label": "À quel étage ?", "type": "number", "required": False}]
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ALWAYS = {"weekly": [{"days": DAYS, "from": "00:00", "to": "00:00"}]}


def closed_now():
    """Open three days from now, for an hour."""
    weekday = (datetime.datetime.now(datetime.timezone.utc).weekday() + 3) % 7
    return {"weekly": [{"days": [DAYS[weekday]], "from": "10:00", "to": "11:00"}]}


def fresh_number():
    return f"+33142{next(NUMBERS):06d}"


class DeskCallTest(astreinte_test.GatewayTest):
    simulators = ("telephony",)

    def called(self, **members):
        """A customer that is called on a number of its own, and that number."""
        number = fresh_number()
        customer = self.customer(devices=False)
        customer.put(numbers=[number], **members)
        return customer, number

    def see(self, customer, number, status=200):
        answer = customer.desk.get(f"/v1/desk/{number}")
        self.assertEqual(answer.status, status, answer)
        return answer.json if status == 200 else answer

    # ---- the customer ----

    def test_says_all_that_the_customer_is(self):
        customer, number = self.called(
            greeting="Bonsoir.", ticket_fields=FIELDS, emergency_phone="+33612000003",
            nobody_reached={"fr": "On vous rappelle avant huit heures."})
        seen = self.see(customer, "0" + number[3:])
        self.assertEqual(
            {name: seen[name] for name in (
                "customer", "number", "active", "time_zone", "language", "greeting",
                "ticket_fields", "emergency_phone")},
            {"customer": customer.slug, "number": number, "active": True,
             "time_zone": "Europe/Paris", "language": "fr", "greeting": "Bonsoir.",
             "ticket_fields": FIELDS, "emergency_phone": "+33612000003"})
        self.assertEqual(seen["nobody_reached"]["fr"], "On vous rappelle avant huit heures.")
        self.assertIn("I will call you back", seen["nobody_reached"]["en"])
        self.assertEqual((seen["rules"], seen["open"], seen["open_more"]), (None, [], False))
        self.assertEqual([(each["slug"], each["version"], each["default"])
                          for each in seen["procedures"]], [("nuit", 1, True)])

    def test_without_anything__has_the_gateways_words(self):
        customer, number = self.called()
        seen = self.see(customer, number)
        self.assertIn("je vous rappelle", seen["nobody_reached"]["fr"])
        self.assertEqual((seen["greeting"], seen["ticket_fields"], seen["emergency_phone"]),
                         (None, [], None))
        self.assertEqual(seen["opening"], {"state": "unknown", "until": None})

    def test_open_and_closed(self):
        customer, number = self.called(opening_hours=ALWAYS)
        self.assertEqual(self.see(customer, number)["opening"], {"state": "open", "until": None})
        customer.put(numbers=[number], opening_hours=closed_now())
        seen = self.see(customer, number)
        self.assertEqual(seen["opening"]["state"], "closed")
        self.assertGreater(seen["opening"]["until"], seen["at"])

    # ---- people ----

    def test_who_is_on_call__by_role(self):
        customer, number = self.called()
        principal, backup = self.see(customer, number)["on_call"]
        self.assertEqual((principal["role"], backup["role"]), ("principal", "renfort"))
        self.assertEqual([(each["agent"], each["name"], each["phone"])
                          for each in principal["agents"]],
                         [("paul", "Paul Durand", "+33600000010")])
        # Paul alone takes turns: he goes on for longer than the rota is compiled.
        self.assertIsNone(principal["agents"][0]["until"])
        customer.admin_path("PUT", "rotas/principal", astreinte_test.rota("paul", "marie"), 200)
        seen = self.see(customer, number)
        self.assertGreater(seen["on_call"][0]["agents"][0]["until"], seen["at"])

    def test_nobody_on_call__is_seen(self):
        customer, number = self.called()
        customer.admin_path("PUT", "agents/paul", {
            "name": "Paul Durand", "phone": "+33600000010", "active": False}, 200)
        seen = self.see(customer, number)
        self.assertEqual([(each["role"], len(each["agents"])) for each in seen["on_call"]],
                         [("principal", 0), ("renfort", 1)])
        self.assertFalse(seen["on_call_more"])

    # ---- what is open ----

    def test_open_escalations__newest_first_with_state_and_holder(self):
        customer, number = self.called()
        first = customer.escalate(summary="Premier")["id"]
        second = customer.escalate(summary="Second")["id"]
        closed = customer.escalate(summary="Fini")["id"]
        customer.verb(first, "take", operator="Léa")
        for verb in ("take", "done"):
            self.assertEqual(customer.verb(closed, verb).status, 200)
        seen = self.see(customer, number)
        self.assertEqual([(each["id"], each["summary"]) for each in seen["open"]],
                         [(second, "Second"), (first, "Premier")])
        self.assertEqual([each["state"] for each in seen["open"]], ["notifying", "taken"])
        self.assertIsNone(seen["open"][0]["holder"])
        self.assertEqual(seen["open"][1]["holder"]["name"], "Léa")
        self.assertFalse(seen["open_more"])

    def test_open_escalations__are_limited(self):
        customer, number = self.called()
        ids = [customer.escalate(summary=f"Appel {n}")["id"] for n in range(21)]
        seen = self.see(customer, number)
        self.assertEqual([each["id"] for each in seen["open"]], ids[:0:-1])
        self.assertTrue(seen["open_more"])

    # ---- what becomes of the call ----

    def test_rules__in_short(self):
        customer, number = self.called(opening_hours=closed_now(), ticket_fields=FIELDS)
        customer.admin_path("PUT", "rules", {"rules": [
            {"name": "vital", "when": {"severity": {"at_least": "major"}, "hours": "closed",
                                       "category": ["ascenseur"], "fields": {"site": "A"},
                                       "caller": {"number": {"present": True}}},
             "then": {"action": "escalate", "procedure": "nuit"}},
            {"name": "reste", "then": {"action": "escalate"}}]}, 200, 201)
        rules = self.see(customer, number)["rules"]
        self.assertEqual((rules["version"], rules["readable"]), (1, True))
        self.assertEqual(rules["items"], [
            {"name": "vital", "severities": ["major", "critical"], "hours": "closed",
             "at": [], "asks": ["category", "caller.number", "site"], "action": "escalate",
             "procedure": "nuit", "on_call": None},
            {"name": "reste", "severities": ["info", "minor", "major", "critical"], "hours": None,
             "at": [], "asks": [], "action": "escalate", "procedure": None, "on_call": None}])
        customer.admin_path("PUT", "rules", {"rules": []}, 200, 201)
        self.assertIsNone(self.see(customer, number)["rules"])

    def test_procedures__with_version_approval_and_review(self):
        customer, number = self.called()

        def papers():
            return {each["slug"]: tuple(each[name] for name in (
                "version", "approved_by", "approved_on", "review_on", "paper"))
                    for each in self.see(customer, number)["procedures"]}

        self.assertEqual(papers(), {"nuit": (1, None, None, None, "unapproved")})
        signed = {"approved_by": "Mme Roth", "approved_on": "2024-01-31"}
        customer.admin_path("PUT", "procedures/nuit", astreinte_test.procedure(**signed), 200, 201)
        self.assertEqual(papers(), {"nuit": (2, "Mme Roth", "2024-01-31", None, "in_order")})
        # Another text is another version, which nobody has approved yet.
        customer.admin_path("PUT", "procedures/nuit", astreinte_test.procedure(rounds=3), 200, 201)
        self.assertEqual(papers(), {"nuit": (3, None, None, None, "unapproved")})
        customer.admin_path("PUT", "procedures/nuit", astreinte_test.procedure(
            review_on="2025-01-31", **signed), 200, 201)
        self.assertEqual(papers()["nuit"][3:], ("2025-01-31", "review_due"))
        shown = customer.admin_path("GET", "procedures/nuit", None, 200)
        self.assertEqual((shown["version"], shown["approved_by"], shown["paper"]),
                         (4, "Mme Roth", "review_due"))

    def test_coverage__tells_of_papers_without_a_finding(self):
        customer, _ = self.called()
        path = f"/v1/coverage?customer={customer.slug}&days=1&language="
        before = customer.desk.get(path + "fr").json
        row = before["procedures"][0]
        self.assertEqual((row["paper"], row["paper_text"]),
                         ("unapproved", "Le client n'a pas approuvé cette version."))
        customer.admin_path("PUT", "procedures/nuit", astreinte_test.procedure(
            approved_by="Mme Roth", approved_on="2024-01-31", review_on="2025-01-31"), 200, 201)
        after = customer.desk.get(path + "en").json
        self.assertEqual(after["procedures"][0]["paper_text"],
                         "Due for review with the customer since 2025-01-31.")
        self.assertEqual([each["kind"] for each in after["items"]],
                         [each["kind"] for each in before["items"]])
        shown = self.run_ctl(customer.desk_key, "coverage", "--customer", customer.slug, code=4)
        self.assertIn("À revoir avec le client depuis le 2025-01-31.", shown.stdout)
        customer.admin_path("PUT", "procedures/nuit", astreinte_test.procedure(
            approved_by="Mme Roth", approved_on="2024-01-31"), 200, 201)
        self.assertIsNone(customer.desk.get(path + "en")["procedures"][0]["paper_text"])

    # ---- who may, and what is refused ----

    def test_unknown_number__names_the_remedy(self):
        customer, _ = self.called()
        answer = self.see(customer, fresh_number(), 404)
        self.assert_problem(answer, 404, "not-found")
        self.assertIn("customer's numbers", answer["detail"])
        other, number = self.called()
        self.assert_problem(customer.desk.get(f"/v1/desk/{number}"), 404, "not-found")
        self.assert_problem(customer.desk.get("/v1/desk/paul"), 400)
        self.assert_problem(other.desk.get(f"/v1/desk/{number}?colour=1"), 400)

    def test_only_for_the_desk(self):
        customer, number = self.called()
        self.assert_problem(customer.telephony.get(f"/v1/desk/{number}"), 403)
        self.assert_problem(self.gateway.client("").get(f"/v1/desk/{number}"), 401)
        self.assert_problem(customer.agents["paul"].enrol().client.get(f"/v1/desk/{number}"), 403)
        self.assertEqual(self.admin.get(f"/v1/desk/{number}").status, 200)
        self.assertEqual(customer.desk.post(f"/v1/desk/{number}").status, 405)


if __name__ == "__main__":
    unittest.main()

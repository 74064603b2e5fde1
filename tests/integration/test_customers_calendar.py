"""A customer's opening hours, holidays, numbers and ticket fields, over HTTP and over restarts."""

import secrets
import unittest

import astreinte_test

HEAD = {"name": "Clinique", "time_zone": "Europe/Paris", "language": "fr", "alias": "la clinique"}
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOURS = {"weekly": [{"days": EVERY_DAY[:5], "from": "08:00", "to": "18:00"}],
         "exceptions": [{"date": "2026-12-24", "windows": [{"from": "08:00", "to": "12:00"}]}]}
FIELDS = [
    {"name": "site", "label": "Bâtiment", "type": "choice", "required": True,
     "choices": ["A", "B"]},
    {"name": "etage", "label": "Étage", "type": "number", "required": False},
    {"name": "rappel", "label": "Rappel", "type": "telephone", "required": False},
]
ICS = "\r\n".join([
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//fr", "BEGIN:VEVENT", "UID:pont@test",
    "DTSTART;VALUE=DATE:20260515", "SUMMARY:Pont de l'Ascension", "END:VEVENT", "END:VCALENDAR",
    ""])


def number():
    """A number of a range that is kept for fiction, which no other test draws."""
    return f"+331990{secrets.randbelow(100000):05d}"


class CustomersTest(astreinte_test.GatewayTest):
    def setUp(self):
        self.slug = "c-" + secrets.token_hex(4)
        self.path = f"/v1/customers/{self.slug}"

    def put(self, *expected, **members):
        answer = self.admin.put(self.path, dict(HEAD, **members))
        self.assertIn(answer.status, expected or (200, 201), answer)
        return answer

    def put_file(self, text, token=None):
        return self.admin.request("PUT", self.path + "/holidays.ics", text, token=token,
                                  headers={"Content-Type": "text/calendar; charset=utf-8"})

    def restart(self):
        self.gateway.stop()
        self.gateway.start()


class CustomerTest(CustomersTest):
    def test_without_anything_new__is_as_before(self):
        answer = self.put(201)
        self.assertEqual(answer.json, dict(
            HEAD, slug=self.slug, active=True, default_procedure=None, opening_hours=None,
            holidays=None, numbers=[], emergency_phone=None, greeting=None, retention_days=None,
            ticket_fields=[]))

    def test_everything__comes_back_and_survives_a_restart(self):
        first, second = number(), number()
        given = dict(opening_hours=HOURS, holidays="fr-alsace-moselle",
                     numbers=[f"00{second[1:]}", f"0{first[3:]}"],
                     emergency_phone="06 39 98 10 99", greeting="Clinique, bonsoir.",
                     retention_days=365, ticket_fields=FIELDS)
        kept = dict(given, numbers=[second, first], emergency_phone="+33639981099")
        answer = self.put(201, **given)
        self.assertEqual(answer.json, {**answer.json, **kept})
        self.restart()
        shown = self.admin.get(self.path).json
        self.assertEqual(shown, answer.json)
        # What is shown can be put again, and a list shows the customer without what is long.
        self.assertEqual(self.admin.put(self.path, shown).json, shown)
        listed = next(each for each in self.admin.get("/v1/customers")["items"]
                      if each["slug"] == self.slug)
        self.assertEqual(listed, {name: value for name, value in shown.items()
                                  if name not in ("opening_hours", "ticket_fields")})
        # A PUT says all of the customer.
        self.assertEqual(self.put(200)["numbers"], [])

    def test_number_of_another_customer__names_the_place_alone(self):
        taken, free = number(), number()
        self.put(201, numbers=[taken])
        owner, self.path = self.slug, "/v1/customers/other-" + secrets.token_hex(4)
        answer = self.put(409, numbers=[free, taken])
        self.assert_problem(answer, 409, "conflict", "/numbers/1")
        self.assertNotIn(owner, answer.body.decode())
        self.assertEqual(self.admin.get(self.path).status, 404)
        self.put(201, numbers=[free])
        # It may be had once its owner has given it up.
        self.assertEqual(self.admin.put(f"/v1/customers/{owner}", HEAD).status, 200)
        self.assertEqual(self.put(200, numbers=[taken, free])["numbers"], [taken, free])


class HolidaysFileTest(CustomersTest):
    def test_file__comes_back_as_it_came(self):
        self.put(201)
        self.assert_problem(self.admin.get(self.path + "/holidays.ics"), 404, "not-found")
        self.assert_problem(self.admin.delete(self.path + "/holidays.ics"), 404, "not-found")
        self.assertEqual(self.put_file(ICS).status, 204)
        self.restart()
        answer = self.admin.get(self.path + "/holidays.ics")
        self.assertEqual(answer.headers["Content-Type"], "text/calendar; charset=utf-8")
        self.assertEqual(answer.body.decode(), ICS)
        self.put(200)  # it is put and taken away by itself
        another = ICS.replace("20260515", "20270507")
        self.assertEqual(self.put_file(another).status, 204)
        self.assertEqual(self.admin.get(self.path + "/holidays.ics").body.decode(), another)
        self.assertEqual(self.admin.delete(self.path + "/holidays.ics").status, 204)
        self.assert_problem(self.admin.get(self.path + "/holidays.ics"), 404, "not-found")

    def test_file__that_is_refused_changes_nothing(self):
        self.put(201)
        self.assertEqual(self.put_file(ICS).status, 204)
        for text, said in (
                ("", "iCalendar file"), (b"\xff", "iCalendar file"), (b"a\x00b", "iCalendar file"),
                ("holidays", "BEGIN:VCALENDAR"),
                (ICS.replace("VALUE=DATE:20260515", "TZID=Europe/Paris:20260515T080000"),
                 "pont@test"),
                (ICS.replace("SUMMARY", "RRULE:FREQ=HOURLY\r\nSUMMARY"), "pont@test"),
                (ICS.replace("END:VEVENT\r\n", ""), "line")):
            with self.subTest(text=text[:20]):
                answer = self.put_file(text)
                self.assert_problem(answer, 400, "invalid")
                self.assertIn(said, answer["detail"])
        self.assert_problem(self.put_file("x" * 70000), 413, "too-large")
        answer = self.admin.put(self.path + "/holidays.ics", {"a": 1})
        self.assert_problem(answer, 415, "invalid")
        self.assertIn("text/calendar", answer["detail"])
        self.assertEqual(self.admin.get(self.path + "/holidays.ics").body.decode(), ICS)


class TicketFieldsTest(astreinte_test.GatewayTest):
    """The webhook fails safe: what the fields ask for is told, and escalated all the same."""

    def warnings(self, customer, **members):
        answer = customer.escalate(**members)
        self.assertEqual(answer.status, 202, answer)
        return answer["warnings"], customer.show(answer["id"])["fields"]

    def test_webhook__warns_and_keeps(self):
        customer = self.customer(devices=False)
        path = f"/v1/customers/{customer.slug}"
        body = dict(self.admin.get(path).json, ticket_fields=FIELDS)
        self.assertEqual(self.admin.put(path, body).status, 200)
        warnings, _ = self.warnings(customer)
        self.assertEqual(warnings, ["fields/site: is missing; the customer wants it to be asked"])
        given = {"site": "C", "etage": "deux", "rappel": "06 39 98 10 11", "autre": "x"}
        warnings, kept = self.warnings(customer, fields=given)
        self.assertEqual(warnings,
                         ["fields/site: is none of the customer's choices; kept as it came",
                          "fields/etage: must be a number such as 12 or 3.5; kept as it came"])
        self.assertEqual(kept, given)
        warnings, kept = self.warnings(customer, fields={"site": "B", "etage": "2"})
        self.assertEqual((warnings, kept), ([], {"site": "B", "etage": "2"}))


if __name__ == "__main__":
    unittest.main()

"""A customer's opening hours, holidays, numbers and ticket fields, over HTTP and over restarts."""

import datetime
import itertools
import json
import secrets
import unittest
import zoneinfo

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


PARIS = zoneinfo.ZoneInfo("Europe/Paris")


NUMBERS = itertools.count(10000)


def number():
    """One that nobody has yet."""
    return f"+331990{next(NUMBERS)}"


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
            holidays=None, numbers=[], emergency_phone=None, greeting=None, nobody_reached=None,
            retention_days=None, notice_days=None, ticket_fields=[]))

    def test_everything__comes_back_and_survives_a_restart(self):
        first, second = number(), number()
        given = dict(opening_hours=HOURS, holidays="fr-alsace-moselle",
                     numbers=[f"00{second[1:]}", f"0{first[3:]}"],
                     emergency_phone="06 39 98 10 99", greeting="Clinique, bonsoir.",
                     nobody_reached={"fr": "On vous rappelle.", "en": "We call you back."},
                     retention_days=365, notice_days=21, ticket_fields=FIELDS)
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
        self.assert_problem(self.put_file("x" * ((1 << 18) + 1)), 413, "too-large")
        answer = self.admin.put(self.path + "/holidays.ics", {"a": 1})
        self.assert_problem(answer, 415, "invalid")
        self.assertIn("text/calendar", answer["detail"])
        self.assertEqual(self.admin.get(self.path + "/holidays.ics").body.decode(), ICS)


class RotaTest(astreinte_test.GatewayTest):
    """Rotas that follow the customer's calendar."""

    def setUp(self):
        self.client = self.customer()
        self.path = f"/v1/customers/{self.client.slug}"
        self.head = self.admin.get(self.path).json

    def put(self, **members):
        return self.admin.put(self.path, dict(self.head, **members))

    def put_rota(self, *restrictions):
        definition = astreinte_test.rota("paul")
        definition["layers"][0]["restrictions"] = list(restrictions)
        return self.admin.put(self.path + "/rotas/principal", definition)

    def put_file(self, text):
        return self.admin.request("PUT", self.path + "/holidays.ics", text,
                                  headers={"Content-Type": "text/calendar"})

    def on_call(self, first, days):
        """[(from, to)] on the clock of Paris, of so many days from that date."""
        begin = datetime.datetime.combine(first, datetime.time(), PARIS)
        end = datetime.datetime.combine(first + datetime.timedelta(days), datetime.time(), PARIS)
        utc = [each.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
               for each in (begin, end)]
        answer = self.admin.get(f"{self.path}/rotas/principal/on-call?from={utc[0]}&to={utc[1]}")
        self.assertEqual(answer.status, 200, answer)
        return [tuple(datetime.datetime.fromisoformat(each[name].replace("Z", "+00:00"))
                      .astimezone(PARIS).strftime("%a %H:%M") for name in ("from", "to"))
                for each in answer["intervals"]]

    def test_outside_opening_hours__says_who_is_on_call(self):
        monday = datetime.date(2026, 3, 23)  # in its week the clock changes
        refused = self.put_rota({"only": "outside-opening-hours"})
        self.assert_problem(refused, 400, "invalid", "/layers/0/restrictions/0/only")
        self.assertIn("give the customer some", refused["detail"])
        self.assertEqual(self.put(opening_hours=HOURS).status, 200)
        self.assertEqual(self.put_rota({"only": "outside-opening-hours"}).status, 200)
        closed = [("Mon 00:00", "Mon 08:00")]
        for day, following in zip(("Mon", "Tue", "Wed", "Thu"), ("Tue", "Wed", "Thu", "Fri")):
            closed.append((f"{day} 18:00", f"{following} 08:00"))
        closed.append(("Fri 18:00", "Mon 00:00"))
        self.assertEqual(self.on_call(monday, 7), closed)
        # Another calendar counts from its PUT on, and after a restart.
        hours = {"weekly": [dict(HOURS["weekly"][0], to="12:00", days=["tuesday"])]}
        self.assertEqual(self.put(opening_hours=hours).status, 200)
        expected = [("Mon 00:00", "Mon 09:00"), ("Mon 09:00", "Tue 08:00"),  # a turn ends at nine
                    ("Tue 12:00", "Mon 00:00")]
        self.assertEqual(self.on_call(monday, 7), expected)
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.on_call(monday, 7), expected)

    def test_opening_hours__decide_at_once_who_is_notified(self):
        today = datetime.datetime.now(PARIS).weekday()
        always = {"weekly": [{"days": EVERY_DAY, "from": "00:00", "to": "00:00"}]}
        later = {"weekly": [{"days": [EVERY_DAY[(today + 3) % 7]], "from": "08:00",
                             "to": "12:00"}]}
        self.assertEqual(self.put(opening_hours=always).status, 200)
        self.assertEqual(self.put_rota({"only": "outside-opening-hours"}).status, 200)
        for hours, notified in ((always, []), (later, ["paul"]), (always, [])):
            self.assertEqual(self.put(opening_hours=hours).status, 200)
            answer = self.client.escalate()
            self.assertEqual(answer.status, 202, answer)
            self.assertEqual([each["agent"] for each in answer["notified"]
                              if each["agent"] == "paul"], notified)

    def test_what_a_rota_needs__stays(self):
        heeds = dict(HOURS, holidays=[])
        self.assertEqual(self.put(opening_hours=heeds).status, 200)
        refused = self.put_rota({"only": "outside-opening-hours"})
        self.assert_problem(refused, 400, "invalid", "/layers/0/restrictions/0/only")
        self.assertIn("holidays that the opening hours heed", refused["detail"])
        self.assertEqual(self.put(opening_hours=heeds, holidays="fr").status, 200)
        self.assertEqual(self.put_rota({"only": "outside-opening-hours"}).status, 200)
        for members in ({}, {"opening_hours": heeds}, {"holidays": "fr"}):
            with self.subTest(members=list(members)):
                refused = self.put(**members)
                self.assert_problem(refused, 409, "conflict")
                self.assertIn("rota principal", refused["detail"])
        shown = self.admin.get(self.path).json
        self.assertEqual((shown["opening_hours"], shown["holidays"]), (heeds, "fr"))
        self.assertEqual(self.put_rota().status, 200)
        self.assertEqual(self.put().status, 200)

    def test_holidays_of_a_file__are_as_good_as_the_laws(self):
        self.assert_problem(self.put_rota({"only": "holidays"}), 400, "invalid",
                            "/layers/0/restrictions/0/only")
        today = datetime.datetime.now(PARIS).date()
        day = today + datetime.timedelta(days=31 - today.weekday())  # no day of a hand-over
        self.assertEqual(self.put_file(ICS.replace("20260515", f"{day:%Y%m%d}")).status, 204)
        self.assertEqual(self.put_rota({"only": "holidays"}).status, 200)
        following = day + datetime.timedelta(days=1)
        self.assertEqual(self.on_call(day, 2), [(f"{day:%a} 00:00", f"{following:%a} 00:00")])
        refused = self.admin.delete(self.path + "/holidays.ics")
        self.assert_problem(refused, 409, "conflict")
        self.assertIn("rota principal", refused["detail"])
        # Nothing is said of times for which the file was not read.
        far = f"{today.year + 20}-01-01T00:00:00Z"
        place = f"{self.path}/rotas/principal/on-call?from={far}"
        answer = self.admin.get(place)
        self.assert_problem(answer, 400, "invalid")
        self.assertIn("ask about a time within", answer["detail"])
        self.assertEqual(self.put(holidays="fr").status, 200)
        self.assertEqual(self.admin.delete(self.path + "/holidays.ics").status, 204)
        self.assertEqual(self.admin.get(place).status, 200)


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


class CommandLineTest(CustomersTest):
    """astreintectl knows them: a customers file, and the file of holidays beside it."""

    def ctl(self, *arguments, code=0):
        return self.run_ctl(self.gateway.root_key, *arguments, code=code)

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def apply(self, customer, *options, code=0):
        path = self.file("customers.json", json.dumps({"customers": [customer]}))
        return self.ctl("apply", path, *options, code=code)

    def customer_of(self, restrictions, **members):
        definition = astreinte_test.rota("paul")
        definition["layers"][0]["restrictions"] = restrictions
        return dict(HEAD, slug=self.slug, rotas={"principal": definition},
                    agents=[{"slug": "paul", "name": "Paul", "phone": "06 39 98 10 11"}], **members)

    def test_apply__that_is_refused_makes_nobody_live(self):
        steps = [{"notify": [{"agent": "paul"}], "by": ["call"], "accepted_within_s": 60}]
        rule = {"name": "tout", "then": {"action": "escalate"}}
        customer = self.customer_of([], numbers=[number()], default_procedure="nuit", rules=[
            rule, dict(rule, name="jamais")], procedures=[{"slug": "nuit", "steps": steps}])
        done = self.apply(customer, code=1)
        self.assertIn("  /customers/0/rules/1: can never be reached", done.stderr)
        self.assertIn(f"No number leads to customer {self.slug} yet", done.stderr)
        there = self.gateway.client().get(f"/v1/customers/{self.slug}").json
        self.assertEqual(there["numbers"], [])
        customer["rules"].pop()
        customer["rotas"]["principal"]["layers"][0]["participants"] = ["paul", "personne"]
        self.assertIn('/customers/0/rotas/principal/layers/0/participants/1: "personne" is not an '
                      "agent of this customer", self.apply(customer, code=1).stderr)
        customer["rotas"]["principal"]["layers"][0]["participants"] = ["paul"]
        self.apply(customer)
        there = self.gateway.client().get(f"/v1/customers/{self.slug}").json
        self.assertEqual(there["numbers"], customer["numbers"])

    def test_apply__goes_from_any_file_to_any_other(self):
        first, second = number(), number()
        plain = self.customer_of([])
        whole = self.customer_of(
            [{"only": "outside-opening-hours"}, {"only": "holidays"}], opening_hours=HOURS,
            holidays="fr", numbers=["0" + first[3:], second], emergency_phone="06 39 98 10 99",
            greeting="Bonsoir", nobody_reached={"fr": "Plus tard."},
            retention_days=30, notice_days=60, ticket_fields=FIELDS)
        other = self.customer_of([{"only": "opening-hours"}], numbers=[second],
                                 opening_hours={"weekly": HOURS["weekly"]})
        for step in (whole, plain, whole, other, plain, other, whole):
            done = self.apply(step)
            self.assertRegex(done.stdout, "created|updated")
            for options in ((), ("--dry-run",)):
                self.assertIn("0 created, 0 updated, 3 unchanged",
                              self.apply(step, *options).stdout)
            shown = self.admin.get(self.path).json
            for name in ("opening_hours", "holidays", "greeting", "nobody_reached",
                         "retention_days", "notice_days"):
                self.assertEqual(shown[name], step.get(name), name)
        self.assertIn("1 updated", self.apply(
            {name: value for name, value in whole.items() if name != "greeting"},
            "--dry-run").stdout)

    def test_apply__says_where_the_fault_is(self):
        done = self.apply(self.customer_of([{"only": "holidays"}]), code=1)
        self.assertIn("/customers/0/rotas/principal/layers/0/restrictions/0/only", done.stderr)
        done = self.apply(self.customer_of([], numbers=["12"]), code=1)
        self.assertIn("/customers/0/numbers/0", done.stderr)

    def test_holidays__put_shown_removed(self):
        self.put(201)
        path = self.file("fermetures.ics", ICS.replace("\r\n", "\n"))
        refused = self.ctl("holidays", self.slug, code=1)
        self.assertIn(f"holidays of customer {self.slug}", refused.stderr)
        self.assertEqual(self.ctl("holidays", self.slug, path).stdout, "kept\n")
        self.assertEqual(self.ctl("holidays", self.slug).stdout, ICS.replace("\r\n", "\n"))
        self.assertEqual(self.ctl("holidays", self.slug, "--remove").stdout, "removed\n")
        self.ctl("holidays", self.slug, code=1)
        self.ctl("holidays", self.slug, path, "--remove", code=2)
        broken = self.file("broken.ics", "nothing")
        self.assertIn("BEGIN:VCALENDAR", self.ctl("holidays", self.slug, broken, code=1).stderr)


if __name__ == "__main__":
    unittest.main()

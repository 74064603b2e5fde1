"""Calendars of the real gateway, read by programs that share no code with it (Python's icalendar
and vobject): the same shifts, every change at once, nothing for whoever has no address. And the way
back: plannings in iCalendar files.

The gateway's wall stands before both nights of the clock change of 2026.
"""

import datetime
import re
import unittest
import zoneinfo

import icalendar
import vobject

import astreinte_test

UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
TODAY = datetime.datetime(2026, 3, 1, tzinfo=UTC)
FIRST, LAST = TODAY - 31 * DAY, TODAY + 366 * DAY
NAMES = {"paul": "Paul Durand", "marie": "Marie Petit, dite « Zoé; l'Aînée »",
         "anne": "Anne-Élisabeth de la Rochefoucauld-Montmorency-Bouteville d'Ailly"}


def rota(turn, *agents, overrides=(), **members):
    return {"layers": [{"turn": turn, "participants": list(agents), **members}],
            "overrides": list(overrides)}


def nights(*agents, time="02:30", **members):
    """Hand-overs each night, within the hour that the clock skips or shows twice."""
    return rota("daily", *agents, starts_on="2026-01-01", hand_over={"time": time}, **members)


def weeks(*agents, **members):
    return rota("weekly", *agents, starts_on="2025-12-29",
                hand_over={"weekday": "monday", "time": "09:00"}, **members)


def instant(local):
    """The moment at which the clock in Paris first shows that time or a later one."""
    moment = local.replace(tzinfo=PARIS, fold=0).astimezone(UTC)
    if moment.astimezone(PARIS).replace(tzinfo=None) != local:
        # Skipped: the jump is at 01:00 UTC.
        moment = moment.replace(hour=1, minute=0)
    return moment


def expected_nights(agents, time=datetime.time(2, 30)):
    """The shifts of nights() that a calendar shows, by another computation."""
    found = []
    for number in range(0, 500):
        day = datetime.date(2026, 1, 1) + number * DAY
        start = instant(datetime.datetime.combine(day, time))
        end = instant(datetime.datetime.combine(day + DAY, time))
        if end > FIRST and start < LAST:
            found.append((start, end, agents[number % len(agents)]))
    return found


# Those of French law from February 2026 to February 2027, and one of a file.
HOLIDAYS = [datetime.date.fromisoformat(f"2026-{day}") for day in (
    "04-06", "05-01", "05-08", "05-14", "05-25", "07-03", "07-14", "08-15", "11-01", "11-11",
    "12-25")] + [datetime.date(2027, 1, 1)]


def expected_closed():
    """Paul's and Marie's turns from noon to noon, where the clinic is closed: from 18:00 to 08:00
    and on weekends and holidays, hour by hour."""
    found = []
    local = datetime.datetime(2026, 1, 20)
    while local < datetime.datetime(2027, 3, 10):
        open_day = local.weekday() < 5 and local.date() not in HOLIDAYS
        turns = (local - datetime.timedelta(hours=12) - datetime.datetime(2026, 1, 1)).days
        start, local = local, local + datetime.timedelta(hours=1)
        if open_day and 8 <= start.hour < 18:
            continue
        if found and found[-1][1] == instant(start) and start.hour != 12:
            found[-1] = (found[-1][0], instant(local), found[-1][2])
        else:
            found.append((instant(start), instant(local), ("paul", "marie")[turns % 2]))
    return [shift for shift in found if shift[1] > FIRST and shift[0] < LAST]


def override(start, end, agent, **members):
    return {"from": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "to": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "agent": agent, **members}


def text_of(component, name):
    return str(component[name]) if name in component else None


def read_by_icalendar(body):
    """(start, end, agent, SUMMARY, UID) of each event."""
    calendar = icalendar.Calendar.from_ical(body)
    assert not calendar.errors, calendar.errors
    events = calendar.walk("VEVENT")
    assert not any(event.errors for event in events), [event.errors for event in events]
    return [(event["DTSTART"].dt, event["DTEND"].dt, text_of(event, "X-ASTREINTE-AGENT"),
             text_of(event, "SUMMARY"), text_of(event, "UID")) for event in events]


def read_by_vobject(body):
    calendar = vobject.readOne(body.decode())
    calendar.validate(raiseException=True)
    return [(event.dtstart.value, event.dtend.value, event.x_astreinte_agent.value,
             event.summary.value, event.uid.value) for event in calendar.contents.get("vevent", [])]


class FeedTest(astreinte_test.GatewayTest):
    moves_clock = ("gateway",)
    wall_at_start = TODAY + datetime.timedelta(hours=10)

    def clinic(self, **options):
        return self.customer(agents=NAMES, devices=False, **options)

    def add_feed(self, customer, owner, name="essai"):
        """The path below the gateway's address."""
        answer = customer.admin_path("POST", f"{owner}/feeds", {"name": name}, 201)
        self.assertRegex(answer["url"], f"^http://127.0.0.1:{self.gateway.port}/v1/feeds/"
                                        r"fd_[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{43}\.ics$")
        return answer["url"][answer["url"].index("/v1/"):]

    def fetch(self, path, status=200, **headers):
        names = {"none_match": "If-None-Match"}
        answer = self.gateway.client("").get(
            path, headers={names[name]: value for name, value in headers.items()})
        self.assertEqual(answer.status, status, answer)
        return answer

    def read(self, body):
        """The events, when both readers agree, and the form is that of RFC 5545."""
        for line in body.split(b"\r\n"):
            self.assertLessEqual(len(line), 75, line)
            line.decode()  # a character is not cut
            self.assertNotIn(b"\n", line)
        self.assertTrue(body.endswith(b"END:VCALENDAR\r\n"))
        events = read_by_icalendar(body)
        self.assertEqual(events, read_by_vobject(body))
        self.assertEqual(len({event[4] for event in events}), len(events), "a UID twice")
        return events

    def shifts(self, path):
        return [event[:3] for event in self.read(self.fetch(path).body)]


class ReadersTest(FeedTest):
    """What other programs read."""

    def test_both_nights_of_the_clock_change(self):
        clinic = self.clinic()
        clinic.admin_path("PUT", "rotas/principal", nights("paul", "marie", "anne"), 200)
        events = self.read(self.fetch(self.add_feed(clinic, "rotas/principal")).body)
        expected = expected_nights(["paul", "marie", "anne"])
        self.assertEqual([event[:3] for event in events], expected)
        for start, _, agent, summary, _ in events:
            self.assertEqual(summary, f"Astreinte principal : {NAMES[agent]}", start)
        for before, after in zip(events, events[1:]):
            self.assertEqual(before[1], after[0], "a gap or an overlap")
        hours = [(end - start) / datetime.timedelta(hours=1) for start, end, *_ in events]
        self.assertEqual({length: hours.count(length) for length in hours if length != 24},
                         {23.5: 2, 25: 1})

    def test_the_calendar_says_what_it_is(self):
        clinic = self.clinic()
        answer = self.fetch(self.add_feed(clinic, "rotas/principal"))
        calendar = icalendar.Calendar.from_ical(answer.body)
        self.assertEqual(answer.headers["Content-Type"], "text/calendar; charset=utf-8")
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        self.assertEqual(str(calendar["METHOD"]), "PUBLISH")
        self.assertEqual(str(calendar["VERSION"]), "2.0")
        name = f"Astreinte principal – {clinic.slug.replace('-', ' ').title()}"
        self.assertEqual([str(calendar["NAME"]), str(calendar["X-WR-CALNAME"])], [name, name])
        self.assertEqual(calendar["REFRESH-INTERVAL"].params["VALUE"], "DURATION")
        self.assertEqual(icalendar.vDuration.from_ical(str(calendar["X-PUBLISHED-TTL"])),
                         datetime.timedelta(minutes=15))
        for event in calendar.walk("VEVENT"):
            self.assertEqual(event["DTSTAMP"].dt.tzinfo.utcoffset(None), datetime.timedelta(0))

    def test_an_agent_sees_all_rotas_and_nobody_elses_shifts(self):
        clinic = self.clinic()
        clinic.admin_path("PUT", "agents/anne", {"name": NAMES["anne"], "phone": "+33600000012",
                                                 "language": "en"}, 200)
        clinic.admin_path("PUT", "rotas/principal", nights("paul", "anne"), 200)
        clinic.admin_path("PUT", "rotas/renfort", nights("anne", "marie", time="12:00"), 200)
        other = self.clinic()
        other.admin_path("PUT", "rotas/principal", nights("anne"), 200)
        events = self.read(self.fetch(self.add_feed(clinic, "agents/anne")).body)
        principal = [shift for shift in expected_nights(["paul", "anne"]) if shift[2] == "anne"]
        renfort = [shift for shift in expected_nights(["anne", "marie"], datetime.time(12))
                   if shift[2] == "anne"]
        self.assertEqual([event[:3] for event in events], sorted(principal + renfort))
        name = clinic.slug.replace("-", " ").title()
        self.assertEqual({event[3] for event in events},
                         {f"On call principal – {name}", f"On call renfort – {name}"})

    def test_holidays_and_opening_hours(self):
        clinic = self.clinic()
        head = {"name": "Clinique", "time_zone": "Europe/Paris", "language": "fr",
                "alias": "la clinique", "default_procedure": "nuit"}
        week = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        clinic.admin_path("PUT", "", {**head, "holidays": "fr", "opening_hours": {
            "weekly": [{"days": week, "from": "08:00", "to": "18:00"}],
            "holidays": []}}, 200)
        file = planning(("20260703", "20260704", "Fermeture"))
        file = file.replace(":202607", ";VALUE=DATE:202607")
        answer = clinic.admin.request("PUT", f"/v1/customers/{clinic.slug}/holidays.ics", file,
                                      headers={"Content-Type": "text/calendar"})
        self.assertIn(answer.status, (200, 201, 204), answer)
        clinic.admin_path("PUT", "rotas/feries", rota(
            "daily", "anne", starts_on="2026-01-01", hand_over={"time": "00:00"},
            restrictions=[{"only": "holidays"}]), 201)
        clinic.admin_path("PUT", "rotas/nuits", rota(
            "daily", "paul", "marie", starts_on="2026-01-01", hand_over={"time": "12:00"},
            restrictions=[{"only": "outside-opening-hours"}]), 201)
        midnight = datetime.time(0)
        self.assertEqual(self.shifts(self.add_feed(clinic, "rotas/feries")), [
            (instant(datetime.datetime.combine(day, midnight)),
             instant(datetime.datetime.combine(day + DAY, midnight)), "anne")
            for day in HOLIDAYS])
        self.assertEqual(self.shifts(self.add_feed(clinic, "rotas/nuits")), expected_closed())

    def test_nobody_on_call_is_an_empty_calendar(self):
        clinic = self.clinic()
        clinic.admin_path("PUT", "rotas/renfort", nights("anne", until="2026-01-20"), 200)
        self.assertEqual(self.shifts(self.add_feed(clinic, "rotas/renfort")), [])

    def test_who_is_not_active_is_not_on_call(self):
        clinic = self.clinic()
        clinic.admin_path("PUT", "rotas/principal", nights("paul", "marie"), 200)
        path = self.add_feed(clinic, "rotas/principal")
        own = self.add_feed(clinic, "agents/paul")
        self.fetch(own)
        clinic.admin_path("PUT", "agents/paul", {"name": NAMES["paul"], "phone": "+33600000010",
                                                 "active": False}, 200)
        self.assertEqual({shift[2] for shift in self.shifts(path)}, {"marie"})
        self.fetch(own, 404)


class ChangesTest(FeedTest):
    """What changes shows at once, and what does not costs nothing."""

    def test_a_change_of_the_rota_shows(self):
        clinic = self.clinic()
        clinic.admin_path("PUT", "rotas/renfort", weeks("marie"), 200)
        clinic.admin_path("PUT", "rotas/principal", weeks("paul", "marie"), 200)
        path, own = (self.add_feed(clinic, owner) for owner in ("rotas/principal", "agents/anne"))
        before = self.read(self.fetch(path).body)
        etags = [self.fetch(each).headers["ETag"] for each in (path, own)]
        self.assertEqual(self.shifts(own), [])
        for each, etag in zip((path, own), etags):
            self.fetch(each, 304, none_match=etag)
        week = before[10]
        clinic.admin_path("PUT", "rotas/principal", weeks("paul", "marie", overrides=[
            override(week[0], week[1], "anne")]), 200)
        for each, etag in zip((path, own), etags):
            self.assertNotEqual(self.fetch(each, none_match=etag).headers["ETag"], etag)
        after = self.read(self.fetch(path).body)
        self.assertEqual([event[:3] for event in after], [
            event[:3] if event is not week else (week[0], week[1], "anne") for event in before])
        for old, new in zip(before, after):
            self.assertEqual(old[4] == new[4], old is not week, "the UID of a shift")
        self.assertEqual(self.shifts(own), [(week[0], week[1], "anne")])

    def test_a_change_of_a_name_shows(self):
        clinic = self.clinic()
        path = self.add_feed(clinic, "rotas/principal")
        etag = self.fetch(path).headers["ETag"]
        clinic.admin_path("PUT", "agents/paul", {"name": "Paul Martin", "phone": "+33600000010"},
                          200)
        self.assertIn("Paul Martin", self.fetch(path, none_match=etag).body.decode())

    def test_what_the_client_has_is_not_sent_again(self):
        path = self.add_feed(self.clinic(), "rotas/principal")
        etag = self.fetch(path).headers["ETag"]
        self.assertRegex(etag, '^"[0-9a-f]{32}"$')
        for known in (etag, "W/" + etag, f'"other", {etag}', "*"):
            answer = self.fetch(path, 304, none_match=known)
            self.assertEqual(answer.body, b"")
            self.assertEqual(answer.headers["ETag"], etag)
            self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        for unknown in ('"other"', etag[:-2] + '"', ""):
            self.assertEqual(self.fetch(path, none_match=unknown).headers["ETag"], etag)


class AddressesTest(FeedTest):
    """The address is the only key."""

    def test_every_wrong_address_is_answered_alike(self):
        clinic = self.clinic()
        path, revoked = (self.add_feed(clinic, "rotas/principal") for _ in range(2))
        number = max(each["id"] for each in clinic.admin_path(
            "GET", "rotas/principal/feeds", None, 200)["items"])
        clinic.admin_path("DELETE", f"rotas/principal/feeds/{number}", None, 204)
        place, secret = path[:-4].rsplit("/", 1)
        other = "A" if secret[-10] != "A" else "B"
        wrong = [revoked, f"{place}/{secret}", f"{place}/{secret}.ical", f"{place}/{secret}.txt",
                 f"{place}/.ics",
                 f"{place}/x.ics", f"{place}/{secret[:-10]}{other}{secret[-9:]}.ics",
                 f"{place}/{secret[:-1]}.ics", f"{place}/{secret}A.ics",
                 f"{place}/ak{secret[2:]}.ics", f"{place}/fd_{'A' * 22}_{'A' * 43}.ics",
                 f"{place}/fd_{'!' * 22}_{'A' * 43}.ics", f"{place}/{'A' * 1000}.ics",
                 f"{place}/{self.gateway.root_key}.ics"]
        answers = [self.fetch(each, 404) for each in wrong]
        self.assertEqual({answer.body for answer in answers}, {answers[0].body})
        for answer in answers:
            self.assertNotIn("ETag", answer.headers)
            self.assertNotIn("WWW-Authenticate", answer.headers)
        self.assert_problem(answers[0], 404, "not-found")
        self.fetch(path)
        self.assertEqual(self.admin.get(revoked).status, 404, "not even with the root key")

    def test_a_revoked_address_ends_at_once(self):
        clinic = self.clinic()
        for owner in ("rotas/principal", "agents/paul"):
            path = self.add_feed(clinic, owner)
            etag = self.fetch(path).headers["ETag"]
            number = clinic.admin_path("GET", f"{owner}/feeds", None, 200)["items"][0]["id"]
            clinic.admin_path("DELETE", f"{owner}/feeds/{number}", None, 204)
            self.fetch(path, 404)
            self.fetch(path, 404, none_match=etag)
            clinic.admin_path("DELETE", f"{owner}/feeds/{number}", None, 404)

    def test_it_survives_a_restart_and_stands_nowhere(self):
        clinic = self.clinic()
        path = self.add_feed(clinic, "agents/paul", "téléphone")
        before = self.fetch(path)
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.fetch(path).headers["ETag"], before.headers["ETag"])
        secret = path[:-4][-43:]  # base64url: "_" is one of its signs
        self.fetch(path.replace(secret, "A" * 43), 404)
        kept = [each.read_bytes() for each in self.directory.iterdir() if each.is_file()]
        for content in kept:
            self.assertNotIn(secret.encode(), content)
        self.assertNotIn("fd_", self.gateway.log())

    def test_lists_show_no_secret(self):
        clinic = self.clinic()
        self.add_feed(clinic, "rotas/principal", "un")
        self.add_feed(clinic, "rotas/principal", "deux")
        self.add_feed(clinic, "rotas/renfort", "trois")
        self.add_feed(clinic, "agents/paul", "quatre")
        listed = clinic.admin_path("GET", "rotas/principal/feeds", None, 200)["items"]
        self.assertEqual([each["name"] for each in listed], ["un", "deux"])
        for each in listed:
            self.assertEqual(set(each), {"id", "name", "created_at"})
        listed = clinic.admin_path("GET", "agents/paul/feeds", None, 200)["items"]
        self.assertEqual([each["name"] for each in listed], ["quatre"])
        self.assertEqual(clinic.admin_path("GET", "agents/marie/feeds", None, 200)["items"], [])
        number = listed[0]["id"]
        for owner in ("rotas/principal", "rotas/renfort", "agents/marie"):
            clinic.admin_path("DELETE", f"{owner}/feeds/{number}", None, 404)

    def test_an_owner_has_eight(self):
        clinic = self.clinic()
        for _ in range(8):
            self.add_feed(clinic, "rotas/principal")
        self.assert_problem(clinic.admin_path("POST", "rotas/principal/feeds", {}), 409, "conflict")
        number = clinic.admin_path("GET", "rotas/principal/feeds", None, 200)["items"][3]["id"]
        self.add_feed(clinic, "rotas/renfort")
        clinic.admin_path("DELETE", f"rotas/principal/feeds/{number}", None, 204)
        self.add_feed(clinic, "rotas/principal")

    def test_only_administrators_make_them(self):
        clinic, other = self.clinic(), self.clinic()
        foreign = self.gateway.client(other.add_key("admin"))
        for owner in ("rotas/principal", "agents/paul"):
            place = f"/v1/customers/{clinic.slug}/{owner}/feeds"
            for client, status in ((clinic.desk, 403), (foreign, 404),
                                   (self.gateway.client(""), 401)):
                self.assertEqual(client.post(place).status, status, owner)
                self.assertEqual(client.get(place).status, status, owner)
                self.assertEqual(client.delete(place + "/1").status, status, owner)
        for path in ("rotas/none/feeds", "agents/none/feeds"):
            clinic.admin_path("POST", path, {}, 404)
            clinic.admin_path("GET", path, None, 404)
        self.assert_problem(clinic.admin_path("POST", "rotas/principal/feeds", {"nom": "x"}), 400,
                            "invalid", "/nom")
        self.assert_problem(clinic.admin_path("POST", "rotas/principal/feeds", {"name": "x" * 101}),
                            400, "invalid", "/name")
        for number in ("x", "0", "-1", "9" * 30):
            clinic.admin_path("DELETE", f"rotas/principal/feeds/{number}", None, 404)


def planning(*events):
    """An iCalendar file; events are (start, end, SUMMARY)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//EN"]
    for number, (start, end, summary) in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}@test", f"DTSTART:{start}", f"DTEND:{end}",
                  f"SUMMARY:{summary}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def interval(start, end, **members):
    """As the gateway writes it; hours of UTC."""
    return {"from": start + ":00:00.000Z", "to": end + ":00:00.000Z", **members}


class ImportTest(FeedTest):
    """Plannings that come in."""

    def post(self, customer, role, body, query="", **headers):
        return customer.admin.request(
            "POST", f"/v1/customers/{customer.slug}/rotas/{role}/import{query}", body,
            headers={"Content-Type": "text/calendar; charset=utf-8", **headers})

    def on_call(self, customer, role, start=FIRST, end=LAST):
        found = []
        while start < end:
            until = min(start + 300 * DAY, end)
            answer = customer.admin_path(
                "GET", f"rotas/{role}/on-call?from={start:%Y-%m-%dT%H:%M:%SZ}"
                       f"&to={until:%Y-%m-%dT%H:%M:%SZ}", None, 200)
            for each in answer["intervals"]:
                last = found[-1] if found else {}
                if (last.get("to"), last.get("agent")) == (each["from"], each["agent"]):
                    last["to"] = each["to"]
                else:
                    found.append(each)
            start = until
        return found

    def test_a_calendar_comes_back_as_the_same_rota(self):
        clinic = self.clinic()
        saturday = datetime.datetime(2026, 3, 28, tzinfo=UTC)
        clinic.admin_path("PUT", "rotas/principal", weeks("paul", "marie", "anne", overrides=[
            override(saturday, saturday + 2 * DAY, "paul", kind="swap", **{"with": "marie"}),
            override(saturday + 210 * DAY, saturday + 212 * DAY, "anne")]), 200)
        body = self.fetch(self.add_feed(clinic, "rotas/principal")).body
        answer = self.post(clinic, "copie", body, f"?from={FIRST:%Y-%m-%dT%H:%M:%SZ}")
        self.assertEqual(answer.status, 201, answer)
        self.assertTrue(answer["new_rota"])
        self.assertEqual(answer["shifts"], len(self.read(body)))
        self.assertEqual(self.on_call(clinic, "copie"), self.on_call(clinic, "principal"))
        copied = self.read(self.fetch(self.add_feed(clinic, "rotas/copie")).body)
        self.assertEqual([event[:3] for event in copied], [event[:3] for event in self.read(body)])
        again = self.post(clinic, "copie", body, f"?from={FIRST:%Y-%m-%dT%H:%M:%SZ}")
        self.assertEqual((again.status, again["added"], again["changes"]), (200, [], []))
        self.assertEqual(again["unchanged"], again["shifts"])

    def test_a_dry_run_tells_and_changes_nothing(self):
        clinic = self.clinic()
        before = clinic.admin_path("GET", "rotas/principal", None, 200).json
        body = planning(("20260328T200000", "20260329T080000",
                         "Astreinte : Marie Petit\\, dite « Zoé\\; l'Aînée »"),
                        ("20260410T200000Z", "20260411T080000Z", "paul"),
                        ("20260110T200000Z", "20260111T080000Z", "quelqu'un qui est parti"))
        answer = self.post(clinic, "principal", body, "?dry_run=true")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer["dry_run"], answer["new_rota"], answer["past"]), (True, False, 1))
        self.assertEqual(answer["added"], [
            interval("2026-03-28T19", "2026-03-29T06", agent="marie"),
            interval("2026-04-10T20", "2026-04-11T08", agent="paul")])
        change = interval("2026-03-28T19", "2026-03-29T06", before="paul", after="marie")
        self.assertEqual(answer["changes"], [change])
        self.assertEqual(clinic.admin_path("GET", "rotas/principal", None, 200).json, before)
        done = self.post(clinic, "principal", body)
        self.assertEqual((done.status, done["dry_run"], done["changes"]), (200, False, [change]))
        definition = clinic.admin_path("GET", "rotas/principal", None, 200)["definition"]
        self.assertEqual(definition["layers"], before["definition"]["layers"])
        self.assertEqual(len(definition["overrides"]), 2)

    def test_a_corrected_file_replaces_the_first(self):
        clinic = self.clinic()
        first = planning(("20260401T080000Z", "20260402T080000Z", "marie"),
                         ("20260402T080000Z", "20260403T080000Z", "anne"))
        second = planning(("20260401T080000Z", "20260402T080000Z", "marie"),
                          ("20260402T080000Z", "20260403T080000Z", "marie"))
        self.assertEqual(self.post(clinic, "principal", first).status, 200)
        answer = self.post(clinic, "principal", second, "?overrides=replace")
        self.assertEqual(answer["removed"], [
            interval("2026-04-02T08", "2026-04-03T08", agent="anne")])
        self.assertEqual(answer["changes"], [
            interval("2026-04-02T08", "2026-04-03T08", before="anne", after="marie")])
        overrides = clinic.admin_path("GET", "rotas/principal", None,
                                      200)["definition"]["overrides"]
        self.assertEqual([each["agent"] for each in overrides], ["marie", "marie"])

    def test_what_is_not_understood_is_refused_with_its_place(self):
        clinic = self.clinic()
        good = ("20260401T080000Z", "20260402T080000Z", "marie")
        for event, words in ((("20260403T080000Z", "20260404T080000Z", "Astreinte Paul Durand"),
                              "line 10, event with UID 1@test: it names no agent"),
                             (("20260401T120000Z", "20260404T080000Z", "paul"), "lines 4 and 10"),
                             (("20260403T080000Z", "20260403T080000Z", "paul"), "ends after")):
            answer = self.post(clinic, "principal", planning(good, event))
            self.assert_problem(answer, 400, "invalid")
            self.assertIn(words, answer["detail"])
        self.assert_problem(self.post(clinic, "principal", "Bonjour"), 400, "invalid")
        self.assert_problem(self.post(clinic, "principal", ""), 400, "invalid")
        self.assert_problem(self.post(clinic, "Principal", planning(good)), 400, "invalid")
        for query in ("?dry_run=yes", "?overrides=all", "?from=demain", "?to=2026-01-01T00:00:00Z"):
            self.assert_problem(self.post(clinic, "principal", planning(good), query), 400,
                                "invalid")
        clinic.admin_path("GET", "rotas/Principal", None, 404)
        self.assertEqual(self.on_call(clinic, "principal"), [
            interval("2026-01-29T00", "2027-03-02T00", agent="paul")])

    def test_limits(self):
        clinic = self.clinic()
        answer = self.post(clinic, "principal", b"x" * ((1 << 20) + 1))
        self.assert_problem(answer, 413, "too-large")
        self.assertIn("1048576 bytes", answer["detail"])
        hours = [TODAY + (100 + number) * datetime.timedelta(hours=1) for number in range(2002)]
        short, rest = ("\r\n".join(
            ["BEGIN:VCALENDAR", *(f"BEGIN:VEVENT\r\nDTSTART:{hour:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H"
                                  "\r\nSUMMARY:paul\r\nEND:VEVENT" for hour in part),
             "END:VCALENDAR", ""]) for part in (hours[:2000], hours[2000:]))
        first, second = (f"DTSTART:{hour:%Y%m%dT%H%M%SZ}" for hour in hours[:2])
        short = short.replace(first, second)
        self.assertEqual(self.post(clinic, "copie", short)["shifts"], 1999)
        answer = self.post(clinic, "copie", rest)
        self.assert_problem(answer, 413, "too-large")
        self.assertIn("2001 overrides, 2000 are the most", answer["detail"])
        for kind in ("application/json", "text/plain", "text/calendarx"):
            answer = self.post(clinic, "copie", short, **{"Content-Type": kind})
            self.assert_problem(answer, 415)
            self.assertIn("text/calendar", answer["detail"])
        self.assertEqual(clinic.desk.post(
            f"/v1/customers/{clinic.slug}/rotas/copie/import", "").status, 403)


class CommandLineTest(FeedTest):
    """astreintectl rota import, feed create, list and revoke."""

    def ctl(self, *arguments, code=0, stdin=None):
        return self.run_ctl(self.gateway.root_key, *arguments, code=code, stdin=stdin, TZ="UTC",
                            LC_ALL="C.UTF-8")

    def test_import(self):
        clinic = self.clinic()
        file = self.directory / "planning.ics"
        file.write_text(planning(("20260401T080000Z", "20260402T080000Z", "Astreinte : marie"),
                                 ("20260110T080000Z", "20260111T080000Z", "paul")))
        run = self.ctl("rota", "import", clinic.slug, "principal", file, "--dry-run")
        self.assertRegex(run.stdout, r"marie +instead of paul .*–")
        self.assertIn("dry run, nothing changed: 1 shifts: 1 added, 0 unchanged; 0 removed; left "
                      "out: 1 over, 0 cancelled\n", run.stdout)
        run = self.ctl("rota", "import", clinic.slug, "neuf", "-", "--from",
                       "2026-01-01T00:00:00Z", stdin=file.read_text())
        self.assertRegex(run.stdout, r"marie +instead of nobody")
        self.assertIn("2 shifts: 2 added", run.stdout)
        self.assertIn("a new rota", run.stdout)
        run = self.ctl("rota", "import", clinic.slug, "neuf", file, "--replace", "--json")
        self.assertIn('"unchanged": 1', run.stdout)
        file.write_text(planning(("20260401T080000Z", "20260402T080000Z", "quelqu'un")))
        run = self.ctl("rota", "import", clinic.slug, "principal", file, code=1)
        self.assertIn("line 4, event with UID 0@test: it names no agent", run.stderr)
        self.ctl("rota", "import", clinic.slug, "principal", "/nowhere.ics", code=2)

    def test_feeds(self):
        clinic = self.clinic()
        run = self.ctl("feed", "create", clinic.slug, "--agent", "paul", "--name", "mon téléphone")
        address = run.stdout.strip()
        path = address[address.index("/v1/"):]
        number = re.search(r"feed id (\d+)", run.stderr).group(1)
        self.fetch(path)
        run = self.ctl("feed", "list", clinic.slug, "--agent", "paul")
        self.assertRegex(run.stdout, rf"^{number} .*mon téléphone\n$")
        self.assertNotIn("fd_", run.stdout)
        self.ctl("feed", "revoke", clinic.slug, number, "--rota", "principal", code=1)
        self.assertEqual(self.ctl("feed", "revoke", clinic.slug, number, "--agent", "paul").stdout,
                         "revoked\n")
        self.fetch(path, 404)
        self.assertEqual(self.ctl("feed", "list", clinic.slug, "--agent", "paul").stdout, "")
        for options in ((), ("--agent", "paul", "--rota", "principal")):
            self.assertIn("--rota or --agent",
                          self.ctl("feed", "create", clinic.slug, *options, code=2).stderr)


if __name__ == "__main__":
    unittest.main()

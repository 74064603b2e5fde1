"""Publications through the whole house: what is told to whom, how far ahead, that they took note,
and what coverage says when the rota says something else by then.

The gateway's wall stands on 2026-03-16 at 10:00 in Paris; the clock there changes on the 29th.
"""
import csv
import datetime
import hashlib
import io
import json
import unittest
import zoneinfo

import astreinte_test

UTC = datetime.timezone.utc
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
NOW = datetime.datetime(2026, 3, 16, 9, tzinfo=UTC)


def paris(day, hour=9, month=3):
    return datetime.datetime(2026, month, day, hour, tzinfo=PARIS)


def text(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def weeks(*agents, overrides=()):
    """Weeks from Monday, 2026-03-16, at nine."""
    return {"layers": [{"turn": "weekly", "participants": list(agents), "starts_on": "2026-03-16",
                        "hand_over": {"weekday": "monday", "time": "09:00"}}],
            "overrides": list(overrides)}


def override(start, end, agent, **members):
    return {"from": text(start), "to": text(end), "agent": agent, **members}


def shift(start, end):
    return {"from": text(start), "to": text(end)}


def change(kind, start, end, days, notice):
    return {"kind": kind, **shift(start, end), "notice_days": days, "notice": notice}


def digest(customer, rota, answer):
    """As anybody can compute it from what was told."""
    whole = [customer, rota, answer["from"], answer["to"]]
    for told in answer["told"]:
        whole += [told["agent"], json.dumps(told["shifts"], separators=(",", ":"))]
    return hashlib.sha256("".join(part + "\0" for part in whole).encode()).hexdigest()


class PublicationTest(astreinte_test.GatewayTest):
    moves_clock = ("gateway",)
    wall_at_start = NOW

    def setUp(self):
        self.clinic = self.customer(agents={"paul": "Paul Durand", "zoe": "Zoé Petit"},
                                    devices=False)
        self.clinic.admin_path("PUT", "rotas/principal", weeks("paul", "zoe"), 200)
        self.root = f"/v1/customers/{self.clinic.slug}/rotas/principal/publications"

    def publish(self, status=201, dry_run=False, key=None, token=None, **body):
        body.setdefault("from", text(NOW))
        answer = self.clinic.admin.post(
            self.root + ("?dry_run=true" if dry_run else ""), body, token=token,
            headers={"Idempotency-Key": key} if key else {})
        self.assertEqual(answer.status, status, answer)
        return answer

    def look(self, **body):
        return self.publish(200, dry_run=True, **body)

    def show(self, publication):
        answer = self.clinic.admin.get(f"{self.root}/{publication}")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def agent(self, slug):
        agent = self.clinic.agents[slug]
        if not getattr(agent, "token", None):
            agent.enrol()
        return self.gateway.client(agent.token)

    def told(self, answer, agent):
        return next((part for part in answer["told"] if part["agent"] == agent), None)


class TellingTest(PublicationTest):
    def test_dry_run__says_what_would_be_told_and_changes_nothing(self):
        answer = self.look(**{"from": None})
        self.assertGreaterEqual(answer["from"], text(NOW))
        self.assertEqual(answer["from"][16:], ":00.000Z")
        answer = self.look()
        self.assertEqual((answer["from"], answer["to"]), (text(NOW), text(paris(1, 0, 5))))
        self.assertTrue(answer["dry_run"])
        self.assertEqual(answer["notice_days"], 15)
        # Weeks begin a day too late, in no time, and on the 30th in 14 days: the 6th is the first.
        self.assertEqual(self.told(answer, "paul"), {
            "agent": "paul", "name": "Paul Durand",
            "shifts": [shift(NOW, paris(23)), shift(paris(30), paris(6, month=4)),
                       shift(paris(13, month=4), paris(20, month=4)),
                       shift(paris(27, month=4), paris(1, 0, 5))],
            "changes": [change("new", NOW, paris(23), 0, "too_short"),
                        change("new", paris(30), paris(6, month=4), 14, "short"),
                        change("new", paris(13, month=4), paris(20, month=4), 28, "in_time"),
                        change("new", paris(27, month=4), paris(1, 0, 5), 42, "in_time")]})
        self.assertEqual(self.told(answer, "zoe")["changes"][0],
                         change("new", paris(23), paris(30), 7, "short"))
        self.assertEqual((answer["in_time"], answer["short"], answer["too_short"]), (4, 2, 1))
        self.assertEqual(answer["digest"], digest(self.clinic.slug, "principal", answer))
        self.assertEqual(self.clinic.admin.get(self.root)["items"], [])

    def test_published__is_kept_whatever_becomes_of_the_rota(self):
        looked = self.look(to=text(paris(6, month=4)))
        answer = self.publish(to=text(paris(6, month=4)), digest=looked["digest"], operator="Lucie")
        self.assertEqual(answer["digest"], looked["digest"])
        self.assertEqual(answer["agents"], 2)
        self.assertEqual((answer["in_time"], answer["short"], answer["too_short"]), (0, 2, 1))
        self.clinic.admin_path("PUT", "rotas/principal", weeks("zoe"), 200)
        self.gateway.stop()
        self.gateway.start()
        shown = self.show(answer["id"])
        self.assertEqual([{name: part[name] for name in ("agent", "name", "shifts", "changes")}
                          for part in shown["told"]], looked["told"])
        for name in ("id", "rota", "from", "to", "published_at", "digest", "in_time", "short",
                     "too_short", "agents"):
            self.assertEqual(shown[name], answer[name], name)
        self.assertEqual((shown["operator"], shown["time_zone"]), ("Lucie", "Europe/Paris"))
        self.assertEqual((shown["notice_days"], shown["seen"]), (15, 0))
        self.assertEqual(shown["digest"], digest(self.clinic.slug, "principal", shown))
        self.assertIsNone(shown["told"][0]["seen_at"])

    def test_table__another_program_reads_the_same(self):
        self.clinic.admin_path("PUT", "agents/paul", {
            "name": '=Paul, "le grand"', "phone": "+33600000010"}, 200)
        published = self.publish(to=text(paris(6, month=4)), operator="Lucie")["id"]
        self.clinic.admin.post(f"{self.root}/{published}/seen",
                               {"agent": "zoe", "operator": "Lucie", "how": "signée"})
        shown = self.show(published)
        answer = self.clinic.admin.get(f"{self.root}/{published}?format=csv")
        self.assertEqual((answer.status, answer.headers["Content-Type"]),
                         (200, "text/csv; charset=utf-8; header=present"))
        rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline=""), strict=True))
        self.assertEqual(
            [(row["agent"], row["entry"], row["from"], row["to"], row["days_ahead"], row["notice"])
             for row in rows],
            [(told["agent"], *entry) for told in shown["told"] for entry in
             [("shift", each["from"], each["to"], "", "") for each in told["shifts"]]
             + [(each["kind"], each["from"], each["to"], str(each["notice_days"]), each["notice"])
                for each in told["changes"]]])
        for row in rows:
            self.assertEqual(
                [row[name] for name in ("publication", "digest", "published_at", "operator",
                                        "due_days")],
                [shown["id"], shown["digest"], shown["published_at"], "Lucie", "15"])
        self.assertEqual({row["name"] for row in rows}, {'\'=Paul, "le grand"', "Zoé Petit"})
        self.assertEqual({row["seen_how"] for row in rows if row["agent"] == "zoe"}, {"signée"})
        done = self.run_ctl(self.gateway.root_key, "publications", self.clinic.slug, "principal",
                            published, "--csv")
        self.assertEqual(done.stdout, answer.body.decode().replace("\r\n", "\n"))
        self.run_ctl(self.gateway.root_key, "publications", self.clinic.slug, "principal", "--csv",
                     code=2)
        self.assert_problem(self.clinic.admin.get(f"{self.root}/{published}?format=xls"), 400,
                            "invalid")

    def test_changes__are_since_what_was_told_last(self):
        self.publish(to=text(paris(6, month=4)))
        again = self.look(to=text(paris(6, month=4)))
        self.assertEqual([part["changes"] for part in again["told"]], [[], []])
        self.clinic.admin_path("PUT", "rotas/principal", weeks("paul", "zoe", overrides=[
            override(paris(17, 20), paris(17, 22), "zoe"),
            override(paris(30), paris(31), "zoe"),
            override(paris(2, month=4), paris(3, month=4), "paul", kind="absence")]), 200)
        answer = self.look(to=text(paris(7, month=4)))
        self.assertEqual(self.told(answer, "paul")["changes"], [
            change("shortened", paris(17, 20), paris(17, 22), 1, "too_short"),
            change("shortened", paris(30), paris(31), 14, "short"),
            change("shortened", paris(2, month=4), paris(3, month=4), 17, "in_time")])
        # Zoé's week ended at nine on the 30th: her next day is another shift.
        self.assertEqual(self.told(answer, "zoe")["changes"], [
            change("added", paris(17, 20), paris(17, 22), 1, "too_short"),
            change("added", paris(30), paris(31), 14, "short"),
            change("added", paris(2, month=4), paris(3, month=4), 17, "in_time"),
            change("new", paris(6, month=4), paris(7, month=4), 21, "in_time")])
        # Whoever is on call no more is told so.
        self.clinic.admin_path("PUT", "rotas/principal", weeks("paul"), 200)
        answer = self.publish(to=text(paris(6, month=4)))
        zoe = self.told(self.show(answer["id"]), "zoe")
        self.assertEqual((zoe["shifts"], zoe["changes"]),
                         ([], [change("removed", paris(23), paris(30), 7, "short")]))
        self.assertEqual([part["agent"] for part in self.look(to=text(paris(6, month=4)))["told"]],
                         ["paul"])

    def test_notice__is_the_customers(self):
        self.clinic.put(notice_days=14)
        self.assertEqual(self.told(self.look(), "paul")["changes"][1]["notice"], "in_time")
        self.assertEqual(self.look()["notice_days"], 14)
        self.clinic.put(notice_days=None)
        self.assertEqual(self.told(self.look(), "paul")["changes"][1]["notice"], "short")

    def test_same_key__same_answer_whatever_the_rota_says_by_then(self):
        first = self.publish(key="once")
        self.clinic.admin_path("PUT", "rotas/principal", weeks("zoe"), 200)
        self.assertEqual(self.publish(key="once").json, first.json)
        self.assert_problem(self.publish(422, key="once", operator="Lucie"), 422,
                            "idempotency-key-reused")
        self.assertEqual(len(self.clinic.admin.get(self.root)["items"]), 1)

    def test_what_is_refused(self):
        looked = self.look()
        self.clinic.admin_path("PUT", "rotas/principal", weeks("zoe"), 200)
        self.assert_problem(self.publish(409, digest=looked["digest"]), 409, "conflict", "/digest")
        self.assert_problem(self.publish(400, digest="abc"), 400, "invalid", "/digest")
        self.assert_problem(self.publish(400, **{"from": "2026-03-15T08:59:00Z"}), 400, "invalid",
                            "/from")
        self.publish(200, dry_run=True, **{"from": "2026-03-15T12:00:00Z"})
        self.assert_problem(self.publish(400, to="2026-03-16T09:00:00Z"), 400, "invalid", "/to")
        self.assert_problem(self.publish(400, to="2027-03-17T09:00:01Z"), 400, "invalid", "/to")
        self.publish(200, dry_run=True, to="2027-03-17T09:00:00Z")
        self.assert_problem(self.publish(400, to="soon"), 400, "invalid", "/to")
        self.assert_problem(self.publish(400, colour="red"), 400, "invalid", "/colour")
        empty = weeks("zoe")
        empty["layers"][0]["until"] = "2026-03-17"
        self.clinic.admin_path("PUT", "rotas/principal", empty, 200)
        answer = self.publish(409, **{"from": text(paris(18))})
        self.assertIn("nothing to publish", answer["detail"])
        self.assertEqual(self.look(**{"from": text(paris(18))})["told"], [])
        self.assertEqual(self.clinic.admin.get(self.root)["items"], [])
        self.root = self.root.replace("principal", "nonesuch")
        self.assert_problem(self.publish(404), 404, "not-found")

    def test_list__goes_on_at_its_cursor(self):
        made = [self.publish(to=text(paris(day)))["id"] for day in (20, 21, 22)]
        page = self.clinic.admin.get(self.root + "?limit=2")
        self.assertEqual([item["id"] for item in page["items"]], made[:0:-1])
        page = self.clinic.admin.get(f"{self.root}?limit=2&cursor={page['next_cursor']}")
        self.assertEqual([item["id"] for item in page["items"]], made[:1])
        self.assertIsNone(page["next_cursor"])

    def test_who_may(self):
        publication = self.publish()["id"]
        portal = self.clinic.gateway.client(self.clinic.add_key("portal"))
        self.assertEqual(portal.get(self.root).status, 200)
        self.assertEqual(portal.get(f"{self.root}/{publication}").status, 200)
        self.assertEqual(portal.post(self.root, {}).status, 403)
        stranger = self.customer()
        admin = self.gateway.client(stranger.add_key("admin"))
        for answer in (admin.get(self.root), admin.post(self.root, {}),
                       admin.get(self.root.replace(self.clinic.slug, stranger.slug) + "/" +
                                 publication),
                       self.clinic.admin.get(self.root.replace("principal", "renfort") + "/" +
                                             publication)):
            self.assertEqual(answer.status, 404, answer)


class NoteTest(PublicationTest):
    def seen(self, slug, publication, status=200):
        answer = self.agent(slug).post(f"/v1/agent/publications/{publication}/seen", {})
        self.assertEqual(answer.status, status, answer)
        return answer

    def test_agent__reads_his_part_and_confirms_it(self):
        publication = self.publish()["id"]
        items = self.agent("paul").get("/v1/agent/publications")["items"]
        whole = self.show(publication)
        self.assertEqual(len(items), 1)
        for name in ("id", "rota", "from", "to", "published_at"):
            self.assertEqual(items[0][name], whole[name], name)
        for name in ("shifts", "changes"):
            self.assertEqual(items[0][name], self.told(whole, "paul")[name], name)
        self.assertIsNone(items[0]["seen_at"])
        first = self.seen("paul", publication)
        self.assertEqual(first["seen_via"], "app")
        self.assertEqual(self.seen("paul", publication).json, first.json)
        whole = self.show(publication)
        self.assertEqual((whole["agents"], whole["seen"]), (2, 1))
        self.assertEqual(self.told(whole, "paul")["seen_at"], first["seen_at"])
        self.assertIsNone(self.told(whole, "zoe")["seen_at"])
        self.assertEqual(self.agent("paul").get("/v1/agent/publications")["items"][0]["seen_at"],
                         first["seen_at"])
        self.clinic.admin_path("PUT", "rotas/principal", weeks("zoe"), 200)
        later = self.publish(**{"from": text(paris(27, month=4)), "to": text(paris(27, 12, 4))})
        self.seen("zoe", later["id"])
        self.clinic.admin_path("PUT", "rotas/principal", weeks("paul"), 200)
        alone = self.publish(**{"from": text(paris(1, month=6)), "to": text(paris(2, month=6))})
        self.seen("zoe", alone["id"], 404)
        page = self.agent("paul").get("/v1/agent/publications?limit=1")
        self.assertEqual(page["items"][0]["id"], alone["id"])
        page = self.agent("paul").get("/v1/agent/publications?cursor=" + page["next_cursor"])
        self.assertEqual([item["id"] for item in page["items"]], [later["id"], publication])

    def test_operator__records_what_an_agent_signed(self):
        publication = self.publish()["id"]
        path = f"{self.root}/{publication}/seen"
        body = {"agent": "zoe", "operator": "Lucie", "how": "liste signée"}
        first = self.clinic.admin.post(path, body)
        self.assertEqual(first.status, 200, first)
        self.assertEqual(first["seen_via"], "operator")
        self.assertEqual(self.seen("zoe", publication).json, first.json)
        zoe = self.told(self.show(publication), "zoe")
        self.assertEqual((zoe["seen_by"], zoe["seen_how"]), ("Lucie", "liste signée"))
        for fault in ({**body, "agent": "nobody"}, {**body, "agent": "marie"}):
            self.assertEqual(self.clinic.admin.post(path, fault).status, 404)
        for name in body:
            fault = {key: value for key, value in body.items() if key != name}
            self.assert_problem(self.clinic.admin.post(path, fault), 400, "invalid", f"/{name}")
        self.assertEqual(self.clinic.admin.post(path.replace("principal", "renfort"),
                                                body).status, 404)

    def test_calendar__that_was_fetched_since_is_noted_once(self):
        address = self.clinic.admin_path("POST", "agents/paul/feeds", {}, 201)["url"]
        path = address[address.index("/v1/"):]
        fetch = lambda: self.assertEqual(self.gateway.client("").get(path).status, 200)
        fetch()
        publication = self.publish()["id"]
        fetched = lambda name="paul": self.told(self.show(publication), name)["fetched_at"]
        self.assertIsNone(fetched())
        fetch()
        astreinte_test.wait_until(fetched, "the note")
        first = fetched()
        fetch()
        later = self.publish()["id"]
        fetch()
        astreinte_test.wait_until(
            lambda: self.told(self.show(later), "paul")["fetched_at"], "the second note")
        self.assertEqual(fetched(), first)
        self.assertIsNone(fetched("zoe"))
        self.assertIsNone(self.told(self.show(publication), "paul")["seen_at"])


class CoverageTest(PublicationTest):
    KINDS = ("not_published", "changed_after_publication")

    def cover(self, **parameters):
        query = "&".join(f"{name}={value}" for name, value in
                         {"customer": self.clinic.slug, "language": "en", **parameters}.items())
        answer = self.clinic.desk.get("/v1/coverage?" + query)
        self.assertEqual(answer.status, 200, answer)
        return [(item["kind"], item["rota"], item["agent"], item["from"], item["text"])
                for item in answer["items"] if item["kind"] in self.KINDS]

    def test_coverage__of_those_who_publish(self):
        # Whoever never published tells agents otherwise.
        self.assertEqual(self.cover(), [])
        self.publish(to=text(paris(23)))
        self.clinic.admin_path("PUT", "rotas/renfort",
                               {"layers": [{**weeks("zoe")["layers"][0], "until": "2026-03-17",
                                            "starts_on": "2026-03-15"}]}, 200)
        found = self.cover()
        # From the 31st on there are fifteen days left.
        self.assertEqual([item[:3] for item in found], [
            ("not_published", "renfort", "zoe"), ("not_published", "principal", "zoe"),
            ("not_published", "principal", "paul")])
        self.assertEqual([item[3] for item in found][1:], [text(paris(23)), text(paris(30))])
        self.assertEqual(found[1][4], "The duty of Zoé Petit in principal was not published.")
        self.clinic.put(notice_days=7)
        self.assertEqual([item[:3] for item in self.cover()], [
            ("not_published", "renfort", "zoe")])
        self.clinic.put(notice_days=8)
        self.assertEqual(len(self.cover()), 2)

    def test_coverage__of_what_changed_since(self):
        self.publish()
        self.clinic.admin_path("PUT", "rotas/renfort", {"layers": [], "overrides": [
            override(paris(1), paris(2), "zoe")]}, 200)
        self.assertEqual(self.cover(), [])
        self.clinic.admin_path("PUT", "rotas/principal", weeks("paul", "zoe", overrides=[
            override(paris(20), paris(21), "zoe")]), 200)
        start = text(paris(20))
        self.assertEqual(sorted(self.cover()), [
            (self.KINDS[1], "principal", "paul", start,
             "Paul Durand is no longer on call in principal, other than what was published."),
            (self.KINDS[1], "principal", "zoe", start,
             "Zoé Petit is on call in principal, other than what was published.")])
        self.assertIn("contrairement à ce qui a été publié", self.cover(language="fr")[0][4])
        self.publish()
        self.assertEqual(self.cover(), [])


class CommandLineTest(PublicationTest):
    def ctl(self, *arguments, code=0, **environment):
        environment.setdefault("LC_ALL", "en_GB.UTF-8")
        return self.run_ctl(self.gateway.root_key, arguments[0], self.clinic.slug, "principal",
                            *arguments[1:], code=code, **environment).stdout

    def test_publish__in_both_languages(self):
        period = ("--from", text(NOW), "--to", text(paris(6, month=4)))
        shown = self.ctl("publish", *period, "--dry-run")
        # In French time; the day of the year is of no matter.
        self.assertRegex(shown, r"Paul Durand +new +\w+ \d+ Mar \d{4} 10:00 – "
                                r"Mon 23 Mar \d{4} 09:00 CET +0 days ahead  "
                                r"TOO SHORT NOTICE\n")
        self.assertRegex(shown, r"Zoé Petit +new +Mon 23 Mar \d{4} 09:00 – "
                                r"Mon 30 Mar \d{4} 09:00 CEST +7 days ahead  "
                                r"SHORT NOTICE\n")
        self.assertIn("dry run, nothing published; changes: 0 in time, 2 at short notice, 1 at too "
                      "short notice", shown)
        value = shown.split("digest ")[1].strip()
        french = self.ctl("publish", *period, "--dry-run", LC_ALL="fr_FR.UTF-8")
        self.assertIn("DÉLAI TROP COURT", french)
        self.assertIn("à blanc, rien n'est publié\u00a0; ", french)
        self.assertRegex(french, r"lun. 30/03/\d{4} 09:00 CEST +7 jours avant")
        self.assertRegex(french, r" 0 jour avant  DÉLAI")
        self.assertEqual(self.ctl("publications"), "")
        done = self.ctl("publish", *period, "--digest", value, "--operator", "Lucie")
        publication = done.split("\n")[0]
        self.assertIn("published; changes: 0 in time", done)
        self.clinic.admin.post(f"{self.root}/{publication}/seen",
                               {"agent": "zoe", "operator": "Lucie", "how": "signée"})
        self.assertRegex(self.ctl("publications"),
                         publication + r" .*seen 1 of 2  changes: 0 in time")
        whole = self.ctl("publications", publication, "--language", "fr")
        self.assertRegex(whole, r"Paul Durand +pas encore vu\n")
        self.assertRegex(whole, r"Zoé Petit +vu .* noté par Lucie \(signée\)\n "
                                r"+lun. 23/03/\d{4} 09:00 – lun. 30/03/\d{4} 09:00 CEST")
        self.clinic.admin_path("PUT", "rotas/principal", weeks("zoe"), 200)
        refused = self.run_ctl(self.gateway.root_key, "publish", self.clinic.slug, "principal",
                               *period, "--digest", value, code=1)
        self.assertIn("look again", refused.stderr)
        self.assertEqual(json.loads(self.ctl("publications", "--json"))["operator"], "Lucie")
        answer = json.loads(self.ctl("publish", *period, "--json"))
        self.assertEqual(json.loads(self.ctl("publications", answer["id"], "--json"))["digest"],
                         answer["digest"])
        self.ctl("publish", "--language", "de", code=2)


if __name__ == "__main__":
    unittest.main()

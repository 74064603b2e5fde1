"""Tickets over HTTP: their numbers, lists and search, what the desk does to them, who may, and what
is left of them after their time."""

import contextlib
import sqlite3
import unittest
import urllib.parse

import astreinte_test
from astreinte_test import wait_until

DAY_MS = 86_400_000


class Tickets(astreinte_test.GatewayTest):
    def setUp(self):
        self.client = self.customer(devices=False)

    def open(self, summary="Ascenseur bloqué, une personne dedans", **members):
        answer = self.client.escalate(summary=summary, **members)
        self.assertEqual(answer.status, 202, answer)
        return answer

    def get(self, path, status=200, client=None):
        answer = (client or self.client.desk).get(f"/v1/tickets{path}")
        self.assertEqual(answer.status, status, answer)
        return answer

    def search(self, text, **parameters):
        query = urllib.parse.urlencode({"q": text, **parameters})
        return [item["number"] for item in self.get(f"?{query}")["items"]]

    def act(self, ticket, verb, status=200, method="POST", **body):
        answer = self.client.desk.request(
            method, f"/v1/tickets/{ticket}/{verb}", {"operator": "Léa", **body})
        self.assertEqual(answer.status, status, answer)
        return answer

    def end(self, escalation):
        answer = self.client.verb(escalation["id"], "cancel", reason="fin")
        self.assertEqual(answer.status, 200, answer)

    def test_number_is_shown_and_found(self):
        first, second = self.open(), self.open()
        self.assertEqual((first["ticket_number"], second["ticket_number"]), (1001, 1012))
        self.assertEqual(self.client.show(second["id"])["ticket_number"], 1012)
        for name in (second["ticket"], "1012", "1%20012"):
            view = self.get(f"/{name}")
            self.assertEqual((view["id"], view["number"]), (second["ticket"], 1012))
        self.assertEqual(view["escalations"][0]["id"], second["id"])
        misheard = self.get("/1021", 404)
        self.assertIn("misheard", misheard["detail"])
        self.get("/1023", 404)
        self.get("/nonsense", 404)
        everything = self.gateway.client()
        self.assert_problem(everything.get("/v1/tickets/1012"), 400)
        found = everything.get(f"/v1/tickets/1012?customer={self.client.slug}")
        self.assertEqual(found["id"], second["ticket"])

    def test_search_finds_what_people_say(self):
        self.open(details="Code 4512", fields={"site": "Bâtiment B"},
                  caller={"name": "Mme Martin", "phone": "06 12 34 56 78"})
        self.open("Fuite d'eau au sous-sol")
        for text in ("ascenseur bloque", "ASCENSEUR", "ascens*", "martin", "06 12 34 56 78",
                     "+33612345678", "batiment", "4512", "1001"):
            self.assertEqual(self.search(text), [1001], text)
        self.assertEqual(self.search("ascenseur fuite"), [])
        for odd in ('"ascenseur', "ascenseur)", "NEAR(ascenseur", "-ascenseur", "ascenseur'--"):
            answer = self.get("?" + urllib.parse.urlencode({"q": odd}))
            self.assertTrue(answer["complete"])
        for none in ("", "!!", "a*", "a b c d e f g h i j k l m"):
            answer = self.get("?" + urllib.parse.urlencode({"q": none}), 400)
            self.assertIn("query parameter q ", answer["detail"])

    def test_what_was_said_is_found_and_shown(self):
        first = self.open("Fuite", dedup_key="fuite")
        self.client.escalate(summary="Le perroquet aussi", dedup_key="fuite")
        self.client.verb(first["id"], "notes", text="L'appelante a un xylophone")
        self.client.verb(first["id"], "cancel", reason="Le plombier est venu")
        for text in ("xylophone fuite", "perroquet", "plombier"):
            self.assertEqual(self.search(text), [1001], text)
        view = self.get("/1001")
        self.assertEqual([(entry["kind"], entry["personal"]) for entry in view["said"]],
                         [("joined", "Le perroquet aussi"), ("note", "L'appelante a un xylophone"),
                          ("cancelled", "Le plombier est venu")])
        self.assertEqual(view["said"][1]["text_fr"], "L'opérateur Léa a ajouté une note.")
        self.assertEqual((view["said"][1]["escalation"], view["said_more"]), (first["id"], False))
        shown = self.run_ctl(self.client.desk_key, "ticket", "1001", "--language", "fr").stdout
        self.assertIn("L'opérateur Léa a ajouté une note. — L'appelante a un xylophone", shown)

    def test_list_pages_and_filters(self):
        made = [self.open(f"Appel {number}") for number in range(5)]
        self.end(made[0])
        wait_until(lambda: len(self.get("?state=closed")["items"]) == 1, "the ticket to close")
        self.assertEqual(len(self.get("?state=open")["items"]), 4)
        self.assertEqual(self.get("?state=erased")["items"], [])
        numbers, cursor = [], ""
        while cursor is not None:
            page = self.get(f"?limit=2{cursor}")
            numbers += [item["number"] for item in page["items"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        self.assertEqual(numbers, [1045, 1034, 1023, 1012, 1001])
        self.assertEqual(self.get("?from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z")["items"],
                         [])
        self.assertEqual(len(self.get("?from=2001-01-01T00:00:00Z")["items"]), 5)
        self.get("?state=done", 400)
        self.get("?from=yesterday", 400)

    def test_notes_stay_in_order_and_once(self):
        self.open()
        key = {"Idempotency-Key": "note-1"}
        body = {"operator": "Léa", "text": "Le gardien a la clé"}
        first, again = (self.client.desk.post("/v1/tickets/1001/notes", body, headers=key)
                        for _ in range(2))
        self.assertEqual((first.status, again.status), (201, 201))
        self.assertEqual(first.json, again.json)
        self.act("1001", "notes", 201, text="Il rappelle")
        notes = self.get("/1001")["notes"]
        self.assertEqual([(n["n"], n["kind"], n["by"], n["text"]) for n in notes],
                         [(1, "note", "Léa", "Le gardien a la clé"),
                          (2, "note", "Léa", "Il rappelle")])
        self.assertEqual(self.search("gardien rappelle ascenseur"), [1001])
        self.assert_problem(self.client.desk.post("/v1/tickets/1001/notes", {"operator": "Léa"}),
                            400, pointer="/text")
        self.assert_problem(
            self.client.desk.post("/v1/tickets/1001/notes", {"text": "x"}), 400,
            pointer="/operator")

    def test_close_and_reopen(self):
        escalation = self.open()
        self.act("1001", "close", 409)
        self.end(escalation)
        wait_until(lambda: self.get("/1001")["state"] == "closed", "the ticket to close")
        self.assertIsNone(self.act("1001", "close")["note"])
        self.assertEqual(self.act("1001", "reopen", reason="pas fini")["state"], "open")
        self.assertEqual(self.act("1001", "close")["state"], "closed")
        self.assertEqual([note["kind"] for note in self.get("/1001")["notes"]],
                         ["reopened", "closed"])

    def test_links_join_duplicates(self):
        for _ in range(3):
            self.open()
        self.assertEqual(self.act("1012", "links/1001", method="PUT")["note"], 1)
        self.assertIsNone(self.act("1012", "links/1001", method="PUT")["note"])
        self.assertEqual(self.get("/1012")["duplicate_of"]["number"], 1001)
        self.assertEqual([t["number"] for t in self.get("/1001")["duplicates"]], [1012])
        self.act("1001", "links/1012", 409, method="PUT")
        self.act("1023", "links/1012", 409, method="PUT")
        self.act("1023", "links/1023", 409, method="PUT")
        self.act("1023", "links/1034", 404, method="PUT")
        self.act("1001", "links/1012", method="DELETE")
        self.assertIsNone(self.get("/1012")["duplicate_of"])

    def test_each_sees_their_own(self):
        ticket = self.open()["ticket"]
        other = self.customer(devices=False)
        self.get(f"/{ticket}", 404, other.desk)
        self.get("/1001", 404, other.desk)
        self.get(f"/1001?customer={self.client.slug}", 404, other.desk)
        self.assert_problem(other.desk.post(f"/v1/tickets/{ticket}/notes",
                                            {"operator": "Léa", "text": "x"}), 404)
        self.assertEqual(self.get("?q=ascenseur", client=other.desk)["items"], [])
        foreign = other.escalate()["ticket"]
        self.act("1001", f"links/{foreign}", 404, method="PUT")
        portal = self.gateway.client(self.client.add_key("portal"))
        self.assertEqual(self.get("/1001", client=portal)["id"], ticket)
        self.assertEqual(len(self.get("", client=portal)["items"]), 1)
        self.assert_problem(portal.post("/v1/tickets/1001/notes",
                                        {"operator": "Léa", "text": "x"}), 403)
        self.get("", 403, self.client.telephony)


class CommandLine(astreinte_test.GatewayTest):
    def test_desk_works_on_tickets(self):
        client = self.customer(devices=False)
        for _ in range(2):
            client.escalate(summary="Ascenseur bloqué", caller={"name": "Mme Martin"})

        def ctl(*arguments, **options):
            return self.run_ctl(client.desk_key, *arguments, ASTREINTE_OPERATOR="Léa", **options)
        lines = ctl("tickets", "ascenseur bloque").stdout.splitlines()
        self.assertEqual([line.split()[:2] for line in lines], [["1012", "open"], ["1001", "open"]])
        self.assertIn("ouvert", ctl("tickets", "--language", "fr").stdout)
        self.assertIn("aucun ticket", ctl("tickets", "zzz", LC_ALL="fr_FR.UTF-8").stderr)
        self.assertIn("ticket 1012: open", ctl("ticket-note", "1012", "Le gardien a la clé").stdout)
        self.assertIn("open\n", ctl("ticket-link", "1012", "1001").stdout)
        self.assertIn("it was so already", ctl("ticket-link", "1012", "1001").stdout)
        shown = ctl("ticket", "1012", "--language", "fr").stdout
        for words in ("doublon de", "Mme Martin", "Le gardien a la clé", "Léa", "lié"):
            self.assertIn(words, shown)
        self.assertIn("doublons", ctl("ticket", "1001", "--language", "fr").stdout)
        self.assertIn("open", ctl("ticket-unlink", "1001", "1012").stdout)
        refused = ctl("ticket-close", "1001", code=1).stderr
        self.assertIn("escalation of this ticket is open", refused)
        self.assertIn("it was so already", ctl("ticket-reopen", "1001").stdout)
        self.assertIn("misheard", ctl("ticket", "1021", code=1).stderr)
        ctl("tickets", "--language", "de", code=2)
        ctl("tickets", "--limit", "0", code=2)


class Retention(astreinte_test.GatewayTest):
    moves_clock = ("gateway",)

    def test_ticket_is_erased_and_its_facts_stay(self):
        client = self.customer(devices=False)
        client.put(retention_days=30)
        answer = client.escalate(summary="Zoé Xylophone bloquée", details="Zoé",
                                 caller={"name": "Zoé Xylophone", "phone": "+33612345678"})
        kept = client.escalate(summary="Xylophone encore ouvert")
        client.verb(answer["id"], "notes", text="Zoé Xylophone rappelle")
        client.desk.post("/v1/tickets/1001/notes", {"operator": "Léa", "text": "Xylophone"})
        client.verb(answer["id"], "cancel", reason="Xylophone")
        wait_until(lambda: client.desk.get("/v1/tickets/1001")["state"] == "closed", "the end")
        before = client.show(answer["id"])
        self.clock.suspend(31 * DAY_MS)
        ticket = wait_until(
            lambda: (lambda view: view if view["erased_at"] else None)(
                client.desk.get("/v1/tickets/1001").json), "the ticket to be erased")
        self.assertEqual((ticket["state"], ticket["number"], ticket["summary"], ticket["details"]),
                         ("erased", 1001, None, None))
        self.assertEqual([(n["by"], n["text"]) for n in ticket["notes"]], [("Léa", None)])
        self.assertEqual(ticket["said"], [])
        refused = client.verb(answer["id"], "notes", text="Xylophone rappelle encore")
        self.assert_problem(refused, 409)
        self.assertIn("escalate anew", refused["detail"])
        self.assertEqual(client.verb(answer["id"], "cancel", reason="Xylophone").status, 200)
        after = client.show(answer["id"])
        self.assertNotIn("Xylophone", str(after))
        self.assertEqual([(e["seq"], e["kind"], e["at"]) for e in after["timeline"]],
                         [(e["seq"], e["kind"], e["at"]) for e in before["timeline"]])
        found = client.desk.get("/v1/tickets?q=xylophone")
        self.assertEqual([item["id"] for item in found["items"]], [kept["ticket"]])
        self.assert_problem(client.desk.post("/v1/tickets/1001/notes",
                                             {"operator": "Léa", "text": "x"}), 409)

        wait_until(lambda: not self.value("SELECT unclean FROM ticket_indexed"),
                   "the index to be clean")

    def value(self, query):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.gateway.directory}/astreinte.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchone()[0]

    def test_what_nobody_closes_ends_too(self):
        client = self.customer()
        client.put(retention_days=30, numbers=["+33142000009"], emergency_phone="+33612000003")
        client.telephony.post("/v1/route/+33142000009/calls", {
            "outcome": "no_answer", "caller": "+33612345678", "dialled": "+33600000010",
            "call_id": "1@pbx"})
        paul = client.agents["paul"].client
        paul.post("/v1/agent/check-ins", {"installation": "phone-1"})
        answer = paul.post("/v1/agent/check-outs", {"note": "Mme Xylophone, code 4512"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(client.desk.get("/v1/tickets?q=0612345678")["items"][0]["state"], "open")
        self.clock.suspend(31 * DAY_MS)
        told = "SELECT count(*) FROM alarm WHERE kind = 'tickets.never_closed'"
        wait_until(lambda: self.value(told) == 1, "the alarm")
        wait_until(lambda: self.value("SELECT count(note) FROM check_in") == 0, "the note to go")
        self.assertEqual(client.desk.get("/v1/tickets/1001")["state"], "open")
        self.clock.suspend(31 * DAY_MS)
        wait_until(lambda: client.desk.get("/v1/tickets/1001")["state"] == "erased",
                   "the ticket to be erased")
        self.assertEqual(client.desk.get("/v1/tickets?q=0612345678")["items"], [])
        self.assertEqual(self.value(told), 1)


if __name__ == "__main__":
    unittest.main()

"""Qualification rules over HTTP: put, shown, tried on samples, deciding at the webhook, overridden
by an operator with a reason, kept until the customer opens, and failing towards somebody who is
woken."""

import datetime
import unittest
import zoneinfo

import astreinte_test

PUSH_PAUL = {"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 3600}
PUSH_MARIE = dict(PUSH_PAUL, notify=[{"on_call": "renfort"}])
FIELDS = [{"name": "site", "label": "Site", "type": "choice", "choices": ["A", "B"]}]
ALWAYS_OPEN = {"weekly": [{"days": ["monday", "tuesday", "wednesday", "thursday", "friday",
                                    "saturday", "sunday"], "from": "00:00", "to": "00:00"}]}
NOW = datetime.datetime.now(datetime.timezone.utc).date()
CLOSED_TODAY = dict(ALWAYS_OPEN, exceptions=[
    {"date": (NOW + datetime.timedelta(days=day)).isoformat(), "windows": []}
    for day in range(-2, 4)])
ESCALATE = {"action": "escalate"}
BIG = dict(ESCALATE, procedure="grave")
HOLD = {"action": "hold"}
FORWARD = {"action": "forward", "on_call": "principal"}


def rule(name, then=ESCALATE, **when):
    return {"name": name, "when": when, "then": then} if when else {"name": name, "then": then}


RULES = {"rules": [
    rule("vital", BIG, severity={"at_least": "major"}, category=["ascenseur", "incendie"]),
    rule("site-b", BIG, fields={"site": "B"}, caller={"number": "+33388*"}),
    rule("ferme", BIG, hours="closed", severity="critical"),
    rule("reste")]}


ACTIONS = {"rules": [
    rule("devis", {"action": "ticket"}, category="devis"),
    rule("attente", HOLD, category="attente", severity={"at_most": "major"}),
    rule("transfert", FORWARD, category="transfert"),
    rule("reste")]}


class Rules(astreinte_test.GatewayTest):
    simulators = ("provider",)

    def setUp(self):
        self.customer_ = self.customer(definition=astreinte_test.procedure(steps=[PUSH_PAUL]))
        self.customer_.admin_path("PUT", "procedures/grave",
                                  astreinte_test.procedure(steps=[PUSH_MARIE]), 201)
        self.configure(ALWAYS_OPEN)

    def configure(self, opening_hours, fields=None):
        body = {"name": "Client", "time_zone": "Europe/Paris", "language": "fr",
                "alias": "le client", "default_procedure": "nuit",
                "ticket_fields": FIELDS if fields is None else fields}
        if opening_hours is not None:
            body["opening_hours"] = opening_hours
        self.customer_.admin_path("PUT", "", body, 200)

    def reconnect(self):
        type(self).admin = self.gateway.client()
        self.customer_.admin = self.gateway.client()
        self.customer_.desk = self.gateway.client(self.customer_.desk_key)

    def put(self, rules, *expected):
        return self.customer_.admin_path("PUT", "rules", rules, *(expected or (200, 201)))

    def call(self, **members):
        """The answer to a call, whose first notified is who its procedure begins with."""
        answer = self.customer_.escalate(**members)
        self.assertIn(answer.status, (200, 202), answer)
        return answer.json

    def expect(self, agent, rule_name, **members):
        answer = self.call(**members)
        self.assertEqual(answer["notified"][0]["agent"], agent, answer)
        self.assertEqual(answer["decision"]["rule"], rule_name, answer)
        self.assertEqual(answer["decision"]["action"], "escalate", answer)
        self.assertEqual(answer["decision"]["procedure"],
                         "grave" if agent == "marie" else "nuit", answer)
        return answer

    def entries(self, answer, kind):
        return [each for each in self.customer_.show(answer["id"])["timeline"]
                if each["kind"] == kind]

    def test_put_and_get(self):
        self.assert_problem(self.customer_.admin_path("GET", "rules", None), 404, "not-found")
        self.assertEqual(self.put(RULES, 201).json, {"version": 1})
        self.assertEqual(self.put(RULES, 200).json, {"version": 1})
        self.assertEqual(self.customer_.admin_path("GET", "rules", None, 200).json,
                         {"version": 1, "definition": RULES})
        shorter = {"rules": [rule("reste")]}
        self.assertEqual(self.put(shorter, 200).json, {"version": 2})
        self.assertEqual(self.customer_.admin_path("GET", "rules", None, 200).json,
                         {"version": 2, "definition": shorter})
        desk = self.customer_.desk.get(f"/v1/customers/{self.customer_.slug}/rules")
        self.assert_problem(desk, 403, "forbidden")

    def test_what_cannot_be_kept_is_refused_with_its_place(self):
        for rules, pointer in (
                ([rule("a"), rule("b")], "/rules/1"),
                ([rule("a", hours="open"), rule("b", hours="closed"), rule("c")], "/rules/2"),
                ([rule("a", category="x")], "/rules"),
                ([rule("a", fields={"sit": "A"}), rule("b")], "/rules/0/when/fields/sit"),
                ([rule("a", fields={"site": "C"}), rule("b")], "/rules/0/when/fields/site"),
                ([rule("a", dict(ESCALATE, procedure="x"))], "/rules/0/then/procedure")):
            with self.subTest(pointer=pointer):
                self.assert_problem(self.put({"rules": rules}, 400), 400, "invalid", pointer)
        answer = self.put({"rules": [rule("a", dict(FORWARD, on_call="absent"))]}, 400)
        self.assert_problem(answer, 400, "invalid", "/rules/0/then/on_call")
        self.configure(None)
        answer = self.put({"rules": [rule("a", HOLD)]}, 400)
        self.assert_problem(answer, 400, "invalid", "/rules/0/then/action")
        self.assert_problem(self.customer_.admin_path("GET", "rules", None), 404)

    def test_they_decide_and_say_why(self):
        self.put(RULES)
        answer = self.expect("marie", "vital", severity="major", category="ascenseur")
        self.assertEqual(answer["decision"]["because"], {
            "fr": "gravité majeure (au moins majeure), catégorie « ascenseur »",
            "en": 'severity major (at least major), category "ascenseur"'})
        self.assertEqual(answer["warnings"], [])
        [entry] = self.entries(answer, "qualified")
        self.assertEqual(entry["text"], "Rule vital decided (version 1 of the rules).")
        self.expect("marie", "site-b", severity="info", fields={"site": "B"},
                    caller={"phone": "03 88 00 00 00"})
        self.expect("paul", "reste", severity="info", fields={"site": "B"})
        self.expect("paul", "reste", severity="critical")
        self.configure(CLOSED_TODAY)
        answer = self.expect("marie", "ferme", severity="critical")
        self.assertEqual(answer["decision"]["because"]["fr"],
                         "gravité critique, hors des heures d'ouverture")

    def test_a_named_procedure_goes_before_them(self):
        self.put(RULES)
        answer = self.expect("marie", None, severity="info", procedure="grave")
        self.assertEqual(answer["decision"]["because"]["fr"],
                         "procédure demandée par le centre d'appels")
        self.assertEqual(self.entries(answer, "qualified"), [])

    def test_an_operator_overrides_with_a_reason(self):
        self.put(RULES)
        answer = self.expect("paul", None, severity="critical", category="incendie", override={
            "procedure": "nuit", "operator": "Léa", "reason": "exercice annoncé"})
        self.assertEqual(answer["decision"]["instead_of"], "vital")
        self.assertIn("Léa", answer["decision"]["because"]["fr"])
        self.assertEqual(answer["warnings"], [])
        [entry] = self.entries(answer, "overridden")
        self.assertEqual(entry["text"],
                         "Operator Léa decided instead of the rules: procedure nuit.")
        self.assertEqual(entry["personal"], "exercice annoncé")
        self.assertEqual(len(self.entries(answer, "qualified")), 1)
        answer = self.expect("paul", None, severity="critical", category="incendie",
                             override={"action": "sleep"})
        self.assertEqual([each.split(":")[0] for each in answer["warnings"]],
                         ["override/action", "override/reason", "override/operator"])

    # ---- what is not escalated ----

    def show(self, answer):
        return self.customer_.show(answer["id"])

    def test_a_ticket_wakes_nobody(self):
        self.put(ACTIONS)
        answer = self.call(severity="info", category="devis", caller={"name": "Mme Martin"})
        self.assertEqual((answer["state"], answer["notified"], answer["next"]), ("noted", [], None))
        self.assertEqual((answer["decision"]["rule"], answer["decision"]["action"]),
                         ("devis", "ticket"))
        shown = self.show(answer)
        self.assertEqual([each["kind"] for each in shown["timeline"]],
                         ["opened", "qualified", "noted"])
        self.assertEqual(shown["callers"][0]["name"], "Mme Martin")
        self.assertEqual(shown["attempts"], [])
        answer = self.call(severity="info", category="devis", callback_promised_s=60)
        [task] = self.show(answer)["tasks"]  # at the promise minus a minute: at once
        self.assertEqual((task["kind"], answer["state"]), ("promise", "noted"))

    def test_a_call_is_put_through(self):
        self.put(ACTIONS)
        answer = self.call(severity="major", category="transfert")
        decision = answer["decision"]
        self.assertEqual((answer["state"], decision["action"]), ("noted", "forward"))
        self.assertEqual(decision["dial"], decision["ladder"][0]["phone"])
        self.assertEqual(decision["ladder"][0]["agent"], "paul")
        [entry] = [each for each in self.show(answer)["timeline"] if each["kind"] == "forwarded"]
        self.assertEqual(entry["personal"], decision["dial"])
        self.assertNotIn(decision["dial"], entry["text"])

    def hold(self, **members):
        answer = self.call(severity="minor", category="attente", **members)
        self.assertEqual((answer["state"], answer["decision"]["action"]), ("on_hold", "hold"))
        self.assertEqual(answer["next"]["at"], answer["held_until"])
        return answer

    def test_a_held_call_waits_for_the_opening(self):
        self.configure(CLOSED_TODAY)
        self.put(ACTIONS)
        answer = self.hold()
        opening = datetime.datetime.fromisoformat(answer["held_until"].replace("Z", "+00:00"))
        local = opening.astimezone(zoneinfo.ZoneInfo("Europe/Paris"))
        self.assertEqual((local.date(), local.hour, local.minute),
                         (NOW + datetime.timedelta(days=4), 0, 0))
        listed = self.customer_.desk.get(
            f"/v1/escalations?customer={self.customer_.slug}&state=on_hold")["items"]
        self.assertEqual([each["id"] for each in listed], [answer["id"]])
        self.assertEqual(listed[0]["held_until"], answer["held_until"])
        self.gateway.kill()
        self.gateway.start()
        self.reconnect()
        self.assertEqual(self.show(answer)["state"], "on_hold")
        self.configure(ALWAYS_OPEN)  # it opens after all
        astreinte_test.wait_until(lambda: self.show(answer)["state"] == "notifying", "released")
        kinds = [each["kind"] for each in self.show(answer)["timeline"]]
        self.assertEqual(kinds.count("released"), 1)
        self.assertEqual(kinds.count("attempt_planned"), 1)

    def test_the_opening_itself_releases_it(self):
        """Closed until the next minute that is far enough; the wait is for the state."""
        opens = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=15)
        opens = (opens + datetime.timedelta(seconds=60 - opens.second)).replace(microsecond=0)
        local = opens.astimezone(zoneinfo.ZoneInfo("Europe/Paris"))
        days = [{"date": (NOW + datetime.timedelta(days=day)).isoformat(), "windows": []}
                for day in range(-2, 4)]
        days = [each for each in days if each["date"] != local.date().isoformat()]
        until = "00:00" if local.hour != 0 or local.minute != 0 else "12:00"
        days.append({"date": local.date().isoformat(),
                     "windows": [{"from": local.strftime("%H:%M"), "to": until}]})
        self.configure(dict(ALWAYS_OPEN, exceptions=days))
        self.put(ACTIONS)
        answer = self.hold()
        self.assertEqual(answer["held_until"], opens.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        astreinte_test.wait_until(lambda: self.show(answer)["state"] == "notifying", "it opens", 90)
        [entry] = self.entries(answer, "released")
        self.assertEqual(entry["text"], "The customer opens: escalated.")
        self.assertGreaterEqual(entry["at"], answer["held_until"])

    def test_a_held_call_is_joined_released_and_cancelled(self):
        self.configure(CLOSED_TODAY)
        self.put(ACTIONS)
        first = self.hold(dedup_key="pompe")
        second = self.hold(dedup_key="pompe")
        self.assertEqual((second["id"], second["joined"]), (first["id"], True))
        worse = self.call(severity="critical", category="attente", dedup_key="pompe")
        self.assertEqual((worse["id"], worse["state"], worse["decision"]["rule"]),
                         (first["id"], "notifying", "reste"))
        for verb, state in (("resume", "notifying"), ("cancel", "cancelled")):
            answer = self.hold()
            done = self.customer_.desk.post(f"/v1/escalations/{answer['id']}/{verb}", {
                "operator": "Léa", "reason": "elle ne peut pas attendre"})
            self.assertEqual(done["state"], state)
            entry = self.show(answer)["timeline"][3]
            self.assertEqual(entry["personal"], "elle ne peut pas attendre")

    def test_a_timeline_is_read_in_french(self):
        self.put(ACTIONS)
        path = f"/v1/escalations/{self.call(severity='info', category='devis')['id']}"
        for language, said in (("", "Only a ticket: nobody is told."),
                               ("?language=en", "Only a ticket: nobody is told."),
                               ("?language=fr", "Ticket seul\u00a0: personne n'est prévenu.")):
            answer = self.customer_.desk.get(path + language)
            self.assertIn(said, [entry["text"] for entry in answer.json["timeline"]])
        self.assertEqual(self.customer_.desk.get(path + "?language=de").status, 400)

    def test_what_cannot_be_held_or_put_through_escalates(self):
        self.put(ACTIONS)
        answer = self.expect("paul", "attente", severity="minor", category="attente")
        self.assertIn("hold: the customer is open now", answer["warnings"][0])
        answer = self.call(category="autre", override={
            "action": "hold", "operator": "Léa", "reason": "demain"})
        self.assertEqual(answer["decision"]["action"], "escalate")
        self.configure(CLOSED_TODAY)
        for action, state in (("escalate", "notifying"), ("hold", "on_hold"), ("ticket", "noted"),
                              ("forward", "noted")):
            answer = self.call(category="autre", override={
                "action": action, "operator": "Léa", "reason": "elle le demande"})
            self.assertEqual((answer["state"], answer["decision"]["action"], answer["warnings"]),
                             (state, action, []))
            [entry] = self.entries(answer, "overridden")
            said = "procedure nuit" if action == "escalate" else action
            self.assertEqual(entry["text"], f"Operator Léa decided instead of the rules: {said}.")

    def test_the_same_key_gets_the_same_decision(self):
        self.put(RULES)
        key = {"Idempotency-Key": "once"}
        first = self.customer_.escalate(key, severity="major", category="ascenseur")
        self.put({"rules": [rule("reste")]})
        again = self.customer_.escalate(key, severity="major", category="ascenseur")
        self.assertEqual((first.status, first.json), (again.status, again.json))
        self.assertEqual(again["decision"]["rule"], "vital")

    def test_what_went_stale_escalates_with_a_warning(self):
        self.put(RULES)
        self.configure(None)  # the hours are gone
        answer = self.expect("paul", None, severity="critical")
        [warning] = answer["warnings"]
        self.assertIn("rules: hang on opening hours", warning)
        [entry] = self.entries(answer, "unqualified")
        self.assertIn("could not decide", entry["text"])
        self.expect("paul", "reste", severity="info")  # which hangs on none

    def test_without_rules_nothing_is_decided(self):
        answer = self.call(severity="critical", category="ascenseur")
        self.assertNotIn("decision", answer)
        self.put(RULES)
        self.put({"rules": []})
        again = self.call(severity="critical", category="ascenseur")
        self.assertEqual(set(answer), set(again))
        first, second = ([each["kind"] for each in self.customer_.show(each["id"])["timeline"][:3]]
                         for each in (answer, again))
        self.assertEqual(first, second)

    def test_samples_are_tried_and_nothing_is_kept(self):
        samples = [{"severity": "major", "category": "ascenseur"},
                   {"severity": "info", "fields": {"site": "B"}, "caller": {"phone": "0388000000"}},
                   {"severity": "critical", "hours": "closed"}, {"severity": "critical"}, {}]
        tried = self.customer_.admin_path("POST", "rules/check", dict(RULES, samples=samples), 200)
        self.assertEqual([each["rule"] for each in tried["samples"]],
                         ["vital", "site-b", "ferme", "reste", "reste"])
        self.assertEqual([each["procedure"] for each in tried["samples"]],
                         ["grave"] * 3 + [None] * 2)
        self.assertIn("ascenseur", tried["samples"][0]["because"]["fr"])
        self.assert_problem(self.customer_.admin_path("GET", "rules", None), 404)
        refused = self.customer_.admin_path("POST", "rules/check", {"samples": samples}, 400)
        self.assert_problem(refused, 400, "invalid", "/rules")
        self.put(RULES)
        self.configure(None)
        tried = self.customer_.admin_path("POST", "rules/check",
                                          {"samples": [{"severity": "critical"}]}, 200)
        self.assertIsNone(tried["samples"][0]["rule"])
        self.assertIn("opening hours", tried["samples"][0]["warning"])

    def test_a_time_of_the_week_on_the_customer_s_clock(self):
        at = {"days": ["saturday", "holidays"], "from": "22:00", "to": "06:00"}
        timed = {"rules": [
            {"name": "nuit", "when": {"at": at},
             "then": {"action": "escalate", "procedure": "grave"}},
            {"name": "reste", "then": {"action": "ticket"}}]}
        refused = self.customer_.admin_path("PUT", "rules", timed, 400)
        self.assert_problem(refused, 400, "invalid", "/rules/0/when/at")
        self.customer_.put(holidays="fr")
        moments = ["2026-03-28T20:59:00Z", "2026-03-28T21:00:00Z",  # Saturday, 22:00 in Paris
                   "2026-03-29T03:59:00Z", "2026-03-29T04:00:00Z",  # 06:00, now summer
                   "2026-12-25T22:30:00+01:00", "2026-12-26T05:00:00+01:00"]
        tried = self.customer_.admin_path(
            "POST", "rules/check", dict(timed, samples=[{"at": each} for each in moments]), 200)
        self.assertEqual([each["rule"] for each in tried["samples"]],
                         ["reste", "nuit", "nuit", "reste", "nuit", "nuit"])
        self.assertEqual(tried["samples"][1]["because"]["fr"],
                         "horaire « samedi/jours fériés de 22:00 à 06:00 »")
        wrong = self.customer_.admin_path("POST", "rules/check",
                                          dict(timed, samples=[{"at": "yesterday"}]), 400)
        self.assert_problem(wrong, 400, "invalid", "/samples/0/at")
        # The webhook by the clock of now: of two halves of the week one holds.
        noon = {"from": "00:00", "to": "12:00"}
        self.put({"rules": [
            {"name": "matin", "when": {"at": noon},
             "then": {"action": "escalate", "procedure": "grave"}},
            {"name": "soir", "then": {"action": "escalate", "procedure": "grave"}}]})
        self.assertIn(self.call(severity="info")["decision"]["rule"], ("matin", "soir"))
        cover = {"rules": [
            {"name": "matin", "when": {"at": noon}, "then": {"action": "ticket"}},
            {"name": "soir", "when": {"at": {"from": "12:00", "to": "00:00"}},
             "then": {"action": "ticket"}}]}
        self.put(cover)
        cover["rules"].append({"name": "jamais", "then": {"action": "ticket"}})
        refused = self.customer_.admin_path("PUT", "rules", cover, 400)
        self.assert_problem(refused, 400, "invalid", "/rules/2")
        self.put({"rules": []})

    def test_they_survive_a_kill(self):
        self.put(RULES)
        self.gateway.kill()
        self.gateway.start()
        self.reconnect()
        self.expect("marie", "vital", severity="major", category="ascenseur")


if __name__ == "__main__":
    unittest.main()

"""astreintectl on-call and shifts, against a gateway whose every answer the test decides."""
import unittest

from test_astreintectl import AT, Case


class Shifts(Case):
    def test_who_is_on_call_at_a_moment_that_is_far_off(self):
        path = "/v1/customers/c/rotas/principal/on-call"
        self.answer("GET", path, 200, {"time_zone": "Europe/Paris", "intervals": [
            {"agent": "paul", "from": "2026-12-25T12:00:00Z", "to": "2026-12-25T17:00:00Z"},
            {"agent": "zoe", "from": "2026-12-25T17:00:00Z", "to": "2026-12-28T17:00:00Z"}]})
        said = self.ctl("on-call", "c", "principal", "--at", "2026-12-25T12:00:00Z",
                        environment={"TZ": "UTC"}).stdout
        self.assertRegex(said, r"\Apaul +Fri 25 Dec 2026 13:00 – Fri 25 Dec 2026 18:00 CET\n\Z")
        self.assertIn("from=2026-12-25T12%3A00%3A00.000Z&to=2027-01-01T12", self.server.seen[-1][1])
        self.assertEqual(len(self.ctl("on-call", "c", "principal").stdout.splitlines()), 2)
        self.server.answers[("GET", path)] = [(200, {"intervals": []})]
        self.assertEqual(self.ctl("on-call", "c", "principal", "--at", AT).stdout,
                         "nobody is on call then\n")
        self.ctl("on-call", "c", "principal", "--at", "Christmas", code=2)
        self.ctl("on-call", "c", "principal", "--at", AT, "--hours", "3", code=2)

    def test_shifts_begin_where_they_are_asked_for(self):
        self.answer("GET", "/v1/customers/c/shifts", 200, {"time_zone": "Europe/Paris", "items": [
            {"rota": "principal", "agent": "paul", "from": "2026-12-31T17:00:00.000Z",
             "to": "2026-12-31T23:00:00.000Z", "check_in": None}]})
        said = self.ctl("shifts", "c", "--from", "2026-12-25T12:00:00Z", "--days", "10",
                        environment={"TZ": "UTC"}).stdout
        self.assertIn("Thu 31 Dec 2026 18:00 – Fri 01 Jan 2027 00:00 CET  no check-in", said)
        self.assertIn("from=2026-12-25T12%3A00%3A00.000Z&to=2027-01-04T12", self.server.seen[-1][1])
        self.assertIn("--from", self.ctl("shifts", "c", "--from", "soon", code=2).stderr)
        self.assertIn("--from TIME", self.ctl("shifts", "c", "--days", "60", code=2).stderr)

    def test_shifts_say_who_is_there(self):
        shift = {"rota": "principal", "agent": "paul", "name": "Paul",
                 "from": "2026-11-30T17:00:00.000Z", "to": "2026-12-01T17:00:00.000Z"}
        missed = {"state": "missed", "completed_at": None, "way": None, "replaced_by": None,
                  "escalation": "0192f0c1-0000-7000-8000-000000000001"}
        replaced = {**missed, "state": "replaced", "replaced_by": "zoe",
                    "completed_at": "2026-11-30T17:05:00.000Z", "way": "replacement"}
        newer = {**missed, "state": "not-known-here", "escalation": None}
        begun = {**missed, "state": "pending", "escalation": None, "made": {
            "missing": ["permission", "heard"], "warnings": ["silent_mode", "of-tomorrow"]}}
        items = [{**shift, "check_in": check_in}
                 for check_in in (missed, replaced, newer, None, begun)]
        for language, said in (("en", ("MISSED", "replaced by zoe", "unknown",
                                       "no check-in planned",
                                       "not complete, notifications are switched off, the test "
                                       "push was not heard yet, the phone is on silent, "
                                       "of-tomorrow")),
                               ("fr", ("MANQUÉE", "remplacement par zoe", "inconnue",
                                       "pas de prise de poste prévue",
                                       "incomplète, notifications désactivées, notification "
                                       "d'essai pas encore entendue, téléphone en silencieux, "
                                       "of-tomorrow"))):
            self.answer("GET", "/v1/customers/c/shifts", 200, {"items": items})
            done = self.ctl("shifts", "c", "--language", language, "--rota", "principal")
            lines = done.stdout.splitlines()
            self.assertEqual(len(lines), 5)
            for line, words in zip(lines, said):
                self.assertIn(words, line)
            self.assertIn(missed["escalation"], lines[0])
        self.assertIn("--days", self.ctl("shifts", "c", "--days", "32", code=2).stderr)

    def test_shifts_say_who_came_and_is_asked_anew(self):
        shift = {"rota": "principal", "agent": "paul", "name": "Paul",
                 "from": "2026-11-30T17:00:00.000Z", "to": "2026-12-01T17:00:00.000Z"}
        missed = {"state": "missed", "completed_at": None, "way": None, "replaced_by": None,
                  "escalation": "0192f0c1-0000-7000-8000-000000000001"}
        items = [{**shift, "check_in": {**missed, **facts}} for facts in (
            {"asked_because": "left_early", "checked_out_early": True},
            {"asked_because": "phone_died"},
            {"asked_because": "phone_silent", "state": "asked"},
            {"asked_because": "missing"},
            {"asked_because": "left_early", "state": "taken_up", "checked_out_early": False})]
        self.answer("GET", "/v1/customers/c/shifts", 200, {"items": items})
        for language, said in (
                ("en", ("left early, asked anew", "phone gone, asked anew",
                        "phone silent, asked anew", "MISSED", "taken up")),
                ("fr", ("fin anticipée, agent relancé", "téléphone disparu, agent relancé",
                        "téléphone muet, agent relancé", "MANQUÉE", "poste pris"))):
            lines = self.ctl("shifts", "c", "--language", language).stdout.splitlines()
            self.assertEqual(len(lines), 5)
            for line, words in zip(lines, said):
                self.assertIn(words, line)
            self.assertNotIn(said[3], "".join(lines[:3]))


if __name__ == "__main__":
    unittest.main()

"""Coverage by itself: each day and before shifts, told once while it lasts, kept over a restart.
What is due and what is told is proven by tests/unit/coverage/test_nightly.c.
"""
import datetime
import sqlite3
import unittest
import zoneinfo

import astreinte_test
from astreinte_test import procedure, rota, wait_until

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
BY_CALL = procedure(steps=[{"notify": [{"on_call": "principal"}], "by": ["call"],
                            "accepted_within_s": 60}])


def paris(day, hour, minute=0):
    return datetime.datetime(2027, 3, day, hour, minute, tzinfo=PARIS)


class NightlyCoverage(astreinte_test.GatewayTest):
    simulators = ("telephony",)
    moves_clock = ("gateway",)
    wall_at_start = paris(2, 10)  # a Tuesday
    sections = {"coverage": {"at": "15:00", "before_shift_s": 7200, "first_after_s": 0}}

    def alarms(self, slug):
        """Of the coverage of this customer, in the order in which they were told."""
        return [(record["body"]["alarm"], record["body"]["detail"])
                for record in self.telephony.records()
                if record.get("type") == "gateway.alarm"
                and record["body"]["alarm"].startswith("coverage.")
                and record["body"]["detail"].startswith(slug + ":")]

    def last(self, client, **parameters):
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        answer = client.desk.get("/v1/coverage/last" + ("?" + query if query else ""))
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def computed_at(self, client):
        return self.last(client)["customers"][0]["computed_at"]

    def compute(self, client, moment):
        """The clock comes to a moment at which it is due."""
        before = self.computed_at(client)
        self.clock.set_wall(moment)
        wait_until(lambda: self.computed_at(client) != before, "the coverage")

    def wait_until_told(self, client):
        wait_until(lambda: self.last(client)["customers"][0]["told_at"], "the note of it")

    def wait_for_alarms(self, client, count):
        wait_until(lambda: len(self.alarms(client.slug)) >= count, f"{count} alarms")
        alarms = self.alarms(client.slug)
        self.assertEqual(len(alarms), count, alarms)
        return alarms

    def test_a_gap_is_told_once_again_each_day_and_its_end(self):
        self.clock.set_wall(paris(2, 10))
        client = self.customer(definition=BY_CALL, devices=False)
        wait_until(lambda: self.computed_at(client), "the first coverage")
        until = {"layers": [{**rota("paul")["layers"][0], "until": "2027-03-06"}]}
        client.admin_path("PUT", "rotas/principal", until, 200)
        # At three in the afternoon on the customer's clock.
        self.compute(client, paris(2, 15, 0))
        (kind, detail), = self.wait_for_alarms(client, 1)
        self.assertEqual(kind, "coverage.findings")
        self.assertIn("nobody is on call in principal from 2027-03-06T08:00:00.000Z on; ", detail)
        self.assertNotIn("Paul", detail)
        report, = self.last(client)["customers"]
        self.assertEqual(report["counts"], {"gap": 1, "reaches_nobody": 1})
        self.assertEqual((report["findings"], report["lasting"], report["more"]), (2, 2, 0))
        self.assertFalse(report["overdue"])
        self.assertEqual(report["items"][0]["text"],
                         "Personne n'est d'astreinte dans principal.")
        self.assertEqual(self.last(client, language="en")["customers"][0]["items"][0]["text"],
                         "Nobody is on call in principal.")
        shown = self.run_ctl(client.desk_key, "coverage", "--last", code=4).stdout
        self.assertIn("calculé le ", shown)
        self.assertIn("Personne n'est d'astreinte dans principal.", shown)
        # It is told again the next day, and not by a restart in between.
        self.wait_until_told(client)
        self.gateway.stop()
        self.gateway.start()
        self.compute(client, paris(3, 15, 1))
        self.wait_for_alarms(client, 2)
        # Before a shift it is not new: nothing is told.
        client.admin_path("PUT", "rotas/renfort", {"layers": [
            {**rota("marie", "paul")["layers"][0], "turn": "daily", "starts_on": "2027-03-01",
             "hand_over": {"time": "20:00"}}]}, 200)
        self.compute(client, paris(3, 18, 1))
        # Whoever is there again is told, too.
        client.admin_path("PUT", "rotas/principal", rota("paul"), 200)
        self.compute(client, paris(4, 15, 2))
        alarms = self.wait_for_alarms(client, 3)
        self.assertEqual(alarms[2], ("coverage.in_order",
                                     f"{client.slug}: what was told of its coverage is over"))
        self.assertEqual(self.last(client)["customers"][0]["items"], [])
        metrics = self.admin.get("/metrics").body.decode()
        self.assertIn('astreinte_coverage_findings{kind="gap"} 0\n', metrics)
        self.assertIn('astreinte_coverage_runs_total{outcome="failed"} 0\n', metrics)

    def test_what_was_due_of_a_day_is_told_behind_a_shift(self):
        self.clock.set_wall(paris(2, 10))
        client = self.customer(definition=BY_CALL, devices=False)
        wait_until(lambda: self.computed_at(client), "the first coverage")
        client.admin_path("PUT", "rotas/principal", {"layers": [
            {**rota("paul")["layers"][0], "until": "2027-03-06"}]}, 200)
        client.admin_path("PUT", "rotas/renfort", {"layers": [
            {**rota("marie", "paul")["layers"][0], "turn": "daily", "starts_on": "2027-03-01",
             "hand_over": {"time": "20:00"}}]}, 200)
        self.compute(client, paris(2, 15, 0))
        self.wait_for_alarms(client, 1)
        self.wait_until_told(client)
        # Nothing runs at three the next day, nor until a shift's coverage was due as well.
        self.gateway.stop()
        before = self.clock.wall()
        self.clock.set_wall(paris(3, 18, 1))
        self.gateway.start()
        wait_until(lambda: self.computed_at(client) > before.isoformat(), "the coverage")
        self.wait_for_alarms(client, 2)

    def test_an_alarm_that_a_crash_kept_back_goes_out(self):
        client = self.customer(definition=BY_CALL, devices=False)
        wait_until(lambda: self.computed_at(client), "the first coverage")
        self.gateway.kill()
        with sqlite3.connect(self.directory / "astreinte.db") as database:
            database.execute(
                "UPDATE coverage_report SET news = ?, told_at = NULL WHERE customer_id ="
                " (SELECT customer_id FROM customer WHERE slug = ?)",
                (f"{client.slug}: it was committed", client.slug))
        database.close()
        self.gateway.start()
        self.wait_until_told(client)
        self.assertEqual(self.wait_for_alarms(client, 1),
                         [("coverage.findings", f"{client.slug}: it was committed")])

    def test_what_cannot_be_computed_is_told(self):
        client = self.customer(definition=BY_CALL, devices=False)
        wait_until(lambda: self.computed_at(client), "the first coverage")
        answer = client.admin_path("POST", "rotas/principal/publications", {
            "to": "2027-05-01T00:00:00Z"})
        self.assertEqual(answer.status, 201, answer)
        self.gateway.stop()
        with sqlite3.connect(self.directory / "astreinte.db") as database:
            database.execute("UPDATE publication_agent SET shifts = '[5]' WHERE customer_id ="
                             " (SELECT customer_id FROM customer WHERE slug = ?)", (client.slug,))
        database.close()
        self.gateway.start()
        before = self.computed_at(client)
        self.clock.set_wall(paris(9, 15, 3))
        (kind, detail), = self.wait_for_alarms(client, 1)
        self.assertEqual(kind, "coverage.not_computed")
        self.assertIn("corrupt", detail)
        self.assertEqual(self.computed_at(client), before)
        self.clock.set_wall(paris(9, 16, 30))
        self.assertTrue(self.last(client)["customers"][0]["overdue"])

    def test_who_may_ask(self):
        client, stranger = self.customer(devices=False), self.customer(devices=False)
        everybody = self.admin.get("/v1/coverage/last").json
        self.assertEqual((everybody["automatic"], everybody["at"], everybody["before_shift_s"]),
                         (True, "15:00", 7200))
        self.assertLessEqual({client.slug, stranger.slug},
                             {each["customer"] for each in everybody["customers"]})
        self.assertEqual([each["customer"] for each in self.last(client)["customers"]],
                         [client.slug])
        self.assert_problem(client.desk.get(f"/v1/coverage/last?customer={stranger.slug}"), 404)
        stranger.put(active=False)  # nobody computes it any more
        own, = self.last(stranger)["customers"]
        self.assertEqual((own["due_at"], own["overdue"]), (None, False))
        self.assert_problem(client.telephony.get("/v1/coverage/last"), 403, "forbidden")
        self.assert_problem(client.desk.get("/v1/coverage/last?language=de"), 400, "invalid")


class NoCoverage(astreinte_test.GatewayTest):
    def test_off(self):
        client = self.customer(devices=False)
        answer = client.desk.get("/v1/coverage/last").json
        self.assertFalse(answer["automatic"])
        self.assertEqual(answer["customers"], [{
            "customer": client.slug, "time_zone": "Europe/Paris", "computed_at": None,
            "due_at": None, "overdue": False}])
        shown = self.run_ctl(client.desk_key, "coverage", "--last", LANG="en_GB.UTF-8",
                             code=4).stdout
        self.assertIn("the gateway computes nothing by itself", shown)
        self.assertIn("never computed yet", shown)
        refused = self.run_ctl(client.desk_key, "coverage", "--last", "--days", "3", code=2)
        self.assertIn("--days", refused.stderr)


class NewCustomer(astreinte_test.GatewayTest):
    """One that nobody looked at yet, on a machine whose clock is not the customer's."""
    moves_clock = ("gateway",)
    wall_at_start = paris(2, 10)
    sections = {"coverage": {"at": "15:00", "first_after_s": 86400}}

    def test_is_not_overdue_before_its_first_look_was_due(self):
        client = self.customer(devices=False)

        def report():
            return client.desk.get("/v1/coverage/last").json["customers"][0]
        self.assertEqual((report()["computed_at"], report()["overdue"]), (None, False))
        shown = self.run_ctl(client.desk_key, "coverage", "--last", LANG="fr_FR.UTF-8")
        self.assertIn("jamais encore calculé", shown.stdout)
        self.assertNotIn("EN RETARD", shown.stdout)
        self.clock.set_wall(paris(3, 9, 59))
        self.assertFalse(report()["overdue"])
        self.clock.set_wall(paris(3, 10, 5))
        self.assertTrue(report()["overdue"])
        shown = self.run_ctl(client.desk_key, "coverage", "--last", LANG="fr_FR.UTF-8", code=4)
        self.assertIn("EN RETARD", shown.stdout)


class LastInFrench(astreinte_test.GatewayTest):
    moves_clock = ("gateway",)
    wall_at_start = paris(2, 10)
    sections = {"coverage": {"at": "15:00", "first_after_s": 0}}

    def test_dates_are_french_and_on_the_customers_clock(self):
        client = self.customer(definition=BY_CALL, devices=False)
        wait_until(lambda: client.desk.get("/v1/coverage/last").json["customers"][0]
                   ["computed_at"], "the coverage")
        for language, words in (("fr", r"calculé le 02/03 10:0\d"),
                                ("en", r"computed 02 Mar 10:0\d")):
            shown = self.run_ctl(client.desk_key, "coverage", "--last", "--language", language,
                                 TZ="UTC").stdout
            self.assertRegex(shown, words)


class ManyCustomers(astreinte_test.GatewayTest):
    sections = {"coverage": {"at": "15:00", "first_after_s": 0}}

    def test_who_is_left_off_is_something_to_look_at(self):
        for number in range(1001):
            answer = self.admin.put(f"/v1/customers/c{number:04d}", {
                "name": "C", "time_zone": "Europe/Paris", "language": "fr", "alias": "le client"})
            self.assertEqual(answer.status, 201, answer)
        wait_until(lambda: all(each["computed_at"] for each in
                               self.admin.get("/v1/coverage/last").json["customers"]),
                   "the coverage of all")
        answer = self.admin.get("/v1/coverage/last").json
        self.assertEqual((len(answer["customers"]), answer["customers_more"]), (1000, 1))
        self.assertEqual(sum(each["findings"] for each in answer["customers"]), 0)
        shown = self.run_ctl(self.gateway.root_key, "coverage", "--last", code=4,
                             LANG="fr_FR.UTF-8").stdout
        self.assertIn("1 entreprise n'est pas montrée", shown)
        done = self.run_ctl(self.gateway.root_key, "coverage", "--last", "--customer", "c1000")
        self.assertIn("c1000", done.stdout)


if __name__ == "__main__":
    unittest.main()

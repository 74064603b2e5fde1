"""Test pushes over real sockets: asked for by the desk, the agent and a check-in, confirmed by the
phone, seen with each time; refused when too many; visible when they fail; not lost by a crash."""

import unittest

import astreinte_test
from astreinte_test import wait_until

TIMES = ["planned_at", "sent_at", "accepted_at", "received_at", "seen_at"]


class DeviceTestTest(astreinte_test.GatewayTest):
    simulators = ("provider", "phone")

    def setUp(self):
        self.ours = self.customer()
        self.paul = self.ours.agents["paul"]
        self.target = self.paul.targets["phone-1"]
        self.place = f"/v1/customers/{self.ours.slug}/devices"
        devices = self.ours.admin_path("GET", "agents/paul/devices", None, 200)["items"]
        self.device = devices[0]["id"]

    def behave(self, behaviour, **options):
        self.phone.control(token=self.target, behaviour=behaviour, received_after_s=0.02,
                           answer_after_s=0.05, **options)

    def wait_for(self, place, client, *states):
        """The test once it came so far."""
        def look():
            view = client.get(place)
            self.assertEqual(view.status, 200, view)
            return view.json if view["state"] in states else None
        return wait_until(look, f"the test to be {' or '.join(states)}")

    def assert_whole(self, view):
        self.assertEqual(sorted(view[name] for name in TIMES), [view[name] for name in TIMES])
        self.assertIsNone(view["failed_at"])

    def test_desk__sees_every_stage_with_its_time(self):
        self.behave("see")
        answer = self.ours.desk.post(f"{self.place}/{self.device}/test", {})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual((answer["asked_by"], answer["agent"], answer["device"]),
                         ("desk", "paul", self.device))
        view = self.wait_for(f"{self.place}/{self.device}/tests/{answer['id']}", self.ours.desk,
                             "seen")
        self.assert_whole(view)
        listed = self.ours.desk.get(f"{self.place}/{self.device}/tests")["items"]
        self.assertEqual(listed, [view])
        device = self.ours.admin_path("GET", "agents/paul/devices", None, 200)["items"][0]
        self.assertEqual(device["proven_at"], view["received_at"])

    def test_push__says_that_it_is_a_test_and_nothing_else(self):
        answer = self.paul.client.post("/v1/agent/devices/phone-1/test", {})
        self.assertEqual(answer.status, 201, answer)
        self.wait_for(f"/v1/agent/devices/phone-1/tests/{answer['id']}", self.paul.client,
                      "accepted")
        [push] = [each for each in self.provider.records() if each["token"] == self.target]
        payload = push["payload"]
        self.assertEqual(payload["kind"], "test")
        self.assertEqual(payload["test"], answer["id"])
        self.assertIn("essai", str(payload["aps"]["alert"]).lower())
        for word in (self.ours.slug, "Paul", "+33", "escalation", "accept"):
            self.assertNotIn(word, str(payload))

    def test_agent__by_its_own_token_only_once_the_push_was_shown(self):
        answer = self.paul.client.post("/v1/agent/devices/phone-1/test", {})
        place = f"/v1/agent/tests/{answer['id']}"
        for verb in ("received", "seen"):
            refused = self.paul.client.post(f"{place}/{verb}", {})
            self.assert_problem(refused, 409, "conflict")
            self.assertRegex(refused["detail"], "action token")
        confirmed = self.confirm_test(answer["id"], "received")
        self.assertEqual((confirmed.status, confirmed["state"]), (200, "received"))
        confirmed = self.paul.client.post(f"{place}/seen", {})
        self.assertEqual((confirmed.status, confirmed["state"]), (200, "seen"))
        self.assert_problem(
            self.paul.client.post(f"/v1/agent/tests/{answer['id']}/accept", {}), 404)
        self.assert_problem(self.paul.client.post("/v1/agent/devices/phone-9/test", {}), 404)

    def test_check_in__proves_the_path(self):
        self.behave("see")
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer["test"]["asked_by"], "check_in")
        self.assert_whole(self.wait_for(
            f"/v1/agent/devices/phone-1/tests/{answer['test']['id']}", self.paul.client, "seen"))

    def test_refused_push__proves_nothing_to_the_agents_own_token(self):
        self.provider.control(token=self.target, behaviour="gone")
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        test = answer["test"]["id"]
        self.wait_for(f"/v1/agent/devices/phone-1/tests/{test}", self.paul.client, "failed")
        refused = self.paul.client.post(f"/v1/agent/tests/{test}/seen", {})
        self.assert_problem(refused, 409, "conflict")
        self.assertRegex(refused["detail"], "retired .*register it again")
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["state"], "pending")

    def test_another_target__takes_the_test_away(self):
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        test = answer["test"]["id"]
        self.assertEqual(self.confirm_test(test, "received").status, 200)
        self.paul.register("phone-1")
        self.assert_problem(self.confirm_test(test), 409, "conflict")
        view = self.paul.client.get(f"/v1/agent/devices/phone-1/tests/{test}")
        self.assertIsNotNone(view["outdated_at"])
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["missing"], ["heard"])

    def test_shared_installation__is_named_by_its_id(self):
        self.ours.agents["marie"].register("phone-1")
        self.assert_problem(self.ours.desk.post(f"{self.place}/phone-1/test", {}), 409, "conflict")
        self.assertEqual(self.ours.desk.post(f"{self.place}/{self.device}/test", {}).status, 201)

    def test_seventh_in_a_minute__is_told_when(self):
        for _ in range(6):
            self.assertEqual(self.ours.desk.post(f"{self.place}/{self.device}/test", {}).status,
                             201)
        answer = self.ours.desk.post(f"{self.place}/{self.device}/test", {})
        self.assert_problem(answer, 429, "too-often")
        self.assertIn("retry_at", answer.json)
        self.assertTrue(50 <= int(answer.headers["Retry-After"]) <= 60, answer.headers)

    def test_gone_phone__fails_and_is_retired(self):
        self.provider.control(token=self.target, behaviour="gone")
        answer = self.ours.desk.post(f"{self.place}/{self.device}/test", {})
        view = self.wait_for(f"{self.place}/{self.device}/tests/{answer['id']}", self.ours.desk,
                             "failed")
        self.assertEqual(view["reason"], "Unregistered")
        self.assertIsNotNone(view["failed_at"])
        wait_until(lambda: not self.ours.admin_path("GET", "agents/paul/devices", None, 200)
                   ["items"][0]["live"], "the phone to be retired")
        self.assert_problem(self.ours.desk.post(f"{self.place}/{self.device}/test", {}), 409)

    def test_strangers__get_nothing(self):
        answer = self.paul.client.post("/v1/agent/devices/phone-1/test", {})
        theirs = self.customer()
        self.assert_problem(theirs.desk.post(f"{self.place}/{self.device}/test", {}), 404)
        self.assert_problem(
            theirs.desk.get(f"/v1/customers/{theirs.slug}/devices/phone-1/tests/{answer['id']}"),
            409)  # both of theirs have this installation
        other = theirs.agents["paul"].client
        self.assert_problem(other.post(f"/v1/agent/tests/{answer['id']}/received", {}), 404)
        self.assert_problem(other.get(f"/v1/agent/devices/phone-1/tests/{answer['id']}"), 404)
        self.assert_problem(self.gateway.client("xt_" + "0" * 60).post(
            f"/v1/agent/tests/{answer['id']}/received", {}), 401)

    def test_crash__the_test_goes_out_again_under_its_id(self):
        self.behave("see", count=2)
        self.provider.control(token=self.target, behaviour="silent", count=1)
        answer = self.ours.desk.post(f"{self.place}/{self.device}/test", {})
        wait_until(lambda: [each for each in self.provider.records()
                            if each["token"] == self.target], "the push that stays unanswered")
        self.gateway.kill()
        self.gateway.start()
        self.assert_whole(self.wait_for(f"{self.place}/{self.device}/tests/{answer['id']}",
                                        self.gateway.client(self.ours.desk_key), "seen"))


if __name__ == "__main__":
    unittest.main()

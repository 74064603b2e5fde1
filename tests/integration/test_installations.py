"""One phone for several customers, and one phone for several agents, over real sockets: each push
says for which enrolment it is and reaches the present owner only; PINs are throttled; a crash
between a sign-in and a push gives the former owner's push to nobody."""

import json
import secrets
import unittest

import astreinte_test
from astreinte_test import wait_until

ANSWERS_NOTHING = "silent"


class InstallationsTest(astreinte_test.GatewayTest):
    simulators = ("provider",)

    def pushes(self, token, **members):
        """What the provider had for a phone; each line once it was answered."""
        return [each["payload"] for each in self.provider.records()
                if each["token"] == token and
                all(each["payload"].get(name) == value for name, value in members.items())]

    def wait_for_push(self, token, **members):
        return wait_until(lambda: self.pushes(token, **members), f"a push with {members}")[-1]

    def live(self, customer, agent):
        return [each for each in
                customer.admin_path("GET", f"agents/{agent}/devices", None, 200)["items"]
                if each["live"]]

    # ---- one phone, two customers ----

    def two_customers(self):
        """An agent of each, on one phone; their customers, the agents and the target."""
        target = secrets.token_hex(32)
        customers = [self.customer(devices=False) for _ in range(2)]
        agents = [each.agents["paul"].register("my-phone", target=target) for each in customers]
        return customers, agents, target

    def test_two_customers__each_push_says_for_which_enrolment(self):
        customers, agents, target = self.two_customers()
        enrolments = [agent.client.get("/v1/agent/me")["devices"][0]["enrolment"]
                      for agent in agents]
        self.assertNotEqual(*enrolments)
        for customer, agent, enrolment in zip(customers, agents, enrolments):
            escalation = customer.escalate()["id"]
            push = self.wait_for_push(target, escalation=escalation)
            self.assertEqual(push["enrolment"], enrolment)
            self.assertNotIn(customer.slug, json.dumps(push))
            self.assertEqual(agent.verb(escalation, "accept").status, 200)
        # Neither token opens what is the other's.
        me = [agent.client.get("/v1/agent/me") for agent in agents]
        for answer, customer, other in zip(me, customers, reversed(customers)):
            self.assertEqual(answer["agent"]["customer"], customer.slug)
            self.assertEqual(len(answer["devices"]), 1)
            self.assertNotIn(other.slug, json.dumps(answer.json))
        self.assert_problem(agents[1].verb(escalation, "seen", attempt=secrets.token_hex(16)), 400)
        self.assert_problem(agents[0].verb(escalation, "accept"), 404)

    def test_two_customers__the_target_is_one(self):
        customers, agents, target = self.two_customers()
        newer = secrets.token_hex(32)
        agents[0].register("my-phone", target=newer)
        escalation = customers[1].escalate()["id"]
        self.wait_for_push(newer, escalation=escalation)
        self.assertEqual(self.pushes(target, escalation=escalation), [])
        # The provider says that it is gone: to one of them is to both.
        self.provider.control(token=newer, behaviour="gone")
        answer = agents[0].client.post("/v1/agent/devices/my-phone/test", {})
        self.assertEqual(answer.status, 201, answer)
        wait_until(lambda: not any(self.live(each, "paul") for each in customers),
                   "the phone to be retired for both")

    def test_two_customers__log_out_is_of_one(self):
        customers, agents, target = self.two_customers()
        self.assertEqual(agents[0].client.delete("/v1/agent/devices/my-phone").status, 204)
        self.assertEqual([len(self.live(each, "paul")) for each in customers], [0, 1])
        reach = [each.desk.get(f"/v1/customers/{each.slug}/agents/paul/reachability").json
                 for each in customers]
        self.assertEqual([each["push"]["state"] for each in reach], ["unreachable", "unknown"])
        escalation = customers[1].escalate()["id"]
        self.wait_for_push(target, escalation=escalation)

    def test_same_customer__the_last_who_registers_has_it(self):
        ours = self.customer(devices=False)
        target = secrets.token_hex(32)
        ours.agents["paul"].register("phone-1", target=target)
        ours.agents["marie"].register("phone-1", target=target)
        self.assertEqual(self.live(ours, "paul"), [])
        [gone] = ours.admin_path("GET", "agents/paul/devices", None, 200)["items"]
        self.assertEqual(gone["retired_reason"], "taken_over")

    # ---- one phone, two agents ----

    def shared_phone(self, register=True):
        """paul is on call and marie behind him; neither has a phone of their own."""
        ours = self.customer(devices=False)
        made = ours.admin_path("POST", "shared-phones",
                               {"name": "Garde", "shared_by": ["marie", "paul"]}, 201)
        answer = self.gateway.client("").post("/v1/agent/enrolments", {"code": made["code"]})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer["shared_phone"],
                         {"id": made["id"], "name": "Garde", "customer": ours.slug})
        phone = self.gateway.client(answer["token"])
        target = secrets.token_hex(32)
        if register:
            self.assertEqual(self.put_device(phone, target).status, 201)
        for agent, pin in (("paul", "2580"), ("marie", "1470")):
            ours.admin_path("PUT", f"agents/{agent}/pin", {"pin": pin}, 204)
        return ours, made["id"], phone, target

    def put_device(self, phone, target, **members):
        return phone.put("/v1/agent/devices/shared-1",
                         {"platform": "apns", "target": target, "shared": True, **members})

    def sign_in(self, phone, agent, pin):
        return phone.post("/v1/agent/sign-ins", {"agent": agent, "pin": pin})

    def test_sign_in__pushes_follow_the_owner(self):
        ours, number, phone, target = self.shared_phone()
        self.assert_problem(phone.get("/v1/agent/me"), 409, "conflict")
        self.assertEqual({each["agent"] for each in phone.get("/v1/agent/sign-ins")["agents"]},
                         {"marie", "paul"})
        answer = self.sign_in(phone, "paul", "2580")
        self.assertEqual((answer.status, answer["signed_in"]["agent"]), (201, "paul"), answer)
        self.assertEqual(phone.get("/v1/agent/me")["agent"]["slug"], "paul")
        self.assertTrue(self.live(ours, "paul")[0]["shared"])
        escalation = ours.escalate()["id"]
        push = self.wait_for_push(target, escalation=escalation)
        self.assertEqual(push["enrolment"], answer["enrolment"])

        # marie takes the phone: what is pressed on paul's notification is not his any more.
        self.assertEqual(self.sign_in(phone, "marie", "1470")["signed_in"]["agent"], "marie")
        self.assertEqual(self.live(ours, "paul"), [])
        self.assertEqual(phone.get("/v1/agent/me")["agent"]["slug"], "marie")
        pressed = self.gateway.client(push["accept"]).post(
            f"/v1/agent/escalations/{escalation}/accept", {})
        self.assert_problem(pressed, 401)
        self.assertIsNone(ours.show(escalation)["holder"])

        turns = ours.admin_path("GET", f"shared-phones/{number}", None, 200)
        self.assertEqual([(each["agent"], each["ended_by"]) for each in turns["turns"]],
                         [("marie", None), ("paul", "sign_in")])
        self.assertEqual(phone.post("/v1/agent/sign-outs", {})["signed_in"], None)
        self.assertEqual(self.live(ours, "marie"), [])
        self.assert_problem(phone.get("/v1/agent/me"), 409)

    def test_check_in__of_whoever_is_signed_in(self):
        ours, _, phone, target = self.shared_phone()
        self.sign_in(phone, "paul", "2580")
        answer = phone.post("/v1/agent/check-ins", {"installation": "shared-1"})
        self.assertEqual(answer.status, 201, answer)
        self.wait_for_push(target, kind="test", test=answer["test"]["id"])
        self.assert_problem(phone.post(f"/v1/agent/tests/{answer['test']['id']}/seen", {}), 409)
        heard = self.confirm_test(answer["test"]["id"], "received")
        self.assertEqual(heard.status, 200, heard)
        heard = phone.post(f"/v1/agent/tests/{answer['test']['id']}/seen", {})
        self.assertEqual(heard.status, 200, heard)
        self.assertEqual(phone.get("/v1/agent/me")["check_in"]["state"], "complete")
        reach = ours.desk.get(f"/v1/customers/{ours.slug}/agents/paul/reachability")
        self.assertEqual(reach["push"]["state"], "proven")
        self.sign_in(phone, "marie", "1470")
        reach = ours.desk.get(f"/v1/customers/{ours.slug}/agents/paul/reachability")
        self.assertEqual((reach["push"]["state"], reach["push"]["why"]),
                         ("unreachable", "no_device"))
        self.assertIsNone(phone.get("/v1/agent/me")["check_in"])

    def test_owner_who_left__is_signed_in_nowhere(self):
        ours, number, phone, _ = self.shared_phone()
        self.sign_in(phone, "marie", "1470")
        person = {"name": "Marie Petit", "phone": "+33600000011"}
        ours.admin_path("PUT", "agents/marie", {**person, "active": False}, 200)
        self.assert_problem(phone.get("/v1/agent/me"), 409)
        self.assertIsNone(phone.get("/v1/agent/sign-ins")["signed_in"])
        shown = ours.admin_path("GET", f"shared-phones/{number}", None, 200)
        self.assertIsNone(shown["signed_in"])
        self.assertEqual([each["to"] for each in shown["turns"]], [None])

    def test_coverage__a_phone_to_sign_in_on_will_do_until_the_shift(self):
        ours, _, phone, _ = self.shared_phone()
        for rota in ("principal", "renfort"):
            ours.admin_path("PUT", f"rotas/{rota}", astreinte_test.rota("paul", "marie"), 200)
        on_call = ours.desk.get(f"/v1/customers/{ours.slug}/rotas/principal/on-call")
        agents = ["paul", "marie"]
        agents.sort(key=lambda slug: slug not in json.dumps(on_call.json))  # who is there first

        def without_phone():
            items = ours.desk.get(f"/v1/coverage?customer={ours.slug}")["items"]
            return {each["agent"] for each in items if each["kind"] == "no_device"}
        for each in agents:
            ours.admin_path("DELETE", f"agents/{each}/pin", None, 204)
        self.assertEqual(without_phone(), set(agents))
        for each in agents:
            ours.admin_path("PUT", f"agents/{each}/pin", {"pin": "2580"}, 204)
        self.assertEqual(without_phone(), {agents[0]})
        self.sign_in(phone, agents[0], "2580")
        self.assertEqual(without_phone(), set())

    def test_wrong_pins__cost_a_wait_that_a_restart_keeps(self):
        ours, _, phone, _ = self.shared_phone()
        for left in (4, 3, 2, 1, 0):
            answer = self.sign_in(phone, "paul", "0852")
            self.assert_problem(answer, 403, "forbidden", "/pin")
            self.assertEqual(answer["tries_left"], left)
        self.assert_problem(self.sign_in(phone, "paul", "2580"), 429, "too-often")
        self.gateway.kill()
        self.gateway.start()
        answer = self.sign_in(phone, "paul", "2580")
        self.assert_problem(answer, 429, "too-often")
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60, answer.headers)
        self.assertEqual(self.sign_in(phone, "marie", "1470").status, 201)
        ours.admin_path("PUT", "agents/paul/pin", {"pin": "3691"}, 204)
        self.assertEqual(self.sign_in(phone, "paul", "3691").status, 201)
        log = self.gateway.log()
        self.assertIn("phone.wrong_pins", log)
        for pin in ("0852", "2580", "3691", "1470"):
            self.assertNotIn(f'"{pin}"', log)

    def test_crash__between_sign_in_and_push(self):
        ours, _, phone, target = self.shared_phone()
        self.sign_in(phone, "paul", "2580")
        self.provider.control(token=target, behaviour=ANSWERS_NOTHING)
        escalation = ours.escalate()["id"]
        wait_until(lambda: [each for each in ours.show(escalation)["attempts"]
                            if each["path"] == "push" and each["handed_over_at"]],
                   "the push to be under way")
        self.assertEqual(self.sign_in(phone, "marie", "1470").status, 201)
        self.gateway.kill()
        self.provider.control(token=target, behaviour="accept")
        before = len(self.pushes(target))
        self.gateway.start()

        def look():
            return [each for each in ours.show(escalation)["attempts"]
                    if each["to"]["who"] == "paul" and each["path"] == "push"
                    and each["reason"] == "signed_out"]
        [attempt] = wait_until(look, "paul's push to be given up")
        self.assertEqual(attempt["state"], "failed")
        for push in self.pushes(target)[before:]:
            self.assertNotEqual(push["attempt"], attempt["id"])

    # ---- what is refused ----

    def test_strangers__get_no_further(self):
        ours, number, phone, target = self.shared_phone(register=False)
        own = ours.agents["paul"].register("paul-1")
        self.assert_problem(self.sign_in(phone, "paul", "2580"), 409)  # no push gets there yet
        self.assert_problem(self.put_device(phone, target, shared=False), 400, None, "/shared")
        self.assert_problem(self.put_device(own.client, target), 400, None, "/shared")
        self.assertEqual(self.put_device(phone, target).status, 201)
        self.assert_problem(self.sign_in(own.client, "paul", "2580"), 403)
        self.assert_problem(own.client.get("/v1/agent/sign-ins"), 403)
        self.assert_problem(self.sign_in(phone, "nobody", "2580"), 400, None, "/agent")
        ours.add_agent("zoe", "Zoé", "+33600000099", devices=False)
        self.assert_problem(self.sign_in(phone, "zoe", "2580"), 400, None, "/agent")
        self.assertEqual(own.client.put("/v1/agent/pin", {"pin": "7410"}).status, 204)
        self.assertEqual(self.sign_in(phone, "paul", "7410").status, 201)
        self.assert_problem(phone.put("/v1/agent/pin", {"pin": "9513"}), 403)
        for bad in ("123", "1234", "0000", "12a4", "1234567890123"):
            self.assert_problem(own.client.put("/v1/agent/pin", {"pin": bad}), 400, None, "/pin")
        ours.admin_path("DELETE", "agents/marie/pin", None, 204)
        self.assert_problem(self.sign_in(phone, "marie", "1470"), 409, None, "/agent")
        theirs = self.customer(devices=False)
        self.assert_problem(theirs.admin_path("GET", f"shared-phones/{number}", None), 404)
        ours.admin_path("DELETE", f"shared-phones/{number}", None, 204)
        self.assert_problem(phone.get("/v1/agent/sign-ins"), 401)
        self.assertEqual(ours.admin_path("GET", "shared-phones", None, 200)["items"], [])
        self.assert_problem(ours.admin_path("POST", "shared-phones", {
            "name": "x", "shared_by": ["paul", "nobody"]}), 400, None, "/shared_by/1")

    def test_ctl__makes_one_and_sets_pins(self):
        ours = self.customer(devices=False)
        key = self.gateway.root_key
        done = self.run_ctl(key, "phone", "share", ours.slug, "Garde", "--by", "paul,marie")
        answer = self.gateway.client("").post("/v1/agent/enrolments",
                                              {"code": done.stdout.strip()})
        self.assertEqual(answer.status, 201, answer)
        phone = self.gateway.client(answer["token"])
        self.assertEqual(self.put_device(phone, secrets.token_hex(32)).status, 201)
        self.run_ctl(key, "pin", "set", ours.slug, "paul", stdin="2580\n")
        self.assertEqual(self.sign_in(phone, "paul", "2580").status, 201)
        listed = self.run_ctl(key, "phone", "list", ours.slug).stdout
        self.assertIn("Garde", listed)
        self.assertIn("paul", listed)
        refused = self.run_ctl(key, "pin", "set", ours.slug, "paul", stdin="1111\n", code=1)
        self.assertNotIn("1111", refused.stdout + refused.stderr)
        self.run_ctl(key, "pin", "clear", ours.slug, "paul")
        self.assert_problem(self.sign_in(phone, "paul", "2580"), 409)


if __name__ == "__main__":
    unittest.main()

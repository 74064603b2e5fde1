"""Prise de poste over real sockets: planned, done by a phone, missed and asked for by push and by
telephone, settled by the agent, a replacement or a supervisor; taken up, and asked for anew when
the phone is gone or its agent leaves; what each of them sees; and once, although the gateway is
killed meanwhile."""

import datetime
import unittest

import astreinte_test
from astreinte_test import wait_until

STEP = {"accepted_within_s": 60}
REMIND_BY_PUSH = {"notify": [{"check_in": "agent"}], "by": ["push"], **STEP}
REMIND_BY_CALL = {"notify": [{"check_in": "agent"}], "by": ["call"], **STEP}
PAUL, MARIE, CHIEF = "+33600000010", "+33600000011", "+33600000012"


def moment(seconds):
    """So many seconds from now, in whole milliseconds."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class CheckInTest(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony", "phone")

    def setUp(self):
        self.telephony.control(number="*", behaviour="no_answer")
        self.phone.control(token="*", behaviour="dead")
        self.ours = self.customer()
        self.paul, self.marie = self.ours.agents["paul"], self.ours.agents["marie"]
        self.ours.add_contact("chef", "Chef", CHIEF)

    def plan_shift(self, *steps, begins_s=3, remind_before_s=2, **members):
        """Paul's shift, in a rota of its own; its reminder is due in a second."""
        self.ours.admin_path("PUT", "procedures/prise-de-poste",
                             astreinte_test.procedure(steps=list(steps)), 200, 201)
        self.begins = moment(begins_s)
        self.ours.admin_path("PUT", "rotas/garde", {
            **astreinte_test.rota("marie"),
            "overrides": [{"from": self.begins, "to": moment(7200), "agent": "paul"}]}, 200, 201)
        return self.ours.admin_path("PUT", "rotas/garde/check-in", {
            "remind_before_s": remind_before_s, "procedure": "prise-de-poste", **members}, 200, 201)

    def missing(self, state="open"):
        """The escalation that asks for Paul's check-in, once there is one."""
        def look():
            items = self.ours.desk.get(
                f"/v1/escalations?customer={self.ours.slug}&state={state}")["items"]
            return [each for each in items if each["kind"] == "check_in"]
        [found] = wait_until(look, "the check-in to be missed")
        return found

    def shift(self, agent="paul"):
        """As a supervisor sees it: the last one of what was paul's."""
        items = self.ours.desk.get(f"/v1/customers/{self.ours.slug}/shifts?rota=garde"
                                   f"&from={self.begins}&to={moment(7100)}")["items"]
        return [each for each in items if each["agent"] == agent][-1]

    def on_call(self):
        answer = self.ours.desk.get(f"/v1/customers/{self.ours.slug}/rotas/garde/on-call"
                                    f"?from={moment(5)}&to={moment(6)}")
        return [each["agent"] for each in answer["intervals"]]

    def calls_to(self, number):
        return [each["body"] for each in self.telephony.records()
                if each["type"] == "call.requested" and each["to"] == number]

    # ---- the way it should be

    def test_check_in__by_the_app_is_complete_once_heard(self):
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="see",
                           received_after_s=0.02, answer_after_s=0.05)
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        me = self.paul.client.get("/v1/agent/me").json
        self.assertIsNone(me["check_in"])
        self.assertEqual(self.shift()["check_in"]["state"], "open")
        answer = self.paul.client.post("/v1/agent/check-ins",
                                       {"installation": "phone-1", "shift": "garde"})
        self.assertEqual((answer.status, answer["state"]), (201, "pending"), answer)
        me = wait_until(
            lambda: (lambda view: view if view["check_in"]["state"] == "complete" else None)(
                self.paul.client.get("/v1/agent/me").json), "the check-in to be complete")
        self.assertEqual(me["check_in"]["missing"], [])
        shift = self.shift()
        self.assertEqual(shift["check_in"]["state"], "taken_up")
        self.assertEqual(shift["check_in"]["way"], "app")
        self.assertIsNotNone(shift["check_in"]["completed_at"])  # long before its reminder
        self.assertEqual(shift["proven_device"]["installation"], "phone-1")

    def test_check_in__tells_what_it_lacks(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "no-such-phone"})
        self.assertEqual((answer["missing"], answer["test"]), (["device"], None))
        me = self.paul.client.get("/v1/agent/me")
        self.assertEqual((me["check_in"]["state"], me["check_in"]["missing"]),
                         ("pending", ["device"]))
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertEqual(answer["missing"], ["received"])
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["missing"], ["received"])
        self.assertEqual(self.confirm_test(answer["test"]["id"], "received").status, 200)
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["missing"], ["heard"])
        self.assertEqual(self.shift()["check_in"]["state"], "pending")
        phone = {"target": self.paul.targets["phone-1"]}
        self.paul.register("phone-1", permission="denied", **phone)
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertEqual(answer["missing"], ["permission", "received"])
        self.paul.register("phone-1", **phone)
        self.assertEqual(self.paul.client.delete("/v1/agent/devices/phone-1").status, 204)
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertEqual(answer["missing"], ["device"])
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["missing"], ["device"])

    def test_check_in__keeps_what_the_phone_and_the_agent_said(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        self.paul.register("phone-1", target=self.paul.targets["phone-1"], silent_mode="on",
                           battery_percent=37, app_version="1.5")
        me = self.paul.client.get("/v1/agent/me")
        self.assertEqual(me["numbers"], [{"phone": PAUL, "label": None}])
        self.assertEqual(me["devices"][0]["silent_mode"], "on")
        answer = self.paul.client.post("/v1/agent/check-ins", {
            "installation": "phone-1", "shift": "garde", "number_confirmed": True})
        facts = {"permission": "granted", "silent_mode": "on", "battery_percent": 37,
                 "app_version": "1.5", "number_confirmed": True, "warnings": ["silent_mode"]}
        self.assertEqual({name: answer[name] for name in facts}, facts)
        self.assertEqual(self.confirm_test(answer["test"]["id"]).status, 200)
        self.paul.register("phone-1", target=self.paul.targets["phone-1"], battery_percent=5)
        for made in (self.paul.client.get("/v1/agent/me")["check_in"],
                     self.shift()["check_in"]["made"]):
            self.assertEqual({name: made[name] for name in facts}, facts)
            self.assertEqual((made["state"], made["missing"]), ("complete", []))
        shown = self.ours.desk.get(
            f"/v1/customers/{self.ours.slug}/agents/paul/reachability")["devices"][0]
        self.assertEqual((shown["silent_mode"], shown["battery_percent"], shown["permission"],
                          shown["app_version"]), ("unknown", 5, "granted", "1.0"))

    def unconfirmed(self):
        """Agents of whom the coverage says that they did not confirm their numbers."""
        answer = self.ours.desk.get(f"/v1/coverage?customer={self.ours.slug}&number_proof_d=0"
                                    "&language=fr")
        return {each["agent"]: each["text"] for each in answer["items"]
                if each["kind"] == "unconfirmed_number"}

    def test_check_in__number_is_confirmed_until_it_changes(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        self.ours.admin_path("PUT", "procedures/garde", astreinte_test.procedure(steps=[
            {"notify": [{"on_call": "garde"}], "by": ["call"], **STEP}]), 201)
        check_in = {"installation": "phone-1", "shift": "garde"}

        def made():
            return self.shift()["check_in"]["made"]

        self.assertEqual(self.unconfirmed(), {})
        self.paul.client.post("/v1/agent/check-ins", check_in)
        self.assertEqual((made()["number_confirmed"], made()["warnings"]),
                         (False, ["number_not_confirmed"]))
        self.assertIn("sans confirmer", self.unconfirmed()["paul"])
        self.paul.client.post("/v1/agent/check-ins", {**check_in, "number_confirmed": True})
        self.assertEqual((made()["number_confirmed"], made()["warnings"]), (True, []))
        self.assertEqual(self.unconfirmed(), {})
        self.ours.admin_path("PUT", "agents/paul", {"name": "Paul", "phone": "+33600000099"}, 200)
        self.assertEqual((made()["number_confirmed"], made()["warnings"]),
                         (False, ["number_changed"]))
        self.assertEqual(set(self.unconfirmed()), {"paul"})
        self.paul.client.post("/v1/agent/check-outs", {})
        self.assertEqual((made()["number_confirmed"], made()["warnings"]),
                         (False, ["number_changed"]))

    def test_check_in__from_a_phone_that_may_not_notify(self):
        """Not complete, whatever came back, and the procedure runs as for any other."""
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="see",
                           received_after_s=0.02, answer_after_s=0.05)
        self.paul.register("phone-1", target=self.paul.targets["phone-1"], permission="denied")
        self.plan_shift(REMIND_BY_PUSH, begins_s=4, remind_before_s=2)
        answer = self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.assertEqual((answer["state"], answer["permission"]), ("pending", "denied"))
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["missing"][0],
                         "permission")
        wait_until(lambda: self.paul.client.get("/v1/agent/me")["check_in"]["missing"] ==
                   ["permission"], "the test push to be heard")
        found = self.missing()
        shift = self.shift()["check_in"]
        self.assertEqual((shift["made"]["state"], shift["made"]["missing"]),
                         ("pending", ["permission"]))
        self.paul.register("phone-1", target=self.paul.targets["phone-1"])
        self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        self.ours.wait_for_state(found["id"], "done")
        self.assertEqual(self.shift()["check_in"]["state"], "taken_up")

    def test_check_in__too_early_is_told_when_it_opens(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=3000, opens_before_s=300, remind_before_s=200)
        early = {"installation": "phone-1", "shift": "garde"}
        answer = self.paul.client.post("/v1/agent/check-ins", early)
        self.assert_problem(answer, 409, "conflict")
        self.assertRegex(answer["detail"], r"garde can be checked in from [0-9T:.-]+Z on")
        self.assertIsNone(self.paul.client.get("/v1/agent/me")["check_in"])
        self.assertEqual(self.shift()["check_in"]["state"], "not_open")

    def test_hand_over__reaches_the_next(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        note = {"note": "Chaudière du bâtiment B : repasser à 6 h."}
        self.assert_problem(self.marie.client.post("/v1/agent/check-outs", note), 409, "conflict")
        self.marie.client.post("/v1/agent/check-ins",
                               {"installation": "phone-1", "shift": "garde"})
        self.assertEqual(self.marie.client.post("/v1/agent/check-outs", note).status, 200)
        # Paul is on call for "principal" now: the note of the rota that he takes over comes there.
        self.ours.admin_path("PUT", "rotas/principal", astreinte_test.rota("marie"), 200)
        me = self.paul.client.get("/v1/agent/me").json
        self.assertEqual(me["shift"]["next"]["role"], "garde")
        self.assertEqual((me["hand_over"]["agent"], me["hand_over"]["note"]),
                         ("marie", note["note"]))
        self.assertIsNone(self.marie.client.get("/v1/agent/me")["hand_over"])

    def test_hand_over__reaches_who_is_on_call_for_another_role(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=600, remind_before_s=300)
        self.ours.admin_path("PUT", "rotas/veille", astreinte_test.rota("paul"), 201)
        self.marie.client.post("/v1/agent/check-ins",
                               {"installation": "phone-1", "shift": "garde"})
        self.marie.client.post("/v1/agent/check-outs", {"note": "Le portail est bloqué."})
        me = self.paul.client.get("/v1/agent/me").json
        self.assertEqual((me["shift"]["now"]["role"], me["shift"]["next"]["role"]),
                         ("principal", "garde"))
        self.assertEqual([(each["role"], each["agent"], each["note"]) for each in me["hand_overs"]],
                         [("garde", "marie", "Le portail est bloqué.")])
        # The newest first, which is `hand_over`.
        self.ours.admin_path("PUT", "rotas/veille", {
            **astreinte_test.rota("marie"),
            "overrides": [{"from": self.begins, "to": moment(7200), "agent": "paul"}]}, 200)
        self.marie.client.post("/v1/agent/check-ins",
                               {"installation": "phone-1", "shift": "veille"})
        self.marie.client.post("/v1/agent/check-outs", {"note": "Rien."})
        me = self.paul.client.get("/v1/agent/me").json
        self.assertEqual([each["role"] for each in me["hand_overs"]], ["veille", "garde"])
        self.assertEqual(me["hand_over"], me["hand_overs"][0])
        # Who has the rota later, but not next, does not read it.
        self.ours.admin_path("PUT", "agents/zoe", {"name": "Zoé", "phone": "+33600000013"}, 201)
        self.ours.admin_path("PUT", "rotas/veille", {
            **astreinte_test.rota("marie"),
            "overrides": [{"from": self.begins, "to": moment(3600), "agent": "zoe"},
                          {"from": moment(3600), "to": moment(7200), "agent": "paul"}]}, 200)
        self.assertEqual([each["role"] for each in
                          self.paul.client.get("/v1/agent/me")["hand_overs"]], ["garde"])

    def test_me__has_all_shifts_that_are_on(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=-60, remind_before_s=0)
        shift = self.paul.client.get("/v1/agent/me")["shift"]
        self.assertEqual(shift["now"]["role"], "principal")
        [other] = shift["others"]
        self.assertEqual((other["role"], other["from"]), ("garde", self.begins))
        self.assertIn(other["check_in"]["state"], ("unknown", "pending", "open"))
        for number in range(18):
            self.ours.admin_path("PUT", f"rotas/r{number}", astreinte_test.rota("paul"), 201)
        shift = self.paul.client.get("/v1/agent/me")["shift"]
        self.assertEqual(len(shift["others"]), 15)
        self.assertEqual(self.marie.client.get("/v1/agent/me")["shift"]["others"], [])

    # ---- missed

    def test_missed__push_and_check_in_after_it(self):
        self.plan_shift(REMIND_BY_PUSH)
        found = self.missing()
        self.assertEqual((found["check_in_agent"], found["severity"]), ("paul", "major"))
        pushes = wait_until(lambda: [each["payload"] for each in self.provider.records()
                                     if each["token"] == self.paul.targets["phone-1"]],
                            "the reminder to arrive")
        self.assertEqual((pushes[0]["kind"], pushes[0]["about"]), ("alert", "check_in"))
        self.assertIn("prise de poste", str(pushes[0]["aps"]["alert"]).lower())
        self.assertNotIn("urgent", str(pushes[0]["aps"]["alert"]).lower())
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="see",
                           received_after_s=0.02, answer_after_s=0.05)
        self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1"})
        view = self.ours.wait_for_state(found["id"], "done")
        self.assertEqual(view["holder"]["who"], "paul")
        self.assertEqual(self.shift()["check_in"]["state"], "taken_up")
        self.assertEqual(self.shift()["check_in"]["escalation"], found["id"])

    def test_missed__settled_by_a_key(self):
        self.telephony.control(number=PAUL, behaviour="accept", after_s=0.05)
        self.plan_shift(REMIND_BY_CALL)
        found = self.missing(state="done")
        [call] = self.calls_to(PAUL)[-1:]
        self.assertIn("Prise de poste", call["say"]["text"])
        self.assertNotIn("urgent", call["say"]["text"])
        shift = self.shift()["check_in"]
        self.assertEqual((shift["state"], shift["way"]), ("taken_up", "call"))
        self.assertEqual(self.ours.show(found["id"])["holder"]["who"], "paul")
        self.assertEqual(self.paul.client.get("/v1/agent/me")["check_in"]["state"], "complete")

    def test_missed__is_no_intervention(self):
        """Whoever answers it: for the rules of rest and for the list of who is at work. After two
        short interventions, a check-in right between them is work without rest, if it is work."""
        for _ in range(2):
            opened = self.ours.escalate()["id"]
            self.assertEqual(self.paul.verb(opened, "accept").status, 200)
            self.assertEqual(self.paul.verb(opened, "done").status, 200)
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="accept",
                           received_after_s=0.02, answer_after_s=0.05)
        self.plan_shift(REMIND_BY_PUSH)
        self.missing(state="accepted")
        listed = self.ours.desk.get(f"/v1/customers/{self.ours.slug}/interventions")
        self.assertEqual(listed["items"], [], listed)
        covered = self.ours.desk.get("/v1/coverage?language=en")
        self.assertEqual([each for each in covered["items"]
                          if each["kind"] == "daily_rest"], [], covered)
        self.assertTrue(any("check-ins not" in note for note in covered["notes"]), covered)

    def test_missed__a_replacement_takes_the_shift_once_accepted(self):
        self.plan_shift({**REMIND_BY_PUSH, "accepted_within_s": 2},
                        {"notify": [{"agent": "marie"}], "by": ["push"], **STEP})
        found = self.missing()
        wait_until(lambda: [each for each in self.ours.show(found["id"])["attempts"]
                            if each["to"]["who"] == "marie"], "Marie to be asked")
        self.assertEqual(self.on_call(), ["paul"])  # asked is not accepted
        answer = self.marie.verb(found["id"], "accept")
        self.assertEqual((answer.status, answer["state"]), (200, "done"), answer)
        answer = self.marie.verb(found["id"], "accept")
        self.assertEqual((answer.status, answer["state"]), (200, "done"), answer)
        self.assertEqual(self.on_call(), ["marie"])
        taken = self.shift("marie")["check_in"]
        self.assertEqual((taken["state"], taken["way"]), ("taken_up", "replacement"))
        kinds = [each["kind"] for each in self.ours.show(found["id"])["timeline"]]
        self.assertLess(kinds.index("accepted"), kinds.index("done"))
        view = self.ours.admin_path("GET", "rotas/garde", None, 200)
        definition = {**view["definition"], "overrides": view["definition"]["overrides"][:1]}
        self.ours.admin_path("PUT", "rotas/garde", definition, 200)  # as a file says it
        self.assertEqual(self.on_call(), ["marie"])
        self.ours.admin_path("PUT", "rotas/garde?replacements=maybe", definition, 400, 422)
        self.ours.admin_path("PUT", "rotas/garde?replacements=drop", definition, 200)
        self.assertEqual(self.on_call(), ["paul"])
        self.assertNotEqual(self.missing()["id"], found["id"])  # and is asked again

    def test_missed__reaches_the_supervisor_who_has_it_settled(self):
        self.telephony.control(number=CHIEF, behaviour="accept", after_s=0.05)
        self.plan_shift({**REMIND_BY_CALL, "accepted_within_s": 1},
                        {"notify": [{"contact": "chef"}], "by": ["call"], **STEP})
        found = self.missing()
        view = self.ours.wait_for_state(found["id"], "accepted")
        self.assertEqual((view["holder"]["kind"], view["holder"]["who"]), ("contact", "chef"))
        self.assertEqual(self.on_call(), ["paul"])  # nobody is taken off in silence
        # The supervisor writes somebody else into the rota, which ends it.
        self.ours.admin_path("PUT", "rotas/garde", astreinte_test.rota("marie"), 200)
        self.ours.wait_for_state(found["id"], "cancelling", "cancelled")

    def test_missed__ends_with_the_call_centre(self):
        self.plan_shift({**REMIND_BY_PUSH, "accepted_within_s": 1})
        found = self.missing()
        wait_until(lambda: [each for each in self.telephony.records()
                            if each["type"] == "procedure.exhausted" and
                            each["body"]["escalation"] == found["id"]], "the desk to be told")
        wait_until(lambda: self.shift()["check_in"]["state"] == "missed", "it to count as missed")
        self.ours.escalate(procedure="nuit")
        self.assertEqual(self.on_call(), ["paul"])

    # ---- taken up, and not any more

    def take_up(self, *steps):
        """Paul's shift has begun, and his phone said that he heard the check-in's push."""
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="see",
                           received_after_s=0.02, answer_after_s=0.05)
        self.plan_shift(*steps, begins_s=2, remind_before_s=0)
        self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1", "shift": "garde"})
        wait_until(lambda: self.shift()["check_in"]["state"] == "taken_up" and
                   self.begins < moment(0), "the shift to be taken up and to begin")
        wait_until(lambda: self.shift()["check_in"]["way"] == "app", "it to be judged")
        self.assertIsNone(self.shift()["check_in"]["asked_because"])

    def assert_asked_anew(self, found, why, sentence):
        self.assertEqual(found["check_in_agent"], "paul")
        shown = self.shift()["check_in"]
        self.assertEqual((shown["state"], shown["asked_because"], shown["escalation"]),
                         ("missed", why, found["id"]))
        [entry] = [each for each in self.ours.show(found["id"])["timeline"]
                   if each["kind"] == "asked_anew"]
        self.assertIn(sentence, entry["text"])

    def test_phone_gone__is_asked_by_telephone_until_checked_in_again(self):
        self.take_up(REMIND_BY_PUSH, REMIND_BY_CALL)
        self.provider.control(token=self.paul.targets["phone-1"], behaviour="reason", status=410,
                              reason="Unregistered")
        self.paul.client.post("/v1/agent/devices/phone-1/test", {})
        found = self.missing()
        self.assert_asked_anew(found, "phone_died", "had checked in is gone")
        wait_until(lambda: self.calls_to(PAUL), "Paul to be called")
        self.gateway.kill()
        self.gateway.start()
        self.assertEqual(self.missing()["id"], found["id"])
        self.paul.register("phone-1")
        self.phone.control(token=self.paul.targets["phone-1"], behaviour="see",
                           received_after_s=0.02, answer_after_s=0.05)
        self.paul.client.post("/v1/agent/check-ins", {"installation": "phone-1", "shift": "garde"})
        self.ours.wait_for_state(found["id"], "done")
        self.assertEqual(self.shift()["check_in"]["state"], "taken_up")

    def test_check_out__too_early_is_asked_anew(self):
        self.take_up(REMIND_BY_CALL)
        answer = self.paul.client.post("/v1/agent/check-outs", {})
        self.assertEqual((answer.status, [each["role"] for each in answer["left_early"]]),
                         (200, ["garde"]), answer)
        self.assertIn("astreinte", answer["detail"])
        found = self.missing()
        self.assert_asked_anew(found, "left_early", "checked out before the end")
        self.assertTrue(self.shift()["check_in"]["checked_out_early"])
        self.assertEqual(self.on_call(), ["paul"])

    # ---- plans

    def test_plan__is_strict(self):
        answer = self.plan_shift(REMIND_BY_PUSH, begins_s=600, closes_after_s=900)
        self.assertEqual(answer.status, 201)
        shown = self.ours.admin_path("GET", "rotas/garde/check-in", None, 200).json
        self.assertEqual({name: shown[name] for name in (
            "rota", "opens_before_s", "remind_before_s", "closes_after_s", "procedure",
            "severity", "probe_minutes")}, {
                           "rota": "garde", "opens_before_s": 3600, "remind_before_s": 2,
                           "closes_after_s": 900, "procedure": "prise-de-poste",
                           "severity": "major", "probe_minutes": 30})
        good = {"procedure": "prise-de-poste"}
        for bad, pointer in (({"procedure": "nuit"}, "/procedure"),
                             ({"procedure": "unknown"}, "/procedure"),
                             ({}, "/procedure"),
                             ({**good, "remind_before_s": 3601}, "/remind_before_s"),
                             ({**good, "opens_before_s": 59}, "/opens_before_s"),
                             ({**good, "closes_after_s": 86401}, "/closes_after_s"),
                             ({**good, "severity": "high"}, "/severity"),
                             ({**good, "probe_minutes": 9}, "/probe_minutes"),
                             ({**good, "probe_minutes": 1441}, "/probe_minutes"),
                             ({**good, "rota": "garde"}, "/rota")):
            with self.subTest(bad):
                self.assert_problem(self.ours.admin_path("PUT", "rotas/garde/check-in", bad), 400,
                                    pointer=pointer)
        self.assert_problem(self.ours.admin_path("PUT", "rotas/none/check-in", good), 404)
        self.ours.admin_path("DELETE", "rotas/garde/check-in", None, 204)
        for method in ("GET", "DELETE"):
            self.assert_problem(self.ours.admin_path(method, "rotas/garde/check-in", None), 404)
        self.assertIsNone(self.shift()["check_in"])

    def test_shifts__are_bounded(self):
        place = f"/v1/customers/{self.ours.slug}/shifts"
        self.assert_problem(self.ours.desk.get(f"{place}?from={moment(0)}&to={moment(-1)}"), 400)
        self.assert_problem(
            self.ours.desk.get(f"{place}?from={moment(0)}&to={moment(32 * 86400)}"), 400)
        self.assert_problem(self.ours.desk.get(f"{place}?rota=none"), 404)
        self.assert_problem(self.paul.client.get(place), 403)
        self.assert_problem(self.customer().desk.get(place), 404)
        found = self.ours.desk.get(place)["items"]
        self.assertEqual({(each["rota"], each["agent"], each["check_in"]) for each in found},
                         {("principal", "paul", None), ("renfort", "marie", None)})

    # ---- a gateway that dies

    def test_killed__asks_once_all_the_same(self):
        self.plan_shift(REMIND_BY_PUSH, begins_s=4, remind_before_s=2)
        self.gateway.kill()
        self.gateway.start()
        found = self.missing()
        self.gateway.kill()
        self.gateway.start()
        self.assertEqual(self.missing()["id"], found["id"])
        self.assertEqual(self.shift()["check_in"]["escalation"], found["id"])


if __name__ == "__main__":
    unittest.main()

"""Who is asked by name, joins, hands over, and the list of who is at work on what; over sockets."""

import concurrent.futures
import datetime
import unittest

import astreinte_test
from astreinte_test import procedure, wait_until


def night(**members):
    return procedure(steps=[{"notify": [{"on_call": "principal"}, {"on_call": "renfort"}],
                             "by": ["push"], "accepted_within_s": 120, **members}])


class TeamTest(astreinte_test.GatewayTest):
    simulators = ("apns", "telephony")

    def held(self, definition=None):
        """A customer, its agents, and an escalation that Paul holds."""
        customer = self.customer(definition=definition)
        opened = customer.escalate()
        self.assertEqual(opened.status, 202, opened)
        paul, marie = customer.agents["paul"], customer.agents["marie"]
        answer = paul.verb(opened["id"], "accept")
        self.assertEqual((answer.status, answer["you"]), (200, "holder"), answer)
        return customer, paul, marie, opened["id"]

    def missions(self, customer, **query):
        tail = "&".join(f"{name}={value}" for name, value in query.items())
        answer = customer.desk.get(f"/v1/customers/{customer.slug}/interventions?{tail}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_the_desk_assigns(self):
        customer, paul, marie, escalation = self.held()
        answer = customer.verb(escalation, "assign", agent="marie", stays=True, reason="plus près")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer["holder"]["who"], "paul")
        self.assertEqual([(each["who"], each["as"], each["by"]) for each in answer["offers"]],
                         [("marie", "holder", "desk")])
        again = customer.verb(escalation, "assign", agent="marie", stays=True)
        self.assertEqual((again.status, len(again["offers"])), (200, 1))
        answer = marie.verb(escalation, "accept")
        self.assertEqual((answer.status, answer["you"]), (200, "holder"), answer)
        self.assertEqual([each["who"] for each in answer["members"]], ["paul"])
        self.assertEqual(paul.verb(escalation, "on-my-way", eta_s=600).status, 200)
        (mission,) = self.missions(customer)["items"]
        self.assertEqual((mission["escalation"], mission["holder"]["who"]), (escalation, "marie"))
        self.assertEqual(mission["members"][0]["intervention"], "on_my_way")
        self.assertIsNotNone(mission["members"][0]["eta_at"])
        texts = [each["text"] for each in customer.show(escalation)["timeline"]]
        self.assertIn("Operator Léa asks Marie Petit to take over.", texts)
        self.assertIn("Marie Petit holds it now, after Paul Durand.", texts)

    def test_a_hand_over_is_asked_for(self):
        customer, paul, marie, escalation = self.held()
        self.assert_problem(paul.verb(escalation, "hand-over"), 400, "invalid", "/to")
        self.assert_problem(paul.verb(escalation, "hand-over", to="nobody"), 400, "invalid", "/to")
        self.assertEqual(paul.verb(escalation, "hand-over", to="nobody")["detail"],
                         "/to: no active agent of this customer has this slug")
        self.assert_problem(paul.verb(escalation, "hand-over", to="paul"), 400, "invalid", "/to")
        self.assert_problem(marie.verb(escalation, "hand-over", to="paul"), 409,
                            "already-accepted")
        self.assertEqual(paul.verb(escalation, "hand-over", to="marie").status, 200)
        self.assertEqual(customer.show(escalation)["holder"]["who"], "paul")
        self.assertEqual(marie.verb(escalation, "decline").status, 200)
        view = customer.show(escalation)
        self.assertEqual((view["holder"]["who"], view["offers"]), ("paul", []))
        self.assertEqual(paul.verb(escalation, "done").status, 200)
        self.assertEqual(self.missions(customer)["items"], [])

    def test_joins_beside_the_holder(self):
        customer, paul, marie, escalation = self.held()
        self.assert_problem(customer.verb(escalation, "assign", agent="marie",
                                          **{"as": "member", "stays": True}), 400, "invalid",
                            "/stays")
        answer = marie.verb(escalation, "join")  # on call, in another role
        self.assertEqual((answer.status, answer["you"]), (200, "member"), answer)
        self.assert_problem(paul.verb(escalation, "leave"), 409, "wrong-order")
        self.assertEqual(paul.verb(escalation, "done").status, 200)
        self.assertEqual(paul.verb(escalation, "done").status, 200)
        self.assertEqual(customer.show(escalation)["holder"]["who"], "marie")
        self.assertEqual(marie.verb(escalation, "done").status, 200)
        self.assertEqual(customer.show(escalation)["state"], "done")

    def busy_marie(self):
        """As held(); Marie holds another ticket, and Zoé is on call as the backup."""
        customer, paul, marie, escalation = self.held()
        zoe = customer.add_agent("zoe", "Zoé Blanc", "+33600000019")
        customer.admin_path("PUT", "rotas/renfort", astreinte_test.rota("zoe"), 200)
        other = customer.escalate()["id"]
        self.assertEqual(customer.verb(other, "assign", agent="marie").status, 200)
        self.assertEqual(marie.verb(other, "accept")["you"], "holder")
        return customer, paul, marie, zoe, escalation

    def test_a_busy_colleague_has_the_backup_asked_as_well(self):
        customer, paul, marie, zoe, escalation = self.busy_marie()
        answer = paul.verb(escalation, "hand-over", to="marie")
        asked = [("marie", "holder", "holder"), ("zoe", "holder", "backup")]
        self.assertEqual([(each["who"], each["as"], each["by"]) for each in answer["offers"]],
                         asked)
        self.assertEqual(len({each["until"] for each in answer["offers"]}), 1)
        mission = next(each for each in self.missions(customer)["items"]
                       if each["escalation"] == escalation)
        self.assertEqual([(each["who"], each["as"], each["by"]) for each in mission["offers"]],
                         asked)
        ways = sorted((each["to"]["who"], each["path"])
                      for each in customer.show(escalation)["attempts"]
                      if each["purpose"] == "offer")
        self.assertEqual(ways, [("marie", "call"), ("marie", "push"), ("zoe", "call"),
                                ("zoe", "push")])
        self.assertEqual(zoe.verb(escalation, "accept")["you"], "holder")
        late = marie.verb(escalation, "accept")
        self.assert_problem(late, 409, "already-accepted")
        self.assertIn("Zoé Blanc", str(late.json))
        view = customer.show(escalation)
        self.assertEqual((view["holder"]["who"], view["offers"]), ("zoe", []))
        texts = [each["text"] for each in view["timeline"]]
        self.assertIn("Marie Petit is busy with another ticket: the backup is asked as well.",
                      texts)
        self.assertIn("The gateway asks Zoé Blanc to take over.", texts)
        self.assertIn("Marie Petit is not asked any more: somebody has it.", texts)

    def test_a_busy_agent_says_no_and_the_backup_joins(self):
        customer, _, marie, zoe, escalation = self.busy_marie()
        answer = customer.verb(escalation, "assign", agent="marie", **{"as": "member"})
        self.assertEqual([each["who"] for each in answer["offers"]], ["marie", "zoe"])
        self.assertEqual(marie.verb(escalation, "decline").status, 200)
        view = customer.show(escalation)
        self.assertEqual([each["who"] for each in view["offers"]], ["zoe"])
        self.assertEqual([each["kind"] for each in view["tasks"]], ["unaccepted"])
        self.assertEqual(zoe.verb(escalation, "accept")["you"], "member")
        self.assertEqual(customer.show(escalation)["offers"], [])

    def test_two_of_one_asking_accept_at_once(self):
        customer, _, marie, zoe, escalation = self.busy_marie()
        self.assertEqual(customer.verb(escalation, "assign", agent="marie").status, 200)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda agent: agent.verb(escalation, "accept"), (marie, zoe)))
        self.assertEqual(sorted(each.status for each in answers), [200, 409])
        holder = "marie" if answers[0].status == 200 else "zoe"
        view = customer.show(escalation)
        self.assertEqual((view["holder"]["who"], view["offers"]), (holder, []))

    def test_eight_are_asked_at_most(self):
        customer, _, marie, _, escalation = self.busy_marie()
        for i in range(7):
            agent = customer.add_agent(f"a{i}", f"Agent {i}", f"+3360000010{i}", devices=False)
            self.assertEqual(customer.verb(escalation, "assign", agent=agent.slug,
                                           **{"as": "member"}).status, 200)
        answer = customer.verb(escalation, "assign", agent="marie")
        self.assertEqual([each["who"] for each in answer["offers"][6:]], ["a6", "marie"])
        texts = [each["text"] for each in customer.show(escalation)["timeline"]]
        self.assertIn("Zoé Blanc is skipped: eight are asked already.", texts)

    def test_two_are_wanted(self):
        customer, _, marie, escalation = self.held(night(acceptances=2))
        view = customer.show(escalation)
        self.assertEqual((view["wanted"], view["members"]), (2, []))
        answer = marie.verb(escalation, "accept")
        self.assertEqual((answer.status, answer["you"], answer["holder"]["who"]),
                         (200, "member", "paul"), answer)
        self.assertEqual(customer.show(escalation)["wanted"], 1)

    def test_one_of_two_leaves(self):
        customer, _, marie, escalation = self.held(night(acceptances=2))
        self.assertEqual(marie.verb(escalation, "accept")["you"], "member")
        for _ in range(2):  # a repeat is safe
            answer = marie.verb(escalation, "hand-back")
            self.assertEqual((answer.status, answer["you"], answer["holder"]["who"]),
                             (200, None, "paul"), answer)
        # Nobody else is there: the desk is told at once, and she is not asked what she left.
        view = customer.show(escalation)
        self.assertEqual([each["kind"] for each in view["tasks"]], ["short_handed"])
        self.assertEqual([each["path"] for each in view["attempts"]
                          if each["to"]["who"] == "marie" and each["purpose"] == "alert"],
                         ["push"])

    def test_who_left_gets_nothing(self):
        customer, paul, marie, escalation = self.held()
        self.assertEqual(marie.verb(escalation, "join").status, 200)
        customer.admin_path("PUT", "agents/marie", {
            "name": marie.name, "phone": marie.phone, "active": False}, 200)
        self.assertEqual(paul.verb(escalation, "done").status, 200)
        self.assertEqual(customer.show(escalation)["state"], "done")

    def test_fewer_come_than_are_wanted(self):
        definition = night(acceptances=3)
        definition["steps"][0]["accepted_within_s"] = 1
        customer = self.customer(definition=definition)
        escalation = customer.escalate()["id"]
        self.assertEqual(customer.agents["paul"].verb(escalation, "accept").status, 200)
        wait_until(lambda: [task for task in customer.show(escalation)["tasks"]
                            if task["kind"] == "short_handed"], "the desk's task")
        self.assert_problem(customer.agents["marie"].verb(escalation, "accept"), 409,
                            "already-accepted")

    def test_pages_of_missions(self):
        customer, paul, _, first = self.held()
        second = customer.escalate()["id"]
        self.assertEqual(paul.verb(second, "accept").status, 200)
        page = self.missions(customer, limit=1)
        self.assertEqual([each["escalation"] for each in page["items"]], [first])
        page = self.missions(customer, limit=1, cursor=page["next_cursor"])
        self.assertEqual([each["escalation"] for each in page["items"]], [second])
        self.assertIsNone(page["next_cursor"])
        listed = self.run_ctl(customer.desk_key, "interventions", "--customer",
                              customer.slug).stdout
        self.assertIn("paul", listed)


class ShiftTest(astreinte_test.GatewayTest):
    """A night ends, and the intervention does not."""

    simulators = ("telephony",)
    moves_clock = ("gateway",)
    # A Monday, half an hour before the weekly hand-over in Paris.
    wall_at_start = datetime.datetime(2026, 11, 30, 7, 30, tzinfo=datetime.timezone.utc)

    def test_the_holder_keeps_it_until_who_is_on_call_accepts(self):
        customer = self.customer(definition=astreinte_test.procedure(progress_within_s=7200),
                                 agents={"paul": "Paul Durand", "marie": "Marie Petit",
                                         "zoe": "Zoé Blanc"})
        customer.admin_path("PUT", "rotas/principal", astreinte_test.rota("paul", "marie"), 200)
        paul, marie = customer.agents["paul"], customer.agents["marie"]
        escalation = customer.escalate()["id"]
        self.assertEqual(marie.verb(escalation, "accept")["you"], "holder")
        self.clock.suspend(29 * 60 * 1000)
        self.assertEqual(customer.show(escalation)["offers"], [])
        self.clock.suspend(60 * 1000)
        view = wait_until(lambda: (lambda shown: shown if shown["offers"] else None)(
            customer.show(escalation)), "the question to who is on call now")
        self.assertEqual(view["holder"]["who"], "marie")
        self.assertEqual([(each["who"], each["as"], each["by"]) for each in view["offers"]],
                         [("paul", "holder", "shift")])
        self.assertEqual(marie.verb(escalation, "on-site")["you"], "holder")
        answer = paul.verb(escalation, "accept")
        self.assertEqual((answer["you"], answer["members"], answer["offers"]), ("holder", [], []))


if __name__ == "__main__":
    unittest.main()

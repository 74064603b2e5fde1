"""What ends the process again and again is set aside after the second time, told to the call
centre, and everything else goes on."""

import contextlib
import http.client
import secrets
import signal
import sqlite3
import threading
import unittest

import astreinte_test
import supervised
from astreinte_test import wait_until
from races.raw import SANITIZED

STEPS = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 2},
         {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 30}]


class Poison(supervised.SupervisedTest):
    simulators = ("telephony",)

    def setUp(self):
        super().setUp()
        self.telephony.control(number="*", behaviour="silent")
        self.good = self.new_customer()
        self.telephony.control(number=self.good.agents["marie"].phone, behaviour="accept",
                               after_s=0.1)

    def new_customer(self):
        return self.customer(definition=astreinte_test.procedure(steps=STEPS), devices=False)

    def poison(self, what, customer, agent="marie"):
        """From now on the writer does `what` when it records something about this agent."""
        with contextlib.closing(sqlite3.connect(self.directory / "astreinte.db")) as database:
            [number] = database.execute(
                "SELECT agent_id FROM agent JOIN customer USING (customer_id)"
                " WHERE customer.slug = ? AND agent.slug = ?", (customer.slug, agent)).fetchone()
        self.gateway.hooks.set(f'{what} bind_text writer "person":{number},',
                               f'{what} bind_text writer "person":{number}}}')

    def check_set_aside(self, customer, escalation):
        view = self.wait_for_view(customer, escalation, lambda view: view["quarantined"],
                                  "the quarantine")
        self.assertEqual([each["kind"] for each in view["timeline"]].count("quarantined"), 1)
        self.assertIn("act by telephone", str(view["next"]))
        # The desk is told twice, at once and with the escalation's own callback.
        wait_until(lambda: self.callbacks("escalation.quarantined", escalation), "the callback")
        wait_until(lambda: [each for each in self.alarms("engine.quarantine")
                            if escalation in each], "the alarm")
        # Nothing touches it any more.
        for verb, body in (("take", {}), ("notes", {"text": "x"}), ("cancel", {"reason": "x"})):
            self.assert_problem(customer.verb(escalation, verb, **body), 409, "quarantined")

    def check_reached(self, escalation):
        """Its step ended, the second agent was called and accepted."""
        view = self.wait_for_view(self.good, escalation, lambda view: view["state"] == "accepted",
                                  "the end")
        self.assertEqual(view["holder"]["who"], "marie")
        self.assertFalse(view["quarantined"])

    def test_abort_at_a_deadline(self):
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.poison("abort", ours)
        self.gateway.wait_for_ends(2)
        self.check_set_aside(ours, bad)
        after = self.over_restarts(self.good.escalate)["id"]
        self.check_reached(before)
        self.check_reached(after)
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_at_an_acknowledgment(self):
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        agent = ours.agents["paul"].enrol()
        self.poison("abort", ours, "paul")
        for number in (1, 2):
            with self.assertRaises(OSError):
                agent.client.request("POST", f"/v1/agent/escalations/{bad}/accept", {})
            self.gateway.wait_for_ends(number)
            self.view(ours, bad)  # it is back
        self.check_set_aside(ours, bad)
        self.assert_problem(agent.verb(bad, "accept"), 409, "quarantined")
        self.check_reached(before)
        self.check_reached(self.good.escalate()["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_while_it_is_accepted(self):
        """There is no escalation yet: the caller who repeats would end the gateway each time."""
        before = self.good.escalate()["id"]
        others = self.new_customer()
        self.gateway.hooks.set("abort bind_text writer Venin")

        def post():
            return others.escalate(summary="Venin", headers={"Idempotency-Key": "poison"})

        for number in (1, 2):
            with self.assertRaises(OSError):
                post()
            self.gateway.wait_for_ends(number)
            self.view(self.good, before)
        self.assert_problem(post(), 409, "quarantined")
        self.assertEqual(others.desk.get(
            f"/v1/escalations?customer={others.slug}")["items"], [])
        wait_until(lambda: self.alarms("engine.request_refused"), "the alarm")
        self.check_reached(before)
        self.check_reached(self.good.escalate(summary="Autre chose")["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_hang_at_a_deadline(self):
        """The supervisor's SIGABRT to a writer that hangs accuses like an abort of its own."""
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.poison("hang", ours)
        self.gateway.wait_for_ends(2)
        self.check_set_aside(ours, bad)
        self.check_reached(before)
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 2)

    def test_abort_when_its_row_is_read(self):
        """Not even setting it aside is possible the whole way: the third time only the mark is set,
        and it is not read again."""
        ours = self.new_customer()
        before = self.good.escalate()["id"]
        bad = ours.escalate()["id"]
        self.assertEqual(ours.verb(bad, "take", operator="Venin lu").status, 200)
        self.gateway.hooks.set("abort column_text writer Venin lu")
        poster = threading.Thread(target=self.note_until_refused, args=(ours, bad))
        poster.start()
        self.gateway.wait_for_ends(3)
        poster.join()
        self.assertTrue(self.view(ours, bad)["quarantined"])
        wait_until(lambda: [each for each in self.alarms("engine.quarantine") if bad in each],
                   "the alarm")
        self.check_reached(before)
        self.check_reached(self.good.escalate()["id"])
        self.assertEqual(self.gateway.ends, [signal.SIGABRT] * 3)

    def note_until_refused(self, customer, escalation):
        desk = self.gateway.client(customer.desk_key)

        def refused():
            try:
                return desk.post(f"/v1/escalations/{escalation}/notes",
                                 {"operator": "Léa", "text": "x"}).status == 409
            except OSError:
                return None

        wait_until(refused, "the refusal")


class Carried(supervised.SupervisedTest):
    """Not the writer dies, but a thread that carries or reads: it alone is to blame, whatever the
    writer and the others are at."""

    simulators = ("provider", "telephony")
    others_max = 40
    verb, signal = "abort", signal.SIGABRT

    def setUp(self):
        super().setUp()
        self.telephony.control(number="*", behaviour="silent")
        self.over_restarts(lambda: self.gateway.client("").get("/readyz"))
        self.good = self.new_customer("push")
        self.good.agents["paul"].register()
        self.others = []

    def new_customer(self, path):
        steps = [{"notify": [{"on_call": "principal"}], "by": [path], "accepted_within_s": 60}]
        return self.customer(definition=astreinte_test.procedure(steps=steps), devices=False)

    def customer_with_a_number(self):
        """Nobody else's, so that a rule can name it; of mainland France, as +336 9 becomes another
        country's."""
        customer = self.new_customer("call")
        number = f"+3361{secrets.randbelow(10 ** 7):07}"
        customer.admin_path("PUT", "agents/paul", {"name": "Paul Durand", "phone": number}, 200)
        return customer, number

    def with_keys(self, customer, token):
        keys = self.provider.control(device_key=token)
        answer = customer.agents["paul"].enrol().client.put("/v1/agent/devices/phone-1", {
            "platform": "apns", "target": token, "permission": "granted",
            "public_key": keys["p256dh"], "auth_secret": keys["auth"]})
        self.assertEqual(answer.status, 201, answer)

    def escalate(self, customer, **members):
        """It may end the gateway before the answer to it leaves."""
        key = {"Idempotency-Key": secrets.token_hex(8)}
        return self.over_restarts(lambda: customer.escalate(headers=key, **members))["id"]

    def escalate_others_until(self, ends):
        """Others are written, pushed and read all the while, so that each thread is at one of them
        when it happens."""

        def escalate_another():
            with contextlib.suppress(OSError):
                if len(self.others) < self.others_max:
                    self.others.append(self.good.escalate()["id"])
                self.good.show(self.others[-1])
            return len(self.gateway.ends) >= ends and self.others

        wait_until(escalate_another, f"the end number {ends}")

    def check_set_aside(self, customer, escalation, ends):
        wait_until(lambda: self.callbacks("escalation.quarantined", escalation), "the callback")
        self.assert_problem(self.over_restarts(
            lambda: customer.verb(escalation, "notes", text="x")), 409, "quarantined")
        for other in [*self.others, self.escalate(self.good)]:
            view = self.wait_for_view(
                self.good, other, lambda view: view["attempts"] and all(
                    each["state"] == "accepted" for each in view["attempts"]), "the push")
            self.assertFalse(view["quarantined"])
            self.assertEqual(self.callbacks("escalation.quarantined", other), [])
        self.assertEqual(self.gateway.ends, [self.signal] * ends)


class OnItsWay(Carried):
    def test_abort_in_the_push_thread(self):
        ours = self.new_customer("push")
        token = "ab" * 32
        ours.agents["paul"].register(target=token)
        self.gateway.hooks.set(f"{self.verb} submit_request push {token}")
        bad = self.escalate(ours)
        self.escalate_others_until(2)
        self.check_set_aside(ours, bad, 2)
        self.assertEqual([each for each in self.provider.records() if each["token"] == token], [])

    def test_abort_in_the_sealing_thread(self):
        ours = self.new_customer("push")
        token = "cd" * 32
        self.with_keys(ours, token)
        self.gateway.hooks.set(f"{self.verb} encrypt push-seal Venin")
        bad = self.escalate(ours, summary="Venin")
        self.escalate_others_until(2)
        self.check_set_aside(ours, bad, 2)

    def test_abort_in_the_telephony_thread(self):
        ours, number = self.customer_with_a_number()
        self.gateway.hooks.set(f"{self.verb} hmac telephony {number}")
        bad = self.escalate(ours)
        self.escalate_others_until(2)
        self.check_set_aside(ours, bad, 2)

    def test_abort_when_the_notice_leaves(self):
        """That it was set aside cannot be told, either: after two more times it is not tried any
        more, and the alarm is what the desk hears."""
        ours = self.new_customer("push")
        token = "ef" * 32
        ours.agents["paul"].register(target=token)
        self.gateway.hooks.set(f"{self.verb} submit_request push {token}",
                               f"{self.verb} hmac telephony escalation.quarantined")
        bad = self.escalate(ours)
        self.escalate_others_until(4)
        wait_until(lambda: [each for each in self.alarms("engine.quarantine") if bad in each],
                   "the alarm")
        view = self.wait_for_view(ours, bad, lambda view: any(
            each["reason"] == "ended_the_gateway" for each in view["attempts"]), "its end")
        self.assertTrue(view["quarantined"])
        self.assertEqual(self.gateway.ends, [self.signal] * 4)

    def test_abort_when_a_test_is_pushed(self):
        ours = self.new_customer("push")
        token = "09" * 32
        paul = ours.agents["paul"].register(target=token).client
        self.gateway.hooks.set(f"{self.verb} submit_request push {token}")
        with contextlib.suppress(OSError):
            paul.post("/v1/agent/devices/phone-1/test", {})
        self.escalate_others_until(2)
        wait_until(lambda: [each["reason"] for each in self.over_restarts(
            lambda: paul.get("/v1/agent/devices/phone-1/tests"))["items"]
                            ] == ["ended_the_gateway"], "its end")
        self.assertEqual(self.gateway.ends, [self.signal] * 2)

    def test_abort_in_a_reader(self):
        ours = self.new_customer("push")
        self.gateway.hooks.set(f"{self.verb} column_text reader Venin")
        bad = self.escalate(ours, summary="Venin")
        desk = self.gateway.client(ours.desk_key)

        def read():
            return self.over_restarts(lambda: desk.get(f"/v1/escalations/{bad}"))

        with contextlib.suppress(AssertionError):
            wait_until(lambda: read().status == 409, "the refusal")
        self.assert_problem(read(), 409, "quarantined")
        self.assertEqual(self.gateway.ends, [self.signal] * 2)
        listed = desk.get(f"/v1/escalations?customer={ours.slug}").json["items"]
        self.assertEqual(listed, [])
        self.others.append(self.escalate(self.good))
        self.check_set_aside(ours, bad, 2)

    def test_abort_while_the_body_is_written(self):
        """In libcurl, which says of no request that it is at it: when many are under way the first
        death is nobody's, and then they go one at a time."""
        ours, number = self.customer_with_a_number()
        others = self.new_customer("call")
        self.gateway.hooks.set(f"{self.verb} send telephony {number}")
        bad = self.escalate(ours)
        for _ in range(20):
            self.escalate(others)
        wait_until(lambda: self.callbacks("escalation.quarantined", bad), "the callback")
        ends = len(self.gateway.ends)
        self.assertLessEqual(ends, 4)
        told = [each["body"]["escalation"] for each in self.telephony.records()
                if each.get("type") == "escalation.quarantined"]
        self.assertEqual([each for each in told if each in self.all_of(others)], [])
        self.check_set_aside(ours, bad, ends)

    def all_of(self, customer):
        return [each["id"] for each in self.over_restarts(lambda: self.gateway.client(
            customer.desk_key).get(f"/v1/escalations?customer={customer.slug}")).json["items"]]

    def read_until(self, read):
        """Somebody asks again and again, as a desk does that sees no answer."""
        ends = len(self.gateway.ends) + 2

        def read_again():
            with contextlib.suppress(OSError):
                read(self.gateway.client(self.good.desk_key))
            return len(self.gateway.ends) >= ends

        wait_until(read_again, f"the end number {ends}")
        return self.over_restarts(lambda: read(self.gateway.client(self.good.desk_key)))

    def test_abort_in_a_list(self):
        bad = self.escalate(self.good)
        self.assertEqual(self.good.verb(bad, "take", operator="Venin lu").status, 200)
        self.others = [self.escalate(self.good)]
        self.gateway.hooks.set(f"{self.verb} column_text reader Venin lu")
        answer = self.read_until(lambda desk: desk.get(
            f"/v1/escalations?customer={self.good.slug}"))
        self.assertEqual([each["id"] for each in answer.json["items"]], self.others)
        self.check_set_aside(self.good, bad, 2)

    def test_abort_in_a_stream(self):
        bad = self.escalate(self.good)
        self.others = [self.escalate(self.good)]
        self.gateway.hooks.set(f"{self.verb} column_text streams Venin lu")
        self.assertEqual(self.good.verb(bad, "take", operator="Venin lu").status, 200)

        def follow_again():
            with contextlib.suppress(OSError, EOFError, AssertionError,
                                     http.client.HTTPException):
                with contextlib.closing(astreinte_test.Events(
                        self.gateway.port, self.good.desk_key, self.good.slug,
                        last_id=0)) as events:
                    events.next()
            return len(self.gateway.ends) >= 2

        wait_until(follow_again, "the end number 2")
        self.check_set_aside(self.good, bad, 2)


class Hangs(Carried):
    """The same threads, ended by the supervisor."""

    def test_hang_in_the_telephony_thread(self):
        """The supervisor's SIGABRT comes in any thread: to blame is who has been at it longest."""
        ours, number = self.customer_with_a_number()
        self.gateway.hooks.set(f"hang hmac telephony {number}")
        bad = self.escalate(ours)
        self.escalate_others_until(2)
        self.check_set_aside(ours, bad, 2)

    def test_hang_in_the_sealing_thread(self):
        """Nobody's push that is encrypted leaves meanwhile: it is as good as the push thread's."""
        ours = self.new_customer("push")
        token = "cd" * 32
        self.with_keys(ours, token)
        self.gateway.hooks.set("hang encrypt push-seal Venin")
        bad = self.escalate(ours, summary="Venin")
        self.escalate_others_until(2)
        self.check_set_aside(ours, bad, 2)


@unittest.skipIf(SANITIZED, "a sanitizer has its own handler")
class Faults(OnItsWay):
    """A segmentation fault is no abort(): its signal must find the handler in every thread."""

    verb, signal = "crash", signal.SIGSEGV


if __name__ == "__main__":
    unittest.main()

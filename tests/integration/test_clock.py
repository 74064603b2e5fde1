"""The machine's clocks move under the running gateway: the wall is stepped, both nights of the
clock change pass, the machine is suspended. No wait moves, schedules follow the wall, nothing is
skipped or repeated, and every move is an alarm and stands in the timeline.

The gateway alone lives by these clocks: who takes its calls and alarms has the right time. How late
a step began is taken from the gateway's record, and may be LATE_MS_MAX; what the machine itself was
late meanwhile (machine_pace.py) is not the gateway's fault.
"""

import contextlib
import datetime
import re
import sqlite3
import unittest

import astreinte_test
import machine_pace
from astreinte_test import wait_until

SECOND_MS, HOUR_MS, DAY_MS = 1000, 3_600_000, 86_400_000
UTC = datetime.timezone.utc
STEP_MS = 2 * SECOND_MS
NIGHT_WAIT_MS = 600 * SECOND_MS
LATE_MS_MAX = 100
SUSPENDS = 6


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def instant(record):
    return datetime.datetime.fromisoformat(record["at"].replace("Z", "+00:00"))


class ClockTest(astreinte_test.GatewayTest):
    simulators = ("telephony",)
    moves_clock = ("gateway",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.telephony.control(number="*", behaviour="no_answer", after_s=600)

    def setUp(self):
        super().setUp()
        self.control = self.enterContext(machine_pace.Control(self.directory))

    def assert_on_time(self, late_ms, what):
        """Never early, and late by no more than LATE_MS_MAX and the machine."""
        print(f"{what}: late by {late_ms:.0f} ms as recorded (the machine: "
              f"{self.control.late_ms:.0f} ms)", flush=True)
        self.assertGreaterEqual(late_ms, 0, what)
        self.assertLessEqual(late_ms, LATE_MS_MAX + self.control.late_ms, what)

    def query(self, sql, *arguments):
        """Rows of the running gateway's database."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.directory}/astreinte.db?mode=ro", uri=True)) as database:
            return database.execute(sql, arguments).fetchall()

    def taken(self, kind):
        """Webhooks of a type that were taken, each once."""
        return [each for each in self.telephony.records()
                if each.get("type") == kind and each["answered"] == 200 and not each["repeat"]]

    def calls(self, escalation):
        return [each for each in self.taken("call.requested")
                if each["body"]["escalation"] == escalation]

    def called(self, calls):
        numbers = {"+33600000010": "paul", "+33600000011": "marie"}
        return [numbers[each["to"]] for each in calls]

    def wait_for_calls(self, escalation, count):
        wait_until(lambda: len(self.calls(escalation)) >= count, f"call {count}")
        return self.calls(escalation)

    def wait_for_alarm(self, kind, count=1):
        def look():
            found = [each["body"]["detail"] for each in self.taken("gateway.alarm")
                     if each["body"]["alarm"] == kind]
            return found if len(found) >= count else None

        return wait_until(look, f"{count} alarms {kind}")

    def due_ms(self, escalation):
        [[due]] = self.query("SELECT due_engine FROM escalation WHERE escalation_id = ?",
                             bytes.fromhex(escalation.replace("-", "")))
        return due

    def entries(self, escalation, kind):
        return [each for each in self.customer_of_test.show(escalation)["timeline"]
                if each["kind"] == kind]

    def begun_ms(self, escalation):
        """Engine time at which each step began, from the record."""
        return [at for at, in self.query(
            "SELECT at_engine FROM timeline WHERE escalation_id = ? AND kind = 3 ORDER BY seq",
            bytes.fromhex(escalation.replace("-", "")))]

    def customer_with_steps(self, steps, wait_ms=STEP_MS, last_ms=600 * SECOND_MS, **options):
        """A procedure that calls who is on call, again and again."""
        definition = astreinte_test.procedure(steps=[
            {"notify": [{"on_call": "principal"}], "by": ["call"],
             "accepted_within_s": (wait_ms if number + 1 < steps else last_ms) // 1000}
            for number in range(steps)])
        self.customer_of_test = self.customer(definition=definition, devices=False, **options)
        return self.customer_of_test

    def assert_waits(self, escalation, calls, what):
        """By the record each wait is what was agreed; prints by how much the world saw it move."""
        begun = self.begun_ms(escalation)
        self.assertEqual(len(begun), len(calls), calls)
        at = [instant(each) for each in calls]
        for number in range(1, len(calls)):
            seen_ms = (at[number] - at[number - 1]) / datetime.timedelta(milliseconds=1)
            print(f"{what[number - 1]}: the wait moved by {seen_ms - STEP_MS:+.0f} ms as called")
            self.assert_on_time(begun[number] - begun[number - 1] - STEP_MS, what[number - 1])


class StepsTest(ClockTest):
    def test_steps_of_an_hour_and_a_day__move_no_wait(self):
        steps = (HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS)
        lift = self.customer_with_steps(len(steps) + 2)
        events = astreinte_test.Events(self.gateway.port, lift.desk_key, lift.slug)
        self.addCleanup(events.close)
        escalation = lift.escalate()["id"]
        for number, step in enumerate(steps):
            self.wait_for_calls(escalation, number + 2)
            due = self.due_ms(escalation)
            self.clock.step_wall(step)
            wait_until(lambda: len(self.entries(escalation, "clock_stepped")) == number + 1,
                       "the entry of the step")
            due_after, begun = self.due_ms(escalation), self.begun_ms(escalation)
            if len(begun) == number + 2:  # the same wait still
                self.assertEqual(due_after, due)
                self.assertEqual(due, begun[-1] + STEP_MS)
        calls = self.wait_for_calls(escalation, len(steps) + 2)
        self.assert_waits(escalation, calls, ("no step", "+1 h", "-1 h", "+1 day", "-1 day"))
        self.assertEqual(self.called(calls), ["paul"] * len(calls))

        details = self.wait_for_alarm("clock.stepped", len(steps))
        entries = self.entries(escalation, "clock_stepped")
        for step, detail, entry in zip(steps, details, entries, strict=True):
            told = int(detail.split(" by ")[1].split()[0])
            self.assertEqual(round(told / 100), step / 100, detail)
            self.assertEqual(entry["facts"]["number"], told)
        self.assertIn("set forward by 1:00:00", entries[0]["text"])
        self.assertIn("set back by 24:00:00", entries[3]["text"])

        seen = [events.next() for _ in range(len(lift.show(escalation)["timeline"]))]
        ids = [number for number, _, _ in seen]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(sum(each["kind"] == "clock_stepped" for _, _, each in seen), len(steps))


class RecordTest(ClockTest):
    def test_request_repeated_after_a_day__is_the_same_escalation(self):
        lift = self.customer_with_steps(1)
        first = lift.escalate(headers={"Idempotency-Key": "the-same-call"})["id"]
        self.clock.step_wall(2 * DAY_MS)
        self.addCleanup(self.clock.step_wall, -2 * DAY_MS)
        wait_until(lambda: self.entries(first, "clock_stepped"), "the entry of the step")
        again = lift.escalate(headers={"Idempotency-Key": "the-same-call"})
        self.assertEqual(again["id"], first, again)

    def test_lists__show_the_newest_first_whatever_the_wall_said(self):
        lift = self.customer_with_steps(1)
        made = [lift.escalate()["id"]]
        for step in (-DAY_MS, 2 * DAY_MS, -DAY_MS):
            self.clock.step_wall(step)
            made.insert(0, lift.escalate()["id"])
        listed, cursor = [], ""
        while cursor is not None:
            page = lift.desk.get(f"/v1/escalations?customer={lift.slug}&limit=1{cursor}")
            listed += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        self.assertEqual(listed, made)


def moved_ms(alarm):
    return int(re.search(r" ([-+]?\d+) ms", alarm).group(1))


class RestartTest(ClockTest):
    def test_step_while_the_process_is_away__is_told_by_the_restart(self):
        lift = self.customer_with_steps(1)
        escalation = lift.escalate()["id"]
        self.wait_for_calls(escalation, 1)
        due = self.due_ms(escalation)
        self.gateway.kill()
        self.clock.step_wall(-DAY_MS)
        self.gateway.start()
        [detail] = self.wait_for_alarm("clock.stepped")
        self.assertAlmostEqual(moved_ms(detail), -DAY_MS, delta=100)
        wait_until(lambda: self.entries(escalation, "clock_stepped"), "the entry of the step")
        self.assertEqual(self.due_ms(escalation), due)


class SuspendTest(ClockTest):
    def test_suspend__runs_over_a_deadline_which_is_met_once_and_told(self):
        lift = self.customer_with_steps(3)
        escalation = lift.escalate()["id"]
        self.wait_for_calls(escalation, 1)
        due = self.due_ms(escalation)
        resumed_ms = self.suspend()
        calls = self.wait_for_calls(escalation, 2)
        [detail] = self.wait_for_alarm("clock.suspended")
        self.assertAlmostEqual(moved_ms(detail), HOUR_MS, delta=100)
        self.wait_for_alarm("engine.overdue")
        late = self.entries(escalation, "late")[0]
        [suspended] = self.entries(escalation, "clock_suspended")
        self.assertLess(suspended["seq"], late["seq"])
        calls = self.wait_for_calls(escalation, 3)
        self.assertEqual(self.called(calls), ["paul"] * 3)
        begun = self.begun_ms(escalation)
        self.assertEqual(begun[1] - due, late["facts"]["number"])
        self.assertEqual(self.entries(escalation, "clock_stepped"), [])
        self.assert_woke(escalation, 1, resumed_ms)
        self.assert_on_time(begun[2] - begun[1] - STEP_MS, "the wait after it")

    def suspend(self):
        """For an hour; answers when it ended, by the gateway's wall in ms."""
        resumed_ms = int(self.clock.wall().timestamp() * 1000) + HOUR_MS
        self.clock.suspend(HOUR_MS)
        return resumed_ms

    def assert_woke(self, escalation, step, resumed_ms):
        started = self.entries(escalation, "step_started")[step]
        self.assert_on_time(instant(started).timestamp() * 1000 - resumed_ms,
                            "what came due in a suspend, from its end")

    def test_suspends__are_each_seen_at_once(self):
        """Not by chance: something else may wake the writer just then, but not each time."""
        lift = self.customer_with_steps(SUSPENDS + 1)
        escalation = lift.escalate()["id"]
        for number in range(1, SUSPENDS + 1):
            self.wait_for_calls(escalation, number)
            resumed_ms = self.suspend()
            self.wait_for_calls(escalation, number + 1)
            self.assert_woke(escalation, number, resumed_ms)


class ClockChangeTest(ClockTest):
    """Europe/Paris; paul and marie take turns, handing over each night at 02:30."""

    wall_at_start = moment("2026-10-24T12:00:00")

    def pass_hand_over(self, lift, at, before, after):
        """A procedure runs over it: each is called once, by the time on the wall. All but a second
        of the wait passes at once."""
        self.clock.set_wall(moment(at) - datetime.timedelta(seconds=NIGHT_WAIT_MS / 2000))
        escalation = lift.escalate()["id"]
        self.wait_for_calls(escalation, 1)
        due = self.due_ms(escalation)
        self.clock.suspend(NIGHT_WAIT_MS - SECOND_MS)
        calls = self.wait_for_calls(escalation, 2)
        self.assertEqual(self.called(calls), [before, after], at)
        begun = self.begun_ms(escalation)
        self.assertEqual(due, begun[0] + NIGHT_WAIT_MS)
        self.assert_on_time(begun[1] - due, f"over {at} UTC")
        self.assertEqual(lift.verb(escalation, "cancel", reason="Fin").status, 200)
        return escalation

    def shifts(self, lift, since, until):
        answer = lift.desk.get(f"/v1/customers/{lift.slug}/rotas/principal/on-call"
                               f"?from={since}Z&to={until}Z")
        return [(each["from"][:19], each["to"][:19], each["agent"])
                for each in answer["intervals"]]

    def test_both_nights__hand_over_once(self):
        lift = self.customer_with_steps(2, NIGHT_WAIT_MS)
        lift.admin_path("PUT", "rotas/principal", {"layers": [{
            "turn": "daily", "turn_length": 1, "starts_on": "2026-10-01",
            "hand_over": {"time": "02:30"}, "participants": ["paul", "marie"]}]}, 200)

        # 02:30 comes twice, at 00:30 and at 01:30 UTC: the hand-over is the first.
        self.assertEqual(self.shifts(lift, "2026-10-24T12:00:00", "2026-10-25T12:00:00"),
                         [("2026-10-24T12:00:00", "2026-10-25T00:30:00", "marie"),
                          ("2026-10-25T00:30:00", "2026-10-25T12:00:00", "paul")])
        self.pass_hand_over(lift, "2026-10-25T00:30:00", "marie", "paul")
        self.pass_hand_over(lift, "2026-10-25T01:00:00", "paul", "paul")
        self.pass_hand_over(lift, "2026-10-25T01:30:00", "paul", "paul")
        self.pass_hand_over(lift, "2026-10-26T01:30:00", "paul", "marie")

        # 02:30 does not come: the hand-over is when the clock jumps, at 01:00 UTC.
        before, after = self.turn_of(lift, "2027-03-28T00:59:59"), None
        after = "marie" if before == "paul" else "paul"
        self.pass_hand_over(lift, "2027-03-28T01:00:00", before, after)
        self.pass_hand_over(lift, "2027-03-28T01:30:00", after, after)
        self.pass_hand_over(lift, "2027-03-29T00:30:00", after, before)

    def turn_of(self, lift, at):
        """Who it is by counting days: one turn a day since the rota began."""
        days = (moment(at).date() - datetime.date(2026, 10, 2)).days
        return ("paul", "marie")[days % 2]


if __name__ == "__main__":
    unittest.main()

"""A full disk: new escalations are refused, the open ones go on, and room is noticed.

The database lies on a small tmpfs of its own, filled by the gateway itself or by a stranger's file.
An hour passes on the machine's clocks, in steps (machine_clock.py); ASTREINTE_DISK_HOURS is how
many. Only root can mount: everybody else's run is skipped, and root's fails when it cannot.
"""

import contextlib
import errno
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import astreinte_test
from astreinte_test import wait_until

HOURS = float(os.environ.get("ASTREINTE_DISK_HOURS", "1"))
STEP_MS = 15_000
STEPS = int(HOURS * 3_600_000 / STEP_MS)
MIB = 1 << 20
RESERVE_MB = 4
OPEN = 20
NIGHT = astreinte_test.procedure(
    rounds=3, round_spacing_s=120,
    steps=[{"notify": [{"on_call": "principal"}], "by": ["push"], "accepted_within_s": 60},
           {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 60},
           {"notify": [{"on_call": "renfort"}], "by": ["push", "call"], "accepted_within_s": 60}])


class SmallDisk:
    """A tmpfs of so many MiB."""

    def __init__(self, size_mb):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="astreinte-disk-"))
        self._mount("-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "tmpfs")

    def _mount(self, *arguments):
        done = subprocess.run(["mount", *arguments, self.path], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            self.path.rmdir()
            reason = f"no tmpfs can be mounted here: {done.stderr.strip()}"
            if os.geteuid() == 0:
                raise AssertionError(f"{reason}: root needs CAP_SYS_ADMIN for it (in a container: "
                                     "--cap-add SYS_ADMIN)")
            raise unittest.SkipTest(f"{reason}: run as root")

    def grow(self, size_mb):
        self._mount("-o", f"remount,size={size_mb}m")

    def free_bytes(self):
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self):
        """A stranger's file takes what is left, and more of it each time."""
        with open(self.path / "stranger", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC, error

    def empty(self):
        (self.path / "stranger").unlink()

    def close(self):
        subprocess.run(["umount", self.path], check=True)
        self.path.rmdir()


class DiskTest(astreinte_test.GatewayTest):
    disk_mb = 12
    reserve_mb = RESERVE_MB

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.disk = SmallDisk(cls.disk_mb)
            stack.callback(cls.disk.close)
            cls.sections = {"gateway": {"database": cls.disk.path / "astreinte.db",
                                        "reserve_mb": cls.reserve_mb}}
            super().setUpClass()
            cls._disk_stack = stack.pop_all()

    @classmethod
    def tearDownClass(cls):
        with cls._disk_stack:
            super().tearDownClass()

    def metric(self, name):
        text = self.admin.get("/metrics").body.decode()
        return int(re.search(rf"^astreinte_{name} (\d+)$", text, re.MULTILINE)[1])

    def assert_refused(self, answer):
        self.assert_problem(answer, 507, "disk-full")

    def assert_not_ready(self):
        answer = self.admin.get("/readyz")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("disk full", " ".join(answer["reasons"]))
        self.assertEqual(self.metric("disk_full"), 1)

    def wait_until_taken_again(self, customer):
        """New escalations are taken, by the process that refused them."""
        process = self.gateway.process.pid
        wait_until(lambda: customer.escalate().status == 202, "a new escalation to be taken")
        self.assertEqual(self.gateway.process.pid, process)
        self.assertEqual(self.metric("disk_full"), 0)
        self.assertEqual(self.metric("reserve_held_bytes"), self.reserve_mb * MIB)
        self.assertEqual(self.admin.get("/readyz").status, 200)

    def assert_done(self, answer):
        self.assertIn(answer.status, (200, 202), answer)


class HourTest(DiskTest):
    """Filled by the gateway itself; then an hour of work for what is open."""

    simulators = ("provider", "telephony")
    moves_clock = ("gateway", "provider", "telephony")

    def fill_with_escalations(self, customer):
        """Tickets that are done, until one is refused. Answers how many."""
        count = 0
        while True:
            answer = customer.escalate(details="d" * 8000, severity="minor")
            if answer.status != 202:
                self.assert_refused(answer)
                return count
            for verb in ("take", "done"):
                self.assert_done(customer.verb(answer["id"], verb))
            count += 1

    def answer_some(self, lift, escalations, step):
        """Now and then somebody accepts and goes on, or declines."""
        which, what = divmod(step, STEPS // 12)
        if what != 0 or which >= 12:
            return 0
        paul, marie = lift.agents["paul"], lift.agents["marie"]
        if which % 3 == 2:
            self.assert_done(paul.verb(escalations[which], "decline"))
            return 1
        agent = marie if which % 2 else paul
        for verb in ("accept", "on-my-way", "done"):
            self.assert_done(agent.verb(escalations[which], verb))
        return 3

    def live_an_hour(self, lift, escalations):
        answers = refused = 0
        for step in range(STEPS):
            self.clock.suspend(STEP_MS)
            answers += self.answer_some(lift, escalations, step)
            self.assert_refused(lift.escalate())
            refused += 1
            # What goes out is answered in real time.
            wait_until(lambda: self.metric("overdue_milliseconds") == 0, "nothing to be overdue")
        return answers, refused

    def rounds_told(self, escalation):
        return sum(line["type"] == "procedure.exhausted" and line["answered"] == 200 and
                   line["body"]["escalation"] == escalation for line in self.telephony.records())

    def test_hour__open_escalations_go_on(self):
        lift = self.customer("ascenseurs", NIGHT)
        other = self.customer("autre", NIGHT)
        escalations = [lift.escalate()["id"] for _ in range(OPEN)]
        filled = self.fill_with_escalations(other)
        first_held = self.metric("reserve_held_bytes")
        self.assertGreaterEqual(first_held, RESERVE_MB * MIB * 7 // 8)  # refused early enough
        self.assert_not_ready()
        answers, refused = self.live_an_hour(lift, escalations)
        held = self.metric("reserve_held_bytes")
        left = [each for each in escalations if lift.show(each)["state"] == "exhausted"]
        told = [self.rounds_told(each) for each in left]
        print(f"{filled} tickets filled {self.disk_mb} MiB; {HOURS:g} h with {OPEN} open: "
              f"{answers} answers taken, {refused} new ones refused, {len(left)} exhausted and "
              f"told {min(told)} to {max(told)} times; the reserve went from {first_held} to "
              f"{held} bytes", flush=True)
        self.assertGreaterEqual(len(left), OPEN // 2)
        self.assertGreater(min(told), 1)
        self.assertGreater(held, 0)
        self.assertNotIn("reserve_used_up", self.gateway.log())
        for escalation in left:
            self.assert_done(lift.agents["marie"].verb(escalation, "accept"))
        alarms = [line["body"]["alarm"] for line in self.telephony.records()
                  if line["type"] == "gateway.alarm"]
        self.assertIn("engine.disk_full", alarms)
        self.disk.grow(2 * self.disk_mb)
        self.wait_until_taken_again(lift)
        self.assertIn("engine.disk_has_room", self.gateway.log())


class StrangerTest(DiskTest):
    """Filled by somebody else, who also takes each piece that is given."""

    def test_stranger__leaves_the_open_ones_alone(self):
        lift = self.customer()
        escalations = [lift.escalate()["id"] for _ in range(OPEN)]
        self.disk.fill()
        wait_until(lambda: lift.escalate().status == 507, "a new escalation to be refused")
        self.assert_not_ready()
        for escalation in escalations[:OPEN // 2]:
            self.disk.fill()
            self.assert_done(lift.agents["paul"].verb(escalation, "accept"))
        self.assertGreater(self.metric("reserve_held_bytes"), 0)
        for stop in (self.gateway.kill, self.gateway.stop):  # it starts on a full disk, too
            with self.subTest(stop=stop.__name__):
                stop()
                self.disk.fill()
                self.gateway.start()
                self.assert_refused(lift.escalate())
                accepted = escalations.pop()
                self.assert_done(lift.agents["paul"].verb(accepted, "accept"))
                self.assertEqual(lift.show(accepted)["state"], "accepted")
        self.disk.empty()
        self.wait_until_taken_again(lift)


class TooSmallTest(DiskTest):
    """The reserve does not fit on the disk."""

    disk_mb = 4
    reserve_mb = 64

    def test_too_small__starts_and_says_so(self):
        self.assert_not_ready()
        self.assertRegex(self.gateway.log(), "reserve_does_not_fit.*reserve_mb")
        self.assert_refused(self.admin.put("/v1/customers/lift", {
            "name": "Lift", "time_zone": "Europe/Paris", "language": "fr", "alias": "le client"}))
        self.disk.grow(80)
        wait_until(lambda: self.admin.get("/readyz").status == 200, "it to be ready")
        self.wait_until_taken_again(self.customer())


if __name__ == "__main__":
    unittest.main()

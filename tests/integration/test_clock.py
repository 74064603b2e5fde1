"""The machine's clocks move under the running gateway."""

import datetime
import unittest

import astreinte_test

HOUR_MS = 3_600_000


class WallOfTheMachineTest(astreinte_test.GatewayTest):
    moves_clock = ("gateway",)

    def test_step__is_what_the_gateway_sees_as_now(self):
        lift = self.customer()
        self.clock.set_wall(datetime.datetime(2027, 3, 28, 0, 59, tzinfo=datetime.timezone.utc))
        view = lift.show(lift.escalate()["id"])
        self.assertEqual(view["opened_at"][:16], "2027-03-28T00:59", view)


if __name__ == "__main__":
    unittest.main()

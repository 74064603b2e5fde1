"""A push provider that is down: the next path at once, an alarm, and everybody can see it; what was
delayed arrives when it comes back."""

import unittest

import astreinte_test
from astreinte_test import wait_until

STEPS = [{"notify": [{"on_call": "principal"}], "by": ["push"], "received_within_s": 50,
          "accepted_within_s": 60},
         {"notify": [{"on_call": "renfort"}], "by": ["call"], "accepted_within_s": 60}]
NEXT_PATH_S = 10  # far below the 50 s that the step would wait


class PushDown(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony", "phone")

    def setUp(self):
        self.ours = self.customer(definition=astreinte_test.procedure(steps=STEPS))
        self.telephony.control(number="*", behaviour="no_answer", after_s=60)

    def alarms(self, kind):
        return [each["body"]["detail"] for each in self.telephony.records()
                if each.get("type") == "gateway.alarm" and each["body"]["alarm"] == kind]

    def provider_view(self, name="apns"):
        items = self.ours.desk.get("/v1/providers")["items"]
        return next(each for each in items if each["provider"] == name)

    def test_down_and_up_again(self):
        target = self.ours.agents["paul"].targets["phone-1"]
        self.phone.control(token=target, behaviour="accept", received_after_s=0.02,
                           answer_after_s=0.05)
        self.provider.control(provider="apns", down=True)
        self.addCleanup(self.provider.control, provider="apns", down=False)
        escalation = self.ours.escalate()["id"]

        def called():
            return [each for each in self.ours.show(escalation)["attempts"]
                    if each["path"] == "call"]
        wait_until(called, "the call", patience_s=NEXT_PATH_S)
        view = self.ours.show(escalation)
        push = view["attempts"][0]
        self.assertEqual((push["path"], push["state"]), ("push", "handed_over"))
        self.assertIsNotNone(push["delayed_at"])
        self.assertIn("attempt_delayed", [each["kind"] for each in view["timeline"]])

        # Everybody can see it, and the pager goes on.
        def ready_and_down():
            ready = self.admin.get("/readyz")
            self.assertEqual((ready.status, ready["ready"]), (200, True))
            return ready if ready["providers"]["apns"]["health"] == "down" else None
        ready = wait_until(ready_and_down, "the state", patience_s=NEXT_PATH_S)
        self.assertIsNotNone(ready["providers"]["apns"]["down_since"])
        self.assertEqual(self.provider_view()["health"], "down")
        self.assertIn('astreinte_push_up{provider="apns"} 0',
                      self.admin.get("/metrics").body.decode())
        [detail] = wait_until(lambda: self.alarms("push.down"), "the alarm")
        self.assertTrue(detail.startswith("apns"), detail)

        # It comes back: the push that waited arrives, and is accepted.
        self.provider.control(provider="apns", down=False)
        view = self.ours.wait_for_state(escalation, "accepted")
        self.assertEqual(view["holder"]["who"], "paul")
        self.assertIsNotNone(view["attempts"][0]["accepted_at"])
        wait_until(lambda: self.alarms("push.up"), "the end of the alarm")
        self.assertEqual(self.provider_view()["health"], "up")
        self.assertTrue(self.provider_view()["connections"])

    def test_metrics__say_how_it_goes(self):
        escalation = self.ours.escalate()["id"]
        wait_until(lambda: self.ours.show(escalation)["attempts"][0]["accepted_at"],
                   "the provider's answer")
        text = self.admin.get("/metrics").body.decode()
        for line in ('astreinte_push_jobs_total{provider="apns"} ',
                     'astreinte_push_hedges_total{provider="fcm"} ',
                     'astreinte_push_connections_resumed_total{provider="webpush"} ',
                     'astreinte_push_latency_seconds_bucket{provider="apns",le="0.001"} ',
                     'astreinte_push_latency_seconds_bucket{provider="apns",le="+Inf"} ',
                     'astreinte_push_latency_seconds_count{provider="apns"} ',
                     'astreinte_push_clock_skew_seconds{provider="apns"} ',
                     'astreinte_push_connection_state{provider="apns",'):
            self.assertIn(line, text)
        for line in text.splitlines():
            self.assertTrue(line.startswith("#") or line.rsplit(" ", 1)[1], line)


if __name__ == "__main__":
    unittest.main()

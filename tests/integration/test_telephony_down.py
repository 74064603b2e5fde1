"""Nothing that listens for calls and alarms: the gateway goes on and says so wherever it still can,
and takes it back by itself. A real endpoint, stopped and started again."""

import http.server
import threading
import unittest

import astreinte_test
import supervised
from astreinte_test import Simulator, wait_until

STEPS = [{"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 2}]
FAULT = "no telephony endpoint can be reached"


class Beat(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.beats += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format, *args):
        """The number of beats says it all."""


class Receiver(http.server.ThreadingHTTPServer):
    """The dead man's switch."""

    daemon_threads = True

    def __init__(self):
        self.beats = 0
        super().__init__(("127.0.0.1", 0), Beat)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class TelephonyDown(supervised.SupervisedTest):
    simulators = ("telephony",)

    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.sections = {"heartbeat": {"url": f"http://127.0.0.1:{cls.receiver.server_port}/",
                                      "every_s": 1}}
        super().setUpClass()
        cls._stack.callback(cls.receiver.server_close)
        cls._stack.callback(cls.receiver.shutdown)

    def metric(self, name):
        [line] = [line for line in self.admin.get("/metrics").body.decode().splitlines()
                  if line.startswith(name + " ")]
        return float(line[len(name):])

    def withheld(self):
        return self.metric('astreinte_heartbeats_total{outcome="withheld"}')

    def failing_s(self, endpoint):
        return self.metric(f'astreinte_callback_failing_seconds{{endpoint="{endpoint}"}}')

    def ready(self):
        answer = self.admin.get("/readyz")
        self.assertEqual((answer.status, answer["ready"]), (200, True), answer)
        return answer["providers"]

    def items(self):
        return {each["endpoint"]: each for each in self.admin.get("/v1/providers")["items"]
                if each["provider"] == "telephony"}

    def logged_about(self, endpoint):
        return self.gateway.log().count(f'"detail":"endpoint {endpoint} has delivered nothing')

    def wait_for_health(self, health, *endpoints):
        wait_until(lambda: all(self.ready()[f"endpoint.{name}"]["health"] == health
                               for name in endpoints), f"{endpoints} to be {health}")

    def restart_telephony(self):
        arguments = self.telephony.arguments + ["--port", str(self.telephony.ready["port"])]
        self.telephony.arguments = arguments
        self.telephony.start()

    def wait_for_beats(self, count=2):
        before = self.receiver.beats
        wait_until(lambda: self.receiver.beats >= before + count, "heartbeats")

    def test_refused(self):
        """It answers, and takes nothing: that is not down, and told all the same."""
        ours = self.customer(definition=astreinte_test.procedure(steps=STEPS, rounds=10),
                             devices=False)
        self.telephony.control(number="*", behaviour="refuse_http", http_status=410)
        ours.escalate()
        wait_until(lambda: any(text.startswith("endpoint telephony answers http_410")
                               for text in self.alarms("telephony.refused")), "the refusal told")
        self.assertEqual(self.ready()["endpoint.telephony"]["health"], "up")
        self.telephony.control(number="*", behaviour="accept")

    def test_down_and_up_again(self):
        self.wait_for_beats()
        ours = self.customer(definition=astreinte_test.procedure(steps=STEPS, rounds=10),
                             devices=False)
        self.telephony.stop()
        withheld = self.withheld()
        ours.escalate()
        self.wait_for_health("down", "telephony")
        self.assertIn("endpoint.heartbeat", self.ready())
        wait_until(lambda: self.logged_about("telephony") and self.logged_about("call-centre"),
                   "words about both")
        self.assertIn("(connect)", self.gateway.log())
        self.assertIn("[endpoint.call-centre]", self.gateway.log())

        wait_until(lambda: self.withheld() > withheld, "a heartbeat withheld")
        self.assertIn(FAULT, self.gateway.log())
        self.assertGreater(self.failing_s("telephony"), 10)
        self.assertEqual(self.failing_s("heartbeat"), 0)
        self.assertEqual(self.metric("astreinte_self_check_passing"), 0)
        self.wait_for_health("down", "telephony", "call-centre")
        item = self.items()["call-centre"]
        self.assertEqual((item["health"], item["reason"]), ("down", "connect"))
        self.assertTrue(item["failing_since"])

        pets, beats = self.gateway.pets, self.receiver.beats
        wait_until(lambda: self.gateway.pets > pets + 6, "systemd petted")
        self.assertEqual((self.gateway.ends, self.receiver.beats), ([], beats))
        late = ours.escalate()
        self.assertEqual(late.status, 202, late)
        self.assertEqual([self.logged_about(name) for name in ("telephony", "call-centre")], [1, 1])

        self.restart_telephony()
        self.wait_for_health("up", "telephony", "call-centre")
        self.wait_for_beats()
        wait_until(lambda: len(self.alarms("telephony.delivers_again")) == 2, "the end told")
        self.assertEqual(sorted(self.alarms("telephony.delivers_again")),
                         ["endpoint call-centre delivers again",
                          "endpoint telephony delivers again"])
        self.assertEqual(self.gateway.log().count('"event":"telephony.delivers_again"'), 2)
        wait_until(lambda: any(text.startswith("endpoint telephony has")
                               for text in self.alarms("telephony.not_delivered")),
                   "what failed meanwhile")
        self.assertEqual(self.failing_s("telephony"), 0)
        wait_until(lambda: self.metric("astreinte_self_check_passing") == 1, "the check passes")
        self.assertEqual(self.gateway.ends, [])


if __name__ == "__main__":
    unittest.main()

"""What leaves the house: every byte that providers and the telephony layer get is looked at, and
no word of the ticket, no name and no number is in it; what phones with keys can decrypt is exactly
what they are told."""

import json
import os
import subprocess
import unittest

import astreinte_test
from astreinte_test import wait_until

SUMMARY = "Fuite d'oxygène au bloc opératoire 7, Mme Martin"
# Long, or with what ids, times and base64 have not: one run of a thousand would find them there.
SECRETS = ("oxygène", "opératoire", "Martin", "Durand", "Petit", "45#12", "portail", "0612345678",
           "+33612345678", "612345678", "Sainte-Ursule", "Ursule")
CALLER = {"name": "Mme Martin", "phone": "06 12 34 56 78"}


class PushContent(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony", "phone")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        vapid = cls.directory / "vapid.pem"
        subprocess.run([os.environ["ASTREINTECTL"], "vapid", "create", vapid], check=True,
                       stdout=subprocess.DEVNULL)
        cls.gateway.stop()
        cls.gateway.sections["push"].update({
            "web_key_file": vapid, "web_subject": "mailto:ops@example.org", "web_loopback": "yes"})
        cls.gateway.start()
        cls.admin = cls.gateway.client()

    def setUp(self):
        self.telephony.control(number="*", behaviour="no_answer", after_s=60)
        steps = [{"notify": [{"on_call": "principal"}], "by": ["push", "call"],
                  "accepted_within_s": 60}]
        self.ours = self.customer(definition=astreinte_test.procedure(steps=steps),
                                  agents={"paul": "Paul Durand", "marie": "Marie Petit"},
                                  devices=False)
        self.ours.admin_path("PUT", "", {
            "name": "Clinique Sainte-Ursule", "time_zone": "Europe/Paris", "language": "fr",
            "alias": "Azur", "default_procedure": "nuit"}, 200)
        self.paul = self.ours.agents["paul"].enrol()

    def keys(self, target):
        answer = self.provider.control(device_key=target)
        self.assertTrue(answer["ok"], answer)
        return {"public_key": answer["p256dh"], "auth_secret": answer["auth"]}

    def register(self, installation, platform, target, **keys):
        answer = self.paul.client.put(f"/v1/agent/devices/{installation}", {
            "platform": platform, "target": target, "permission": "granted", **keys})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer["encrypted"], bool(keys))

    def pushes(self, token):
        return [each for each in self.provider.records() if each["token"] == token]

    def assert_nothing_in_clear(self):
        for record in self.provider.records():
            record.pop("plain", None)  # what the simulator, as the phone, decrypted
            self.assert_neutral(json.dumps(record, ensure_ascii=False))
        for record in self.telephony.records():
            body = record.get("body")
            if record.get("type") == "call.requested":
                body = {**body, "say": {**body["say"], "after_key": ""}, "to": ""}
            self.assert_neutral(json.dumps(body, ensure_ascii=False))

    def assert_neutral(self, text):
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def escalate(self):
        answer = self.ours.escalate(summary=SUMMARY, caller=CALLER,
                                    details="Code portail 45#12.", fields={"site": "Sainte-Ursule"})
        self.assertEqual(answer.status, 202, answer)
        return answer

    def plain_of(self, token):
        [push] = wait_until(lambda: self.pushes(token), f"the push to {token}")
        self.assertIn(push["status"], (200, 201), push)
        return push, json.loads(push["plain"]) if push["plain"] is not None else None

    def test_with_keys__the_phone_alone_is_told(self):
        apns, fcm = "ab" * 32, "fcm-with-keys"
        self.register("apns", "apns", apns, **self.keys(apns))
        self.register("fcm", "fcm", fcm, **self.keys(fcm))
        subscription = self.provider.control(subscription="browser-with-keys")
        self.register("web", "webpush", subscription["endpoint"],
                      public_key=subscription["p256dh"], auth_secret=subscription["auth"])
        escalation = self.escalate()
        told = {"title": "Astreinte – Clinique Sainte-Ursule",
                "body": SUMMARY + "\nAppel urgent. Ouvrez l'application pour répondre.",
                "data": {"ticket": escalation["ticket"], "customer": "Clinique Sainte-Ursule"}}
        for token in (apns, fcm):
            push, plain = self.plain_of(token)
            self.assertEqual(plain, told)
            self.assertNotIn(escalation["ticket"], json.dumps(push["payload"]))
        push, plain = self.plain_of("browser-with-keys")
        self.assertIsNone(push["payload"])
        self.assertEqual((plain["title"], plain["body"]), (told["title"], told["body"]))
        self.assertEqual(plain["data"]["ticket"], escalation["ticket"])
        self.assertEqual(plain["data"]["escalation"], escalation["id"])
        self.assert_nothing_in_clear()

        # The browser answers with what it found inside.
        token = plain["data"]["accept"]
        accepted = self.gateway.client(token).post(
            f"/v1/agent/escalations/{escalation['id']}/accept", {})
        self.assertEqual(accepted.status, 200, accepted)

    def test_without_keys__nothing_is_told(self):
        apns, fcm = "cd" * 32, "fcm-without-keys"
        self.register("apns", "apns", apns)
        self.register("fcm", "fcm", fcm)
        escalation = self.escalate()
        for token in (apns, fcm):
            push, plain = self.plain_of(token)
            self.assertIsNone(plain)
            self.assertNotIn("encrypted", json.dumps(push["payload"]))
            self.assertNotIn(escalation["ticket"], json.dumps(push["payload"]))
        wait_until(lambda: [each for each in self.telephony.records()
                            if each.get("type") == "call.requested"], "the call")
        self.assert_nothing_in_clear()

    def test_test_push__reaches_a_browser_and_is_confirmed(self):
        subscription = self.provider.control(subscription="browser-tested")
        self.register("web", "webpush", subscription["endpoint"],
                      public_key=subscription["p256dh"], auth_secret=subscription["auth"])
        self.phone.control(token="browser-tested", behaviour="see", received_after_s=0.02,
                           answer_after_s=0.02)
        answer = self.paul.client.post("/v1/agent/devices/web/test", {})
        place = f"/v1/agent/devices/web/tests/{answer['id']}"
        wait_until(lambda: self.paul.client.get(place)["state"] == "seen", "the test to be seen")

    def test_key_that_is_no_point__is_refused(self):
        keys = self.keys("ef" * 32)
        wrong = keys["public_key"][:-2] + ("AA" if keys["public_key"][-2:] != "AA" else "BA")
        answer = self.paul.client.put("/v1/agent/devices/apns", {
            "platform": "apns", "target": "ef" * 32, "public_key": wrong,
            "auth_secret": keys["auth_secret"]})
        self.assert_problem(answer, 400, "invalid", "/public_key")


if __name__ == "__main__":
    unittest.main()

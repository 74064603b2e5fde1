"""Bad input at every endpoint: the right status, a problem document that names the place, and
nothing changed. The table is held against the API's own description, so no endpoint is left out."""

import json
import unittest

import astreinte_test
from bad_input_calls import CALLS, KEY, NO_ID, OPEN, READS, SECRET, STEP, WEBHOOK

NOWHERE = "01936f2e-7a52-7c1f-8a4e-0000000000ff"  # an id that nobody has
LONG = "x" * 9000
NUMBER, FOREIGN_NUMBER = "+33199000011", "+33199000012"  # that the customers are called on
KEY_OF = {"desk": "desk_key", "telephony": "telephony_key"}


class BadInput(astreinte_test.GatewayTest):
    simulators = ("provider", "telephony")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        definition = astreinte_test.procedure(steps=[dict(STEP, by=["push", "call"],
                                                          accepted_within_s=3600)])
        cls.ours = astreinte_test.Customer(cls.gateway, "ours", definition)
        cls.ours.add_contact("chef", "Le Chef", "+33611111111")
        cls.ours.admin_path("PUT", "procedures/prise-de-poste", astreinte_test.procedure(
            steps=[dict(STEP, notify=[{"check_in": "agent"}])]), 201)
        cls.theirs = astreinte_test.Customer(cls.gateway, "theirs", definition)
        cls.ours.put(numbers=[NUMBER])
        cls.theirs.put(numbers=[FOREIGN_NUMBER])
        opened = cls.ours.escalate(summary="une")
        cls.escalation, cls.ticket = opened["id"], opened["ticket"]
        # A promise as short as its warning makes a task at once.
        opened = cls.theirs.escalate(summary="autre", callback_promised_s=60)
        cls.foreign, cls.foreign_ticket = opened["id"], opened["ticket"]
        cls.foreign_task = cls.theirs.show(cls.foreign)["tasks"][0]["id"]
        answer = cls.admin.post("/v1/api-keys",
                                {"name": "own admin", "role": "admin", "customers": ["ours"]})
        cls.own_admin_key = answer["key"]
        made = cls.ours.admin_path("POST", "shared-phones", {"name": "Garde",
                                                             "shared_by": ["paul"]}, 201)
        cls.phone_token = cls.gateway.client("").post("/v1/agent/enrolments",
                                                      {"code": made["code"]})["token"]
        cls.attempt = cls.call_attempt(cls.ours, cls.escalation)
        cls.foreign_attempt = cls.call_attempt(cls.theirs, cls.foreign)

    @staticmethod
    def call_attempt(customer, escalation):
        """The call of an escalation, once the telephony layer has said no_answer."""

        def look():
            attempts = customer.show(escalation)["attempts"]
            settled = all(each["state"] != "planned" and each["state"] != "handed_over"
                          for each in attempts)
            calls = [each for each in attempts if each["path"] == "call"]
            return settled and calls and calls[0]["answer"] == "no_answer" and calls[0]["id"]

        return astreinte_test.wait_until(look, "the call's outcome")

    def token(self, who):
        return {"desk": self.ours.desk_key, "telephony": self.ours.telephony_key,
                "switch": self.ours.telephony_key, "agent": self.ours.agents["paul"].token,
                "phone": self.phone_token, "admin": self.gateway.root_key, "nobody": ""}[who]

    def path(self, pattern, **places):
        values = {"escalation": self.escalation, "attempt": self.attempt, "customer": "ours",
                  "task": NOWHERE, "test": NOWHERE, "backup": NOWHERE, "number": NUMBER,
                  "publication": NOWHERE, "ticket": self.ticket, "other": NOWHERE, **places}
        path = pattern
        for name, value in values.items():
            path = path.replace("{" + name + "}", value)
        self.assertNotIn("{", path)
        return path

    def send(self, call, body, who=None, headers=None, **places):
        return self.admin.request(call.method, self.path(call.pattern, **{**call.places, **places}),
                                  body, token=self.token(who or call.who), headers=headers)

    def world(self):
        """Everything that bad input might have changed."""
        seen = {}
        for customer in (self.ours, self.theirs):
            root = f"/v1/customers/{customer.slug}"
            for path in (root, f"{root}/agents", f"{root}/agents/paul/devices", f"{root}/contacts",
                         f"{root}/procedures", f"{root}/rotas", f"{root}/rules",
                         f"/v1/escalations?customer={customer.slug}",
                         f"/v1/tickets?customer={customer.slug}",
                         f"/v1/tasks?customer={customer.slug}"):
                seen[path] = self.stable(self.admin.get(path).json)
        for escalation in (self.escalation, self.foreign):
            seen[escalation] = self.stable(self.admin.get(f"/v1/escalations/{escalation}").json)
        seen["keys"] = self.admin.get("/v1/api-keys").json
        seen["me"] = self.stable(
            self.admin.get("/v1/agent/me", token=self.token("agent")).json)
        return seen

    @staticmethod
    def stable(document):
        """Without what moves by itself: the clock, and refused verbs, which are recorded."""
        text = json.loads(json.dumps(document))

        def clean(value):
            if isinstance(value, dict):
                for name in ("next", "compiled_until", "shift"):
                    value.pop(name, None)
                if "timeline" in value:
                    value["timeline"] = [each for each in value["timeline"]
                                         if each["kind"] != "refused_verb"]
                for each in value.values():
                    clean(each)
            elif isinstance(value, list):
                for each in value:
                    clean(each)

        clean(text)
        return text

    def setUp(self):
        self.before = self.world()

    def tearDown(self):
        self.maxDiff = 4000
        self.assertEqual(self.before, self.world(), "bad input changed something")

    # ---- the table is complete ----

    def test_table_has_every_endpoint(self):
        description = self.admin.get("/openapi.json").json
        described = {(method.upper(), pattern)
                     for pattern, operations in description["paths"].items()
                     for method in operations if method != "parameters"}
        tabled = ({(call.method, call.pattern) for call in CALLS}
                  | {(method, pattern) for method, pattern, _, _ in READS} | OPEN | {WEBHOOK})
        self.assertEqual(described, tabled)

    # ---- bodies ----

    def test_not_json(self):
        for call in CALLS:
            for body in (b"{", b"", b"[]", b"nonsense", b'{"a":1}{"b":2}', b"[" * 3000,
                         b'{"a":1,"a":2}', b"\xff\xfe", b"\x00"):
                if body == b"" and not call.required:
                    continue  # no body counts as {}
                with self.subTest(call=str(call), body=body[:20]):
                    answer = self.send(call, body)
                    self.assert_problem(answer, 400, "invalid")

    def test_not_utf8(self):
        for call in CALLS:
            for name in call.required:
                with self.subTest(call=str(call), member=name):
                    body = json.dumps(dict(call.good, **{name: "@"})).replace("@", "\udcff")
                    answer = self.send(call, body.encode("utf-8", "surrogateescape"))
                    self.assert_problem(answer, 400, "invalid")

    def test_missing_member(self):
        for call in CALLS:
            for name in call.required:
                with self.subTest(call=str(call), member=name):
                    body = {key: value for key, value in call.good.items() if key != name}
                    self.assert_problem(self.send(call, body), 400, "invalid", f"/{name}")

    def test_unknown_member(self):
        for call in CALLS:
            with self.subTest(call=str(call)):
                answer = self.send(call, dict(call.good, colour="red"))
                self.assert_problem(answer, 400, "invalid", "/colour")

    def test_wrong_value(self):
        for call in CALLS:
            for name, value, pointer in call.wrong:
                with self.subTest(call=str(call), member=name, value=str(value)[:40]):
                    answer = self.send(call, dict(call.good, **{name: value}))
                    self.assert_problem(answer, 400, "invalid", pointer or f"/{name}")
                    self.assertIn(name, answer["detail"] + str(answer["errors"]))

    def test_too_long(self):
        for call in CALLS:
            with self.subTest(call=str(call)):
                size = 700000 if call.pattern.endswith("/rotas/{role}") else 300000  # 640 KiB
                body = dict(call.good, padding="x" * size)
                self.assert_problem(self.send(call, body), 413, "too-large")

    def test_other_content_type(self):
        for call in CALLS:
            if not call.good:
                continue
            with self.subTest(call=str(call)):
                answer = self.send(call, call.good, headers={"Content-Type": "text/plain"})
                self.assert_problem(answer, 415, "invalid")

    # ---- who asks ----

    def each_call(self):
        for call in CALLS:
            yield call.method, call.pattern, call.who, call.places, call.good
        for method, pattern, who, places in READS:
            yield method, pattern, who, places, None
        yield *WEBHOOK, "desk", {}, {"customer": "ours"}

    def test_no_key_or_a_wrong_one(self):
        other = astreinte_test.random_key()
        agent = self.ours.agents["paul"].token
        wrong = ["", "x", "ak_", other, other[:-1], agent[:-1] + ("A" if agent[-1] != "A" else "B"),
                 "xt_" + NOWHERE + "_accept_" + "A" * 22]
        for method, pattern, who, places, body in self.each_call():
            if who == "nobody":
                continue
            for token in wrong:
                with self.subTest(call=f"{method} {pattern}", token=token[:6]):
                    answer = self.admin.request(method, self.path(pattern, **places), body,
                                                token=token)
                    self.assert_problem(answer, 401, "unauthenticated")
                    self.assertEqual(answer.headers.get("WWW-Authenticate"), "Bearer")

    def test_wrong_role(self):
        others = {"desk": ("telephony", "agent"), "telephony": ("desk", "agent"),
                  "switch": ("agent",),
                  "agent": ("desk", "telephony", "admin"),
                  "phone": ("desk", "telephony", "admin"), "admin": ("desk", "telephony", "agent"),
                  "nobody": ()}
        needed = {"desk": "needs the role call-centre or admin", "admin": "needs the role admin",
                  "telephony": "needs the role telephony", "agent": "needs an agent's own token",
                  "phone": "needs an agent's own token",
                  "switch": "needs the role call-centre or telephony or admin"}
        role_of = {"desk": "call-centre"}
        for method, pattern, who, places, body in self.each_call():
            for other in others[who]:
                with self.subTest(call=f"{method} {pattern}", role=other):
                    answer = self.admin.request(method, self.path(pattern, **places), body,
                                                token=self.token(other))
                    self.assert_problem(answer, 403, "forbidden")
                    self.assertIn(needed[who], answer["detail"])
                    self.assertIn(f"this key's is {role_of.get(other, other)}", answer["detail"])

    def test_foreign_object(self):
        keys = {"desk": self.ours.desk_key, "telephony": self.ours.telephony_key,
                "switch": self.ours.telephony_key,
                "admin": self.own_admin_key, "agent": self.ours.agents["paul"].token}
        foreign = {"customer": "theirs", "escalation": self.foreign,
                   "attempt": self.foreign_attempt, "task": self.foreign_task,
                   "number": FOREIGN_NUMBER, "ticket": self.foreign_ticket}
        for method, pattern, who, places, body in self.each_call():
            if not any("{" + name + "}" in pattern for name in foreign):
                continue
            with self.subTest(call=f"{method} {pattern}"):
                answer = self.admin.request(method, self.path(pattern, **{**places, **foreign}),
                                            body, token=keys[who])
                self.assert_problem(answer, 404, "not-found")

    def test_foreign_customer_in_query_or_body(self):
        for path in ("/v1/escalations", "/v1/tasks", "/v1/tickets", "/v1/events"):
            answer = self.ours.desk.get(f"{path}?customer=theirs")
            self.assert_problem(answer, 404, "not-found")
        self.assert_problem(self.ours.desk.post("/v1/escalations", {"customer": "theirs"}), 404,
                            "not-found")
        self.assert_problem(self.ours.desk.post("/v1/escalations", {"customer": "nobody"}), 404,
                            "not-found")
        answer = self.admin.post("/v1/api-keys", {"name": "n", "role": "admin",
                                                  "customers": ["theirs"]},
                                 token=self.own_admin_key)
        self.assert_problem(answer, 400, "invalid", "/customers")
        answer = self.admin.post("/v1/api-keys", {"name": "n", "role": "admin",
                                                  "customers": ["*"]}, token=self.own_admin_key)
        self.assert_problem(answer, 400, "invalid", "/customers")
        answer = self.admin.put("/v1/customers/brand-new", CALLS[16].good,
                                token=self.own_admin_key)
        self.assert_problem(answer, 404, "not-found")

    # ---- paths, queries, methods ----

    def test_path_that_is_nothing(self):
        for method, pattern, who, _, body in self.each_call():
            for name in ("escalation", "attempt", "task", "ticket"):
                if "{" + name + "}" not in pattern:
                    continue
                for value in (NOWHERE, "x", "0" * 36, "%2e%2e", "é".encode().hex()):
                    with self.subTest(call=f"{method} {pattern}", value=value):
                        path = self.path(pattern, verb="accept", **{name: value})
                        answer = self.admin.request(method, path, body, token=self.token(who))
                        self.assert_problem(answer, 404, "not-found")

    def test_unknown_name_in_path(self):
        for method, pattern, who, places, body in self.each_call():
            name = {"agent": "agent", "contact": "contact", "procedure": "procedure",
                    "role": "role"}.get(next(iter(places), ""))
            if name is None or method == "PUT" or pattern.endswith("/import"):
                continue  # these make what is not there
            with self.subTest(call=f"{method} {pattern}"):
                path = self.path(pattern, **{**places, name: "nobody"})
                answer = self.admin.request(method, path, body, token=self.token(who))
                self.assert_problem(answer, 404, "not-found")

    def test_name_that_is_no_slug(self):
        for call in CALLS:
            name = next((each for each in ("customer", "agent", "contact", "procedure", "role")
                         if call.pattern.endswith("{" + each + "}")), None)
            if name is None:
                continue
            for value in ("Majuscule", "a_b", "-a", "x" * 64, "%20"):
                with self.subTest(call=str(call), value=value):
                    self.assert_problem(self.send(call, call.good, **{name: value}), 400,
                                        "invalid")

    def test_unknown_verb(self):
        answer = self.admin.post(self.path("/v1/agent/escalations/{escalation}/dance"),
                                 token=self.token("agent"))
        self.assert_problem(answer, 404, "not-found")

    def test_lists_without_a_customer__show_what_the_key_covers(self):
        def customers(token):
            answer = self.admin.get("/v1/escalations?limit=200", token=token)
            self.assertEqual(answer.status, 200, answer)
            return {each["customer"] for each in answer["items"]}

        both = self.admin.post("/v1/api-keys", {
            "name": "both", "role": "call-centre", "customers": ["ours", "theirs"]})
        self.assertEqual(customers(self.ours.desk_key), {"ours"})
        self.assertEqual(customers(both["key"]), {"ours", "theirs"})
        self.assertLessEqual({"ours", "theirs"}, customers(None))
        self.assertEqual(self.admin.get("/v1/tasks", token=both["key"]).status, 200)
        self.assertEqual(self.admin.delete(f"/v1/api-keys/{both['id']}").status, 204)

    def test_query(self):
        root = "/v1/customers/ours/rotas/principal/on-call"
        for path in ("/v1/escalations?customer=ours&colour=red",
                     "/v1/escalations?customer=ours&state=asleep",
                     "/v1/escalations?customer=ours&limit=0",
                     "/v1/escalations?customer=ours&limit=201",
                     "/v1/escalations?customer=ours&limit=ten",
                     "/v1/escalations?customer=ours&cursor=x",
                     "/v1/escalations?customer=ours&customer=ours",
                     "/v1/events", "/v1/tasks?customer=ours&state=done", "/v1/customers?x=1",
                     "/v1/escalations?customer=ours&state=" + "x" * 300,
                     "/v1/escalations?" + "&".join(f"a{n}=1" for n in range(9)),
                     f"/v1/route/{NUMBER}?format=fax", f"/v1/route/{NUMBER}?colour=red",
                     f"{root}?from=yesterday", f"{root}?from=2026-01-01T00:00:00Z&to=2025-01-01T"
                     "00:00:00Z", f"{root}?from=2026-01-01T00:00:00Z&to=2028-01-01T00:00:00Z",
                     self.path("/v1/escalations/{escalation}?full=1")):
            with self.subTest(path=path[:80]):
                answer = self.admin.get(path)
                self.assert_problem(answer, 400, "invalid")
                self.assertRegex(answer["detail"], "query")

    def test_last_event_id(self):
        answer = self.ours.desk.get("/v1/events", headers={"Last-Event-ID": "yesterday"})
        self.assert_problem(answer, 400, "invalid")

    def test_other_method(self):
        description = self.admin.get("/openapi.json").json
        for pattern, operations in description["paths"].items():
            path = self.path(pattern, agent="paul", contact="chef", device="phone-1",
                             procedure="nuit", role="principal", key="k", verb="accept",
                             installation="i", feed="999", phone="999")
            known = {method.upper() for method in operations if method != "parameters"}
            for method in {"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"} - known:
                with self.subTest(call=f"{method} {pattern}"):
                    answer = self.admin.request(method, path)
                    self.assert_problem(answer, 405, "invalid")
                    self.assertEqual(set(answer.headers["Allow"].split(", ")), known)
            answer = self.admin.request("HEAD", path)
            self.assertEqual(answer.status, 405)

    def test_no_such_path(self):
        for path in ("/", "/v1", "/v1/escalations/", "/v2/escalations", "/v1/customers//agents",
                     "/..%2f..%2fetc/passwd", "/%ff%fe"):
            with self.subTest(path=path):
                answer = self.admin.get(path)
                self.assert_problem(answer, 404, "not-found")
                self.assertIn("no such path", answer["detail"])
                self.assertIn("/openapi.json", answer["detail"])

    def test_state_that_is_none__names_those_there_are(self):
        answer = self.admin.get("/v1/escalations?customer=ours&state=asleep")
        self.assert_problem(answer, 400, "invalid")
        self.assertIn("must be one of open, closed, notifying, waiting, accepted, overdue, "
                      "exhausted, taken, cancelling, cancelled, done, on_hold, noted",
                      answer["detail"])

    def test_member_given_twice__is_named_once(self):
        put = next(call for call in CALLS if call.pattern.endswith("/cancel"))
        long = "x" * 40
        for body, name in (
                (b'{"operator": "a", "reason": "b", "operator": "c"}', "operator"),
                (b'{"operator": "a", "reason": {"deep": 1, "deep": 2}}', "deep"),
                (b'{"a\\"b": 1,\n "a\\"b": 2}', 'a\\"b'),
                (f'{{"{long}": 1, "{long}": 2}}'.encode(), long)):
            with self.subTest(name=name):
                answer = self.send(put, body)
                self.assert_problem(answer, 400, "invalid")
                self.assertEqual(answer["detail"].count(name), 1, answer["detail"])
                self.assertIn(f'"{name}" is there twice', answer["detail"])
                self.assertIn("send it once", answer["detail"])

    def test_null__is_as_good_as_absent(self):
        put = next(call for call in CALLS if call.places.get("installation") == "phone-2")
        for extra, pointer in (({"auth_secret": None, "public_key": KEY}, "/auth_secret"),
                               ({"auth_secret": SECRET, "public_key": None}, "/public_key")):
            with self.subTest(extra=extra):
                answer = self.send(put, {**put.good, **extra})
                self.assert_problem(answer, 400, "invalid", pointer)
                self.assertIn("public_key and auth_secret go together", answer["detail"])
        web = {"platform": "webpush", "target": "https://push.example/1"}
        answer = self.send(put, {**web, "public_key": None, "auth_secret": None})
        self.assert_problem(answer, 400, "invalid", "/public_key")
        self.assertIn("is required for webpush", answer["detail"])

    # ---- the webhook ----

    def test_webhook_refuses_only_what_has_no_customer(self):
        for body, pointer in ((b"{", ""), (b"", ""), (b"[]", ""), (b'"ours"', ""), (b"{}",
                              "/customer"), (b'{"customer":7}', "/customer"),
                              (b'{"customer":"Ours!"}', "/customer"), (b'{"customer":"\xff"}', "")):
            with self.subTest(body=body):
                answer = self.ours.desk.post("/v1/escalations", body)
                self.assert_problem(answer, 400, "invalid", pointer)
        self.assertIn("webhook.refused", self.gateway.log())

    def test_idempotency_key_that_is_none(self):
        for key in ("", "x" * 129, "a b", "clé"):
            with self.subTest(key=key[:10]):
                answer = self.ours.escalate(headers={"Idempotency-Key": key.encode()})
                self.assert_problem(answer, 400, "invalid")

    # ---- verbs out of order ----

    def test_verb_out_of_order(self):
        marie = self.ours.agents["marie"]
        for verb in ("remote", "on-my-way", "on-site", "done", "hand-back"):
            with self.subTest(verb=verb):
                self.assert_problem(marie.verb(self.escalation, verb), 409, "wrong-order")
        self.assert_problem(self.ours.verb(self.escalation, "done"), 409, "wrong-order")
        for verb, caller in (("called-back", 2), ("split", 2)):
            with self.subTest(verb=verb):
                self.assert_problem(self.ours.verb(self.escalation, verb, caller=caller), 400,
                                    "invalid")

    def test_no_secret_in_the_log(self):
        log = self.gateway.log()
        for secret in (self.ours.desk_key, self.gateway.root_key, "+33611111111", "Paul Durand",
                       self.ours.agents["paul"].token):
            self.assertNotIn(secret, log)


class OtherIds(astreinte_test.GatewayTest):
    def test_ticket_instead_of_its_escalation__is_told_apart(self):
        """They differ in their last letter. A foreign one stays as unknown as any."""
        ours, theirs = self.customer(), self.customer()
        opened = [ours.escalate() for _ in range(3)]
        for each in opened:
            for answer in (ours.desk.get(f"/v1/escalations/{each['ticket']}"),
                           ours.verb(each["ticket"], "notes", text="Rappelle")):
                self.assert_problem(answer, 404, "not-found")
                self.assertEqual(answer["detail"],
                                 f"this is the id of a ticket: its escalation is {each['id']}")
        for stranger, asked in ((theirs, opened[0]["ticket"]), (ours, NO_ID)):
            answer = stranger.desk.get(f"/v1/escalations/{asked}")
            self.assert_problem(answer, 404, "not-found")
            self.assertIn("no such object, or not one of a customer", answer["detail"])


class WebhookFailsSafe(astreinte_test.GatewayTest):
    def test_odd_bodies_escalate_with_warnings(self):
        customer = self.customer("odd", devices=False)
        odd = [({}, ["severity", "summary"]), ({"colour": "red"}, ["colour"]),
               ({"severity": "terrible"}, ["severity"]), ({"severity": 7}, ["severity"]),
               ({"procedure": "missing"}, ["procedure"]), ({"procedure": 7}, ["procedure"]),
               ({"caller": {"phone": "poste 12"}}, ["caller/phone"]), ({"caller": 1}, ["caller"]),
               ({"details": "x" * 9000}, ["details"]), ({"summary": LONG}, ["summary"]),
               ({"callback_promised_s": 5}, ["callback_promised_s"]),
               ({"fields": {"a": {"b": 1}}}, ["a"]), ({"dedup_key": "k" * 200}, ["dedup_key"])]
        for members, warned in odd:
            with self.subTest(members=str(members)[:60]):
                answer = customer.desk.post("/v1/escalations", {"customer": "odd", **members})
                self.assertEqual(answer.status, 202, answer)
                for word in warned:
                    self.assertTrue(any(each.startswith(word) for each in answer["warnings"]),
                                    answer["warnings"])
                view = customer.show(answer["id"])
                if "severity" in warned:
                    self.assertEqual(view["severity"], "critical")
                if "summary" in warned and "summary" not in members:
                    self.assertEqual(view["summary"], "(sans objet)")

    def test_any_content_type(self):
        customer = self.customer(devices=False)
        body = json.dumps({"customer": customer.slug, "severity": "info", "summary": "s"})
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
            answer = customer.desk.post("/v1/escalations", body, headers={"Content-Type": kind})
            self.assertEqual(answer.status, 202, answer)

    def test_same_key_same_answer_other_body_422(self):
        customer = self.customer(devices=False)
        key = {"Idempotency-Key": "call-1"}
        first = customer.escalate(headers=key)
        again = customer.escalate(headers=key)
        self.assertEqual((first.status, first.body), (again.status, again.body))
        self.assert_problem(customer.escalate(headers=key, summary="autre"), 422,
                            "idempotency-key-reused")


if __name__ == "__main__":
    unittest.main()

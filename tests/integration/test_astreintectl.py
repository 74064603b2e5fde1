"""astreintectl, the program, against a gateway whose every answer the test decides."""
import http.server
import json
import os
import stat
import subprocess
import tempfile
import threading
import unittest

CTL = os.environ["ASTREINTECTL"]
KEY = "ak_" + "a" * 22 + "_" + "b" * 43
ID = "0192f0c1-0000-7000-8000-000000000001"


class FakeGateway(http.server.BaseHTTPRequestHandler):
    """Answers from server.answers[(method, path)], a list used up item by item (the last stays)."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        with self.server.lock:
            self.server.seen.append((self.command, self.path, dict(self.headers), body))
            if self.server.store is not None and self.path.startswith("/v1/customers"):
                return self.answer_from_store(body)
            answers = self.server.answers
            queue = answers.get((self.command, self.path)) or answers.get(
                (self.command, self.path.split("?")[0])) or [(404, {
                "type": "https://astreinte.invalid/problems/not-found", "title": "no such object"})]
            status, content = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(content, list):
            return self.stream(content)
        self.send(status, content)

    def answer_from_store(self, body):
        """As the gateway does: definitions stand one level down, beside what it adds itself."""
        store, kind = self.server.store, self.path.split("/")[-2]
        if (self.command, self.path) in self.server.refusals:
            return self.send(*self.server.refusals[(self.command, self.path)])
        if self.command == "GET" and self.path in self.server.listed:
            return self.send(200, self.server.listed[self.path])
        if self.command == "PUT":
            created = self.path not in store
            content = {"content": json.loads(body),
                       "version": store.get(self.path, {}).get("version", 1)}
            if not created and content != store[self.path]:
                content["version"] += 1
            store[self.path] = content
            return self.send(201 if created else 200, {})
        if self.path not in store:
            return self.send(404, {"type": "https://astreinte.invalid/problems/not-found"})
        content, version = store[self.path]["content"], store[self.path]["version"]
        if kind == "rotas":
            content = {"slug": "x", "compiled_until": f"second {len(self.server.seen)}",
                       "definition": content}
        elif kind == "procedures":
            content = {"slug": "x", "version": version, "definition": content}
        return self.send(200, content)

    def send(self, status, content):
        data = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 503:
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, lines):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for line in lines:
            self.wfile.write(line.encode())
            self.wfile.flush()
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = answer


class Case(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeGateway)
        self.server.lock = threading.Lock()
        self.server.answers, self.server.seen, self.server.store = {}, [], None
        self.server.refusals, self.server.listed = {}, {}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.key_file = self.file("key", KEY + "\n")
        os.chmod(self.key_file, 0o600)
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def file(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def ctl(self, *arguments, code=0, stdin="", environment=None):
        variables = {"PATH": os.environ["PATH"], "TZ": "Europe/Paris", "ASTREINTE_URL": self.url,
                     "ASTREINTE_KEY_FILE": self.key_file, "ASTREINTE_OPERATOR": "Sophie"}
        variables.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        variables.update(environment or {})
        done = subprocess.run([CTL, *arguments], input=stdin, capture_output=True, text=True,
                              timeout=60, env=variables, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done

    def answer(self, method, path, status, content):
        self.server.answers.setdefault((method, path), []).append((status, content))

    def last_body(self):
        return json.loads(self.server.seen[-1][3])


class CommandLine(Case):
    def test_help_of_everything(self):
        whole = self.ctl("--help").stdout
        for command in ("escalate", "watch", "key create", "apply"):
            self.assertIn("    " + command, whole)
            page = self.ctl(*command.split(), "--help").stdout
            self.assertIn("USAGE\n    astreintectl " + command, page)
            self.assertIn("EXAMPLE\n    ", page)
        self.assertIn("/openapi.json", self.ctl("escalate", "--help").stdout)
        for group in (self.ctl("key", "--help").stdout, self.ctl("key", code=2).stderr):
            for word in ("generate", "create", "list", "revoke"):
                self.assertIn("    key " + word, group)

    def test_wrong_usage_is_2_and_sends_nothing(self):
        self.ctl(code=2)
        self.ctl("bogus", code=2)
        self.ctl("show", code=2)
        self.ctl("take", ID, code=2, environment={"ASTREINTE_OPERATOR": ""})
        self.ctl("list", "--limit", "-3", code=2)
        self.ctl("watch", code=2)
        self.ctl("split", ID, "first", code=2)
        self.ctl("escalate", "/nonexistent", code=2)
        self.assertEqual(self.server.seen, [])

    def test_the_key_file_is_guarded(self):
        self.ctl("list", code=2, environment={"ASTREINTE_KEY_FILE": ""})
        os.chmod(self.key_file, 0o644)
        self.assertIn("chmod 600", self.ctl("list", code=2).stderr)
        os.chmod(self.key_file, 0o600)
        empty = self.file("empty", "")
        os.chmod(empty, stat.S_IRUSR)
        self.assertIn("ak_", self.ctl("--key-file", empty, "list", code=2).stderr)
        self.assertIn("https", self.ctl("--url", "http://example.org", "list", code=2).stderr)
        self.assertEqual(self.server.seen, [])

    def test_unreachable_is_3(self):
        done = self.ctl("--url", "http://127.0.0.1:1", "list", code=3)
        self.assertIn("cannot be reached", done.stderr)


class Keys(Case):
    def test_generate_is_fresh_and_well_formed(self):
        keys = {self.ctl("key", "generate").stdout for _ in range(3)}
        self.assertEqual(len(keys), 3)
        for key in keys:
            self.assertRegex(key, r"\Aak_[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{43}\n\Z")

    def test_create_prints_the_key_alone(self):
        self.answer("POST", "/v1/api-keys", 201, {"id": "k1", "key": "ak_new"})
        done = self.ctl("key", "create", "--name", "desk", "--role", "call-centre",
                        "--customers", "a,b")
        self.assertEqual(done.stdout, "ak_new\n")
        self.assertEqual(self.last_body(), {"name": "desk", "role": "call-centre",
                                            "customers": ["a", "b"]})

    def test_list_and_revoke(self):
        self.answer("GET", "/v1/api-keys", 200, {"items": [
            {"id": "k1", "role": "admin", "name": "root", "customers": ["*"]}]})
        self.assertIn("root", self.ctl("key", "list").stdout)
        self.answer("DELETE", "/v1/api-keys/k%2F1", 204, None)
        self.ctl("key", "revoke", "k/1")


class Escalations(Case):
    def test_escalate_says_what_happens_next(self):
        self.answer("POST", "/v1/escalations", 202, {
            "id": ID, "ticket": "T-1", "state": "notifying", "joined": False,
            "notified": [{"agent": "paul", "devices": 2}],
            "next": {"at": "2026-01-05T02:03:04Z", "what": "step 2: call paul"},
            "warnings": ["unknown field colour"]})
        done = self.ctl("escalate", "-", "--idempotency-key", "k", stdin='{"customer":"c"}')
        for word in ("T-1", ID, "paul on 2 device", "03:03:04 step 2", "unknown field colour"):
            self.assertIn(word, done.stdout)
        headers = self.server.seen[-1][2]
        self.assertEqual(headers["Idempotency-Key"], "k")
        self.assertEqual(headers["Authorization"], "Bearer " + KEY)

    def test_escalate_tells_devices_and_calls_apart(self):
        self.answer("POST", "/v1/escalations", 202, {
            "id": ID, "ticket": "T-1", "state": "notifying", "joined": False, "next": None,
            "notified": [{"agent": "paul", "devices": 1, "calls": 1},
                         {"agent": "claire", "devices": 0, "calls": 1},
                         {"contact": "director", "devices": 0, "calls": 2},
                         {"agent": "luc", "devices": 0}], "warnings": []})
        said = self.ctl("escalate", "-", stdin="{}").stdout
        self.assertEqual([line for line in said.splitlines() if line.startswith("notified")],
                         ["notified paul on 1 device(s), by 1 call(s)",
                          "notified claire by 1 call(s)", "notified director by 2 call(s)",
                          "notified luc on 0 device(s)"])

    def test_escalate_says_whom_to_dial_and_which_rule_decided(self):
        rungs = [{"phone": "+33612345678", "name": "Paul Durand", "role": "principal",
                  "emergency": False},
                 {"phone": "+33142340000", "name": None, "role": None, "emergency": True}]
        self.answer("POST", "/v1/escalations", 202, {
            "id": ID, "ticket": "T-1", "ticket_number": 1089, "state": "noted", "joined": False,
            "notified": [], "next": None, "warnings": [], "decision": {
                "rule": "direct", "action": "forward", "procedure": None, "dial": "+33612345678",
                "ladder": rungs, "because": {"fr": "règle « direct »", "en": "rule direct"}}})
        said = self.ctl("escalate", "-", stdin="{}").stdout
        self.assertIn("ticket   1089  T-1\n", said)
        self.assertIn("decision forward, rule direct: rule direct\n", said)
        self.assertIn("DIAL     06 12 34 56 78  Paul Durand (principal)\n", said)
        self.assertIn("then     01 42 34 00 00  the emergency number\n", said)
        french = self.ctl("escalate", "-", "--language", "fr", stdin="{}").stdout
        self.assertIn("décision transférer l'appel, règle direct\u00a0: règle « direct »\n", french)
        self.assertIn("APPELER  06 12 34 56 78  Paul Durand (principal)\n", french)
        self.assertIn("état     notée\n", french)

    def test_show_in_french_and_with_the_number_that_is_said(self):
        path = f"/v1/escalations/{ID}?language=fr"
        self.answer("GET", path, 200, dict(ESCALATION, ticket_number=1089, drill=True))
        said = self.ctl("show", ID, "--language", "fr").stdout
        for words in ("critique", "acceptée  EXERCICE\n", "Ticket   1089  T-1\n", "Appelants\n",
                      "Ouverte  lun. 05/01/2026 03:00:00 CET\n", "rappel promis avant",
                      "Tentatives\n", "RÉPONSE", "en échec", "2. (inconnu)", "Journal\n"):
            self.assertIn(words, said)
        self.ctl("show", ID, "--language", "de", code=2)

    def test_show_says_purposes_tasks_and_what_comes_next_in_french(self):
        attempt = ESCALATION["attempts"][0]
        purposes = {"fruitless": "sans réponse", "offer": "demande", "team": "équipe",
                    "task": "tâche", "cancel_notice": "annulation"}
        task = {"at": AT, "kind": "short_handed", "state": "open", "text": "Find more people"}
        self.answer("GET", f"/v1/escalations/{ID}?language=fr", 200, dict(
            ESCALATION, tasks=[task], next={"at": AT, "what": "next round, step 1: push to claire"},
            attempts=[dict(attempt, purpose=purpose, answer="ringing") for purpose in purposes]))
        said = self.ctl("show", ID, "--language", "fr").stdout
        for words in (*purposes.values(), "tour suivant, palier 1\u00a0: notification à claire",
                      "Trouver du renfort\u00a0: ", "Centre d'appels\n", "ça sonne"):
            self.assertIn(words, said)
        for words in (*purposes, "ringing", "next round", "Find more people"):
            self.assertNotIn(f" {words} ", said)

    def test_show_of_a_check_in_that_is_over_has_no_caller_and_expects_nobody(self):
        holder = dict(ESCALATION["holder"], intervention="done", eta_at=AT)
        self.answer("GET", "/v1/escalations/" + ID, 200, dict(ESCALATION, holder=holder))
        said = self.ctl("show", ID).stdout
        self.assertIn(", expected ", said)
        self.assertIn("Callers\n", said)
        over = ID[:-1] + "9"
        self.answer("GET", "/v1/escalations/" + over, 200, dict(
            ESCALATION, kind="check_in", state="done", closed_at=AT, holder=holder))
        said = self.ctl("show", over).stdout
        self.assertNotIn("expected", said)
        self.assertNotIn("Callers\n", said)

    def test_a_drill_is_marked_where_the_desk_looks(self):
        drill = dict(ESCALATION, drill=True, ticket_number=1089)
        self.answer("GET", "/v1/escalations", 200, {"items": [drill], "next_cursor": None})
        self.assertIn("DRILL Fuite d'azote\n", self.ctl("list").stdout)
        french = self.ctl("list", "--language", "fr").stdout
        self.assertIn("EXERCICE Fuite d'azote\n", french)
        self.assertRegex(french, r"critique +acceptée +Paul Durand")
        self.answer("GET", "/v1/desk/0142", 200, {
            "name": "C", "language": "fr", "time_zone": "America/Guadeloupe", "open": [drill],
            "opening": {"state": "open", "until": AT}, "greeting": ""})
        said = self.ctl("desk", "0142").stdout
        self.assertRegex(said, rf"  1089  {ID} +acceptée +EXERCICE Fuite d'azote\n")
        self.assertIn("C, ouvert jusqu'au dim. 04/01/2026 22:00:02 AST\n", said)

    def test_a_fault_names_its_field_once(self):
        detail = "/severity: must be one of info, minor"
        self.answer("POST", f"/v1/escalations/{ID}/severity", 422, {
            "type": "https://x/problems/invalid", "detail": detail,
            "errors": [{"pointer": "/severity", "detail": detail}]})
        done = self.ctl("severity", ID, "bad", code=1)
        self.assertEqual(done.stderr, f"astreintectl: refused: {detail} (422 invalid)\n")

    def test_a_rota_or_agent_that_is_not_there_is_named(self):
        for words, said in ((("on-call", "nope", "first"), "rota first of customer nope"),
                            (("enrol", "nope", "paul"), "agent paul of customer nope")):
            self.server.answers = {}
            done = self.ctl(*words, code=1)
            self.assertIn(f"  asked for: {said}\n", done.stderr)

    def test_list_names_every_state(self):
        page = self.ctl("list", "--help").stdout
        for state in ("open", "closed", "notifying", "waiting", "accepted", "overdue", "exhausted",
                      "taken", "cancelling", "cancelled", "done", "on_hold", "noted"):
            self.assertRegex(page, rf"\b{state}\b")

    def test_escalate_without_an_answer_names_the_key_to_repeat(self):
        done = self.ctl("--url", "http://127.0.0.1:1", "escalate", "-", code=3, stdin="{}")
        self.assertRegex(done.stderr, r"--idempotency-key [0-9a-f-]{36}")

    def test_refusal_names_field_and_remedy(self):
        self.answer("POST", "/v1/escalations", 422, {
            "type": "https://astreinte.invalid/problems/idempotency-key-reused",
            "title": "reused", "detail": "the key was used with another body"})
        done = self.ctl("escalate", "-", code=1, stdin="{}")
        self.assertIn("another body (422 idempotency-key-reused)", done.stderr)
        self.assertIn("--idempotency-key", done.stderr)
        self.answer("PUT", "/x", 400, None)
        self.server.answers[("POST", "/v1/escalations")] = [(400, {
            "type": "https://astreinte.invalid/problems/invalid", "detail": "one fault",
            "errors": [{"pointer": "/caller/phone", "detail": "is not a number\033[2J"}]})]
        done = self.ctl("escalate", "-", code=1, stdin="{}")
        self.assertIn("/caller/phone: is not a number?[2J", done.stderr)
        self.server.answers[("POST", "/v1/escalations")] = [(503, {
            "type": "https://astreinte.invalid/problems/full"})]
        self.assertIn("try again in 2 s", self.ctl("escalate", "-", code=1, stdin="{}").stderr)

    def test_show(self):
        self.answer("GET", "/v1/escalations/" + ID, 200, ESCALATION)
        done = self.ctl("show", ID)
        for word in ("T-1", "Paul Durand", "06 12 34 56 78", "step 2: call paul", "unregistered",
                     "Fuite d'azote", "03:00:02 paul accepted"):
            self.assertIn(word, done.stdout)
        self.assertNotIn("\033", done.stdout)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith(ID), lines[0])
        self.assertIn("Ticket   T-1", lines)
        self.assertIn("DELIVERY", lines[lines.index("Attempts") + 1])
        self.assertIn("on paul-phone", done.stdout)
        self.assertIn("2. (unknown) 06 12 34 56 79", done.stdout)
        self.assertEqual(json.loads(self.ctl("show", ID, "--json").stdout), ESCALATION)

    def test_show_tells_delivery_from_answer_and_taken_from_accepted(self):
        taken = dict(ESCALATION, state="taken", holder=dict(
            ESCALATION["holder"], kind="operator", who="Sophie", name="Sophie", path="desk"))
        taken["attempts"] = [dict(ESCALATION["attempts"][0], state="accepted", reason=None)]
        self.answer("GET", "/v1/escalations/" + ID, 200, taken)
        done = self.ctl("show", ID)
        self.assertIn("— taken\n", done.stdout)
        self.assertIn("accepted by provider", done.stdout)

    def test_list_turns_pages(self):
        base = "/v1/escalations?state=open&limit=50"
        self.answer("GET", base, 200, {"items": [ESCALATION], "next_cursor": "c 1"})
        self.answer("GET", base + "&cursor=c%201", 200,
                    {"items": [dict(ESCALATION, summary="second")], "next_cursor": None})
        done = self.ctl("list", "--state", "open")
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertTrue(done.stdout.startswith("OPENED "), done.stdout)
        self.assertIn("second", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_list_says_when_there_are_more(self):
        self.answer("GET", "/v1/escalations?limit=1", 200,
                    {"items": [dict(ESCALATION, customer="a" * 30)], "next_cursor": "c"})
        done = self.ctl("list", "--limit", "1")
        self.assertIn("more: --limit N", done.stderr)
        self.assertIn(" " + "a" * 19 + "… critical", done.stdout)
        self.answer("GET", "/v1/escalations?limit=2", 200, {"items": [], "next_cursor": None})
        done = self.ctl("list", "--limit", "2")
        self.assertEqual((done.stdout, done.stderr), ("", "no such escalations\n"))

    def test_desk_verbs(self):
        calls = [
            (("note", ID, "rappelle"), "notes", {"text": "rappelle"}),
            (("cancel", ID, "erreur"), "cancel", {"reason": "erreur"}),
            (("severity", ID, "critical"), "severity", {"severity": "critical"}),
            (("resume", ID, "--reason", "r"), "resume", {"reason": "r"}),
            (("release", ID, "he cries"), "resume", {"reason": "he cries"}),
            (("take", ID), "take", {}),
            (("on-behalf", ID, "paul", "on-my-way", "--eta", "60"), "on-behalf",
             {"agent": "paul", "verb": "on-my-way", "eta_s": 60}),
            (("called-back", ID, "1"), "called-back", {"caller": 1}),
            (("split", ID, "2"), "split", {"caller": 2}),
            (("done", ID), "done", {}),
        ]
        for arguments, path, body in calls:
            self.answer("POST", "/v1/escalations/%s/%s" % (ID, path), 200,
                        {"id": ID, "state": "taken", "holder": {"name": "Sophie"}, "next": None})
            self.assertIn("taken, held by Sophie", self.ctl(*arguments).stdout)
            self.assertEqual(self.last_body(), dict(body, operator="Sophie"))

    def test_the_loser_learns_who_has_it(self):
        self.answer("POST", "/v1/escalations/%s/take" % ID, 409, {
            "type": "https://astreinte.invalid/problems/already-accepted",
            "detail": "another person holds the escalation", "holder": {"name": "Paul Durand"}})
        self.assertIn("held by Paul Durand", self.ctl("take", ID, code=1).stderr)
        self.answer("POST", "/v1/escalations/%s/done" % ID, 409, {
            "type": "https://astreinte.invalid/problems/already-accepted"})
        self.assertIn("--operator NAME", self.ctl("done", ID, code=1).stderr)

    def test_a_reason_may_be_named_or_stand_behind(self):
        self.answer("POST", f"/v1/escalations/{ID}/cancel", 200, {"state": "cancelled"})
        for words in (("erreur",), ("--reason", "erreur")):
            self.ctl("cancel", ID, *words)
            self.assertEqual(self.last_body()["reason"], "erreur")
        for words in ((), ("erreur", "--reason", "autre")):
            self.assertIn("--reason", self.ctl("cancel", ID, *words, code=2).stderr)

    def test_called_back_says_what_it_recorded(self):
        self.answer("POST", f"/v1/escalations/{ID}/called-back", 200, {"state": "noted"})
        self.assertEqual(self.ctl("called-back", ID, "1").stdout,
                         "noted\nrecorded: caller 1 was called back\n")

    def test_tickets_say_whose_and_with_which(self):
        self.answer("GET", "/v1/tickets/1034", 400, {
            "type": "https://astreinte.invalid/problems/invalid", "detail": "customer is required"})
        self.assertIn("--customer SLUG", self.ctl("ticket", "1034", code=1).stderr)
        ticket = {"id": "t1", "number": 1034, "state": "open", "customer": "c", "summary": "x",
                  "opened_at": AT,
                  "fields": {"dialled": "+33", "outcome": "no_answer", "site": "B"},
                  "field_labels": {"site": "Bâtiment"},
                  "escalations": [{"id": ID, "state": "noted", "callers": []}],
                  "duplicates": [{"id": "t2", "number": 1045, "state": "open", "customer": "c",
                                  "summary": "y", "opened_at": AT}],
                  "notes": [{"n": 1, "kind": "linked", "at": AT, "by": "Sophie", "other": "t2"},
                            {"n": 2, "kind": "unlinked", "at": AT, "by": "Sophie", "other": "t3"}]}
        self.answer("GET", "/v1/tickets/t1", 200, ticket)
        said = self.ctl("ticket", "t1", "--language", "fr").stdout
        self.assertIn("Sophie  lié  1045  ", said)
        self.assertIn("Sophie  délié  t3  ", said)
        self.assertIn(f"{ID}  notée\n", said)
        self.assertIn("\ncomposé      +33\nissue        sans réponse\n", said)
        self.assertIn("\nBâtiment     B\n", said)
        self.assertIn("\nid           t1\n", said)

    def test_a_wrong_caller_is_named(self):
        self.answer("POST", "/v1/escalations/%s/called-back" % ID, 400, {
            "type": "https://astreinte.invalid/problems/invalid", "detail": "no such caller"})
        self.assertIn("CALLER was 7", self.ctl("called-back", ID, "7", code=1).stderr)
        self.assertIn("CALLER", self.ctl("called-back", ID, code=2).stderr)

    def test_tasks(self):
        self.answer("GET", "/v1/tasks?state=open", 200, {"items": [
            {"id": "t1", "kind": "promise", "text": "Rappeler Mme Martin", "at": AT,
             "customer": "clinique", "escalation": ID, "caller": 1, "state": "open"}]})
        done = self.ctl("tasks").stdout
        for word in ("Rappeler Mme Martin", "clinique", "promise", ID + ", caller 1", "t1"):
            self.assertIn(word, done)
        french = self.ctl("tasks", "--language", "fr").stdout
        self.assertIn("Rappeler l'appelant\u00a0: l'heure promise approche", french)
        self.assertIn(ID + ", appelant 1", french)
        self.answer("POST", "/v1/tasks/t1/done", 200, {})
        self.ctl("task-done", "t1")


class Live(Case):
    def entry(self, seq, text, escalation=ID):
        return "id: %d\nevent: step\ndata: %s\n\n" % (seq, json.dumps(
            {"seq": seq, "at": AT, "text": text, "escalation": escalation}))

    def test_watch_ends_when_closed_and_resumes_without_gap(self):
        path = "/v1/escalations/" + ID
        for closed in (None, None, AT):
            self.answer("GET", path, 200, dict(ESCALATION, closed_at=closed,
                                               state="done" if closed else "accepted"))
        stream = "/v1/events?customer=clinique"
        self.answer("GET", stream, 200, [": hello\n\n", self.entry(8, "eight")])
        self.answer("GET", stream, 200, [self.entry(9, "other", "another"), self.entry(10, "ten")])
        done = self.ctl("watch", ID)
        self.assertIn("paul accepted", done.stdout)
        self.assertIn("eight", done.stdout)
        self.assertNotIn("other", done.stdout)
        self.assertTrue(done.stdout.rstrip().endswith("done"), done.stdout)
        ids = [headers.get("Last-Event-ID") for _, seen, headers, _ in self.server.seen
               if seen == stream]
        self.assertEqual(ids, ["7", "8"])

    def test_follow_prints_json_lines(self):
        stream = "/v1/events?customer=c"
        self.answer("GET", stream, 200, [self.entry(1, "one"), self.entry(2, "two")])
        self.answer("GET", stream, 403, {"type": "https://astreinte.invalid/problems/forbidden",
                                         "detail": "no"})
        done = self.ctl("follow", "--json", "--customer", "c", code=1)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["data"]["text"] for line in lines], ["one", "two"])
        self.assertEqual(lines[1]["id"], "2")


class Customers(Case):
    FILE = {"customers": [{
        "slug": "c", "name": "C", "time_zone": "Europe/Paris", "default_procedure": "p",
        "agents": [{"slug": "a", "name": "A", "phone": "06 12 34 56 78"}],
        "rotas": {"principal": {"layers": []}}, "procedures": [{"slug": "p", "rounds": 1}]}]}

    def test_apply_creates_then_leaves_alone_then_updates(self):
        self.server.store = {}
        path = self.file("customers.json", json.dumps(self.FILE))
        self.ctl("apply", path, "--dry-run")
        self.assertEqual(self.server.store, {})
        done = self.ctl("apply", path)
        self.assertIn("created   procedure c/p", done.stdout)
        puts = [seen for method, seen, _, _ in self.server.seen if method == "PUT"]
        self.assertEqual(puts, ["/v1/customers/c", "/v1/customers/c/agents/a",
                                "/v1/customers/c/rotas/principal",
                                "/v1/customers/c/procedures/p", "/v1/customers/c"])
        self.assertIn("0 created, 0 updated, 4 unchanged", self.ctl("apply", path).stdout)
        self.assertIn("dry run, nothing sent: 0 created, 0 updated, 4 unchanged",
                      self.ctl("apply", path, "--dry-run").stdout)
        changed = json.loads(json.dumps(self.FILE))
        changed["customers"][0]["procedures"][0]["rounds"] = 2
        path = self.file("customers.json", json.dumps(changed))
        self.assertIn("0 created, 1 updated, 3 unchanged",
                      self.ctl("apply", path, "--dry-run").stdout)
        self.assertIn("updated   procedure c/p", self.ctl("apply", path).stdout)
        del changed["customers"][0]["procedures"][0]["rounds"]  # put whole, unlike an agent
        path = self.file("customers.json", json.dumps(changed))
        self.assertIn("updated   procedure c/p", self.ctl("apply", path, "--dry-run").stdout)

    def test_apply_says_where_in_the_file_the_fault_is(self):
        path = self.file("customers.json", json.dumps(self.FILE))
        self.answer("PUT", "/v1/customers/c", 201, {})
        self.answer("PUT", "/v1/customers/c/agents/a", 400, {
            "type": "https://astreinte.invalid/problems/invalid", "detail": "phone: bad",
            "errors": [{"pointer": "/phone", "detail": "/phone: is not a telephone number"}]})
        done = self.ctl("apply", path, code=1)
        self.assertIn("/customers/0/agents/0/phone: is not a telephone number", done.stderr)
        self.assertIn("Mend the file", done.stderr)

    def refuse(self, path, status, problem, detail, pointer=None):
        errors = [{"pointer": pointer, "detail": f"{pointer}: {detail}"}] if pointer else []
        self.server.refusals[("PUT", path)] = (status, {
            "type": "https://astreinte.invalid/problems/" + problem, "detail": detail,
            "errors": errors})

    def test_a_refused_apply_makes_nobody_live(self):
        self.server.store = {}
        document = json.loads(json.dumps(self.FILE))
        customer = document["customers"][0]
        customer.update(numbers=["01 99 00 00 01"], check_ins={"principal": {"procedure": "p"}},
                        rules=[{"name": "r", "then": {"action": "escalate"}}])
        path = self.file("customers.json", json.dumps(document))
        self.refuse("/v1/customers/c/rules", 400, "invalid", "can never be reached", "/rules/0")
        done = self.ctl("apply", path, code=1)
        puts = [(seen, json.loads(body)) for method, seen, _, body in self.server.seen
                if method == "PUT"]
        self.assertNotIn("/v1/customers/c/rotas/principal/check-in", [seen for seen, _ in puts])
        for seen, body in puts:
            self.assertFalse(seen == "/v1/customers/c" and "numbers" in body, body)
        self.assertIn("astreintectl: the rules of c\n", done.stderr)
        self.assertIn("  /customers/0/rules/0: can never be reached\n", done.stderr)
        self.assertIn("  Not done: the rules of c, check-in principal of c, customer c.\n",
                      done.stderr)
        self.assertIn("No number leads to customer c yet", done.stderr)
        self.assertEqual(done.stdout.count("customer  c\n"), 1)
        # Mended, it is applied to its end; then a new fault takes nothing from what is live.
        self.server.refusals = {}
        self.assertIn("rules     c\n", self.ctl("apply", path).stdout)
        self.assertEqual(self.server.store["/v1/customers/c"]["content"]["numbers"],
                         ["01 99 00 00 01"])
        customer.update(numbers=["01 99 00 00 02"], greeting="Bonjour", rules=[])
        self.refuse("/v1/customers/c/rules", 400, "invalid", "too few", "/rules")
        path = self.file("customers.json", json.dumps(document))
        done = self.ctl("apply", path, code=1)
        self.assertIn("  Customer c keeps the numbers that it had.\n", done.stderr)
        content = self.server.store["/v1/customers/c"]["content"]
        self.assertEqual((content["numbers"], content["greeting"]), (["01 99 00 00 01"], "Bonjour"))

    def test_apply_names_the_place_of_what_is_not_there(self):
        self.server.store = {}
        document = json.loads(json.dumps(self.FILE))
        document["customers"][0]["check_ins"] = {"astreinte": {"procedure": "p"}}
        self.refuse("/v1/customers/c/rotas/astreinte/check-in", 404, "not-found",
                    "the customer has no such rota: put it first")
        done = self.ctl("apply", self.file("customers.json", json.dumps(document)), code=1)
        self.assertIn("astreintectl: check-in astreinte of c\n", done.stderr)
        self.assertIn("  /customers/0/check_ins/astreinte: the customer has no such rota",
                      done.stderr)
        self.assertNotIn("Check the spelling", done.stderr)

    def test_apply_refused_at_once_says_that_nothing_was_done(self):
        self.server.store = {}
        self.refuse("/v1/customers/c", 400, "invalid", "unknown", "/time_zone")
        done = self.ctl("apply", self.file("customers.json", json.dumps(self.FILE)), code=1)
        self.assertIn("astreintectl: customer c\n", done.stderr)
        self.assertIn("  /customers/0/time_zone: unknown\n", done.stderr)
        self.assertIn("  Nothing was changed. Mend the file and apply it again.\n", done.stderr)
        self.assertNotIn("stands above", done.stderr)

    def test_apply_names_what_stands_in_the_gateway_alone(self):
        self.server.store = {}
        path = self.file("customers.json", json.dumps(self.FILE))
        self.assertNotIn("not in the file", self.ctl("apply", path).stdout)
        self.server.listed = {
            "/v1/customers/c/rotas": {"items": [{"slug": "principal"}, {"slug": "renfort"}]},
            "/v1/customers/c/rules": {"version": 1, "definition": {"rules": [{"name": "r"}]}}}
        for more in ((), ("--dry-run",)):
            said = self.ctl("apply", path, *more).stdout
            self.assertIn("not in the file, left as it is: rules of c\n"
                          "not in the file, left as it is: rota c/renfort\n", said)

    def test_apply_with_a_wrong_key_speaks_of_the_key_alone(self):
        path = self.file("customers.json", json.dumps(self.FILE))
        self.answer("GET", "/v1/customers/c", 403, {
            "type": "https://astreinte.invalid/problems/forbidden", "detail": "not this role"})
        done = self.ctl("apply", path, code=1)
        self.assertTrue(done.stderr.startswith("astreintectl: refused: not this role"))
        self.assertNotIn("end the file", done.stderr)
        self.assertIn("Nothing was changed", done.stderr)

    def test_apply_refuses_a_broken_file_before_sending(self):
        done = self.ctl("apply", self.file("bad.json", '{"customers": [}'), code=2)
        self.assertIn("line 1", done.stderr)
        self.assertEqual(self.server.seen, [])

    def test_apply_plans_check_ins_behind_what_they_name(self):
        self.server.store = {}
        document = json.loads(json.dumps(self.FILE))
        document["customers"][0]["check_ins"] = {"principal": {"procedure": "p"}}
        path = self.file("customers.json", json.dumps(document))
        self.assertIn("created   check-in  c/principal", self.ctl("apply", path).stdout)
        puts = [seen for method, seen, _, _ in self.server.seen if method == "PUT"]
        self.assertLess(puts.index("/v1/customers/c/procedures/p"),
                        puts.index("/v1/customers/c/rotas/principal/check-in"))
        self.assertIn("0 created, 0 updated, 5 unchanged", self.ctl("apply", path).stdout)

    def test_enrol_prints_the_code_alone(self):
        self.answer("POST", "/v1/customers/c/agents/a/enrolments", 201,
                    {"code": "ABCD-1234", "expires_at": AT})
        self.assertEqual(self.ctl("enrol", "c", "a").stdout, "ABCD-1234\n")


class Vapid(Case):
    def test_makes_a_key_once_and_tells_its_public_half(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "vapid.pem")
            public = self.ctl("vapid", "create", path).stdout.strip()
            self.assertRegex(public, "^B[A-Za-z0-9_-]{86}$")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertEqual(self.ctl("vapid", "public", path).stdout.strip(), public)
            before = open(path, encoding="ascii").read()
            self.assertIn(f"astreintectl vapid public {path}",
                          self.ctl("vapid", "create", path, code=2).stderr)
            self.assertEqual(open(path, encoding="ascii").read(), before)

    def test_says_what_is_no_key(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("not a key")
            file.flush()
            self.assertIn(file.name, self.ctl("vapid", "public", file.name, code=2).stderr)
        self.assertIn("No such file", self.ctl("vapid", "public", "/nowhere", code=2).stderr)
        self.assertIn("FILE: is empty", self.ctl("vapid", "create", "", code=2).stderr)

    def test_says_what_a_lone_group_lacks(self):
        self.assertIn("vapid: which of its commands?", self.ctl("vapid", code=2).stderr)


class Backup(Case):
    RUNNING = {"id": ID, "state": "copying", "pages_done": 1, "pages_total": 4}

    def test_waits_for_the_end_and_says_what_is_in_it(self):
        self.answer("POST", "/v1/backups", 202, self.RUNNING)
        self.answer("GET", f"/v1/backups/{ID}", 200, dict(self.RUNNING, state="checking"))
        self.answer("GET", f"/v1/backups/{ID}", 200, {
            "id": ID, "state": "done", "pages_done": 4, "pages_total": 4, "took_ms": 21,
            "folder": "/srv/backups", "name": "db-20261128T021500Z-0123456789abcdef",
            "bytes": 16384, "sha256": "0123456789abcdef" * 4, "schema_version": 4, "tickets": 5,
            "escalations": 6, "open_escalations": 2, "timeline_entries": 70})
        said = self.ctl("backup").stdout
        for words in ("/srv/backups/db-20261128T021500Z-0123456789abcdef\n", "16384 bytes, checked",
                      "0123456789abcdef" * 4, "5 tickets, 6 escalations (2 open), 70 timeline"):
            self.assertIn(words, said)
        self.assertEqual(json.loads(self.ctl("backup", "--json").stdout)["tickets"], 5)

    def test_a_failed_one_is_1_and_says_why(self):
        self.answer("POST", "/v1/backups", 202, self.RUNNING)
        self.answer("GET", f"/v1/backups/{ID}", 200, dict(
            self.RUNNING, state="failed", problem="disk-full", detail="too little room"))
        said = self.ctl("backup", code=1)
        self.assertEqual(said.stdout, "")
        self.assertIn("no backup was made: too little room", said.stderr)

    def test_one_that_is_lost_sight_of_is_no_success(self):
        self.answer("POST", "/v1/backups", 202, self.RUNNING)
        self.assertIn("do it again", self.ctl("backup", code=1).stderr)


class Health(Case):
    def test_ready_and_not_ready(self):
        self.answer("GET", "/readyz", 200, {"ready": True})
        self.assertIn("ready", self.ctl("health", environment={"ASTREINTE_KEY_FILE": ""}).stdout)
        self.server.answers[("GET", "/readyz")] = [(200, {"ready": True, "providers": {
            "apns": {"health": "up", "down_since": None},
            "fcm": {"health": "down", "down_since": "2026-01-05T02:00:02Z"}}})]
        told = self.ctl("health").stdout
        self.assertEqual(told.splitlines()[0], "ready, but down: push to fcm")
        self.assertIn("push to apns: up\n", told)
        self.assertIn("push to fcm: down since 2026-01-05T02:00:02Z", told)
        self.server.answers[("GET", "/readyz")] = [(200, {"ready": True, "providers": {
            "apns": {"health": "degraded", "down_since": None},
            "fcm": {"health": "down", "down_since": "2026-01-05T02:00:02Z"},
            "endpoint.call-centre": {"health": "down", "failing_since": "2026-01-05T02:00:03Z",
                                     "reason": "connect"}}})]
        told = self.ctl("health").stdout.splitlines()
        self.assertEqual(told[0], "ready, but down: push to fcm, telephony endpoint call-centre")
        self.assertIn("  telephony endpoint call-centre: down since 2026-01-05T02:00:03Z (connect)",
                      told)
        self.server.answers[("GET", "/readyz")] = [(200, {"ready": True, "providers": {
            "apns": {"health": "degraded", "down_since": None}}})]
        self.assertEqual(self.ctl("health").stdout.splitlines()[0], "ready")
        self.server.answers[("GET", "/readyz")] = [(503, {"reasons": ["the disk is full"],
                                                          "providers": {
            "fcm": {"health": "down", "down_since": "2026-01-05T02:00:02Z"}}})]
        self.assertEqual(self.ctl("health", code=1).stdout.splitlines()[0], "NOT READY")
        self.assertIn("the disk is full", self.ctl("health", code=1).stdout)


AT = "2026-01-05T02:00:02Z"
ESCALATION = {
    "id": ID, "ticket": "T-1", "customer": "clinique", "severity": "critical", "state": "accepted",
    "summary": "Fuite d'azote", "details": "Salle 2\nPorte 3", "fields": {"site": "B"},
    "opened_at": "2026-01-05T02:00:00Z", "closed_at": None, "round": 1, "step": 1,
    "callers": [{"n": 1, "name": "Mme Martin", "phone": "+33612345678", "promised_at": AT,
                 "promise": "open"}, {"n": 2, "name": None, "phone": "+33612345679"}],
    "holder": {"kind": "agent", "who": "paul", "name": "Paul Durand", "since": AT, "path": "push",
               "intervention": "accepted", "eta_at": None},
    "next": {"at": AT, "what": "step 2: call paul"}, "tasks": [],
    "attempts": [{"id": "x", "purpose": "alert", "path": "push", "round": 1, "step": 1,
                  "to": {"kind": "agent", "who": "paul"}, "state": "failed", "answer": None,
                  "reason": "unregistered", "planned_at": AT, "device": "paul-phone"}],
    "timeline": [{"seq": 7, "at": AT, "kind": "accepted", "text": "paul accepted", "facts": {},
                  "personal": None}]}

if __name__ == "__main__":
    unittest.main()

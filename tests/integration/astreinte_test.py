"""The real gateway under test: starting and stopping it and the simulators, talking to it, and a
customer with people, rotas and a procedure. Standard library only.

    class MyTest(astreinte_test.GatewayTest):
        simulators = ("provider", "telephony", "phone")       # which of them run; none by default
        def test_something(self):
            lift = self.customer("ascenseurs-martin", procedure=astreinte_test.procedure(...))
            answer = lift.escalate(summary="Personne bloquée")

Everything lives in a directory of its own, listens on free loopback ports and ends with its test.
"""

import base64
import collections
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import machine_clock

SOURCE_DIR = pathlib.Path(os.environ.get("SOURCE_DIR", pathlib.Path(__file__).parents[2]))
BUILD_DIR = pathlib.Path(os.environ.get("BUILD_DIR", SOURCE_DIR / "build/debug"))
ASTREINTED = os.environ.get("ASTREINTED", str(BUILD_DIR / "gateway/daemon/astreinted"))
ASTREINTECTL = os.environ.get("ASTREINTECTL", str(BUILD_DIR / "gateway/ctl/astreintectl"))
SUPPORT_BUILD_DIR = pathlib.Path(
    os.environ.get("SUPPORT_BUILD_DIR", BUILD_DIR / "tests/support"))
PATIENCE_S = 60  # only a hang reaches it
PR_SET_PDEATHSIG = 1


def wait_until(condition, what, patience_s=PATIENCE_S):
    """The condition's first true value; a hang fails the test."""
    until = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def port_to_keep():
    """Free now, and below those that the kernel gives to clients: nobody takes it meanwhile."""
    for _ in range(100):
        port = 10000 + secrets.randbelow(32768 - 10000)
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def random_key(prefix="ak_"):
    """A key of the gateway's form, as `astreintectl key generate` prints."""

    def characters(count):
        return base64.urlsafe_b64encode(secrets.token_bytes(count)).decode()[:count]

    return f"{prefix}{characters(22)}_{characters(43)}"


# A point on P-256 in base64url: what a phone would register if its private key were 1.
P256_GENERATOR = base64.urlsafe_b64encode(bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")).rstrip(b"=").decode()


def webhook_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def die_with_parent():
    """The calling process gets a SIGKILL when the thread that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# ---- HTTP ------------------------------------------------------------------------------------


class Answer(collections.namedtuple("Answer", "status headers body")):
    """What came back; answer["member"] reads its JSON."""

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __getitem__(self, key):
        return self.json[key] if isinstance(key, str) else tuple.__getitem__(self, key)

    @property
    def problem(self):
        """The last word of a problem's type: "not-found"."""
        document = self.json
        return document.get("type", "").rsplit("/", 1)[-1] if isinstance(document, dict) else ""


class Client:
    """One connection, kept alive; a lost one is made again."""

    def __init__(self, port, token=None, timeout_s=PATIENCE_S):
        self.port, self.token, self.timeout_s = port, token, timeout_s
        self.connection = None

    def request(self, method, path, body=None, token=None, headers=None):
        """body: bytes and str go out as they are, anything else as JSON."""
        sent = dict(headers or {})
        token = token if token is not None else self.token
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            body = body.encode() if isinstance(body, str) else body
        for last in (False, True):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=self.timeout_s)
            try:
                self.connection.request(method, path, body, sent)
                response = self.connection.getresponse()
                return Answer(response.status, dict(response.getheaders()), response.read())
            except (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest):
                self.close()
                # Only a connection that idled may have been closed under us.
                if fresh or last:
                    raise
        raise AssertionError("unreachable")

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body if body is not None else {}, **options)

    def put(self, path, body, **options):
        return self.request("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Events:
    """Follows /v1/events; next() answers (id, kind, data)."""

    def __init__(self, port, token, customer, last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {token}"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        self.connection.request("GET", f"/v1/events?customer={customer}", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.status

    def next(self):
        event = {}
        while True:
            line = self.response.readline()
            if not line:
                raise EOFError("the stream ended")
            line = line.decode().rstrip("\n")
            if line == "" and "data" in event:
                return int(event["id"]), event["event"], json.loads(event["data"])
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                event[name] = value

    def close(self):
        self.connection.close()


# ---- programs --------------------------------------------------------------------------------


class Program:
    """A process started by the test; its standard error goes to a file."""

    def __init__(self, arguments, log_path, environment=None):
        self.arguments, self.log_path = [str(each) for each in arguments], pathlib.Path(log_path)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, preexec_fn=die_with_parent)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self, expect_success=True):
        """SIGTERM; answers the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.arguments[0]} did not stop:\n{self.log()}") from None
        self.process = None
        if expect_success and status != 0:
            raise AssertionError(f"{self.arguments[0]} ended with {status}:\n{self.log()}")
        return status

    def kill(self):
        """SIGKILL, as a crash."""
        self.process.kill()
        self.process.wait()
        self.process = None


class Simulator(Program):
    """One of tests/support, in `directory`; `ready` is what it wrote once it accepted."""

    def __init__(self, name, directory, *arguments, environment=None):
        program = {"provider": "provider-simulator", "telephony": "telephony-simulator",
                   "phone": "phone-simulator"}[name]
        super().__init__([SUPPORT_BUILD_DIR / program, "--dir", directory, "--die-with-parent",
                          *arguments], pathlib.Path(directory) / f"{name}.log", environment)
        self.name, self.directory, self.ready = name, pathlib.Path(directory), None

    def start(self):
        ready = self.directory / f"{self.name}.ready"
        ready.unlink(missing_ok=True)
        super().start()

        def look():
            if not self.is_running():
                raise AssertionError(f"{self.name} simulator ended:\n{self.log()}")
            return ready.exists()

        wait_until(look, f"the {self.name} simulator")
        self.ready = json.loads(ready.read_text())
        return self

    def control(self, **command):
        """One line to its control socket; answers its answer."""
        path = self.ready.get("control", str(self.directory / f"{self.name}.sock"))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(path)
            connection.sendall(json.dumps(command).encode() + b"\n")
            return json.loads(connection.makefile().readline())

    def records(self):
        """The lines of its log file so far."""
        name = "received" if self.name == "provider" else self.name
        path = self.directory / f"{name}.jsonl"
        if not path.exists():
            return []
        text = path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


class Gateway(Program):
    """astreinted in `directory`. Sections are {"name": {"key": value}} of its configuration."""

    def __init__(self, directory, sections=None, environment=None):
        self.directory = pathlib.Path(directory)
        super().__init__([ASTREINTED, "--config", self.directory / "astreinted.ini"],
                         self.directory / "astreinted.log", environment)
        self.root_key = random_key()
        self.port = None
        self._clients = []
        self._write("root.key", self.root_key + "\n")
        self._write("secret", secrets.token_hex(32) + "\n")
        self.sections = {"gateway": {
            "database": self.directory / "astreinte.db",
            "listen_address": "127.0.0.1", "listen_port": port_to_keep(),
            "port_file": self.directory / "port",
            "root_key_file": self.directory / "root.key",
            "secret_file": self.directory / "secret",
            "reserve_mb": 1,
        }, "coverage": {"at": "off"}}  # its alarms would hang on the hour of the run
        for name, keys in (sections or {}).items():
            self.sections.setdefault(name, {}).update(keys)

    def _write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def use_provider(self, ready):
        self.sections["push"] = {
            "ca_file": ready["ca"], "apns_host": "localhost", "apns_port": ready["apns"],
            "apns_sandbox_host": "localhost", "apns_sandbox_port": ready["apns"],
            "apns_key_file": ready["apns_key"], "apns_key_id": ready["apns_key_id"],
            "apns_team_id": ready["apns_team_id"], "apns_topic": ready["apns_topic"],
            "fcm_host": "localhost", "fcm_port": ready["fcm"],
            "fcm_service_account_file": ready["service_account"],
        }

    def use_endpoint(self, name, url, secret):
        path = self._write(f"endpoint-{name}.secret", secret + "\n")
        self.sections[f"endpoint.{name}"] = {"url": url, "secret_file": path}

    def write_configuration(self):
        lines = []
        for section, keys in self.sections.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {value}" for name, value in keys.items()]
        self._write("astreinted.ini", "\n".join(lines) + "\n")

    def start(self):
        """Answers once it is ready. A restart keeps the port, so that clients find it again."""
        port_file = self.directory / "port"
        port_file.unlink(missing_ok=True)
        self.write_configuration()
        super().start()

        def look():
            if not self.is_running():
                raise AssertionError(f"astreinted ended:\n{self.log()}")
            return port_file.exists()

        wait_until(look, "astreinted")
        self.port = int(port_file.read_text())
        self.sections["gateway"]["listen_port"] = self.port
        return self

    def client(self, token=None):
        """A new connection; the root key by default, "" for none."""
        client = Client(self.port, self.root_key if token is None else token)
        self._clients.append(client)
        return client

    def stop(self, expect_success=True):
        for client in self._clients:
            client.close()
        return super().stop(expect_success)


# ---- a customer ------------------------------------------------------------------------------


def procedure(rounds=1, round_spacing_s=1, steps=None, exhausted=None, **members):
    """A procedure with short waits: push to who is on call, then call, then the other one."""
    return {
        "rounds": rounds, "round_spacing_s": round_spacing_s,
        "steps": steps or [
            {"notify": [{"on_call": "principal"}], "by": ["push"], "received_within_s": 20,
             "accepted_within_s": 60},
            {"notify": [{"on_call": "principal"}], "by": ["call"], "accepted_within_s": 60},
            {"notify": [{"on_call": "renfort"}], "by": ["push", "call"], "accepted_within_s": 60},
        ],
        "exhausted": exhausted or [{"callback": "call-centre"}], **members,
    }


def rota(*agents):
    """One layer of weekly turns; one agent is always on call."""
    return {"layers": [{"turn": "weekly", "turn_length": 1, "starts_on": "2024-01-01",
                        "hand_over": {"weekday": "monday", "time": "09:00"},
                        "participants": list(agents)}]}


class Agent:
    """A person on call, with an enrolled phone or several."""

    def __init__(self, customer, slug, name, phone):
        self.customer, self.slug, self.name, self.phone = customer, slug, name, phone
        self.token, self.client, self.targets = None, None, {}

    def enrol(self):
        code = self.customer.admin_path("POST", f"agents/{self.slug}/enrolments", {}, 201)["code"]
        answer = self.customer.gateway.client("").post("/v1/agent/enrolments", {"code": code})
        assert answer.status == 201, answer
        self.token = answer["token"]
        self.client = self.customer.gateway.client(self.token)
        return self

    def register(self, installation="phone-1", platform="apns", target=None, **news):
        if self.token is None:
            self.enrol()
        target = target or (secrets.token_hex(32) if platform == "apns"
                            else "fcm-" + secrets.token_hex(16))
        answer = self.client.put(f"/v1/agent/devices/{installation}", {
            "platform": platform, "target": target, "environment": "production",
            "app_version": "1.0", "permission": "granted", **news})
        assert answer.status in (200, 201), answer
        self.targets[installation] = target
        return self

    def verb(self, escalation, verb, **body):
        return self.client.post(f"/v1/agent/escalations/{escalation}/{verb}", body)


class Customer:
    """A customer that can be escalated to: agents paul (principal) and marie (renfort)."""

    def __init__(self, gateway, slug, definition=None, agents=None, devices=True):
        self.gateway, self.slug = gateway, slug
        self.admin = gateway.client()
        self.admin_path("PUT", "", {
            "name": slug.replace("-", " ").title(), "time_zone": "Europe/Paris",
            "language": "fr", "alias": "le client"}, 201)
        self.agents = {}
        for number, (name, full) in enumerate((agents or {
                "paul": "Paul Durand", "marie": "Marie Petit"}).items()):
            self.add_agent(name, full, f"+336000000{number + 10}", devices)
        names = list(self.agents)
        self.admin_path("PUT", "rotas/principal", rota(names[0]), 201)
        self.admin_path("PUT", "rotas/renfort", rota(names[-1]), 201)
        self.admin_path("PUT", "procedures/nuit", definition or procedure(), 201)
        self.put()
        self.desk_key = self.add_key("call-centre")
        self.telephony_key = self.add_key("telephony")
        self.desk = gateway.client(self.desk_key)
        self.telephony = gateway.client(self.telephony_key)

    def admin_path(self, method, path, body, *expected):
        place = f"/v1/customers/{self.slug}" + (f"/{path}" if path else "")
        answer = self.admin.request(method, place, body)
        assert not expected or answer.status in expected, (method, place, answer)
        return answer

    def put(self, **members):
        """The customer as it was made, with other members."""
        self.admin_path("PUT", "", {
            "name": self.slug.replace("-", " ").title(), "time_zone": "Europe/Paris",
            "language": "fr", "alias": "le client", "default_procedure": "nuit", **members}, 200)

    def add_agent(self, slug, name, phone, devices=True):
        self.admin_path("PUT", f"agents/{slug}", {"name": name, "phone": phone}, 200, 201)
        self.agents[slug] = Agent(self, slug, name, phone)
        return self.agents[slug].register() if devices else self.agents[slug]

    def add_contact(self, slug, name, phone):
        self.admin_path("PUT", f"contacts/{slug}", {"name": name, "phone": phone}, 200, 201)

    def add_key(self, role):
        answer = self.admin.post("/v1/api-keys", {
            "name": f"{role} of {self.slug}", "role": role, "customers": [self.slug]})
        assert answer.status == 201, answer
        return answer["key"]

    def escalate(self, headers=None, **members):
        """POST /v1/escalations with sensible members."""
        body = {"customer": self.slug, "severity": "critical", "summary": "Essai", **members}
        return self.desk.post("/v1/escalations", body, headers=headers)

    def show(self, escalation):
        answer = self.desk.get(f"/v1/escalations/{escalation}")
        assert answer.status == 200, answer
        return answer.json

    def verb(self, escalation, verb, operator="Léa", **body):
        return self.desk.post(f"/v1/escalations/{escalation}/{verb}",
                              {"operator": operator, **body})

    def wait_for_state(self, escalation, *states):
        return wait_until(
            lambda: (lambda view: view if view["state"] in states else None)(
                self.show(escalation)), f"{escalation} to be {' or '.join(states)}")


# ---- the test case ---------------------------------------------------------------------------


class GatewayTest(unittest.TestCase):
    """One gateway a class (start-up is what costs), stopped with its exit status checked."""

    simulators = ()   # of "provider", "telephony", "phone"
    sections = None   # more configuration
    gateway_class = Gateway
    moves_clock = ()  # of "gateway" and the simulators: those that live by cls.clock
    wall_at_start = None  # an aware datetime

    @classmethod
    def _environment_of(cls, program):
        return cls.clock.environment if program in cls.moves_clock else None

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.directory = pathlib.Path(stack.enter_context(
                tempfile.TemporaryDirectory(prefix="astreinte-")))
            cls.clock = machine_clock.MachineClock(cls.directory) if cls.moves_clock else None
            if cls.wall_at_start is not None:
                cls.clock.set_wall(cls.wall_at_start)
            cls.gateway = cls.gateway_class(cls.directory, cls.sections,
                                            cls._environment_of("gateway"))
            cls.provider = cls.phone = cls.telephony = None
            if "provider" in cls.simulators:
                cls.provider = Simulator(
                    "provider", cls.directory,
                    environment=cls._environment_of("provider")).start()
                stack.callback(cls.provider.stop)
                cls.gateway.use_provider(cls.provider.ready)
            if "telephony" in cls.simulators:
                secret = webhook_secret()
                cls.telephony = Simulator("telephony", cls.directory, "--secret", secret,
                                          "--api-key-file", cls.directory / "root.key",
                                          environment=cls._environment_of("telephony")).start()
                stack.callback(cls.telephony.stop)
                for name in ("telephony", "call-centre"):
                    cls.gateway.use_endpoint(name, cls.telephony.ready["url"], secret)
            cls.gateway.start()
            stack.callback(cls.gateway.stop)
            if "phone" in cls.simulators:
                cls.phone = Simulator("phone", cls.directory, "--gateway",
                                      f"http://127.0.0.1:{cls.gateway.port}",
                                      environment=cls._environment_of("phone")).start()
                stack.callback(cls.phone.stop)
            cls.admin = cls.gateway.client()
            cls._stack = stack.pop_all()

    @classmethod
    def tearDownClass(cls):
        cls._stack.close()

    def customer(self, slug=None, definition=None, **options):
        return Customer(self.gateway, slug or "client-" + secrets.token_hex(4), definition,
                        **options)

    def push_of_test(self, test):
        """What the phone got of a test push: only that carries the token that confirms it."""
        def look():
            return [each["payload"] for each in self.provider.records()
                    if isinstance(each.get("payload"), dict) and each.get("status") in (200, 201)
                    and each["payload"].get("test") == test]
        return wait_until(look, "the test push to arrive")[-1]

    def confirm_test(self, test, verb="seen"):
        """As the phone does, with what the push brought."""
        token = self.push_of_test(test)["received"]
        return self.gateway.client(token).post(f"/v1/agent/tests/{test}/{verb}", {})

    def confirm_alert(self, escalation):
        """The same for the first push of an alert that the provider took."""
        def look():
            return [each["payload"] for each in self.provider.records()
                    if isinstance(each.get("payload"), dict) and each.get("status") in (200, 201)
                    and each["payload"].get("escalation") == escalation]
        push = wait_until(look, "the alert to arrive")[0]
        return self.gateway.client(push["received"]).post(
            f"/v1/agent/escalations/{escalation}/received", {"attempt": push["attempt"]})

    def run_ctl(self, key, *arguments, code=0, stdin=None, **environment):
        """astreintectl with this key, which has to end with `code`. It is in France and has no
        locale, unless the environment says so: the customer's language counts."""
        key_file = self.directory / "ctl.key"
        with open(key_file, "w", encoding="utf-8",
                  opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.write(key + "\n")
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith("LC_") and name != "LANG"}
        variables |= {"ASTREINTE_URL": f"http://127.0.0.1:{self.gateway.port}",
                      "ASTREINTE_KEY_FILE": str(key_file), "TZ": "Europe/Paris"} | environment
        done = subprocess.run([ASTREINTECTL, *map(str, arguments)], input=stdin,
                              capture_output=True, text=True, timeout=PATIENCE_S, env=variables,
                              check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def assert_problem(self, answer, status, slug=None, pointer=None):
        """A problem document of this status, type and place."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get("Content-Type"), "application/problem+json", answer)
        document = answer.json
        self.assertEqual(document["status"], status, document)
        self.assertTrue(document["detail"], document)
        if slug is not None:
            self.assertEqual(answer.problem, slug, document)
        if pointer is not None:
            self.assertEqual([each["pointer"] for each in document["errors"]], [pointer], document)

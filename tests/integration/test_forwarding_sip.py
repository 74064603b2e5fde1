"""Calls over SIP that a real Kamailio puts through as the gateway tells it: contrib/kamailio, as an
operator would use it, with the test's ports. Callers and telephones are sipp's, all on the
loopback. A telephone's number ends in the port it listens on, which stands for the trunk's way to
it."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import sqlite3
import subprocess
import tempfile

import astreinte_test
import supervised
from astreinte_test import wait_until

CONFIGURATION = astreinte_test.SOURCE_DIR / "contrib/kamailio/kamailio.cfg"
SCENARIOS = astreinte_test.SOURCE_DIR / "tests/integration/sip"
KAMAILIO = shutil.which("kamailio", path=os.environ.get("PATH", "") + ":/usr/sbin")
RING_MS = 1500
NUMBER_HEAD = "+336120"
CALLED = itertools.count()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def number_of(port):
    return f"{NUMBER_HEAD}{port:05d}"


def sipp(scenario, port, *arguments):
    """The command line of one that plays a scenario, with its traces in its own directory."""
    return ["sipp", "-sf", SCENARIOS / f"{scenario}.xml", "-i", "127.0.0.1", "-p", port,
            "-mp", free_port(), "-nostdin", "-trace_err", "-trace_logs", "-trace_msg", *arguments]


class Telephone(astreinte_test.Program):
    """Behaves as its scenario says, for any number of calls."""

    def __init__(self, directory, scenario):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=scenario + "-", dir=directory))
        self.port = free_port()
        self.number = number_of(self.port)
        self.messages = self.directory / "messages"
        super().__init__(["env", "-C", self.directory,
                          *sipp(scenario, self.port, "-message_file", self.messages)],
                         self.directory / "log")

    def start(self):
        super().start()
        wait_until(self._listens, f"a telephone:\n{self.log()}")
        return self

    def _listens(self):
        assert self.is_running(), self.log()
        ports = pathlib.Path("/proc/net/udp").read_text()
        return f"0100007F:{self.port:04X} " in ports

    def calls(self):
        """How many different calls rang it."""
        text = self.messages.read_text(errors="replace") if self.messages.exists() else ""
        invites = re.findall(r"^INVITE .*?^Call-ID: *(\S+)", text, re.MULTILINE | re.DOTALL)
        return len(set(invites))


class Kamailio(astreinte_test.Program):
    """The operator's configuration with the test's addresses, in the foreground."""

    def __init__(self, directory, gateway_port, key, fallback):
        self.directory, self.port = pathlib.Path(directory), free_port()
        text = CONFIGURATION.read_text()
        for old, new in (("udp:127.0.0.1:5060", f"udp:127.0.0.1:{self.port}"),
                         ('"@TRUNK"', '"@127.0.0.1:" + '
                          f"$(avp(dialled){{s.substr,{len(NUMBER_HEAD)},0}})"),
                         ("http://127.0.0.1:8080", f"http://127.0.0.1:{gateway_port}"),
                         ("+33100000000", fallback),
                         ("RING_MS 25000", f"RING_MS {RING_MS}")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = self.directory / "kamailio.cfg"
        path.write_text(text)
        super().__init__([KAMAILIO, "-f", path, "-DD", "-E", "-m", "32", "-M", "4",
                          "-w", self.directory, "-Y", self.directory],
                         self.directory / "kamailio.log", {"ASTREINTE_KEY": key})

    def start(self):
        super().start()
        wait_until(self._answers, "kamailio")
        return self

    def _answers(self):
        assert self.is_running(), self.log()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.5)
            asking.connect(("127.0.0.1", self.port))
            own = asking.getsockname()[1]
            with contextlib.suppress(OSError):
                asking.send((
                    f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{secrets.token_hex(8)}\r\n"
                    "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
                    f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 OPTIONS\r\n"
                    "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n").encode())
                return asking.recv(4096).startswith(b"SIP/2.0 200")
        return False


class ForwardingSip(astreinte_test.GatewayTest):
    gateway_class = supervised.Hooked

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with contextlib.ExitStack() as stack:
            stack.callback(super().tearDownClass)
            for name, scenario in (("first", "phone_answers"), ("second", "phone_answers"),
                                   ("silent", "phone_rings"), ("unwilling", "phone_declines"),
                                   ("fallback", "phone_answers")):
                telephone = Telephone(cls.directory, scenario).start()
                stack.callback(telephone.kill)
                setattr(cls, name, telephone)
            key = cls.admin.post("/v1/api-keys", {"name": "SBC", "role": "telephony",
                                                  "customers": ["*"]})["key"]
            cls.kamailio = Kamailio(cls.directory, cls.gateway.port, key,
                                    cls.fallback.number).start()
            stack.callback(cls.kamailio.stop)
            cls._sip_stack = stack.pop_all()

    @classmethod
    def tearDownClass(cls):
        cls._sip_stack.close()

    def setUp(self):
        self.addCleanup(self.gateway.hooks.clear)

    def forwarded(self, principal, renfort, emergency=None):
        """A customer whose agents on call have these telephones; and the number it is called on."""
        number = f"+33142{next(CALLED):06d}"
        customer = self.customer(devices=False)
        customer.put(numbers=[number], emergency_phone=emergency.number if emergency else None)
        customer.add_agent("paul", "Paul Durand", principal.number, devices=False)
        customer.add_agent("marie", "Marie Petit", renfort.number, devices=False)
        return customer, number

    def call(self, number, scenario="caller"):
        """Calls; answers the port of the telephone that answered, None for nobody."""
        with tempfile.TemporaryDirectory(prefix=f"{scenario}-", dir=self.directory) as place:
            arguments = sipp(scenario, free_port(), "-log_file", f"{place}/log", "-s", number,
                             "-m", 1, "-timeout", 30, "-timeout_error",
                             f"127.0.0.1:{self.kamailio.port}")
            done = subprocess.run([str(each) for each in arguments], cwd=place, check=False,
                                  stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=astreinte_test.PATIENCE_S)
            errors = "".join(path.read_text(errors="replace")
                             for path in pathlib.Path(place).glob("*errors.log"))
            self.assertEqual(done.returncode, 0, errors + self.kamailio.log())
            reached = re.search(r"reached\D*(\d+)", pathlib.Path(place, "log").read_text())
            return int(reached[1]) if reached else None

    def tickets(self, number):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.gateway.directory}/astreinte.db?mode=ro", uri=True)) as database:
            return database.execute(
                "SELECT summary, fields, closed_at FROM ticket WHERE fields LIKE ?",
                (f'%"{number}"%',)).fetchall()

    def ticket(self, number):
        """The one ticket of a call to a number: (summary, fields, whether it is closed)."""

        rows = wait_until(lambda: self.tickets(number), f"the ticket:\n{self.kamailio.log()}")
        self.assertEqual(len(rows), 1, rows)
        return rows[0][0], json.loads(rows[0][1]), rows[0][2] is not None

    def test_agent_on_call_is_reached(self):
        _, number = self.forwarded(self.first, self.second)
        rung = self.second.calls()
        self.assertEqual(self.call(number), self.first.port)
        self.assertEqual(self.second.calls(), rung)
        summary, fields, closed = self.ticket(number)
        self.assertEqual(summary, "Appel transféré à Paul Durand")
        self.assertTrue(closed)
        self.assertRegex(fields.pop("call_id"), "^[0-9a-f]{32}$")
        self.assertEqual(fields, {"number": number, "caller": "+33612345678", "agent": "paul",
                                  "dialled": self.first.number, "outcome": "answered"})

    def test_second_is_reached_when_the_first_does_not_answer(self):
        _, number = self.forwarded(self.silent, self.second)
        rung = self.silent.calls()
        self.assertEqual(self.call(number), self.second.port)
        self.assertEqual(self.silent.calls(), rung + 1)
        self.assertEqual(self.ticket(number)[1]["agent"], "marie")

    def test_second_is_reached_when_the_first_declines(self):
        _, number = self.forwarded(self.unwilling, self.second)
        self.assertEqual(self.call(number), self.second.port)

    def test_emergency_number_is_the_last(self):
        _, number = self.forwarded(self.unwilling, self.unwilling, emergency=self.first)
        self.assertEqual(self.call(number), self.first.port)
        self.assertEqual(self.ticket(number)[0], "Appel transféré au numéro d'urgence")

    def test_nobody_answers(self):
        _, number = self.forwarded(self.unwilling, self.silent)
        self.assertIsNone(self.call(number))
        summary, fields, closed = self.ticket(number)
        self.assertEqual(summary, "Appel transféré auquel personne n'a répondu")
        self.assertEqual(fields["outcome"], "no_answer")
        self.assertFalse(closed)

    def test_caller_gives_up(self):
        _, number = self.forwarded(self.silent, self.second)
        rung = self.second.calls()
        self.assertIsNone(self.call(number, "caller_gives_up"))
        _, fields, closed = self.ticket(number)
        self.assertEqual(fields["outcome"], "abandoned")
        self.assertFalse(closed)
        self.assertEqual(self.second.calls(), rung)

    def test_unknown_number_goes_to_the_call_centre(self):
        self.assertEqual(self.call("+33143000000"), self.fallback.port)

    def test_writer_hangs(self):
        _, number = self.forwarded(self.first, self.second)
        self.gateway.hooks.set("hang fdatasync writer")
        self.assertEqual(self.call(number), self.first.port)
        self.assertEqual(self.tickets(number), [])
        self.gateway.hooks.clear()
        self.assertEqual(self.ticket(number)[1]["outcome"], "answered")

"""A gateway that hangs or aborts where the test wants it, and a systemd that restarts it.

    class MyTest(supervised.SupervisedTest):
        simulators = ("telephony",)
        def test_something(self):
            self.gateway.hooks.set("hang fdatasync writer")
            self.gateway.wait_for_ends(1)

Supervised does what contrib/systemd/astreinted.service asks of systemd: Restart=always, and
WatchdogSec: a SIGABRT when no WATCHDOG=1 came for so long.
"""

import mmap
import pathlib
import select
import signal
import socket
import threading
import time

import astreinte_test
from astreinte_test import wait_until

PRELOAD = astreinte_test.SUPPORT_BUILD_DIR / "preload/preload_hooks.so"
HOOKS_BYTES = 4096
LOOK_S = 0.02
RESTART_S = 0.05


class Hooks:
    """Rules for preload_hooks.so, which says what they look like; they hold at once."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "hooks"
        self.path.write_bytes(bytes(HOOKS_BYTES))
        with open(self.path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), HOOKS_BYTES)

    def set(self, *rules):
        text = "".join(f"{rule}\n" for rule in rules).encode()
        self.page[0] = 0  # no reader sees half of it
        self.page[1:] = text[1:].ljust(HOOKS_BYTES - 1, b"\0")
        self.page[0:1] = text[:1] or b"\0"

    def clear(self):
        self.set()

    def environment(self):
        return {"LD_PRELOAD": str(PRELOAD), "ASTREINTE_HOOKS_FILE": str(self.path)}


class Hooked(astreinte_test.Gateway):
    """A gateway with hooks, and nobody who restarts it."""

    def __init__(self, directory, sections=None, environment=None):
        self.hooks = Hooks(directory)
        super().__init__(directory, sections,
                         dict(environment or {}, **self.hooks.environment()))


class Supervised(Hooked):
    """A gateway under a service manager. `ends` are the signals or statuses it ended with;
    `on_abort` is called before the SIGABRT of the watchdog."""

    watchdog_s = 3.0

    def __init__(self, directory, sections=None, environment=None):
        super().__init__(directory, sections, environment)
        self.notify_path = str(self.directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.notify_path)
        self.environment["NOTIFY_SOCKET"] = self.notify_path
        self.environment["WATCHDOG_USEC"] = str(int(self.watchdog_s * 1e6))
        self.ends, self.pets, self.last_pet = [], 0, None
        self.on_abort = lambda: None
        self.stopping = threading.Event()
        self.thread = None

    # The thread that starts the daemon lives as long: the kernel kills the daemon after it.

    def _start_once(self):
        self.last_pet = None
        self.write_configuration()
        astreinte_test.Program.start(self)

    def _take_notices(self):
        while select.select([self.socket], [], [], 0)[0]:
            lines = self.socket.recv(4096).decode().splitlines()
            self.pets += "WATCHDOG=1" in lines
            if "READY=1" in lines or "WATCHDOG=1" in lines:
                self.last_pet = time.monotonic()

    def _supervise(self):
        self._start_once()
        while True:
            select.select([self.socket], [], [], LOOK_S)
            self._take_notices()
            status = self.process.poll()
            if status is not None and self.stopping.is_set():
                return
            if status is not None:
                self.ends.append(-status if status < 0 else f"exit {status}")
                time.sleep(RESTART_S)
                self._start_once()
            elif (self.last_pet is not None and not self.stopping.is_set()
                  and time.monotonic() - self.last_pet > self.watchdog_s):
                self.last_pet = None
                self.on_abort()
                self.process.send_signal(signal.SIGABRT)

    def start(self):
        (self.directory / "port").unlink(missing_ok=True)
        self.thread = threading.Thread(target=self._supervise)
        self.thread.start()
        wait_until((self.directory / "port").exists, "astreinted")
        self.port = int((self.directory / "port").read_text())
        self.sections["gateway"]["listen_port"] = self.port  # clients find it again
        return self

    def stop(self, expect_success=True):
        self.hooks.clear()
        for client in self._clients:
            client.close()
        self.stopping.set()
        self.process.send_signal(signal.SIGTERM)
        self.thread.join(astreinte_test.PATIENCE_S)
        status = self.process.poll()
        if status != 0 and expect_success:
            self.process.kill()
            raise AssertionError(f"it ended with {status}:\n{self.log()}")
        self.socket.close()
        return status

    def wait_for_ends(self, count):
        wait_until(lambda: len(self.ends) >= count, f"the end number {count}")


class HookedTest(astreinte_test.GatewayTest):
    gateway_class = Hooked

    def setUp(self):
        self.addCleanup(self.gateway.hooks.clear)

    def alarms(self, kind):
        """The details that the call centre was told."""
        return [each["body"]["detail"] for each in self.telephony.records()
                if each.get("type") == "gateway.alarm" and each["body"]["alarm"] == kind]

    def callbacks(self, kind, escalation):
        return [each for each in self.telephony.records()
                if each.get("type") == kind and each["body"]["escalation"] == escalation]


class SupervisedTest(HookedTest):
    gateway_class = Supervised

    def setUp(self):
        super().setUp()
        self.gateway.ends.clear()
        self.gateway.on_abort = lambda: None

    def over_restarts(self, ask):
        """ask()'s answer, once the gateway is there to give one."""

        def try_once():
            try:
                return ask()
            except OSError:
                return None

        return wait_until(try_once, "an answer")

    def view(self, customer, escalation):
        return self.over_restarts(lambda: customer.show(escalation))

    def wait_for_view(self, customer, escalation, condition, what):
        return wait_until(
            lambda: (lambda view: view if condition(view) else None)(
                self.view(customer, escalation)), what)

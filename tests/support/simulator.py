"""What the simulators share: start and stop, ready file, control socket, log, timers, HTTP client.

A simulator is a program of its own that stands in for a part of the world outside. It binds to
loopback, writes DIR/<name>.ready once it accepts, is told what to do over DIR/<name>.sock (a JSON
object a line, each answered with one), logs to DIR/<name>.jsonl, and stops on SIGTERM.

Standard library only: whoever runs the quick start has nothing to install for it.
"""

import argparse
import ctypes
import datetime
import heapq
import http.client
import itertools
import json
import os
import queue
import re
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

LINE_BYTES_MAX = 65536
WORKERS = 64
REQUEST_TIMEOUT_S = 15.0
RETRY_FIRST_S = 0.1
RETRY_S_MAX = 2.0
PR_SET_PDEATHSIG = 1


class Invalid(Exception):
    """Input that breaks a rule; the text says which."""


# ---- strict input ----------------------------------------------------------------------------


def parse_object(text):
    """Reads one JSON object strictly: no duplicate names, no NaN, nothing behind it."""

    def without_duplicates(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise Invalid("a name is there twice")
        return dict(pairs)

    def refuse_constant(word):
        raise Invalid(f"{word} is not JSON")

    try:
        value = json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Invalid("not a JSON object")
    return value


def check(value, name, members, required=()):
    """Checks an object's members against {member: predicate}; unknown ones are refused."""
    if not isinstance(value, dict):
        raise Invalid(f"{name} must be an object")
    for member in required:
        if member not in value:
            raise Invalid(f"{name}: {member} is missing")
    for member, content in value.items():
        if member not in members:
            raise Invalid(f"{name}: unknown member {member}")
        if not members[member](content):
            raise Invalid(f"{name}: {member} is not what it must be")


def is_text(value):
    return isinstance(value, str) and value != ""


def is_flag(value):
    return isinstance(value, bool)


def is_seconds(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86400


def is_integer(low, high):
    """A predicate: a whole number within the limits."""

    def test(value):
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return test


def one_of(*words):
    """A predicate: one of the words."""
    return lambda value: isinstance(value, str) and value in words


def is_uuid(value):
    return isinstance(value, str) and UUID_PATTERN.fullmatch(value) is not None


UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


# ---- behaviours ------------------------------------------------------------------------------


class Behaviours:
    """What each peer (a number, a device token) does; "*" stands for all without an own one."""

    def __init__(self, default):
        self._default = default
        self._by_key = {}
        self._lock = threading.Lock()

    def set(self, key, behaviour):
        """From now on; with a member "count", that many times."""
        with self._lock:
            self._by_key[key] = dict(behaviour)

    def look(self, key):
        """What the next take() would answer."""
        with self._lock:
            return self._by_key.get(key, self._by_key.get("*", self._default))

    def take(self, key):
        """What the peer does now; counts down."""
        with self._lock:
            if key not in self._by_key:
                key = "*"
            behaviour = self._by_key.get(key, self._default)
            if "count" in behaviour and key in self._by_key:
                behaviour["count"] -= 1
                if behaviour["count"] == 0:
                    del self._by_key[key]
            return behaviour


# ---- log -------------------------------------------------------------------------------------


def now_text():
    """The wall clock as RFC 3339, UTC, milliseconds."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


class Log:
    """A file of JSON lines, each written whole and at once, so that others may follow it."""

    def __init__(self, path):
        self._file = open(path, "ab", buffering=0)
        self._lock = threading.Lock()

    def write(self, **members):
        line = json.dumps({"at": now_text(), **members}, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line.encode("utf-8", "surrogatepass"))


# ---- timers and workers ------------------------------------------------------------------------


class Timers:
    """Calls functions later, on a fixed number of worker threads; a heap keeps the times."""

    def __init__(self, workers=WORKERS):
        self._heap = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._due = queue.SimpleQueue()
        for run in [self._run_clock] + [self._run_worker] * workers:
            threading.Thread(target=run, daemon=True).start()

    def after(self, wait_s, function, *arguments):
        """Calls function(*arguments) once wait_s have passed."""
        if wait_s <= 0:
            self._due.put((function, arguments))
            return
        with self._changed:
            entry = (time.monotonic() + wait_s, next(self._order), function, arguments)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._changed.notify()

    def _run_clock(self):
        with self._changed:
            while True:
                now = time.monotonic()
                while self._heap and self._heap[0][0] <= now:
                    _, _, function, arguments = heapq.heappop(self._heap)
                    self._due.put((function, arguments))
                self._changed.wait(self._heap[0][0] - now if self._heap else None)

    def _run_worker(self):
        while True:
            function, arguments = self._due.get()
            try:
                function(*arguments)
            except Exception as error:  # a fault in one call must not end the others
                print(f"{function.__qualname__}: {error!r}", file=sys.stderr, flush=True)


# ---- HTTP client -------------------------------------------------------------------------------


class Client:
    """Sends JSON over kept connections, any number at once, and repeats until it was answered.

    Everything the simulators post is repeat-safe by contract, so a post whose answer was lost is
    simply made again, also across a restart of the gateway.
    """

    def __init__(self, timers, ca_file=None, give_up_after_s=120.0):
        self._timers = timers
        self._give_up_after_s = give_up_after_s
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._idle = {}
        self._lock = threading.Lock()

    def _connect(self, scheme, host):
        if scheme == "https":
            return http.client.HTTPSConnection(
                host, timeout=REQUEST_TIMEOUT_S, context=self._tls
            )
        return http.client.HTTPConnection(host, timeout=REQUEST_TIMEOUT_S)

    def _post_on(self, connection, target, body, headers):
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        content = response.read(LINE_BYTES_MAX)
        return response.status, content, not response.will_close and response.isclosed()

    def post(self, url, value, key=None):
        """One try; (status, content). Raises OSError or HTTPException when there is no answer."""
        parts = urllib.parse.urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        body = json.dumps(value).encode()
        place = (parts.scheme, parts.netloc)
        while True:
            with self._lock:
                kept = self._idle.setdefault(place, [])
                connection = kept.pop() if kept else None
            reused = connection is not None
            if not reused:
                connection = self._connect(*place)
            try:
                status, content, keep = self._post_on(connection, target, body, headers)
            except (OSError, http.client.HTTPException):
                connection.close()
                if reused:  # the peer may have closed it meanwhile; a fresh one decides
                    continue
                raise
            if keep:
                with self._lock:
                    self._idle[place].append(connection)
            else:
                connection.close()
            return status, content

    def post_until_answered(self, url, value, key, done):
        """Repeats while there is no answer, a 5xx or a 429; then done(status, parsed or None), with
        status 0 when nobody answered for long. `key` is a function."""
        self._try(url, value, key, done, RETRY_FIRST_S, time.monotonic() + self._give_up_after_s)

    def _try(self, url, value, key, done, wait_s, until):
        try:
            status, content = self.post(url, value, key())
        except (OSError, http.client.HTTPException):
            status, content = 0, b""
        if (status == 0 or status >= 500 or status == 429) and time.monotonic() < until:
            self._timers.after(
                wait_s, self._try, url, value, key, done, min(wait_s * 2, RETRY_S_MAX), until
            )
            return
        try:
            answer = parse_object(content)
        except Invalid:
            answer = None
        done(status, answer)


# ---- control socket ----------------------------------------------------------------------------


class _ControlHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            line = self.rfile.readline(LINE_BYTES_MAX)
            if not line.endswith(b"\n"):
                return
            try:
                answer = self.server.command(parse_object(line))
            except Invalid as error:
                answer = {"error": str(error)}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class _ControlServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that went away is no event."""


def start_control(path, command):
    """Serves commands on a Unix socket. command(object) answers an object or raises Invalid, which
    is answered as {"error": …}."""
    if os.path.exists(path):
        os.unlink(path)
    server = _ControlServer(path, _ControlHandler)
    server.command = command
    threading.Thread(target=server.serve_forever, daemon=True).start()


def control(path, *commands):
    """For tests: sends commands and returns their answers; raises Invalid on {"error": …}."""
    answers = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(REQUEST_TIMEOUT_S)
        connection.connect(path)
        with connection.makefile("rwb") as stream:
            for value in commands:
                stream.write(json.dumps(value).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline())
                if "error" in answer:
                    raise Invalid(answer["error"])
                answers.append(answer)
    return answers


def run_script(path, command):
    """Carries out a file of command lines; empty ones and those that begin with # are skipped."""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                try:
                    command(parse_object(line))
                except Invalid as error:
                    raise Invalid(f"{path}, line {number}: {error}") from None


# ---- start and stop ----------------------------------------------------------------------------


def make_parser(name, description, manual):
    """A command line with what every simulator takes."""
    parser = argparse.ArgumentParser(
        prog=name,
        description=description,
        epilog=manual,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dir", required=True, metavar="DIR", help="folder for ready file, control socket and log"
    )
    parser.add_argument(
        "--script", metavar="F", help="file of control commands to carry out before the start"
    )
    parser.add_argument(
        "--die-with-parent",
        action="store_true",
        help="stop when the process that started this one ends, however it ends",
    )
    return parser


def die_with_parent():
    """Asks the kernel for a SIGTERM at the parent's end."""
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before the kernel was asked
        sys.exit(0)


def write_ready(directory, name, value):
    """Writes DIR/<name>.ready at once and whole; returns its path."""
    path = os.path.join(directory, f"{name}.ready")
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.write("\n")
    os.replace(f"{path}.new", path)
    return path


def prepare(options):
    """Before any thread starts: signals, parent, folder."""
    if options.die_with_parent:
        die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    os.makedirs(options.dir, exist_ok=True)


def wait_for_stop(*paths):
    """Waits for SIGTERM or SIGINT, removes the files and ends the process with status 0."""
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
    sys.stderr.flush()
    os._exit(0)  # the log is unbuffered; worker threads may be waiting for peers

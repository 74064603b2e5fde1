"""System calls of a real process that fail, or are its last: the other half of
tests/support/preload/preload_calls.c, whose page this maps."""

import ctypes
import mmap
import pathlib

import astreinte_test

PRELOAD = astreinte_test.SUPPORT_BUILD_DIR / "preload/preload_calls.so"
CALLS = ("open", "read", "write", "sync", "truncate", "map", "socket", "connect", "accept",
         "epoll_ctl", "epoll_wait", "poll", "recv", "send", "malloc", "calloc", "realloc")
KINDS = ("other", "database", "log", "file", "client", "peer")
THREADS = ("main", "http", "door", "writer", "push", "telephony", "others")
ACTIONS = ("fail", "short", "kill before", "kill after", "kill half")
RULES_MAX = 4
FOR_EVER = (1 << 64) - 1


class _Rule(ctypes.Structure):
    _fields_ = [("armed", ctypes.c_uint32), ("action", ctypes.c_uint32), ("calls", ctypes.c_uint32),
                ("kinds", ctypes.c_uint32), ("threads", ctypes.c_uint32), ("error", ctypes.c_int32),
                ("first", ctypes.c_uint64), ("count", ctypes.c_uint64), ("seen", ctypes.c_uint64),
                ("fired", ctypes.c_uint64)]


class _Page(ctypes.Structure):
    _fields_ = [("rules", _Rule * RULES_MAX),
                ("counts", ctypes.c_uint64 * len(KINDS) * len(CALLS) * len(THREADS))]


def _bits(words, chosen):
    return sum(1 << words.index(each) for each in chosen or words)


class Calls:
    """The page of one process; rules outlive it. Start the process with `environment`."""

    def __init__(self, path):
        path = pathlib.Path(path)
        path.write_bytes(bytes(ctypes.sizeof(_Page)))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._page = _Page.from_buffer(self._map)
        self.environment = {"LD_PRELOAD": str(PRELOAD), "ASTREINTE_CALLS_FILE": str(path)}

    def arm(self, action, calls, kinds=(), threads=(), error=0, first=1, count=FOR_EVER, rule=0):
        """From the first-th such call from now on, that many. No kinds or threads means all."""
        self.disarm(rule)
        place = self._page.rules[rule]
        place.action = ACTIONS.index(action)
        place.calls, place.kinds = _bits(CALLS, calls), _bits(KINDS, kinds)
        place.threads, place.error = _bits(THREADS, threads), error
        place.first, place.count, place.seen, place.fired = first, count, 0, 0
        place.armed = 1

    def disarm(self, rule=0):
        self._page.rules[rule].armed = 0

    def seen(self, rule=0):
        return self._page.rules[rule].seen

    def fired(self, rule=0):
        return self._page.rules[rule].fired

    def counts(self):
        """{(thread, call, kind): how often so far}, of what was called at all."""
        return {(thread, call, kind): number
                for thread, calls in zip(THREADS, self._page.counts)
                for call, kinds in zip(CALLS, calls)
                for kind, number in zip(KINDS, kinds) if number}

"""The clocks of the machine under a real process, moved while it runs. A step moves the wall alone;
a suspend moves the wall and CLOCK_BOOTTIME; CLOCK_MONOTONIC goes on as it does.

    clock = machine_clock.MachineClock(directory)
    program = astreinte_test.Program([...], log, clock.environment)
    clock.step_wall(3_600_000)
"""

import datetime
import mmap
import os
import pathlib
import struct
import time

SOURCE_DIR = pathlib.Path(os.environ.get("SOURCE_DIR", pathlib.Path(__file__).parents[2]))
BUILD_DIR = pathlib.Path(os.environ.get("BUILD_DIR", SOURCE_DIR / "build/debug"))
LIBRARY = os.environ.get("PRELOAD_CLOCK", BUILD_DIR / "tests/support/preload/preload_clock.so")


class MachineClock:
    """One machine: every program started with `environment` has its clocks."""

    def __init__(self, directory):
        path = pathlib.Path(directory) / "machine-clock"
        path.write_bytes(bytes(16))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "ASTREINTE_CLOCK_FILE": str(path)}

    def _add(self, offset, moved_ms):
        before, = struct.unpack_from("=q", self._memory, offset)
        struct.pack_into("=q", self._memory, offset, before + int(moved_ms))

    def step_wall(self, moved_ms):
        """What NTP or an operator does: the wall alone, forwards or backwards."""
        self._add(0, moved_ms)

    def suspend(self, duration_ms):
        """The machine slept: wall and boot clock went on, and the processes did not."""
        self._add(8, duration_ms)

    def set_wall(self, moment):
        """Steps the wall to a moment (an aware datetime)."""
        self.step_wall((moment - self.wall()) / datetime.timedelta(milliseconds=1))

    def wall(self):
        """The moment that the machine's wall shows (UTC)."""
        moved_ms = sum(struct.unpack_from("=qq", self._memory))
        return datetime.datetime.fromtimestamp(
            time.time(), datetime.timezone.utc) + datetime.timedelta(milliseconds=moved_ms)

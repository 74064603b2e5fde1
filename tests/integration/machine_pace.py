"""How late the machine itself is: the control beside a wait that is judged.

    with machine_pace.Control(directory) as control:
        ...
    self.assertLessEqual(late_ms, 100 + control.late_ms)

It does what the gateway's writer does and nothing else: it sleeps for a moment, writes and
synchronises. A machine with other work, or a slow disk, makes it late, and everybody else with it.
"""

import os
import pathlib
import threading
import time

NAP_S = 0.02


class Control:
    """Runs in a thread from its beginning to its end; `late_ms` is the longest delay so far."""

    def __init__(self, directory):
        self._path = pathlib.Path(directory) / "control"
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.late_ms = 0.0

    def _run(self):
        with open(self._path, "wb", buffering=0) as file:
            while True:
                before = time.monotonic()
                if self._ends.wait(NAP_S):
                    return
                os.pwrite(file.fileno(), b"x", 0)
                os.fdatasync(file.fileno())
                self.late_ms = max(self.late_ms, (time.monotonic() - before - NAP_S) * 1000)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

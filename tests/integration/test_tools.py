"""The tools of the tests do what they are asked, and end quietly."""

import argparse
import importlib.machinery
import importlib.util
import os
import subprocess
import unittest

import astreinte_test


def load(path):
    """A program without a suffix, as a module."""
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Tools(unittest.TestCase):
    def test_crash_kills_as_often_as_it_is_asked(self):
        crash = load(astreinte_test.SOURCE_DIR / "tests/soak/crash")
        for kills, lives, expected in ((1000, 200, [200] * 5), (7, 3, [3, 3, 1]), (2, 200, [2])):
            options = argparse.Namespace(kills=kills, lives=lives)
            self.assertEqual([crash.kills_of(options, number) for number in range(len(expected))],
                             expected)
        options = argparse.Namespace(kills=7, lives=3)
        self.assertEqual(crash.kills_of(options, 9), 3)  # --database beyond them

    def test_a_list_that_nobody_reads_on_ends_quietly(self):
        for name in ("mutate", "mutate-generated"):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(
                [astreinte_test.SOURCE_DIR / "tests/simulator" / name, "--list"], stdout=writer,
                stderr=subprocess.PIPE, text=True, check=False, timeout=astreinte_test.PATIENCE_S)
            os.close(writer)
            self.assertEqual(done.stderr, "", name)


if __name__ == "__main__":
    unittest.main()

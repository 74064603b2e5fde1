"""The tools of the tests do what they are asked, and end quietly."""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import astreinte_test

PARSES_CORE_AND_ENGINE_S = 300  # twenty seconds of a quiet core


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

    def test_each_mutation_fits_the_tree(self):
        done = self.run_tool("tests/simulator/mutate", "--list")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_each_explained_survivor_is_one_mutant(self):
        mutate = astreinte_test.SOURCE_DIR / "tests/simulator/mutate-generated"
        done = subprocess.run([mutate, "--list", "--count", "1"], capture_output=True, text=True,
                              check=False, timeout=PARSES_CORE_AND_ENGINE_S)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_list_that_nobody_reads_on_ends_quietly(self):
        for name in ("mutate", "mutate-generated"):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(
                [astreinte_test.SOURCE_DIR / "tests/simulator" / name, "--list"], stdout=writer,
                stderr=subprocess.PIPE, text=True, check=False, timeout=PARSES_CORE_AND_ENGINE_S)
            os.close(writer)
            self.assertEqual(done.stderr, "", name)

    def test_bench_tells_a_limit_that_was_missed_by_its_status(self):
        run = load(astreinte_test.SOURCE_DIR / "tests/bench/run")
        met, missed, without = (argparse.Namespace(met=met) for met in (True, False, None))
        for rows, broken, faults, expected in (
                ([], {}, [], 0), ([met, without], {}, [], 0), ([met, missed], {}, [], 3),
                ([missed], {"idle": "Broken"}, [], 1), ([met], {}, ["a daemon"], 1)):
            self.assertEqual(run.exit_status(rows, broken, faults), expected, (rows, broken))
        push = load(astreinte_test.SOURCE_DIR / "tests/bench/push")
        for verdicts, expected in (((True, None), 0), ((True, False), 3), ((), 0)):
            judged = [("what", "1", "2", met) for met in verdicts]
            self.assertEqual(push.exit_status(judged), expected, verdicts)
        for module in (run, push):
            self.assertIn("3  all went through, but a limit says MISSED", module.__doc__)

    def run_tool(self, name, *arguments):
        return subprocess.run([astreinte_test.SOURCE_DIR / name, *arguments], capture_output=True,
                              text=True, check=False, timeout=astreinte_test.PATIENCE_S)

    def test_overload_refuses_what_it_cannot_do(self):
        for arguments, word in (
                (("--seconds", "0"), "--seconds: 0.0: must be above 0"),
                (("--seconds", "-1"), "--seconds: -1.0: must be above 0"),
                (("--seconds", "nan"), "--seconds: nan"), (("--seconds", "inf"), "--seconds: inf"),
                (("--callers", "0"), "--callers: 0: must be 1 or more"),
                (("--commit-ms", "-1"), "--commit-ms: -1: must be 0 or more"),
                (("--deadlines", "-1"), "--deadlines: -1"),
                (("--rate-max", "0"), "--rate-max: 0.0")):
            with self.subTest(arguments):
                # A build that is not there ends it before it begins, should it take them.
                done = self.run_tool("tests/soak/overload", "--no-build", "--build-dir",
                                     "/nonexistent", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(word, done.stderr.splitlines()[-1])
        self.assertIn("--no-build", self.run_tool("tests/soak/overload", "--help").stdout)

    def test_a_build_folder_that_is_not_there_is_not_made(self):
        with tempfile.TemporaryDirectory(prefix="astreinte-") as directory:
            nowhere = pathlib.Path(directory) / "nope"
            for name, *arguments in (("tests/soak/overload",), ("tests/bench/run", "idle"),
                                     ("tests/soak/overload", "--no-build")):
                with self.subTest(name, arguments=arguments):
                    done = self.run_tool(name, *arguments, "--build-dir", nowhere)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(f"--build-dir {nowhere}: holds no", done.stderr)
                    self.assertNotIn("Traceback", done.stderr)
                    self.assertFalse(nowhere.exists())

    def refused(self, *command):
        """What a tool says of a command line that it cannot take: one line, before any work."""
        done = self.run_tool(pathlib.Path("tests/simulator") / command[0], *command[1:])
        self.assertEqual((done.returncode, done.stdout), (2, ""), command)
        return done.stderr

    def test_weeks_that_are_none_are_refused(self):
        for option in ("--weeks", "--years"):
            for value in ("x", "0", "", "-1", "08", "1.5", "1x", "1234567"):
                self.assertEqual(
                    self.refused("run", option, value),
                    f"tests/simulator/run: {option} {value}: a whole number from 1 to 999999 is "
                    "expected; --help explains\n")

    def test_a_seed_is_a_number_or_new(self):
        for value in ("x", "", "-1", "1x", "newer"):
            self.assertEqual(
                self.refused("run", "--seed", value),
                f"tests/simulator/run: --seed {value}: a number or \"new\" is expected; --help "
                "explains\n")
        self.assertIn("argument --seed: 'x' is neither a number nor \"new\"",
                      self.refused("mutate-generated", "--list", "--seed", "x"))

    def test_the_simulator_lives_something_or_refuses(self):
        simulator = astreinte_test.BUILD_DIR / "tests/simulator/simulator"
        for options, said in ((("--weeks", "0"), "no weeks: nothing would be lived"),
                              (("--years", "0"), "no weeks: nothing would be lived"),
                              (("--days", "0"), "no days: nothing would be lived"),
                              (("--weeks", "x"), '"x" is not a number'),
                              (("--weeks", "-1"), '"-1" is not a number'),
                              (("--weeks", "4294967297"), "4294967297 is more than 999999"),
                              (("--seed", "99999999999999999999"),
                               '"99999999999999999999" is not a number'),
                              (("1",), '"1" is one word too many')):
            self.assertEqual(self.refused(simulator, *options),
                             f"simulator: {said}; --help explains\n")

    def test_options_are_taken_by_their_whole_names(self):
        build = astreinte_test.BUILD_DIR
        for program, status, options in (
                ("tests/simulator/simulator", 2, ["--seed=1", "--day=1"]),
                ("tests/support/provider-simulator", 64, ["--no-l", "--dir", "/nonexistent"]),
                ("tests/scenario/scenario", 2, ["--che", "/nonexistent"]),
                ("gateway/ctl/astreintectl", 2, ["health", "--ur", "http://127.0.0.1:1"])):
            with self.subTest(program):
                done = self.run_tool(build / program, *options)
                self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
                self.assertRegex(done.stderr, r"--(day|no-l|che|ur)\b")
                self.assertIn("--help", done.stderr)

    def test_what_the_units_name_is_installed(self):
        named = set()
        for unit in (astreinte_test.SOURCE_DIR / "contrib/systemd").iterdir():
            named.update(re.findall(r"[=/]/usr/local/(\S+)", unit.read_text()))
        with tempfile.TemporaryDirectory(prefix="astreinte-") as place:
            subprocess.run(["cmake", "--install", astreinte_test.BUILD_DIR, "--component",
                            "gateway", "--prefix", place], check=True, capture_output=True,
                           timeout=astreinte_test.PATIENCE_S)
            there = {str(path.relative_to(place)) for path in pathlib.Path(place).rglob("*")
                     if path.is_file()}
        self.assertEqual(named, {"bin/astreinted", "bin/astreintectl",
                                 "share/doc/astreinte/README.md"})
        self.assertEqual(named - there, set())

    def test_coverage_names_a_file_that_it_does_not_cover(self):
        for path, said in (("gateway/core/nosuch.c", "no such file"), ("", "no such file"),
                           ("gateway/core", "no such file"),
                           ("gateway/ctl/run.c", "its room is not counted"),
                           ("README.md", "its room is not counted")):
            done = self.run_tool("tests/coverage", "--list", path)
            self.assertEqual((done.returncode, done.stdout), (2, ""), path)
            self.assertEqual(done.stderr.splitlines()[0], f"coverage: --list {path}: {said}; "
                             "gateway/core, gateway/engine, gateway/store are covered")

    def test_coverage_says_that_nothing_is_left(self):
        coverage = load(astreinte_test.SOURCE_DIR / "tests/coverage")
        path = "gateway/core/words.c"
        for times, expected in (([1, 1], f"{path}: every branch is taken\n"),
                                ([1, 0], f"{path}:1: 1 of 2: ")):
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                self.assertEqual(coverage.show({path: {1: times}}, path), 0)
            self.assertTrue(said.getvalue().startswith(expected), said.getvalue())

    NEEDS = {"contrib/night": ["--url", "http://127.0.0.1:1", "--dir", "/nonexistent",
                               "--admin-key-file", "/nonexistent", "--call-centre-key-file",
                               "/nonexistent"],
             "tests/support/phone-simulator": ["--dir", "/nonexistent", "--gateway",
                                               "http://127.0.0.1:1"],
             "tests/support/telephony-simulator": ["--dir", "/nonexistent", "--secret",
                                                   "whsec_b25l"]}

    def test_every_program_explains_itself_and_names_what_it_does_not_know(self):
        """Before any work: who types an option wrong has asked for none."""
        root = astreinte_test.SOURCE_DIR
        programs = [path for folder in ("contrib", "tests") for path in (root / folder).rglob("*")
                    if path.is_file() and os.access(path, os.X_OK) and
                    path.read_bytes().startswith(b"#!")]
        self.assertGreater(len(programs), 15)
        for path in programs:
            name = str(path.relative_to(root))
            needs = self.NEEDS.get(name, [])
            with self.subTest(name):
                done = self.run_tool(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(path.name, done.stdout)
                for wrong in ("--nosuch", "--hel"):
                    done = self.run_tool(name, *needs, wrong)
                    self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                    self.assertIn(wrong, done.stderr.splitlines()[-1])
                    self.assertIn("-h", done.stderr)

    def test_what_the_simulator_takes_its_runner_takes(self):
        """Its help stands for both; a word too many and a value that is missing are refused."""
        simulator = astreinte_test.BUILD_DIR / "tests/simulator/simulator"
        runner = (astreinte_test.SOURCE_DIR / "tests/simulator/run").read_text()
        names = set(re.findall(r"--[a-z-]+", self.run_tool(simulator, "--help").stdout))
        for name in names - {"--first-week"}:  # which it deals out itself
            self.assertIn(name, runner)
        for arguments, said in ((("word",), "word: no such option"),
                                (("--days",), "--days needs a value"),
                                (("--weeks", "1", "--first-week", "2"),
                                 "--first-week: no such option"),
                                (("--verbose=1",), "--verbose=1: no such option")):
            self.assertEqual(self.refused("run", *arguments),
                             f"tests/simulator/run: {said}; --help explains\n")

    def test_the_simulator_says_how_far_it_is(self):
        simulator = astreinte_test.BUILD_DIR / "tests/simulator/simulator"
        few = ("--days", "1", "--escalations", "1", "--faults", "0", "--weeks", "3")
        told = self.run_tool(simulator, *few, "--progress", "0")
        self.assertEqual(told.returncode, 0, told.stdout)
        self.assertRegex(told.stderr, r"\Afrom week 0: 1 of 3 weeks, [0-9]+ events, [0-9]+ s\n"
                                      r"from week 0: 2 of 3 weeks, [0-9]+ events, [0-9]+ s\n\Z")
        quiet = self.run_tool(simulator, *few)
        self.assertEqual((quiet.returncode, quiet.stderr), (0, ""))

    def test_a_bad_expression_or_number_is_refused_in_words(self):
        for name in ("mutate", "mutate-generated"):
            said = self.refused(name, "--list", "--only", "[")
            self.assertIn("argument --only: '[' is no regular expression: unterminated character "
                          "set at position 0", said)
            self.assertNotIn("Traceback", said)
        for option in ("--seeds", "--found", "--seconds"):
            self.assertIn(f"argument {option}: '0' is not a whole number from 1 on",
                          self.refused("mutate", "--list", option, "0"))
        for option in ("--count", "--jobs"):
            self.assertIn(f"argument {option}: '-1' is not a whole number from 1 on",
                          self.refused("mutate-generated", "--list", option + "=-1"))
        self.assertIn("--found 8: there are only 5 seeds",
                      self.refused("mutate", "--list", "--seeds", "5", "--found", "8"))

    def test_what_nothing_matches_is_refused_before_any_build(self):
        for name, said in (("mutate", "no mutation's name matches 'nosuch'"),
                           ("mutate-generated", "no line with a mutant matches 'nosuch'")):
            self.assertEqual(self.refused(name, "--only", "nosuch"),
                             f"{name}: {said}; --list shows them\n")

    def test_the_check_of_the_model_explains_itself(self):
        done = self.run_tool("tests/model/check", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("tests/model/check MOVES", done.stdout)
        for arguments, said in (((), "one program that prints the moves is expected"),
                                (("/bin/true", "/bin/true"), "one program that prints the moves "
                                 "is expected"),
                                (("--nosuch", "/bin/true"), "--nosuch: no such option"),
                                (("/nonexistent",), "/nonexistent: no program")):
            done = self.run_tool("tests/model/check", *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (2, "", f"tests/model/check: {said}; --help explains\n"))

    def test_progress_of_mutants_says_which_and_how_many(self):
        path = astreinte_test.SOURCE_DIR / "tests/simulator/mutate-generated"
        with unittest.mock.patch("sys.path", [str(path.parent), *sys.path]):
            mutate = load(path)
        drawn = [argparse.Namespace(path="gateway/core/a.c", line=line, operator="dropped",
                                    function="f", before="x;", after=";") for line in (7, 8)]
        court = mutate.Court(iter(drawn), 2, {})
        judge = argparse.Namespace(judge=lambda mutant: ("unit.core.a (Failed)", 1.0))
        said, table = io.StringIO(), io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(table):
            court.sit(judge)
        self.assertEqual(len(table.getvalue().splitlines()), 2)
        self.assertEqual(said.getvalue().splitlines(),
                         ["0 of 2 judged; tries gateway/core/a.c:7, dropped",
                          "1 of 2 judged; tries gateway/core/a.c:8, dropped"])


if __name__ == "__main__":
    unittest.main()

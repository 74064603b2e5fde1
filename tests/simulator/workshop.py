"""A copy of the tree to put bugs into: what mutate and mutate-generated share."""

import argparse
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PRESET = "release"
SETTINGS = "-DCMAKE_C_FLAGS=-Wno-unused-function -Wno-unused-parameter -Wno-unused-variable"


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)


def fail(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr)
    sys.exit(2)


def progress(text):
    """For whoever waits; the table alone goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def end_when_nobody_reads():
    """As other programs do behind a pipe to head."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def expression(text):
    """Of --only, for argparse."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error


def from_one_on(text):
    """A number of things of which there must be some, for argparse."""
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def from_zero_on(text):
    """How many things to leave out, for argparse."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


class Workshop:
    """A copy below build/, with a build of its own; both are kept for the next time."""

    def __init__(self, name, *targets, settings=SETTINGS, preset=PRESET):
        self.folder = os.path.join(ROOT, "build", name)
        self.preset = preset
        self.build_folder = os.path.join(self.folder, "build", preset)
        self.simulator = os.path.join(self.build_folder, "tests", "simulator", "simulator")
        self.targets = targets
        self.copy_tree()
        if run("cmake", "--preset", preset, settings, cwd=self.folder).returncode != 0:
            fail("the tree itself cannot be configured")

    def copy_tree(self):
        """The files that git knows, as they are now; unchanged ones keep their time."""
        names = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
        for name in names.stdout.split("\n"):
            source, target = os.path.join(ROOT, name), os.path.join(self.folder, name)
            if not name or not os.path.isfile(source):
                continue
            text = open(source, "rb").read()
            if not os.path.exists(target) or open(target, "rb").read() != text:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.write(text)
                os.chmod(target, os.stat(source).st_mode)

    def build(self, *targets, jobs=None):
        """None, or what the compiler said."""
        done = run("cmake", "--build", "--preset", self.preset,
                   *(("-j", str(jobs)) if jobs else ()),
                   "--target", *(targets or self.targets), cwd=self.folder)
        return done.stdout if done.returncode != 0 else None

    def build_unchanged(self):
        """As build(), without any bug: minutes the first time, so it is said."""
        progress(f"builds {os.path.relpath(self.build_folder, ROOT)}: minutes the first time")
        return self.build()

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def try_seed(self, seed, seconds):
        """The rule that was broken and after how long; None: none was."""
        began = time.monotonic()
        try:
            done = run(self.simulator, "--seed", str(seed), "--weeks", "1000", "--no-shrink",
                       timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode == 0:
            return None
        return rule_of(done.stdout, done.returncode), time.monotonic() - began


def rule_of(output, status):
    """What was broken, without the ids."""
    found = re.search(r"^FAULT: .* at \d+ ms: (.*)$", output, re.MULTILINE)
    if found:
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}:? ?", "", found[1])
    aborted = re.search(r"^simulator: .*: (Assertion .*) failed", output, re.MULTILINE)
    if aborted:
        return aborted[1]
    return f"status {status}: {output.strip().splitlines()[-1] if output.strip() else ''}"

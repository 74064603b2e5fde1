"""A broken rule is written down as a scenario that breaks it again, and no more when what broke it
is mended: here a disk that forgets its log. usage: test_written_down.py SIMULATOR SCENARIO"""

import os
import re
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", check=False)


def fail(text, done):
    print(f"{text}\n{done.stdout}\n{done.stderr}\nexit status {done.returncode}")
    sys.exit(1)


def main():
    simulator, scenario = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "night.scenario")
        lived = run(simulator, "--seed", "2", "--days", "1", "--forgetful", "--scenario", path)
        broken = re.findall(r"^at \d+ ms: (.*)$", lived.stdout, re.MULTILINE)
        if lived.returncode != 1 or not broken:
            fail("the simulator found nothing", lived)
        again = run(scenario, path)
        if again.returncode != 1 or f"a rule is broken: {broken[-1]}" not in again.stderr:
            fail(f"not the same night; expected: {broken[-1]}", again)
        text = open(path, encoding="utf-8").read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("keeping no_log", "keeping all"))
        mended = run(scenario, path)
        if mended.returncode != 0:
            fail("a sound disk breaks a rule, too", mended)
    print(f"written down and broken again: {broken[-1]}")


if __name__ == "__main__":
    main()

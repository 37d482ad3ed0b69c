#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/soak in a small tree of its own: what it runs, keeps, and goes on with."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LONGEST = 100    # seconds; a host may be busy

# Stands for each program that soak calls. It notes the call; build/behaviour, a piece
# of a shell script, says how it ends.
FAKE = """#!/bin/sh
case "$*" in
list) echo " 1  20 points  a lab"; exit;;
"--soak --list") echo a-scenario; exit;;
esac
echo "$0 $*" >>build/calls
. build/behaviour
"""
FILES = {
    "source": "",
    "build/behaviour": "",
    "tests/fuzz/fuzz_a_parser.c": "",
    "tests/mutants/mutants_room.py": "",
    "tests/mutants/run.py": FAKE,
    "tests/nested/run.py": FAKE,
    "tests/scenarios/run.py": FAKE,
    "tools/labs/lab": FAKE,
    "build/unit/test_model": FAKE.replace("$*", "$MODEL_SECONDS"),
    "build/fuzzer": FAKE,
    "Makefile": "fuzz-short: ; @build/fuzzer $(FUZZERS) $(FUZZ_SECONDS)\n",
    "build/scenarios/a-scenario.log": "the console\n",
}
CALLS = {"nested": "tests/nested/run.py --full",
         "mutants-room": "tests/mutants/run.py --jobs 1 --list room",
         "model-5s": "build/unit/test_model 5",
         "lab-1": "tools/labs/lab check 1",
         "a-scenario": "tests/scenarios/run.py --soak --jobs 1 a-scenario",
         "fuzz-a_parser-3s": "build/fuzzer a_parser 3"}
PARTS = len(CALLS)


class Soak(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = directory.name
        for name, content in FILES.items():
            self.write(name, content)
        for name in ("tests/soak", ".gitignore"):
            shutil.copy(os.path.join(ROOT, name), self.path(name))
        self.git("init", "-q")
        self.git("add", ".")

    def path(self, name):
        return os.path.join(self.tree, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(self.path(name), 0o755)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b",
                        *arguments], cwd=self.tree, check=True)

    def start(self, model="5"):
        child = subprocess.Popen(
            [self.path("tests/soak"), "--model", model, "--fuzz", "3"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # A shell's job in the background ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.kill)
        return child

    def soak(self, counts, calls, behaviour="", **options):
        """A run to its end: (passed, failed, parts) and its calls. Returns its lines."""
        self.write("build/calls", "")
        self.write("build/behaviour", behaviour)
        child = self.start(**options)
        said = child.communicate(timeout=LONGEST)[0].splitlines()
        passed, failed, parts = counts
        self.assertRegex(said[-1], rf"^soak: {passed} passed, {failed} failed, of "
                         rf"{parts} parts, \d:\d\d:\d\d ")
        self.assertEqual(sorted(calls), sorted(self.read("build/calls").splitlines()))
        self.assertEqual(1 if failed else 0, child.returncode)
        return said

    def test_passes_once(self):
        said = self.soak((PARTS, 0, PARTS), CALLS.values())
        self.assertEqual(PARTS, sum(line[:5] == "ok - " for line in said))
        said = self.soak((PARTS, 0, PARTS), [])
        self.assertRegex(said[0], rf"^{PARTS} parts have passed on this tree "
                         r"already, the last on \d{4}-\d\d-\d\d \d\d:\d\d ")
        self.assertEqual(2, len(said))

    def test_failed_part_is_kept_and_runs_again(self):
        said = self.soak((PARTS - 1, 1, PARTS), CALLS.values(), """
            case "$*" in *a-scenario) echo the reason; exit 3;; esac""")
        failed = "build/soak/a-scenario.failed.log"
        self.assertEqual([f"not ok - a-scenario (0 s): {failed}"],
                         [line for line in said if line[:3] == "not"])
        self.assertEqual("the reason\nthe console\n", self.read(failed))
        self.soak((PARTS, 0, PARTS), [CALLS["a-scenario"]])
        self.assertTrue(os.path.exists(self.path(failed)))

    def test_other_seconds_are_another_part(self):
        self.soak((PARTS, 0, PARTS), CALLS.values())
        self.soak((PARTS, 0, PARTS), ["build/unit/test_model 6"], model="6")

    def test_other_tree_begins_again(self):
        self.soak((PARTS, 0, PARTS), CALLS.values())
        self.write("source", "changed")
        self.soak((PARTS, 0, PARTS), CALLS.values())
        self.write("untracked", "")
        self.soak((PARTS, 0, PARTS), CALLS.values())
        self.git("add", ".")
        self.git("commit", "-q", "-m", "The same content")
        self.soak((PARTS, 0, PARTS), [])

    def test_change_while_it_runs(self):
        self.write("build/calls", "")
        self.write("build/behaviour", "echo >>source")
        child = self.start()
        output, _ = child.communicate(timeout=LONGEST)
        self.assertRegex(output, r"\Asoak: a file has changed.*\n\Z")
        self.assertEqual(1, child.returncode)
        self.soak((PARTS, 0, PARTS), CALLS.values())

    def test_python_keeps_its_modules(self):
        self.soak((PARTS, 0, PARTS), CALLS.values(),
                  "mkdir -p tools/__pycache__; echo >>tools/__pycache__/labs.pyc")

    def interrupt(self, number):
        """A part that would sleep is ended; the next run begins with it."""
        self.write("build/calls", "")
        self.write("build/behaviour", """
            case "$0" in *test_model) echo $$ >build/pid.new
                mv build/pid.new build/pid; exec sleep 1000;; esac""")
        child = self.start()
        end = time.monotonic() + LONGEST
        while not os.path.exists(self.path("build/pid")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        child.send_signal(number)
        output, _ = child.communicate(timeout=LONGEST)
        self.assertRegex(output, "soak: interrupted, . of 6 parts have passed")
        self.assertEqual(128 + signal.SIGINT, child.returncode)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(self.read("build/pid")), 0)
        passed = [line.split()[0] for line in
                  self.read("build/soak/passed").splitlines()[1:]]
        self.soak((PARTS, 0, PARTS),
                  [CALLS[name] for name in CALLS if name not in passed])

    def test_interrupted(self):
        self.interrupt(signal.SIGINT)

    def test_terminated(self):
        self.interrupt(signal.SIGTERM)

    def test_one_at_a_time(self):
        os.makedirs(self.path("build/soak"))
        with open(self.path("build/soak/passed"), "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            child = self.start()
            output, _ = child.communicate(timeout=LONGEST)
        self.assertEqual("soak: another one is at work in this tree\n", output)
        self.assertEqual(1, child.returncode)


if __name__ == "__main__":
    unittest.main()

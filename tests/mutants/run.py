#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts single faults into the shadow MMU, and asks whether the tests notice.

Each mutant (mutants.py) is built in a scratch copy and run against the unit
tests and the model until one says that a result is wrong. A crash or a hang
tells that something is wrong, too, but by luck: it does not count.

usage: run.py [--sample N] [NAME ...]
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

from mutants import MUTANTS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SCRATCH = os.path.join(ROOT, "build", "mutants")
CFLAGS = ["-std=gnu11", "-O1", "-I.", "-w"]

# The tests in the order in which they are tried, the model for longer and
# longer: (name, steps of the model, seconds until it counts as a hang).
LADDER = [("walk", 0, 60), ("mmu", 0, 60), ("emulate", 0, 120),
          ("emulate_forms", 0, 60),
          ("model", 100_000, 60), ("model", 1_000_000, 120),
          ("model", 10_000_000, 400)]


def sources(test):
    """What tests/unit/unit.mk links with a unit test."""
    make = subprocess.run(
        ["make", "--no-print-directory", "-s", "-C", ROOT, "--eval",
         f"show-srcs: ; @echo $(UNIT_{test}_SRCS)", "show-srcs"],
        capture_output=True, text=True, check=True)
    return make.stdout.split() + [f"tests/unit/test_{test}.c",
                                  "tests/unit/host_log.c"]


def copy_tree(to):
    """The sources that the tests are made of."""
    for room in ("arch", "lib", "mmu", "guest", "tests"):
        shutil.copytree(os.path.join(ROOT, room), os.path.join(to, room))


def compile_source(tree, source, objects):
    """Compiles into @objects; returns what gcc says if it fails."""
    target = os.path.join(objects, source.replace("/", "_") + ".o")
    gcc = subprocess.run(["gcc", *CFLAGS, "-c", source, "-o", target],
                         cwd=tree, capture_output=True, text=True)
    return gcc.stderr if gcc.returncode else ""


def link(test, srcs, objects, base):
    """Links the test, each object from @objects if it is there."""
    program = os.path.join(objects, f"test_{test}")
    files = []
    for source in srcs:
        name = source.replace("/", "_") + ".o"
        own = os.path.join(objects, name)
        files.append(own if os.path.exists(own) else os.path.join(base, name))
    subprocess.run(["gcc", *files, "-o", program, "-lcmocka", "-lZydis"],
                   check=True)
    return program


def wrong_result(output):
    """The message of a test that has found a result to be wrong, or None."""
    match = re.search(r"(?m)^model: seed \d+: (.*)$", output)
    if match:
        return match[1]
    failed = re.search(r"(?m)^\[  FAILED  \] (\w+)$", output)
    reason = re.search(r"(?m)^\[  ERROR   \] --- (.*)$", output)
    if failed and reason and "Exception" not in reason[1]:
        return f"{failed[1]}: {reason[1]}"
    return None


class Mill:
    """Builds and judges mutants."""

    def __init__(self):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        self.base = os.path.join(SCRATCH, "base")
        os.makedirs(self.base)
        self.srcs = {test: sources(test) for test, _, _ in LADDER}
        self.all = sorted({s for srcs in self.srcs.values() for s in srcs})
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for error in pool.map(
                    lambda s: compile_source(ROOT, s, self.base), self.all):
                if error:
                    sys.exit(error)

    def judge(self, objects, affected):
        """Climbs the ladder; returns (test, message), or (None, why)."""
        why = "every test passes"
        for test, steps, seconds in LADDER:
            if not affected.intersection(self.srcs[test]):
                continue
            program = link(test, self.srcs[test], objects, self.base)
            environment = dict(os.environ, MODEL_BRIEF="1",
                               MODEL_STEPS=str(steps))
            try:
                run = subprocess.run([program], capture_output=True,
                                     text=True, errors="replace",
                                     timeout=seconds, env=environment)
            except subprocess.TimeoutExpired:
                why = f"{test} hangs"
                continue
            output = run.stdout + run.stderr
            message = wrong_result(output)
            if run.returncode and message:
                return test, message
            if run.returncode:
                why = f"{test} crashes"
        return None, why

    def try_mutant(self, mutant):
        """Returns (mutant, test, message)."""
        tree = os.path.join(SCRATCH, mutant.name)
        objects = os.path.join(tree, "objects")
        copy_tree(tree)
        os.makedirs(objects)
        path = os.path.join(tree, mutant.file)
        with open(path) as file:
            text = file.read()
        if text.count(mutant.old) != 1:
            return (mutant, None,
                    f"applies {text.count(mutant.old)} times")
        with open(path, "w") as file:
            file.write(text.replace(mutant.old, mutant.new))
        affected = ({mutant.file} if mutant.file.endswith(".c")
                    else set(self.all))
        for source in affected:
            error = compile_source(tree, source, objects)
            if error:
                return mutant, None, "does not compile: " + error
        result = self.judge(objects, affected)
        shutil.rmtree(tree)
        return mutant, *result


def choose(arguments):
    """The mutants that the command line asks for."""
    if arguments[:1] == ["--sample"]:
        count = int(arguments[1])
        return MUTANTS[::max(1, len(MUTANTS) // count)][:count]
    if arguments:
        return [m for m in MUTANTS if m.name in arguments]
    return MUTANTS


def main():
    chosen = choose(sys.argv[1:])
    start = time.time()
    mill = Mill()
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, test, message in pool.map(mill.try_mutant, chosen):
            caught += test is not None
            print(f"{'caught' if test else 'MISSED'}  {mutant.name:24} "
                  f"{mutant.rule:4} {mutant.file}: {mutant.what}\n"
                  f"        {test or '-'}: {message}", flush=True)
    print(f"mutants: {caught} caught, {len(chosen) - caught} missed, "
          f"{time.time() - start:.0f} s")
    return 0 if chosen and caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())

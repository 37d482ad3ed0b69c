#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts single faults into the sources, and asks whether the tests notice.

Each mutant is built in a scratch copy. Those of the shadow MMU are run against its
unit tests and the model until one says that a result is wrong; the others against the
tests that they name: unit tests, or a boot scenario. A crash or a hang does not count:
it notices the fault only by luck.

Two lists can be tried at the same time: each has a scratch directory of its own.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from mutant import SCENARIO
from mutants import LISTS, MUTANTS_ELSEWHERE, MUTANTS_MMU

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SCRATCH = os.path.join(ROOT, "build", "mutants")
CFLAGS = ["-std=gnu11", "-O1", "-I.", "-Itests/unit/words", "-w"]

# The tests of the shadow MMU in their order, the model for longer and
# longer: (name, steps of the model, seconds until it counts as a hang).
MMU_TESTS = [("walk", 0, 60), ("mmu", 0, 60), ("mmu_random", 0, 60),
             ("open", 0, 60), ("frame_writes", 0, 60), ("given_up", 0, 60),
             ("place", 0, 60), ("place_choice", 0, 60), ("filter", 0, 60),
             ("emulate", 0, 120), ("emulate_forms", 0, 60),
             ("model", 100_000, 60), ("model", 1_000_000, 120),
             ("model", 10_000_000, 400)]

ALL = MUTANTS_MMU + MUTANTS_ELSEWHERE


def tests_of(mutant):
    """The unit tests that are to catch the mutant, as in MMU_TESTS."""
    return [(test, 0, 60) for test in mutant.tests] or MMU_TESTS


def sources(test):
    """The sources that tests/unit/unit.mk links with a unit test."""
    make = subprocess.run(
        ["make", "--no-print-directory", "-s", "-C", ROOT, "-f", "Makefile", "--eval",
         f"show-srcs: ; @echo $(UNIT_{test}_SRCS)", "show-srcs"],
        capture_output=True, text=True, check=True)
    return make.stdout.split() + [f"tests/unit/test_{test}.c",
                                  "tests/unit/host_log.c"]


def copy_tree(to):
    """The sources that the tests are made of."""
    for room in ("arch", "boot", "lib", "mmu", "guest", "vmx", "tests"):
        shutil.copytree(os.path.join(ROOT, room), os.path.join(to, room))


def with_fault(tree, mutant):
    """(the mutant's file with the fault in it, ""), or (None, why there is none)."""
    with open(os.path.join(tree, mutant.file)) as file:
        text = file.read()
    count = text.count(mutant.old)
    if count != 1:
        return None, f"its text is in {mutant.file} {count} times"
    return text.replace(mutant.old, mutant.new), ""


def apply_mutant(tree, mutant):
    """Makes the fault in @tree; returns "", or why that is impossible."""
    text, error = with_fault(tree, mutant)
    if not error:
        with open(os.path.join(tree, mutant.file), "w") as file:
            file.write(text)
    return error


def compile_source(tree, source, objects):
    """Compiles into @objects; returns the compiler's message if it fails."""
    target = os.path.join(objects, source.replace("/", "_") + ".o")
    compiler = (["nasm", "-f", "elf64", "-I./"] if source.endswith(".asm")
                else ["gcc", *CFLAGS, "-c"])
    run = subprocess.run([*compiler, source, "-o", target],
                         cwd=tree, capture_output=True, text=True)
    return run.stderr if run.returncode else ""


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
    if failed and reason and "exception" not in reason[1]:
        words = re.search(r"(?m)^ERROR: (.*)$", output)
        return f"{failed[1]}: {(words or reason)[1]}"
    return None


class BootedJury:
    """Boots mutants: a copy of the tree, with the files that make has built."""

    def __init__(self, scratch):
        self.lock = threading.Lock()
        self.tree = os.path.join(scratch, "machine")

    def copy(self):
        """Makes the copy. The times of files stay, so that make is quick."""
        subprocess.run(["make", "-s", "-C", ROOT, "scenario-files",
                        "build/umbra.elf"], check=True,
                       stdout=subprocess.DEVNULL)
        # Other tests may be at work in most of them.
        skipped = shutil.ignore_patterns(".git", "mutants", "host", "fuzz", "unit",
                                         "scenarios", "nested", "labs", "soak")
        shutil.copytree(ROOT, self.tree, symlinks=True, ignore=lambda d, names:
                        [] if d.startswith(os.path.join(ROOT, "tests"))
                        else skipped(d, names))

    def try_mutant(self, mutant):
        """Builds the mutant and runs its scenario; returns (test, message)."""
        with self.lock:
            if not os.path.exists(self.tree):
                self.copy()
            path = os.path.join(self.tree, mutant.file)
            shutil.copy2(path, path + ".kept")
            try:
                return self.boot(mutant)
            finally:
                shutil.move(path + ".kept", path)
                os.utime(path)

    def boot(self, mutant):
        error = apply_mutant(self.tree, mutant)
        if error:
            return None, error
        make = subprocess.run(["make", "-s", "-C", self.tree,
                               "build/umbra.elf", "build/left-on.elf"],
                              capture_output=True, text=True)
        if make.returncode:
            return None, "does not compile: " + make.stderr
        name = mutant.tests[0].removeprefix(SCENARIO)
        run = subprocess.run(["tests/scenarios/run.py", "--jobs", "1", name],
                             cwd=self.tree, capture_output=True, text=True)
        failed = re.search(r"(?m)^not ok - (.*)$", run.stdout)
        if not failed:
            return None, "the scenario passes"
        if "goes on after" in failed[1] or " within " in failed[1]:
            return None, "hangs: " + failed[1]
        return name, failed[1]


class Jury:
    """Builds and judges mutants."""

    def __init__(self, chosen, scratch):
        shutil.rmtree(scratch, ignore_errors=True)
        self.scratch = scratch
        self.base = os.path.join(scratch, "base")
        os.makedirs(self.base)
        self.booted = BootedJury(scratch)
        tests = {test for mutant in chosen for test, _, _ in tests_of(mutant)
                 if not test.startswith(SCENARIO)}
        self.srcs = {test: sources(test) for test in tests}
        used = sorted({s for srcs in self.srcs.values() for s in srcs})
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for error in pool.map(
                    lambda s: compile_source(ROOT, s, self.base), used):
                if error:
                    sys.exit(error)

    def judge(self, objects, mutant, affected):
        """Runs the tests in their order; returns (test, message), or (None, why)."""
        why = "every test passes"
        for test, steps, seconds in tests_of(mutant):
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

    def try_units(self, mutant):
        """Runs the unit tests; returns (test, message)."""
        tree = os.path.join(self.scratch, mutant.name)
        objects = os.path.join(tree, "objects")
        copy_tree(tree)
        os.makedirs(objects)
        error = apply_mutant(tree, mutant)
        if error:
            return None, error
        affected = {mutant.file}
        # A header, or a source that its test includes.
        if not any(mutant.file in self.srcs[test]
                   for test, _, _ in tests_of(mutant)):
            affected = {source for test, _, _ in tests_of(mutant)
                        for source in self.srcs[test]}
        for source in affected:
            error = compile_source(tree, source, objects)
            if error:
                return None, "does not compile: " + error
        result = self.judge(objects, mutant, affected)
        shutil.rmtree(tree)
        return result

    def try_mutant(self, mutant):
        """Returns (mutant, test, message)."""
        booted = mutant.tests and mutant.tests[0].startswith(SCENARIO)
        result = (self.booted.try_mutant(mutant) if booted
                  else self.try_units(mutant))
        return mutant, *result


def sample(mutants, count):
    """About @count of them, spread over the list; none that is booted."""
    quick = [m for m in mutants
             if not (m.tests and m.tests[0].startswith(SCENARIO))]
    return quick[::max(1, len(quick) // count)][:count]


def choose(args):
    """The mutants that the command line asks for."""
    if args.sample:
        return (sample(MUTANTS_MMU, args.sample)
                + sample(MUTANTS_ELSEWHERE, args.sample))
    if args.list:
        return LISTS[args.list]
    unknown = set(args.names) - {mutant.name for mutant in ALL}
    if unknown:
        sys.exit(f"mutants: no mutant has the name {', '.join(sorted(unknown))}")
    return [m for m in ALL if m.name in args.names] if args.names else ALL


def check():
    """Prints the mutants that can't be made; returns the exit status."""
    names = collections.Counter(mutant.name for mutant in ALL)
    wrong = [f"{name}: {count} mutants have this name"
             for name, count in names.items() if count > 1]
    for mutant in ALL:
        _, error = with_fault(ROOT, mutant)
        if error:
            wrong.append(f"{mutant.name}: {error}")
    print("".join(f"mutants: {line}\n" for line in wrong), end="")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true",
                        help="run none; has each a name of its own, and is its "
                        "text in the sources? A change of these may take it away")
    parser.add_argument("--sample", type=int, metavar="N",
                        help="about N of mmu/, N of the other rooms")
    parser.add_argument("--list", choices=LISTS,
                        help="those of tests/mutants/mutants_LIST.py")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        help="try that many at a time (default: %(default)s)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.check:
        return check()
    chosen = choose(args)
    start = time.time()
    jury = Jury(chosen, os.path.join(SCRATCH, args.list or "chosen"))
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for mutant, test, message in pool.map(jury.try_mutant, chosen):
            caught += test is not None
            print(f"{'caught' if test else 'MISSED'}  {mutant.name:24} "
                  f"{mutant.rule:6} {mutant.file}: {mutant.what}\n"
                  f"        {test or '-'}: {message}", flush=True)
    shutil.rmtree(jury.scratch)
    print(f"mutants: {caught} caught, {len(chosen) - caught} missed, "
          f"{time.time() - start:.0f} s")
    return 0 if chosen and caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Checks the labs themselves, each in a copy of the tree, build/labs/NN.

The skeleton must build, fail all parts of its lab and nothing else; the tree's own
code must pass; and each wrong solution must get its own hint. Only what a change
touches is compiled; all other objects are make's.
"""

import concurrent.futures
import glob
import os
import shutil
import subprocess

import grade
import pack
import skeleton
import units
from hidden import HIDDEN
from labs import LABS
from source import LabError
from wrong import WRONG

SOURCES = ("arch", "boot", "lib", "mmu", "guest", "vmx", "tests")
# --sample tries the skeletons of all labs, and the wrong solutions of these alone.
SAMPLE = LABS[::4]


def make_variables(root, names):
    """The values of make's variables, as lists of words."""
    show = "".join(f"$(info {name}=$({name}))" for name in names) + "@:"
    made = subprocess.run(
        ["make", "--no-print-directory", "-s", "-C", root, "-f", "Makefile",
         "--eval", "show-variables: ; " + show, "show-variables"],
        capture_output=True, text=True, check=True).stdout
    pairs = [line.split("=", 1) for line in made.splitlines() if "=" in line]
    return {name: value.split() for name, value in pairs}


def depends_on(root, target, changed):
    """Is object @target made of a file in @changed?"""
    try:
        with open(os.path.join(root, target[:-2] + ".d"),
                  encoding="utf-8") as file:
            return bool(changed.intersection(file.read().split()))
    except FileNotFoundError:
        return False


class Bench:
    """Builds and runs the unit tests of one lab in its copy of the tree."""

    def __init__(self, root, lab, variables):
        self.root, self.lab, self.make = root, lab, variables
        self.tree = os.path.join(root, "build/labs", f"{lab.number:02}")
        shutil.rmtree(self.tree, ignore_errors=True)
        for room in SOURCES:
            shutil.copytree(os.path.join(root, room),
                            os.path.join(self.tree, room))

    def compile(self, source, target, flags):
        made = subprocess.run(["gcc", *flags, "-c", source, "-o", target],
                              cwd=self.tree, capture_output=True, text=True)
        if made.returncode:
            raise LabError(f"it does not compile: {made.stderr}")

    def flags(self):
        return [f for f in self.make["HOST_CFLAGS"] if f not in ("-MMD", "-MP")
                ] + ["-fsanitize=address,undefined"]

    def program(self, unit, changed):
        """The test program with the files in @changed as they are here."""
        objects = []
        for target in self.make[f"UNIT_{unit}_OBJS"]:
            path = os.path.join(self.root, target)
            if depends_on(self.root, target, changed):
                source = target.removeprefix("build/host/")[:-2] + ".c"
                path = os.path.join(self.tree, source.replace("/", "_") + ".o")
                if not os.path.exists(path):
                    self.compile(source, path, self.flags())
            objects.append(path)
        program = os.path.join(self.tree, f"test_{unit}")
        subprocess.run(["gcc", "-fsanitize=address,undefined", *objects, "-o",
                        program, "-lcmocka", *self.make[f"UNIT_{unit}_LIBS"]],
                       check=True)
        return program

    def run(self, texts, names, product=False, environment=None):
        """{unit: results} with @texts, {file: text}, in place."""
        for stale in glob.glob(os.path.join(self.tree, "*.o")):
            os.remove(stale)
        try:
            for source, text in texts.items():
                with open(os.path.join(self.tree, source), "w",
                          encoding="utf-8") as file:
                    file.write(text)
                if product:
                    self.compile(source, os.devnull, self.make["CFLAGS"])
            return {unit: units.run(self.tree, self.program(unit, set(texts)),
                                    unit, environment=environment)
                    for unit in names}
        finally:
            for source in texts:
                shutil.copy(os.path.join(self.root, source),
                            os.path.join(self.tree, source))


def check_skeleton(bench):
    """Returns the faults of the skeleton, as a list of texts."""
    lab, faults = bench.lab, []
    texts = skeleton.texts(bench.root, lab)
    results = bench.run(texts, (*lab.units, *lab.spares), product=True)
    parts = {(part.unit, part.test) for part in lab.parts}
    for unit, tests in results.items():
        faults += [f"test {name} of {unit} "
                   + ("passes with the skeleton" if result.passed else
                      f"is no part, and fails with it: {result.reason}")
                   for name, result in tests.items()
                   if result.passed == ((unit, name) in parts)]
    known = {(unit, name) for unit in results for name in results[unit]}
    faults += [f"there is no test {test} of {unit}"
               for unit, test in sorted(parts - known)]
    for unit in lab.spares:
        if not any(depends_on(bench.root, target, set(texts))
                   for target in bench.make[f"UNIT_{unit}_OBJS"]):
            faults.append(f"test {unit} uses no file of the skeleton")
    return faults


def check_tree(bench):
    """The tree's own code must get all points."""
    results = {unit: units.run(bench.root, os.path.join(
        bench.root, f"build/unit/test_{unit}"), unit)
               for unit in bench.lab.units}
    return [f"the tree's own code fails {part.test}"
            for part in bench.lab.parts
            if not results[part.unit].get(part.test, units.Result(False)).passed]


def wrong_text(root, mistake):
    with open(os.path.join(root, mistake.file), encoding="utf-8") as file:
        text = file.read()
    if text.count(mistake.old) != 1:
        raise LabError(
            f"the wrong solution \"{mistake.hint}\" (tools/labs/wrong.py): its "
            f"text is {text.count(mistake.old)} times in {mistake.file}")
    return text.replace(mistake.old, mistake.new)


def check_wrong(bench, mistake):
    """The mistake must cost points, and get its hint."""
    lab = bench.lab
    try:
        results = bench.run({mistake.file: wrong_text(bench.root, mistake)},
                            lab.units)
    except LabError as error:
        return [f"{mistake.hint}: {error}"]
    failed = [f"{name}: {r.reason}" for tests in results.values()
              for name, r in tests.items() if not r.passed]
    if not any(not results[part.unit][part.test].passed for part in lab.parts):
        return [f"{mistake.hint}: the wrong solution gets all points"]
    hint = grade.hint(lab, results)
    if not hint or hint.name != mistake.hint:
        return [f"{mistake.hint}: it gets the hint "
                f"{hint and hint.name}; it fails:\n    "
                + "\n    ".join(failed)]
    return []


def check_order(bench):
    """A student who has done the labs up to this one can pass it: the skeletons
    of those after it don't matter."""
    lab, texts = bench.lab, {}
    for later in LABS[LABS.index(lab) + 1:]:
        texts.update(skeleton.texts(bench.root, later, texts))
    results = bench.run(texts, lab.units)
    return [f"with the skeletons of later labs {part.test} fails: "
            f"{results[part.unit][part.test].reason}" for part in lab.parts
            if not results[part.unit][part.test].passed]


def hidden_fails(bench, texts):
    """Does a hidden test fail with @texts in place?"""
    for hidden in HIDDEN[bench.lab.number]:
        results = bench.run(texts, [hidden.unit],
                            environment=hidden.environment)
        if not all(r.passed for r in results[hidden.unit].values()):
            return True
    return False


def check_hidden(bench):
    """The hidden tests pass with the tree's own code, and can fail."""
    lab = bench.lab
    if hidden_fails(bench, {}):
        return ["a hidden test fails with the tree's own code"]
    attempts = [skeleton.texts(bench.root, lab)] + [
        {m.file: wrong_text(bench.root, m)} for m in WRONG[lab.number]]
    if any(hidden_fails(bench, texts) for texts in attempts):
        return []
    return ["no hidden test fails with the skeleton or a wrong solution"]


def check_pack(root):
    """The students' pack has all skeletons, and nothing of the solutions."""
    contents = pack.for_students(root, LABS)
    texts = {name: text for name, text in contents.items() if text}
    for name, text in contents.items():
        if text is None and name.endswith((".c", ".h", ".py", ".md")):
            with open(os.path.join(root, name), encoding="utf-8") as file:
                texts[name] = file.read()
    faults = []
    for lab in LABS:
        for source, function, _, body in skeleton.solution_bodies(root, lab):
            faults += [f"the students' pack has {function}() in {name}"
                       for name, text in texts.items() if body in text]
    return faults


def check_lab(root, lab, variables, sample):
    """(number of checks, faults) of one lab; @sample: the quick ones alone."""
    mistakes = WRONG[lab.number]
    try:
        bench = Bench(root, lab, variables)
        steps = [check_skeleton(bench)]
        if not sample or lab in SAMPLE:
            steps += [check_tree(bench),
                      *[check_wrong(bench, mistake) for mistake in mistakes]]
        if not sample:
            steps += [check_order(bench), check_hidden(bench)]
        shutil.rmtree(bench.tree)
    except LabError as error:
        steps = [[str(error)]]
    if len({mistake.hint for mistake in mistakes}) < 3:
        steps.append(["it has no three wrong solutions with hints of their own"])
    return len(steps), [fault for faults in steps for fault in faults]


def check_texts(root):
    """Quick: do all skeletons and wrong solutions still fit the tree?"""
    for lab in LABS:
        skeleton.texts(root, lab)
        for mistake in WRONG[lab.number]:
            wrong_text(root, mistake)
        if lab.points != 20:
            raise LabError(f"lab {lab.number} has {lab.points} points")
        if not os.path.getsize(os.path.join(root, f"docs/labs/{lab.file}.md")):
            raise LabError(f"docs/labs/{lab.file}.md is empty")
        with open(os.path.join(root, "docs/labs/README.md"),
                  encoding="utf-8") as file:
            if f"]({lab.file}.md)" not in file.read():
                raise LabError(f"docs/labs/README.md lacks {lab.file}.md")


def main(root, arguments):
    check_texts(root)
    chosen = LABS
    if arguments[:1] == ["--texts"]:
        return 0
    sample = arguments[:1] == ["--sample"]
    if arguments and not sample:
        chosen = [lab for lab in LABS if str(lab.number) in arguments]
    used = {u for lab in chosen for u in (
        *lab.units, *lab.spares, *[h.unit for h in HIDDEN[lab.number]])}
    variables = make_variables(root, ["CFLAGS", "HOST_CFLAGS", *[
        f"UNIT_{unit}_{kind}" for unit in used for kind in ("OBJS", "LIBS")]])
    faults = check_pack(root)
    good, bad = 1 - bool(faults), len(faults)
    for fault in faults:
        print(fault, flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lab, (count, faults) in zip(chosen, pool.map(
                lambda lab: check_lab(root, lab, variables, sample), chosen)):
            bad += len(faults)
            good += max(0, count - len(faults))
            print(f"lab {lab.number}: {'not ok' if faults else 'ok'}, "
                  f"{lab.title}", flush=True)
            for fault in faults:
                print(f"    {fault}", flush=True)
    print(f"labs: {good} passed, {bad} failed")
    return 0 if good and not bad else 1

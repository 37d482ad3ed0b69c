# SPDX-License-Identifier: MIT
"""Grades labs: builds their unit tests in this tree, runs them, adds up points.

Prints each part with its points and the reason of a failure in words, and writes
build/labs/results.json for Gradescope and build/labs/classroom.json for GitHub
Classroom.
"""

import base64
import json
import os
import re
import subprocess

import units


def hint(lab, results):
    """The first hint of the lab that fits, or None. Where no part passes, nothing
    is written yet."""
    if not any(results[part.unit][part.test].passed for part in lab.parts):
        return None
    failed = {name: r.reason for tests in results.values()
              for name, r in tests.items() if not r.passed}
    reasons = "\n".join(f"{name}: {why}" for name, why in failed.items())
    for candidate in lab.hints if failed else ():
        if (all(name in failed for name in candidate.fails)
                and not any(name in failed for name in candidate.passes)
                and re.search(candidate.says, reasons)):
            return candidate
    return None


def build(root, unit):
    """Builds the unit test; returns the compiler's message if it fails."""
    made = subprocess.run(["make", "--no-print-directory", "-s", "-C", root,
                           "-f", "Makefile", f"build/unit/test_{unit}"],
                          capture_output=True, text=True, errors="replace")
    return made.stdout + made.stderr if made.returncode else ""


def run_unit(root, unit):
    error = build(root, unit)
    if error:
        first = re.findall(r"(?m)^.*\b(?:error|undefined reference).*$", error)
        why = "it does not compile: " + "; ".join(first[:3] or [error[-300:]])
        return {name: units.Result(False, why)
                for name in units.test_names(root, unit)}
    return units.run(root, os.path.join(root, f"build/unit/test_{unit}"), unit)


def grade_lab(root, lab):
    """Prints the lab's report; returns its parts for the JSON files."""
    print(f"Lab {lab.number}: {lab.title}")
    results = {unit: run_unit(root, unit) for unit in lab.units}
    tests = []
    for part in lab.parts:
        result = results[part.unit].get(
            part.test, units.Result(False, "the test is not there"))
        score = part.points if result.passed else 0
        print(f"  {score:2} of {part.points:2}  {part.what}")
        if not result.passed:
            print("      " + result.reason.replace("\n", "\n      "))
        tests.append({"name": f"Lab {lab.number}: {part.what}",
                      "score": score, "max_score": part.points,
                      "status": "passed" if result.passed else "failed",
                      "output": result.reason})
    others = [name for part_unit in results for name, r in
              results[part_unit].items() if not r.passed
              and name not in {part.test for part in lab.parts}]
    if others:
        print(f"  These passed before, and fail now: {', '.join(others)}")
    found = hint(lab, results)
    if found:
        print(f"  Hint: {found.text}")
        tests[next(i for i, t in enumerate(tests) if t["status"] == "failed")][
            "output"] += f"\nHint: {found.text}"
    print(f"  {sum(t['score'] for t in tests)} of {lab.points} points")
    return tests


def grade_hidden(root, tests):
    """The hidden tests of the lab, which have no points of their own: the
    instructor looks at the failures."""
    for hidden in tests:
        error = build(root, hidden.unit)
        results = {} if error else units.run(
            root, os.path.join(root, f"build/unit/test_{hidden.unit}"),
            hidden.unit, environment=hidden.environment)
        failed = [f"{name}: {r.reason}" for name, r in results.items()
                  if not r.passed]
        verdict = "does not compile" if error else (
            "FAILED" if failed else "passed")
        print(f"  hidden: {hidden.unit}: {verdict}")
        for text in failed:
            print("      " + text.replace("\n", "\n      "))


def write_results(root, tests):
    """Gradescope's results.json, and the input of GitHub Classroom's reporter."""
    score = sum(t["score"] for t in tests)
    most = sum(t["max_score"] for t in tests)
    classroom = {"version": 1, "max_score": most,
                 "status": "pass" if score == most else "fail",
                 "tests": [{"name": t["name"], "score": t["score"],
                            "status": "pass" if t["status"] == "passed"
                            else "fail", "message": t["output"]}
                           for t in tests]}
    folder = os.path.join(root, "build/labs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.json"), "w",
              encoding="utf-8") as file:
        json.dump({"score": score, "tests": tests}, file, indent=1)
    with open(os.path.join(folder, "classroom.json"), "w",
              encoding="utf-8") as file:
        json.dump(classroom, file, indent=1)
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        text = base64.b64encode(json.dumps(classroom).encode()).decode()
        with open(output, "a", encoding="utf-8") as file:
            file.write(f"result={text}\n")
    print(f"{score} of {most} points; build/labs/results.json has them")
    return score == most


def main(root, chosen, hidden):
    for lab in chosen:
        grade_hidden(root, hidden.get(lab.number, []))
    tests = [test for lab in chosen for test in grade_lab(root, lab)]
    return 0 if write_results(root, tests) else 1

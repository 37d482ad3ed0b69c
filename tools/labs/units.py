# SPDX-License-Identifier: MIT
"""Runs a unit test and reads cmocka's report."""

import os
import re
import subprocess

# Maximum number of seconds that one test program takes; the model needs 12 alone.
TIME_LIMIT, MODEL_TIME_LIMIT = 60, 300


class Result:
    """The end of one test function: passed or not, and the reason in words."""

    def __init__(self, passed, reason=""):
        self.passed = passed
        self.reason = reason


def test_names(root, unit):
    """The test functions of a unit test, in their order."""
    with open(os.path.join(root, f"tests/unit/test_{unit}.c"),
              encoding="utf-8") as file:
        text = file.read()
    return re.findall(r"(?:cmocka_unit_test(?:_setup)?|TEST)\((\w+)",
                      text[text.index("\nint main("):])


def source_line(root, place):
    """The statement of the test at FILE:LINE."""
    file, line = place.rsplit(":", 1)
    try:
        with open(os.path.join(root, file), encoding="utf-8") as source:
            text = "".join(source.readlines()[int(line) - 1:int(line) + 4])
    except (OSError, ValueError):
        return ""
    return " ".join(text.split(";")[0].split())


def failures(root, err):
    """cmocka's messages for each test that failed, in their order."""
    for text in re.findall(r"(?ms)(.*?(?:: error: Failure!|"
                           r"failed with exception[^\n]*)(?:\n|$))", err):
        words = re.search(r"(?ms)^ERROR: (.*?)\n\[  ERROR", text)
        said = re.search(r"(?m)^\[  ERROR   \] --- (.*)$", text)
        place = re.search(r"--- (\S+:\d+): error: Failure!", text)
        line = source_line(root, place[1]) if place else ""
        if words:
            yield words[1]
        elif line.startswith("assert"):
            yield f"{said[1] if said else 'it fails'}: {line}\n  at {place[1]}"
        else:
            yield said[1] if said else "it fails"


def run(root, program, unit, environment=None):
    """{test: Result}. If a program breaks off, its other tests have failed."""
    limit = MODEL_TIME_LIMIT if unit == "model" else TIME_LIMIT
    try:
        done = subprocess.run([program], capture_output=True, text=True,
                              errors="replace", timeout=limit,
                              cwd=root, env=dict(os.environ, MODEL_BRIEF="1",
                                                 **(environment or {})))
        out, err = done.stdout, done.stderr
        broken = re.search(r"(?m)^.*(?:ERROR: AddressSanitizer|runtime error|"
                           r"ERROR: UndefinedBehavior).*$", err)
        why = broken[0] if broken else "the program broke off"
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode(errors="replace")
        err = (late.stderr or b"").decode(errors="replace")
        why = f"not done after {limit} seconds: a loop without an end?"
    results = {name: Result(True) for name in
               re.findall(r"(?m)^\[       OK \] (\w+)$", out)}
    failed = re.findall(r"(?m)^\[  FAILED  \] (\w+)$", out)
    for name, reason in zip(failed, failures(root, err)):
        results[name] = Result(False, reason)
    for name in test_names(root, unit):
        results.setdefault(name, Result(False, why))
    return results

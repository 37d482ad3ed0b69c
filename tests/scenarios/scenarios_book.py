# SPDX-License-Identifier: MIT
"""The commands of the book's boxes give the figures that the book has. make test
runs those of a few seconds, make soak the others."""

import os
import subprocess
import sys

from harness import ROOT, Failure, scenario, soak

sys.path.insert(0, os.path.join(ROOT, "tools"))

import book_text  # noqa: E402

QUICK_SECONDS = 4    # Maximum time of a box that make test runs
SLOWNESS = 20        # factor for a machine with other work


def run_box(s, box):
    s.log.write(f"# {box.command}\n")
    try:
        done = subprocess.run(box.command, shell=True, cwd=ROOT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              errors="replace",
                              timeout=SLOWNESS * box.seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"it takes more than {SLOWNESS * box.seconds} s")
    s.log.write(done.stdout)
    wrong = book_text.differences(box, done.stdout)
    if wrong:
        raise Failure("; ".join(wrong))


for path in book_text.chapters():
    for number, box in enumerate(book_text.boxes(path), 1):
        kind = scenario if box.seconds <= QUICK_SECONDS else soak
        kind(f"book-{box.chapter}-{number}", box)(run_box)

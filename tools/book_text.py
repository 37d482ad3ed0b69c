# SPDX-License-Identifier: MIT
"""The book's chapters as text: their parts, and the boxes "What you should see".

A box is a block quote with a command as an indented line, and a table: a piece
of the command's output with {} for the figure and ... for any text, the figure
that the chapter predicts, and the one that was measured. A measured figure that
begins with "some" is not the same at each run, and is not compared.
"""

import glob
import os
import re
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOK = os.path.join(ROOT, "docs/book")

# `seconds`: of the command, on a usual machine. `figures`: (piece, measured).
Box = namedtuple("Box", "chapter command seconds figures")

BOX_TITLE = "**What you should see.**"
FIGURE = r"(\d[\w.,]*)"


def chapters():
    """The paths of the chapters, in order."""
    return sorted(glob.glob(os.path.join(BOOK, "[0-9]*-*.md")))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def unquoted(text):
    """The block quotes of a text, each without its marks."""
    for quote in re.findall(r"(?m)^(?:>.*\n)+", text):
        yield re.sub(r"(?m)^> ?", "", quote)


def boxes(path):
    """The boxes of one chapter."""
    chapter = os.path.basename(path)[:-len(".md")]
    for quote in unquoted(read(path)):
        if not quote.startswith(BOX_TITLE):
            continue
        seconds = re.search(r"some (\d+) s\b", quote)
        rows = re.findall(r"(?m)^\| `(.+?)` \|.*\| *([^|]+?) *\|$", quote)
        yield Box(chapter, " ".join(re.findall(r"(?m)^    (.+)$", quote)),
                  int(seconds[1]) if seconds else None, rows)


def figure(piece, output):
    """The figure in the first line of the output that has the piece, or None."""
    pattern = re.escape(piece).replace(r"\{\}", FIGURE).replace(r"\.\.\.", ".*?")
    match = re.search(re.sub(r"(\\ )+", r"\\s+", pattern), output)
    return match[1].rstrip(".,") if match else None


def differences(box, output):
    """Returns the differences of the output from the box, as a list of texts."""
    wrong = []
    for piece, measured in box.figures:
        got = figure(piece, output)
        if got is None:
            wrong.append(f"no {piece!r} in the output")
        elif not measured.startswith("some") and got != measured:
            wrong.append(f"{piece!r}: {got}, and the book has {measured}")
    return wrong


def prose(text):
    """The text without code, tables and figures."""
    text = re.sub(r"(?m)^(> ?)?(    |\||!\[).*$", "", text)
    return re.sub(r"(?ms)^```.*?^```$", "", text)

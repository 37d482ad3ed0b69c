#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the figures of docs/bench.md from its own tables.

    tools/bench_chart.py [--check]

docs/bench.svg is the exits of the built-in guest's operations on each rung;
docs/bench-kvm.svg is Linux on Umbra and on KVM, as multiples of the bare machine's
ticks. --check (a part of make lint) draws nothing, and fails if they differ from
the tables.
"""

import os
import sys

DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                    "docs")
EXITS = "### exits per operation"
KVM = "### Each rung, with exits"
WIDTH, LEFT, LONGEST = 720, 160, 420    # pixels
TOP, BAR, STEP, GAP, TEXT = 32, 11, 13, 12, 9
COLOURS = ("#9e9e9e", "#7986cb", "#4db6ac", "#f6a623", "#e57373", "#8d6e63",
           "#ba68c8", "#aed581", "#37474f")


def table(page, title):
    """Returns the first table after the title: its heads, and {row: cells}."""
    lines = page[page.index(title + "\n"):].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    heads, _, *body = rows
    return heads[1:], {name: cells for name, *cells in body}


def chart(title, bars):
    """An SVG; @bars is {row: [(name, value, its text)]}, each row to its own scale."""
    step = {name: STEP * len(row) + GAP for name, row in bars.items()}
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
           f'height="{TOP + sum(step.values())}" font-family="sans-serif" '
           f'font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="8" y="18" font-size="14">{title}</text>']
    top = TOP
    for name, row in bars.items():
        most = max(value for _, value, _ in row) or 1
        out.append(f'<text x="8" y="{top + step[name] // 2}">{name}</text>')
        for i, (what, value, text) in enumerate(row):
            y, width = top + i * STEP, max(1, LONGEST * value / most)
            out.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" '
                       f'height="{BAR}" fill="{COLOURS[i]}"/>')
            out.append(f'<text x="{LEFT + width + 4:.1f}" y="{y + TEXT}">'
                       f'{text} {what}</text>')
        top += step[name]
    return "\n".join(out + ["</svg>", ""])


def cell_number(cell):
    return float(cell.replace(",", ""))


def exits_chart(page):
    rungs, rows = table(page, EXITS)
    return chart("VM exits per operation, by rung (each row to its own scale)", {
        name: [(rung, cell_number(cell), cell) for rung, cell in zip(rungs, cells)]
        for name, cells in rows.items()})


def kvm_chart(page):
    """The ticks of a cell: "ticks; exits", or "ticks" of the bare machine."""
    heads, rows = table(page, KVM)
    bars = {}
    for name, cells in rows.items():
        bare, *others = [cell_number(cell.split(";")[0]) for cell in cells]
        bars[name] = [(head.strip("`"), ticks / bare, f"{ticks / bare:.2f}")
                      for head, ticks in zip(heads[1:], others)]
    return chart("Ticks per operation, as multiples of the bare machine's, with "
                 "page-table isolation", bars)


FIGURES = {"bench.svg": exits_chart, "bench-kvm.svg": kvm_chart}


def main(arguments):
    with open(os.path.join(DOCS, "bench.md"), encoding="utf-8") as file:
        page = file.read()
    stale = []
    for name, draw in FIGURES.items():
        path, picture = os.path.join(DOCS, name), draw(page)
        if arguments != ["--check"]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(picture)
            continue
        with open(path, encoding="utf-8") as file:
            if file.read() != picture:
                stale.append(name)
    for name in stale:
        print(f"docs/{name} is not what docs/bench.md says: run "
              "tools/bench_chart.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

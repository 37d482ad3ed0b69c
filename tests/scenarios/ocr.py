# SPDX-License-Identifier: MIT
"""Reads text back from a picture of Umbra's framebuffer console.

Every cell must be one of the font's glyphs, pixel by pixel, in two colours; any
other cell reads as UNKNOWN.
"""

import os
import sys

from harness import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))
import font  # noqa: E402

WIDTH, HEIGHT = 8, font.HEIGHT
UNKNOWN = "\ufffd"


def read_ppm(path):
    """The picture's width, height and pixels."""
    with open(path, "rb") as file:
        if file.readline() != b"P6\n":
            raise ValueError(f"{path}: not a PPM picture")
        width, height = map(int, file.readline().split())
        file.readline()
        return width, height, file.read()


def read_text(path):
    """The picture's lines, without the blanks at their ends."""
    width, height, pixels = read_ppm(path)
    glyphs = {rows: chr(font.FIRST + i)
              for i, rows in enumerate(font.read_glyphs())}

    def cell(row, column):
        lines = []
        for y in range(HEIGHT):
            at = ((row * HEIGHT + y) * width + column * WIDTH) * 3
            line = pixels[at:at + WIDTH * 3]
            lines.append([line[x:x + 3] for x in range(0, len(line), 3)])
        colours = {pixel for line in lines for pixel in line}
        # The corner is background in all glyphs but the last.
        background = lines[0][0]
        if len(colours) > 2:
            return UNKNOWN
        return glyphs.get(bytes(
            sum((pixel != background) << (WIDTH - 1 - x)
                for x, pixel in enumerate(line)) for line in lines), UNKNOWN)

    return "\n".join("".join(cell(row, column)
                             for column in range(width // WIDTH)).rstrip()
                     for row in range(height // HEIGHT))

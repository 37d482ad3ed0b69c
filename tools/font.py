#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns a console font of Debian's into the C source of arch/x86/console/font.h.

    tools/font.py FONT.psf.gz > font.c

The font is a PSF of version 1, with a table of Unicode: two bytes of magic,
a byte each for mode and height, the glyphs, a byte for each row of 8 pixels;
then for each glyph its characters, 16 bits each, up to FFFFh; after a
FFFEh there are sequences of characters (the "PSF fonts" page of package kbd).
"""

import gzip
import struct
import sys

FONT = "/usr/share/consolefonts/Unifont-APL8x16.psf.gz"
MAGIC = b"\x36\x04"
MODE_512, MODE_TABLE = 0x01, 0x06
END, SEQUENCE = 0xffff, 0xfffe
HEIGHT = 16
# The characters with glyphs; DEL stands for all others.
FIRST, LAST, OTHER = 0x20, 0x7e, 0x7f


def read_glyphs(path=FONT):
    """The glyphs of FIRST to OTHER: a list of bytes, one for each row."""
    with gzip.open(path) as file:
        data = file.read()
    if data[:2] != MAGIC or not data[2] & MODE_TABLE or data[3] != HEIGHT:
        raise ValueError(f"{path}: not a PSF 1 font of {HEIGHT} rows, "
                         "with a Unicode table")
    count = 512 if data[2] & MODE_512 else 256
    table = 4 + count * HEIGHT
    known, number, sequence = {}, 0, False
    for (unit,) in struct.iter_unpack("<H", data[table:]):
        if unit == END:
            number, sequence = number + 1, False
        elif unit == SEQUENCE:
            sequence = True
        elif not sequence:
            at = 4 + number * HEIGHT
            known.setdefault(unit, data[at:at + HEIGHT])
    other = bytes(2) + b"\x7e" * 12 + bytes(2)
    return [known[c] for c in range(FIRST, LAST + 1)] + [other]


def main():
    print('#include "arch/x86/console/font.h"\n'
          "const u8 font_glyphs[FONT_GLYPHS][FONT_HEIGHT] = {")
    for rows in read_glyphs(*sys.argv[1:]):
        print("\t{ " + ", ".join(map(hex, rows)) + " },")
    print("};")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""An X server without a monitor: its screen is saved as pictures.

It is Xvfb, which keeps its screen in a file of the form of xwd.
"""

import os
import struct

XVFB = "/usr/bin/Xvfb"
WIDTH, HEIGHT = 1280, 1024
PIXEL = 4    # bytes: blue, green, red, nothing

# The header of the file (X11/XWDFile.h), 32-bit words, the first of the file's
# lowest byte addresses first; a map of colours follows it.
HEADER = struct.Struct(">25I")
HEADER_SIZE, BYTES_PER_LINE, COLOURS = 0, 12, 19
COLOUR_SIZE = 12


class XScreen:
    """The server; its display's name is for the DISPLAY of the environment."""

    def __init__(self, directory, spawn):
        """spawn(argv, **options) starts a child process."""
        reading, writing = os.pipe()
        self.file = os.path.join(directory, "Xvfb_screen0")
        self.child = spawn(
            [XVFB, "-displayfd", str(writing), "-nolisten", "tcp",
             "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", directory],
            pass_fds=(writing,))
        os.close(writing)
        # The server writes its number when it is ready for clients.
        with os.fdopen(reading) as pipe:
            self.display = ":" + pipe.readline().strip()

    def picture(self, left, top, width, height):
        """A part of the screen as a PPM picture."""
        with open(self.file, "rb") as file:
            data = file.read()
        header = HEADER.unpack_from(data)
        pixels = header[HEADER_SIZE] + header[COLOURS] * COLOUR_SIZE
        rows = []
        for y in range(top, top + height):
            start = pixels + y * header[BYTES_PER_LINE] + left * PIXEL
            line = data[start:start + width * PIXEL]
            row = bytearray(width * 3)
            for colour in range(3):
                row[colour::3] = line[2 - colour::PIXEL]
            rows.append(row)
        return b"P6\n%d %d\n255\n" % (width, height) + b"".join(rows)

# SPDX-License-Identifier: MIT
"""The displays for Bochs's screen: a terminal for text, an X server for pictures.
"""

import os
import re
import subprocess
import threading
import time
import tty

from vt52 import COLUMNS, ROWS, Vt52
from xscreen import XScreen

QUIET, OPEN_MAX = 1.5, 20.0    # seconds, to wait for it

# A VT52 has no PgUp and PgDn. These are a VT220's sequences.
TERMINAL = """\
vt52-pages|a VT52 with two more keys,
\tkpp=\\E[5~, knp=\\E[6~, use=vt52,
"""

# Pixels of Bochs's window around the machine's screen (gui/x.cc, gui/gui.h).
BORDER, HEADER_BAR = 4, 32


class TextDisplay:
    """Bochs's terminal display: a terminal that it makes, of a VT52."""

    library = "term"

    def __init__(self, machine):
        self.machine = machine
        self.terminal = None    # its name; bytes written there are keys
        subprocess.run(["tic", "-o", machine.directory, "-"], check=True,
                       input=TERMINAL, text=True)
        self.environment = {"TERM": "vt52-pages", "LINES": str(ROWS),
                            "COLUMNS": str(COLUMNS),
                            "TERMINFO": machine.directory}

    def open(self):
        """Follows the machine's display; False if there is none."""
        deadline = time.monotonic() + OPEN_MAX
        while not (name := re.search(rb'connected to screen "([^"]+)"',
                                     self.machine.terminal)):
            if time.monotonic() > deadline or not self.machine.is_running():
                return False
            time.sleep(0.05)
        display = os.open(name[1], os.O_RDWR | os.O_NOCTTY)
        tty.setraw(display)
        self.shown = Vt52()
        self.shown_at = time.monotonic()

        # A thread reads it: Bochs waits as soon as it is full.
        def watch():
            try:
                while data := os.read(display, 65536):
                    self.shown.feed(data)
                    self.shown_at = time.monotonic()
            except OSError:    # Bochs has ended
                pass

        threading.Thread(target=watch, daemon=True).start()
        self.terminal = name[1]
        return True

    def dump(self, path):
        """Saves the text of the machine's screen, when it changes no more."""
        self.shown_at = time.monotonic()
        deadline = self.shown_at + OPEN_MAX
        while time.monotonic() < deadline and (
                time.monotonic() < self.shown_at + QUIET
                or not self.shown.text().strip()):
            time.sleep(0.1)
        with open(path, "w") as file:
            file.write(self.shown.text() + "\n")


class PictureDisplay:
    """Bochs's window, in the corner of an X server without a manager."""

    library = "x"

    def __init__(self, machine, width, height):
        self.server = XScreen(machine.directory, machine.spawn)
        self.environment = {"DISPLAY": self.server.display}
        self.size = width, height

    def open(self):
        """The screen is there from the start."""
        return True

    def dump(self, path):
        """Saves the picture on the screen, when it changes no more."""
        deadline = time.monotonic() + OPEN_MAX
        picture = None
        while time.monotonic() < deadline:
            before = picture
            picture = self.server.picture(BORDER, BORDER + HEADER_BAR,
                                          *self.size)
            # A picture that is black has not yet been drawn.
            if picture == before and any(picture[-3 * self.size[0]
                                                 * self.size[1]:]):
                break
            time.sleep(QUIET)
        with open(path, "wb") as file:
            file.write(picture)

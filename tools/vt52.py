# SPDX-License-Identifier: MIT
"""A VT52 terminal's screen, on which Bochs draws its display.

Of all terminals that ncurses knows it has the fewest sequences. They are in
Debian's terminfo (infocmp vt52).
"""

ESC = 0x1b
ROWS, COLUMNS = 25, 80    # with more, Bochs draws a frame


class Vt52:
    """The screen, and the sequence that has begun."""

    def __init__(self):
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.sequence = b""

    def text(self):
        """The screen as lines, without the blanks at their ends."""
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def move(self, row, column):
        self.row = min(max(row, 0), ROWS - 1)
        self.column = min(max(column, 0), COLUMNS - 1)

    def control(self, byte):
        if byte == 0x08:
            self.move(self.row, self.column - 1)
        elif byte == 0x0d:
            self.column = 0
        elif byte == 0x0a and self.row + 1 < ROWS:
            self.row += 1
        elif byte == 0x0a:
            self.cells = self.cells[1:] + [[" "] * COLUMNS]

    def escape(self, sequence):
        """Carries out a sequence; False if it is not complete."""
        final = sequence[1:2]
        if len(sequence) < (4 if final == b"Y" else 2):
            return False
        if final == b"Y":
            self.move(sequence[2] - 0x20, sequence[3] - 0x20)
        elif final in b"ABCD":
            down, right = {b"A": (-1, 0), b"B": (1, 0), b"C": (0, 1),
                           b"D": (0, -1)}[final]
            self.move(self.row + down, self.column + right)
        elif final == b"H":
            self.move(0, 0)
        elif final == b"I":
            if self.row:
                self.row -= 1
            else:
                self.cells = [[" "] * COLUMNS] + self.cells[:-1]
        elif final in b"JK":
            self.cells[self.row][self.column:] = (
                [" "] * (COLUMNS - self.column))
            if final == b"J":
                for row in range(self.row + 1, ROWS):
                    self.cells[row] = [" "] * COLUMNS
        return True

    def feed(self, data):
        """Adds bytes that are sent to the terminal."""
        for byte in data:
            if self.sequence:
                self.sequence += bytes((byte,))
                if self.escape(self.sequence):
                    self.sequence = b""
            elif byte == ESC:
                self.sequence = b"\x1b"
            elif byte < 0x20:
                self.control(byte)
            else:
                self.cells[self.row][self.column] = chr(byte)
                self.move(self.row, self.column + 1)

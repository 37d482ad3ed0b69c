#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pictures of the documents, as far as a browser's rules can be known here."""

import glob
import os
import unittest
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SVG = "{http://www.w3.org/2000/svg}"


class Pictures(unittest.TestCase):
    def texts(self):
        """(file, width of the picture, element) of each text."""
        paths = glob.glob(os.path.join(ROOT, "docs/**/*.svg"), recursive=True)
        self.assertIn(os.path.join(ROOT, "docs/top.svg"), paths)
        for path in paths:
            root = ET.parse(path).getroot()
            box = root.get("viewBox", "").split()
            width = float(box[2] if box else root.get("width"))
            for text in root.iter(SVG + "text"):
                yield os.path.relpath(path, ROOT), width, text

    def test_columns(self):
        """A browser makes one blank of several, which moves all behind them."""
        for path, _, text in self.texts():
            words = "".join(text.itertext())
            self.assertNotIn("  ", words, path)

    def test_edges(self):
        """A text with a length ends within the picture."""
        for path, width, text in self.texts():
            end = float(text.get("x", 0)) + float(text.get("textLength", 0))
            self.assertLessEqual(end, width, f"{path}: {text.text}")


if __name__ == "__main__":
    unittest.main()

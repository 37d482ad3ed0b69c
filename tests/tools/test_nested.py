#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The nested test can be run again in the same tree."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests/nested"))
import run  # noqa: E402


class Linked(run.Bochs):
    """A machine that has its files and is not started."""

    def start(self, args, image, directory):
        self.directory = directory
        self.link_plainly("image", image)
        self.output, end = os.pipe()
        os.close(end)


class Nested(unittest.TestCase):
    def test_again(self):
        with tempfile.TemporaryDirectory() as run.OUT:
            run.Bochs = Linked
            for _ in range(2):
                l0 = run.L0("name", __file__)
                l0.log.close()
                os.close(l0.machine.output)


if __name__ == "__main__":
    unittest.main()

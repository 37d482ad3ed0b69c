#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A variable on make's command line does what `make help` says, and nothing without."""

import os
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class Make(unittest.TestCase):
    @staticmethod
    def would_run(*arguments):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("FULL", "MAKEFLAGS")}
        return subprocess.run(["make", "-n", "-f", "Makefile", *arguments], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True, check=True,
                              env=environment).stdout

    def test_full(self):
        self.assertNotIn("--full", self.would_run("test-nested"))
        self.assertIn("tests/nested/run.py --full",
                      self.would_run("test-nested", "FULL=1"))


if __name__ == "__main__":
    unittest.main()

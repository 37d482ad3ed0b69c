#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/run ends when its terminal or reader is gone; its status tells which."""

import os
import pty
import signal
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
FIRST, LONGEST = b"the first line\r\n", 20    # seconds

# tools/run with a machine that sends one line, and another one after each byte of its
# input.
PROGRAM = """
import importlib.machinery, os, sys, threading
sys.argv = ["tools/run", "--machine", "bochs", "--image", sys.argv[1]]
run = importlib.machinery.SourceFileLoader("run", "tools/run").load_module()

class Silent(run.MACHINES["bochs"]):
    def start(self, args, image, directory):
        self.output, self.end = os.pipe()
        self.taken, self.input = os.pipe()
        os.write(self.end, %r)
        threading.Thread(target=self.echo, daemon=True).start()
    def echo(self):
        while os.read(self.taken, 1):
            os.write(self.end, b"another line\\r\\n")
    def input_waiting(self):
        return 0
    def is_running(self):
        return True
    def has_started(self):
        return True

run.MACHINES["bochs"] = Silent
run.run_arguments.check = lambda args: None
sys.exit(run.main())
""" % FIRST


class RunGone(unittest.TestCase):
    def start(self, before=lambda: None, **streams):
        """Starts a run."""
        self.child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, __file__],
            cwd=ROOT, stderr=subprocess.PIPE, preexec_fn=before, **streams)
        self.addCleanup(self.child.stderr.close)
        self.addCleanup(self.child.kill)

    def assert_ends(self, status, said=b""):
        self.assertEqual(status, self.child.wait(LONGEST))
        self.assertEqual(said, self.child.stderr.read())

    def start_on_terminal(self):
        ours, theirs = pty.openpty()
        self.start(stdin=theirs, stdout=subprocess.PIPE)
        os.close(theirs)
        self.addCleanup(self.child.stdout.close)
        self.assertEqual(FIRST, self.child.stdout.read(len(FIRST)))
        return ours

    def test_terminal(self):
        os.close(self.start_on_terminal())
        self.assert_ends(128 + signal.SIGHUP)

    def test_terminal_at_a_signal(self):
        ours = self.start_on_terminal()
        self.child.send_signal(signal.SIGTERM)
        self.assert_ends(128 + signal.SIGTERM)
        os.close(ours)

    def test_terminal_of_output(self):
        ours, theirs = pty.openpty()
        self.start(stdin=subprocess.PIPE, stdout=theirs)
        os.close(theirs)
        self.assertIn(FIRST[:-2], os.read(ours, 100))
        os.close(ours)
        self.child.stdin.write(b"x")
        self.child.stdin.close()
        self.assert_ends(128 + signal.SIGHUP)

    def test_reader(self):
        self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(FIRST, self.child.stdout.read(len(FIRST)))
        self.child.stdout.close()
        self.child.stdin.write(b"x")
        self.child.stdin.close()
        self.assert_ends(128 + signal.SIGPIPE)

    def test_nohup(self):
        """A signal that was ignored at the start stays ignored."""
        def ignore():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self.start(ignore, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.child.stdout.close)
        self.assertEqual(FIRST, self.child.stdout.read(len(FIRST)))
        self.child.send_signal(signal.SIGHUP)
        self.child.stdin.write(b"x")
        self.child.stdin.close()
        self.assertIn(b"another", self.child.stdout.readline())
        self.child.terminate()
        self.assert_ends(128 + signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""The parts of a boot scenario: a run of tools/run, and expectations.

A scenario is a function that takes a Scenario, registered by @scenario. It
starts runs, talks to the guest's console, and raises Failure when something
isn't as it should be. In each case its run is ended and its log kept.
"""

import os
import pty
import re
import select
import signal
import subprocess
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
LOGS = os.path.join(BUILD, "scenarios")
KERNEL = os.path.join(BUILD, "guests/vmlinuz")
INITRD = os.path.join(BUILD, "guests/initrd.cpio")
# Umbra behind a firmware that leaves everything on (tests/guests/left_on.asm).
LEFT_ON = os.path.join(BUILD, "left-on.elf")

SCENARIOS = []    # (name, function), in the order of registration
# The same for scenarios that take too long for make test, or that differ little from
# another one that make test runs.
SOAK = []


class Failure(Exception):
    """The scenario found something that isn't as it should be."""


def scenario(name, *arguments, scenarios=SCENARIOS):
    """Registers the function it decorates as the scenario of that name."""
    def register(function):
        scenarios.append((name, lambda s: function(s, *arguments)))
        return function
    return register


def soak(name, *arguments):
    """The same for a scenario that make soak runs, and make test does not."""
    return scenario(name, *arguments, scenarios=SOAK)


class Run:
    """One run of the launcher, and its console."""

    def __init__(self, log, options, terminal):
        self.log = log
        self.output = ""
        self.position = 0    # up to where expect() has looked
        command = [os.path.join(ROOT, "tools/run")] + options
        log.write(f"# {' '.join(command)}\n")
        log.flush()
        ours, theirs = pty.openpty() if terminal else os.pipe()[::-1]
        self.keyboard = ours
        self.child = subprocess.Popen(command, stdin=theirs,
                                      stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
        os.close(theirs)

    def read(self, seconds):
        """Takes in output, waiting at most that long; False at its end."""
        stream = self.child.stdout
        if not select.select([stream], [], [], seconds)[0]:
            return True
        data = os.read(stream.fileno(), 65536).decode(errors="replace")
        self.output += data.replace("\r", "")
        self.log.write(data.replace("\r", ""))
        self.log.flush()
        return bool(data)

    def expect(self, pattern, seconds):
        """Waits for output that matches; returns the match."""
        deadline = time.monotonic() + seconds
        more = True
        while True:
            match = re.compile(pattern, re.M).search(self.output,
                                                     self.position)
            if match:
                self.position = match.end()
                return match
            if not more:
                raise Failure(f"the run ended without {pattern!r}")
            if time.monotonic() > deadline:
                raise Failure(f"no {pattern!r} within {seconds} s")
            more = self.read(0.2)

    def send(self, text):
        os.write(self.keyboard, text.encode())

    def finish(self, status, seconds):
        """Waits for the end of the run; its exit status must be that."""
        deadline = time.monotonic() + seconds
        while self.read(0.2):
            if time.monotonic() > deadline:
                raise Failure(f"the run goes on after {seconds} s")
        got = self.child.wait(10)
        if got != status:
            raise Failure(f"exit status {got}, not {status}")

    def end(self):
        """Ends the run, if it hasn't yet."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.stdout.close()
        os.close(self.keyboard)


class Scenario:
    """One scenario's runs, files and log."""

    def __init__(self, name):
        self.name = name
        self.directory = os.path.join(LOGS, name)
        self.log = None
        self.runs = []

    def start(self, *options, terminal=False):
        """Starts a run; the options are those of tools/run."""
        self.runs.append(Run(self.log, list(options), terminal))
        return self.runs[-1]

    def file(self, name, content=b"", size=None):
        """Makes a file for the scenario (size: with a hole); its path."""
        os.makedirs(self.directory, exist_ok=True)
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
            if size is not None:
                file.truncate(size)
        return path

    def perform(self, function):
        """Runs the scenario; returns (why it failed or None, seconds)."""
        os.makedirs(LOGS, exist_ok=True)
        begin = time.monotonic()
        why = None
        with open(os.path.join(LOGS, self.name + ".log"), "w") as self.log:
            try:
                function(self)
            except Failure as failure:
                why = str(failure)
            except Exception as error:    # a broken scenario is a failed one
                why = repr(error)
                traceback.print_exc(file=self.log)
            finally:
                for run in self.runs:
                    run.end()
            if why:
                self.log.write(f"\n# not ok: {why}\n")
        return why, time.monotonic() - begin

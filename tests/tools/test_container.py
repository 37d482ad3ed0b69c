#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The container's recipe has the packages of tools/deps, by running it, and names
none of them a second time."""

import json
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def listed():
    """{purpose: its packages} of tools/deps."""
    text = read("tools/deps")
    return {purpose: set(packages.split()) for purpose, packages in
            re.findall(r"(?ms)^(build|run|test)\).*?packages=\((.*?)\)", text)}


def recipe():
    """The Dockerfile's instructions, each on one line, without comments."""
    text = re.sub(r"(?m)^#.*\n", "", read(".devcontainer/Dockerfile"))
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


class Container(unittest.TestCase):
    def test_list(self):
        self.assertEqual({"build", "run", "test"}, set(listed()))
        self.assertTrue(all(listed().values()))

    def test_debian(self):
        self.assertEqual("FROM debian:12", next(filter(None, recipe())))

    def test_runs_deps(self):
        """Without an argument: all three lists."""
        copied = re.search(r"(?m)^COPY (\S+) (\S+)$", "\n".join(recipe()))
        self.assertEqual("tools/deps", copied[1])
        self.assertTrue(any(re.match(rf"RUN {re.escape(copied[2])} &&", line)
                            for line in recipe()))

    def test_no_second_list(self):
        named = re.search(r"--no-install-recommends ([^&]*)",
                          " ".join(recipe()).split("RUN useradd")[0])[1]
        self.assertFalse(set(named.split()) & set().union(*listed().values()))

    def test_user(self):
        """make test as a plain user, the one that the recipe makes."""
        user = re.search(r"useradd (?:--?\S+ |/\S+ )*(\w+)", "\n".join(recipe()))[1]
        self.assertIn(f"USER {user}", recipe())
        container = json.loads(read(".devcontainer/devcontainer.json"))
        self.assertEqual(user, container["remoteUser"])
        build = container["build"]
        self.assertTrue(os.path.exists(os.path.join(
            ROOT, ".devcontainer", build["dockerfile"])))
        self.assertEqual(ROOT, os.path.realpath(os.path.join(
            ROOT, ".devcontainer", build["context"])))


if __name__ == "__main__":
    unittest.main()

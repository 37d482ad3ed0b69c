#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where there is no apt: each tool that would fetch something says what to give
instead, and the image does without what can't be fetched."""

import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DEBIAN = ("apt", "dpkg")


class NoApt(unittest.TestCase):
    def setUp(self):
        """A PATH of links to all commands but those of Debian's packages."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "bin")
        self.build = os.path.join(folder.name, "build")
        os.mkdir(self.path)
        os.mkdir(self.build)
        for place in os.environ["PATH"].split(":"):
            for name in os.listdir(place) if os.path.isdir(place) else ():
                link = os.path.join(self.path, name)
                if not name.startswith(DEBIAN) and not os.path.lexists(link):
                    os.symlink(os.path.join(place, name), link)

    def ends(self, status, *command):
        """What the command says, which ends with that status."""
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "PATH": self.path, "MAKEFLAGS": ""})
        said = done.stdout + done.stderr
        self.assertEqual(status, done.returncode, said)
        return said

    def make(self, status, *arguments):
        return self.ends(status, "make", "-f", "Makefile", "-n", f"B={self.build}",
                         *arguments)

    def test_kernel(self):
        said = self.ends(1, "tools/get-packages", self.build,
                         "linux-image-cloud-amd64")
        self.assertRegex(said, r"no apt here to fetch Debian's linux-image-cloud-amd64\n"
                               r".*make run KERNEL=(FILE|/boot/vmlinuz.*)\n$")

    def test_other_package(self):
        """A kernel would not help there."""
        said = self.ends(1, "tools/get-packages", self.build, "memtest86+")
        self.assertIn("memtest86+", said)
        self.assertNotIn("KERNEL", said)

    def test_image(self):
        """It needs a kernel, which can be given, and no memtest86+."""
        said = self.make(0, "image", "KERNEL=README.md")
        self.assertRegex(said, r"(?s)tools/mkimage .*--kernel README\.md")
        self.assertNotIn("memtest", said)

    def test_no_such_file(self):
        for variable in "KERNEL", "INITRD":
            said = self.make(2, "run", f"{variable}=/no/such/file")
            self.assertIn("there is no file /no/such/file", said)

    def test_dynamic_busybox(self):
        output = os.path.join(self.path, "initrd.cpio")
        said = self.ends(1, "tools/mkinitrd", output,
                         os.path.join(self.path, "make"))
        self.assertIn("needs libraries", said)
        self.assertFalse(os.path.exists(output))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The menu of tools/mkimage: its entries and their options."""

import argparse
import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

import file_types  # noqa: E402

loader = importlib.machinery.SourceFileLoader(
    "mkimage", os.path.join(ROOT, "tools/mkimage"))
mkimage = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("mkimage", loader))
loader.exec_module(mkimage)

LINUX = bytes(file_types.BZIMAGE_MAGIC_AT) + file_types.BZIMAGE_MAGIC
MULTIBOOT2 = bytes(64) + file_types.MB2_MAGIC


class Menu(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        guests = mkimage.TEST_GUESTS
        self.addCleanup(setattr, mkimage, "TEST_GUESTS", guests)
        mkimage.TEST_GUESTS = self.directory
        self.file("check.bin", b"x")

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def menu(self, kernel=LINUX, **given):
        """The entries by their keys: (Umbra's options, the modules' strings)."""
        args = argparse.Namespace(**{
            "options": "", "kernel": self.file("kernel", kernel), "initrd": [],
            "append": "quiet", "bare": False, "graphics": "text",
            "menu": True, "compare": True, "memtest": "memtest",
            "doctor": "umbra-doctor.elf", **given})
        entries = {}
        for text in mkimage.menu(args):
            key = re.search(r"--hotkey=(\w)", text)[1]
            elf = "umbra-doctor.elf" if key == "o" else "umbra.elf"
            options = re.search(rf"multiboot2 /boot/{elf} (.*)", text)[1]
            entries[key] = (options, re.findall(r"module2 \S+ (.*)", text))
        return entries

    def test_options(self):
        """The user's options come first: the later word counts."""
        menu = self.menu(options="console=com2 guest=check")
        self.assertEqual("lbdptom", "".join(menu))
        for options, _ in menu.values():
            self.assertTrue(options.startswith("console=com2 guest=check"))
        self.assertTrue(menu["b"][0].endswith("guest=linux compare"))
        self.assertEqual([], menu["d"][1])
        self.assertEqual(["guest check"], menu["t"][1])

    def test_check_after_others(self):
        menu = self.menu(options="guest=none-such")
        self.assertEqual(["guest check"], menu["t"][1])

    def test_comparison(self):
        """Only with our own initrd, and with a Linux."""
        string = self.menu()["b"][1][0]
        self.assertTrue(string.startswith("kernel "))
        self.assertIn("umbra.run=", string)
        self.assertNotIn("b", self.menu(compare=False))
        self.assertNotIn("b", self.menu(kernel=MULTIBOOT2))


if __name__ == "__main__":
    unittest.main()

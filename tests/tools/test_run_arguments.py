#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/run names a wrong argument before anything boots."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

import file_types  # noqa: E402
import run_arguments  # noqa: E402

LINUX = bytes(file_types.BZIMAGE_MAGIC_AT) + file_types.BZIMAGE_MAGIC
MULTIBOOT2 = bytes(64) + file_types.MB2_MAGIC
ISO = bytes(file_types.CD_MAGIC_AT) + file_types.CD_MAGIC
DISK = bytes(file_types.BOOT_SIGNATURE_AT) + file_types.BOOT_SIGNATURE
FILES = {"linux": LINUX, "umbra": MULTIBOOT2, "iso": ISO, "disk": DISK,
         "empty": b"", "text": b"some words", "gzip": b"\x1f\x8b\x08",
         "cpio": b"070701000",
         "acpi": b"TEST" + bytes((36, 0, 0, 0)) + bytes(28)}

# Arguments ({} is the directory of FILES), and a part of the message.
WRONG = [
    ("--memory 3", "at least 4 MiB"),
    ("--memory -5", "at least 4 MiB"),
    ("--memory 4096", "Bochs has at most 2048 MiB"),
    ("--memory many", "--memory: many is no whole number"),
    ("--memory", "--memory: expected one argument"),
    ("--memery 5", "the nearest one is --memory"),
    ("--option=mmu=open", "the nearest one is --options"),
    ("words", "unrecognized arguments: words (tools/run --help"),
    ("--machine vax", "invalid choice: 'vax' (choose from 'auto'"),
    ("--timeout soon", "soon is no number of seconds"),
    ("--memory 128 --memory 256", "--memory is given twice"),
    ("--options mmu=open --options mmu=update", "--options is given twice"),
    ("--options mmu=open\\ mmu=update", "mmu is given twice"),
    ("--cpu hasswell", "Bochs has no such model. With VMX: penryn"),
    ("--timeout 0", "more than 0"),
    ("--timeout -1", "more than 0"),
    ("--timeout nan", "more than 0"),
    ("--timeout inf", "more than 0"),
    ("--processors 0", "at least one"),
    ("--processors 2", "use --machine qemu"),
    ("--firmware uefi", "use --machine qemu"),
    ("--uart pci-serial", "use --machine qemu"),
    ("--acpi-table {}/text", "use --machine qemu"),
    ("--machine qemu --acpi-table {}/none", "--acpi-table: {}/none: no such"),
    ("--machine qemu --acpi-table {}/empty", "is empty"),
    ("--machine qemu --acpi-table {}/text", "is no ACPI table"),
    ("--gdb /tmp/" + "x" * 108, "at most 107 bytes"),
    ("--machine qemu --keyboard", "--keyboard: with bochs only"),
    ("--graphics big", "WIDTHxHEIGHT"),
    ("--graphics 1024x768x31", "WIDTHxHEIGHT"),
    ("--machine qemu --firmware uefi --graphics 800x600", "on BIOS only"),
    ("--screen {}/x.jpg", "is to end with .txt, .ppm or .png"),
    ("--screen {}/none/x.txt", "there is no directory"),
    ("--screen {}/x.ppm", "with --graphics"),
    ("--screen {}/x.txt --graphics 800x600x32", "no text to save"),
    ("--serial {}", "is a directory"),
    ("--screen /proc/x.txt", "can't be written: "),
    ("--kernel=", "--kernel is given without a value"),
    ("--cpu=", "--cpu is given without a value"),
    ("--kernel {}/none", "--kernel: {}/none: no such file"),
    ("--kernel {}", "is no file"),
    ("--kernel {}/empty", "is empty"),
    ("--kernel {}/gzip", "is a gzip file: unpack it first"),
    ("--kernel {}/cpio", "give it by --initrd"),
    ("--kernel {}/iso", "give it by --image"),
    ("--kernel {}/linux --initrd {}/linux", "is a Linux kernel"),
    ("--initrd {}/cpio", "--initrd needs --kernel"),
    ("--append quiet", "--append needs --kernel"),
    ("--bare", "--bare needs --kernel"),
    ("--elf {}/text", "has no multiboot 2 header"),
    ("--image {}/text", "neither an ISO image nor one of a disk"),
    ("--image {}/iso --options mmu=open", "has its own options"),
    ("--image {}/iso --append quiet", "has its own options"),
]
RIGHT = [
    "", "--memory 4", "--cpu penryn", "--cpu ryzen", "--timeout 0.5",
    "--options exit=off\\ guest=\"demo\\ mmu=1\\ mmu=2\"", "--graphics 800x600",
    "--machine qemu --firmware uefi --screen {}/x.png --processors 4",
    "--machine qemu --uart pci-serial --acpi-table {}/acpi",
    "--screen {}/new.txt", "--serial {}/text", "--kernel {}/text --bare",
    "--kernel {}/umbra --initrd {}/linux --initrd {}/linux", "--image {}/iso",
    "--image {}/disk", "--kernel {}/linux --initrd {}/cpio",
]


class RunArguments(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        for name, content in FILES.items():
            with open(os.path.join(self.directory, name), "wb") as file:
                file.write(content)

    def parse(self, line):
        """Parses and checks; returns (arguments or None, complaint)."""
        words = [word.replace("\0", " ").replace("{}", self.directory)
                 for word in line.replace("\\ ", "\0").split()]
        if "--machine" not in words:
            words += ["--machine", "bochs"]
        if "--elf" not in words:
            words += ["--elf", os.path.join(self.directory, "umbra")]
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                args = run_arguments.make_parser("", "").parse_args(words)
                run_arguments.check(args)
        except SystemExit:    # the parser has complained
            return None, said.getvalue()
        except run_arguments.BadArgument as error:
            return None, str(error)
        return args, ""

    def test_wrong(self):
        for line, wanted in WRONG:
            with self.subTest(line):
                wanted = wanted.replace("{}", self.directory)
                self.assertIn(wanted, self.parse(line)[1])

    def test_right(self):
        for line in RIGHT:
            with self.subTest(line):
                self.assertEqual("", self.parse(line)[1])

    def test_console_of_linux(self):
        for line, append in [("--kernel {}/linux", "console=ttyS0"),
                             ("--kernel {}/linux --append=", ""),
                             ("--kernel {}/linux --append quiet", "quiet"),
                             ("--kernel {}/umbra", ""), ("", "")]:
            with self.subTest(line):
                self.assertEqual(append, self.parse(line)[0].append)


if __name__ == "__main__":
    unittest.main()

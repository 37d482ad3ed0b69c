# SPDX-License-Identifier: MIT
"""Kernels that nobody here wrote, and each kind that the loader knows."""

import os
import subprocess

from harness import BUILD, scenario
from scenarios import BOOT_SECONDS, LINUX_SECONDS, linux, on_bochs


@scenario("kernel-multiboot2")
def kernel_multiboot2(s):
    """Umbra is a multiboot 2 kernel: the inner one reads its information."""
    run = s.start(*on_bochs(), "--kernel", os.path.join(BUILD, "umbra.elf"),
                  "--append", "frobnicate=1")
    run.expect(r"^umbra: guest: multiboot2, ", BOOT_SECONDS)
    run.expect(r"^umbra: .*frobnicate=1\": there is no such option",
               BOOT_SECONDS)


MODULE_SIZE = 70001


def boot_guest(s, guest, *options):
    """Checks from inside what a multiboot kernel is given."""
    module = s.file("pattern.bin", bytes(7 * i & 0xff
                                         for i in range(MODULE_SIZE)))
    run = s.start(*on_bochs(), *options, "--kernel",
                  os.path.join(BUILD, f"guests/tests/{guest}.elf"),
                  "--initrd", module, "--append", f"module={MODULE_SIZE}")
    run.expect(r"^\d+ passed, 0 failed$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


for guest in ("boot", "boot2", "boot64"):
    scenario(f"guest-{guest}", guest)(boot_guest)
    scenario(f"guest-{guest}-bare", guest, "--bare")(boot_guest)


@scenario("linux-two-initrds")
def linux_two_initrds(s):
    """Several files make one initramfs: a second adds its own to the first."""
    s.file("extra", b"the second file is there\n")
    extra = os.path.join(s.directory, "extra.cpio")
    with open(extra, "wb") as archive:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"],
                       cwd=s.directory, input=b"extra\n", stdout=archive,
                       check=True)
    run = s.start(*on_bochs(),
                  *linux("", "umbra.run=cat:/extra"), "--initrd", extra)
    run.expect(r"^the second file is there$", LINUX_SECONDS)
    run.finish(0, BOOT_SECONDS)

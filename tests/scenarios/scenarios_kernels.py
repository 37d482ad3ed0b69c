# SPDX-License-Identifier: MIT
"""Kernels that nobody here wrote, and each kind that the loader knows."""

import os

from harness import BUILD, scenario
from scenarios import BOOT_SECONDS, on_bochs


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

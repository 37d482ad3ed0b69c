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

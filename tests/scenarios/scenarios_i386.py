# SPDX-License-Identifier: MIT
"""Debian's 32-bit kernels: 2-level paging (686), and PAE (686-pae)."""

import os

from harness import BUILD, scenario
from scenarios import BOOT_SECONDS, LARGE, LINUX_SECONDS, on_bochs

I386 = os.path.join(BUILD, "guests/i386")


FORKS = 100
WORKS = {
    "686": [r"Linux version \S+-686 "],
    "686-pae": [r"Linux version \S+-686-pae ",
                r"NX \(Execute Disable\) protection: active"],
}


def linux_i386(s, flavour, options, forks, seconds=LINUX_SECONDS):
    """Boots to userspace, works there, and powers off."""
    run = s.start(*on_bochs(memory=LARGE), "--options", options,
                  "--kernel", os.path.join(I386, "vmlinuz-" + flavour),
                  "--initrd", os.path.join(I386, "initrd.cpio"),
                  "--append", "console=ttyS0,115200 cryptomgr.notests panic=-1"
                  f" umbra.run=fork-check:{forks}")
    run.expect(r"^umbra: guest: Linux-32, ", BOOT_SECONDS)
    for pattern in WORKS[flavour]:
        run.expect(pattern, seconds)
    run.expect(rf"^forks: {forks} of {forks}$", seconds)
    run.expect(r"^umbra: end: guest power-off, status 0$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


# The other rungs are for soak.
for flavour in WORKS:
    scenario(f"linux-{flavour}", flavour, "", FORKS)(linux_i386)

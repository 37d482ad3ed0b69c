# SPDX-License-Identifier: MIT
"""Kernels of other projects, and each kind that the loader knows."""

import os

from harness import BUILD, INITRD, KERNEL, scenario
from scenarios import (BOOT_SECONDS, LARGE, LINUX_SECONDS, PROMPT, linux, on_bochs,
                       power_off, type_command)


XEN_SECONDS = 120


@scenario("kernel-multiboot2")
def kernel_multiboot2(s):
    """Umbra is a multiboot 2 kernel: the inner one reads its information."""
    run = s.start(*on_bochs(), "--kernel", os.path.join(BUILD, "umbra.elf"),
                  "--append", "frobnicate=1")
    run.expect(r"^umbra: guest: multiboot2, ", BOOT_SECONDS)
    run.expect(r"^umbra: .*frobnicate=1\": there is no such option",
               BOOT_SECONDS)


def xen(s, options, seconds=XEN_SECONDS):
    """Xen runs a kernel in user mode, on page tables that it guards itself."""
    run = s.start(*on_bochs(memory=LARGE), "--options", options,
                  "--kernel", os.path.join(BUILD, "guests/xen"),
                  "--initrd", os.path.join(BUILD, "guests/tests/dom0.elf"),
                  "--append", "xen no-real-mode com1=115200,8n1 console=com1 "
                  "noreboot dom0_mem=64M")
    run.expect(r"^dom0 is in its kernel$", seconds)
    run.finish(0, BOOT_SECONDS)


scenario("xen", "")(xen)


def installer(s, seconds):
    """Debian's installer, with the kernel that it installs, asks its first
    question."""
    run = s.start(*on_bochs(memory=1024),
                  "--kernel", os.path.join(BUILD, "guests/installer"),
                  "--initrd", os.path.join(BUILD, "guests/installer.cpio.gz"),
                  "--append", "console=ttyS0,115200 cryptomgr.notests panic=-1")
    run.expect(r"Choose the language to be used", seconds)


MODULE_SIZE = 70001


def boot_guest(s, guest, *options):
    """A multiboot kernel checks its boot information from inside."""
    module = s.file("pattern.bin", bytes(7 * i & 0xff
                                         for i in range(MODULE_SIZE)))
    run = s.start(*on_bochs(), *options, "--kernel",
                  os.path.join(BUILD, f"guests/tests/{guest}.elf"),
                  "--initrd", module, "--append", f"module={MODULE_SIZE}")
    run.expect(r"^[1-9]\d* passed, 0 failed$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


for guest in ("boot", "boot2", "boot64"):
    scenario(f"guest-{guest}", guest)(boot_guest)
    scenario(f"guest-{guest}-bare", guest, "--bare")(boot_guest)


# Facts about a kernel with only a console on its command line.
PLATFORM = (
    ("cat /sys/devices/system/clocksource/clocksource0/current_clocksource",
     r"^tsc\r?$"),
    ("cat /sys/devices/system/clockevents/clockevent0/current_device",
     r"^lapic-deadline\r?$"),
    ("cat /proc/interrupts", r"^ *4: +\d+ +IO-APIC +4-edge +ttyS0\r?$"),
)


def linux_plain(s, options, seconds=LINUX_SECONDS):
    """Debian's kernel as it comes: APICs, ACPI, its own choice of clocks."""
    run = s.start(*on_bochs(memory=LARGE), "--options", options,
                  "--kernel", KERNEL, "--initrd", INITRD,
                  "--append", "console=ttyS0")
    run.expect(PROMPT, seconds)
    for command, answer in PLATFORM:
        type_command(run, command, answer)
    # Messages of severity 0 to 4 are warnings and worse. One is right: the host bridge
    # is a plain PCI one, and its configuration space has no window in memory.
    type_command(run, "dmesg -r | grep '^<[0-4]>' | "
                 "grep -vc 'PNP0A03:00: fail to add MMCONFIG'", r"^0\r?$")
    type_command(run, "dmesg -r | grep -c '^<6>'", r"^[1-9]\d\d\r?$")
    power_off(run)


scenario("linux-plain", "")(linux_plain)


STRESS_SECONDS = 900
STRESS = os.path.join(BUILD, "guests/stress.cpio")


def stressed(run, seconds, huge_pages=True):
    """The guest starts stress-ng, and ends with it."""
    if huge_pages:
        run.expect(r"^stress: huge pages: [1-9]", seconds)
    run.expect(r"^stress: (\d+) of \1 passed\r?$", seconds)
    run.finish(0, BOOT_SECONDS)


def linux_stress(s, options, scale, seconds=STRESS_SECONDS):
    """Debian's stress-ng verifies its own work on processes and memory."""
    run = s.start(*on_bochs(memory=LARGE), *linux(options, f"umbra.run=stress:{scale}"),
                  "--initrd", STRESS)
    stressed(run, seconds)


scenario("linux-stress", "", 1)(linux_stress)


def linux_full(s, flavour, seconds):
    """Debian's kernel with all of its drivers, or the real-time one, under load."""
    run = s.start(*on_bochs(memory=LARGE),
                  "--kernel", os.path.join(BUILD, "guests/vmlinuz-" + flavour),
                  "--initrd", INITRD, "--initrd", STRESS,
                  "--append", "console=ttyS0,115200 "
                  "cryptomgr.notests panic=-1 umbra.run=stress:1")
    stressed(run, seconds, huge_pages=flavour != "rt")    # that one has none

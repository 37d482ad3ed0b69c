# SPDX-License-Identifier: MIT
"""The PC that a kernel finds around its processor: ACPI, PCI, its devices."""

import os
import re
import subprocess

from harness import LEFT_ON, ROOT, Failure, scenario
from scenarios import (BOOT_SECONDS, LARGE, LINUX_SECONDS, PROMPT, on_bochs, linux,
                       type_command)

# Messages of Linux; it prints each only after the device has answered.
FOUND = (
    r"ACPI: Interpreter enabled",
    r"ACPI: PM: \(supports S0 S5\)",
    r"ACPI: PCI Root Bridge \[PCI0\] \(domain 0000 \[bus 00-ff\]\)",
    r"pci 0000:00:00\.0: \[8086:1237\] type 00 class 0x060000",
    r"clocksource: acpi_pm: mask",
    r"00:00: ttyS0 at I/O 0x3f8 \(irq = 4,",
    r"serio: i8042 KBD port at 0x60,0x64 irq 1$",
    r"serio: i8042 AUX port at 0x60,0x64 irq 12$",
    r"input: AT Translated Set 2 keyboard",
    r"rtc_cmos 00:01: setting system clock to ",
)
COMPLAINT = re.compile(
    r"^.*(BIOS (?:Error|Warning)|Firmware (?:Bug|Warn)|ACPI (?:Error|Warning)"
    r"|(?:i8042|rtc_cmos|pnp|PCI)\b.*(?:fail|error|invalid)).*$", re.M | re.I)


def check_interrupts(run):
    """The guest's ticks, 250 a second, and a look at the keyboard each 10 ms."""
    number = int(re.search(r"^umbra: +external interrupt +(\d+) ", run.output,
                           re.M)[1])
    seconds = float(re.search(r"^umbra: time: ([\d.]+) s", run.output, re.M)[1])
    if number > 400 * seconds:
        raise Failure(f"{number} interrupts in {seconds} s: Umbra polls the port")


@scenario("linux-platform-two-initrds")
def linux_platform(s):
    """Several files make one initramfs, too: a second adds its own to the first."""
    s.file("extra", b"the second file is there\n")
    extra = os.path.join(s.directory, "extra.cpio")
    with open(extra, "wb") as archive:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"],
                       cwd=s.directory, input=b"extra\n", stdout=archive,
                       check=True)
    run = s.start(*on_bochs(memory=LARGE), *linux("mmu=bypass", "loglevel=7"),
                  "--initrd", extra)
    run.expect(PROMPT, LINUX_SECONDS)
    for what in FOUND:
        if not re.search(what, run.output, re.M):
            raise Failure(f"Linux has not said {what!r}")
    for complaint in COMPLAINT.finditer(run.output):
        # An 82441FX has none, and the line is not a warning's.
        if "fail to add MMCONFIG" not in complaint[0]:
            raise Failure(f"Linux complains: {complaint[0]}")
    type_command(run, "grep -c acpi /proc/interrupts", r"^1$")
    type_command(run, "cat /extra", r"^the second file is there$")
    run.send("exit\n")
    run.expect(r"ACPI: PM: Preparing to enter system sleep state S5",
               BOOT_SECONDS)
    run.expect(r"^umbra: end: guest power-off, status 0$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)
    check_interrupts(run)


# Umbra's own values, whatever the firmware has left: CR0 with PE, MP, ET, NE, WP
# and PG; CR4 with PAE, MCE, OSFXSR, OSXMMEXCPT, VMXE and OSXSAVE; EFER with LME,
# LMA and NXE.
HOST_STATE = {"HOST_CR0": 0x80010033, "HOST_CR4": 0x42660,
              "HOST_IA32_EFER": 0xd00}


@scenario("firmware-left-on")
def firmware_left_on(s):
    """Umbra's registers are its own, not the firmware's.

    A device's interrupt, of the class of Umbra's timer, does not stop the
    timer.
    """
    run = s.start(*on_bochs("tigerlake"), "--elf", LEFT_ON,
                  "--options", "guest=exit-status:7 dump")
    run.finish(7, BOOT_SECONDS)
    if not re.search(r"^umbra: +external interrupt +\d+ ", run.output, re.M):
        raise Failure("Umbra's timer does not interrupt")
    for name, value in HOST_STATE.items():
        got = re.search(rf"^umbra: +{name} +0x(\w+)$", run.output, re.M)
        if not got or int(got[1], 16) != value:
            raise Failure(f"{name} is {got and got[1]}, not {value:x}")


@scenario("exit-off")
def exit_off(s):
    """ACPI's soft-off ends the machine by itself: no launcher helps."""
    image = s.file("umbra.iso")
    subprocess.run([os.path.join(ROOT, "tools/mkimage"), "--options",
                    "exit=off exit.seconds=1", "--platform", "bios", image],
                   check=True, cwd=ROOT)
    done = subprocess.run(["qemu-system-x86_64", "-machine", "q35", "-m", "128",
                           "-display", "none", "-cdrom", image,
                           "-serial", "stdio"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=BOOT_SECONDS)
    s.log.write(done.stdout.decode(errors="replace"))
    if done.returncode or b"umbra: end: refused" not in done.stdout:
        raise Failure("no end, or not by the soft-off")

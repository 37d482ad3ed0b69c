# SPDX-License-Identifier: MIT
"""The image on BIOS and UEFI, the screen, and the keyboard."""

import os
import re
import struct

from harness import BUILD, INITRD, KERNEL, Failure, scenario
from ocr import read_ppm, read_text
from scenarios import on_bochs

IMAGE = os.path.join(BUILD, "umbra.iso")

# UEFI takes long on an emulated processor, on several even longer.
BOOT_SECONDS, LINUX_SECONDS = 300, 300
REFUSED, PANIC = 4, 6    # tools/run's exit statuses
PAGE_UP, PAGES = "\x1b[5~", 3    # more than the log has
KEY_SECONDS = 3    # for the machine to take them
MONITOR, END_RUN = "\x01m", "\x01x"
FORMATS = {"bios": "txt", "uefi": "ppm"}    # how the screen is looked at
OVMF_SIZE = 1280, 800
ERROR_COLOUR = bytes((0xff, 0x55, 0x55))


def oddly_named_image(s):
    """An image whose path the emulators' own syntax would split."""
    path = s.file("a stick, a CD")
    os.remove(path)
    os.symlink(IMAGE, path)
    return path


def screen_text(path):
    """The text of the screen that a run has saved."""
    if path.endswith(".ppm"):
        return read_text(path)
    with open(path, encoding="latin1") as file:
        return file.read()


def must_show(s, path, lines):
    """The screen must show the lines, in this order, wrapped or not."""
    text = screen_text(path)
    s.log.write(f"\n# the screen:\n{text}\n")
    must_have_colours(path, text)
    text, at = "".join(text.split()), 0
    for line in lines:
        squeezed = "".join(line.split())
        at = text.find(squeezed, at)
        if at < 0:
            raise Failure(f"not on the screen: {line}")
        at += len(squeezed)


def must_have_colours(path, text):
    """A picture has the colour of errors if, and only if, there is one."""
    if not path.endswith(".ppm"):
        return
    pixels = read_ppm(path)[2]
    is_there = any(pixels[at:at + 3] == ERROR_COLOUR
                   for at in range(0, len(pixels), 3))
    if is_there != bool(re.search(r"^umbra: end: .* status [1-9]", text, re.M)):
        raise Failure("the colour of errors, or of no error, is wrong")


def umbra_lines(run):
    """Returns Umbra's lines on the serial line."""
    lines = re.findall(r"(?m)^umbra: .*", run.output)
    if not lines or not lines[-1].startswith("umbra: end: "):
        raise Failure("no end on the serial line")
    return lines


def must_show_refusal(s, form, *options):
    """Without VMX Umbra only says so: on the serial line, and on the screen."""
    screen = s.file("screen." + form)
    run = s.start("--machine", "qemu", "--screen", screen, *options)
    run.expect(r"^umbra: .*(VMX|Intel)", BOOT_SECONDS)
    run.expect(r"^umbra: remedy: ", BOOT_SECONDS)
    run.finish(REFUSED, BOOT_SECONDS)
    must_show(s, screen, umbra_lines(run))


# While the guest runs, the exits of a second; afterwards those of the run.
STATUS = (r"^Umbra [a-z]+ \d+:\d\d:\d\d  \d+ MiB  shadow [1-9]\d*/\d+  "
          r"injected \d+  (?:bypassed \d+  )?[1-9]\d* exits%s:( #PF=\d+)?")


def must_show_status(path, unit=""):
    if not re.search(STATUS % unit, screen_text(path), re.M):
        raise Failure("no status on the screen")


# --- The image --------------------------------------------------------------

# The image's menu is left untouched: the first entry boots, with a Linux guest.
def image(s, firmware, cpu, *options):
    must_show_refusal(s, FORMATS[firmware], "--image", oddly_named_image(s),
                      "--firmware", firmware, "--cpu", cpu, *options)


for firmware in FORMATS:
    for label, cpu, options in (("cd", "max", []),
                                ("stick", "max", ["--stick"]),
                                ("amd-128-mib", "EPYC",
                                 ["--stick", "--memory", "128"]),
                                ("6-gib-4-processors", "max",
                                 ["--stick", "--memory", "6144",
                                  "--processors", "4"])):
        scenario(f"image-{firmware}-{label}", firmware, cpu, *options)(image)


# The guest of the image gets its commands from the keyboard.
@scenario("image-linux-keyboard")
def image_linux_keyboard(s):
    run = s.start("--machine", "bochs", "--image", IMAGE, "--keyboard")
    run.expect(r"^guest# ", LINUX_SECONDS)
    for c in 'echo "It is" $((6*7))! | tr i-t I-T\n':
        run.send(c)
        run.expect(re.escape(c) if c != "\n" else "^IT IS 42!$",
                   BOOT_SECONDS)
    run.expect(r"^guest# ", BOOT_SECONDS)
    run.send("exit\n")
    run.expect(r"^umbra: end: guest power-off, status 0$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


@scenario("processors-parked")
def processors_parked(s):
    run = s.start("--machine", "qemu", "--cpu", "max", "--processors", "4",
                  "--firmware", "uefi", "--options", "probe")
    run.expect(r"^umbra: boot: GRUB .* on UEFI; .*; processors: 4$", BOOT_SECONDS)
    run.expect(r"^umbra: machine: QEMU Standard PC", BOOT_SECONDS)
    run.expect(r"^umbra: firmware: .*OVMF", BOOT_SECONDS)
    run.finish(REFUSED, BOOT_SECONDS)


def choose_entry(s, key, *expected):
    """An entry of the menu other than the first, by its key."""
    run = s.start(*on_bochs(), "--image", oddly_named_image(s), "--keyboard")
    for _ in range(2 * BOOT_SECONDS):
        run.send(key)
        run.read(0.5)
        if "umbra: " in run.output:
            break
    for pattern in expected:
        run.expect(pattern, BOOT_SECONDS)


# The guests' further work is that of demo-haswell and check-targets-haswell.
scenario("image-demo", "d", r"^demo: vtlb pass 1: exits/fault 2.00 ")(choose_entry)
scenario("image-compare", "b",
         r"^umbra: shadow MMU: mmu=targets mmu.bypass=0$")(choose_entry)
scenario("image-probe", "p", r"^umbra: Umbra can run here, with the bypass",
         r"^umbra: end: report, status 0$")(choose_entry)
scenario("image-check", "t", r"^check: rights of 4 KiB pages ok$")(choose_entry)
scenario("image-doctor", "o", r"^umbra: doctor-test: 179 entries tried, ")(choose_entry)
# It uses only the VGA text screen, which is shown at the end.
scenario("image-memtest", "m", r"^umbra: guest: Linux, ")(choose_entry)


@scenario("compare")
def compare(s):
    """Two machines in the same memory, and both runs' costs in one table."""
    screen = s.file("screen.txt")
    run = s.start(*on_bochs(), "--options", "guest=hello compare",
                  "--screen", screen)
    for bypass in ("0", "1"):
        run.expect(r"^umbra: shadow MMU: mmu=targets"
                   + (" mmu.bypass=0$" if bypass == "0" else "$"),
                   BOOT_SECONDS)
        run.expect(r"^hello from the built-in guest$", BOOT_SECONDS)
    table = run.expect(r"^umbra: VM exits +(\d+) +(\d+) ", BOOT_SECONDS)
    if "0" in table.groups():
        raise Failure("a run without exits")
    run.finish(0, BOOT_SECONDS)
    must_show(s, screen, umbra_lines(run)[-4:])
    must_show_status(screen)


# --- Serial ports -----------------------------------------------------------

def acpi_table(signature, body):
    """An ACPI table; QEMU puts in the checksum."""
    return struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), 2, 0,
                       b"UMBRA", b"TEST", 1, b"TEST", 1) + body


def generic_address(port):
    """A generic address structure: a byte's access to an I/O port."""
    return struct.pack("<BBBBQ", 1, 8, 0, 1, port)


def spcr(port):
    return acpi_table(b"SPCR", struct.pack("<B3x", 0) + generic_address(port) + bytes(28))


def dbg2(port):
    """One device, a 16550: its head, its address, the address's size, its name."""
    head = struct.pack("<BHBHHHHHHHHH", 0, 22 + 12 + 4 + 2, 1, 2, 38, 0, 0,
                       0x8000, 0, 0, 22, 34)
    return acpi_table(b"DBG2", struct.pack("<II", 44, 1) + head + generic_address(port)
                      + struct.pack("<I", 8) + b".\0")


# A machine with one serial port, and none at COM1: all that was said before the
# port was found is there, too. The last one is taken for its name alone.
@scenario("serial-com3", "isa-serial,iobase=0x3e8,irq=4", "COM3")
@scenario("serial-pci", "pci-serial", "PCI")
@scenario("serial-spcr", "isa-serial,iobase=0x240,irq=5", "SPCR", spcr, 0x240)
@scenario("serial-dbg2", "isa-serial,iobase=0x240,irq=5", "DBG2", dbg2, 0x240)
@scenario("serial-dbg2-option", "isa-serial,iobase=0x3e8,irq=4", "DBG2", dbg2,
          0x3e8, "--options", "console=dbg2")
def serial_elsewhere(s, device, name, table=None, port=0, *options):
    acpi = ["--acpi-table", s.file("a table, of ACPI", table(port))] if table else []
    run = s.start("--machine", "qemu", "--cpu", "max", "--uart", device, *acpi,
                  *options)
    run.expect(r"^umbra: Umbra 0", BOOT_SECONDS)
    run.expect(rf"^umbra: serial ports:.* {name} \(0x.* console: {name}$",
               BOOT_SECONDS)
    run.expect(r"^umbra: remedy: ", BOOT_SECONDS)
    run.finish(REFUSED, BOOT_SECONDS)


# --- The framebuffer --------------------------------------------------------

for mode in ("800x600x32", "1024x768x24", "1920x1080x32"):
    scenario(f"screen-{mode}", "ppm", "--cpu", "max", "--graphics", mode)(
        must_show_refusal)


@scenario("screen-16-bits")
def screen_16_bits(s):
    run = s.start("--machine", "qemu", "--cpu", "max",
                  "--graphics", "800x600x16")
    run.expect(r"^umbra: no framebuffer to write on: it has neither 24 nor 32 "
               r"bits a pixel", BOOT_SECONDS)
    run.finish(REFUSED, BOOT_SECONDS)


@scenario("screen-bad-option")
def screen_bad_option(s):
    screen = s.file("screen.ppm")
    run = s.start("--machine", "qemu", "--cpu", "max", "--firmware", "uefi",
                  "--options", "mmu=sideways", "--screen", screen)
    run.finish(REFUSED, BOOT_SECONDS)
    must_show(s, screen, ["mmu=sideways", "umbra: end: refused, status 4"])
    if read_ppm(screen)[:2] != OVMF_SIZE:
        raise Failure("the firmware's own resolution has been changed")


def must_show_panic(s, form, *options):
    """A processor without APIC: where Umbra can't go on it panics."""
    screen = s.file("screen." + form)
    run = s.start("--machine", "qemu", "--cpu", "max,-apic",
                  "--screen", screen, *options)
    run.expect(r"^umbra: panic: ", BOOT_SECONDS)
    run.finish(PANIC, BOOT_SECONDS)
    must_show(s, screen, umbra_lines(run))


scenario("screen-panic-text", "txt")(must_show_panic)
scenario("screen-panic-framebuffer", "ppm", "--graphics", "1024x768x32")(
    must_show_panic)


# A person must be able to photograph it, on the smallest screen.
@scenario("screen-probe")
def screen_probe(s):
    screen = s.file("screen.txt")
    run = s.start(*on_bochs(), "--options", "probe",
                  "--screen", screen)
    run.finish(0, BOOT_SECONDS)
    must_show(s, screen, umbra_lines(run))


# --- The guest's console ----------------------------------------------------


def must_show_guest(s, form, *options):
    screen = s.file("screen." + form)
    run = s.start(*on_bochs(), "--options", "guest=hello",
                  "--screen", screen, *options)
    run.finish(0, BOOT_SECONDS)
    must_show(s, screen, ["hello from the built-in guest",
                          "umbra: end: guest exit, status 0"])
    must_show_status(screen)


scenario("screen-guest-framebuffer", "ppm", "--graphics", "800x600x32")(
    must_show_guest)


# Text that has left the screen can be looked at. The guest is stopped meanwhile: it
# would come to its end while the screen is read, and the end shows the newest text.
# The keyboard keeps three keys of this kind until they are read.
@scenario("screen-look-back")
def screen_look_back(s):
    screen = s.file("screen.txt")
    run = s.start(*on_bochs(), "--options", "guest=demo",
                  "--screen", screen, "--keyboard", terminal=True)
    run.expect(r"^demo: update pass 2: ", BOOT_SECONDS)
    run.send(MONITOR)
    run.expect(r"^umbra> ", BOOT_SECONDS)
    run.send(PAGE_UP * PAGES)
    run.read(KEY_SECONDS)
    run.send(END_RUN)
    run.finish(0, BOOT_SECONDS)
    must_show(s, screen, ["umbra: Umbra ", "umbra: guest: built-in, \"demo\"",
                          "demo: vtlb pass 1: "])
    must_show_status(screen, "/s")


# A PC without a serial port and without VGA text.
@scenario("screen-linux-framebuffer")
def screen_linux_framebuffer(s):
    screen = s.file("screen.ppm")
    run = s.start("--machine", "bochs", "--graphics", "1024x768x24",
                  "--screen", screen, "--kernel", KERNEL, "--initrd", INITRD,
                  "--append", "console=ttyS0,115200 loglevel=6 "
                  "cryptomgr.notests panic=-1 umbra.run=fork-check:10")
    run.finish(0, LINUX_SECONDS)
    last = run.output.rfind("forks: 10 of 10")
    if last < 0:
        raise Failure("the guest has not run its program")
    must_show(s, screen, run.output[last:].splitlines())
    must_show_status(screen)

# SPDX-License-Identifier: MIT
"""The command line of tools/run, and the check of it before anything boots."""

import argparse
import difflib
import math
import os
import re
import subprocess

from file_types import (is_image, is_linux, is_multiboot2, read_head,
                        why_no_kernel)
from machine import BOCHS, BOCHS_CPUS, nested_vmx

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

UART = "isa-serial,index=0"    # COM1
LINUX_APPEND = "console=ttyS0"    # or its console would be seen nowhere
# With less, GRUB has no room for Umbra. Bochs has no more.
MEMORY_MIN, BOCHS_MEMORY_MAX = 4, 2048    # MiB
MAY_BE_EMPTY = ("append", "options")
SOCKET_MAX = 107    # bytes of a path: Linux, unix(7)
MODE = re.compile(r"[1-9]\d{2,3}x[1-9]\d{2,3}(x(8|15|16|24|32))?")


class BadArgument(Exception):
    """An argument is wrong; the message says which one, and the remedy."""


class Parser(argparse.ArgumentParser):
    """Says in a line which argument is wrong, and names the nearest one."""

    def error(self, message):
        wrong = re.match(r"unrecognized arguments: (\S+)", message)
        near = difflib.get_close_matches(
            wrong[1].partition("=")[0] if wrong else "",
            self._option_string_actions, 1)
        self.exit(2, f"{self.prog}: {message}"
                  + (f"; the nearest one is {near[0]}" if near else "")
                  + f" ({self.prog} --help has them all)\n")


def whole_number(text):
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no whole number") from None


def seconds(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no number of seconds") from None


class Once(argparse.Action):
    """An option that may be given once."""

    def __call__(self, parser, namespace, value, option_string=None):
        given = namespace.__dict__.setdefault("given", set())
        if self.dest in given:
            parser.error(f"{option_string} is given twice")
        given.add(self.dest)
        # An empty value may come from a shell variable that is not set: the run
        # would not be the one that the user means.
        if value == "" and self.dest not in MAY_BE_EMPTY:
            parser.error(f"{option_string} is given without a value")
        setattr(namespace, self.dest, value)


def add_options(option):
    """The options of a user, by option(name, **how)."""
    option("--machine", choices=["auto", "bochs", "qemu"], default="auto",
           help="auto: QEMU if KVM has nested VMX here, else Bochs")
    option("--cpu", metavar="MODEL",
           help="the emulator's name for it; for Bochs also one of "
           + ", ".join(BOCHS_CPUS) + " (default: haswell)")
    option("--memory", metavar="MIB", type=whole_number, default=512,
           help="the machine's RAM (default: %(default)s)")
    option("--options", metavar="STRING", default="",
           help='Umbra\'s own command line: "mmu=bypass audit=1"')
    option("--kernel", metavar="FILE",
           help="the guest's kernel (default: the built-in guest)")
    option("--initrd", metavar="FILE", action="append", default=[],
           help="its initial RAM file system, or a multiboot kernel's module; "
           "may be given several times")
    option("--append", metavar="STRING",
           help="the guest kernel's command line (default for Linux: "
           f"{LINUX_APPEND})")
    option("--bare", action="store_true",
           help="boot the kernel without Umbra")
    option("--serial", metavar="FILE", help="save the console's output too")
    option("--trace", metavar="FILE",
           help="save the trace that Umbra sends at the end, for tools/trace")
    option("--screen", metavar="FILE",
           help="save the screen at the end: its text (.txt) or a picture "
           "(.ppm; with QEMU, .png)")
    option("--gdb", metavar="SOCKET",
           help="put the machine's second serial port at a Unix socket, and "
           "have Umbra wait there for gdb (docs/gdb.md)")
    option("--timeout", metavar="SECONDS", type=seconds,
           help="end the run after that time, with status 124")
    option("--image", metavar="FILE",
           help="boot this image instead of making one")


def add_test_options(option):
    """The options that tests need."""
    option("--firmware", choices=["bios", "uefi"], default="bios",
           help="the machine's firmware (uefi: QEMU; default: %(default)s)")
    option("--stick", action="store_true",
           help="boot the image from a USB stick, not from a CD (QEMU)")
    option("--processors", metavar="N", type=whole_number, default=1,
           help="how many the machine has (QEMU; default: %(default)s)")
    option("--uart", metavar="DEVICE", default=UART,
           help="the machine's serial port (QEMU's -device; default: "
           "%(default)s)")
    option("--acpi-table", metavar="FILE",
           help="one more ACPI table for the machine (QEMU)")
    option("--keyboard", action="store_true",
           help="type on the machine's keyboard, not into its serial port "
           "(Bochs)")
    option("--graphics", metavar="MODE",
           help="the screen on BIOS: 1024x768x32, ... (default: text)")
    option("--elf", metavar="FILE",
           default=os.path.join(ROOT, "build/umbra.elf"),
           help="the hypervisor (default: build/umbra.elf)")


def make_parser(about, details):
    parser = Parser(
        prog="tools/run", description=about, epilog=details, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)

    def option(name, **how):
        parser.add_argument(name, **{"action": Once, **how})

    add_options(option)
    add_test_options(option)
    return parser


def read_head_of(option, path):
    """Returns the first bytes of a file that the run reads."""
    if not os.path.exists(path):
        raise BadArgument(f"{option}: {path}: no such file")
    if not os.path.isfile(path):
        raise BadArgument(f"{option}: {path} is no file")
    try:
        head = read_head(path)
    except OSError as error:
        raise BadArgument(f"{option}: {path}: {error.strerror}") from error
    if not head:
        raise BadArgument(f"{option}: {path} is empty")
    return head


def check_output(option, path):
    """Checks a file that the run writes at its end, perhaps after an hour."""
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        raise BadArgument(f"{option}: there is no directory {directory}")
    if os.path.isdir(path):
        raise BadArgument(f"{option}: {path} is a directory")
    if os.path.exists(path):
        if not os.access(path, os.W_OK):
            raise BadArgument(f"{option}: {path} can't be written")
        return
    # Root may write everywhere, but not each file system takes new files.
    try:
        with open(path, "xb"):
            os.remove(path)
    except OSError as error:
        raise BadArgument(f"{option}: {path} can't be written: "
                          + error.strerror) from error


def check_files(args):
    """Sets --append for a Linux that has none."""
    if args.image:
        if not is_image(read_head_of("--image", args.image)):
            raise BadArgument(f"--image: {args.image} is neither an ISO image "
                              "nor one of a disk: make image makes one")
    elif not args.bare:
        if not is_multiboot2(read_head_of("--elf", args.elf)):
            raise BadArgument(f"--elf: {args.elf} has no multiboot 2 header: "
                              "make builds build/umbra.elf")
    if args.acpi_table:
        length = read_head_of("--acpi-table", args.acpi_table)[4:8]
        if int.from_bytes(length, "little") != os.path.getsize(args.acpi_table):
            raise BadArgument(f"--acpi-table: {args.acpi_table} is no ACPI "
                              "table: its bytes 4 to 7 are not its length")
    initrds = [(path, read_head_of("--initrd", path)) for path in args.initrd]
    if args.kernel:
        head = read_head_of("--kernel", args.kernel)
        if why_no_kernel(head):
            raise BadArgument(f"--kernel: {args.kernel} is "
                              + why_no_kernel(head))
        for path, initrd in initrds:
            if is_linux(head) and is_linux(initrd):
                raise BadArgument(f"--initrd: {path} is a Linux kernel")
        if args.append is None and is_linux(head):
            args.append = LINUX_APPEND
    args.append = args.append or ""
    if args.gdb:
        check_output("--gdb", args.gdb)
        if os.path.exists(args.gdb):
            raise BadArgument(f"--gdb: {args.gdb} exists already")
        if len(os.fsencode(args.gdb)) > SOCKET_MAX:
            raise BadArgument("--gdb: the path of a socket has at most "
                              f"{SOCKET_MAX} bytes: take /tmp/gdb")
        if args.trace:
            raise BadArgument("--gdb and --trace want the same port: "
                              "give one of them")
    for option in ("serial", "screen", "trace"):
        if getattr(args, option):
            check_output("--" + option, getattr(args, option))


def check_umbra_options(options):
    words = re.findall(r'(?:[^\s"]|"[^"]*")+', options)
    names = [word.partition("=")[0] for word in words]
    for name in names:
        if names.count(name) > 1:
            raise BadArgument(f"--options: {name} is given twice")


def bochs_models():
    """The models of processors that Bochs itself knows."""
    try:
        done = subprocess.run([BOCHS, "--help", "cpu"], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as error:
        raise BadArgument(f"{BOCHS} is missing: run tools/deps") from error
    return re.findall(r"(?m)^\w+$", done.stdout + done.stderr)


def check_bochs(args):
    if (args.firmware != "bios" or args.stick or args.processors != 1
            or args.uart != UART or args.acpi_table):
        raise BadArgument("--firmware, --stick, --processors, --uart and "
                          "--acpi-table: not with bochs, use --machine qemu")
    if args.memory > BOCHS_MEMORY_MAX:
        raise BadArgument(f"--memory {args.memory}: Bochs has at most "
                          f"{BOCHS_MEMORY_MAX} MiB")
    if args.cpu and args.cpu not in BOCHS_CPUS:
        known = bochs_models()
        if args.cpu not in known:
            raise BadArgument(
                f"--cpu {args.cpu}: Bochs has no such model. With VMX: "
                + ", ".join(BOCHS_CPUS) + "; others, by Bochs's names: "
                + ", ".join(sorted(set(known) - set(BOCHS_CPUS.values()))))
    if args.screen and not args.screen.endswith(".txt"):
        if (not args.screen.endswith(".ppm") or not args.graphics
                or args.keyboard):
            raise BadArgument("pictures of bochs's screen: PPM only, with "
                              "--graphics and without --keyboard")


def check_screen(args):
    if args.graphics:
        if not MODE.fullmatch(args.graphics):
            raise BadArgument(f"--graphics {args.graphics}: a mode is WIDTHx"
                              "HEIGHT or WIDTHxHEIGHTxBITS, 1024x768x32")
        if args.firmware == "uefi":
            raise BadArgument("--graphics: on BIOS only; UEFI has a mode of "
                              "its own")
    if args.screen and not args.screen.endswith((".txt", ".ppm", ".png")):
        raise BadArgument(f"--screen: {args.screen} is to end with .txt, .ppm "
                          "or .png")
    if args.screen and args.screen.endswith(".txt") and (
            args.graphics or args.firmware == "uefi"):
        raise BadArgument("--screen: on a screen with graphics there is no "
                          "text to save: give a file .ppm")


def check(args):
    """
    Checks what can be checked without a boot, and makes --machine, --append and
    --cpu what they stand for. Raises BadArgument.
    """
    if args.machine == "auto":
        args.machine = "qemu" if nested_vmx() else "bochs"
    if args.image and (args.options or args.kernel or args.initrd
                       or args.append is not None or args.bare):
        raise BadArgument("--image has its own options and kernel")
    if args.initrd and not args.kernel:
        raise BadArgument("--initrd needs --kernel")
    if args.bare and not args.kernel:
        raise BadArgument("--bare needs --kernel")
    if args.append is not None and not args.kernel:
        raise BadArgument("--append needs --kernel (a built-in guest takes its "
                          'arguments by --options "guest=NAME:ARGUMENT")')
    if args.memory < MEMORY_MIN:
        raise BadArgument(f"--memory {args.memory}: at least {MEMORY_MIN} MiB "
                          "(Umbra with Linux needs 128)")
    if args.processors < 1:
        raise BadArgument(f"--processors {args.processors}: at least one")
    if args.timeout is not None and not 0 < args.timeout < math.inf:
        raise BadArgument(f"--timeout {args.timeout:g}: a number of seconds, "
                          "more than 0")
    if args.keyboard and args.machine == "qemu":
        raise BadArgument("--keyboard: with bochs only")
    check_umbra_options(args.options)
    check_screen(args)
    if args.machine == "bochs":
        check_bochs(args)
    check_files(args)

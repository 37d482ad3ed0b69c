#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Umbra under KVM, which runs in Bochs: nested VMX, with no VT-x at hand.

    tests/nested/run.py [--full]

Bochs boots Debian's kernel. That loads kvm_intel with nested=1 and starts QEMU with
-cpu host, which boots an image of Umbra's. KVM's checks at a VM entry
are stricter than Bochs's. --full: also with KVM's own shadow paging (ept=0),
and Linux as Umbra's guest. Logs go to build/nested; the last line is
"nested: N passed, N failed".
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests/nested")
OUT = os.path.join(ROOT, "build/nested")
GUESTS = os.path.join(ROOT, "build/guests")
KVM = os.path.join(GUESTS, "kvm")    # L0's kernel and its modules
SEABIOS = "/usr/share/seabios/bios-256k.bin"
KVMVAPIC = "/usr/share/qemu/kvmvapic.bin"
QEMU = "/usr/bin/qemu-system-x86_64-microvm"

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT,
                                                          "tests/scenarios")]
from machine import Bochs  # noqa: E402
from scenarios import DEMO, DEMO_FAULTS, DEMO_LINE  # noqa: E402

L0_MEMORY = 1024    # MiB
# Options that make the boot on an emulated machine short.
L0_OPTIONS = ("console=ttyS0,115200 mitigations=off no_timer_check "
              "tsc=reliable nowatchdog cryptomgr.notests panic=-1 quiet")
# KVM takes many exits of its own for an exit of Umbra's guest. Time goes slowly, or a
# timer's tick would find the guest still at work on the last one.
L0_IPS = 400_000_000
# Long, since a host may be slow or busy: one case takes ten minutes of a processor.
L0_SECONDS, CASE_SECONDS = 1800, 7200

# QEMU's firmware switches VMX on and locks the switch, as this file in its
# fw_cfg tells it to. Under another name it is not found.
SWITCH, NO_SWITCH = b"etc/msr_feature_control", b"etc/msr_feature_nothing"


class Failure(Exception):
    """Umbra has printed something wrong."""


def must_have(output, *patterns):
    for pattern in patterns:
        if not re.search(pattern, output, re.M):
            raise Failure(f"nothing matches {pattern!r}")


def check_demo(output):
    """The demo's table must be the one that Bochs alone gives."""
    rows = {(m[1], int(m[2])): (m[3], int(m[4]))
            for m in DEMO_LINE.finditer(output)}
    for rung, (first, second, injects) in DEMO.items():
        for number, expected in ((1, first), (2, second)):
            want = (expected, DEMO_FAULTS if injects else 0)
            if rows.get((rung, number)) != want:
                raise Failure(f"{rung} pass {number}: exits/fault and injected "
                              f"faults are {rows.get((rung, number))}, not "
                              f"{want}")
    must_have(output, r"^umbra: end: guest exit, status 0")


def check_open(output):
    """The firmware has left the switch alone: Umbra switches VMX on."""
    must_have(output, r"under KVM$",
              r"IA32_FEATURE_CONTROL \(3Ah\) 0x0: not locked",
              r"Umbra can run here, with the bypass",
              r"^umbra: end: report, status 0")


def check_locked(output):
    """GRUB has locked VMX off, as a PC's firmware may."""
    must_have(output, r"VMX is locked off: IA32_FEATURE_CONTROL \(MSR 3Ah\) is "
              r"0x1, bit 0 \(lock\) set and bit 2 \(VMX outside SMX\) clear",
              r'remedy: in the firmware.*"Intel Virtualization Technology"',
              r"^umbra: end: refused, status 4")


# Rules of the SDM that neither KVM nor the Bochs below it checks.
FORGIVEN = {"GUEST_RIP", "GUEST_SS_BASE", "GUEST_SS_ACCESS_RIGHTS",
            "GUEST_SS_LIMIT", "GUEST_ACTIVITY_STATE", "VMCS_LINK_POINTER",
            "GUEST_INTERRUPTIBILITY_STATE", "GUEST_PENDING_DEBUG_EXCEPTIONS"}


def check_doctor(output):
    """KVM's verdict on each broken VMCS; it checks most of them itself."""
    must_have(output, r"doctor-test: 1[67]\d entries tried",
              r"^umbra: end: report, status")
    fields = re.findall(r"doctor-test: differs: \S+ (\w+)", output)
    if not FORGIVEN.issuperset(fields):
        raise Failure(f"KVM and the doctor differ on {fields}")


def check_linux(output):
    must_have(output, r"^guest: userspace reached", r"^forks: 20 of 20$",
              r"^umbra: end: guest power-off, status 0")


class Case:
    """An image of Umbra's, a machine for it, and a check of the output."""

    def __init__(self, check, options, memory=128, open_switch=False,
                 grub="", linux=(), elf="umbra.elf"):
        self.check, self.options, self.memory = check, options, memory
        self.open_switch, self.grub, self.linux = open_switch, grub, linux
        self.elf = elf


CASES = {
    "demo": Case(check_demo, "guest=demo"),
    "open": Case(check_open, "probe", open_switch=True),
    "locked": Case(check_locked, "guest=demo", open_switch=True,
                   grub="wrmsr 0x3a 0x1"),
    "doctor": Case(check_doctor, "", elf="umbra-doctor.elf"),
    "linux": Case(check_linux, "mmu=bypass", memory=256, linux=(
        "--kernel", f"{GUESTS}/vmlinuz", "--initrd", f"{GUESTS}/initrd.cpio",
        "--append=console=ttyS0,115200 cryptomgr.notests panic=-1 "
        "umbra.run=fork-check:20")),
}
QUICK = [("1", ["demo", "open", "locked"])]
FULL = [("1", ["demo", "open", "locked", "doctor", "linux"]),
        ("0", ["demo", "linux"])]


def run_command(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"nested: {command[0]}: {done.stdout}")
    return done.stdout


def copy_file(source, tree, name=None):
    target = os.path.join(tree, (name or source).lstrip("/"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(source, target)


def write_file(tree, name, content):
    path = os.path.join(tree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def add_case(tree, name, case):
    """The case's directory in L0: its image, memory and firmware."""
    directory = f"cases/{name}"
    write_file(tree, f"{directory}/memory", b"%d" % case.memory)
    write_file(tree, f"{directory}/bios",
               b"bios-open.bin" if case.open_switch else b"bios.bin")
    command = [f"{ROOT}/tools/mkimage", "--elf", f"{ROOT}/build/{case.elf}",
               "--platform", "bios", "--options", f"exit=reset exit.seconds=0 {case.options}"]
    if case.grub:
        command += ["--grub", case.grub]
    run_command(*command, *case.linux, f"{tree}/{directory}/umbra.iso")


def make_initramfs(fill):
    """L0's userspace: busybox, KVM's modules, QEMU, its libraries, the cases."""
    os.makedirs(OUT, exist_ok=True)
    tree = os.path.join(OUT, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    copy_file(shutil.which("busybox"), tree, "bin/busybox")
    copy_file(f"{HERE}/init", tree, "init")
    os.makedirs(f"{tree}/kvm")
    for module in ("irqbypass.ko", "kvm.ko", "kvm-intel.ko"):
        # Debug data would triple the time that loading them takes.
        run_command("strip", "--strip-debug", "-R", ".BTF", f"{KVM}/{module}",
                    "-o", f"{tree}/kvm/{module}")
    copy_file(QEMU, tree)
    for library in re.findall(r"(/\S+) \(0x", run_command("ldd", QEMU)):
        copy_file(library, tree)
    with open(SEABIOS, "rb") as file:
        bios = file.read()
    if bios.count(SWITCH) != 1:
        sys.exit(f"nested: {SEABIOS} does not mention {SWITCH} once")
    write_file(tree, "firmware/bios.bin", bios)
    write_file(tree, "firmware/bios-open.bin", bios.replace(SWITCH, NO_SWITCH))
    copy_file(KVMVAPIC, tree, "firmware/kvmvapic.bin")
    fill(tree)
    archive = os.path.join(OUT, "initramfs.cpio")
    with open(archive, "wb") as file:
        find = subprocess.Popen(["find", "."], cwd=tree,
                                stdout=subprocess.PIPE)
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
                       cwd=tree, stdin=find.stdout, stdout=file, check=True)
    return archive


def make_image(ept, names, fill, shadow_vmcs="1"):
    """
    The image that Bochs boots: GRUB, Debian's kernel, the initramfs; fill(tree)
    puts the cases into that. KVM gives Umbra a shadow VMCS if it is "1".
    """
    tree = os.path.join(OUT, "image")
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(f"{tree}/boot/grub")
    os.rename(make_initramfs(fill), f"{tree}/boot/initramfs")
    shutil.copy(f"{KVM}/vmlinuz", f"{tree}/boot/vmlinuz")
    write_file(tree, "boot/grub/grub.cfg", (
        f"linux /boot/vmlinuz {L0_OPTIONS} nested.ept={ept} "
        f"nested.shadow_vmcs={shadow_vmcs} nested.cases={','.join(names)}\n"
        "initrd /boot/initramfs\nboot\n").encode())
    image = os.path.join(OUT, f"{'-'.join(names)}-{ept}-{shadow_vmcs}.iso")
    run_command("grub-mkrescue", "-o", image, "-d", "/usr/lib/grub/i386-pc",
                "--fonts=", "--locales=", "--themes=",
                "--install-modules=normal linux iso9660", tree)
    return image


class L0:
    """Bochs with KVM in it, and its console."""

    def __init__(self, name, image, ips=L0_IPS):
        directory = os.path.join(OUT, f"bochs-{name}")
        shutil.rmtree(directory, ignore_errors=True)    # of an earlier run
        os.makedirs(directory)
        self.log = open(os.path.join(OUT, f"{name}.log"), "w")
        self.output = ""
        self.position = 0
        self.machine = Bochs()
        self.machine.ips = ips
        self.machine.start(types.SimpleNamespace(
            cpu="haswell", memory=L0_MEMORY, screen=None, keyboard=False,
            gdb=None, trace=None),
            image, directory)
        os.set_blocking(self.machine.output, False)

    def wait_for_kvm(self, ept):
        """KVM is loaded, and is as it should be."""
        self.read_until(r"^nested: kvm_intel nested=(Y|1) ept="
                        + ("(Y|1)" if ept == "1" else "(N|0)"), L0_SECONDS)

    def read_until(self, pattern, seconds):
        """Returns the output until a match of the pattern."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.M).search(self.output,
                                                     self.position)
            if match:
                text = self.output[self.position:match.end()]
                self.position = match.end()
                return text
            if time.monotonic() > deadline:
                raise Failure(f"no {pattern!r} within {seconds} s")
            if not self.machine.is_running():
                raise Failure("Bochs ended: " + self.machine.complaint())
            try:
                data = os.read(self.machine.output, 65536)
            except BlockingIOError:
                time.sleep(0.1)
                continue
            text = data.decode(errors="replace").replace("\r", "")
            self.output += text
            self.log.write(text)
            self.log.flush()


def run_cases(ept, names):
    """One boot of L0; returns how many of the cases failed."""
    def fill(tree):
        for name in names:
            add_case(tree, name, CASES[name])

    failed = len(names)
    l0 = L0(f"ept{ept}", make_image(ept, names, fill))
    try:
        l0.wait_for_kvm(ept)
        for name in names:
            begin = time.monotonic()
            try:
                CASES[name].check(l0.read_until(rf"^nested: end {name},.*$",
                                                CASE_SECONDS))
            except Failure as why:
                print(f"not ok - {name}, ept={ept}: {why} "
                      f"(build/nested/ept{ept}.log)", flush=True)
                if not l0.machine.is_running():
                    raise
                continue
            failed -= 1
            print(f"ok - {name}, ept={ept} ({time.monotonic() - begin:.1f} s)",
                  flush=True)
    except Failure as why:
        print(f"not ok - ept={ept}: {why} (build/nested/ept{ept}.log)",
              flush=True)
    finally:
        l0.machine.kill()
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true",
                        help="also with ept=0, and Linux")
    args = parser.parse_args()
    os.makedirs(OUT, exist_ok=True)
    plan = FULL if args.full else QUICK
    count = sum(len(names) for _, names in plan)
    failed = sum(run_cases(ept, names) for ept, names in plan)
    print(f"nested: {count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

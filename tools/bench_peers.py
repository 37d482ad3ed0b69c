# SPDX-License-Identifier: MIT
"""mmbench under KVM, which runs in Bochs as in tests/nested: the peers.

Bochs's time-stamp counter counts the instructions of KVM and of its host, too,
so the figures stand beside those of Umbra. The host has its mitigations off. KVM
counts the exits, from the line that begins a phase to the line with its figures;
the lines themselves are some 500 of a phase's exits.
"""

import importlib.util
import os
import re
import shutil

import bench_work
from machine import Bochs

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINUXBOOT = "/usr/share/qemu/linuxboot_dma.bin"
GUEST_MEMORY = 512    # MiB, as tools/run's machines have
GUEST_SECONDS = 3600
COUNT = r"nested: exits (\d+)$"
PHASE = re.compile(rf"^work: (\S+) begins\n{COUNT}(?s:.*?)^work: \1, .*?\n{COUNT}",
                   re.M)


def load_nested():
    """tests/nested/run.py as a module."""
    spec = importlib.util.spec_from_file_location(
        "nested", os.path.join(ROOT, "tests/nested/run.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fill(nested, tree, settings):
    """Puts the guest and its cases into the host's initramfs."""
    guests = nested.GUESTS
    nested.copy_file(f"{guests}/vmlinuz", tree, "guest/vmlinuz")
    with open(f"{tree}/guest/initrd", "wb") as whole:
        for name in ("initrd.cpio", "mmbench.cpio"):
            with open(f"{guests}/{name}", "rb") as part:
                shutil.copyfileobj(part, whole)
    # QEMU's code that loads a kernel.
    nested.copy_file(LINUXBOOT, tree, "firmware/linuxboot_dma.bin")
    for setting in settings:
        append = f"{bench_work.APPEND} {bench_work.SETTINGS[setting]}"
        directory = f"cases/{setting}"
        nested.write_file(tree, f"{directory}/append", append.encode())
        nested.write_file(tree, f"{directory}/memory", b"%d" % GUEST_MEMORY)
        nested.write_file(tree, f"{directory}/bios", b"bios.bin")


def parse(output):
    """{phase: {counter: sum, "ops": N}}, with KVM's exits."""
    result = bench_work.parse_phases(output)
    for name, before, after in PHASE.findall(output):
        result[name]["exits"] = int(after) - int(before)
    return result


def run_host(nested, ept, image, settings):
    """Boots the host once; returns {setting: {phase: counters}}."""
    host = nested.L0(f"peer-ept{ept}", image, Bochs.ips)
    try:
        host.wait_for_kvm(ept)
        return {setting: parse(host.read_until(
            rf"^nested: end {setting},.*$", GUEST_SECONDS))
            for setting in settings}
    finally:
        host.machine.kill()


def measure(pool, settings):
    """{setting: {"KVM ept=0": {phase: counters}, "KVM ept=1": ...}}."""
    nested = load_nested()
    hosts = {}
    for ept in ("0", "1"):
        image = nested.make_image(ept, settings, lambda tree: fill(
            nested, tree, settings))
        hosts[ept] = pool.submit(run_host, nested, ept, image, settings)
    return {setting: {f"KVM ept={ept}": host.result()[setting]
                      for ept, host in hosts.items()} for setting in settings}

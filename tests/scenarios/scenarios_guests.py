# SPDX-License-Identifier: MIT
"""The test guests (tests/guests): on the bare machine, and under Umbra.

A test guest that passes on the bare machine expects the right things; then it
must pass under Umbra, whatever the policy.
"""

import os
import re

from harness import BUILD, Failure, scenario, soak
from scenarios import BOOT_SECONDS, LARGE, STOPPED, on_bochs

GUESTS = os.path.join(BUILD, "guests/tests")
BUILTIN = os.path.join(BUILD, "guest/builtin/guest.bin")
GUEST_SECONDS = 300


def guest(name):
    return os.path.join(GUESTS, name + ".elf")


def bare(s, cpu, name, arguments):
    run = s.start(*on_bochs(cpu), "--bare", "--kernel", guest(name),
                  "--append", arguments)
    run.expect(r"^\d+ passed, 0 failed$", GUEST_SECONDS)
    run.finish(0, 10)


def under_umbra(s, cpu, options, name, arguments, seconds=GUEST_SECONDS):
    run = s.start(*on_bochs(cpu), "--options", options,
                  "--kernel", guest(name), "--append", arguments)
    run.expect(r"^\d+ passed, 0 failed$", seconds)
    run.finish(0, BOOT_SECONDS)


# One frame in CANARIES is nobody's, and must be as it was at the end.
CANARIES = 256
CANARIES_WELL = (r"^umbra: canaries: \d{3} frames kept from the guest, "
                 r"all untouched$")


def chaos(s, cpu, options, arguments, seconds=GUEST_SECONDS):
    """What a mad kernel does, with nothing outside of it touched."""
    run = s.start(*on_bochs(cpu), "--options",
                  f"{options} canaries={CANARIES}",
                  "--kernel", guest("chaos"), "--append", arguments)
    run.expect(r"^\d+ passed, 0 failed$", seconds)
    run.expect(CANARIES_WELL, BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


# The rungs that remember the frames of devices.
NOWALK = ("nowalk", "cheap", "open", "targets")
OPENS = ("open", "targets")

# Each goes through all paging modes (access and forms one after the other, chaos
# at random). Broadwell has SMAP. CHAOS_AUDIT: number of exits between two audits.
ACCESS_STRIDE, CHAOS_OPS, CHAOS_AUDIT = 17, 4000, 97
for number, (rung, cpu) in enumerate((
        ("vtlb", "haswell"), ("cached", "broadwell"), ("update", "penryn"),
        ("bypass", "broadwell"), ("prefetch", "haswell"),
        ("nowalk", "broadwell"), ("open", "broadwell"),
        ("targets", "haswell"))):
    scenario(f"guest-access-{rung}", cpu, f"mmu={rung}", "access",
             f"stride={ACCESS_STRIDE}")(under_umbra)
    # The others write to tables as one of these rungs does, or without an exit.
    register = scenario if rung in ("cached", "prefetch", "nowalk", "targets"
                                    ) else soak
    register(f"guest-forms-{rung}", cpu, f"mmu={rung}", "forms",
             "" if rung in NOWALK else "mmio=0")(under_umbra)
    scenario(f"guest-chaos-{rung}", cpu, f"mmu={rung}",
             f"seed={number + 1} ops={CHAOS_OPS}")(chaos)
    scenario(f"guest-chaos-audit-{rung}", "haswell",
             f"mmu={rung} mmu.pages=64 audit={CHAOS_AUDIT}",
             f"seed={number + 11} ops={CHAOS_OPS // 4}")(chaos)
scenario("guest-access-starved", "haswell", "mmu.pages=16", "access",
         f"stride={ACCESS_STRIDE + 2}")(under_umbra)
scenario("guest-chaos-starved", "penryn", "mmu.pages=16",
         f"seed=2 ops={CHAOS_OPS}")(chaos)


scenario("guest-tasks", "haswell", "", "tasks", "")(under_umbra)
scenario("guest-tasks-penryn", "penryn", "", "tasks", "")(under_umbra)
scenario("guest-timers", "haswell", "", "timers", "")(under_umbra)
for cpu in ("haswell", "penryn", "icelake"):
    scenario(f"guest-insns-{cpu}", cpu, "", "insns", "")(under_umbra)
# Broadwell has SMAP.
for rung, cpu in (("open", "broadwell"), ("update", "haswell"),
                  ("vtlb", "penryn")):
    scenario(f"guest-operands-{rung}", cpu, f"mmu={rung}", "operands",
             "")(under_umbra)
for rung, cpu in (("open", "haswell"), ("cached", "penryn"),
                  ("vtlb", "haswell")):
    scenario(f"guest-v86-{rung}", cpu, f"mmu={rung}", "v86", "")(under_umbra)
scenario("guest-apic", "haswell", "", "apic", "")(under_umbra)
scenario("guest-apic-penryn", "penryn", "mmu=cached", "apic", "")(under_umbra)


def bare_qemu(s, name, arguments, cpu="max"):
    run = s.start("--machine", "qemu", "--cpu", cpu, "--bare", "--kernel",
                  guest(name), "--append", arguments)
    run.expect(r"^\d+ passed, 0 failed$", GUEST_SECONDS)
    run.finish(0, 10)


# QEMU's APIC is nearer to the manual than Bochs's (see apic.c); and from so fast
# a timer Bochs gets spurious interrupts.
scenario("guest-apic-bare", "apic", "errors=0")(bare_qemu)
scenario("guest-timers-bare", "timers", "")(bare_qemu)
# No other processor here has protection keys for the supervisor (docs/mmu.md).
scenario("guest-keys-bare", "keys", "", "max,phys-bits=52")(bare_qemu)


@scenario("guest-flat")
def guest_flat(s):
    """A kernel whose multiboot header says where it goes."""
    run = s.start(*on_bochs(), "--kernel", BUILTIN, "--append", "hello")
    run.expect(r"^hello from the built-in guest$", BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


@scenario("guest-chaos-lethal")
def guest_chaos_lethal(s):
    """A guest that kills itself ends with a report of how."""
    for seed in range(1, 5):
        run = s.start(*on_bochs(), "--options", f"canaries={CANARIES}",
                      "--kernel", guest("chaos"), "--append",
                      f"mode=4 seed={seed} ops=200 lethal=1")
        run.expect(r"^umbra: the guest \S+ is stopped: \S+", GUEST_SECONDS)
        run.expect(CANARIES_WELL, BOOT_SECONDS)
        run.finish(STOPPED, BOOT_SECONDS)


scenario("guest-access-bare-haswell", "haswell", "access", "stride=7")(bare)
scenario("guest-access-bare-broadwell", "broadwell", "access",
         "stride=41")(bare)    # it has SMAP
scenario("guest-tasks-bare", "haswell", "tasks", "")(bare)
scenario("guest-insns-bare", "haswell", "insns", "msrs=0")(bare)
scenario("guest-operands-bare", "broadwell", "operands", "")(bare)
scenario("guest-v86-bare", "haswell", "v86", "")(bare)
scenario("guest-forms-bare", "haswell", "forms", "")(bare)

# --- The benchmark ----------------------------------------------------------

# Exits per operation, on each rung: (demand-fault, pte-change, cr3-of-8). For
# the last one of "targets" see TURNS.
# vtlb: INVLPG exits, and the access after it; and after a CR3 load each of the
# 100 pages, and three of the kernel's own.
LADDER = {
    "vtlb": (2, 2, 104),
    "cached": (3, 2, 1),
    "update": (2, 1, 1),
    "bypass": (1, 1, 1),
    "prefetch": (1, 1, 1),
    "nowalk": (1, 1, 1),
    "cheap": (1, 1, 1),
    "open": (1, 1, 1),
    "targets": (1, 1),
}
# Walks per operation, switched off and on: of "nowalk", at most one for each
# page of an exit's operands, and none for a device that was met before.
WALKS = {"mmio-read": (2, 0), "mmio-write": (2, 0), "outs-64": (64, 1)}
# At most this number of exits a load, on the rung "targets", by the number of
# spaces that take turns: four are placed, and eight share their slots.
TURNS = {"cr3-of-2": 0.05, "cr3-of-4": 0.2, "cr3-of-8": 0.75, "cr3-of-64": 1,
         "mov-to-cr3": 0, "mov-from-cr3": 0}
# The whole of these, on each rung that opens tables: 4,096 writes of PTEs in
# eight tables, each opened by its second write or closed with its pages used.
BURSTS = {"fork-4096": 22, "fork-4096-and-use": 26, "munmap-4096": 10}
# Where the shadow is no TLB, the processor alone does this in 4-level mode.
TOGGLE = "toggle-pge"
OPERATION = re.compile(r"^bench: (\S+) (\S+), ops (\d+) exits (\d+) "
                       r"walks (\d+) ", re.M)


@scenario("bench-ladder")
def bench_ladder(s):
    run = s.start(*on_bochs(memory=LARGE), "--options", "guest=bench")
    run.finish(0, GUEST_SECONDS)
    costs = {(rung, name): (int(exits) / int(ops), int(walks) / int(ops))
             for rung, name, ops, exits, walks
             in OPERATION.findall(run.output)}
    for rung, expected in LADDER.items():
        for name, (off, on) in WALKS.items():
            want = on if rung in NOWALK else off
            got = costs.get((rung, name), (-1, -1))[1]
            if abs(got - want) > 0.01:
                raise Failure(f"{rung}: {got} walks for {name}, not {want}")
        for name, want in BURSTS.items() if rung in OPENS else ():
            got = costs.get((rung, name), (-1, -1))[0]
            if abs(got - want) > 2:
                raise Failure(f"{rung}: {got} exits for {name}, not {want}")
        got = costs.get((rung, TOGGLE), (-1, -1))[0]
        if (got > 0.01) != (rung == "vtlb") or got < 0:
            raise Failure(f"{rung}: {got} exits for a {TOGGLE}")
        for name, most in TURNS.items() if rung == "targets" else ():
            got = costs.get((rung, name), (9, 9))[0]
            if got > most:
                raise Failure(f"{rung}: {got} exits for {name}, not {most}")
        for name, want in zip(("demand-fault", "pte-change", "cr3-of-8"),
                              expected):
            got = costs.get((rung, name), (-1, -1))[0]
            if abs(got - want) > 0.01:
                raise Failure(f"{rung}: {got} exits for a {name}, not {want}")


# The checks hold on the bare machine, too, and the bench runs there.
def bare_flat(s, kernel, program):
    run = s.start(*on_bochs(), "--bare", "--kernel", kernel,
                  "--append", program)
    run.finish(0, GUEST_SECONDS)


for program, kernel in (("check", os.path.join(GUESTS, "check.bin")),
                        ("bench", BUILTIN)):
    scenario(f"{program}-bare", kernel, program)(bare_flat)

# SPDX-License-Identifier: MIT
"""The test guests (tests/guests): on the bare machine, and under Umbra.

A test guest that passes on the bare machine expects the right things; then it
must pass under Umbra, whatever the policy.
"""

import os

from harness import BUILD, scenario, soak
from scenarios import BOOT_SECONDS, CHECKED, STOPPED, on_bochs
from scenarios_bench import NOWALK

GUESTS = os.path.join(BUILD, "guests/tests")
BUILTIN = os.path.join(BUILD, "guest/builtin/guest.bin")
GUEST_SECONDS = 300
PASSED = r"^[1-9]\d* passed, 0 failed$"


def guest(name):
    return os.path.join(GUESTS, name + ".elf")


def bare(s, cpu, name, arguments):
    run = s.start(*on_bochs(cpu), "--bare", "--kernel", guest(name),
                  "--append", arguments)
    run.expect(PASSED, GUEST_SECONDS)
    run.finish(0, BOOT_SECONDS)


def under_umbra(s, cpu, options, name, arguments, seconds=GUEST_SECONDS):
    run = s.start(*on_bochs(cpu), "--options", options,
                  "--kernel", guest(name), "--append", arguments)
    run.expect(PASSED, seconds)
    run.finish(0, BOOT_SECONDS)


# One frame in CANARIES is not the guest's, and must not change.
CANARIES = 256
CANARIES_WELL = (r"^umbra: canaries: \d{3} frames kept from the guest, "
                 r"all untouched$")


def chaos(s, cpu, options, arguments, seconds=GUEST_SECONDS):
    """A mad kernel must not touch anything outside of it."""
    run = s.start(*on_bochs(cpu), "--options",
                  f"{options} canaries={CANARIES}",
                  "--kernel", guest("chaos"), "--append", arguments)
    run.expect(PASSED, seconds)
    run.expect(CANARIES_WELL, BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


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
    # The other rungs write to tables like one of these, or without an exit.
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
    run.expect(PASSED, GUEST_SECONDS)
    run.finish(0, BOOT_SECONDS)


# QEMU's APIC is nearer to the manual than Bochs's (see apic.c); and from so fast
# a timer Bochs gets spurious interrupts.
scenario("guest-apic-bare", "apic", "errors=0")(bare_qemu)
scenario("guest-timers-bare", "timers", "")(bare_qemu)
# No other processor here has protection keys for the supervisor (docs/mmu.md).
scenario("guest-keys-bare", "keys", "", "max,phys-bits=52")(bare_qemu)


@scenario("guest-flat")
def guest_flat(s):
    """A kernel whose multiboot header has its load address."""
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

# The checks hold on the bare machine, too, and the bench runs there: it must reach its
# last operation.
def bare_flat(s, kernel, program, done):
    run = s.start(*on_bochs(), "--bare", "--kernel", kernel,
                  "--append", program)
    run.expect(done, GUEST_SECONDS)
    run.finish(0, BOOT_SECONDS)


scenario("check-bare", os.path.join(GUESTS, "check.bin"), "check",
         CHECKED)(bare_flat)
scenario("bench-bare", BUILTIN, "bench", r"^bench: bare toggle-pge, ")(bare_flat)

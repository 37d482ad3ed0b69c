# SPDX-License-Identifier: MIT
"""The scenarios that take too long for make test: every guest on every rung; the
test guests in full, in each paging mode; chaos by the million; and Linux under
audit. Those that repeat another nearly stand beside it in the other modules."""

from harness import soak
from scenarios_audit import RUNGS, linux_under_audit
from scenarios_guests import chaos, under_umbra
from scenarios_i386 import WORKS, linux_i386
from scenarios_kernels import installer, linux_plain, linux_stress, xen
from scenarios_memtest import memtest
from scenarios_trace import trace_page

MODES = ("2level", "pse", "pae", "long")    # 1 ... of enum mode
HOURS = 3600
# These machines share 10 million operations, each with a seed of its own.
CHAOS_RUNS = len(MODES) * len(RUNGS)
CHAOS_OPS = -(-10_000_000 // CHAOS_RUNS)
FORKS, STRESS_SCALE = 1000, 4


for number, rung in enumerate(RUNGS):
    soak(f"audit-linux-{rung}", rung)(linux_under_audit)
    for mode, name in enumerate(MODES, 1):
        for cpu in ("haswell", "broadwell"):
            soak(f"access-{rung}-{name}-{cpu}", cpu, f"mmu={rung}", "access",
                 f"mode={mode} stride=1", HOURS)(under_umbra)
        soak(f"forms-{rung}-{name}", "penryn", f"mmu={rung}", "forms",
             f"mode={mode} mmio=0", HOURS)(under_umbra)
        soak(f"chaos-{rung}-{name}", "haswell", f"mmu={rung}",
             f"mode={mode} seed={number * len(MODES) + mode} ops={CHAOS_OPS}",
             6 * HOURS)(chaos)
    for name in ("apic", "insns", "tasks", "timers", "v86"):
        soak(f"{name}-{rung}", "haswell", f"mmu={rung}", name, "", HOURS)(
            under_umbra)
    for flavour in WORKS:
        soak(f"linux-{flavour}-{rung}", flavour, f"mmu={rung}", FORKS, HOURS)(
            linux_i386)
    for bits, image in ((64, ""), (32, "32")):
        soak(f"memtest-{bits}-{rung}", image, bits, f"mmu={rung}", HOURS)(
            memtest)
    soak(f"xen-{rung}", f"mmu={rung}", HOURS)(xen)
    soak(f"linux-plain-{rung}", f"mmu={rung}", HOURS)(linux_plain)
    soak(f"linux-stress-{rung}", f"mmu={rung}", STRESS_SCALE, 6 * HOURS)(
        linux_stress)
    soak(f"chaos-audit-{rung}", "haswell", f"mmu={rung} mmu.pages=64 audit=1",
         "seed=7 ops=4000", HOURS)(chaos)

soak("installer", HOURS)(installer)
soak("trace-page")(trace_page)

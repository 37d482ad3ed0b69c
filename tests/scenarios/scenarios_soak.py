# SPDX-License-Identifier: MIT
"""The scenarios that take too long for make test: every guest on every rung; the test
guests in full; chaos by the million; and Linux under audit. A scenario that nearly
repeats another one stands beside it in the other modules. The default rung is left
out where make test runs it."""

from harness import soak
from scenarios_audit import RUNGS, linux_under_audit
from scenarios_bench import NOWALK
from scenarios_gdb import gdb_linux
from scenarios_guests import chaos, under_umbra
from scenarios_i386 import FORKS, WORKS, linux_i386
from scenarios_kernels import (installer, linux_full, linux_plain,
                               linux_stress, xen)
from scenarios_memtest import memtest
from scenarios_trace import trace_page

MODES = ("2level", "pse", "pae", "long")    # 1 ... of enum mode
HOURS = 3600
# The 10 million operations are divided among these machines, each with its own seed.
CHAOS_RUNS = len(MODES) * len(RUNGS)
CHAOS_OPS = -(-10_000_000 // CHAOS_RUNS)
*OTHERS, DEFAULT = RUNGS


for number, rung in enumerate(RUNGS):
    options = f"mmu={rung}"
    soak(f"audit-linux-{rung}", rung)(linux_under_audit)
    # Broadwell has SMAP; its guests also run with SMAP off.
    soak(f"access-{rung}", "broadwell", options, "access", "stride=1", HOURS)(
        under_umbra)
    soak(f"forms-{rung}", "penryn", options, "forms",
         "" if rung in NOWALK else "mmio=0", HOURS)(under_umbra)
    soak(f"v86-{rung}", "haswell", options, "v86", "", HOURS)(under_umbra)
    for mode, name in enumerate(MODES, 1):
        soak(f"chaos-{rung}-{name}", "haswell", options,
             f"mode={mode} seed={number * len(MODES) + mode} ops={CHAOS_OPS}",
             6 * HOURS)(chaos)
    soak(f"chaos-audit-{rung}", "haswell", f"{options} mmu.pages=64 audit=1",
         "seed=7 ops=4000", HOURS)(chaos)

for rung in OTHERS:
    options = f"mmu={rung}"
    for name in ("apic", "insns", "tasks", "timers"):
        soak(f"{name}-{rung}", "haswell", options, name, "", HOURS)(
            under_umbra)
    for flavour in WORKS:
        soak(f"linux-{flavour}-{rung}", flavour, options, FORKS, HOURS)(
            linux_i386)
    for bits, image in ((64, ""), (32, "32")):
        soak(f"memtest-{bits}-{rung}", image, bits, options, HOURS)(memtest)
    soak(f"xen-{rung}", options, HOURS)(xen)
    soak(f"linux-plain-{rung}", options, HOURS)(linux_plain)
    soak(f"linux-stress-{rung}", options, 1, 6 * HOURS)(linux_stress)

# Ten times and four times the work of make test.
for flavour in WORKS:
    soak(f"linux-{flavour}-{DEFAULT}", flavour, "", 10 * FORKS, HOURS)(
        linux_i386)
soak(f"linux-stress-{DEFAULT}", "", 4, 6 * HOURS)(linux_stress)
soak("installer", HOURS)(installer)
for flavour in ("full", "rt"):
    soak(f"linux-{flavour}", flavour, 100, HOURS)(linux_full)
soak("trace-page")(trace_page)
soak("gdb-linux")(gdb_linux)

# SPDX-License-Identifier: MIT
"""The scenarios that take too long for make test: the test guests in full, chaos by the
million, Linux under audit and under load, the largest guests.

Rungs differ in what they do with the guest's page tables. So each rung runs what writes
all kinds of tables: chaos in each paging mode, access, the audits, Xen; and one of the
32-bit kernels and one of the two memtests, taken in turn, so that two rungs beside each
other have both. Load, which fills and empties the pool of shadow pages, is for the rungs
that treat a write to a table in different ways. A guest that is about instructions or
devices is in make test on the default rung, and here on the one that has least in common
with it. A scenario that nearly repeats another one stands beside it in the other
modules. The default rung is left out where make test runs it.

All of make soak is to fit into a night of eight hours on two processors."""

from harness import soak
from scenarios_audit import RUNGS, linux_under_audit
from scenarios_gdb import gdb_linux
from scenarios_guests import chaos, under_umbra
from scenarios_i386 import FORKS, WORKS, linux_i386
from scenarios_kernels import installer, linux_full, linux_stress, xen
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
    for mode, name in enumerate(MODES, 1):
        soak(f"chaos-{rung}-{name}", "haswell", options,
             f"mode={mode} seed={number * len(MODES) + mode} ops={CHAOS_OPS}",
             6 * HOURS)(chaos)
    soak(f"chaos-audit-{rung}", "haswell", f"{options} mmu.pages=64 audit=1",
         "seed=7 ops=4000", HOURS)(chaos)

for number, rung in enumerate(OTHERS):
    options = f"mmu={rung}"
    flavour = sorted(WORKS)[number % 2]
    bits, image = ((64, ""), (32, "32"))[number % 2]
    soak(f"linux-{flavour}-{rung}", flavour, options, FORKS, HOURS)(linux_i386)
    soak(f"memtest-{bits}-{rung}", image, bits, options, HOURS)(memtest)
    soak(f"xen-{rung}", options, HOURS)(xen)

# A write to a table: is followed at the next load of CR3, gives up the shadow page, is
# followed at once, needs no exit in a burst.
for rung in ("vtlb", "cached", "update", "open"):
    soak(f"linux-stress-{rung}", f"mmu={rung}", 1, 6 * HOURS)(linux_stress)

for name in ("apic", "insns", "tasks", "timers"):
    soak(f"{name}-vtlb", "haswell", "mmu=vtlb", name, "", HOURS)(under_umbra)
# The only rung that has forms in no other place.
soak("forms-cheap", "penryn", "mmu=cheap", "forms", "", HOURS)(under_umbra)
soak("v86-targets", "haswell", "", "v86", "", HOURS)(under_umbra)

# Ten times and four times the work of make test.
for flavour in WORKS:
    soak(f"linux-{flavour}-{DEFAULT}", flavour, "", 10 * FORKS, HOURS)(
        linux_i386)
soak(f"linux-stress-{DEFAULT}", "", 4, 6 * HOURS)(linux_stress)
soak("installer", HOURS)(installer)
for flavour in ("full", "rt"):
    soak(f"linux-{flavour}", flavour, 2 * HOURS)(linux_full)
soak("trace-page")(trace_page)
soak("gdb-linux")(gdb_linux)

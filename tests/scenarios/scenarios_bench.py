# SPDX-License-Identifier: MIT
"""The benchmark's operations cost the exits and the walks that they should."""

import re

from harness import Failure, scenario
from scenarios import LARGE, on_bochs

BENCH_SECONDS = 300
# The rungs that remember the frames of devices.
NOWALK = ("nowalk", "cheap", "open", "targets")
OPENS = ("open", "targets")

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
# Walks per operation, with "nowalk" off and on: with it at most one for each page of
# an exit's operands, and none for a device that was met before.
WALKS = {"mmio-read": (2, 0), "mmio-write": (2, 0), "outs-64": (64, 1)}
# At most this number of exits a load, on the rung "targets", by the number of
# spaces that take turns: four are placed, and eight share their slots.
TURNS = {"cr3-of-2": 0.05, "cr3-of-4": 0.2, "cr3-of-8": 0.75, "cr3-of-64": 1,
         "mov-to-cr3": 0, "mov-from-cr3": 0}
# The sum over these, on each rung that opens tables: 4,096 writes of PTEs in eight
# tables; the second write of the first one opens it, and the first write of each of
# the others; the use of its pages closes it.
BURSTS = {"fork-4096": 12, "fork-4096-and-use": 19, "munmap-4096": 10}
# Only the processor does this in 4-level mode, if the shadow is no TLB.
TOGGLE = "toggle-pge"
OPERATION = re.compile(r"^bench: (\S+) (\S+), ops (\d+) exits (\d+) "
                       r"walks (\d+) ", re.M)


@scenario("bench-ladder")
def bench_ladder(s):
    run = s.start(*on_bochs(memory=LARGE), "--options", "guest=bench")
    run.finish(0, BENCH_SECONDS)
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

# SPDX-License-Identifier: MIT
"""The test guests (tests/guests): on the bare machine, and under Umbra.

A test guest that passes on the bare machine expects the right things; then it
must pass under Umbra, whatever the policy.
"""

import os
import re

from harness import BUILD, Failure, scenario
from scenarios import on_bochs

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


scenario("guest-access-bare-haswell", "haswell", "access", "stride=7")(bare)
scenario("guest-access-bare-broadwell", "broadwell", "access",
         "stride=41")(bare)    # it has SMAP
scenario("guest-forms-bare", "haswell", "forms", "")(bare)

# --- The benchmark ----------------------------------------------------------

# Exits per operation, on each rung: (demand-fault, pte-change, cr3-of-8).
LADDER = {
    "cached": (3, 2, 1),
    "update": (2, 1, 1),
    "bypass": (1, 1, 1),
}
OPERATION = re.compile(r"^bench: (\S+) (\S+), ops (\d+) exits (\d+) ", re.M)


@scenario("bench-ladder")
def bench_ladder(s):
    run = s.start(*on_bochs(), "--options", "guest=bench")
    run.finish(0, GUEST_SECONDS)
    exits = {(rung, name): int(count) / int(ops)
             for rung, name, ops, count in OPERATION.findall(run.output)}
    for rung, expected in LADDER.items():
        for name, want in zip(("demand-fault", "pte-change", "cr3-of-8"),
                              expected):
            got = exits.get((rung, name), -1)
            if abs(got - want) > 0.01:
                raise Failure(f"{rung}: {got} exits for a {name}, not {want}")


# The built-in guest's checks hold on the bare machine, too.
def bare_builtin(s, program):
    run = s.start(*on_bochs(), "--bare", "--kernel", BUILTIN,
                  "--append", program)
    run.finish(0, GUEST_SECONDS)


for program in ("check", "bench"):
    scenario(f"{program}-bare", program)(bare_builtin)

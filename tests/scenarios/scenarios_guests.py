# SPDX-License-Identifier: MIT
"""The test guests (tests/guests): on the bare machine, and under Umbra.

A test guest that passes on the bare machine expects the right things; then it
must pass under Umbra, whatever the policy.
"""

import os

from harness import BUILD, scenario
from scenarios import on_bochs

GUESTS = os.path.join(BUILD, "guests/tests")
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

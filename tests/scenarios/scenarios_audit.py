# SPDX-License-Identifier: MIT
"""Guests with the shadow MMU under audit: a broken invariant is a panic."""

import time

from harness import scenario
from scenarios import BOOT_SECONDS, LINUX_SECONDS, linux, on_bochs, power_off
from scenarios import PROMPT, type_command

RUNGS = ("vtlb", "cached", "update", "bypass", "prefetch", "nowalk")
# Between two audits, so many exits of a Linux boot.
THINNED = 5000


@scenario("audit")
def checks_under_audit(s):
    """The built-in guest's own checks, on each rung, after every exit."""
    run = s.start(*on_bochs(), "--options", "guest=check audit=1")
    run.finish(0, 10 * BOOT_SECONDS)


@scenario("audit-linux")
def linux_under_audit(s):
    """Linux to its shell and back, on another rung each day."""
    rung = RUNGS[time.localtime().tm_yday % len(RUNGS)]
    run = s.start(*on_bochs(), *linux(f"mmu={rung} audit={THINNED}"))
    run.expect(PROMPT, LINUX_SECONDS)
    type_command(run, "echo $((6 * 7))", r"^42$")
    power_off(run)

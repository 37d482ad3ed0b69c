# SPDX-License-Identifier: MIT
"""Guests with the shadow MMU under audit: a broken invariant is a panic."""

import time

from harness import scenario
from scenarios import BOOT_SECONDS, LINUX_SECONDS, linux, on_bochs, power_off
from scenarios import PROMPT, type_command

RUNGS = ("vtlb", "cached", "update", "bypass", "prefetch", "nowalk")
# Between two audits, so many exits.
THINNED_CHECK, THINNED_LINUX = 199, 4999


def checks_under_audit(s, rung):
    """The built-in guest's own checks."""
    run = s.start(*on_bochs(), "--options",
                  f"guest=check mmu={rung} audit={THINNED_CHECK}")
    run.expect(r"^check: 0 of \d+ failed$", 5 * BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


for name in RUNGS:
    scenario(f"audit-check-{name}", name)(checks_under_audit)


@scenario("audit-linux")
def linux_under_audit(s):
    """Linux to its shell and back, on another rung each day."""
    rung = RUNGS[time.localtime().tm_yday % len(RUNGS)]
    run = s.start(*on_bochs(), *linux(f"mmu={rung} audit={THINNED_LINUX}"))
    run.expect(PROMPT, LINUX_SECONDS)
    type_command(run, "echo $((6 * 7))", r"^42$")
    power_off(run)

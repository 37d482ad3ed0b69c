# SPDX-License-Identifier: MIT
"""Guests with the shadow MMU under audit: a broken invariant is a panic."""

import time

from harness import scenario, soak
from scenarios import (BOOT_SECONDS, CHECKED, LARGE, LINUX_SECONDS, PROMPT, linux,
                       on_bochs, power_off, type_command)

RUNGS = ("vtlb", "cached", "update", "bypass", "prefetch", "nowalk", "cheap",
         "open", "targets")
# Number of exits between two audits of Linux.
THINNED_LINUX = 3001
# An audit looks at every shadow page, so there are few of them; and the guest
# tries one of CHECK_STRIDE combinations.
CHECK_PAGES, CHECK_STRIDE = 16, 29
# Exits between two audits. A table that is prefilled has more entries to look at.
CHECK_AUDIT = {"open": 5, "targets": 5}


def checks_under_audit(s, rung):
    """The check guest's checks, with an audit after every exit or some."""
    run = s.start(*on_bochs(), "--options",
                  f"guest=check:{CHECK_STRIDE} mmu={rung} "
                  f"audit={CHECK_AUDIT.get(rung, 1)} mmu.pages={CHECK_PAGES}")
    run.expect(CHECKED, 5 * BOOT_SECONDS)
    run.finish(0, BOOT_SECONDS)


# Each rung has all of the one before it: those left out are for soak.
for name in RUNGS:
    register = scenario if name in ("vtlb", "update", "nowalk", "targets"
                                    ) else soak
    register(f"audit-check-{name}", name)(checks_under_audit)


def linux_under_audit(s, rung):
    """Linux to its shell and back."""
    run = s.start(*on_bochs(memory=LARGE), *linux(f"mmu={rung} audit={THINNED_LINUX}"))
    run.expect(PROMPT, LINUX_SECONDS)
    type_command(run, "echo $((6 * 7))", r"^42$")
    power_off(run)


# Another rung each day.
scenario("audit-linux", RUNGS[time.localtime().tm_yday % len(RUNGS)]
         )(linux_under_audit)

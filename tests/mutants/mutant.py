# SPDX-License-Identifier: MIT
"""A mutant: a single fault in the sources, which the tests must notice.

`old` is a text that is in `file` once, and `new` stands in its place. `rule` is what
the fault breaks: an invariant of docs/mmu.md ("I1" ... "I9"), "log" for the dirty log,
"emul" for emulation, "progress" for a loop without end, "exits" for their number,
"frames" for the places of RAM; outside of mmu/ it is the subject of the fault.
`tests` names the unit tests that must catch it, or one boot scenario, where only a
machine shows it. Without names they are the shadow MMU's tests and the model.
"""

from collections import namedtuple

SCENARIO = "scenario:"

Mutant = namedtuple("Mutant", "name rule file what old new tests",
                    defaults=[()])

# SPDX-License-Identifier: MIT
"""Hidden tests: whole unit tests that judge a lab once more (lab grade N --hidden).
Neither this list nor these tests are in the students' pack.

Labs 1 to 3 have none: all that a test of the host sees of them is public.
"""

from collections import namedtuple

Hidden = namedtuple("Hidden", "unit environment", defaults=[{}])

# Random guests on a processor with a hostile TLB, in every paging mode.
MODEL = Hidden("model", {"MODEL_SEED": "20170321", "MODEL_STEPS": "300000"})

HIDDEN = {
    4: [Hidden("mmu"), MODEL],
    5: [Hidden("mmu_random"), MODEL],
    6: [Hidden("frame_writes"), Hidden("mmu"), MODEL],
    7: [Hidden("mmu"), Hidden("open"), MODEL],
    8: [Hidden("mmu"), MODEL],
    9: [Hidden("mmu_random"), MODEL],
    10: [Hidden("event_exits")],
}

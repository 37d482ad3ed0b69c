# SPDX-License-Identifier: MIT
"""Hidden tests: whole unit tests that judge a lab once more (lab grade N --hidden).
Neither this list nor these tests are in the students' pack.
"""

from collections import namedtuple

Hidden = namedtuple("Hidden", "unit environment", defaults=[{}])

# Random guests on a processor with a hostile TLB, in every paging mode.
MODEL = Hidden("model", {"MODEL_SEED": "20170321", "MODEL_STEPS": "300000"})

HIDDEN = {
    1: [Hidden("controls_random")],
    2: [Hidden("mends")],
    3: [Hidden("cpuid_random")],
    4: [Hidden("mmu"), MODEL],
    5: [Hidden("mmu_random"), MODEL],
    6: [Hidden("frame_writes"), Hidden("mmu"), MODEL],
    7: [Hidden("mmu"), Hidden("open"), MODEL],
    8: [Hidden("mmu"), MODEL],
    9: [Hidden("mmu_random"), MODEL],
    10: [Hidden("event_exits")],
}

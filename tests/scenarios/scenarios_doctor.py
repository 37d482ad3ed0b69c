# SPDX-License-Identifier: MIT
"""The entry doctor against the processor: each of its rules is broken in the
self-test's VMCS, and what VMLAUNCH says is compared with the doctor's verdict.
"""

import re

from harness import Failure, scenario
from scenarios import BOOT_SECONDS, CPUS, on_bochs

# Where Bochs 2.7 is not as the SDM has it: (field, the start of what the rule
# expects), and how Bochs differs.
NULL_SS = "a null SS selector in 64-bit mode is taken as an unusable SS"
BOCHS = {
    ("VM_ENTRY_CONTROLS", "outside SMM"):
        "entry to SMM is refused as guest state (SMIs not blocked)",
    ("GUEST_IA32_DEBUGCTL", "reserved bits"): "not checked",
    ("GUEST_CR0", "in IA-32e mode, PG"): "not checked",
    ("GUEST_RIP", "in 64-bit mode"): "not checked: the first fetch faults",
    ("GUEST_SS_BASE", "bits 63:32"): NULL_SS,
    ("GUEST_SS_ACCESS_RIGHTS", "type 3 or 7"): NULL_SS,
    ("GUEST_SS_ACCESS_RIGHTS", "S (bit 4)"): NULL_SS,
    ("GUEST_SS_ACCESS_RIGHTS", "P (bit 7)"): NULL_SS,
    ("GUEST_SS_ACCESS_RIGHTS", "bits 11:8"): NULL_SS,
    ("GUEST_SS_ACCESS_RIGHTS", "bits 31:17"): NULL_SS,
    ("GUEST_SS_LIMIT", "bits 11:0"): NULL_SS,
    ("GUEST_ACTIVITY_STATE", "one that lets"): "checked but for HLT",
    ("GUEST_INTERRUPTIBILITY_STATE", 'with "virtual NMIs"'): "not checked",
    ("GUEST_PENDING_DEBUG_EXCEPTIONS", "in HLT"): "not checked",
}
# That rule is broken with EPT, which Penryn does not have.
NEED_EPT = {("GUEST_CR0", "in IA-32e mode, PG")}

DIFFERS = re.compile(r"(?m)^umbra: doctor-test: differs: \S+ (\w+) \((.*)\); "
                     r"doctor: ")
SUMS = re.compile(r"(?m)^umbra: doctor-test: (\d+) entries tried, (\d+) ")


def doctor(s, cpu, least):
    run = s.start(*on_bochs(cpu), "--options", "doctor-test=1")
    known = set(BOCHS) - (NEED_EPT if cpu == "penryn" else set())
    run.finish(len(known), 2 * BOOT_SECONDS)
    for field, expected in DIFFERS.findall(run.output):
        rule = [k for k in known
                if k[0] == field and expected.startswith(k[1])]
        if not rule:
            raise Failure(f"doctor and processor differ on {field}: {expected}")
        known.remove(rule[0])
    if known:
        raise Failure(f"doctor and processor agree on {known}: now known to "
                      "differ")
    tried = int(SUMS.search(run.output)[1])
    if tried < least:
        raise Failure(f"only {tried} entries were tried")


for model, count in zip(CPUS, (200, 180)):
    scenario(f"doctor-{model}", model, count)(doctor)

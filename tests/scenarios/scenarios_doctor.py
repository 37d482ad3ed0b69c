# SPDX-License-Identifier: MIT
"""Umbra's reports on the machine and its VMCS: the entry doctor, the dump
and the probe report.
"""

import os
import re

from harness import BUILD, LEFT_ON, ROOT, Failure, scenario
from scenarios import BOOT_SECONDS, CPUS, REFUSED, on_bochs

# --- The entry doctor -------------------------------------------------------
#
# Each of its rules is broken in the self-test's VMCS, and the result of VMLAUNCH is
# compared with the doctor's verdict.

# Rules that Bochs 2.7 does not keep: (field, the begin of the rule's expectation),
# and how Bochs differs.
NULL_SS = "a null SS selector in 64-bit mode is taken as an unusable SS"
BOCHS = {
    ("GUEST_IA32_DEBUGCTL", "bits 63:16"): "not checked",
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

DIFFERS = re.compile(r"(?m)^umbra: doctor-test: differs: \S+ (\w+) \((.*)\); "
                     r"doctor: ")
SUMS = re.compile(r"(?m)^umbra: doctor-test: (\d+) entries tried, (\d+) ")
REPORT = (r"^umbra: VM-entry failure: invalid guest state\n"
          r"umbra: entry doctor: invalid guest state, SDM vol\. 3C, 26\.3\.1\.4: "
          r"GUEST_RFLAGS is 0x0; expected: bit 1 is 1\n(?!umbra: entry doctor)")


def doctor(s, cpu, least):
    run = s.start(*on_bochs(cpu), "--elf",
                  os.path.join(BUILD, "umbra-doctor.elf"))
    known = set(BOCHS)
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
    if not re.search(REPORT, run.output, re.M):
        raise Failure("a failed entry isn't reported as it should be")
    tried = int(SUMS.search(run.output)[1])
    if tried < least:
        raise Failure(f"only {tried} entries were tried")


for model, count in zip(CPUS, (179, 171)):
    scenario(f"doctor-{model}", model, count)(doctor)


# --- The dump ---------------------------------------------------------------

@scenario("dump-first-entry")
def dump_first_entry(s):
    """dump=1 shows every host field and every control that is set, by name."""
    run = s.start(*on_bochs(), "--options", "guest=exit-status:0 dump=1")
    run.finish(0, 2 * BOOT_SECONDS)
    with open(os.path.join(ROOT, "vmx/vmcs_fields.h")) as header:
        host = [name for name, encoding in
                re.findall(r"F\((\w+), 0x(\w+)\)", header.read())
                if 0x0c00 <= int(encoding, 16) < 0x1000
                or 0x6c00 <= int(encoding, 16) <= 0x6c16]
    for word in host + [
            "external-interrupt exiting", "HLT exiting", "enable RDTSCP",
            "host address-space size", "load IA32_EFER", "GUEST_RIP",
            "busy TSS", "PE ET NE", "code at rip"]:
        if not re.search(rf"^umbra: .*\b{word}\b", run.output, re.M):
            raise Failure(f"the dump doesn't have {word!r}")
    if not run.output.index("code at rip") < run.output.index("guest exit"):
        raise Failure("the dump isn't before the guest's run")


# --- The probe --------------------------------------------------------------

def probe(s, options, status, *patterns):
    """The report has all that it must have, and fits on a screen of 80 by 25.

    The last row of the screen is the status.
    """
    run = s.start(*options, "--options", "probe")
    run.finish(status, 2 * BOOT_SECONDS)
    for pattern in patterns:
        if not re.search(pattern, run.output, re.M):
            raise Failure(f"the report has nothing that matches {pattern!r}")
    lines = re.findall(r"^umbra: .*", run.output, re.M)
    rows = sum((len(line) + 79) // 80 for line in lines)
    # On a PC one more row says how to reset it.
    if rows > 23:
        raise Failure(f"the report takes {rows} rows")


MACHINE = (r"family \d+, model \d+, stepping \d+, microcode 0x\w+; MAXPHYADDR",
           r"memory: \d+ MiB in \d+ pieces, largest \d+; \d+ MiB free$",
           r"machine: \S", r"firmware: .*\d$",
           r"boot: GRUB .* on BIOS; image at 0x\w+; processors: \d$",
           r"screen: text of 80 x 25; PS/2 controller: found; ")
VMX = MACHINE + (
    r"no hypervisor below$", r"CPUID has VMX", "processors: 1$",
    r"IA32_FEATURE_CONTROL \(3Ah\) 0x5: locked, with VMX outside SMX",
    r"VMCS of \d+ bytes, .* 4 CR3 targets; lacks ",
    r"firmware: The Bochs Project Bochs ",
    r"self-test: .* reach the guest; TRAP in a PTE is reserved$",
    r"Umbra can run here, with the bypass")
scenario("probe-haswell", on_bochs(), 0, *VMX, "EFER by controls; VPID$",
         "lacks nothing$", "not used: EPT, unrestricted guest")(probe)
scenario("probe-penryn", on_bochs("penryn"), 0, *VMX,
         r"lacks enable RDTSCP, enable VPID, load IA32_EFER$",
         "EFER by the MSR areas$")(probe)
# This processor has LA57, which its firmware has left on; and memory above 4 GiB,
# with the ACPI tables that tell of the processors.
scenario("probe-no-vmx", ["--machine", "qemu", "--cpu", "max",
                          "--memory", "3072", "--processors", "3",
                          "--elf", LEFT_ON], REFUSED, "processors: 3$",
         r"the firmware left the MTRRs off \(IA32_MTRR_DEF_TYPE 0x0\)",
         r"PCI functions without a driver.*: 1 \(busmaster=keep",
         r"found; under QEMU's own emulation \(TCG\)",
         *MACHINE, r"CPUID has.*; lacks VMX",
         r"machine: QEMU Standard PC", r"CPUID\.1:ECX\.VMX \(bit 5\) is 0",
         r"remedy: this machine runs under QEMU's own emulation \(TCG\)")(probe)
scenario("probe-no-hypervisor", ["--machine", "qemu", "--cpu",
                                 "max,-hypervisor"], REFUSED,
         *MACHINE, r"remedy: Umbra needs an Intel processor with VT-x")(probe)

# SPDX-License-Identifier: MIT
"""The labs: their parts with points, and the hints.

A part is one test function of a unit test: with the skeleton it fails, and with
the tree's own code it passes. A hint is given if all of `fails` fail, none of
`passes` does, and `says` (a regular expression) is in the reasons; the first that
fits is the one.
"""

from collections import namedtuple

Part = namedtuple("Part", "unit test points what")
Hint = namedtuple("Hint", "name text fails passes says", defaults=[(), (), ""])

# `spares`: unit tests that use a file of the skeleton, and pass with it.
Lab = namedtuple("Lab", "number name title parts hints spares")
Lab.file = property(lambda lab: f"{lab.number:02}-{lab.name}")
Lab.units = property(lambda lab: sorted({part.unit for part in lab.parts}))
Lab.points = property(lambda lab: sum(part.points for part in lab.parts))

LABS = [
    Lab(1, "root", "into VMX root operation", [
        Part("vmx", "feature_control", 4, "the firmware's switch is judged"),
        Part("vmx_root", "locked_on", 5, "fixed bits, the region, VMXON"),
        Part("vmx_root", "left_open", 3, "a switch that was left open"),
        Part("vmx", "controls_of_everything", 3, "controls: all is allowed"),
        Part("vmx", "controls_of_penryn", 2, "controls of a first processor"),
        Part("vmx", "controls_refused", 3, "controls that can't be as wanted"),
    ], [
        Hint("no-revision", "The VMXON region begins with the revision that "
             "IA32_VMX_BASIC tells (SDM vol. 3C, 24.11.5).",
             says="the region begins"),
        Hint("fixed-bits-of-cr0", "Bits of IA32_VMX_CR0_FIXED0 must be 1 in CR0 "
             "before VMXON (SDM vol. 3D, A.7).", says="IA32_VMX_CR0_FIXED0"),
        Hint("fixed-bits-of-cr4", "Bits that are 0 in IA32_VMX_CR4_FIXED1 must be "
             "0 in CR4 (SDM vol. 3D, A.8).", says="IA32_VMX_CR4_FIXED1"),
        Hint("lock-first", "Without the lock bit the other bits of "
             "IA32_FEATURE_CONTROL say nothing yet: Umbra sets them itself.",
             fails=["feature_control"], passes=["locked_on"]),
        Hint("default-1", "A control that no table knows stays as the processor "
             "wants it: begin with the bits that must be 1, the lower half of "
             "the MSR.", fails=["controls_of_everything"],
             passes=["controls_refused"]),
        Hint("not-refused", "A control that is required and can't be 1, or that "
             "must be off and can't be 0, is a refusal.",
             fails=["controls_refused"], passes=["controls_of_everything"]),
    ], []),
    Lab(2, "clinic", "five broken VMCSs", [
        *[Part("clinic", f"patient_{n}", points, f"patient {n}{how}")
          for n, points, how in ((1, 2, ", with the doctor"),
                                 (2, 2, ", with the doctor"),
                                 (3, 5, ""), (4, 5, ""), (5, 6, ""))],
    ], [
        Hint("another-field", "Two fields do not fit each other. You have changed "
             "the one that fits all others: change the other one.",
             says="was right as it was"),
        Hint("no-event", "Without the valid bit the entry injects nothing, and "
             "succeeds. Keep the event, and mend its description (SDM vol. 3C, "
             "26.2.1.3).", says="gets no event"),
        Hint("no-64-bit-code", "In CS L and D exclude each other in IA-32e mode. "
             "Both ways out pass the checks; RIP and the host's intent tell "
             "which one was meant.", says="compatibility mode"),
        Hint("not-that-value", "It is that field of the guest's state, and the "
             "value does not satisfy the rule yet (SDM vol. 3C, 26.3.1).",
             fails=["patient_1"], passes=["patient_2", "patient_3",
                                          "patient_4", "patient_5"]),
    ], []),
    Lab(3, "cpuid", "a CPUID leaf and exit counters", [
        Part("cpuid_policy", "tsc_rate", 5, "leaf 15h tells the TSC's rate"),
        Part("cpuid_policy", "beyond_the_last", 5, "leaves beyond the last"),
        Part("exits", "cpuid_answers", 4, "the number of exits"),
        Part("exits", "cpuid_counters", 6, "all counters, and no more"),
    ], [
        Hint("beyond-the-last-counter", "The guest chooses ECX: a number that is "
             "too large must read as 0, not as the bytes after the array.",
             says="cpuid_counters: .*(there are|runtime error|broke off)"),
        Hint("own-exit", "The CPUID that asks is an exit itself, and is counted "
             "before its handler runs: leave it out.", fails=["cpuid_answers"],
             passes=["cpuid_counters"]),
        Hint("half-a-counter", "A counter has 64 bits, CPUID's registers have 32: "
             "EDX is the upper half.", says="EDX is the upper half"),
        Hint("last-leaf", "A guest looks for leaf 40000001h only if EAX of leaf "
             "40000000h says that it is there.", says="leaf 40000000h"),
        Hint("one-range", "There are three ranges of leaves, each with a last one: "
             "basic, 40000000h and 80000000h. The hypervisor's has no end here.",
             fails=["beyond_the_last"], passes=["tsc_rate"]),
    ], []),
    Lab(4, "walk", "the guest walker", [
        Part("walk", "translates", 3, "translates, and sets A and D"),
        Part("walk", "not_present", 3, "P=0 at each level"),
        Part("walk", "reserved_bits", 3, "reserved bits, from the top down"),
        Part("walk", "large_pages", 2, "pages of 2 MiB and of 1 GiB"),
        Part("walk", "rights", 3, "a right must hold at each level"),
        Part("walk", "tables_outside_ram", 2, "tables where no RAM is"),
        Part("walk", "random_tables", 4, "300,000 random walks"),
    ], [
        Hint("p-first", "With P=0 all other bits of the entry are the guest's "
             "own: look at P before you look at reserved bits (SDM vol. 3A, "
             "4.7).", says=r"not_present: .*reserved bit"),
        Hint("rights-of-the-last", "Each entry on the way takes rights away: a "
             "page is writable only if all of them have W. Combine the rights "
             "of all levels (SDM vol. 3A, 4.6).",
             fails=["rights"], passes=["reserved_bits", "not_present",
                                       "large_pages"]),
        Hint("d-at-each-level", "D is set in the entry that maps the page, and "
             "in no other; A is set in each (SDM vol. 3A, 4.8).",
             fails=["translates"], says=r"translates: .*PTE_D must be false"),
        Hint("d-for-reads", "D is for writes alone: a read sets A and no D (SDM "
             "vol. 3A, 4.8).", fails=["translates"], says="and no D"),
        Hint("large-as-table", "An entry of level 2 or 3 with PS=1 maps a page: "
             "the walk ends there (SDM vol. 3A, 4.5).",
             fails=["large_pages"]),
    ], []),
    Lab(5, "vtlb", "a TLB in software", [
        Part("vtlb", "addresses_are_apart", 5,
             "a page of the shadow for each range of addresses"),
        Part("vtlb", "invlpg_drops_the_page", 5, "INVLPG drops the page"),
        Part("vtlb", "neighbours_stay", 3, "and leaves its neighbours"),
        Part("vtlb", "processor_is_flushed", 3, "the processor's TLB, too"),
        Part("vtlb", "large_page_is_one", 4, "a large page is one page"),
    ], [
        Hint("no-flush", "INVLPG has exited, so the processor has not executed "
             "it, and may still hold the translation: flush the address.",
             fails=["processor_is_flushed"],
             passes=["invlpg_drops_the_page"]),
        Hint("pieces", "The guest's large page is in pieces here. INVLPG of one "
             "address must end them all: see sp->splintered.",
             fails=["large_page_is_one"], passes=["invlpg_drops_the_page"]),
        Hint("all-dropped", "INVLPG ends one page. Zapping all pages is correct but slow: "
             "the neighbours' faults are exits.", fails=["neighbours_stay"],
             passes=["invlpg_drops_the_page"]),
        Hint("one-page-for-all", "Two addresses with the same index in their "
             "tables share a page of your shadow: its number must follow from "
             "the address bits above it.", fails=["addresses_are_apart"],
             passes=["invlpg_drops_the_page"]),
    ], ["walk", "protect"]),
    Lab(6, "protect", "write protection, a table write, zap", [
        Part("protect", "writable_entries_lose_w", 4,
             "a frame that becomes a table is not writable by any entry"),
        Part("protect", "new_table_flushes", 3, "and the TLB forgets it"),
        Part("protect", "write_is_followed", 4, "a write is followed"),
        Part("protect", "straddling_write", 3, "one that hits two entries, too"),
        Part("protect", "all_shadows_follow", 3, "by each shadow of the table"),
        Part("protect", "unshadow", 3, "all shadows of a frame are zapped"),
    ], [
        Hint("no-flush", "An entry that has lost W may still be in the TLB with "
             "it. Flush, even where no entry had W (invariants 1 and 6).",
             fails=["new_table_flushes"], passes=["writable_entries_lose_w"]),
        Hint("first-entry-only", "A write of 8 bytes that is not aligned changes "
             "two entries: go from the entry of the first byte to that of the "
             "last one.", fails=["straddling_write"],
             passes=["write_is_followed"]),
        Hint("one-shadow", "A frame may have several shadows, one for each role: "
             "zap until shadow_page_next() finds none.", fails=["unshadow"],
             passes=["write_is_followed"]),
        Hint("still-writable", "Take W from each entry that maps the frame "
             "already: the reverse map has them (frames[gfn].rmap).",
             fails=["writable_entries_lose_w"], passes=["write_is_followed"]),
    ], ["walk"]),
    Lab(7, "update", "update in place", [
        Part("update", "maps_at_once", 4, "a page that is mapped is filled"),
        Part("update", "accessed", 3, "if A is set"),
        Part("update", "dirty", 3, "writable only if D is set"),
        Part("update", "reserved", 2, "if no reserved bit is set"),
        Part("update", "no_ram", 2, "if it leads to RAM"),
        Part("update", "tables_stay_linked", 3, "a table that is still linked"),
        Part("update", "table_stays", 3, "a table in use keeps its shadow"),
    ], [
        Hint("a-ignored", "To fill an entry whose A is clear would hide the first "
             "access from the guest: A would stay clear (invariant 3).",
             says="A is clear"),
        Hint("d-ignored", "An entry is writable in the shadow only if the guest's "
             "has D: else no fault sets it (invariant 3).", says="D is clear"),
        Hint("reserved-ignored", "An entry with a reserved bit maps nothing: leave "
             "its fault to the walk (invariant 4).",
             says="has a reserved bit"),
        Hint("unlinked", "An upper entry that still says the same keeps its "
             "TABLE: to unlink it costs an exit and a flush.",
             fails=["tables_stay_linked"], passes=["maps_at_once"]),
        Hint("not-told", "Return true if a page is mapped that was not before: "
             "else a table in use is given up after four writes.",
             fails=["table_stays"], passes=["maps_at_once"]),
    ], ["walk", "protect", "vtlb"]),
    Lab(8, "bypass", "the trick: the filter and the classification", [
        Part("bypass", "filter", 4, "the filter's truth table"),
        Part("bypass", "classified", 4, "the guest's absence and Umbra's"),
        Part("bypass", "demand_fault", 4, "a demand fault without an exit"),
        Part("bypass", "absence_ends", 2, "absence ends with the guest's write"),
        Part("bypass", "only_where_it_is_sound", 3, "only where it is sound"),
        Part("bypass", "tables_must_be_cached", 3, "only with cached tables"),
    ], [
        Hint("inverted-filter", "A fault exits if (error code & mask) == match "
             "(bit 14 of the exception bitmap is 1). Faults with P=1 must exit, "
             "so the match is P, too.", says=r"P=0 and error code 0 does not exit; with"),
        Hint("all-absent", "ABSENT says that the guest has mapped nothing. An "
             "entry that the guest has mapped, and that is not filled yet, is "
             "TRAP (invariant 1).", says="ABSENT lies"),
        Hint("not-cached", "Without cached tables nothing tells Umbra that the "
             "guest has mapped a page: no ABSENT, no filter there.",
             says="tables are not cached"),
        Hint("unpaged", "An unpaged guest has no page faults, so all of them are "
             "Umbra's.", says="unpaged guest"),
        Hint("never-absent", "The filter lets not-present faults by, but your "
             "shadow has none: an entry is ABSENT if the guest's has P=0.",
             fails=["classified"], passes=["filter"]),
    ], ["walk", "protect"]),
    Lab(9, "prefetch", "prefetch, and a policy of one's own", [
        Part("prefetch", "window_is_filled", 4, "the neighbours are filled"),
        Part("prefetch", "window_is_aligned", 3, "those of an aligned window"),
        Part("prefetch", "flags_are_the_guests", 4, "A and D stay the guest's"),
        Part("prefetch", "rights_are_the_guests", 3, "and so do its rights"),
        Part("prefetch", "what_is_no_page", 3, "nothing but pages of RAM"),
        Part("prefetch", "large_page", 3, "the pieces of a large page"),
    ], [
        Hint("a-ignored", "Nobody has used a neighbour whose A is clear: to fill "
             "it would hide the first access (invariant 3).",
             says="A is clear"),
        Hint("d-ignored", "D of the entry that faulted says nothing about its "
             "neighbour: writable only if the neighbour has D (invariant 3).",
             says="D is clear"),
        Hint("rights-of-the-first", "Each neighbour has rights of its own; those "
             "of the entry that faulted are not its (invariant 2).",
             fails=["rights_are_the_guests"], passes=["window_is_filled"]),
        Hint("not-aligned", "The window is aligned, else it would reach into the "
             "next table, and faults in a row would fill entries twice.",
             fails=["window_is_aligned"], passes=["flags_are_the_guests"]),
    ], ["walk", "protect", "update"]),
    Lab(10, "interrupt", "an interrupt at the right moment", [
        Part("events", "next", 6, "which event comes next, if any"),
        Part("events", "next_without_virtual_nmis", 3,
             "where the processor does not track NMIs"),
        Part("events", "windows", 4, "the window that is asked for"),
        Part("events", "again", 4, "an event that was broken off comes again"),
        Part("events", "halts", 3, "HLT ends if an event is there"),
    ], [
        Hint("after-sti", "In the instruction after STI or MOV SS no interrupt is "
             "taken, though IF is 1 (SDM vol. 3A, 6.8.3): see the "
             "interruptibility state.", says=r"&(sti|mov_ss)\b",
             passes=["windows"]),
        Hint("one-entry-one-event", "One VM entry injects one event: if one is due "
             "already, nothing else comes.", says="&due"),
        Hint("nmi-first", "An NMI comes before an interrupt (SDM vol. 3A, "
             "table 6-2).", says=r"next_event\(&open, true, true\)"),
        Hint("no-window", "An event that can't be injected now must come as soon as "
             "the guest can take it: ask for the window exit.",
             fails=["windows"], passes=["again"]),
        Hint("reserved-bit-12", "Bit 12 of the IDT-vectoring information is "
             "undefined or tells of NMI unblocking; the entry's field has it "
             "reserved. Keep valid, type, vector and error-code bit alone.",
             fails=["again"], passes=["next"]),
    ], []),
]


def find_lab(number):
    """The lab with that number, or None."""
    return next((lab for lab in LABS if lab.number == number), None)

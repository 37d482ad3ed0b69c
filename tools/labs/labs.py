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
             fails=["translates"], says=r"translates: .*\n.*PTE_D"),
        Hint("d-for-reads", "D is for writes alone: a read sets A and no D (SDM "
             "vol. 3A, 4.8).", fails=["translates"], says="and no D"),
        Hint("large-as-table", "An entry of level 2 or 3 with PS=1 maps a page: "
             "the walk ends there (SDM vol. 3A, 4.5).",
             fails=["large_pages"]),
    ], ["place"]),
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
]


def find(number):
    """The lab with that number, or None."""
    return next((lab for lab in LABS if lab.number == number), None)

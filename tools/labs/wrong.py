# SPDX-License-Identifier: MIT
"""Wrong solutions, the typical mistakes: each must get the hint that it names.

Each text is in its file once. Not a part of what students get."""

from collections import namedtuple

Wrong = namedtuple("Wrong", "hint file old new")

WRONG = {
    4: [
        Wrong("p-first", "mmu/walk.c",
              "\t\tif (!(pte & PTE_P))\n"
              "\t\t\treturn walk_fails(vcpu, walk, WALK_NOT_PRESENT, access);\n"
              "\t\tif (gpte_reserved(&format, pte, level))\n"
              "\t\t\treturn walk_fails(vcpu, walk, WALK_RESERVED, access);\n",
              "\t\tif (gpte_reserved(&format, pte, level))\n"
              "\t\t\treturn walk_fails(vcpu, walk, WALK_RESERVED, access);\n"
              "\t\tif (!(pte & PTE_P))\n"
              "\t\t\treturn walk_fails(vcpu, walk, WALK_NOT_PRESENT, access);\n"
              ),
        Wrong("rights-of-the-last", "mmu/walk.c",
              "rights &= gpte_rights(&format, pte);",
              "rights = gpte_rights(&format, pte);"),
        Wrong("d-at-each-level", "mmu/walk.c",
              "if (level == walk->level && write)", "if (write)"),
        Wrong("d-for-reads", "mmu/walk.c",
              "if (level == walk->level && write)",
              "if (level == walk->level)"),
        Wrong("large-as-table", "mmu/walk.c",
              "if (level > 1 && !gpte_is_large(&format, pte, level)) {",
              "if (level > 1) {"),
    ],
    6: [
        Wrong("no-flush", "mmu/table.c",
              "still be in the TLB, writable (invariants 1 and 6).\n\t */\n"
              "\tmmu_flush(mmu);",
              "still be in the TLB, writable (invariants 1 and 6).\n\t */"),
        Wrong("first-entry-only", "mmu/table_write.c",
              "index <= last / size; index++", "index <= first / size; index++"),
        Wrong("one-shadow", "mmu/table_write.c",
              "while ((sp = shadow_page_next(mmu, gfn, NULL))) {",
              "if ((sp = shadow_page_next(mmu, gfn, NULL))) {"),
        Wrong("still-writable", "mmu/table.c",
              "\tframe_hold_write(mmu, gfn);\n", ""),
    ],
    8: [
        Wrong("inverted-filter", "mmu/root.c",
              "filter.mask = filter.match = PFEC_P;", "filter.mask = PFEC_P;"),
        Wrong("all-absent", "mmu/role.c",
              "if (!present && mmu_bypasses(mmu, role))",
              "if (mmu_bypasses(mmu, role))"),
        Wrong("not-cached", "mmu/role.c",
              "return mmu->policy.bypass && mmu->policy.cache &&",
              "return mmu->policy.bypass &&"),
        Wrong("unpaged", "mmu/role.c",
              "mmu->config.filter_works && role.mode != PAGING_NONE &&",
              "mmu->config.filter_works &&"),
        Wrong("never-absent", "mmu/role.c",
              "\tif (!present && mmu_bypasses(mmu, role))\n"
              "\t\treturn SPTE_ABSENT_VALUE;\n", ""),
    ],
}

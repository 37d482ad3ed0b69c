# SPDX-License-Identifier: MIT
"""Wrong solutions, the typical mistakes: each must get the hint that it names.

Each text is in its file once. Not a part of the students' pack."""

from collections import namedtuple

Wrong = namedtuple("Wrong", "hint file old new")

WRONG = {
    1: [
        Wrong("no-revision", "vmx/vmx.c",
              "\t*region = capabilities.basic & BASIC_REVISION;\n"
              "\t/* SDM vol. 3D", "\t/* SDM vol. 3D"),
        Wrong("fixed-bits-of-cr0", "vmx/vmx.c",
              "cr0_write(cr0 | capabilities.cr0_fixed0);", "cr0_write(cr0);"),
        Wrong("fixed-bits-of-cr4", "vmx/vmx.c",
              "cr4_write((cr4 | capabilities.cr4_fixed0) & "
              "capabilities.cr4_fixed1);",
              "cr4_write(cr4 | capabilities.cr4_fixed0);"),
        Wrong("lock-first", "vmx/platform.c",
              "\tif (!(value & FEATURE_CONTROL_LOCK))\n"
              "\t\treturn FEATURE_CONTROL_OPEN;\n"
              "\tif (value & FEATURE_CONTROL_VMX)\n"
              "\t\treturn FEATURE_CONTROL_ON;\n",
              "\tif (value & FEATURE_CONTROL_VMX)\n"
              "\t\treturn FEATURE_CONTROL_ON;\n"
              "\tif (!(value & FEATURE_CONTROL_LOCK))\n"
              "\t\treturn FEATURE_CONTROL_OPEN;\n"),
        Wrong("default-1", "vmx/controls.c", "\t*value = must_be_1;\n",
              "\t*value = 0;\n"),
        Wrong("not-refused", "vmx/controls.c",
              "\t\tif (needs_1 && !(may_be_1 & bit))\n\t\t\treturn false;\n",
              "\t\tif (needs_1 && !may_be_1)\n\t\t\treturn false;\n"),
    ],
    2: [
        Wrong("another-field", "tests/unit/vmcs_mend.c",
              "{ VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE },",
              "{ VMCS_GUEST_IA32_EFER, CR4_PAE },"),
        Wrong("no-event", "tests/unit/vmcs_mend.c",
              "VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD) },", "0 },"),
        Wrong("no-64-bit-code", "tests/unit/vmcs_mend.c",
              "#define CODE_64 0xa09b", "#define CODE_64 0xc09b"),
        Wrong("not-that-value", "tests/unit/vmcs_mend.c",
              "{ VMCS_GUEST_RFLAGS, RFLAGS_FIXED },",
              "{ VMCS_GUEST_RFLAGS, RFLAGS_IF },"),
    ],
    3: [
        Wrong("own-exit", "vmx/exits/exit_misc.c", ".exits = stats->exits_total - 1,",
              ".exits = stats->exits_total,"),
        Wrong("half-a-counter", "vmx/exits/exit_misc.c",
              "\tout->edx = values[number] >> 32;\n", ""),
        Wrong("last-leaf", "vmx/exits/exit_misc.c",
              "\tif (leaf == CPUID_HYPERVISOR)\n"
              "\t\tout->eax = CPUID_COUNTERS;\n", ""),
        Wrong("beyond-the-last-counter", "vmx/exits/exit_misc.c",
              "leaf != CPUID_COUNTERS || number >= ARRAY_SIZE(values)",
              "leaf != CPUID_COUNTERS || number > ARRAY_SIZE(values)"),
        Wrong("one-range", "guest/cpuid.c",
              "if (basic ? leaf > last : leaf > CPUID_ADDRESS_SIZE)",
              "if (basic && leaf > last)"),
    ],
    4: [
        Wrong("p-first", "mmu/walk.c",
              "\t\tif (!(pte & PTE_P))\n"
              "\t\t\treturn walk_fails(cpu, walk, WALK_NOT_PRESENT, access);\n"
              "\t\tif (gpte_reserved(&format, pte, level))\n"
              "\t\t\treturn walk_fails(cpu, walk, WALK_RESERVED, access);\n",
              "\t\tif (gpte_reserved(&format, pte, level))\n"
              "\t\t\treturn walk_fails(cpu, walk, WALK_RESERVED, access);\n"
              "\t\tif (!(pte & PTE_P))\n"
              "\t\t\treturn walk_fails(cpu, walk, WALK_NOT_PRESENT, access);\n"
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
    5: [
        Wrong("no-flush", "mmu/table/root.c", "\tmmu_flush_address(mmu, gva);\n", ""),
        Wrong("pieces", "mmu/table/root.c",
              "if (sp->splintered > sp->role.level) {", "if (false) {"),
        Wrong("all-dropped", "mmu/table/root.c",
              "if (sp->splintered > sp->role.level) {",
              "if (sp->role.level == 1) {"),
        Wrong("one-page-for-all", "mmu/table/root.c",
              "child.gfn = (gva & BITS(47, 0)) >>",
              "child.gfn = (gva & BITS(20, 0)) >>"),
    ],
    6: [
        Wrong("no-flush", "mmu/table/table.c",
              "still be in the TLB, writable (invariants 1 and 6).\n\t */\n"
              "\tmmu_flush(mmu);",
              "still be in the TLB, writable (invariants 1 and 6).\n\t */"),
        Wrong("first-entry-only", "mmu/fault/table_write.c",
              "end = gpte_number(sp->role.mode, last);",
              "end = gpte_number(sp->role.mode, first);"),
        Wrong("one-shadow", "mmu/fault/table_write.c",
              "while ((sp = shadow_page_next(mmu, gfn, NULL))) {",
              "if ((sp = shadow_page_next(mmu, gfn, NULL))) {"),
        Wrong("still-writable", "mmu/table/table.c",
              "\tframe_hold_write(mmu, gfn);\n", ""),
    ],
    7: [
        Wrong("a-ignored", "mmu/table/entry.c",
              "if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||",
              "if (!(gpte & PTE_P) ||"),
        Wrong("d-ignored", "mmu/table/entry.c",
              "shadow_fill_page(mmu, sp, slot, gfn, gpte);",
              "shadow_fill_page(mmu, sp, slot, gfn, gpte | PTE_D);"),
        Wrong("reserved-ignored", "mmu/table/entry.c",
              "gpte_reserved(&sp->format, gpte, 1) || !mmu", "!mmu"),
        Wrong("unlinked", "mmu/table/entry.c",
              "if (still_linked(mmu, sp, slot, gpte))\n\t\t\treturn false;",
              "if (still_linked(mmu, sp, slot, gpte))\n"
              "\t\t\tspte_clear(mmu, sp, slot, spte_unfilled(sp, gpte));"),
        Wrong("not-told", "mmu/table/entry.c",
              "return spte_kind(before, 1) != SPTE_LEAF;",
              "return spte_kind(before, 1) == SPTE_LEAF;"),
    ],
    8: [
        Wrong("inverted-filter", "mmu/filter.c",
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
    9: [
        Wrong("a-ignored", "mmu/table/entry.c",
              "if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))",
              "if (!(gpte & PTE_P))"),
        Wrong("d-ignored", "mmu/table/entry.c", "leaf->dirty = gpte & PTE_D;",
              "leaf->dirty = walk->dirty;"),
        Wrong("rights-of-the-first", "mmu/table/entry.c",
              "leaf->rights = gpte_rights(&sp->format, gpte) &",
              "leaf->rights = walk->access[1] &"),
        Wrong("not-aligned", "mmu/table/entry.c",
              "u32 first = ALIGN_DOWN(here, window);", "u32 first = here;"),
    ],
    10: [
        Wrong("after-sti", "vmx/events/events.c",
              "return (ready->rflags & RFLAGS_IF) &&\n"
              "\t       !(ready->interruptibility & "
              "BLOCKING_BY_STI_OR_MOV_SS);",
              "return ready->rflags & RFLAGS_IF;"),
        Wrong("one-entry-one-event", "vmx/events/events.c",
              "\tif (ready->due)\n\t\treturn NEXT_NONE;\n\tif (nmi",
              "\tif (nmi"),
        Wrong("nmi-first", "vmx/events/events.c",
              "\tif (nmi && can_take_nmi(ready))\n\t\treturn NEXT_NMI;\n"
              "\tif (interrupt && can_take_interrupt(ready))\n"
              "\t\treturn NEXT_INTERRUPT;\n",
              "\tif (interrupt && can_take_interrupt(ready))\n"
              "\t\treturn NEXT_INTERRUPT;\n"
              "\tif (nmi && can_take_nmi(ready))\n\t\treturn NEXT_NMI;\n"),
        Wrong("no-window", "vmx/events/events.c",
              "u32 windows = interrupt ? CPU_INTERRUPT_WINDOW_EXITING : 0;",
              "u32 windows = 0;"),
        Wrong("reserved-bit-12", "vmx/events/events.c",
              ".info = idt_vectoring & (VMX_INTR_VALID | VMX_INTR_TYPE |\n"
              "\t\t\t\t\t VMX_INTR_VECTOR | VMX_INTR_ERROR_CODE),",
              ".info = idt_vectoring,"),
    ],
}

/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tests/model/words.h"

#define TEXTS 8
#define TEXT_SIZE 128

static char *new_text(void)
{
	static char texts[TEXTS][TEXT_SIZE];
	static unsigned int next;

	return texts[next++ % TEXTS];
}

/* Flags that a guest's entry and a shadow's have in the same place. */
static const char *words_flags(u64 entry)
{
	char *text = new_text();

	snprintf(text, TEXT_SIZE, "%s%s%s%s%s%s", entry & PTE_W ? " W" : " -",
		 entry & PTE_U ? "U" : "-", entry & PTE_A ? "A" : "-",
		 entry & PTE_D ? "D" : "-", entry & PTE_NX ? " NX" : "",
		 entry & PTE_PS ? " PS" : "");
	return text;
}

const char *words_gpte(u64 gpte)
{
	char *text = new_text();

	if (!(gpte & PTE_P))
		return "absent (P=0)";
	snprintf(text, TEXT_SIZE, "present, frame %#llx,%s",
		 (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT, words_flags(gpte));
	return text;
}

const char *words_spte(u64 spte, u8 level)
{
	static const char *const kinds[] = {
		[SPTE_ABSENT] = "ABSENT", [SPTE_TRAP] = "TRAP",
		[SPTE_MMIO] = "MMIO",	  [SPTE_TABLE] = "TABLE",
		[SPTE_LEAF] = "LEAF",
	};
	enum spte_kind kind = spte_kind(spte, level);
	char *text = new_text();

	if (kind < SPTE_TABLE)
		return kinds[kind];
	snprintf(text, TEXT_SIZE, "%s, host frame %#llx,%s%s", kinds[kind],
		 (spte & PTE_ADDR_MASK) >> PAGE_SHIFT, words_flags(spte),
		 spte_is_held(spte, level) ? ", W held back" : "");
	return text;
}

const char *words_role(union shadow_role role)
{
	static const char *const modes[] = {
		[PAGING_NONE] = "unpaged",
		[PAGING_32BIT] = "32-bit paging",
		[PAGING_PAE] = "PAE paging",
		[PAGING_4LEVEL] = "4-level paging",
	};
	char *text = new_text();

	snprintf(text, TEXT_SIZE,
		 "level %u, %s%s%s, rights above: %s%s%s, WP=%u NXE=%u SMEP=%u "
		 "SMAP=%u",
		 role.level, modes[role.mode],
		 role.tableless ? ", tableless" : "",
		 role.private ? ", of the software TLB" : "",
		 role.access & ACCESS_W ? "W" : "-",
		 role.access & ACCESS_U ? "U" : "-",
		 role.access & ACCESS_X ? "X" : "-", role.wp, role.nxe,
		 role.smep, role.smap);
	return text;
}

const char *words_access(u32 access)
{
	char *text = new_text();

	snprintf(text, TEXT_SIZE, "%s by the %s",
		 access & PFEC_I   ? "fetch"
		 : access & PFEC_W ? "write"
				   : "read",
		 access & PFEC_U ? "user" : "supervisor");
	return text;
}

const char *words_action(enum mmu_action action)
{
	static const char *const actions[] = {
		[MMU_RESUME] = "filled or mended",
		[MMU_INJECT] = "injected as a fault",
		[MMU_TABLE_WRITE] = "emulated as a write to a table",
		[MMU_MMIO] = "emulated as MMIO",
	};

	return actions[action];
}

const char *words_fault(u32 error_code)
{
	char *text = new_text();

	snprintf(text, TEXT_SIZE, "%#x (%s, %s%s%s)", error_code,
		 words_access(error_code),
		 error_code & PFEC_P ? "present" : "not present",
		 error_code & PFEC_RSVD ? ", reserved bit" : "",
		 error_code & PFEC_PK ? ", key" : "");
	return text;
}

const char *words_page(const char *text)
{
	return strstr(text, "invariant ")
		       ? "  the invariants: docs/book/invariants.md\n"
		       : "";
}

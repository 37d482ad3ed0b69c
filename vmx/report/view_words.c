/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/report/view_words.h"

static const char *const kinds[] = {
	[SPTE_ABSENT] = "ABSENT", [SPTE_TRAP] = "TRAP", [SPTE_MMIO] = "MMIO",
	[SPTE_TABLE] = "TABLE",	  [SPTE_LEAF] = "LEAF",
};

const char *flag_letters(char buf[FLAG_LETTERS], u64 entry)
{
	static const struct {
		u64 bit;
		char letter;
	} flags[] = { { PTE_P, 'P' }, { PTE_W, 'W' }, { PTE_U, 'U' },
		      { PTE_A, 'A' }, { PTE_D, 'D' }, { PTE_PS, 'S' },
		      { PTE_G, 'G' }, { PTE_NX, 'N' } };
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (entry & flags[i].bit)
			buf[length++] = flags[i].letter;
	buf[length] = '\0';
	return buf;
}

void entry_words(char buf[REAL_WORDS], u64 entry)
{
	char flags[FLAG_LETTERS];

	snprintf(buf, REAL_WORDS, "0x%lx %s",
		 (unsigned long)(entry & PTE_ADDR_MASK),
		 flag_letters(flags, entry));
}

const char *kind_word(enum spte_kind kind)
{
	return kinds[kind];
}

void level_words(const struct mmu_view *view, u8 level, char guest[ENTRY_WORDS],
		 char shadow[ENTRY_WORDS])
{
	char entry[REAL_WORDS] = "";
	bool real;

	guest[0] = shadow[0] = '\0';
	if (level <= view->guest_top && level >= view->guest.level)
		entry_words(guest, view->guest.pte[level]);
	if (level > view->shadow_top || level < view->shadow_level)
		return;
	real = view->kind[level] == SPTE_TABLE ||
	       view->kind[level] == SPTE_LEAF;
	if (real)
		entry_words(entry, view->spte[level]);
	snprintf(shadow, ENTRY_WORDS, "%s%s%s", kinds[view->kind[level]],
		 real ? " " : "", entry);
}

const char *outcome_words(char buf[WORDS_MAX], const struct mmu_view *view,
			  enum mmu_outcome outcome, u32 error_code)
{
	static const char *const deeds[] = {
		[OUTCOME_BYPASS] = "the guest's own #PF",
		[OUTCOME_INJECT] = "Umbra injects #PF",
		[OUTCOME_FILL] = "Umbra fills the entry",
		[OUTCOME_DEVICE] = "Umbra acts as the device there",
		[OUTCOME_TABLE_WRITE] = "a write to a guest's table",
	};
	enum spte_kind kind = view->kind[view->shadow_level];
	const char *cause = kind == SPTE_LEAF ? "LEAF's rights" : kinds[kind];
	char fault[WORDS_MAX];
	bool guests = outcome == OUTCOME_BYPASS || outcome == OUTCOME_INJECT;

	if (outcome == OUTCOME_HIT)
		return "hit, no exit";
	/*
	 * The text is "supervisor read, not present": the reader knows the
	 * access.
	 */
	words_for_page_fault(fault, error_code);
	snprintf(buf, WORDS_MAX, "%sexit (%s): %s%s",
		 outcome == OUTCOME_BYPASS ? "no " : "", cause, deeds[outcome],
		 guests ? strchr(fault, ',') : "");
	return buf;
}

/* --- The shadow as a whole (mmu/view/survey.h) --------------------------- */

const char *level_name(u8 level)
{
	static const char *const names[] = { "", "PT", "PD", "PDPT", "PML4" };

	return names[level];
}

void page_words(const struct mmu_page_survey *page, char buf[PAGE_WORDS])
{
	static const char *const modes[] = {
		[PAGING_NONE] = "unpaged",
		[PAGING_32BIT] = "32-bit",
		[PAGING_PAE] = "PAE",
		[PAGING_4LEVEL] = "",
	};
	union shadow_role role = page->role;
	const struct {
		bool holds;
		const char *text;
	} facts[] = {
		{ page->root, "root" },
		{ page->open, "open" },
		{ page->placed, "placed" },
		{ role.private, "private" },
		{ role.tableless && !role.private, "tableless" },
		{ role.mode != PAGING_4LEVEL, modes[role.mode] },
		{ !(role.access & ACCESS_W), "-W" },
		{ !(role.access & ACCESS_U), "-U" },
		{ !(role.access & ACCESS_X), "-X" },
		{ !role.wp, "WP=0" },
		{ role.smep, "SMEP" },
		{ role.smap, "SMAP" },
	};

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (facts[i].holds)
			snappend(buf, PAGE_WORDS, "%s%s", buf[0] ? " " : "",
				 facts[i].text);
}

const char *write_words(enum mmu_write write)
{
	static const char *const words[] = {
		[WRITE_GIVEN] = "writes go through",
		[WRITE_HELD] = "write-protected: it is a guest table",
		[WRITE_LOGGED] = "write-protected: the dirty log waits for its "
				 "first write",
		[WRITE_CLEAN] = "write-protected: D is clear in the guest's "
				"entry",
		[WRITE_DENIED] = "write-protected: the guest's tables give no "
				 "W",
	};

	return words[write];
}

/* SPDX-License-Identifier: MIT */
/* Both walks of an address (mmu/view/view.h), and a survey, in words. Pure. */
#ifndef VMX_REPORT_VIEW_WORDS_H
#define VMX_REPORT_VIEW_WORDS_H

#include "mmu/view/survey.h"
#include "mmu/view/view.h"
#include "vmx/report/words.h"

/* Sizes with the closing NUL. */
#define REAL_WORDS 32 /* for an address and its flags */
#define FLAG_LETTERS 9 /* for the flags alone */
#define ENTRY_WORDS 40 /* for these behind an entry's kind */
#define PAGE_WORDS 96 /* for a shadow page's state and role */

/* A letter for each flag of an entry; returns @buf. */
const char *flag_letters(char buf[FLAG_LETTERS], u64 entry);

/* The kind in capitals. */
const char *kind_word(enum spte_kind kind);

/* Writes the address in a real entry, and a letter for each flag. */
void entry_words(char buf[REAL_WORDS], u64 entry);

/*
 * Writes the guest's and the shadow's entry at one level: the address in it and
 * a letter for each flag, for the shadow the kind before. Empty where there is
 * none.
 */
void level_words(const struct mmu_view *view, u8 level, char guest[ENTRY_WORDS],
		 char shadow[ENTRY_WORDS]);

/*
 * The outcome of an access at the address of @view, and why, with the error
 * code of the guest's fault. Returns a constant, or @buf.
 */
const char *outcome_words(char buf[WORDS_MAX], const struct mmu_view *view,
			  enum mmu_outcome outcome, u32 error_code);

/* The name of a table of level 1 to 4: "PT" to "PML4". */
const char *level_name(u8 level);

/* Writes what distinguishes the page: its use, and where its role is unusual. */
void page_words(const struct mmu_page_survey *page, char buf[PAGE_WORDS]);

/* Returns a constant: may the guest write through the entry, and why not. */
const char *write_words(enum mmu_write write);

#endif

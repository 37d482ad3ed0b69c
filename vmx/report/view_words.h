/* SPDX-License-Identifier: MIT */
/* Both walks of an address (mmu/view/view.h), and a survey, in words. Pure. */
#ifndef VMX_REPORT_VIEW_WORDS_H
#define VMX_REPORT_VIEW_WORDS_H

#include "mmu/view/survey.h"
#include "mmu/view/view.h"
#include "vmx/report/words.h"

/* Sizes of buffers, with the NUL. */
#define REAL_WORDS 32 /* for an address and its flags */
#define FLAG_LETTERS 9 /* for the flags alone */
#define ENTRY_WORDS 40 /* for an entry's kind, and both */
#define PAGE_WORDS 96 /* for a shadow page's state and role */

/* Writes a letter for each flag of an entry; returns @buf. */
const char *flag_letters(char buf[FLAG_LETTERS], u64 entry);

/* Returns the kind in capitals. */
const char *kind_word(enum spte_kind kind);

/* Writes the address in an entry with P=1, and a letter for each flag. */
void entry_words(char buf[REAL_WORDS], u64 entry);

/*
 * Writes the guest's and the shadow's entry at one level: the address in it and
 * a letter for each flag; before them the shadow entry's kind. Writes "" for a
 * walk that does not reach the level.
 */
void level_words(const struct mmu_view *view, u8 level, char guest[ENTRY_WORDS],
		 char shadow[ENTRY_WORDS]);

/*
 * Returns the outcome of an access at the address of @view, in words, with its
 * cause and the error code of the guest's fault: a constant, or @buf.
 */
const char *outcome_words(char buf[WORDS_MAX], const struct mmu_view *view,
			  enum mmu_outcome outcome, u32 error_code);

/* Returns the name of a table of level 1 to 4: "PT" to "PML4". */
const char *level_name(u8 level);

/* Writes the page's state, and its role as far as it is unusual. */
void page_words(const struct mmu_page_survey *page, char buf[PAGE_WORDS]);

/* Returns whether the guest may write through the entry, or why it may not. */
const char *write_words(enum mmu_write write);

#endif

/* SPDX-License-Identifier: MIT */
/* Both walks of an address (mmu/view.h) in words. Pure. */
#ifndef VMX_REPORT_VIEW_WORDS_H
#define VMX_REPORT_VIEW_WORDS_H

#include "mmu/view.h"
#include "vmx/report/words.h"

#define ENTRY_WORDS 40 /* for an entry in words, with the closing NUL */

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

#endif

/* SPDX-License-Identifier: MIT */
/* The policy of the shadow MMU in words. */
#ifndef VMX_REPORT_RUNG_H
#define VMX_REPORT_RUNG_H

#include "lib/types.h"
#include "mmu/policy.h"

#define RUNG_WORDS_SIZE 160 /* enough for every policy, with the NUL */

/* Returns the name of the rung that @policy is, or NULL if it is none. */
const char *rung_name(const struct mmu_policy *policy);

/*
 * Writes @policy as on the command line: the nearest rung, and each switch in
 * which it differs: "mmu=nowalk mmu.bypass=0".
 */
void rung_words(const struct mmu_policy *policy, char words[RUNG_WORDS_SIZE]);

#endif

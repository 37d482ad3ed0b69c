/* SPDX-License-Identifier: MIT */
/* The policy of the shadow MMU in words. */
#ifndef VMX_REPORT_RUNG_H
#define VMX_REPORT_RUNG_H

#include "lib/types.h"
#include "mmu/policy.h"

#define RUNG_WORDS_SIZE 160 /* for every policy, with the closing NUL */

/* The rung's name; NULL: single switches make @policy none of the rungs. */
const char *rung_name(const struct mmu_policy *policy);

/*
 * Writes @policy as the command line says it: the nearest rung, and each switch
 * in which it differs: "mmu=nowalk mmu.bypass=0".
 */
void rung_words(const struct mmu_policy *policy, char words[RUNG_WORDS_SIZE]);

#endif

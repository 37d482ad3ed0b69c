/* SPDX-License-Identifier: MIT */
/* The words of a command. Pure. */
#ifndef VMX_MONITOR_PARSE_H
#define VMX_MONITOR_PARSE_H

#include "mmu/policy.h"

/*
 * Cuts @text at its blanks into @words, at most @max of them. Returns their
 * number, or @max + 1 if there are more.
 */
size_t parse_words(char *text, char *words[], size_t max);

/*
 * A hexadecimal number of up to 64 bits, with or without 0x. Returns false if
 * @word is none.
 */
bool parse_hex(const char *word, u64 *value);

/* The same of a decimal number, of digits alone. */
bool parse_decimal(const char *word, u64 *value);

/* Returns true if @text begins with @prefix, in capitals or not. */
bool begins_with(const char *text, const char *prefix);

/*
 * Changes @policy as @word says: the name of a rung, or SWITCH=VALUE as on the
 * command line ("bypass=0", "mmu.bypass=0", "prefetch=16"; 0, 1, and for
 * prefetch a decimal number). Returns false, and nothing is changed, if it is
 * neither.
 */
bool parse_policy(const char *word, struct mmu_policy *policy);

#endif

/* SPDX-License-Identifier: MIT */
/* The policy of the MMU in words. Pure. */
#ifndef VMX_MONITOR_PARSE_H
#define VMX_MONITOR_PARSE_H

#include "mmu/policy.h"

/*
 * Changes *@policy to the rung @name (@value is NULL), or to the rung @value
 * (@name is "rung"), or changes its switch @name ("bypass", "mmu.bypass") to
 * @value: on, off, 1, 0, and for prefetch a decimal number. Returns false, and
 * changes nothing, if there is no such name or value.
 */
bool parse_policy(const char *name, const char *value,
		  struct mmu_policy *policy);

#endif

/* SPDX-License-Identifier: MIT */
#include "lib/parse.h"
#include "lib/string.h"
#include "vmx/monitor/parse.h"

#define PREFIX "mmu."
#define PREFETCH "prefetch"

static bool parse_switch(const char *name, const char *value,
			 struct mmu_policy *policy)
{
	u64 number_of;
	bool on = !strcmp(value, "on") || !strcmp(value, "1");

	if (!strcmp(name, PREFETCH)) {
		if (!parse_number(value, 10, MMU_PREFETCH_MAX, &number_of))
			return false;
		policy->prefetch = mmu_prefetch_window(number_of);
		return true;
	}
	if (!on && strcmp(value, "off") && strcmp(value, "0"))
		return false;
	for (unsigned int i = 0; i < MMU_SWITCHES; i++) {
		if (strcmp(name, mmu_switches[i].name + strlen(PREFIX)))
			continue;
		mmu_switch_set(policy, i, on);
		return true;
	}
	return false;
}

bool parse_policy(const char *name, const char *value,
		  struct mmu_policy *policy)
{
	if (!strncmp(name, PREFIX, strlen(PREFIX)))
		name += strlen(PREFIX);
	if (value && strcmp(name, "rung"))
		return parse_switch(name, value, policy);
	if (value)
		name = value;
	for (unsigned int rung = 0; rung < MMU_RUNGS; rung++) {
		if (strcmp(name, mmu_rung_names[rung]))
			continue;
		*policy = mmu_rung_policies[rung];
		return true;
	}
	return false;
}

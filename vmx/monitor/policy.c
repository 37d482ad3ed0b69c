/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "vmx/exit.h"
#include "vmx/monitor/handlers.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/rung.h"
#include "vmx/vm.h"

static void print_policy(const struct mmu_policy *policy)
{
	char words[RUNG_WORDS_SIZE];

	rung_words(policy, words);
	log_info("%s", words);
	for (u32 i = 0; i < MMU_SWITCHES; i++)
		log_info("  %-14s %3u  %s", mmu_switches[i].name,
			 mmu_switch_get(policy, i), mmu_switches[i].help);
	log_info("  %-14s %3u  %s", "mmu.prefetch", policy->prefetch,
		 "entries that are filled on a fault");
}

HANDLER(mmu)
{
	struct mmu_policy policy = *mmu_policy(vm->mmu);

	if (count > 1) {
		if (!parse_policy(words[1], &policy))
			return false;
		vmx_change_policy(&vm->vcpu, &policy);
	}
	print_policy(&policy);
	return true;
}

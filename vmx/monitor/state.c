/* SPDX-License-Identifier: MIT */
/* The commands for the VMCS, the audit and the dirty log. */
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mmu/audit/audit.h"
#include "vmx/monitor/commands.h"
#include "vmx/vm.h"

#define RANGES_SHOWN 16

HANDLER(vmcs)
{
	const char *prefix = count > 1 ? words[1] : "";
	bool any = false;
	u64 value;

	for (size_t i = 0; i < VMCS_FIELD_COUNT; i++) {
		if (!begins_with(vmcs_fields[i].name, prefix))
			continue;
		any = true;
		if (vmread_safe(vmcs_fields[i].encoding, &value))
			log_info("  %-48s 0x%lx", vmcs_fields[i].name, value);
		else
			log_info("  %-48s not on this processor",
				 vmcs_fields[i].name);
	}
	return any;
}

HANDLER(audit)
{
	struct mmu_audit audit;

	if (mmu_audit(&vm->vcpu.paging, &audit)) {
		log_info("the invariants hold over %lu shadow pages",
			 mmu_stats(vm->mmu)->pages_in_use);
		return true;
	}
	log_info(LOG_ERROR "invariant %u is broken: %s", audit.invariant,
		 audit.what);
	log_info("shadow page %u, of gfn 0x%lx, level %u, slot 0x%x: 0x%lx",
		 audit.page, audit.gfn, audit.level, audit.slot, audit.spte);
	log_info("the guest's entry: 0x%lx", audit.gpte);
	return true;
}

static void print_dirty(struct mmu_cpu *cpu)
{
	gfn_t end = mmu_dirty_log_words(cpu->mmu) * 64, first = 0;
	u64 total = 0, bits = 0;
	bool before = false, now; /* Is the frame written? */
	u32 runs = 0;

	for (gfn_t gfn = 0; gfn <= end; gfn++, before = now) {
		if (gfn % 64 == 0)
			bits = gfn < end ? mmu_dirty_log_take(cpu, gfn) : 0;
		now = bits & BIT(gfn % 64);
		total += now;
		if (now && !before)
			first = gfn;
		else if (before && !now && runs++ < RANGES_SHOWN)
			log_info("  gfn 0x%lx-0x%lx", first, gfn - 1);
	}
	if (runs > RANGES_SHOWN)
		log_info("  and %u more ranges", runs - RANGES_SHOWN);
	log_info("%lu frames written since the last look", total);
}

HANDLER(dirty)
{
	struct mmu_cpu *cpu = &vm->vcpu.paging;

	if (count == 1 && mmu_dirty_log_is_on(vm->mmu)) {
		print_dirty(cpu);
		return true;
	}
	if (count > 1 && !strcmp(words[1], "on"))
		mmu_dirty_log_start(cpu);
	else if (count > 1 && !strcmp(words[1], "off"))
		mmu_dirty_log_stop(cpu);
	else if (count > 1)
		return false;
	log_info("the dirty log is %s",
		 mmu_dirty_log_is_on(vm->mmu) ? "on" : "off");
	return true;
}

/* SPDX-License-Identifier: MIT */
/* The commands that look at an address. */
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/monitor/monitor.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

#define UNITS_MAX 256ULL /* that x shows at once */

static void print_outcomes(const struct mmu_cpu *cpu,
			   const struct mmu_view *view)
{
	static const struct {
		u32 access;
		const char *name;
	} accesses[] = {
		{ 0, "kernel read" },
		{ PFEC_W, "kernel write" },
		{ PFEC_I, "kernel fetch" },
		{ PFEC_U, "user read" },
		{ PFEC_U | PFEC_W, "user write" },
		{ PFEC_U | PFEC_I, "user fetch" },
	};
	char words[WORDS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		u32 code;
		enum mmu_outcome outcome =
			mmu_view_access(cpu, view, accesses[i].access, &code);

		log_info("  %-13s %s", accesses[i].name,
			 outcome_words(words, view, outcome, code));
	}
}

HANDLER(walk)
{
	struct mmu_cpu *cpu = &vm->vcpu.mmu;
	char guest[ENTRY_WORDS], shadow[ENTRY_WORDS];
	struct mmu_view view;
	gva_t gva;

	if (!parse_hex(words[1], &gva))
		return false;
	if (!mmu_has_address(cpu, gva)) {
		log_info("0x%lx is no address: every access is a #GP", gva);
		return true;
	}
	mmu_root(cpu); /* as the next entry would */
	mmu_view(cpu, gva, &view);
	log_info("  P present W write U user A accessed D dirty S large "
		 "G global N no-exec");
	log_info("  level    %-30s %s", "guest's entry", "shadow's entry");
	for (u8 level = MAX(view.guest_top, view.shadow_top); level; level--) {
		level_words(&view, level, guest, shadow);
		log_info("    %u      %-30s %s", level, guest, shadow);
	}
	if (view.guest.status == WALK_OK)
		log_info("  guest-physical 0x%lx", view.guest.gpa);
	print_outcomes(cpu, &view);
	return true;
}

/* words[0] is x/NFU, as gdb has it: how many, x or d, and the unit's letter. */
HANDLER(x)
{
	static const char units[] = "bhwg";
	u32 size = sizeof(u64), shift;
	char form = 'x';
	u64 left = 0, gva;

	for (const char *at = words[0] + 1; *at; at++) {
		const char *unit = strchr(units, *at);

		if (parse_digit(*at) < 10)
			left = MIN(left * 10 + parse_digit(*at), UNITS_MAX + 1);
		else if (unit)
			size = 1U << (unit - units);
		else if (*at != '/')
			form = *at;
	}
	if (!parse_hex(words[1], &gva) || left > UNITS_MAX ||
	    (form != 'x' && form != 'd'))
		return false;
	shift = 64 - 8 * size;
	for (left = MAX(left, 1ULL); left; left--, gva += size) {
		u64 value = 0;

		if (mmu_peek(&vm->vcpu.mmu, gva, &value, size) < size) {
			log_info("  0x%016lx  is not mapped", gva);
			break;
		}
		if (form == 'd')
			log_info("  0x%016lx  %ld", gva,
				 (s64)(value << shift) >> shift);
		else
			log_info("  0x%016lx  %0*lx", gva, 2 * (int)size,
				 value);
	}
	return true;
}

/* SPDX-License-Identifier: MIT */
/* The commands that look at an address. */
#include "arch/x86/emulator/linear.h"
#include "lib/log.h"
#include "vmx/monitor/handlers.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

#define PEEK_WORDS_MAX 64 /* of 8 bytes, that x shows at once */

static void print_outcomes(const struct mmu_vcpu *vcpu,
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
			mmu_view_access(vcpu, view, accesses[i].access, &code);

		log_info("  %-13s %s", accesses[i].name,
			 outcome_words(words, view, outcome, code));
	}
}

HANDLER(walk)
{
	struct mmu_vcpu *vcpu = &vm->vcpu.mmu;
	char guest[ENTRY_WORDS], shadow[ENTRY_WORDS];
	struct mmu_view view;
	gva_t gva;

	if (!parse_hex(words[1], &gva))
		return false;
	if (vcpu->format.mode == PAGING_4LEVEL && !is_canonical(gva)) {
		log_info("0x%lx is not canonical: every access is a #GP", gva);
		return true;
	}
	mmu_root(vcpu); /* as the next entry would */
	mmu_view(vcpu, gva, &view);
	log_info(
		"  P present W write U user A accessed D dirty S large G global "
		"N no-exec");
	log_info("  level    %-30s %s", "guest's entry", "shadow's entry");
	for (u8 level = MAX(view.guest_top, view.shadow_top); level; level--) {
		level_words(&view, level, guest, shadow);
		log_info("    %u      %-30s %s", level, guest, shadow);
	}
	if (view.guest.status == WALK_OK)
		log_info("  guest-physical 0x%lx", view.guest.gpa);
	print_outcomes(vcpu, &view);
	return true;
}

HANDLER(x)
{
	u64 value[PEEK_WORDS_MAX], wanted = 1, gva;
	size_t got;

	if (!parse_hex(words[1], &gva) ||
	    (count > 2 && !parse_hex(words[2], &wanted)) ||
	    wanted > PEEK_WORDS_MAX)
		return false;
	got = mmu_peek(&vm->vcpu.mmu, gva, value, wanted * sizeof(u64)) /
	      sizeof(u64);
	for (size_t i = 0; i < got; i++)
		log_info("  0x%016lx  %016lx", gva + i * sizeof(u64), value[i]);
	if (got < wanted)
		log_info("  0x%016lx  is not mapped", gva + got * sizeof(u64));
	return true;
}

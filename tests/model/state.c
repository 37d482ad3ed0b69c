/* SPDX-License-Identifier: MIT */
/*
 * A guest's changes of its control registers, with the processor's answer, and
 * the switches of Umbra's user.
 */
#include <string.h>

#include "tests/model/access.h"

/* SDM vol. 3A, 4.4.1: changes of these reload the PDPTEs. */
#define CR0_RELOADS (BIT(29) | BIT(30) | BIT(31))
#define CR4_RELOADS (BIT(4) | BIT(5) | BIT(7) | BIT(20))

/* The processor's registers are set as by vmx/state.c. */
static void set_processor(struct model *m)
{
	enum reference_mode mode = reference_mode(&m->ref);
	bool paged = mode != MODE_UNPAGED;

	m->cpu.pae = mode != MODE_4LEVEL;
	m->cpu.nxe = (mode == MODE_PAE || mode == MODE_4LEVEL) &&
		     (m->ref.efer & EFER_NXE);
	m->cpu.smep = paged && (m->ref.cr4 & CR4_SMEP);
	m->cpu.smap = paged && (m->ref.cr4 & CR4_SMAP);
}

/* Returns false if the load is a #GP: then nothing has changed. */
static bool load_controls(struct model *m, struct reference to, bool moves_cr3)
{
	bool loads = reference_mode(&to) == MODE_PAE &&
		     (moves_cr3 || ((to.cr0 ^ m->ref.cr0) & CR0_RELOADS) ||
		      ((to.cr4 ^ m->ref.cr4) & CR4_RELOADS));
	u64 pdpte[4];
	bool good;

	model_log(m, "cr0 %#lx cr3 %#lx cr4 %#lx efer %#lx%s", to.cr0, to.cr3,
		  to.cr4, to.efer, loads ? ", loads PDPTEs" : "");
	if (loads) {
		good = reference_read_pdptes(&to, to.pdpte);
		if (mmu_read_pdptes(m->mmu, to.cr3, pdpte) != good)
			model_fail(m, "mmu_read_pdptes does not say %d", good);
		if (!good) {
			model_count(m, EVENT_PDPTE_GP);
			return false;
		}
		if (memcmp(pdpte, to.pdpte, sizeof(pdpte)))
			model_fail(m, "mmu_read_pdptes reads wrongly");
	}
	mmu_set_state(&m->mmu_cpu, to.cr0, to.cr3, to.cr4, to.efer,
		      loads ? pdpte : NULL);
	m->ref = to;
	set_processor(m);
	history_flush(m);
	return true;
}

void state_load_cr3(struct model *m)
{
	struct reference to = m->ref;

	to.cr3 = guest_random_cr3(m);
	load_controls(m, to, true);
}

void state_load_target(struct model *m)
{
	if (!m->targets.count)
		return;
	m->ref.cr3 = m->targets.value[model_random(m, m->targets.count)];
	model_log(m, "    cr3 %#lx without an exit", m->ref.cr3);
	processor_load_cr3(&m->cpu, m->ref.cr3);
	history_flush(m);
	model_count(m, EVENT_TARGET);
}

#define SWITCHES 40

void state_switch(struct model *m)
{
	u64 cr3[2] = { guest_random_cr3(m), guest_random_cr3(m) };

	if (reference_mode(&m->ref) != MODE_4LEVEL)
		return;
	for (u64 n = 1 + model_random(m, SWITCHES); n; n--) {
		m->ref.cr3 = cr3[model_random(m, 2)];
		mmu_set_state(&m->mmu_cpu, m->ref.cr0, m->ref.cr3, m->ref.cr4,
			      m->ref.efer, NULL);
		model_enter(m);
		model_exit(m);
	}
	history_flush(m);
}

/* Turns paging off, chooses another mode, and turns it on again. */
static void change_mode(struct model *m)
{
	struct reference to = m->ref;

	to.cr0 &= ~CR0_PG;
	to.efer &= ~EFER_LMA;
	load_controls(m, to, false);
	if (chance(m, 20)) /* it stays so for a while */
		return;
	to.cr4 &= ~CR4_PAE;
	to.cr4 |= chance(m, 65) ? CR4_PAE : 0;
	to.efer &= ~EFER_LME;
	to.efer |= (to.cr4 & CR4_PAE) && chance(m, 50) ? EFER_LME : 0;
	load_controls(m, to, false);
	to.cr0 |= CR0_PG;
	to.efer |= to.efer & EFER_LME ? EFER_LMA : 0;
	/* The meaning of CR3 depends on the mode, that of @to. */
	for (u32 tries = 0; tries < 4; tries++) {
		struct reference from = m->ref;

		m->ref = to;
		to.cr3 = guest_random_cr3(m);
		m->ref = from;
		from.cr3 = to.cr3;
		load_controls(m, from, true);
		if (load_controls(m, to, false))
			break;
	}
}

void state_begin(struct model *m)
{
	struct reference to = m->ref;

	to.cr0 = CR0_PE | (chance(m, 50) ? CR0_WP : 0);
	to.cr4 = (chance(m, 50) ? CR4_SMEP : 0) |
		 (chance(m, 50) ? CR4_SMAP : 0) | (chance(m, 50) ? CR4_PSE : 0);
	to.efer = chance(m, 60) ? EFER_NXE : 0;
	load_controls(m, to, false);
	change_mode(m);
}

/*
 * If the guest owns CR4.PGE, the processor flushes without Umbra's knowledge.
 */
static bool change_owned_pge(struct model *m)
{
	if (!mmu_filter(&m->mmu_cpu).pge_owned)
		return false;
	model_log(m, "cr4.pge without an exit");
	m->ref.cr4 ^= CR4_PGE;
	processor_flush(&m->cpu);
	history_flush(m);
	model_count(m, EVENT_PGE_OWNED);
	return true;
}

void state_change(struct model *m)
{
	struct reference to = m->ref;

	switch (model_random(m, 8)) {
	case 0:
		to.cr0 ^= CR0_WP;
		break;
	case 1:
		to.cr4 ^= CR4_SMEP;
		break;
	case 2:
		to.cr4 ^= CR4_SMAP;
		break;
	case 3:
		to.cr4 ^= CR4_PSE;
		break;
	case 4:
		if (change_owned_pge(m))
			return;
		to.cr4 ^= chance(m, 50) ? CR4_PGE : CR4_PAE;
		/*
		 * In long mode that is a #GP, which does not concern the MMU.
		 */
		if (to.efer & EFER_LMA)
			to.cr4 |= CR4_PAE;
		break;
	case 5:
		to.efer ^= EFER_NXE;
		break;
	default:
		change_mode(m);
		return;
	}
	load_controls(m, to, false);
}

/* --- Umbra's user ----------------------------------------------------------- */

void state_random_policy(struct model *m, struct mmu_policy *policy)
{
	static const u16 windows[] = { 1, 2, 8, 512 };

	if (chance(m, 70)) {
		*policy = mmu_rung_policies[model_random(m, MMU_RUNGS)];
		return;
	}
	*policy = (struct mmu_policy){
		.cache = chance(m, 75),
		.update = chance(m, 50),
		.bypass = chance(m, 50),
		.prefetch = windows[model_random(m, ARRAY_SIZE(windows))],
		.nowalk = chance(m, 50),
		.cheap = chance(m, 50),
		.open = chance(m, 50),
		.prefill = chance(m, 50),
		.targets = chance(m, 50),
		.denied = chance(m, 50),
	};
}

void state_change_policy(struct model *m)
{
	struct mmu_policy policy;

	state_random_policy(m, &policy);
	model_log(m,
		  "cache %d, update %d, bypass %d, prefetch %u, nowalk %d, "
		  "cheap %d, open %d, prefill %d, targets %d, denied %d",
		  policy.cache, policy.update, policy.bypass, policy.prefetch,
		  policy.nowalk, policy.cheap, policy.open, policy.prefill,
		  policy.targets, policy.denied);
	mmu_set_policy(&m->mmu_cpu, &policy);
}

/* --- The dirty log ---------------------------------------------------------- */

void state_dirty_log(struct model *m)
{
	bool *expected = m->world.dirty;
	u64 count = 0, splits = mmu_stats(m->mmu)->splits;

	if (!mmu_dirty_log_is_on(m->mmu)) {
		model_log(m, "dirty log on");
		mmu_dirty_log_start(&m->mmu_cpu);
		if (mmu_stats(m->mmu)->splits != splits)
			model_count(m, EVENT_SPLIT);
		memset(m->world.dirty, 0, sizeof(m->world.dirty));
		return;
	}
	if (chance(m, 30)) {
		model_log(m, "dirty log off");
		mmu_dirty_log_stop(&m->mmu_cpu);
		return;
	}
	model_log(m, "dirty log read");
	for (gfn_t gfn = 0; gfn < WORLD_GFN_COUNT; gfn += 64)
		m->dirty_log[gfn / 64] = mmu_dirty_log_take(&m->mmu_cpu, gfn);
	for (gfn_t gfn = 0; gfn < WORLD_GFN_COUNT; gfn++) {
		bool logged = m->dirty_log[gfn / 64] & BIT(gfn % 64);

		if (logged != expected[gfn])
			model_fail(m, "the dirty log says %d of frame %#lx",
				   logged, gfn);
		count += logged;
		expected[gfn] = false;
	}
	if (count)
		model_count(m, EVENT_LOGGED);
}

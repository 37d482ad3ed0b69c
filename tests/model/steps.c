/* SPDX-License-Identifier: MIT */
/*
 * What the guest, the devices and the processor do, one step at a time. All
 * of a step is drawn from its own seed, so that a failing run can be shortened
 * by leaving steps out.
 */
#include <string.h>

#include "tests/model/access.h"

/* A place in a table's used slots; misaligned in some cases. */
static gpa_t random_table_place(struct model *m, bool aligned)
{
	gpa_t gpa = (model_table(m) << PAGE_SHIFT) +
		    8ULL * model_slots[model_random(m, MODEL_SLOTS)];

	if (aligned)
		return gpa;
	return gpa + model_random(m, 23) - MIN(gpa & ~PAGE_MASK, 15ULL);
}

/* What a guest does to an entry: makes it, clears it, or turns a flag. */
static u64 new_entry(struct model *m, gpa_t gpa)
{
	static const u64 flags[] = { PTE_P, PTE_W,  PTE_U,	  PTE_A,
				     PTE_D, PTE_NX, PTE_A | PTE_D };
	u64 old;

	memcpy(&old, model_mirror(m, gpa), sizeof(old));
	switch (model_random(m, 8)) {
	case 0:
		return 0;
	case 1:
	case 2:
	case 3:
		return old ^ flags[model_random(m, ARRAY_SIZE(flags))];
	default:
		return model_random_entry(m);
	}
}

static void step_write_entry(struct model *m)
{
	gpa_t gpa = random_table_place(m, true);
	u64 entry = new_entry(m, gpa);

	model_log(m, "entry %#lx = %#lx", gpa, entry);
	model_store(m, gpa, &entry, sizeof(entry));
}

static void step_write_bytes(struct model *m)
{
	gpa_t gpa = random_table_place(m, false);
	size_t len = 1ULL << model_random(m, 5);
	u8 data[16];

	model_random_bytes(m, data);
	model_log(m, "write %#lx, %zu bytes %016lx %016lx", gpa, len,
		  ((u64 *)data)[0], ((u64 *)data)[1]);
	model_store(m, gpa, data, len);
}

static void step_cmpxchg(struct model *m)
{
	size_t len = 1ULL << model_random(m, 5);
	gpa_t gpa = random_table_place(m, chance(m, 70));
	u8 old[16], new[16];

	if ((gpa & ~PAGE_MASK) + len > PAGE_SIZE)
		gpa = (gpa & PAGE_MASK) + PAGE_SIZE - len;
	memset(old, 0xff, sizeof(old));
	if (model_mirror(m, gpa))
		memcpy(old, model_mirror(m, gpa), len);
	if (chance(m, 25))
		old[model_random(m, len)] ^= 1 << model_random(m, 8);
	model_random_bytes(m, new);
	model_log(m, "cmpxchg %#lx, %zu bytes to %016lx", gpa, len,
		  *(u64 *)new);
	model_cmpxchg(m, gpa, old, new, len);
}

static void step_invlpg(struct model *m)
{
	u32 page = model_random_page(m);
	gva_t gva = model_page_gva(m, page);

	/* It does not exit: the processor does it all. */
	model_log(m, "invlpg %#lx", gva);
	processor_invlpg(&m->cpu, gva);
	if (m->vcpu.cr0 & CR0_PG)
		history_invlpg(m, gva);
}

static void set_state(struct model *m, u64 cr0, u64 cr3, u64 cr4, u64 efer)
{
	bool paged = cr0 & CR0_PG;

	efer &= ~EFER_LMA;
	if (paged)
		efer |= EFER_LMA;
	model_log(m, "cr0 %#lx cr3 %#lx cr4 %#lx efer %#lx", cr0, cr3, cr4,
		  efer);
	mmu_set_state(&m->vcpu, cr0, cr3, cr4, efer, NULL);
	m->ref.cr0 = cr0;
	m->ref.cr3 = cr3;
	m->ref.cr4 = cr4;
	m->ref.efer = efer;
	/* What the processor runs with is as in vmx/state.c. */
	m->cpu.pae = !paged;
	m->cpu.nxe = paged && (efer & EFER_NXE);
	m->cpu.smep = paged && (cr4 & CR4_SMEP);
	history_flush(m);
}

static u64 random_cr3(struct model *m)
{
	if (chance(m, 3))
		return model_random(m, BIT(m->config.maxphyaddr)) & PAGE_MASK;
	return (model_table(m) << PAGE_SHIFT) | (chance(m, 10) ? 0x18 : 0);
}

static void step_state(struct model *m)
{
	u64 cr0 = m->vcpu.cr0, cr4 = m->vcpu.cr4, efer = m->vcpu.efer;

	switch (model_random(m, 4)) {
	case 0:
		cr0 ^= CR0_WP;
		break;
	case 1:
		cr4 ^= CR4_SMEP;
		break;
	case 2:
		efer ^= EFER_NXE;
		break;
	default:
		cr0 ^= CR0_PG;
		break;
	}
	/* Not for long without paging. */
	if (!(m->vcpu.cr0 & CR0_PG) && chance(m, 70))
		cr0 |= CR0_PG;
	set_state(m, cr0, m->vcpu.cr3, cr4, efer);
}

static void step_policy(struct model *m)
{
	struct mmu_policy policy = { .cache = true,
				     .update = chance(m, 50),
				     .bypass = chance(m, 50) };

	model_log(m, "policy: update %d, bypass %d", policy.update,
		  policy.bypass);
	mmu_set_policy(&m->vcpu, &policy);
}

static void step_unshadow(struct model *m)
{
	gfn_t gfn = model_table(m);

	model_log(m, "unshadow %#lx", gfn);
	mmu_unshadow(&m->vcpu, gfn);
	if (m->mmu->frames[gfn].shadowed)
		model_fail(m, "frame %#lx is still shadowed", gfn);
}

static void step_speculate(struct model *m)
{
	model_enter(m);
	for (u64 n = 1 + model_random(m, 12); n; n--)
		processor_speculate(&m->cpu,
				    model_page_gva(m, model_random_page(m)));
}

static void begin(struct model *m)
{
	u64 cr0 = CR0_PE | CR0_PG | (chance(m, 50) ? CR0_WP : 0);
	u64 cr4 = CR4_PAE | (chance(m, 50) ? CR4_SMEP : 0);
	u64 efer = EFER_LME | (chance(m, 60) ? EFER_NXE : 0);

	set_state(m, cr0, random_cr3(m), cr4, efer);
}

static const struct {
	u32 weight;
	void (*run)(struct model *m);
} steps[] = {
	{ 570, model_access },	  { 100, step_write_entry },
	{ 30, step_write_bytes }, { 25, step_cmpxchg },
	{ 60, step_invlpg },	  { 130, step_speculate },
	{ 30, model_operand },	  { 15, model_fetch },
	{ 12, step_state },	  { 4, step_unshadow },
	{ 2, step_policy },
};

static void step_cr3(struct model *m)
{
	set_state(m, m->vcpu.cr0, random_cr3(m), m->vcpu.cr4, m->vcpu.efer);
}

void model_step(struct model *m, u64 seed)
{
	u64 n;

	m->rng = seed;
	if (!m->ref.cr0)
		begin(m);
	n = model_random(m, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (n < steps[i].weight) {
			steps[i].run(m);
			break;
		}
		n -= steps[i].weight;
		if (i == ARRAY_SIZE(steps) - 1)
			step_cr3(m);
	}
	/* To look at all 512 slots each time would take too long. */
	model_check(m, m->steps++ % 64 == 0);
}

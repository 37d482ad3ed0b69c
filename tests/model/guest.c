/* SPDX-License-Identifier: MIT */
/* The entries of the model's guests, and the making of such a guest. */
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

const u16 model_slots_64[MODEL_SLOTS] = { 0, 1, 2, 511 };
const u16 model_slots_32[MODEL_SLOTS] = { 0, 1, 513, 1023 };

/* The guest uses these most as tables; some of them lie in large pages. */
static const gfn_t tables_64[] = { 24,
				   25,
				   26,
				   27,
				   28,
				   29,
				   30,
				   31,
				   32,
				   WORLD_HIGH_GFN,
				   WORLD_HIGH_GFN + 1,
				   WORLD_LARGE_GFN + 2,
				   WORLD_SHIFTED_GFN + 1 };
static const gfn_t tables_32[] = { 34, 35, 36, 37, WORLD_LARGE_GFN + 513 };
static const gfn_t pdpts[] = { 38, WORLD_HIGH_GFN + 2 };

/* Offsets in a frame at which there are four PDPTEs. */
static const u32 pdpt_offsets[] = { 0, 32, PAGE_SIZE - 32 };

/* Frames at which a large page may begin; at 0 it has 2 MiB or 1 GiB. */
static const gfn_t large_gfns[] = { 0,
				    0,
				    WORLD_HIGH_GFN,
				    WORLD_LARGE_GFN,
				    WORLD_LARGE_GFN,
				    WORLD_LARGE_GFN + 512,
				    WORLD_SHIFTED_GFN,
				    WORLD_HOLED_GFN };

gfn_t guest_table(struct model *m, enum table_kind kind)
{
	switch (kind) {
	case TABLE_32:
		return tables_32[model_random(m, ARRAY_SIZE(tables_32))];
	case TABLE_PDPT:
		return pdpts[model_random(m, ARRAY_SIZE(pdpts))];
	default:
		return tables_64[model_random(m, ARRAY_SIZE(tables_64))];
	}
}

static gfn_t random_target(struct model *m, enum table_kind kind)
{
	u64 n = model_random(m, 100);

	if (n < 70)
		return guest_table(m, kind);
	if (n < 73)
		return guest_table(m, model_random(m, 3));
	if (n < 93)
		return world_named(model_random(m, WORLD_NAMED));
	if (n < 96)
		return WORLD_MMIO_GFN;
	if (n < 98)
		return model_random(m, WORLD_GFN_COUNT + 16);
	return model_random(m, BIT(m->config.maxphyaddr - PAGE_SHIFT));
}

/* The flags, bits 11:0. */
static u64 random_flags(struct model *m)
{
	u64 e = 0;

	e |= chance(m, 94) ? PTE_P : 0;
	e |= chance(m, 93) ? PTE_U : 0;
	e |= chance(m, m->guarded && e & PTE_U ? 3 : 93) ? PTE_W : 0;
	e |= chance(m, 85) ? PTE_A : 0;
	e |= chance(m, 50) ? PTE_D : 0;
	/* Bits that are ignored: PWT, PCD, G, and those of software. */
	if (chance(m, 10))
		e |= model_random(m, 4) * PTE_PWT | model_random(m, 16) * PTE_G;
	return e;
}

static u64 random_large(struct model *m)
{
	return (large_gfns[model_random(m, ARRAY_SIZE(large_gfns))]
		<< PAGE_SHIFT) |
	       PTE_PS | (chance(m, 10) ? PTE_PAT_LARGE : 0);
}

static u64 random_entry_64(struct model *m)
{
	bool long_mode = reference_mode(&m->ref) == MODE_4LEVEL;
	u64 e = random_flags(m);

	if (chance(m, 10))
		e |= random_large(m);
	else
		e |= random_target(m, TABLE_64) << PAGE_SHIFT;
	e |= chance(m, 1) ? PTE_PS : 0;
	e |= chance(m, m->mmu_cpu.efer & EFER_NXE ? 7 : 1) ? PTE_NX : 0;
	if (chance(m, long_mode ? 10 : 1)) /* ignored, or reserved in PAE */
		e |= model_random(m, BIT(11)) << 52;
	if (chance(m, 1)) /* bits that may be reserved */
		e |= BIT(13 + model_random(m, 39));
	return e;
}

static u32 random_entry_32(struct model *m)
{
	u32 e = (u32)random_flags(m);

	if (chance(m, 20)) {
		e |= (u32)random_large(m) & ~(u32)BITS(21, 13);
		if (chance(m, 8)) /* PSE-36, or reserved */
			e |= (u32)BIT(13 + model_random(m, 9));
	} else {
		e |= (u32)(random_target(m, TABLE_32) << PAGE_SHIFT);
	}
	e |= chance(m, 3) ? PTE_PS : 0;
	return e;
}

static u64 random_pdpte(struct model *m)
{
	u64 e = random_target(m, TABLE_64) << PAGE_SHIFT;

	e |= chance(m, 85) ? PTE_P : 0;
	if (chance(m, 10))
		e |= model_random(m, 4) * PTE_PWT | model_random(m, 8) << 9;
	if (chance(m, 2)) /* reserved, most of them */
		e |= BIT(model_random(m, 64));
	return e;
}

u64 guest_random_entry(struct model *m, enum table_kind kind)
{
	switch (kind) {
	case TABLE_32:
		return random_entry_32(m) | (u64)random_entry_32(m) << 32;
	case TABLE_PDPT:
		return random_pdpte(m);
	default:
		return random_entry_64(m);
	}
}

u32 guest_random_offset(struct model *m, enum table_kind kind)
{
	u64 slot = model_random(m, MODEL_SLOTS);

	switch (kind) {
	case TABLE_32:
		return 4 * model_slots_32[slot];
	case TABLE_PDPT:
		return pdpt_offsets[model_random(m, ARRAY_SIZE(pdpt_offsets))] +
		       8 * (u32)slot;
	default:
		return 8 * model_slots_64[slot];
	}
}

enum table_kind guest_random_kind(struct model *m)
{
	if (chance(m, 15))
		return model_random(m, 3);
	return reference_mode(&m->ref) == MODE_32BIT ? TABLE_32 : TABLE_64;
}

u64 guest_random_cr3(struct model *m)
{
	enum reference_mode mode = reference_mode(&m->ref);
	gpa_t table;

	if (chance(m, 3))
		return model_random(m, BIT(m->config.maxphyaddr)) & PAGE_MASK;
	switch (mode) {
	case MODE_PAE:
		table = guest_table(m, TABLE_PDPT) << PAGE_SHIFT;
		return table +
		       pdpt_offsets[model_random(m, ARRAY_SIZE(pdpt_offsets))];
	case MODE_32BIT:
		table = guest_table(m, TABLE_32) << PAGE_SHIFT;
		break;
	default:
		table = guest_table(m, TABLE_64) << PAGE_SHIFT;
		break;
	}
	return table | (chance(m, 10) ? PTE_PWT | PTE_PCD : 0);
}

/* --- Beginning ------------------------------------------------------------- */

static void write_entry(struct model *m, gpa_t gpa, u64 entry, size_t size)
{
	memcpy(world_ram(&m->world, gpa), &entry, size);
	memcpy(world_mirror(&m->world, gpa), &entry, size);
}

static void fill_table(struct model *m, gfn_t gfn, enum table_kind kind)
{
	gpa_t gpa = gfn << PAGE_SHIFT;

	for (u32 i = 0; kind != TABLE_PDPT && i < MODEL_SLOTS; i++)
		if (kind == TABLE_32)
			write_entry(m, gpa + 4 * model_slots_32[i],
				    guest_random_entry(m, kind), 4);
		else
			write_entry(m, gpa + 8 * model_slots_64[i],
				    guest_random_entry(m, kind), 8);
	for (u32 i = 0; kind == TABLE_PDPT && i < ARRAY_SIZE(pdpt_offsets); i++)
		for (u32 j = 0; j < PAE_PDPTES; j++)
			write_entry(m, gpa + pdpt_offsets[i] + 8 * j,
				    guest_random_entry(m, kind), 8);
}

static void random_memory(struct model *m)
{
	world_reset(&m->world);
	for (u32 i = 0; i < WORLD_NAMED; i++)
		fill_table(m, world_named(i), TABLE_64);
	for (u32 i = 0; i < ARRAY_SIZE(tables_32); i++)
		fill_table(m, tables_32[i], TABLE_32);
	for (u32 i = 0; i < ARRAY_SIZE(pdpts); i++)
		fill_table(m, pdpts[i], TABLE_PDPT);
}

static void random_config(struct model *m)
{
	static const u8 widths[] = { 36, 39, 46, 51, 52 };
	struct mmu_config *c = &m->config;

	c->gfn_count = WORLD_GFN_COUNT;
	c->maxphyaddr = widths[model_random(m, ARRAY_SIZE(widths))];
	c->gigabyte_pages = chance(m, 50);
	m->cpu.pks = chance(m, 70);
	c->leaf_trap_present = (c->maxphyaddr < 52 || m->cpu.pks) &&
			       chance(m, 95);
	c->filter_works = chance(m, 95);
	c->user_filter_works = c->filter_works && c->leaf_trap_present &&
			       c->maxphyaddr < 52 && chance(m, 95);
	c->targets = chance(m, 90) ? 1 + model_random(m, MMU_TARGETS_MAX) : 0;
	/* Few pages, which run out; or more, for linking ahead. */
	c->shadow_pages = chance(m, 60)
				  ? MMU_MIN_SHADOW_PAGES + model_random(m, 9)
				  : 36 + model_random(m, 28);
	state_random_policy(m, &c->policy);
	/* Any types of INVVPID, among them one of a whole context. */
	m->ept_vpid = EPT_VPID_CAP_INVVPID |
		      EPT_VPID_CAP_TYPE(0) * model_random(m, 16) |
		      EPT_VPID_CAP_TYPE(INVVPID_CONTEXT + model_random(m, 2));
}

void guest_begin(struct model *m, u64 seed)
{
	m->rng = seed;
	m->ref = (struct reference){ .efer = EFER_LMA };
	m->mmu_cpu.efer = EFER_NXE;
	m->guarded = chance(m, 30);
	random_config(m);
	random_memory(m);
	machine_create(m);
	memset(m->recent, 0, sizeof(m->recent));
	m->steps = 0;
}

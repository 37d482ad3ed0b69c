/* SPDX-License-Identifier: MIT */
/*
 * The steps of the guest, the devices and the processor, one at a time. All of
 * a step comes from its own seed, so that a failing run can be shortened by
 * leaving steps out.
 */
#include <string.h>

#include "tests/model/access.h"

/* A place in a table's used slots; misaligned in some cases. */
static gpa_t random_table_place(struct model *m, enum table_kind kind,
				bool aligned)
{
	gpa_t gpa = (guest_table(m, kind) << PAGE_SHIFT) +
		    guest_random_offset(m, kind);

	if (aligned)
		return gpa;
	return gpa + model_random(m, 23) - MIN(gpa & ~PAGE_MASK, 15ULL);
}

/* A guest's change of an entry: makes it, clears it, or turns a flag. */
static u64 new_entry(struct model *m, enum table_kind kind, gpa_t gpa)
{
	static const u64 flags[] = { PTE_P, PTE_W,  PTE_U,	  PTE_A,
				     PTE_D, PTE_NX, PTE_A | PTE_D };
	const u8 *at = world_mirror(&m->world, gpa);
	u64 old = 0;

	if (at)
		memcpy(&old, at, kind == TABLE_32 ? sizeof(u32) : sizeof(u64));
	switch (model_random(m, 8)) {
	case 0:
		return 0;
	case 1:
	case 2:
	case 3:
		return old ^ flags[model_random(m, ARRAY_SIZE(flags))];
	default:
		return guest_random_entry(m, kind);
	}
}

static void step_write_entry(struct model *m)
{
	enum table_kind kind = guest_random_kind(m);
	gpa_t gpa = random_table_place(m, kind, true);
	u64 entry = new_entry(m, kind, gpa);

	model_log(m, "entry %#lx = %#lx", gpa, entry);
	model_store(m, gpa, &entry, kind == TABLE_32 ? 4 : 8);
}

static void step_write_bytes(struct model *m)
{
	gpa_t gpa = random_table_place(m, guest_random_kind(m), false);
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
	gpa_t gpa = random_table_place(m, guest_random_kind(m), chance(m, 70));
	const u8 *at;
	u8 old[16], new[16];

	if ((gpa & ~PAGE_MASK) + len > PAGE_SIZE)
		gpa = (gpa & PAGE_MASK) + PAGE_SIZE - len;
	memset(old, 0xff, sizeof(old));
	at = world_mirror(&m->world, gpa);
	if (at)
		memcpy(old, at, len);
	if (chance(m, 25))
		old[model_random(m, len)] ^= 1 << model_random(m, 8);
	model_random_bytes(m, new);
	model_log(m, "cmpxchg %#lx, %zu bytes to %016lx", gpa, len,
		  *(u64 *)new);
	model_cmpxchg(m, gpa, old, new, len);
}

static void invlpg(struct model *m, u32 page)
{
	gva_t gva = model_page_gva(m, page);

	model_log(m, "invlpg %#lx", gva);
	/* If INVLPG does not exit, the processor does it all. */
	if (mmu_needs_invlpg(m->mmu))
		mmu_invlpg(&m->mmu_cpu, gva);
	else
		processor_invlpg(&m->cpu, gva);
	if (reference_mode(&m->ref) != MODE_UNPAGED)
		history_invlpg(m, gva);
}

static void step_invlpg(struct model *m)
{
	invlpg(m, model_random_page(m));
}

/*
 * A kernel's usual step: it changes one of the entries for a page in use, and
 * flushes the page. Its neighbours, which may be in the same large page, were
 * in use, too, and are used again.
 */
static void step_remap(struct model *m)
{
	u32 page = model_random_page(m);
	struct reference_walk w =
		reference_walk(&m->ref, model_page_gva(m, page), 0);
	u32 size = reference_entry_size(&m->ref);
	enum table_kind kind = size == 4 ? TABLE_32 : TABLE_64;
	gpa_t gpa;
	u64 entry;

	if (!w.depth)
		return;
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		model_access_page(m, page ^ i);
	gpa = w.entry[model_random(m, w.depth)];
	if (world_mirror(&m->world, gpa)) {
		entry = new_entry(m, kind, gpa);
		model_log(m, "remap: entry %#lx = %#lx", gpa, entry);
		model_store(m, gpa, &entry, size);
	}
	invlpg(m, page);
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		model_access_page(m, page ^ i);
}

/*
 * Finds a page that maps a frame which is a shadowed table; false: none found.
 */
static bool find_table(struct model *m, u32 *page, gfn_t *gfn)
{
	for (u32 tries = 0; tries < 24; tries++) {
		struct reference_walk w;

		*page = model_random(m, model_pages(m));
		w = reference_walk(&m->ref, model_page_gva(m, *page), 0);
		*gfn = w.gpa >> PAGE_SHIFT;
		if (w.mapped && world_frame(*gfn) >= 0 &&
		    m->mmu->frames[*gfn].shadowed)
			return true;
	}
	return false;
}

/* Writes an entry of the guest's table @gfn, which @page maps. */
static void write_in_burst(struct model *m, u32 page, gfn_t gfn, u64 offset)
{
	u32 size = reference_entry_size(&m->ref);
	enum table_kind kind = size == 4 ? TABLE_32 : TABLE_64;
	u64 entry = new_entry(m, kind, (gfn << PAGE_SHIFT) | offset);

	model_write_page(m, page, offset, &entry, size);
}

/*
 * A kernel that forks, maps or unmaps: it writes several entries of a
 * table in a row, and uses some in between, or none. The burst may go on at the
 * beginning of another table.
 */
static void step_burst(struct model *m)
{
	u32 size = reference_entry_size(&m->ref), page;
	enum table_kind kind = size == 4 ? TABLE_32 : TABLE_64;
	gfn_t gfn;

	if (!find_table(m, &page, &gfn))
		return;
	for (u64 n = 2 + model_random(m, 6); n; n--) {
		write_in_burst(m, page, gfn, guest_random_offset(m, kind));
		if (chance(m, 15))
			model_access_page(m, model_random_page(m));
	}
	if (chance(m, 50)) {
		write_in_burst(m, page, gfn, PAGE_SIZE - size);
		if (find_table(m, &page, &gfn))
			write_in_burst(m, page, gfn, 0);
	}
	for (u64 n = model_random(m, 4); n; n--)
		model_access_page(m, model_random_page(m));
}

static void step_unshadow(struct model *m)
{
	gfn_t gfn = guest_table(m, guest_random_kind(m));

	model_log(m, "unshadow %#lx", gfn);
	mmu_unshadow(&m->mmu_cpu, gfn);
	if (m->mmu->frames[gfn].shadowed)
		model_fail(m, "frame %#lx is still shadowed", gfn);
}

/* Moves a device's page: it covers RAM now, and uncovers its earlier place. */
static void step_move_device(struct model *m)
{
	gfn_t gfn = HFN_NONE;

	if (chance(m, 50))
		gfn = chance(m, 50) ? guest_table(m, guest_random_kind(m))
				    : world_named(model_random(m, WORLD_NAMED));
	model_log(m, "the device moves to %#lx", gfn);
	world_move_device(gfn);
	mmu_frames_changed(&m->mmu_cpu);
	history_flush(m);
}

static void step_speculate(struct model *m)
{
	model_enter(m);
	for (u64 n = 1 + model_random(m, 12); n; n--)
		processor_speculate(&m->cpu,
				    model_page_gva(m, model_random_page(m)));
}

static const struct {
	u32 weight;
	void (*run)(struct model *m);
} steps[] = {
	{ 550, model_access },	  { 100, step_write_entry },
	{ 30, step_write_bytes }, { 25, step_cmpxchg },
	{ 60, step_invlpg },	  { 110, step_speculate },
	{ 20, step_remap },	  { 30, model_operand },
	{ 15, model_fetch },	  { 12, state_change },
	{ 4, step_unshadow },	  { 2, state_change_policy },
	{ 5, state_dirty_log },	  { 20, step_burst },
	{ 3, step_move_device },  { 6, state_switch },
};

void model_step(struct model *m, u64 seed)
{
	u64 n;

	m->rng = seed;
	if (!m->ref.cr0)
		state_begin(m);
	n = model_random(m, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (n < steps[i].weight) {
			steps[i].run(m);
			break;
		}
		n -= steps[i].weight;
		if (i == ARRAY_SIZE(steps) - 1)
			state_load_cr3(m);
	}
	/* A look at all 512 slots at each step would take too long. */
	model_check(m, m->steps++ % 64 == 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Writes to the guest's memory, and to the mirror that has the right contents.
 */
#include <string.h>

#include "tests/model/access.h"

void model_random_bytes(struct model *m, u8 data[16])
{
	enum table_kind kind = guest_random_kind(m);
	u64 entries[2] = { guest_random_entry(m, kind),
			   guest_random_entry(m, kind) };

	memcpy(data, entries, 16);
}

void model_mark_dirty(struct model *m, gpa_t gpa)
{
	m->world.dirty[gpa >> PAGE_SHIFT] = true;
}

/* Returns true if a table at this place has an entry that is used. */
static bool hits_slots(u64 offset, size_t len)
{
	for (u32 i = 0; i < MODEL_SLOTS; i++)
		if ((offset < 8 * model_slots_64[i] + 8U &&
		     offset + len > 8 * model_slots_64[i]) ||
		    (offset < 4 * model_slots_32[i] + 4U &&
		     offset + len > 4 * model_slots_32[i]))
			return true;
	return false;
}

void model_mirror_store(struct model *m, gpa_t gpa, const u8 *data, size_t len)
{
	u8 *to = world_mirror(&m->world, gpa);

	if (!to)
		return;
	memcpy(to, data, len);
	model_mark_dirty(m, gpa);
	if (hits_slots(gpa & ~PAGE_MASK, len))
		history_note(m);
}

void model_store(struct model *m, gpa_t gpa, const void *data, size_t len)
{
	u64 updates = m->mmu->stats.updates, splits = m->mmu->stats.splits;
	size_t part = MIN(len, PAGE_SIZE - (gpa & ~PAGE_MASK));

	model_mirror_store(m, gpa, data, part);
	if (len > part)
		model_mirror_store(m, gpa + part, (const u8 *)data + part,
				   len - part);
	mmu_write(&m->mmu_cpu, gpa, data, len);
	if (m->mmu->stats.updates != updates)
		model_count(m, EVENT_UPDATED);
	if (m->mmu->stats.splits != splits)
		model_count(m, EVENT_SPLIT);
}

void model_cmpxchg(struct model *m, gpa_t gpa, const u8 *old, const u8 *new,
		   size_t len)
{
	const u8 *at = world_mirror(&m->world, gpa);
	bool equal = !at || !memcmp(at, old, len);

	if (equal)
		model_mirror_store(m, gpa, new, len);
	if (mmu_cmpxchg(&m->mmu_cpu, gpa, old, new, len) != equal)
		model_fail(m, "mmu_cmpxchg does not say %d", equal);
}

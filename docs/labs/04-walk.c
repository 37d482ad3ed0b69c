/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 4. `make lab N=4` puts it into the tree. */

/* In mmu/walk.c: */

static bool set_accessed_dirty(const struct mmu_cpu *cpu,
			       struct guest_walk *walk, bool write)
{
	enum paging_mode mode = cpu->format.mode;

	for (u8 level = walk->first; level >= walk->level; level--) {
		u64 old = walk->pte[level];
		u64 new = old;

		/* Lab 4, step 5: the flags that this walk sets in @new. */
		if (new == old)
			continue;
		if (!exchange_entry(cpu->mmu, mode, walk->table[level],
				    gpte_index(mode, walk->gva, level), old,
				    new))
			return false;
		walk->pte[level] = new;
	}
	return true;
}

static void descend(const struct mmu_cpu *cpu, struct guest_walk *walk,
		    u32 access)
{
	struct gpt_format format = cpu->format;

	for (u8 level = walk->first; level; level--) {
		u64 pte = read_entry(cpu->mmu, format.mode, walk->table[level],
				     gpte_index(format.mode, walk->gva, level));

		walk->level = level;
		walk->pte[level] = pte;
		/* Lab 4, steps 1 to 4: fault, go on to the next level, or end. */
		walk->status = WALK_OK;
		return;
	}
}

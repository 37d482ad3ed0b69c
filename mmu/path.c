/* SPDX-License-Identifier: MIT */
/*
 * The way of an address through the shadow tables, as the processor goes it. An
 * exit needs it for the address that faulted and for the code at RIP, and the
 * next exit often needs the same two. So the last ways are kept, as in a TLB.
 * They end where a TABLE is taken down or a page is given up. A flush alone
 * does not end them: most flushes are for a frame that becomes a table.
 */
#include "mmu/shadow.h"

void shadow_path_go(const struct mmu_cpu *cpu, gva_t gva,
		    struct shadow_path *end)
{
	const struct mmu *mmu = cpu->mmu;
	struct shadow_page *sp = cpu->root;
	u8 level = sp->role.level;
	u64 all = ~0ULL;

	for (;; level--) {
		u32 slot = pt_index(gva, level);

		if (!spte_is_table(sp->spt[slot], level))
			break;
		all &= sp->spt[slot] ^ PTE_NX;
		sp = &mmu->pages[sp->links[slot].target];
	}
	end->sp = sp;
	end->level = level;
	/* If the root carries no rights, no entry below it does. */
	end->rights = cpu->root->carries_rights ? spte_rights(all ^ PTE_NX)
						: ACCESS_ALL;
	end->region = path_region(gva);
	end->root = cpu->root;
	end->unlinked = mmu->tables_unlinked;
}

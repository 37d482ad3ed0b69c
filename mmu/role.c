/* SPDX-License-Identifier: MIT */
/*
 * Consequences of the state of the processor: the format of the guest's tables,
 * the role of the pages that shadow them, and the value of an entry before it
 * is filled.
 */
#include "mmu/mmu.h"
#include "mmu/role.h"
#include "mmu/shadow.h"

static union shadow_role root_role(const struct mmu_cpu *cpu)
{
	enum paging_mode mode = cpu->format.mode;
	bool cache = cpu->mmu->policy.cache, paged = mode != PAGING_NONE;
	union shadow_role role = {
		.level = mode == PAGING_4LEVEL ? PT_LEVELS : PAE_ROOT_LEVEL,
		.mode = mode,
		.tableless = mode != PAGING_4LEVEL || !cache,
		.private = paged && !cache,
		.access = ACCESS_ALL,
		.dirty = !paged,
	};

	if (paged) {
		role.wp = !!(cpu->cr0 & CR0_WP);
		role.nxe = cpu->format.nxe;
		role.pse = mode == PAGING_32BIT && (cpu->cr4 & CR4_PSE);
		role.smep = !!(cpu->cr4 & CR4_SMEP);
		role.smap = !!(cpu->cr4 & CR4_SMAP);
	}
	return role;
}

void mmu_derive_top(struct mmu_cpu *cpu)
{
	cpu->top_gfn = (cpu->cr3 & cpu->top_mask) >> PAGE_SHIFT;
}

void mmu_derive_state(struct mmu_cpu *cpu)
{
	const struct mmu_config *config = &cpu->mmu->config;
	enum paging_mode mode = paging_mode(cpu->cr0, cpu->cr4, cpu->efer);

	/* EFER.NXE is without effect on 32-bit paging (4.1.1). */
	cpu->format = gpt_format(
		mode, (cpu->efer & EFER_NXE) && mode >= PAGING_PAE,
		cpu->cr4 & CR4_PSE, config->gigabyte_pages, config->maxphyaddr);
	cpu->role = root_role(cpu);
	/* 32-bit paging takes 32 bits of CR3 (SDM vol. 3A, table 4-3). */
	cpu->top_mask = mode == PAGING_4LEVEL ? PTE_ADDR_MASK : BITS(31, 12);
	cpu->state_is_new = true;
	mmu_derive_top(cpu);
}

bool mmu_bypasses(const struct mmu *mmu, union shadow_role role)
{
	/*
	 * An unpaged guest has no page faults of its own, and the PDPTEs of its
	 * root can't be TRAP: all of its faults are Umbra's. If guest tables
	 * are not cached, nothing tells Umbra that an absent entry has become
	 * present: then all faults must exit, too.
	 */
	return mmu->policy.bypass && mmu->policy.cache &&
	       mmu->config.filter_works && role.mode != PAGING_NONE &&
	       (role.mode != PAGING_4LEVEL || !role.nxe ||
		mmu->config.leaf_trap_present);
}

/* Only a PTE of 4-level paging with NXE=1 may have no reserved bit: spte.h. */
bool spte_trap_is_present(const struct mmu *mmu, union shadow_role role)
{
	return role.level > 1 || role.mode != PAGING_4LEVEL || !role.nxe ||
	       mmu->config.leaf_trap_present;
}

/* Returns the value of an entry that is not filled; @present: the guest's P. */
static u64 unfilled(const struct mmu *mmu, union shadow_role role, bool present)
{
	/* The processor loads PDPTEs at VM entry and refuses reserved bits. */
	if (role_is_pae_root(role))
		return SPTE_ABSENT_VALUE;
	if (!present && mmu_bypasses(mmu, role))
		return SPTE_ABSENT_VALUE;
	return spte_trap(spte_trap_is_present(mmu, role));
}

struct gpt_format role_format(const struct mmu *mmu, union shadow_role role)
{
	return gpt_format(role.mode, role.nxe, role.pse,
			  mmu->config.gigabyte_pages, mmu->config.maxphyaddr);
}

void shadow_page_set_role(const struct mmu *mmu, struct shadow_page *sp,
			  union shadow_role role)
{
	/* Most often the page has had this role before. */
	if (sp->role.word == role.word)
		return;
	sp->role = role;
	sp->format = role_format(mmu, role);
	sp->unfilled[0] = unfilled(mmu, role, false);
	sp->unfilled[1] = unfilled(mmu, role, true);
	/* With NXE=0 bit 63 is reserved. */
	sp->leaf_taken = (role.access & ACCESS_W ? PTE_W : 0) |
			 (role.access & ACCESS_U ? PTE_U : 0) |
			 (role.nxe ? PTE_NX : 0);
	sp->leaf_set = PTE_P |
		       (role.nxe && !(role.access & ACCESS_X) ? PTE_NX : 0);
	sp->words = role.level == 1 && role.mode != PAGING_32BIT;
	sp->bypasses = mmu_bypasses(mmu, role);
	/*
	 * The processor always runs with CR0.WP=1. It combines the rights of
	 * the entries as the guest's processor would if the guest's CR0.WP is 1.
	 */
	sp->carries_rights = mmu->policy.cheap && role.mode == PAGING_4LEVEL &&
			     role.wp && !role.private;
}

/*
 * With CR0.WP=0 the supervisor may write a read-only page of the user's. A LEAF
 * allows that with W=1 and U=0, and for SMEP without X (see leaf_rights). With
 * NXE=0 X can't be taken, and a page with U=0 is not guarded by SMAP: in these
 * two cases the write is emulated.
 */
bool no_entry_allows(const struct mmu_cpu *cpu, const struct guest_walk *walk)
{
	union shadow_role role = cpu->role;

	return role.mode != PAGING_NONE && !role.wp &&
	       (role.smap || (role.smep && !role.nxe)) &&
	       (walk->access[walk->level] & (ACCESS_W | ACCESS_U)) == ACCESS_U;
}

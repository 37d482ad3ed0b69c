/* SPDX-License-Identifier: MIT */
#include "mmu/role.h"
#include "mmu/shadow.h"
#include "mmu/view/view.h"
#include "mmu/walk.h"

/* A read that no right forbids, nor SMAP (SDM vol. 3A, 4.6.1). */
#define ANY_READ WALK_AC

static void view_shadow(const struct mmu_cpu *cpu, gva_t gva,
			struct mmu_view *view)
{
	const struct shadow_page *sp = cpu->root;
	u32 slot;
	u8 level;

	view->shadow_top = view->shadow_level = sp ? sp->role.level : 0;
	for (; sp; sp = spte_child(cpu->mmu, sp, slot)) {
		level = view->shadow_level = sp->role.level;
		slot = pt_index(gva, level);
		view->spte[level] = sp->spt[slot];
		view->kind[level] = spte_kind(sp->spt[slot], level);
		if (view->kind[level] != SPTE_TABLE)
			return;
	}
}

void mmu_view(const struct mmu_cpu *cpu, gva_t gva, struct mmu_view *view)
{
	/* Outside of long mode addresses have 32 bits. */
	if (cpu->format.mode != PAGING_4LEVEL)
		gva = (u32)gva;
	guest_walk_look(cpu, gva, ANY_READ, &view->guest);
	view->guest_top = cpu->format.mode == PAGING_NONE
				  ? 0
				  : paging_top_level(cpu->format.mode);
	view_shadow(cpu, gva, view);
}

/*
 * The processor's check of rights. It runs with CR0.WP=1. For an unpaged guest
 * the shadow denies only writes.
 */
static bool hardware_permits(const struct mmu_cpu *cpu, u8 rights, u32 access)
{
	struct mmu_cpu hardware = *cpu;

	hardware.cr0 |= CR0_WP;
	if (cpu->format.mode == PAGING_NONE)
		return !(access & PFEC_W) || (rights & ACCESS_W);
	return access_permitted(&hardware, rights, access);
}

/* Returns true if the access faults in the shadow; sets the error code. */
static bool shadow_faults(const struct mmu_cpu *cpu,
			  const struct mmu_view *view, u32 access, u32 *code)
{
	u8 level = view->shadow_level, top = view->shadow_top;
	u8 rights = ACCESS_ALL;

	*code = access & (PFEC_W | PFEC_U | PFEC_I);
	if (view->kind[level] != SPTE_LEAF) {
		if (view->spte[level] & PTE_P)
			*code |= PFEC_P | PFEC_RSVD;
		return true;
	}
	/* A PDPTE has no rights (SDM vol. 3A, table 4-8). */
	if (top == PAE_ROOT_LEVEL)
		top--;
	for (; level <= top; level++)
		rights &= spte_rights(view->spte[level]);
	*code |= PFEC_P;
	return !hardware_permits(cpu, rights, access);
}

enum mmu_outcome mmu_view_access(const struct mmu_cpu *cpu,
				 const struct mmu_view *view, u32 access,
				 u32 *error_code)
{
	const struct mmu *mmu = cpu->mmu;
	struct mmu_filter filter = mmu_filter(cpu);
	struct guest_walk walk;
	u32 code;
	gfn_t gfn;

	guest_walk_look(cpu, view->guest.gva, access, &walk);
	*error_code = walk.error_code;
	if (!shadow_faults(cpu, view, access, &code))
		return OUTCOME_HIT;
	if (!mmu_filter_exits(&filter, code))
		return OUTCOME_BYPASS;
	if (walk.status != WALK_OK)
		return OUTCOME_INJECT;
	gfn = walk.gpa >> PAGE_SHIFT;
	if (!mmu_map_gfn(mmu, gfn))
		return OUTCOME_DEVICE;
	if ((access & PFEC_W) &&
	    (no_entry_allows(cpu, &walk) || mmu->frames[gfn].shadowed))
		return OUTCOME_TABLE_WRITE;
	return OUTCOME_FILL;
}

bool mmu_has_address(const struct mmu_cpu *cpu, gva_t gva)
{
	/* SDM vol. 1, 3.3.7.1. */
	return cpu->format.mode == PAGING_4LEVEL
		       ? (gva_t)((s64)(gva << 16) >> 16) == gva
		       : !(gva >> 32);
}

size_t mmu_peek(const struct mmu_cpu *cpu, gva_t gva, void *buf, size_t len)
{
	struct guest_walk walk;
	size_t done = 0, part;

	for (; done < len; done += part) {
		gva_t at = gva + done;

		if (at < gva || !mmu_has_address(cpu, at))
			break;
		guest_walk_look(cpu, at, ANY_READ, &walk);
		if (walk.status != WALK_OK ||
		    !mmu_map_gfn(cpu->mmu, walk.gpa >> PAGE_SHIFT))
			break;
		part = MIN(len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		mmu_read(cpu->mmu, walk.gpa, (u8 *)buf + done, part);
	}
	return done;
}

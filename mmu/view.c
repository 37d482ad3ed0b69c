/* SPDX-License-Identifier: MIT */
#include "mmu/shadow.h"
#include "mmu/view.h"

/* Reads that no right forbids, SMAP included (SDM vol. 3A, 4.6.1). */
#define ANY_READ WALK_AC

static void view_shadow(const struct mmu_vcpu *vcpu, gva_t gva,
			struct mmu_view *view)
{
	const struct shadow_page *sp = vcpu->root;
	u32 slot;
	u8 level;

	view->shadow_top = view->shadow_level = sp ? sp->role.level : 0;
	for (; sp; sp = spte_child(vcpu->mmu, sp, slot)) {
		level = view->shadow_level = sp->role.level;
		slot = pt_index(gva, level);
		view->spte[level] = sp->spt[slot];
		view->kind[level] = spte_kind(sp->spt[slot], level);
		if (view->kind[level] != SPTE_TABLE)
			return;
	}
}

void mmu_view(const struct mmu_vcpu *vcpu, gva_t gva, struct mmu_view *view)
{
	/* Outside of long mode addresses have 32 bits; a PAE root ends there. */
	if (vcpu->format.mode != PAGING_4LEVEL)
		gva = (u32)gva;
	guest_walk_look(vcpu, gva, ANY_READ, &view->guest);
	view->guest_top = vcpu->format.mode == PAGING_NONE
				  ? 0
				  : paging_top_level(vcpu->format.mode);
	view_shadow(vcpu, gva, view);
}

size_t mmu_peek(const struct mmu_vcpu *vcpu, gva_t gva, void *buf, size_t len)
{
	struct guest_walk walk;
	size_t done = 0, part;

	for (; done < len; done += part) {
		gva_t at = gva + done;

		guest_walk_look(vcpu, at, ANY_READ, &walk);
		if (walk.status != WALK_OK)
			break;
		part = MIN(len - done, PAGE_SIZE - (at & ~PAGE_MASK));
		mmu_read(vcpu->mmu, walk.gpa, (u8 *)buf + done, part);
	}
	return done;
}

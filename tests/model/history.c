/* SPDX-License-Identifier: MIT */
/*
 * What the guest's tables permit, and have permitted at some moment since the
 * guest last flushed an address: what a processor may still know (invariant 2).
 */
#include "tests/model/model.h"

gva_t model_page_gva(const struct model *m, u32 page)
{
	static const u32 odd[] = { 100,	   511,	    528,     1030,
				   0x3fff, 0x40000, 0x80001, 0xfffff };
	gva_t gva = 0;

	if (!(m->vcpu.cr0 & CR0_PG))
		return (page < MODEL_FRAMES ? model_gfn(page)
					    : odd[page - MODEL_FRAMES])
		       << PAGE_SHIFT;
	for (int level = 3; level >= 0; level--)
		gva = gva << 9 | model_slots[page >> (2 * level) & 3];
	gva <<= PAGE_SHIFT;
	/* Canonical. */
	return gva & BIT(47) ? gva | BITS(63, 48) : gva;
}

/* Returns false if there is no more room. */
static bool add(struct history *h, const struct reference_walk *w)
{
	struct permit now = { .gfn = w->gpa >> PAGE_SHIFT,
			      .shift = w->shift,
			      .w = w->w,
			      .u = w->u,
			      .x = w->x,
			      .dirty = w->dirty };

	for (u32 i = 0; i < h->count; i++) {
		const struct permit *p = &h->permits[i];

		if (p->gfn == now.gfn && p->shift == now.shift &&
		    p->w == now.w && p->u == now.u && p->x == now.x &&
		    p->dirty == now.dirty)
			return true;
	}
	if (h->count == HISTORY_MAX)
		return false;
	h->permits[h->count++] = now;
	return true;
}

static void forget(struct model *m)
{
	for (u32 page = 0; page < MODEL_PAGED_PAGES; page++)
		m->history[page].count = 0;
}

void history_note(struct model *m)
{
	u32 span;

	if (!(m->vcpu.cr0 & CR0_PG))
		return;
	for (u32 page = 0; page < MODEL_PAGED_PAGES; page += span) {
		struct reference_walk w =
			reference_walk(&m->ref, model_page_gva(m, page), 0);

		span = 1;
		if (!w.mapped) /* nor is any page below the same entry */
			span = 1U << 2 * (w.level - 1);
		else if (w.accessed && !add(&m->history[page], &w)) {
			/* Too long to remember: the guest flushes. */
			model_log(m, "    the guest reloads CR3");
			mmu_set_state(&m->vcpu, m->vcpu.cr0, m->vcpu.cr3,
				      m->vcpu.cr4, m->vcpu.efer, NULL);
			forget(m);
			span = page = 0;
		}
	}
}

void history_flush(struct model *m)
{
	forget(m);
	history_note(m);
}

/* INVLPG drops all of a large page (SDM vol. 3A, 4.10.4.1). */
void history_invlpg(struct model *m, gva_t gva)
{
	for (u32 page = 0; page < MODEL_PAGED_PAGES; page++) {
		struct history *h = &m->history[page];
		gva_t differs = model_page_gva(m, page) ^ gva;
		u32 kept = 0;

		for (u32 i = 0; i < h->count; i++)
			if (differs >> h->permits[i].shift)
				h->permits[kept++] = h->permits[i];
		h->count = kept;
	}
	history_note(m);
}

bool history_permits(const struct model *m, u32 page, gfn_t gfn, u32 access)
{
	const struct history *h = &m->history[page];

	for (u32 i = 0; i < h->count; i++) {
		const struct permit *p = &h->permits[i];
		struct reference_walk w = { .w = p->w, .u = p->u, .x = p->x };

		if (p->gfn == gfn && (p->dirty || !(access & PFEC_W)) &&
		    reference_permits(&m->ref, &w, access))
			return true;
	}
	return false;
}

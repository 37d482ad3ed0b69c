/* SPDX-License-Identifier: MIT */
/*
 * The accesses that the guest's tables permit, or have permitted at some moment
 * since the guest last flushed an address: a processor may still know them
 * (invariant 2).
 */
#include "tests/model/model.h"

static const u32 odd_pages[] = { 100,	 511,	  528,	   1030,
				 0x3fff, 0x40000, 0x80001, 0xfffff };

u32 model_pages(const struct model *m)
{
	switch (reference_mode(&m->ref)) {
	case MODE_UNPAGED:
		return WORLD_NAMED + ARRAY_SIZE(odd_pages);
	case MODE_32BIT:
		return MODEL_SLOTS * MODEL_SLOTS;
	case MODE_PAE:
		return 4 * MODEL_SLOTS * MODEL_SLOTS;
	case MODE_4LEVEL:
		break;
	}
	return MODEL_PAGES;
}

/* A page's number has two bits for each level: the index of the used slot. */
gva_t model_page_gva(const struct model *m, u32 page)
{
	u16 pte_64 = model_slots_64[page & 3],
	    pte_32 = model_slots_32[page & 3];
	u16 pde_64 = model_slots_64[page >> 2 & 3];
	u16 pde_32 = model_slots_32[page >> 2 & 3];
	gva_t gva = 0;

	switch (reference_mode(&m->ref)) {
	case MODE_UNPAGED:
		gva = page < WORLD_NAMED ? world_named(page)
					 : odd_pages[page - WORLD_NAMED];
		return gva << 12;
	case MODE_32BIT:
		return (gva_t)pde_32 << 22 | (gva_t)pte_32 << 12;
	case MODE_PAE:
		return (gva_t)page >> 4 << 30 | (gva_t)pde_64 << 21 |
		       (gva_t)pte_64 << 12;
	case MODE_4LEVEL:
		gva = (gva_t)model_slots_64[page >> 6 & 3] << 39 |
		      (gva_t)model_slots_64[page >> 4 & 3] << 30 |
		      (gva_t)pde_64 << 21 | (gva_t)pte_64 << 12;
		/* Canonical. */
		return gva & BIT(47) ? gva | BITS(63, 48) : gva;
	}
	return gva;
}

/* Returns false if there is no more room. */
static bool add_permit(struct history *h, const struct reference_walk *w)
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

static void forget_permits(struct model *m)
{
	for (u32 page = 0; page < MODEL_PAGES; page++)
		m->history[page].count = 0;
}

void history_note(struct model *m)
{
	u32 span;

	if (reference_mode(&m->ref) == MODE_UNPAGED)
		return;
	for (u32 page = 0; page < model_pages(m); page += span) {
		struct reference_walk w =
			reference_walk(&m->ref, model_page_gva(m, page), 0);

		span = 1;
		if (!w.mapped) /* no page below the same entry is, either */
			span = 1U << 2 * (w.level - 1);
		else if (w.accessed && !add_permit(&m->history[page], &w)) {
			/* The history is full: the guest flushes. */
			model_log(m, "    the guest flushes all");
			mmu_set_state(&m->mmu_cpu, m->ref.cr0, m->ref.cr3,
				      m->ref.cr4, m->ref.efer, NULL);
			forget_permits(m);
			span = page = 0;
		}
	}
}

void history_flush(struct model *m)
{
	forget_permits(m);
	history_note(m);
}

/* INVLPG drops all of a large page (SDM vol. 3A, 4.10.4.1). */
void history_invlpg(struct model *m, gva_t gva)
{
	for (u32 page = 0; page < model_pages(m); page++) {
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

void history_fault(struct model *m, u32 page)
{
	m->history[page].count = 0;
	history_note(m);
}

bool history_permits(const struct model *m, u32 page, gfn_t gfn, u32 kind)
{
	const struct history *h = &m->history[page];

	for (u32 i = 0; i < h->count; i++) {
		const struct permit *p = &h->permits[i];
		struct reference_walk w = { .w = p->w, .u = p->u, .x = p->x };

		if (p->gfn == gfn && (p->dirty || !(kind & PFEC_W)) &&
		    reference_permits(&m->ref, &w, kind))
			return true;
	}
	return false;
}

bool history_denies(const struct model *m, u32 page, u32 kind)
{
	const struct history *h = &m->history[page];

	for (u32 i = 0; i < h->count; i++) {
		const struct permit *p = &h->permits[i];
		struct reference_walk w = { .w = p->w, .u = p->u, .x = p->x };

		if (!reference_permits(&m->ref, &w, kind))
			return true;
	}
	return false;
}

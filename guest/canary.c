/* SPDX-License-Identifier: MIT */
/* Canaries: see canary.h. */
#include "guest/canary.h"

/* Each word is its own address, changed by this so as not to look like one. */
#define PATTERN 0xca5cade5ca5cade5ULL

#define PAGE_WORDS (PAGE_SIZE / sizeof(u64))

static u64 list_pages(u64 frames, u64 stride)
{
	return ALIGN_UP((frames / stride + 1) * sizeof(hfn_t), PAGE_SIZE) >>
	       PAGE_SHIFT;
}

u64 canaries_memory(u64 frames, u64 stride)
{
	return (list_pages(frames, stride) + frames / stride + 1) << PAGE_SHIFT;
}

static u64 word_at(hfn_t hfn, u64 i)
{
	return ((hfn << PAGE_SHIFT) + i * sizeof(u64)) ^ PATTERN;
}

bool canaries_plant(struct canaries *canaries, struct guest_memory *gm,
		    u64 stride)
{
	*canaries = (struct canaries){ .ops = gm->ops };
	canaries->hfn = gm->ops->alloc(list_pages(gm->gfn_count, stride));
	if (!canaries->hfn)
		return false;
	for (gfn_t gfn = stride / 2; gfn < gm->gfn_count; gfn += stride) {
		hfn_t hfn = guest_memory_hfn(gm, gfn);
		u64 *page;

		if (hfn == HFN_NONE)
			continue;
		if (!guest_memory_replace(gm, gfn))
			return false;
		canaries->hfn[canaries->count++] = hfn;
		page = gm->ops->map(hfn);
		for (u64 i = 0; i < PAGE_WORDS; i++)
			page[i] = word_at(hfn, i);
	}
	return true;
}

bool canary_check(struct canaries *canaries, hpa_t *damaged)
{
	const u64 *page;
	hfn_t hfn;

	if (!canaries->count)
		return true;
	hfn = canaries->hfn[canaries->next];
	canaries->next = (canaries->next + 1) % canaries->count;
	page = canaries->ops->map(hfn);
	for (u64 i = 0; i < PAGE_WORDS; i++) {
		if (page[i] == word_at(hfn, i))
			continue;
		*damaged = (hfn << PAGE_SHIFT) + i * sizeof(u64);
		return false;
	}
	return true;
}

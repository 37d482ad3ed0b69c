/* SPDX-License-Identifier: MIT */
/* Umbra's own accesses to the guest's memory; the reference judges each. */
#include <string.h>

#include "tests/model/access.h"
#include "tests/model/words.h"

void model_operand(struct model *m)
{
	gva_t gva = model_page_gva(m, model_random_page(m));
	u32 kind = model_random_kind(m);
	struct reference_walk w = model_judge(m, gva, kind);
	struct guest_walk walk;

	model_log(m, "operand: %s at %#lx", words_access(kind), gva);
	if (mmu_walk(&m->mmu_cpu, gva, kind, WALK_FOR_DATA, &walk) == w.fault)
		model_fail(m, "mmu_walk does not say %d", !w.fault);
	model_compare(m, &w, &walk);
}

static bool has_bytes(struct model *m, gpa_t gpa, const u8 *code, size_t len)
{
	const u8 *at = world_mirror(&m->world, gpa);

	for (size_t i = 0; i < len; i++)
		if (code[i] != (at ? at[i] : 0xff))
			return false;
	return true;
}

/* The shadow has answered, which does not check rights. */
static void check_fetch_unwalked(struct model *m, u32 page, gva_t gva,
				 const u8 *code, size_t len)
{
	const struct history *h = &m->history[page];
	struct reference_walk w = reference_walk(&m->ref, gva, 0);

	if (w.mapped && has_bytes(m, w.gpa, code, len))
		return;
	/* A software TLB may be as stale as the processor's. */
	for (u32 i = 0; !mmu_policy(m->mmu)->cache && i < h->count; i++)
		if (has_bytes(m,
			      (h->permits[i].gfn << PAGE_SHIFT) |
				      (gva & ~PAGE_MASK),
			      code, len))
			return;
	model_fail(m, "mmu_fetch: what the shadow has is wrong");
}

void model_fetch(struct model *m)
{
	u32 kind = PFEC_I | (chance(m, 50) ? PFEC_U : 0);
	u32 page = model_random_page(m);
	gva_t gva = model_page_gva(m, page) | model_random(m, PAGE_SIZE - 15);
	u64 walks = m->mmu->stats.walks_fetch;
	struct reference_walk w;
	const u8 *in_place;
	u8 code[15];
	size_t len;

	model_log(m, "%s at %#lx", words_access(kind), gva);
	len = mmu_fetch(&m->mmu_cpu, gva, kind, code, sizeof(code));
	in_place = mmu_code(&m->mmu_cpu, gva, sizeof(code));
	if (in_place && memcmp(in_place, code, sizeof(code)))
		model_fail(m, "mmu_code: other bytes than those of mmu_fetch");
	if (m->mmu->stats.walks_fetch == walks)
		return check_fetch_unwalked(m, page, gva, code, len);
	w = model_judge(m, gva, kind);
	if (w.fault != (len == 0))
		model_fail(m, "mmu_fetch gives %zu bytes", len);
	model_check_entries(m, &w);
	if (len && !has_bytes(m, w.gpa, code, len))
		model_fail(m, "mmu_fetch: the bytes are wrong");
}

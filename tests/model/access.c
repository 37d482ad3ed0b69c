/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory accesses: through the processor, with all the exits that
 * they take, to the end; each judged by the reference.
 */
#include <string.h>

#include "tests/model/access.h"

/* One access. */
struct attempt {
	u32 page;
	gva_t gva;
	u32 kind; /* W, U, I/D of an error code */
	size_t len; /* of a write, in the page */
	u8 data[16];
	u32 unshadowed; /* so often the table was given up */
};

static void count(struct model *m, enum model_event event)
{
	u32 policy = m->mmu->policy.update + 2 * m->mmu->policy.bypass;
	u32 state = 0;

	if (m->vcpu.cr0 & CR0_PG)
		state = 1 + !!(m->vcpu.cr0 & CR0_WP) +
			2 * !!(m->vcpu.efer & EFER_NXE) +
			4 * !!(m->vcpu.cr4 & CR4_SMEP);
	if (m->counting)
		model_coverage[policy][state][event]++;
}

/* --- Memory ---------------------------------------------------------------- */

void model_random_bytes(struct model *m, u8 data[16])
{
	u64 entries[2] = { model_random_entry(m), model_random_entry(m) };

	memcpy(data, entries, 16);
}

/* A write in one page, to the mirror; what it permits is noted. */
static void mirror_store(struct model *m, gpa_t gpa, const u8 *data, size_t len)
{
	u8 *to = model_mirror(m, gpa);
	u64 first = (gpa & ~PAGE_MASK) / 8, last = (first * 8 + len + 7) / 8;

	if (!to)
		return;
	memcpy(to, data, len);
	if (first <= model_slots[MODEL_SLOTS - 2] ||
	    last >= model_slots[MODEL_SLOTS - 1])
		history_note(m);
}

void model_store(struct model *m, gpa_t gpa, const void *data, size_t len)
{
	size_t part = MIN(len, PAGE_SIZE - (gpa & ~PAGE_MASK));

	mirror_store(m, gpa, data, part);
	if (len > part)
		mirror_store(m, gpa + part, (const u8 *)data + part,
			     len - part);
	mmu_write(&m->vcpu, gpa, data, len);
}

void model_cmpxchg(struct model *m, gpa_t gpa, const u8 *old, const u8 *new,
		   size_t len)
{
	const u8 *at = model_mirror(m, gpa);
	bool equal = !at || !memcmp(at, old, len);

	if (equal)
		mirror_store(m, gpa, new, len);
	if (mmu_cmpxchg(&m->vcpu, gpa, old, new, len) != equal)
		model_fail(m, "mmu_cmpxchg does not say %d", equal);
}

static void check_entries(struct model *m, const struct reference_walk *w)
{
	for (u32 i = 0; i < w->depth; i++) {
		const u8 *ram = model_ram(m, w->entry[i]);

		if (ram && memcmp(ram, model_mirror(m, w->entry[i]), 8))
			model_fail(m,
				   "the guest's entry at %#lx is %#lx, "
				   "should be %#lx",
				   w->entry[i], *(const u64 *)ram,
				   *(u64 *)model_mirror(m, w->entry[i]));
	}
}

/* The reference's walk, with A and D set where the access is permitted. */
static struct reference_walk judge(struct model *m, gva_t gva, u32 kind)
{
	struct reference_walk w = reference_walk(&m->ref, gva, kind);

	if (!w.fault && reference_set_flags(&m->ref, &w, kind))
		history_note(m);
	return w;
}

static void compare(struct model *m, const struct reference_walk *w,
		    const struct guest_walk *walk)
{
	if (w->fault != (walk->status != WALK_OK))
		model_fail(m, "the walk's status is %u, reference: %s %#x",
			   walk->status, w->fault ? "fault" : "no fault",
			   w->error_code);
	if (w->fault && w->error_code != walk->error_code)
		model_fail(m, "error code %#x, reference: %#x",
			   walk->error_code, w->error_code);
	if (!w->fault && w->gpa != walk->gpa)
		model_fail(m, "gpa %#lx, reference: %#lx", walk->gpa, w->gpa);
	check_entries(m, w);
}

/* --- The processor --------------------------------------------------------- */

void model_enter(struct model *m)
{
	hpa_t root = mmu_root(&m->vcpu);
	bool bypass;

	/* The VMCS is written only where there is a new root: vmx/run.c. */
	if (m->vcpu.root_is_new) {
		m->vcpu.root_is_new = false;
		m->root = root;
		m->filter = mmu_filter(&m->vcpu);
	}
	if (root != m->root)
		model_fail(m, "the root has changed unseen");
	if (!processor_enter(&m->cpu, m->root))
		model_fail(m, "VM entry fails: PDPTE");
	bypass = m->mmu->policy.bypass && m->config.filter_works &&
		 (m->vcpu.cr0 & CR0_PG) &&
		 (!(m->vcpu.efer & EFER_NXE) || m->config.leaf_trap_reserved);
	if (!m->filter.intercept || m->filter.mask != bypass ||
	    m->filter.match != bypass)
		model_fail(m, "the filter is %d, %#x, %#x", m->filter.intercept,
			   m->filter.mask, m->filter.match);
}

u32 model_random_page(struct model *m)
{
	u32 pages = m->vcpu.cr0 & CR0_PG ? MODEL_PAGED_PAGES
					 : MODEL_UNPAGED_PAGES;
	u32 *recent = &m->recent[model_random(m, ARRAY_SIZE(m->recent))];
	u32 tries = 1 + model_random(m, 6);

	/* Pages used before, rather; and such as are mapped, rather. */
	if (!chance(m, 30))
		return *recent % pages;
	do {
		*recent = model_random(m, pages);
	} while (
		--tries &&
		!reference_walk(&m->ref, model_page_gva(m, *recent), 0).mapped);
	return *recent;
}

/* The processor has translated: legally? If so, the access is done. */
static void translated(struct model *m, struct attempt *a, hpa_t hpa)
{
	gfn_t gfn = model_gfn_of_hpa(hpa);
	gpa_t gpa = (gfn << PAGE_SHIFT) | (a->gva & ~PAGE_MASK);

	if (gfn == HFN_NONE)
		model_fail(m, "%#lx is not the guest's memory", hpa);
	if (m->vcpu.cr0 & CR0_PG ? !history_permits(m, a->page, gfn, a->kind)
				 : gpa != (u32)a->gva)
		model_fail(m, "gpa %#lx was never permitted", gpa);
	if (!(a->kind & PFEC_W))
		return;
	if (m->mmu->frames[gfn].shadowed)
		model_fail(m, "the guest writes the shadowed table %#lx", gfn);
	memcpy(model_ram(m, gpa), a->data, a->len);
	mirror_store(m, gpa, a->data, a->len);
}

/* The fault has gone straight to the guest: rightly? */
static void bypassed(struct model *m, const struct attempt *a, u32 error_code)
{
	struct reference_walk w = reference_walk(&m->ref, a->gva, a->kind);

	if (!w.fault || w.error_code != error_code)
		model_fail(m, "fault %#x without an exit; reference: %s %#x",
			   error_code, w.fault ? "fault" : "no fault",
			   w.error_code);
}

/* Is the frame a table on the way to the access? Then giving it up is vain. */
static bool provides_itself(const struct reference_walk *w, gpa_t gpa)
{
	for (u32 i = 0; i < w->depth; i++)
		if (w->entry[i] >> PAGE_SHIFT == gpa >> PAGE_SHIFT)
			return true;
	return false;
}

/* Returns whether the access is over: it was emulated. */
static bool emulate(struct model *m, struct attempt *a,
		    const struct reference_walk *w)
{
	u64 how = model_random(m, 10);
	u8 old[16];

	if (how < 3 && (!a->unshadowed || !provides_itself(w, w->gpa))) {
		model_log(m, "    unshadowed");
		a->unshadowed++;
		mmu_unshadow(&m->vcpu, w->gpa >> PAGE_SHIFT);
		return false;
	}
	if (how < 5) {
		memcpy(old, model_mirror(m, w->gpa), a->len);
		model_cmpxchg(m, w->gpa, old, a->data, a->len);
	} else {
		model_store(m, w->gpa, a->data, a->len);
	}
	return true;
}

/* A page-fault exit. Returns whether the access is over. */
static bool page_fault(struct model *m, struct attempt *a, u32 error_code)
{
	struct reference_walk w = judge(m, a->gva, a->kind);
	bool ram = model_frame(w.gpa >> PAGE_SHIFT) >= 0;
	enum mmu_action action;
	struct guest_walk walk;

	action = mmu_page_fault(&m->vcpu, a->gva, error_code, &walk);
	model_log(m, "    exit %#x: action %u, status %u, gpa %#lx", error_code,
		  action, walk.status, walk.gpa);
	compare(m, &w, &walk);
	if ((action == MMU_INJECT) != w.fault)
		model_fail(m, "action %u, fault %d", action, w.fault);
	switch (action) {
	case MMU_INJECT:
		count(m,
		      w.error_code & PFEC_P ? EVENT_FAULT : EVENT_NOT_PRESENT);
		return true;
	case MMU_MMIO:
		if (ram)
			model_fail(m, "MMIO, but there is RAM");
		count(m, EVENT_MMIO);
		if (a->kind & PFEC_W)
			model_store(m, w.gpa, a->data, a->len);
		return true;
	case MMU_TABLE_WRITE:
		if (!ram || !(a->kind & PFEC_W))
			model_fail(m, "a table write that is none");
		count(m, EVENT_TABLE_WRITE);
		return emulate(m, a, &w);
	case MMU_RESUME:
		if (!ram)
			model_fail(m, "resumed, but there is no RAM");
		count(m, EVENT_FILLED);
		return false;
	}
	return false;
}

static void run(struct model *m, struct attempt *a)
{
	for (u32 exits = 0; exits <= MODEL_MAX_EXITS; exits++) {
		struct processor_result r;

		model_enter(m);
		if (chance(m, 20))
			processor_speculate(
				&m->cpu,
				model_page_gva(m, model_random_page(m)));
		r = processor_access(&m->cpu, a->gva, a->kind);
		if (!r.fault) {
			translated(m, a, r.hpa);
			if (!exits)
				count(m, EVENT_TRANSLATED);
			return;
		}
		if ((r.error_code & m->filter.mask) != m->filter.match) {
			count(m, EVENT_BYPASSED);
			return bypassed(m, a, r.error_code);
		}
		if (page_fault(m, a, r.error_code))
			return;
	}
	model_fail(m, "no end after %u exits", MODEL_MAX_EXITS);
}

void model_access(struct model *m)
{
	static const u32 kinds[] = { 0, PFEC_W, PFEC_W, PFEC_I };
	struct attempt a = { .page = model_random_page(m) };
	/* Much of it in the used slots, as it may hit a table. */
	u64 offset = 8ULL * model_slots[model_random(m, MODEL_SLOTS)];

	a.kind = kinds[model_random(m, ARRAY_SIZE(kinds))] |
		 (chance(m, 50) ? PFEC_U : 0);
	a.len = 1ULL << model_random(m, 5);
	model_random_bytes(m, a.data);
	if (chance(m, 40))
		offset = model_random(m, PAGE_SIZE);
	a.len = MIN(a.len, PAGE_SIZE - offset);
	a.gva = model_page_gva(m, a.page) | offset;
	model_log(m, "access %#lx kind %#x, %zu bytes %016lx", a.gva, a.kind,
		  a.len, *(u64 *)a.data);
	run(m, &a);
}

/* --- Umbra's own accesses --------------------------------------------------- */

void model_operand(struct model *m)
{
	gva_t gva = model_page_gva(m, model_random_page(m));
	u32 kind = (u32[]){ 0, PFEC_W, PFEC_I }[model_random(m, 3)] |
		   (chance(m, 50) ? PFEC_U : 0);
	struct reference_walk w = judge(m, gva, kind);
	struct guest_walk walk;

	model_log(m, "operand %#lx kind %#x", gva, kind);
	if (mmu_walk(&m->vcpu, gva, kind, WALK_FOR_DATA, &walk) == w.fault)
		model_fail(m, "mmu_walk does not say %d", !w.fault);
	compare(m, &w, &walk);
}

/* Through the shadow there is no judgement of rights: the guest is there. */
void model_fetch(struct model *m)
{
	u32 kind = PFEC_I | (chance(m, 50) ? PFEC_U : 0);
	gva_t gva = model_page_gva(m, model_random_page(m)) |
		    model_random(m, PAGE_SIZE - 15);
	u64 walks = m->mmu->stats.walks_fetch;
	struct reference_walk w;
	const u8 *at;
	u8 code[15];
	size_t len;

	model_log(m, "fetch %#lx kind %#x", gva, kind);
	len = mmu_fetch(&m->vcpu, gva, kind, code, sizeof(code));
	if (m->mmu->stats.walks_fetch != walks) {
		w = judge(m, gva, kind);
		if (w.fault != (len == 0))
			model_fail(m, "mmu_fetch gives %zu bytes", len);
	} else {
		w = reference_walk(&m->ref, gva, 0);
		if (!w.mapped || !len)
			model_fail(m, "the shadow has what the guest hasn't");
	}
	check_entries(m, &w);
	if (!len)
		return;
	at = model_mirror(m, w.gpa);
	for (size_t i = 0; i < len; i++)
		if (code[i] != (at ? at[i] : 0xff))
			model_fail(m, "mmu_fetch: byte %zu is wrong", i);
}

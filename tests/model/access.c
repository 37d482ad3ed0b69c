/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory accesses: through the processor, with all their exits, to
 * the end; the reference judges each.
 */
#include <string.h>

#include "tests/model/access.h"
#include "tests/model/words.h"

/* One access. */
struct attempt {
	u32 page;
	gva_t gva;
	u32 kind; /* W, U, I/D of an error code */
	size_t len; /* of a write, in the page */
	u8 data[16];
	u32 unshadowed; /* number of times that the table was given up */
};

static enum coverage_mode coverage_mode(const struct model *m)
{
	switch (reference_mode(&m->ref)) {
	case MODE_UNPAGED:
		return COVERAGE_UNPAGED;
	case MODE_32BIT:
		return m->ref.cr4 & CR4_PSE ? COVERAGE_32BIT_PSE
					    : COVERAGE_32BIT;
	case MODE_PAE:
		return COVERAGE_PAE;
	case MODE_4LEVEL:
		break;
	}
	return COVERAGE_4LEVEL;
}

void model_count(struct model *m, enum model_event event)
{
	u32 rung = coverage_rung(mmu_policy(m->mmu));
	u32 rights = !!(m->ref.cr0 & CR0_WP) + 2 * !!(m->ref.efer & EFER_NXE) +
		     4 * !!(m->ref.cr4 & CR4_SMEP) +
		     8 * !!(m->ref.cr4 & CR4_SMAP);

	if (!m->coverage)
		return;
	m->coverage->count[coverage_mode(m)][rung][event]++;
	if (m->ref.cr0 & CR0_PG)
		m->coverage->rights[rights][event]++;
}

static u64 entry_at(const u8 *memory, size_t size)
{
	u64 entry = 0;

	memcpy(&entry, memory, size);
	return entry;
}

void model_check_entries(struct model *m, const struct reference_walk *w)
{
	size_t size = reference_entry_size(&m->ref);

	for (u32 i = 0; i < w->depth; i++) {
		const u8 *ram = world_ram(&m->world, w->entry[i]);
		const u8 *mirror = world_mirror(&m->world, w->entry[i]);

		if (ram && memcmp(ram, mirror, size))
			model_fail(m,
				   "invariant 3: the guest's entry at %#lx: "
				   "%s; should be: %s",
				   w->entry[i], words_gpte(entry_at(ram, size)),
				   words_gpte(entry_at(mirror, size)));
	}
}

struct reference_walk model_judge(struct model *m, gva_t gva, u32 kind)
{
	struct reference_walk w = reference_walk(&m->ref, gva, kind);
	u32 changed = w.fault ? 0 : reference_set_flags(&m->ref, &w, kind);

	for (u32 i = 0; i < w.depth; i++)
		if (changed & BIT(i))
			model_mark_dirty(m, w.entry[i]);
	if (changed)
		history_note(m);
	return w;
}

static const char *reference_outcome(const struct reference_walk *w)
{
	return w->fault ? words_fault(w->error_code) : "no fault";
}

void model_compare(struct model *m, const struct reference_walk *w,
		   const struct guest_walk *walk)
{
	if (w->fault != (walk->status != WALK_OK))
		model_fail(m, "Umbra's walk of %#lx %s; by the manual: %s",
			   walk->gva,
			   walk->status == WALK_OK ? "succeeds" : "faults",
			   reference_outcome(w));
	if (w->fault && w->error_code != walk->error_code)
		model_fail(m, "Umbra's walk of %#lx: %s; by the manual: %s",
			   walk->gva, words_fault(walk->error_code),
			   reference_outcome(w));
	if (!w->fault && w->gpa != walk->gpa)
		model_fail(m,
			   "Umbra's walk of %#lx ends at %#lx; by the "
			   "manual: at %#lx",
			   walk->gva, walk->gpa, w->gpa);
	model_check_entries(m, w);
}

/* --- The processor --------------------------------------------------------- */

/* Like flush_tlb() in vmx/loop/run.c: one INVVPID, if a flush is due. */
static void invalidate_tlb(struct model *m)
{
	u8 types[TLB_SCOPES], type;

	if (m->flush.scope == TLB_NOTHING)
		return;
	invvpid_types(m->ept_vpid, types);
	type = types[m->flush.scope];
	if (!processor_invvpid(&m->cpu, type, m->flush.gva))
		model_fail(m, "INVVPID fails: type %u, %#lx", type,
			   m->flush.gva);
	if (type == INVVPID_ADDRESS)
		model_count(m, EVENT_INVVPID_ADDRESS);
	m->flush.scope = TLB_NOTHING;
}

void model_enter(struct model *m)
{
	/* The VMCS is written only where that is new: vmx/loop/run.c. */
	if (m->mmu_cpu.root_is_new) {
		m->root = mmu_root(&m->mmu_cpu);
		if (m->mmu_cpu.targets_are_new)
			m->targets = mmu_targets(&m->mmu_cpu);
		if (m->mmu_cpu.state_is_new)
			m->filter = mmu_filter(&m->mmu_cpu);
		m->mmu_cpu.root_is_new = m->mmu_cpu.targets_are_new =
			m->mmu_cpu.state_is_new = false;
	}
	if (!m->mmu_cpu.root || mmu_root(&m->mmu_cpu) != m->root)
		model_fail(m, "the root has changed unseen");
	if (!m->targets.cr3_store_exits && m->root != m->ref.cr3)
		model_fail(m, "MOV from CR3 gives %#lx, not %#lx", m->root,
			   m->ref.cr3);
	invalidate_tlb(m);
	if (!processor_enter(&m->cpu, m->root))
		model_fail(m, "VM entry fails: PDPTE");
	if (!model_filter_is_expected(m))
		model_fail(m, "the filter is %d, %#x, %#x", m->filter.intercept,
			   m->filter.mask, m->filter.match);
}

void model_exit(struct model *m)
{
	/* The VMCS has the CR3 of the exit (SDM vol. 3C, 27.3.1). */
	m->root = m->cpu.cr3;
	if (m->targets.count)
		mmu_exited(&m->mmu_cpu, m->root);
}

u32 model_random_page(struct model *m)
{
	u32 pages = model_pages(m);
	u32 *recent = &m->recent[model_random(m, ARRAY_SIZE(m->recent))];
	u32 tries = 1 + model_random(m, 6);

	/* Prefers pages that were used before, and pages that are mapped. */
	if (!chance(m, 30))
		return *recent % pages;
	do {
		*recent = model_random(m, pages);
	} while (
		--tries &&
		!reference_walk(&m->ref, model_page_gva(m, *recent), 0).mapped);
	return *recent;
}

/* Returns true if the guest's tables have led to @gpa since the last flush. */
static bool was_permitted(const struct model *m, const struct attempt *a,
			  gpa_t gpa)
{
	if (reference_mode(&m->ref) == MODE_UNPAGED)
		return gpa == (u32)a->gva;
	return history_permits(m, a->page, gpa >> PAGE_SHIFT, a->kind);
}

/* The processor has translated. If that was legal, the access is done. */
static void check_translated(struct model *m, const struct attempt *a,
			     hpa_t hpa)
{
	gfn_t gfn = world_gfn_of_hpa(hpa);
	gpa_t gpa = (gfn << PAGE_SHIFT) | (a->gva & ~PAGE_MASK);

	if (gfn == HFN_NONE)
		model_fail(m,
			   "invariant 5: a %s at %#lx reaches %#lx, not the "
			   "guest's memory",
			   words_access(a->kind), a->gva, hpa);
	if (!was_permitted(m, a, gpa))
		model_fail(m,
			   "invariant 2: a %s at %#lx reaches gpa %#lx; the "
			   "guest's tables have not permitted that since "
			   "the guest's last flush",
			   words_access(a->kind), a->gva, gpa);
	if (!(a->kind & PFEC_W))
		return;
	if (m->mmu->frames[gfn].shadowed)
		model_fail(m,
			   "invariant 1: the guest writes frame %#lx, a "
			   "table that has a shadow",
			   gfn);
	memcpy(world_ram(&m->world, gpa), a->data, a->len);
	model_mirror_store(m, gpa, a->data, a->len);
}

/*
 * The fault has gone straight to the guest; checks that this was right. The
 * processor may judge by a translation that the guest has not flushed yet (SDM
 * vol. 3A, 4.10.4.3).
 */
static void check_bypassed(struct model *m, const struct attempt *a,
			   u32 error_code)
{
	struct reference_walk w = reference_walk(&m->ref, a->gva, a->kind);

	model_count(m, error_code & PFEC_P ? EVENT_DENIED : EVENT_BYPASSED);
	if ((error_code & PFEC_P) && history_denies(m, a->page, a->kind))
		reference_deny(&m->ref, &w, a->kind);
	if (!w.fault || w.error_code != error_code)
		model_fail(m,
			   "invariant 1 or 8: a %s at %#lx gives the guest, "
			   "without an exit, %s; by the manual: %s",
			   words_access(a->kind), a->gva,
			   words_fault(error_code), reference_outcome(&w));
	history_fault(m, a->page);
}

/*
 * Returns true for a table on the way to the access: giving it up is no help.
 */
static bool is_on_the_way(const struct reference_walk *w, gpa_t gpa)
{
	for (u32 i = 0; i < w->depth; i++)
		if (w->entry[i] >> PAGE_SHIFT == gpa >> PAGE_SHIFT)
			return true;
	return false;
}

/* Returns true if the access is over, since it was emulated. */
static bool emulate_write(struct model *m, struct attempt *a,
			  const struct reference_walk *w)
{
	u64 how = model_random(m, 10);
	struct guest_walk walk;
	u8 old[16];

	if (how < 3 && (!a->unshadowed || !is_on_the_way(w, w->gpa))) {
		model_log(m, "    unshadowed");
		a->unshadowed++;
		mmu_unshadow(&m->mmu_cpu, w->gpa >> PAGE_SHIFT);
		/*
		 * An access that no entry allows is not a fault of the table.
		 */
		if (a->unshadowed < 2)
			return false;
	}
	if (!mmu_policy(m->mmu)->nowalk) {
		mmu_walk(&m->mmu_cpu, a->gva, a->kind, WALK_FOR_DATA, &walk);
		model_compare(m, w, &walk);
	}
	if (how < 5) {
		memcpy(old, world_mirror(&m->world, w->gpa), a->len);
		model_cmpxchg(m, w->gpa, old, a->data, a->len);
	} else {
		model_store(m, w->gpa, a->data, a->len);
	}
	return true;
}

/* An MMIO entry has answered: the guest's tables once permitted this. */
static bool check_mmio_unwalked(struct model *m, const struct attempt *a,
				const struct guest_walk *walk)
{
	if (world_frame(walk->gpa >> PAGE_SHIFT) >= 0)
		model_fail(m, "MMIO, but there is RAM");
	if (!was_permitted(m, a, walk->gpa))
		model_fail(m, "MMIO at %#lx was never permitted", walk->gpa);
	model_count(m, EVENT_MMIO_UNWALKED);
	return true;
}

/* Returns true if the access is over. */
static bool carry_out(struct model *m, struct attempt *a,
		      enum mmu_action action, const struct reference_walk *w)
{
	bool ram = world_frame(w->gpa >> PAGE_SHIFT) >= 0;

	if ((action == MMU_INJECT) != w->fault)
		model_fail(m,
			   "invariant 4: a %s at %#lx is %s; by the manual: "
			   "%s",
			   words_access(a->kind), a->gva, words_action(action),
			   reference_outcome(w));
	switch (action) {
	case MMU_INJECT:
		model_count(m, w->error_code & PFEC_P ? EVENT_FAULT
						      : EVENT_NOT_PRESENT);
		return true;
	case MMU_MMIO:
		if (ram)
			model_fail(m, "MMIO, but there is RAM");
		model_count(m, EVENT_MMIO);
		if (a->kind & PFEC_W)
			model_store(m, w->gpa, a->data, a->len);
		return true;
	case MMU_TABLE_WRITE:
		if (!ram || !(a->kind & PFEC_W))
			model_fail(m, "a table write that is none");
		model_count(m, EVENT_TABLE_WRITE);
		return emulate_write(m, a, w);
	case MMU_RESUME:
		if (!ram)
			model_fail(m, "resumed, but there is no RAM");
		model_count(m, EVENT_FILLED);
		return false;
	}
	return false;
}

static void count_tables(struct model *m, const struct mmu_stats *before)
{
	const struct mmu_stats *now = mmu_stats(m->mmu);

	if (now->prefills != before->prefills)
		model_count(m, EVENT_PREFILLED);
	if (now->opened != before->opened)
		model_count(m, EVENT_OPENED);
	if (now->closed != before->closed)
		model_count(m, EVENT_CLOSED);
	if (now->mended != before->mended)
		model_count(m, EVENT_MENDED);
}

/* A LEAF has answered: a write to a table, which the guest once permitted. */
static bool run_held_write(struct model *m, struct attempt *a,
			   enum mmu_action action,
			   const struct guest_walk *walk)
{
	struct reference_walk w = reference_walk(&m->ref, a->gva, a->kind);
	gfn_t gfn = walk->gpa >> PAGE_SHIFT;

	if (!(a->kind & PFEC_W) || world_frame(gfn) < 0)
		model_fail(m, "no write to RAM, but a held entry");
	if (action == MMU_TABLE_WRITE && !m->mmu->frames[gfn].shadowed)
		model_fail(m, "gfn %#lx is no table, so no write is held", gfn);
	if (!was_permitted(m, a, walk->gpa))
		model_fail(m, "the table at %#lx was never permitted",
			   walk->gpa);
	model_count(m, EVENT_HELD);
	if (action == MMU_RESUME)
		return false;
	/* The guest's tables may lead elsewhere by now. */
	w.gpa = walk->gpa;
	return emulate_write(m, a, &w);
}

/* A page-fault exit. Returns true if the access is over. */
static bool page_fault(struct model *m, struct attempt *a, u32 error_code)
{
	const struct mmu_stats *stats = mmu_stats(m->mmu);
	u64 walks = stats->walks_fault, prefetches = stats->prefetches;
	u64 splits = stats->splits;
	struct mmu_stats before = *stats;
	struct reference_walk w;
	enum mmu_action action;
	struct guest_walk walk;

	/* As in vmx/exits/page_fault.c: with the facts that the code lacks. */
	action = mmu_page_fault(&m->mmu_cpu, a->gva,
				error_code | (a->kind & (PFEC_I | WALK_AC)),
				&walk);
	model_log(m, "    exit by %s: %s, gpa %#lx", words_fault(error_code),
		  words_action(action), walk.gpa);
	count_tables(m, &before);
	if (error_code & PFEC_PK)
		model_count(m, EVENT_KEY);
	if (stats->splits != splits)
		model_count(m, EVENT_SPLIT);
	if (stats->prefetches != prefetches)
		model_count(m, EVENT_PREFETCHED);
	if (stats->walks_fault == walks) {
		if (action == MMU_INJECT || !mmu_policy(m->mmu)->nowalk)
			model_fail(m, "%s without a walk",
				   words_action(action));
		return action == MMU_MMIO ? check_mmio_unwalked(m, a, &walk)
					  : run_held_write(m, a, action, &walk);
	}
	w = model_judge(m, a->gva, a->kind);
	model_compare(m, &w, &walk);
	return carry_out(m, a, action, &w);
}

/* Runs the access. Returns true if the guest runs on, without an exit. */
static bool run_access(struct model *m, struct attempt *a)
{
	for (u32 exits = 0; exits <= MODEL_MAX_EXITS; exits++) {
		struct processor_result r;

		model_enter(m);
		/* No load before a retry: the MMU expects the write again. */
		while (!exits && chance(m, 20))
			state_load_target(m);
		if (chance(m, 20))
			processor_speculate(
				&m->cpu,
				model_page_gva(m, model_random_page(m)));
		r = processor_access(&m->cpu, a->gva, a->kind);
		if (!r.fault) {
			check_translated(m, a, r.hpa);
			if (!exits)
				model_count(m, EVENT_TRANSLATED);
			if (r.large)
				model_count(m, EVENT_LARGE);
			return true;
		}
		if (!mmu_filter_exits(&m->filter, r.error_code)) {
			check_bypassed(m, a, r.error_code);
			return true;
		}
		model_exit(m);
		if (page_fault(m, a, r.error_code))
			return false;
	}
	model_fail(m, "no end after %u exits", MODEL_MAX_EXITS);
	return false;
}

/* Runs the access; sooner or later after it there is an exit. */
static void run_and_exit(struct model *m, struct attempt *a)
{
	if (run_access(m, a))
		model_exit(m);
}

u32 model_random_kind(struct model *m)
{
	static const u32 kinds[] = { 0, PFEC_W, PFEC_W, PFEC_I };
	u32 kind = kinds[model_random(m, ARRAY_SIZE(kinds))];

	if (chance(m, 50))
		return kind | PFEC_U;
	return kind | (!(kind & PFEC_I) && chance(m, 30) ? KIND_AC : 0);
}

void model_access_page(struct model *m, u32 page)
{
	struct attempt a = { .page = page, .kind = model_random_kind(m) };
	/* Prefers the used slots, since the write may hit a table. */
	u64 offset = guest_random_offset(m, guest_random_kind(m));

	a.len = 1ULL << model_random(m, 5);
	model_random_bytes(m, a.data);
	if (chance(m, 40))
		offset = model_random(m, PAGE_SIZE);
	a.len = MIN(a.len, PAGE_SIZE - offset);
	a.gva = model_page_gva(m, a.page) | offset;
	model_log(m, "%s at %#lx, %zu bytes %016lx", words_access(a.kind),
		  a.gva, a.len, *(u64 *)a.data);
	run_and_exit(m, &a);
}

void model_write_page(struct model *m, u32 page, u64 offset, const void *data,
		      u32 len)
{
	struct attempt a = { .page = page,
			     .kind = PFEC_W |
				     (chance(m, 50) ? PFEC_U : KIND_AC),
			     .len = len };

	memcpy(a.data, data, len);
	a.gva = model_page_gva(m, page) | offset;
	model_log(m, "%s at %#lx, %u bytes %016lx", words_access(a.kind), a.gva,
		  len, *(u64 *)a.data);
	run_and_exit(m, &a);
}

void model_access(struct model *m)
{
	model_access_page(m, model_random_page(m));
}

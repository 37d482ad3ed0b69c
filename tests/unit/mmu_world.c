/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu_world.h"
#include "tests/model/guard.h"
#include "tests/model/words.h"

u8 world_ram[WORLD_FRAMES][PAGE_SIZE] __attribute__((aligned(4096)));
struct mmu *world_mmu;
struct mmu_cpu world_cpu;
u64 world_events[MMU_EVENTS];
u64 world_flushes;
gfn_t world_device;
u64 world_seed = 1;

static u8 arena[4096 * PAGE_SIZE] __attribute__((aligned(4096)));
static size_t arena_used;

u64 world_random(void)
{
	/* xorshift64 (Marsaglia, 2003) */
	world_seed ^= world_seed << 13;
	world_seed ^= world_seed >> 7;
	world_seed ^= world_seed << 17;
	return world_seed;
}

static hfn_t gfn_to_hfn(void *ctx, gfn_t gfn)
{
	(void)ctx;
	if (gfn >= WORLD_FRAMES || gfn == world_device)
		return HFN_NONE;
	return gfn + WORLD_HFN_BASE;
}

static void *map(void *ctx, hfn_t hfn)
{
	(void)ctx;
	return world_ram[hfn - WORLD_HFN_BASE];
}

static void *alloc(void *ctx, size_t pages)
{
	void *memory = arena + arena_used * PAGE_SIZE;

	(void)ctx;
	assert_true((arena_used + pages) * PAGE_SIZE <= sizeof(arena));
	arena_used += pages;
	memset(memory, 0, pages * PAGE_SIZE);
	return memory;
}

#define ARENA_HPA 0x10000000ULL

static hpa_t to_hpa(void *ctx, const void *memory)
{
	(void)ctx;
	return ARENA_HPA + (size_t)((const u8 *)memory - arena);
}

static u64 *shadow_table(hpa_t hpa)
{
	return (u64 *)(arena + (hpa - ARENA_HPA));
}

static void flush(void *ctx)
{
	(void)ctx;
	world_flushes++;
}

static void flush_address(void *ctx, gva_t gva)
{
	(void)gva;
	flush(ctx);
}

static void event(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail)
{
	(void)ctx;
	(void)gfn;
	world_events[event] += event == MMU_EVENT_WRITE ? (u32)detail : 1;
}

static const struct mmu_ops ops = {
	.gfn_to_hfn = gfn_to_hfn,
	.map = map,
	.alloc = alloc,
	.to_hpa = to_hpa,
	.flush = flush,
	.flush_address = flush_address,
	.event = event,
};

void world_create(const struct mmu_policy *policy, u32 shadow_pages,
		  bool leaf_trap_present)
{
	struct mmu_config config = {
		.ops = &ops,
		.policy = *policy,
		.gfn_count = WORLD_FRAMES,
		.shadow_pages = shadow_pages,
		.maxphyaddr = WORLD_MAXPHYADDR,
		.leaf_trap_present = leaf_trap_present,
		.filter_works = true,
		.user_filter_works = leaf_trap_present,
	};

	guard_begin();
	arena_used = 0;
	memset(world_events, 0, sizeof(world_events));
	world_device = HFN_NONE;
	memset(world_ram, 0, sizeof(world_ram));
	world_mmu = mmu_create(&config);
	assert_non_null(world_mmu);
	mmu_cpu_init(&world_cpu, world_mmu);
	mmu_set_state(&world_cpu, CR0_PE | CR0_PG | CR0_WP, 0, CR4_PAE,
		      EFER_LME | EFER_LMA | EFER_NXE, NULL);
}

u64 *world_gpte(gfn_t table, u32 index)
{
	return (u64 *)world_ram[table] + index;
}

/* SDM vol. 3A, 4.5, 4.6 and 4.7, written a second time and in another way. */
struct reference reference_walk(gva_t gva, u32 access)
{
	struct reference r = { 0 };
	bool nxe = world_cpu.efer & EFER_NXE, smep = world_cpu.cr4 & CR4_SMEP;
	u64 table = world_cpu.cr3 & 0xfffffffffffff000, all = 7, entry = 0;
	bool user = access & PFEC_U, write = access & PFEC_W;
	bool fetch = access & PFEC_I;
	int shift = 39;

	r.error_code = access & (PFEC_W | PFEC_U);
	if (fetch && (nxe || smep))
		r.error_code |= PFEC_I;
	if (!(world_cpu.cr0 & CR0_PG)) {
		r.ok = true;
		r.gpa = gva & 0xffffffff;
		return r;
	}
	for (;; shift -= 9) {
		u64 frame = table >> 12, low = (1ULL << shift) - 1;

		entry = ~0ULL;
		if (frame < WORLD_FRAMES) {
			u64 *e = (u64 *)world_ram[frame] + (gva >> shift & 511);

			r.entry[r.entries++] = e;
			entry = *e;
		}
		if (!(entry & 1))
			return r;
		r.error_code |= PFEC_P;
		if ((entry & 0xfff0000000000000 & ~(1ULL << 63) &
		     0x000f000000000000) ||
		    entry >> WORLD_MAXPHYADDR & ((1 << 12) - 1) ||
		    (!nxe && entry >> 63) || (shift >= 30 && entry & 0x80) ||
		    (shift == 21 && entry & 0x80 && entry & 0x1fe000)) {
			r.error_code |= PFEC_RSVD;
			return r;
		}
		all &= (entry & 6) | (entry >> 63 ? 0 : 1);
		table = entry & 0x000ffffffffff000;
		if (shift == 12 || (shift == 21 && entry & 0x80)) {
			r.gpa = (table & ~low) | (gva & low);
			break;
		}
		r.error_code &= ~(u32)PFEC_P;
	}
	r.ok = !(user && !(all & 4)) && !(fetch && !(all & 1)) &&
	       !(fetch && !user && (all & 4) && smep) &&
	       !(write && !(all & 2) && (user || (world_cpu.cr0 & CR0_WP)));
	return r;
}

/* Returns true if the entry is reserved, in the shadow's own paging mode. */
static bool shadow_is_reserved(u64 e, int level, bool paged, bool nxe)
{
	if (paged && (e >> WORLD_MAXPHYADDR & 0xfff))
		return true;
	if (!paged && (e >> WORLD_MAXPHYADDR & 0x7fffff))
		return true;
	if (!nxe && e >> 63)
		return true;
	if (level == 4)
		return e & 0x80;
	if (level == 3 && !paged)
		return e & 0x1e6;
	return level > 1 && (e & 0x80) && (e & 0x1fe000);
}

struct hardware hardware_access(gva_t gva, u32 access)
{
	struct mmu_filter filter;
	struct hardware h = { .result = HW_OK };
	bool paged = world_cpu.cr0 & CR0_PG;
	bool nxe = paged && (world_cpu.efer & EFER_NXE);
	bool smep = paged && (world_cpu.cr4 & CR4_SMEP);
	u64 *spt = shadow_table(mmu_root(&world_cpu));
	u64 all = 7, *entry = NULL;
	int level = paged ? 4 : 3;

	filter = mmu_filter(&world_cpu);
	h.error_code = access & (PFEC_W | PFEC_U);
	if ((access & PFEC_I) && (nxe || smep))
		h.error_code |= PFEC_I;
	for (;; level--) {
		entry = &spt[gva >> (12 + 9 * (level - 1)) & 511];
		if (!(*entry & 1))
			goto fault;
		if (shadow_is_reserved(*entry, level, paged, nxe)) {
			h.error_code |= PFEC_P | PFEC_RSVD;
			goto fault;
		}
		/* PDPTEs of PAE paging have no rights of their own. */
		if (paged || level < 3)
			all &= (*entry & 6) | (*entry >> 63 ? 0 : 1);
		if (level == 1)
			break;
		assert_true((*entry & PTE_ADDR_MASK) >= ARENA_HPA);
		*entry |= paged || level < 3 ? PTE_A : 0;
		spt = shadow_table(*entry & PTE_ADDR_MASK);
	}
	/* The processor always runs with CR0.WP=1. */
	if (((access & PFEC_U) && !(all & 4)) ||
	    ((access & PFEC_I) && !(all & 1)) ||
	    ((access & PFEC_I) && !(access & PFEC_U) && (all & 4) && smep) ||
	    ((access & PFEC_W) && !(all & 2))) {
		h.error_code |= PFEC_P;
		goto fault;
	}
	*entry |= PTE_A | (access & PFEC_W ? PTE_D : 0);
	h.hpa = (*entry & PTE_ADDR_MASK) | (gva & 0xfff);
	return h;
fault:
	h.result = filter.intercept == ((h.error_code & filter.mask) ==
					filter.match)
			   ? HW_EXIT
			   : HW_FAULT_TO_GUEST;
	return h;
}

/* Maximum number of exits until an access is through. */
#define MAX_EXITS 8
#define ENDING_SIZE 128

int world_access(gva_t gva, u32 access, struct hardware *h)
{
	struct guest_walk walk;

	for (int exits = 0;; exits++) {
		world_require(exits <= MAX_EXITS, gva,
			      "a %s at %#lx has no end: more than %d exits; "
			      "nothing was filled, or the filled entry does "
			      "not permit what the guest's tables permit "
			      "(invariant 2)",
			      words_access(access), gva, MAX_EXITS);
		*h = hardware_access(gva, access);
		if (h->result != HW_EXIT)
			return exits;
		switch (mmu_page_fault(&world_cpu, gva, h->error_code, &walk)) {
		case MMU_RESUME:
			break;
		case MMU_INJECT:
			h->result = HW_FAULT_TO_GUEST;
			h->error_code = walk.error_code;
			return exits + 1;
		case MMU_TABLE_WRITE:
		case MMU_MMIO:
			h->result = HW_EXIT;
			h->hpa = walk.gpa;
			return exits + 1;
		}
	}
}

static void print_shadow(gva_t gva)
{
	u8 level = world_cpu.cr0 & CR0_PG ? 4 : 3;
	hpa_t table = mmu_root(&world_cpu);
	u64 spte;

	for (;; level--) {
		spte = shadow_table(table)[pt_index(gva, level)];
		print_error("  shadow, level %u: %s\n", level,
			    words_spte(spte, level));
		if (spte_kind(spte, level) != SPTE_TABLE)
			return;
		table = spte & PTE_ADDR_MASK;
	}
}

void world_require(bool holds, gva_t gva, const char *fmt, ...)
{
	struct reference r = reference_walk(gva, 0);
	char text[512];
	va_list args;

	if (holds)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_error("ERROR: %s\n", text);
	for (int i = 0; i < r.entries; i++)
		print_error("  guest,  level %d: %s\n", 4 - i,
			    words_gpte(*r.entry[i]));
	print_shadow(gva);
	print_error("%s", words_page(text));
	fail();
}

void world_costs(gva_t gva, u32 access, int exits, const char *why)
{
	struct hardware h;
	int found = world_access(gva, access, &h);

	world_require(found == exits, gva,
		      "a %s at %#lx has %d exits, should have %d: %s",
		      words_access(access), gva, found, exits, why);
}

static void write_ending(char text[ENDING_SIZE], const struct hardware *h)
{
	if (h->result == HW_FAULT_TO_GUEST)
		snprintf(text, ENDING_SIZE, "the guest's fault %s",
			 words_fault(h->error_code));
	else
		snprintf(text, ENDING_SIZE, "an %s at %#lx",
			 h->result == HW_OK ? "access to host memory"
					    : "emulation, of guest memory",
			 h->hpa);
}

int world_ends(gva_t gva, u32 access, struct hardware right, const char *why)
{
	char wanted[ENDING_SIZE], found[ENDING_SIZE];
	struct hardware h;
	int exits = world_access(gva, access, &h);

	write_ending(wanted, &right);
	write_ending(found, &h);
	world_require(strcmp(wanted, found) == 0, gva,
		      "a %s at %#lx ends as %s, should end as %s: %s",
		      words_access(access), gva, found, wanted, why);
	return exits;
}

void world_accessed_dirty(gfn_t table, u32 index, u64 flags)
{
	u64 gpte = *world_gpte(table, index);

	if ((gpte & (PTE_A | PTE_D)) != flags)
		fail_msg(
			"invariant 3: entry %u of the guest's table %#lx is %s; "
			"should have A=%d D=%d\n%s",
			index, table, words_gpte(gpte), !!(flags & PTE_A),
			!!(flags & PTE_D), words_page("invariant 3"));
}

/* Checks an entry of a shadow page against the guest's. */
static void audit_require(bool holds, const char *invariant,
			  const struct shadow_page *sp, u32 slot, u64 gpte)
{
	if (!holds)
		fail_msg("%s; entry %u of the shadow of table %#lx: %s; the "
			 "guest's: %s (%s)\n%s",
			 invariant, slot, sp->gfn,
			 words_spte(sp->spt[slot], sp->role.level),
			 sp->role.tableless ? "none" : words_gpte(gpte),
			 words_role(sp->role), words_page(invariant));
}

static void audit_leaf(const struct shadow_page *sp, u32 slot, u64 gpte)
{
	u64 spte = sp->spt[slot];
	gfn_t gfn = sp->links[slot].target;

	audit_require(gfn < WORLD_FRAMES && (spte & PTE_ADDR_MASK) >> 12 ==
						    gfn + WORLD_HFN_BASE,
		      "invariant 5: LEAF maps another frame than the guest's",
		      sp, slot, gpte);
	if (spte & PTE_W)
		audit_require(!world_mmu->frames[gfn].shadowed,
			      "invariant 1: LEAF makes a guest table writable",
			      sp, slot, gpte);
	if (sp->role.tableless)
		return;
	audit_require((gpte & PTE_P) && (gpte & PTE_A),
		      "invariant 3: LEAF without P and A in the guest's", sp,
		      slot, gpte);
	audit_require((gpte & PTE_ADDR_MASK) >> 12 == gfn,
		      "invariant 2: LEAF is not for the guest's page", sp, slot,
		      gpte);
	audit_require(!(spte & PTE_W) || (gpte & PTE_D),
		      "invariant 3: LEAF gives W without D in the guest's", sp,
		      slot, gpte);
}

static void audit_entry(const struct shadow_page *sp, u32 slot, u64 gpte)
{
	switch (spte_kind(sp->spt[slot], sp->role.level)) {
	case SPTE_ABSENT:
		/* The PDPTEs of an unpaged guest claim nothing. */
		audit_require(sp->role.tableless ? sp->role.level == 3
						 : !(gpte & PTE_P),
			      "invariant 1: ABSENT, but the guest's is present",
			      sp, slot, gpte);
		break;
	case SPTE_LEAF:
		audit_leaf(sp, slot, gpte);
		break;
	case SPTE_TABLE:
		audit_require(world_mmu->pages[sp->links[slot].target].in_use,
			      "invariant 5: TABLE names a free shadow page", sp,
			      slot, gpte);
		audit_require(sp->role.tableless ||
				      ((gpte & PTE_P) && (gpte & PTE_A)),
			      "invariant 3: TABLE without P and A in the "
			      "guest's",
			      sp, slot, gpte);
		break;
	case SPTE_TRAP:
	case SPTE_MMIO:
		break;
	}
}

/* The events are as many as the counters say. */
static void audit_events(void)
{
	const struct mmu_stats *stats = mmu_stats(world_mmu);

	assert_int_equal(world_events[MMU_EVENT_FILL], stats->fills);
	assert_int_equal(world_events[MMU_EVENT_WRITE], stats->table_writes);
	assert_int_equal(world_events[MMU_EVENT_OPEN], stats->opened);
	assert_int_equal(world_events[MMU_EVENT_CLOSE], stats->closed);
	assert_int_equal(world_events[MMU_EVENT_UNSHADOW], stats->unshadowed);
	assert_int_equal(world_events[MMU_EVENT_RECLAIM], stats->reclaimed);
	assert_int_equal(world_events[MMU_EVENT_ROOT], stats->roots);
	assert_int_equal(world_events[MMU_EVENT_PLACE], stats->placed);
}

void world_audit(void)
{
	u32 shadowed[WORLD_FRAMES] = { 0 }, mapped[WORLD_FRAMES] = { 0 };

	audit_events();
	for (u32 i = 0; i < world_mmu->config.shadow_pages; i++) {
		const struct shadow_page *sp = &world_mmu->pages[i];
		const u64 *gptes = NULL;

		if (!sp->in_use)
			continue;
		if (!sp->role.tableless && sp->gfn < WORLD_FRAMES) {
			gptes = (u64 *)world_ram[sp->gfn];
			shadowed[sp->gfn] += !sp->open;
		}
		/* The guest may have written an open table. */
		if (sp->open)
			gptes = world_mmu->copies + 512ULL * sp->copy;
		for (u32 slot = 0; slot < PT_ENTRIES; slot++) {
			audit_entry(sp, slot, gptes ? gptes[slot] : ~0ULL);
			if (spte_kind(sp->spt[slot], sp->role.level) ==
			    SPTE_LEAF)
				mapped[sp->links[slot].target]++;
		}
	}
	for (gfn_t gfn = 0; gfn < WORLD_FRAMES; gfn++) {
		u32 listed = 0;

		for (u32 id = world_mmu->frames[gfn].rmap; id != LINK_NONE;
		     id = world_mmu->links[id].next)
			listed++;
		if (listed != mapped[gfn])
			fail_msg("frame %#lx: its reverse map has %u entries, "
				 "%u LEAFs map it",
				 gfn, listed, mapped[gfn]);
		if (world_mmu->frames[gfn].shadowed != shadowed[gfn])
			fail_msg("frame %#lx counts %u closed shadows, there "
				 "are %u",
				 gfn, world_mmu->frames[gfn].shadowed,
				 shadowed[gfn]);
	}
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/audit/audit.h"
#include "mmu/page/page.h"
#include "mmu_tables.h"
#include "tests/model/words.h"

struct outcome access_page(gva_t gva, u32 access, u64 value)
{
	struct hardware h;
	struct outcome outcome = { .exits = world_access(gva, access, &h) };

	world_require(outcome.exits <= ACCESS_MAX_EXITS, gva,
		      "an access at %#lx has %d exits, at most %d wanted", gva,
		      outcome.exits, ACCESS_MAX_EXITS);
	outcome.ok = h.result != HW_FAULT_TO_GUEST;
	if (h.result == HW_OK)
		outcome.gpa = h.hpa - WORLD_HFN_BASE * PAGE_SIZE;
	else
		outcome.gpa = h.hpa;
	if (outcome.ok && (access & PFEC_W)) {
		if (h.result == HW_OK)
			*(u64 *)((u8 *)world_ram + outcome.gpa) = value;
		else
			mmu_write(&world_cpu, outcome.gpa, &value, 8);
	}
	return outcome;
}

int write_page(gva_t gva, u64 value)
{
	struct outcome outcome = access_page(gva, PFEC_W, value);

	world_require(outcome.ok, gva, "a write at %#lx faults", gva);
	assert_int_equal(*(u64 *)((u8 *)world_ram + outcome.gpa), value);
	return outcome.exits;
}

int read_page(gva_t gva, gfn_t gfn)
{
	struct outcome outcome = access_page(gva, 0, 0);

	world_require(outcome.ok, gva, "a read at %#lx faults", gva);
	world_require(
		outcome.gpa >> PAGE_SHIFT == gfn, gva,
		"a read at %#lx reaches gpa %#lx, should reach frame %#lx", gva,
		outcome.gpa, gfn);
	return outcome.exits;
}

bool is_mapped(gva_t gva)
{
	return access_page(gva, 0, 0).ok;
}

void tables_audit(void)
{
	struct mmu_audit result;

	world_audit();
	if (!mmu_audit(&world_cpu, &result))
		fail_msg("invariant %u: %s\n%s", result.invariant, result.what,
			 words_page("invariant "));
}

u32 free_copies(void)
{
	u32 count = 0;

	for (u32 i = world_mmu->copy_free; i != LINK_NONE;
	     i = (u32)world_mmu->copies[(u64)i * PT_ENTRIES])
		count++;
	return count;
}

struct shadow_page *shadow_of(gfn_t gfn)
{
	return shadow_page_next(world_mmu, gfn, NULL);
}

bool is_open(gfn_t gfn)
{
	return shadow_of(gfn) && shadow_of(gfn)->open;
}

void world_with_tables(u32 shadow_pages, u32 tables)
{
	world_create(&mmu_rung_policies[MMU_OPEN], shadow_pages, true);
	for (gfn_t gfn = PML4; gfn < PT; gfn++)
		*world_gpte(gfn, 0) = pte(gfn + 1);
	*world_gpte(PT, SELF >> PAGE_SHIFT) = pte(PT);
	for (u32 i = 0; i < tables; i++) {
		*world_gpte(PT, (WINDOW >> PAGE_SHIFT) + i) = pte(TABLE + i);
		*world_gpte(PD, 1 + i) = pte(TABLE + i);
		*world_gpte(TABLE + i, 0) = pte(DATA);
	}
	for (u32 i = 0; i < tables; i++) {
		read_page(WINDOW + i * PAGE_SIZE, TABLE + i);
		read_page(MAPPED + i * MAPPED, DATA);
	}
}

int tables_set_up(void **state)
{
	(void)state;
	world_with_tables(64, 1);
	return 0;
}

void open_by_writing(u32 table)
{
	gva_t window = WINDOW + table * PAGE_SIZE;

	write_page(window + 8 * 8, pte(DATA + 1));
	write_page(window + 9 * 8, pte(DATA + 2));
}

/* SPDX-License-Identifier: MIT */
/* The reference: SDM vol. 3A, 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level). */
#include "tests/guests/reference.h"

#define PSE36_BITS 8 /* address bits 39:32, in 20:13 of the entry */

bool has_wide_entries(void)
{
	return mode == MODE_PAE || mode == MODE_LONG;
}

u32 top_level(void)
{
	return mode == MODE_LONG ? 4 : mode == MODE_PAE ? 3 : 2;
}

u64 entry_read(const void *entry)
{
	return has_wide_entries() ? *(const volatile u64 *)entry
				  : *(const volatile u32 *)entry;
}

bool has_large_pages(void)
{
	return mode != MODE_2LEVEL;
}

u64 large_page_size(void)
{
	return has_wide_entries() ? 2 * MIB : 4 * MIB;
}

u32 level_shift(u32 level)
{
	return PAGE_SHIFT + (has_wide_entries() ? 9 : 10) * (level - 1);
}

void *table_entry(void *table, u64 gva, u32 level)
{
	u32 index = (u32)(gva >> level_shift(level));

	if (has_wide_entries())
		return (u64 *)table + index % 512;
	return (u32 *)table + index % 1024;
}

static bool is_large(u64 entry, u32 level)
{
	return entry & PTE_PS &&
	       (level == 2 || (level == 3 && mode != MODE_PAE));
}

static bool has_reserved_bit(u64 entry, u32 level)
{
	u32 width = MIN(maxphyaddr, 40U);

	if (mode == MODE_2LEVEL)
		return false;
	if (mode == MODE_PSE) /* table 4-4 */
		return level == 2 && entry & PTE_PS &&
		       entry & BITS(21, width - 32 + 13);
	if (mode == MODE_PAE && entry & BITS(62, 52))
		return true;
	if (entry & BITS(51, maxphyaddr))
		return true;
	if (entry & PTE_NX && !controls.nxe)
		return true;
	if (entry & PTE_PS && (level == 4 || (level == 3 && !gigabyte_pages)))
		return true;
	if (is_large(entry, level))
		return entry & (level == 2 ? BITS(20, 13) : BITS(29, 13));
	return false;
}

static u64 leaf_base(u64 entry, u32 level)
{
	if (mode == MODE_PSE && level == 2)
		return (entry & BITS(31, 22)) |
		       (entry >> 13 & (BIT(PSE36_BITS) - 1)) << 32;
	return entry & PTE_ADDR_MASK & ~(BIT(level_shift(level)) - 1);
}

/* Returns true if the rights permit the access (SDM vol. 3A, 4.6.1). */
static bool is_permitted(const struct access *a, u64 all_have, u64 any_has)
{
	bool user_page = all_have & PTE_U;

	if (a->user && !user_page)
		return false;
	if (a->kind == ACCESS_FETCH) {
		if (has_wide_entries() && controls.nxe && any_has & PTE_NX)
			return false;
		return a->user || !user_page || !controls.smep;
	}
	if (!a->user && user_page && controls.smap && !a->ac)
		return false;
	if (a->kind == ACCESS_WRITE && !(all_have & PTE_W))
		return !a->user && !controls.wp;
	return true;
}

/* SDM vol. 3A, 4.7. */
static void predict_fault(const struct access *a, struct prediction *p,
			  u32 error_code)
{
	p->fault = true;
	p->error_code = error_code | (a->user ? PFEC_U : 0);
	if (a->kind == ACCESS_WRITE)
		p->error_code |= PFEC_W;
	if (a->kind == ACCESS_FETCH &&
	    (controls.smep || (has_wide_entries() && controls.nxe)))
		p->error_code |= PFEC_I;
}

void predict(const struct access *a, struct prediction *p)
{
	void *table = mode_root;
	u64 all_have = ~0ULL, any_has = 0, entry;
	u32 level = top_level();

	p->fault = false;
	p->count = 0;
	if (mode == MODE_PAE) {
		entry = entry_read(table_entry(table, a->gva, level--));
		table = (void *)(uintptr_t)(entry & PTE_ADDR_MASK);
		if (!(entry & PTE_P))
			return predict_fault(a, p, 0);
	}
	for (;; level--) {
		p->level[p->count] = level;
		p->entry[p->count] = table_entry(table, a->gva, level);
		entry = entry_read(p->entry[p->count]);
		p->before[p->count++] = entry;
		if (!(entry & PTE_P))
			return predict_fault(a, p, 0);
		if (has_reserved_bit(entry, level))
			return predict_fault(a, p, PFEC_P | PFEC_RSVD);
		all_have &= entry;
		any_has |= entry;
		if (level == 1 || (is_large(entry, level) && has_large_pages()))
			break;
		table = (void *)(uintptr_t)(entry & PTE_ADDR_MASK);
	}
	if (!is_permitted(a, all_have, any_has))
		predict_fault(a, p, PFEC_P);
	p->gpa = leaf_base(entry, level) |
		 (a->gva & (BIT(level_shift(level)) - 1));
}

/*
 * SDM vol. 3A, 4.8. The leaf is the last entry read. After a fault, A may be
 * set in the entries above the last one; D never is.
 */
static bool flags_are_right(const struct access *a, const struct prediction *p)
{
	for (u32 i = 0; i < p->count; i++) {
		u64 want = p->before[i], tolerated = 0;

		/* One entry may serve at several levels. */
		for (u32 j = 0; j < p->count; j++) {
			bool last = j + 1 == p->count;

			if (p->entry[j] != p->entry[i])
				continue;
			if (p->fault)
				tolerated |= last ? 0 : PTE_A;
			else
				want |= PTE_A;
			if (!p->fault && last && a->kind == ACCESS_WRITE)
				want |= PTE_D;
		}
		if ((entry_read(p->entry[i]) ^ want) & ~tolerated)
			return false;
	}
	return true;
}

const char *compare(const struct access *a, const struct prediction *p,
		    const struct access_result *r)
{
	if (p->fault != r->trapped)
		return p->fault ? "no fault" : "a fault";
	if (p->fault && r->vector != VECTOR_PF)
		return "another exception";
	if (p->fault && r->error_code != p->error_code)
		return "a wrong error code";
	if (p->fault && r->cr2 != a->gva)
		return "a wrong CR2";
	if (!p->fault && r->cr2 != CR2_MARK)
		return "CR2 changed without a fault";
	return flags_are_right(a, p) ? NULL : "wrong A or D bits";
}

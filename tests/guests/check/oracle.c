/* SPDX-License-Identifier: MIT */
/*
 * The oracle: what an access must do, by the letter of the manual (SDM vol. 3A,
 * 4.5 to 4.8), compared with what the machine makes of it.
 */
#include "tests/guests/check/check.h"

#define IDENTITY_END (16 * MIB)
#define CR2_MARK 0x5a5a5a5a /* no address that is ever touched */

struct prediction {
	bool fault;
	u64 error_code;
	gpa_t gpa;
	u32 count; /* entries read */
	u64 *entry[LEVELS];
	u64 before[LEVELS];
};

static bool is_large(u64 entry, u32 level)
{
	return entry & PTE_PS && (level == 2 || level == 3);
}

/* SDM vol. 3A, 4.5.4, figure 4-11 and tables 4-15 to 4-20. */
static bool has_reserved_bit(u64 entry, u32 level)
{
	u32 bit;

	for (bit = maxphyaddr; bit <= 51; bit++)
		if (entry & BIT(bit))
			return true;
	if (entry & PTE_NX && !nxe)
		return true;
	if (entry & PTE_PS && (level == 4 || (level == 3 && !gigabyte_pages)))
		return true;
	if (is_large(entry, level))
		return entry & (level == 2 ? BITS(20, 13) : BITS(29, 13));
	return false;
}

static bool is_permitted(u64 all_have, u64 any_has, bool user,
			 enum access_kind kind)
{
	bool user_page = all_have & PTE_U;

	if (user && !user_page)
		return false;
	if (kind == ACCESS_FETCH) {
		if (any_has & PTE_NX)
			return false;
		return user || !user_page || !(read_cr4() & CR4_SMEP);
	}
	if (!user && user_page && read_cr4() & CR4_SMAP)
		return false; /* RFLAGS.AC is 0 here */
	if (kind == ACCESS_WRITE && !(all_have & PTE_W))
		return !user && !(read_cr0() & CR0_WP);
	return true;
}

static void predict_fault(struct prediction *p, bool user,
			  enum access_kind kind, u64 error_code)
{
	p->fault = true;
	p->error_code = error_code | (user ? PFEC_U : 0);
	if (kind == ACCESS_WRITE)
		p->error_code |= PFEC_W;
	if (kind == ACCESS_FETCH && (nxe || read_cr4() & CR4_SMEP))
		p->error_code |= PFEC_I;
}

static void predict(struct prediction *p, gva_t gva, bool user,
		    enum access_kind kind)
{
	u64 table = read_cr3() & PTE_ADDR_MASK;
	u64 all_have = ~0ULL, any_has = 0;
	u64 entry, span;
	u32 level = LEVELS;

	p->fault = false;
	p->count = 0;
	for (;; level--) {
		p->entry[p->count] = table_entry((u64 *)table, gva, level);
		entry = *p->entry[p->count];
		p->before[p->count++] = entry;
		if (!(entry & PTE_P)) {
			predict_fault(p, user, kind, 0);
			return;
		}
		if (has_reserved_bit(entry, level)) {
			predict_fault(p, user, kind, PFEC_P | PFEC_RSVD);
			return;
		}
		all_have &= entry;
		any_has |= entry;
		if (level == 1 || is_large(entry, level))
			break;
		table = entry & PTE_ADDR_MASK;
	}
	if (!is_permitted(all_have, any_has, user, kind))
		predict_fault(p, user, kind, PFEC_P);
	span = PAGE_SIZE << 9 * (level - 1);
	p->gpa = (entry & PTE_ADDR_MASK & ~(span - 1)) | (gva & (span - 1));
}

/*
 * SDM vol. 3A, 4.8. The leaf is the last entry read. After a fault, A may have
 * been set in what the walk went through; D never is, nor A in the leaf.
 */
static bool flags_are_right(const struct prediction *p, enum access_kind kind)
{
	u64 want, tolerated;
	u32 i, j;

	for (i = 0; i < p->count; i++) {
		want = p->before[i];
		tolerated = 0;
		/* One entry may serve at several levels. */
		for (j = 0; j < p->count; j++) {
			if (p->entry[j] != p->entry[i])
				continue;
			if (p->fault)
				tolerated |= j + 1 < p->count ? PTE_A : 0;
			else
				want |= PTE_A;
			if (!p->fault && j + 1 == p->count &&
			    kind == ACCESS_WRITE)
				want |= PTE_D;
		}
		if ((*p->entry[i] ^ want) & ~tolerated)
			return false;
	}
	return true;
}

static void complain(const char *what, gva_t gva, bool user,
		     enum access_kind kind, const struct prediction *p)
{
	static const char *const kinds[] = { "read", "write", "fetch" };
	u32 i;

	require(false, what);
	if (is_enough())
		return;
	print("  %s %s at %lx, cr0 %lx, cr4 %lx, nxe %u: expected ",
	      user ? "user" : "kernel", kinds[kind], gva, read_cr0(),
	      read_cr4(), nxe);
	if (p->fault)
		print("#PF(%lx)", p->error_code);
	else
		print("no fault");
	if (traps.catch)
		print(", got none\n");
	else
		print(", got exception %lu(%lx) cr2 %lx\n", traps.vector,
		      traps.error_code, traps.cr2);
	for (i = 0; i < p->count; i++)
		print("  entry at %lx: was %lx, is %lx\n", (u64)p->entry[i],
		      p->before[i], *p->entry[i]);
}

void verify_access(gva_t gva, bool user, enum access_kind kind)
{
	static u64 (*const functions[2][ACCESS_KINDS])(u64) = {
		{ access_read_kernel, access_write_kernel,
		  access_fetch_kernel },
		{ access_read_user, access_write_user, access_fetch_user }
	};
	struct prediction p;
	const char *wrong = NULL;

	if (kind == ACCESS_FETCH)
		gva = (gva & PAGE_MASK) + FETCH_OFFSET;
	predict(&p, gva, user, kind);
	if (!p.fault && kind == ACCESS_FETCH && *(u8 *)p.gpa != INSN_RET)
		return; /* nothing that may be executed */

	write_cr2(CR2_MARK);
	traps.catch = true;
	/* It stays set exactly if nothing is caught. */
	if ((user ? run_user : run_kernel)(functions[user][kind], gva))
		traps.catch = false;

	if (p.fault == traps.catch)
		wrong = p.fault ? "no fault" : "a fault";
	else if (p.fault && (traps.vector != VECTOR_PF ||
			     traps.error_code != p.error_code))
		wrong = "a wrong error code";
	else if (p.fault && traps.cr2 != gva)
		wrong = "a wrong CR2";
	else if (!p.fault && read_cr2() != CR2_MARK)
		wrong = "CR2 changed without a fault";
	else if (!p.fault && kind == ACCESS_READ && p.gpa < IDENTITY_END &&
		 run_value != *(u64 *)p.gpa)
		wrong = "a wrong page";
	else if (!flags_are_right(&p, kind))
		wrong = "wrong A or D bits";
	if (wrong)
		complain(wrong, gva, user, kind, &p);
	traps.catch = false;
}

void verify(gva_t gva)
{
	enum access_kind kind;

	for (kind = ACCESS_READ; kind < ACCESS_KINDS; kind++) {
		verify_access(gva, false, kind);
		verify_access(gva, true, kind);
	}
}

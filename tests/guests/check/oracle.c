/* SPDX-License-Identifier: MIT */
/* An access on the machine, compared with the test guests' reference. */
#include "tests/guests/check/check.h"

#define IDENTITY_END (16 * MIB)

static void complain(const char *what, const struct access *a,
		     const struct prediction *p, const struct access_result *r)
{
	static const char *const kinds[] = { "read", "write", "fetch" };

	require(false, what);
	if (is_enough())
		return;
	print("  %s %s at %lx, cr0 %lx, cr4 %lx, nxe %u: expected ",
	      a->user ? "user" : "kernel", kinds[a->kind], a->gva, read_cr0(),
	      read_cr4(), controls.nxe);
	if (p->fault)
		print("#PF(%x)", p->error_code);
	else
		print("no fault");
	if (r->trapped)
		print(", got exception %u(%x) cr2 %lx\n", r->vector,
		      r->error_code, r->cr2);
	else
		print(", got none\n");
	for (u32 i = 0; i < p->count; i++)
		print("  entry at %lx: was %lx, is %lx\n", (u64)p->entry[i],
		      p->before[i], entry_read(p->entry[i]));
}

/* The state on which the reference depends; set_nxe() keeps NXE. */
static void read_controls(void)
{
	u64 cr4 = read_cr4();

	mode_root = (void *)(read_cr3() & PTE_ADDR_MASK);
	controls.wp = read_cr0() & CR0_WP;
	controls.smep = cr4 & CR4_SMEP;
	controls.smap = cr4 & CR4_SMAP;
}

static struct access_result try_access(const struct access *a)
{
	static u64 (*const functions[2][ACCESS_KINDS])(u64) = {
		{ access_read_kernel, access_write_kernel,
		  access_fetch_kernel },
		{ access_read_user, access_write_user, access_fetch_user }
	};
	struct access_result r;

	write_cr2(CR2_MARK);
	traps.catch = true;
	r.trapped = (a->user ? run_user
			     : run_kernel)(functions[a->user][a->kind], a->gva);
	traps.catch = false;
	r.vector = (u32)traps.vector;
	r.error_code = (u32)traps.error_code;
	r.cr2 = r.trapped ? traps.cr2 : read_cr2();
	return r;
}

void verify_access(gva_t gva, bool user, enum access_kind kind)
{
	struct access a = { .gva = gva, .kind = kind, .user = user };
	struct prediction p;
	struct access_result r;
	const char *wrong;

	if (kind == ACCESS_FETCH)
		a.gva = (gva & PAGE_MASK) + FETCH_OFFSET;
	read_controls();
	predict(&a, &p);
	if (!p.fault && kind == ACCESS_FETCH && *(u8 *)p.gpa != INSN_RET)
		return; /* nothing there may be executed */

	r = try_access(&a);
	wrong = compare(&a, &p, &r);
	if (!wrong && !p.fault && kind == ACCESS_READ && p.gpa < IDENTITY_END &&
	    run_value != *(u64 *)p.gpa)
		wrong = "a wrong page";
	if (wrong)
		complain(wrong, &a, &p, &r);
}

void verify(gva_t gva)
{
	enum access_kind kind;

	for (kind = ACCESS_READ; kind < ACCESS_KINDS; kind++) {
		verify_access(gva, false, kind);
		verify_access(gva, true, kind);
	}
}

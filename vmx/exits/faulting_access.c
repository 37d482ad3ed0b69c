/* SPDX-License-Identifier: MIT */
/* The access behind a page fault: see faulting_access.h. */
#include "vmx/exits/faulting_access.h"

#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "mmu/guest_walk.h"
#include "vmx/exit_qualification.h"

/*
 * Returns true if the processor sets I/D for instruction fetches: with SMEP, or
 * with PAE and NXE (SDM vol. 3A, 4.7). It runs with the guest's while the guest
 * has paging on, and without SMEP and NXE while it has not.
 */
static bool reports_fetch(const struct page_fault_facts *facts)
{
	if (!(facts->cr0 & CR0_PG))
		return false;
	return (facts->cr4 & CR4_SMEP) ||
	       ((facts->cr4 & CR4_PAE) && (facts->efer & EFER_NXE));
}

bool access_is_known(u32 error_code, u64 cr4)
{
	/* A fault by a reserved bit or by a key may be a TRAP. */
	bool protection = (error_code & (PFEC_P | PFEC_RSVD | PFEC_PK)) ==
			  PFEC_P;

	/* Only SMAP asks for more (4.6.1), and only for supervisor accesses. */
	if (!(cr4 & CR4_SMAP) || (error_code & (PFEC_U | PFEC_I)))
		return true;
	/*
	 * Only SMAP denies a supervisor a read of a page in the shadow. So the
	 * processor has decided that SMAP holds (the access was implicit, or AC
	 * was 0), and that it was no fetch. Umbra can't take an implicit write
	 * to a user page for an explicit one for ever: the processor reads a
	 * descriptor before it marks it, and task switches, which write the
	 * TSS, exit.
	 */
	return protection && !(error_code & PFEC_W);
}

u32 faulting_access(const struct page_fault_facts *facts)
{
	u32 access = facts->error_code;

	/* The access may be the fetch of the instruction itself. */
	if (!(access & PFEC_W) && !reports_fetch(facts) &&
	    facts->gva - facts->rip < INSN_MAX_LENGTH)
		return access | PFEC_I;
	return access | (facts->data_access & WALK_AC);
}

bool access_is_operand(u32 access, u32 idt_vectoring)
{
	return !(access & PFEC_I) && !(idt_vectoring & VMX_INTR_VALID);
}

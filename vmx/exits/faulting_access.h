/* SPDX-License-Identifier: MIT */
/*
 * The access behind a page fault. The hardware's error code leaves two things
 * open: whether a read was an instruction fetch, where the guest has enabled
 * neither NXE nor SMEP, and whether EFLAGS.AC lifts SMAP from it. Pure.
 */
#ifndef VMX_FAULTING_ACCESS_H
#define VMX_FAULTING_ACCESS_H

#include "lib/types.h"

struct page_fault_facts {
	u32 error_code; /* the hardware's, SDM vol. 3A, 4.7 */
	gva_t gva; /* of the access */
	gva_t rip; /* the linear address of the instruction */
	/* As the guest has set them: */
	u64 cr0, cr4, efer;
	u32 data_access; /* PFEC_U at CPL 3, else WALK_AC or nothing */
};

/*
 * Returns true if the hardware's @error_code is the access itself: then no
 * other fact is needed.
 */
bool access_is_known(u32 error_code, u64 cr4);

/*
 * For an access that is not known: returns the rights for a walk of the guest's
 * tables, the error code with PFEC_I and WALK_AC added where they hold.
 */
u32 faulting_access(const struct page_fault_facts *facts);

/*
 * Returns true if an instruction made the @access (see above) to its operand,
 * so that emulating the instruction carries it out. Returns false if the
 * processor was fetching, or was delivering an event (@idt_vectoring, the
 * exit's information): then no instruction has made the access.
 */
bool access_is_operand(u32 access, u32 idt_vectoring);

#endif

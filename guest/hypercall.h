/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls of the built-in guests and of the check guest: VMCALL at CPL 0
 * with the number in EAX. Unmodified guests know nothing of them. Umbra and
 * those guests share this header.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include "lib/types.h"

enum hypercall {
	/*
	 * Copy struct hypercall_counters to the guest-physical address in RDI.
	 * The VMCALL itself is not counted. EAX = 0, or 1: not RAM.
	 */
	HYPERCALL_COUNTERS = 0x1000,
	/*
	 * Put the MMU on the rung of number RDI. EAX = 0, or 1 when there is
	 * none; RDI = 0, 1, ... enumerates them. The name (up to 15 characters
	 * and a NUL) is copied to the guest-physical address in RSI.
	 */
	HYPERCALL_RUNG = 0x1001,
	/* Log which frames are written from now on (RDI = 1), or no more. */
	HYPERCALL_DIRTY_LOG = 0x1002,
	/*
	 * Take the 64 frames from frame RDI on, a multiple of 64, out of the
	 * log: a bit for each goes into the 8 bytes at the guest-physical
	 * address in RSI, which that makes dirty in turn. EAX = 0, or 1: not
	 * RAM, or no log is kept.
	 */
	HYPERCALL_DIRTY_LOG_TAKE = 0x1003,
	/*
	 * The operation of the struct hypercall_operation at the guest-physical
	 * address in RDI begins (RSI = 1) or has ended (RSI = 0). With the
	 * option trace=N Umbra shows its cost. EAX = 0.
	 */
	HYPERCALL_OPERATION = 0x1004,
	/* The guest has taken RDI page faults since its start. EAX = 0. */
	HYPERCALL_FAULTS = 0x1005
};

#define OPERATION_NAME_SIZE 40

struct hypercall_operation {
	char name[OPERATION_NAME_SIZE]; /* ends with a NUL */
	u64 gva; /* the address that it is about */
	u64 faults; /* page faults that the guest has taken since its start */
	u64 rip; /* of the instruction that has faulted last */
};

struct hypercall_counters {
	u64 exits; /* all VM exits */
	u64 exits_timer; /* those of them for the machine's own interrupts */
	u64 exits_page_fault;
	u64 injected_not_present; /* guest #PFs with P=0 that Umbra injected */
	u64 walks; /* walks of the guest's tables, of every purpose */
	u64 walks_data; /* those for operands of emulated instructions */
	u64 walks_fetch; /* those for the instructions themselves */
	u64 root_ticks; /* TSC ticks from exits to entries, but for HLT's */
	u64 vmreads; /* meanwhile */
	u64 vmwrites;
};

/*
 * With the option "counters", CPUID gives EDX:EAX = counter number ECX of these,
 * or 0 beyond the last, at any CPL; but for that CPUID itself. Without it the
 * leaf does not exist: a process could watch its neighbours by their exits.
 */
#define CPUID_COUNTERS 0x40000001

#endif

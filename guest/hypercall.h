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
	 * Copies struct hypercall_counters to the guest-physical address in
	 * RDI. The VMCALL itself is not counted. EAX = 0, or 1: not RAM.
	 */
	HYPERCALL_COUNTERS = 0x1000,
	/*
	 * Puts the MMU on rung number RDI (0, 1, ...), and copies the rung's
	 * name (up to 15 characters and a NUL) to the guest-physical address in
	 * RSI. EAX = 0, or 1: there is no such rung, or RSI is not RAM.
	 */
	HYPERCALL_RUNG = 0x1001,
	/* Starts the log of written frames (RDI = 1), or ends it (RDI = 0). */
	HYPERCALL_DIRTY_LOG = 0x1002,
	/*
	 * Takes the 64 frames from frame RDI on, a multiple of 64, out of the
	 * log: writes a bit for each into the 8 bytes at the guest-physical
	 * address in RSI, a write that the log notes in turn. EAX = 0, or 1:
	 * not RAM, or no log is kept.
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
	u64 exits_timer; /* for the machine's own interrupts */
	u64 exits_page_fault;
	u64 injected_not_present; /* guest #PFs with P=0 that Umbra injected */
	u64 walks; /* walks of the guest's tables, for any purpose */
	u64 walks_data; /* for operands of emulated instructions */
	u64 walks_fetch; /* for the instructions themselves */
	u64 root_ticks; /* TSC ticks from exits to entries, without HLT's */
	u64 vmreads; /* between exits and entries */
	u64 vmwrites;
};

/*
 * With the option "counters", this leaf gives EDX:EAX = counter number ECX of
 * struct hypercall_counters, or 0 beyond the last, at any CPL; the CPUID itself
 * is not counted. Without the option the leaf does not exist, since a process
 * could watch its neighbours by their exits.
 */
#define CPUID_COUNTERS 0x40000001

#endif

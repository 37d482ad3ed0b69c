/* SPDX-License-Identifier: MIT */
/*
 * The layout of the trace in memory: packets of the Common Trace Format
 * (CTF 1.8), a page each, of a header and records of 32 bytes. tools/trace.tsdl
 * says the same in CTF's own language; docs/trace.md explains it.
 */
#ifndef VMX_TRACE_RECORD_H
#define VMX_TRACE_RECORD_H

#include "lib/page.h"
#include "mmu/mmu.h"

enum trace_kind {
	TRACE_EXIT,
	TRACE_INJECT, /* an event goes in at the next entry */
	TRACE_MMU, /* + enum mmu_event */
	TRACE_KINDS = TRACE_MMU + MMU_EVENTS
};

struct trace_record {
	u64 tsc; /* of an event between an exit and an entry: the exit's */
	union {
		u64 head; /* all of this, from the kind on */
		struct {
			u8 kind; /* enum trace_kind */
			/*
			 * Exit: the reason; for an exception also the vector
			 * and the error code, which has 7 bits at most.
			 *
			 * Injection: type, vector, and 1 if there is an error
			 * code.
			 */
			u8 what;
			u8 vector;
			u8 error;
			/*
			 * Exit: TSC ticks until the entry that followed,
			 * without the time halted; 0: there was none yet.
			 * Injection: the error code, or 0.
			 */
			u32 number;
		};
	};
	/* Exit: RIP. MMU: the guest frame that the event is about. */
	u64 subject;
	/*
	 * Exit: the qualification; RDMSR, WRMSR: ECX; CPUID: EAX.
	 * MMU: see enum mmu_event.
	 */
	u64 detail;
};

#define CTF_MAGIC 0xc1fc1fc1

struct trace_packet {
	u32 magic;
	u32 stream; /* 0: there is one class of streams */
	u64 begin, end; /* TSC of the first and of the last record */
	u64 content_bits; /* of this packet; the rest of the page is padding */
	u64 packet_bits;
	u64 number; /* of this packet, from 0; the ring keeps the last ones */
	u64 tsc_hz;
	u64 records; /* number of records before this packet */
};

#define TRACE_PACKET_RECORDS                                                   \
	((PAGE_SIZE - sizeof(struct trace_packet)) /                           \
	 sizeof(struct trace_record))

#endif

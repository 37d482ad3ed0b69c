/* SPDX-License-Identifier: MIT */
/*
 * The trace: a ring of the last exits, injected events and events of the shadow
 * MMU. It is always on, so a record costs a few instructions, and no TSC is
 * read for it. Pure C.
 */
#ifndef VMX_TRACE_TRACE_H
#define VMX_TRACE_TRACE_H

#include "lib/types.h"
#include "vmx/trace/record.h"
#include "vmx/vcpu.h"

struct trace {
	u32 kinds; /* those that are recorded: BIT(enum trace_kind) */
	struct trace_record *next; /* in the last packet */
	struct trace_record *exit; /* of the last exit, or &none */
	u8 *ring; /* NULL: there is none */
	u32 pages;
	u64 packets; /* number of full ones */
	u64 tsc_hz;
	struct trace_record none;
};

#define TRACE_ALL (BIT(TRACE_KINDS) - 1)

/* @ring: @pages (1 or more) zeroed pages. Records all kinds from now on. */
void trace_init(struct trace *trace, void *ring, u32 pages, u64 tsc_hz);

/* Records the kinds of the bits in @kinds from now on. */
void trace_filter(struct trace *trace, u32 kinds);

/* The last packet is full: begin the next one, where the oldest is. */
void trace_turn(struct trace *trace);

/* The second word of a record; the compiler makes worse code of the fields. */
static inline u64 trace_head(u32 kind, u8 what, u8 vector, u8 error, u32 number)
{
	return kind | (u32)what << 8 | (u32)vector << 16 | (u32)error << 24 |
	       (u64)number << 32;
}

static inline struct trace_record *trace_put(struct trace *trace, u64 tsc,
					     u64 head, u64 subject, u64 detail)
{
	struct trace_record *place = trace->next;
	u64 *words = (u64 *)place;

	if (!(trace->kinds & BIT(head & 0xff)))
		return &trace->none;
	words[0] = tsc;
	words[1] = head;
	words[2] = subject;
	words[3] = detail;
	trace->next = place + 1;
	if (!((u64)trace->next % PAGE_SIZE))
		trace_turn(trace);
	return place;
}

static inline void trace_exit(struct trace *trace, const struct vmx_exit *exit)
{
	u64 head = trace_head(TRACE_EXIT, exit->reason, 0, 0, 0);

	if (exit->reason == EXIT_EXCEPTION_OR_NMI)
		head |= trace_head(TRACE_EXIT, 0, exit->interruption,
				   exit->interruption_error, 0);
	trace->exit = trace_put(trace, exit->tsc, head, exit->rip,
				exit->qualification);
}

/* The event that goes in at the next entry: as in the VMCS. */
static inline void trace_inject(struct trace *trace, u64 tsc, u32 info,
				u32 error_code)
{
	trace_put(trace, tsc,
		  trace_head(TRACE_INJECT, vmx_intr_type(info), info,
			     !!(info & VMX_INTR_ERROR_CODE), error_code),
		  0, 0);
}

static inline void trace_mmu(struct trace *trace, u64 tsc, enum mmu_event event,
			     gfn_t gfn, u64 detail)
{
	trace_put(trace, tsc, trace_head(TRACE_MMU + event, 0, 0, 0, 0), gfn,
		  detail);
}

/*
 * Records are numbered from 0, as they came. The ring has those from
 * trace_first() to below trace_count().
 */
u64 trace_count(const struct trace *trace);
u64 trace_first(const struct trace *trace);
const struct trace_record *trace_at(const struct trace *trace, u64 number);

/*
 * The packets, as a stream of CTF: @number from 0, the oldest one in the ring.
 * Returns NULL behind the last one.
 */
const struct trace_packet *trace_packet(struct trace *trace, u64 number);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The trace: a ring of the last exits, injected events and events of the shadow
 * MMU. It is always on, so a record costs a few instructions (docs/trace.md has
 * the figures), and no TSC is read for it. Pure C.
 */
#ifndef VMX_TRACE_TRACE_H
#define VMX_TRACE_TRACE_H

#include "lib/types.h"
#include "vmx/trace/record.h"
#include "vmx/vcpu.h"

struct trace {
	u32 kinds; /* those that are recorded: BIT(enum trace_kind) */
	struct trace_record *next; /* in the last packet, or its end */
	/*
	 * If @next is below, the next record of any kind goes there. It is the
	 * last packet's end, or NULL while some kinds are not recorded: one
	 * comparison tells both.
	 */
	struct trace_record *end;
	/* Where its owner has the place of the last exit's record, or &none. */
	struct trace_record **exit;
	u64 exit_size; /* of a record, or 0: exits are not recorded */
	u8 *ring; /* NULL: there is none */
	u32 pages;
	u64 packets; /* number of full ones */
	u64 tsc_hz;
	struct trace_record none;
};

#define TRACE_ALL (BIT(TRACE_KINDS) - 1)

/*
 * @exit: where the owner keeps the place of the last exit's record.
 * @ring: @pages (1 or more) zeroed pages. Records all kinds from now on.
 */
void trace_init(struct trace *trace, struct trace_record **exit, void *ring,
		u32 pages, u64 tsc_hz);

/* Records the kinds of the bits in @kinds from now on. */
void trace_filter(struct trace *trace, u32 kinds);

/*
 * Where trace.next is not below trace.end: the place of the next record, of
 * @kind, or &trace.none if that kind is not recorded; and all of such a record,
 * with the arguments in the order that vm_event() has them in.
 */
struct trace_record *trace_find_place(struct trace *trace, u32 kind);
__noinline void trace_put_slowly(struct trace *trace, u64 head, u64 subject,
				 u64 detail, u64 tsc);

/* The head; the compiler makes worse code of the bytes. */
static inline u64 trace_head(u32 kind, u8 what, u8 vector, u8 error, u32 number)
{
	return kind | (u32)what << 8 | (u32)vector << 16 | (u32)error << 24 |
	       (u64)number << 32;
}

static inline void trace_fill(struct trace_record *record, u64 tsc, u64 head,
			      u64 subject, u64 detail)
{
	record->tsc = tsc;
	record->head = head;
	record->subject = subject;
	record->detail = detail;
}

static inline void trace_put(struct trace *trace, u64 tsc, u64 head,
			     u64 subject, u64 detail)
{
	if (trace->next >= trace->end)
		return trace_put_slowly(trace, head, subject, detail, tsc);
	trace_fill(trace->next++, tsc, head, subject, detail);
}

/*
 * An exit in three steps, so that the one in the middle, which has all values
 * in registers, needs no call. Before the entry, a place:
 */
static inline void trace_expect_exit(struct trace *trace,
				     struct trace_record **exit)
{
	*exit = trace->next < trace->end ? trace->next
					 : trace_find_place(trace, TRACE_EXIT);
}

/*
 * @qualification: or 0. Of an exception the vector and the error code follow.
 * The kind and the ticks are 0, so the reason alone is left of the head.
 */
static inline void trace_exit(struct trace_record *record, u64 tsc,
			      enum vmx_exit_reason reason, u64 rip,
			      u64 qualification)
{
	trace_fill(record, tsc, TRACE_EXIT, rip, qualification);
	record->what = reason;
}

/* It is there: the next record has another place. */
static inline void trace_keep_exit(struct trace *trace)
{
	trace->next = (void *)((u8 *)trace->next + trace->exit_size);
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

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
	 * If @next is below, the next record of any kind goes there: this is
	 * the end of the last packet, or NULL while some kinds are not
	 * recorded. So one comparison answers both questions.
	 */
	struct trace_record *end;
	/*
	 * Where the owner keeps the place of the last exit's record, or &none.
	 */
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
 * Called where trace.next is not below trace.end. The first returns the place
 * of the next record, of @kind, or &trace.none if that kind is not recorded.
 * The second writes all of such a record; its arguments are in the order of
 * vm_event()'s, so that they stay in their registers.
 */
struct trace_record *trace_find_place(struct trace *trace, u32 kind);
__noinline void trace_put_slowly(struct trace *trace, u64 head, u64 subject,
				 u64 detail, u64 tsc);

/*
 * Returns the head as one number: the compiler makes worse code of the bytes.
 */
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
 * An exit is recorded in three steps, so that the second, which has all values
 * in registers, needs no call. First, before the entry, a place:
 */
static inline void trace_expect_exit(struct trace *trace,
				     struct trace_record **exit)
{
	*exit = trace->next < trace->end ? trace->next
					 : trace_find_place(trace, TRACE_EXIT);
}

/*
 * Second, at the exit. @qualification may be 0. The vector and the error code
 * of an exception follow later. The kind and the ticks are 0, so only the
 * reason is written to the head.
 */
static inline void trace_exit(struct trace_record *record, u64 tsc,
			      enum vmx_exit_reason reason, u64 rip,
			      u64 qualification)
{
	trace_fill(record, tsc, TRACE_EXIT, rip, qualification);
	record->what = reason;
}

/* Third: the record is complete, the next one gets another place. */
static inline void trace_keep_exit(struct trace *trace)
{
	trace->next = (void *)((u8 *)trace->next + trace->exit_size);
}

/* Records the event that is injected at the next entry, as in the VMCS. */
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
 * Records are numbered from 0, as they come. The ring has those from
 * trace_first() to below trace_count().
 */
u64 trace_count(const struct trace *trace);
u64 trace_first(const struct trace *trace);
const struct trace_record *trace_at(const struct trace *trace, u64 number);

/*
 * Returns packet @number of the stream of CTF, from 0, the oldest one in the
 * ring; NULL after the last one.
 */
const struct trace_packet *trace_packet(struct trace *trace, u64 number);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The last exits, for a reader who wants to see it happen: trace=N on the
 * command line prints them at every stop.
 */
#ifndef VMX_REPORT_TRACE_H
#define VMX_REPORT_TRACE_H

#include "lib/types.h"

struct vcpu;

#define TRACE_MAX 65536 /* the largest N */

struct trace_entry {
	u64 tsc;
	u64 rip;
	u64 qualification;
	u32 reason;
	u32 interruption; /* of exceptions: information and error code */
	u32 error_code;
	u32 index; /* of RDMSR and WRMSR: ECX; of CPUID: EAX */
	u32 injected; /* what the guest got at the entry that followed; or 0 */
	u32 injected_error;
};

struct trace {
	struct trace_entry *ring; /* NULL: no trace */
	u32 size;
	u64 count; /* of all exits recorded */
	bool paused; /* exits are not recorded: see operation.h */
};

/* Keep the last @size (0 to TRACE_MAX) exits. Panics without memory for it. */
void trace_init(struct trace *trace, u32 size);
void trace_exit(struct trace *trace, const struct vcpu *vcpu);
/* The event that goes in at the entry after the exit recorded last. */
void trace_injected(struct trace *trace, u32 info, u32 error_code);
void trace_print(const struct trace *trace);

/* Writes the exit in words to @buf of WORDS_MAX bytes. Returns @buf. */
const char *trace_words(const struct trace_entry *entry, char *buf);

#endif

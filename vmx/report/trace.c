/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/report/trace.h"
#include "vmx/trace/filter.h"
#include "vmx/vm.h"

#define NUMBER_SIZE 24 /* for an exit's number, in decimal, and a blank */

const struct trace_record *trace_injected(const struct trace *trace, u64 number)
{
	const struct trace_record *r;

	while (++number < trace_count(trace)) {
		r = trace_at(trace, number);
		if (r->kind == TRACE_EXIT)
			return NULL;
		if (r->kind == TRACE_INJECT)
			return r;
	}
	return NULL;
}

/*
 * Returns the information as the VMCS has it; only #PF has an error code to
 * show.
 */
static u32 interruption(const struct trace_record *exit)
{
	u32 type = exit->vector == VECTOR_NMI ? INTR_NMI
					      : INTR_HARDWARE_EXCEPTION;

	return VMX_INTR(type, exit->vector) |
	       (exit->vector == VECTOR_PF ? VMX_INTR_ERROR_CODE : 0);
}

const char *trace_words(const struct trace_record *exit, char *buf)
{
	char what[WORDS_MAX];
	const char *name = vmx_exit_name(exit->what);

	words_for_exit(what, exit->what, exit->detail, interruption(exit),
		       exit->error);
	if (exit->what == EXIT_RDMSR || exit->what == EXIT_WRMSR)
		snprintf(what, sizeof(what), "MSR 0x%x", (u32)exit->detail);
	else if (exit->what == EXIT_CPUID)
		snprintf(what, sizeof(what), "leaf 0x%x", (u32)exit->detail);
	/* An exception's own name says more. */
	if (exit->what == EXIT_EXCEPTION_OR_NMI)
		name = "exit by";
	snprintf(buf, WORDS_MAX, "%s%s%s", name, what[0] ? " " : "", what);
	return buf;
}

static void print_exit(const struct trace *trace, u64 n, const char *number,
		       u64 tsc)
{
	const struct trace_record *exit = trace_at(trace, n);
	const struct trace_record *event = trace_injected(trace, n);
	char what[WORDS_MAX], injected[WORDS_MAX];

	if (event)
		words_for_event(
			injected,
			VMX_INTR(event->what, event->vector) |
				(event->error ? VMX_INTR_ERROR_CODE : 0),
			event->number);
	log_info("  %s+%-8lu rip 0x%016lx %s%s%s", number, tsc, exit->subject,
		 trace_words(exit, what), event ? " -> " : "",
		 event ? injected : "");
}

void trace_print(const struct vm *vm, u64 wanted, bool events)
{
	const struct trace *trace = &vm->trace;
	u64 n = trace_count(trace), first = trace_first(trace), exits = 0;
	char number[NUMBER_SIZE] = "";
	u64 previous;

	for (; n > first && exits < wanted; n--)
		exits += trace_at(trace, n - 1)->kind == TRACE_EXIT;
	if (!exits && wanted)
		log_info("no exit is recorded");
	if (!exits)
		return;
	log_info("the last %lu exits: %sticks since the one before, RIP", exits,
		 events ? "" : "number, ");
	previous = trace_at(trace, n)->tsc;
	for (; n < trace_count(trace); n++) {
		const struct trace_record *r = trace_at(trace, n);

		if (events && r->kind >= TRACE_MMU)
			log_info("    %-8s gfn 0x%-8lx 0x%lx",
				 trace_kind_name(TRACE_NAME_OF_MMU + r->kind -
						 TRACE_MMU),
				 r->subject, r->detail);
		if (r->kind != TRACE_EXIT)
			continue;
		if (!events)
			snprintf(number, sizeof(number), "%8lu ",
				 vm->stats.exits_total - exits--);
		print_exit(trace, n, number, r->tsc - previous);
		previous = r->tsc;
	}
}
